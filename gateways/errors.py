"""What can be wrong with a gateway's or a pool's settings, as sentences for the person who gave them."""


class GatewayError(Exception):
    """The settings can't be taken; the message is translated and says what to do. It holds no secret.

    `field` names the argument that it is about, where it is one: a form shows the message there.
    """

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class ChangedMeanwhile(GatewayError):
    """Somebody else saved the same thing since it was looked at."""


class UrlTemplateError(GatewayError):
    """A URL template can't be taken. `code` is a stable word for what is wrong with it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
