"""What refuses something about a user."""


class UserError(Exception):
    """It can't be done, and nothing was; the sentence is for whoever asked. `field`: the form's field, if any."""

    def __init__(self, sentence: str, *, field: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.field = field
