"""What must outlive the stand-in's process: records by kind and key, in memory and in a file of changes."""

import json
from pathlib import Path
from typing import Any, TextIO

Record = dict[str, Any]


class Records:
    """Plain JSON records. With a file, each change is a line of it; a start reads it back and writes it anew."""

    def __init__(self, path: Path | None = None) -> None:
        self._kinds: dict[str, dict[str, Record]] = {}
        self._file: TextIO | None = None
        if path is not None:
            if path.exists():
                self._read_back(path)
            self._file = self._compacted(path)

    def _read_back(self, path: Path) -> None:
        with path.open(encoding="utf-8") as file:
            for text in file:
                try:
                    kind, key, record = json.loads(text)
                except ValueError:  # the last line, cut by a kill
                    continue
                if record is None:
                    self._kinds.get(kind, {}).pop(key, None)
                else:
                    self._kinds.setdefault(kind, {})[key] = record

    def _compacted(self, path: Path) -> TextIO:
        """The file with nothing in it but what holds. The new one takes the old one's place at once."""
        beside = path.with_name(path.name + ".new")
        file = beside.open("w", encoding="utf-8")
        for kind, records in self._kinds.items():
            for key, record in records.items():
                file.write(json.dumps([kind, key, record], ensure_ascii=False) + "\n")
        file.flush()
        beside.replace(path)  # the open file goes on under the new name
        return file

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def of(self, kind: str) -> dict[str, Record]:
        """All of a kind, in the order in which they were first put. Change them only by `put` and `drop`."""
        return self._kinds.setdefault(kind, {})

    def put(self, kind: str, key: str, record: Record) -> None:
        self.of(kind)[key] = record
        self._write(kind, key, record)

    def drop(self, kind: str, key: str) -> None:
        if self.of(kind).pop(key, None) is not None:
            self._write(kind, key, None)

    def _write(self, kind: str, key: str, record: Record | None) -> None:
        if self._file is not None:
            self._file.write(json.dumps([kind, key, record], ensure_ascii=False) + "\n")
            self._file.flush()
