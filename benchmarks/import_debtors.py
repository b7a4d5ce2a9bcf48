"""How fast, and in how much memory, a spreadsheet becomes debtors, against the bare limit on the same machine.

    .venv/bin/python benchmarks/import_debtors.py [--rows 100000] [--rounds 3]

Needs MongoDB (MONGODB_URI, or what bin/services runs); works in databases of its own, which it drops. The product and
the reference take turns, so that what else the machine does touches both. Prints one JSON object: seconds are the
medians of whole processes, from their start to their end.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pymongo
import xlsxwriter

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from whatsmassive.settings.variables import read_variables  # noqa: E402  # found by the line above

HEADERS = ("Nombre", "Teléfono", "Deuda", "RUT", "Ejecutivo", "Vencimiento", "Contrato")
NAMES = ("María José Pérez", "Juan Soto", "Ñusta Quispe", "José Núñez", "Ana Muñoz", "Pedro O'Higgins", "李 明")


def make_workbook(path: Path, rows: int) -> None:
    """Seven columns, accents, two ways to write phones; the same for the same number of rows."""
    chance = random.Random(7)
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        page = book.add_worksheet("Deudores")
        page.write_row(0, 0, HEADERS)
        for row in range(1, rows + 1):
            number = 40_000_000 + row * 37 % 60_000_000
            phone = f"9{number}" if row % 3 else f"+56 9 {str(number)[:4]} {str(number)[4:]}"
            cells = (
                f"{NAMES[row % len(NAMES)]} {row}",
                phone,
                round(chance.random() * 2_000_000, 2),
                f"{7_000_000 + row}-{row % 10}",
                f"ejecutivo{row % 25}",
                f"2026-{1 + row % 12:02}-{1 + row % 28:02}",
                f"C-{row:07}",
            )
            page.write_row(row, 0, cells)


def run(command: list[str], environment: Mapping[str, str]) -> dict[str, Any]:
    """The process's JSON, with its seconds, its processor's seconds and its largest memory in MB."""
    started = time.perf_counter()
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment}, stdout=output)
        _pid, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{command[1]} ended with {process.returncode}")
        output.seek(0)
        found: dict[str, Any] = json.loads(output.read())
    cpu = usage.ru_utime + usage.ru_stime
    return {**found, "seconds": seconds, "cpu_seconds": cpu, "memory_mb": usage.ru_maxrss / 1024}


def figures(rounds: list[dict[str, Any]], rows: int) -> dict[str, Any]:
    middle = {key: statistics.median(each[key] for each in rounds) for key in ("seconds", "cpu_seconds", "memory_mb")}
    return {
        "rows_per_second": round(rows / middle["seconds"]),
        **{key: round(value, 2) for key, value in middle.items()},
        "all_seconds": [round(each["seconds"], 2) for each in rounds],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    uri = read_variables(os.environ)["MONGODB_URI"]
    name = f"benchmark_import_{os.getpid()}"
    client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(uri)
    product = {"MONGODB_URI": uri, "MONGODB_NAME": name}
    reference = {"URI": uri, "DATABASE": f"{name}_limit"}
    manage = [sys.executable, "manage.py"]
    limit, first, again = [], [], []
    try:
        with tempfile.TemporaryDirectory() as folder:
            book = Path(folder) / "debtors.xlsx"
            make_workbook(book, options.rows)
            for _round in range(options.rounds):
                client.drop_database(name)
                subprocess.run(
                    [*manage, "migrate", "--verbosity", "0"], cwd=ROOT, env={**os.environ, **product}, check=True
                )
                limit.append(run([sys.executable, "benchmarks/references/import_limit.py", str(book)], reference))
                first.append(run([*manage, "import_debtors", str(book), "--json"], product))
                again.append(run([*manage, "import_debtors", str(book), "--json"], product))
    finally:
        client.drop_database(name)
        client.drop_database(f"{name}_limit")
    wrong = [each for each in first if each["created"] != options.rows]
    wrong += [each for each in again if each["unchanged"] != options.rows]
    if wrong:
        raise SystemExit(f"an import did not take every row: {wrong[0]}")
    found = {
        "benchmark": "import_debtors",
        "rows": options.rows,
        "limit": figures(limit, options.rows),
        "import": figures(first, options.rows),
        "same_file_again": figures(again, options.rows),
    }
    speed = found["limit"]["rows_per_second"]
    found["ratio_to_limit"] = round(found["import"]["rows_per_second"] / speed, 3)
    found["ratio_to_limit_again"] = round(found["same_file_again"]["rows_per_second"] / speed, 3)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
