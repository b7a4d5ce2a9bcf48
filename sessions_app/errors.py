"""What refuses a command on sessions."""


class SessionError(Exception):
    """The command can't be carried out; the text is for the user and says what to do. Nothing was changed."""
