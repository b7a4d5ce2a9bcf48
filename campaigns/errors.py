"""What refuses a command on campaigns."""


class CampaignError(Exception):
    """The command can't be carried out; the text is for the user and says what to do. Nothing was changed.

    `hint` names a command of the command line that helps; it ends the text, and pages leave it out by `sentence`.
    `field` is what of a draft it speaks of, where it speaks of one thing.
    """

    def __init__(self, sentence: str, *, hint: str = "", field: str = "") -> None:
        super().__init__(f"{sentence} {hint}".rstrip())
        self.sentence = sentence
        self.hint = hint
        self.field = field
