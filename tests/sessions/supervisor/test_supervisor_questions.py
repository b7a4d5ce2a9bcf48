"""What staff ask of a session's browser: whether it works now, what it shows, how much memory it takes, another one."""

import re
from datetime import timedelta
from typing import cast

import pytest
from django.utils import timezone
from django.utils.translation import override
from pytest_django.fixtures import Settings

from domain.states import SessionStatus
from sessions_app import commands, memory, questions
from sessions_app.browser.errors import PageTimeout
from sessions_app.browser.page import Page
from sessions_app.describe import memory_text, picture_error_sentence, verified_sentence
from sessions_app.errors import SessionError
from sessions_app.models import Picture, Session
from sessions_app.queries import connected_gateways, is_open, picture_of, picture_taken_at, takes_much
from tests.factories.sessions import make_session, make_whatsapp_pool
from tests.sessions.supervisor.conftest import Watched

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(300)]
S = SessionStatus


@pytest.fixture(autouse=True)
def english() -> object:
    with override("en"):
        yield


def checked(session: Session) -> str:
    assert not is_open(session.verify_asked_at, session.verified_at)
    return verified_sentence(session)


def test_browser_is_checked_shown_measured_and_started_again(
    watched: Watched, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = watched.session.name
    with pytest.raises(SessionError, match="is stopped: connect it first"):
        commands.verify(name)

    # A page that is not linked can be looked at too, and its memory is known.
    shown = watched.connect()
    assert shown.memory is not None
    assert shown.memory > 50 * 1024**2
    assert re.fullmatch(r"[\d,]+ MB", memory_text(shown))
    commands.take_picture(name)
    commands.verify(name)
    assert picture_of(shown) is None
    watched.look()
    picture = picture_of(watched.session)
    assert picture is not None
    assert (bytes(picture.image)[:3], len(picture.image) > 1000) == (b"\xff\xd8\xff", True)
    assert picture_taken_at(watched.session) == picture.taken_at
    assert picture.expires_at - picture.taken_at == timedelta(minutes=10)
    assert re.fullmatch(r"waiting to be paired, and answers in \d+ ms", checked(watched.session))

    # The latest picture only, while it is kept.
    linked = watched.pair()
    commands.take_picture(name)
    watched.look()
    again = picture_of(watched.session)
    assert again is not None
    assert (again.taken_at > picture.taken_at, Picture.objects.count()) == (True, 1)
    monkeypatch.setattr(questions, "MOST_BYTES", 10)
    commands.take_picture(name)
    watched.look()
    assert picture_error_sentence(watched.session) == "The picture was too large to keep."
    Picture.objects.update(expires_at=timezone.now())
    assert (picture_of(watched.session), picture_taken_at(watched.session)) == (None, None)

    # Asked for while somebody looks, it is answered by a look that began afterwards.
    commands.verify(name)
    assert watched.look().verified["status"] == "connected"
    before = watched.session.verified_at
    watched.look()
    assert watched.session.verified_at == before
    assert re.fullmatch(r"connected, and answers in \d+ ms", checked(watched.session))

    # Measured every half minute, and not oftener.
    measured = watched.session.memory_at
    watched.look()
    assert watched.session.memory_at == measured
    watched.set(memory_at=timezone.now() - memory.EVERY, memory=1)
    watched.look()
    assert watched.session.memory is not None
    assert (watched.session.memory > 50 * 1024**2, takes_much(watched.session)) == (True, False)
    settings.BROWSER_MEMORY_MB = 50
    assert takes_much(watched.session)
    elsewhere = {**watched.session.browser, "pid_started": 0.0}
    assert memory_text(Session(browser=elsewhere)) == "not measured: its browser runs on a Selenium server"

    # A browser that does not answer says so at once, and makes room for another with the same login when asked.
    first, login = linked.browser["pid"], linked.login
    with monkeypatch.context() as patch:

        def hang(page: Page) -> None:
            raise PageTimeout("page_busy")

        patch.setattr(Page, "state", hang)
        commands.verify(name)
        commands.take_picture(name)
        watched.look()
        assert checked(watched.session) == "its browser does not answer"
        assert "could not be reached" in picture_error_sentence(watched.session)
        commands.reconnect(name)
        assert connected_gateways([watched.session.gateway]) == set()
        watched.look()
        assert (watched.session.status, watched.session.cause) == (S.STARTING, "reconnected")
        assert (watched.session.memory, watched.processes()) == (None, [])
    back = watched.until(S.CONNECTED)
    second = back.browser["pid"]
    assert (second != first, back.login, back.request) == (True, login, "")
    commands.reconnect(name)
    watched.until(S.STARTING)
    assert watched.until(S.CONNECTED).browser["pid"] != second
    assert ("connected", "starting", "reconnected") in watched.history()

    # Without a browser the answer is what is known.
    commands.take_picture(name)
    commands.verify(name)
    commands.disconnect(name)
    watched.until(S.STOPPED)
    watched.look()
    assert checked(watched.session) == f"connected, and answers in {watched.session.verified['ms']} ms"
    with pytest.raises(SessionError, match="connect it first"):
        commands.take_picture(name)
    watched.set(desired="connected")
    with pytest.raises(SessionError, match="does not run just now"):
        commands.take_picture(name)
    commands.delete(name)
    watched.look()
    assert not Picture.objects.exists()


class SlowPage:
    """A page whose pictures are all too large; it counts them."""

    taken = 0

    def picture(self, quality: int) -> bytes:
        self.taken += 1
        return b"x" * (questions.MOST_BYTES + 1)


def test_slow_browser_is_not_asked_for_picture_after_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    quick, slow = SlowPage(), SlowPage()
    assert questions._small_enough(cast(Page, quick)) is None
    monkeypatch.setattr(questions, "TRYING_SECONDS", -1.0)
    assert questions._small_enough(cast(Page, slow)) is None
    assert (quick.taken, slow.taken) == (len(questions.QUALITIES), 1)


def test_browser_that_another_version_stored_is_not_measured() -> None:
    session = make_session(
        make_whatsapp_pool(), connected=True, browser={"pid": 1, "pid_started": 1.0, "unheard_of": True}
    )
    memory.measure_in_turn(session)
    session.refresh_from_db()
    assert session.memory is None
