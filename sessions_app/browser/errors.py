"""What can go wrong between this code and a browser. Each has a stable `code` and a `detail` for a person."""


class BrowserError(Exception):
    """Something about a browser failed."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


class CannotStart(BrowserError):
    """No browser was started, and none is left behind.

    `code` is "profile_in_use" (the detail says by whom), "driver_away" or "start_failed".
    """


class BrowserGone(BrowserError):
    """There is no such browser any more, or its driver does not know it: look after it before anything else.

    `code` is "driver_away" (nobody listens), "no_session", "no_window", "page_crashed" or "browser_ended".
    """


class PageTimeout(BrowserError):
    """No answer came in time, or the page was just changing: what was asked may have been done or not."""


class JobRefused(BrowserError):
    """The page surely did not begin the job.

    `code` is "no_bridge", "not_ready", "unknown_kind", "late" or "started" (that id had been started before).
    """


class JobFailed(BrowserError):
    """The job began and ended badly, or the page that ran it has gone ("page_gone")."""
