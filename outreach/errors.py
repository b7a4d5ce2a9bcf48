"""What can't be done, in translated sentences that say what to do."""


class OutreachError(Exception):
    """Nothing was changed; str() is the sentence. `field` is the form's field that it is about, if it is about one."""

    def __init__(self, sentence: str, *, field: str = "") -> None:
        super().__init__(sentence)
        self.field = field
