"""What refuses a setting."""

from collections.abc import Sequence


class InvalidPreference(ValueError):
    """The value can't be used; the sentence is for the user and says what to do. `name`: the setting's, if any."""

    def __init__(self, sentence: str, *, name: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.name = name


class ChangedMeanwhile(Exception):
    """Somebody else changed these settings (by name) after they were read; nothing was stored."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(", ".join(names))
        self.names = names
