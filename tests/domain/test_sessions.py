"""What a session is by what its page shows, and what is done about it."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import sessions
from domain.sessions import Cause, Decision, Known, Seen, Step, backoff, judge, with_page, without_browser
from domain.states import SESSION, Desired, SessionStatus

S = SessionStatus
MAIN = Seen(loaded=True, phase="full", mode="MAIN", info="NORMAL", authenticated=True)
CODE = Seen(loaded=True, phase="full", mode="QR", info="PAIRING", qr="2@abc")
IDLE = replace(CODE, qr="")
CONNECTED = Known(status=S.CONNECTED, logged_in=True)
PAIRING = Known(status=S.PAIRING, asked=10, in_state=5)
MODES = ["", "QR", "MAIN", "SYNCING", "OFFLINE", "CONFLICT", *sessions.BLOCKS, "ANOTHER"]
INFOS = ["", "OFFLINE", "OPENING", "PAIRING", "SYNCING", "RESUMING", "CONNECTING", "NORMAL"]
REQUESTS = ["", "logout", "reset", "reload", "reconnect", "refresh_qr", "link_code"]

ages = st.one_of(st.floats(0, 200_000), st.just(float("inf")))
seen_pages = st.builds(
    Seen,
    loaded=st.booleans(),
    phase=st.sampled_from(["", "injected", "ready", "full"]),
    mode=st.sampled_from(MODES),
    info=st.sampled_from(INFOS),
    authenticated=st.booleans(),
    qr=st.sampled_from(["", "2@abc"]),
    link_code=st.sampled_from(["", "ABCD1234"]),
    notices=st.lists(
        st.sampled_from(["needs_update", "account_temporarily_banned", "logout:user_initiated", "link_code_expired"])
    ).map(tuple),
    unconfirmed=st.integers(0, 5),
    outdated=st.booleans(),
)
stored = st.builds(
    Known,
    desired=st.sampled_from(list(Desired)),
    request=st.sampled_from(REQUESTS),
    status=st.sampled_from(list(S)),
    cause=st.sampled_from(["", *Cause]),
    logged_in=st.booleans(),
    in_state=ages,
    asked=ages,
    loading=ages,
    running=ages,
    qr_age=ages,
    reloads=st.integers(0, 3),
)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, (S.CONNECTED, "", "")),
        ({"authenticated": False}, (S.SYNCING, "", "")),
        ({"info": "RESUMING"}, (S.SYNCING, "", "")),
        ({"info": "CONNECTING"}, (S.OFFLINE, "", "")),
        ({"mode": "OFFLINE"}, (S.OFFLINE, "", "")),
        ({"mode": "SYNCING", "phase": "ready"}, (S.SYNCING, "", "")),
        ({"mode": "SYNCING", "info": "OPENING"}, (S.SYNCING, "", "")),
        ({"mode": "SYNCING", "info": "OPENING", "authenticated": False}, (S.STARTING, "loading", "full")),
        ({"mode": "SYNCING", "info": "SYNCING", "authenticated": False}, (S.SYNCING, "", "")),
        ({"phase": "ready"}, (S.STARTING, "loading", "ready")),
        ({"loaded": False}, (S.STARTING, "loading", "full")),
        ({"mode": ""}, (S.STARTING, "loading", "full")),
        ({"mode": "CONFLICT", "phase": "ready"}, (S.CONFLICT, "conflict", "")),
        ({"mode": "PROXYBLOCK"}, (S.BLOCKED, "proxy_block", "")),
        ({"mode": "TOS_BLOCK"}, (S.BLOCKED, "tos_block", "")),
        ({"mode": "SMB_TOS_BLOCK"}, (S.BLOCKED, "smb_tos_block", "")),
        ({"mode": "DEPRECATED_VERSION", "phase": ""}, (S.BLOCKED, "deprecated_version", "")),
        ({"notices": ("account_temporarily_banned",)}, (S.BLOCKED, "account_temporarily_banned", "")),
        ({"unconfirmed": 2}, (S.CONNECTED, "", "")),
        ({"unconfirmed": 3}, (S.OFFLINE, "no_acks", "")),
        ({"mode": "ANOTHER"}, (S.OFFLINE, "unknown_mode", "ANOTHER")),
    ],
)
def test_state_is_what_the_page_shows(changes: dict[str, object], expected: tuple[S, str, str]) -> None:
    assert judge(CONNECTED, replace(MAIN, **changes)) == expected


@pytest.mark.parametrize(
    ("known", "seen", "expected"),
    [
        (PAIRING, CODE, Decision(S.PAIRING)),
        (replace(PAIRING, qr_age=4), IDLE, Decision(S.PAIRING, step=Step.REFRESH_QR)),
        (replace(PAIRING, qr_age=2), IDLE, Decision(S.PAIRING)),
        (replace(PAIRING, asked=301, qr_age=4), IDLE, Decision(S.PAIRING, "qr_expired")),
        (replace(PAIRING, asked=301, qr_age=2), CODE, Decision(S.PAIRING)),
        (replace(PAIRING, request="refresh_qr"), CODE, Decision(S.PAIRING, step=Step.REFRESH_QR, fulfilled=True)),
        (replace(PAIRING, request="link_code"), CODE, Decision(S.PAIRING, step=Step.LINK_CODE)),
        (PAIRING, replace(CODE, link_code="ABCD1234"), Decision(S.PAIRING, "link_code")),
        (replace(PAIRING, cause="link_code"), CODE, Decision(S.PAIRING, "link_code_expired")),
        (replace(PAIRING, cause="link_code_expired"), CODE, Decision(S.PAIRING, "link_code_expired")),
        (replace(PAIRING, cause="link_code_expired", asked=1), CODE, Decision(S.PAIRING)),
        (CONNECTED, replace(CODE, notices=("logout:banned",)), Decision(S.PAIRING, "logged_out", "banned")),
        (replace(PAIRING, cause="logged_out"), CODE, Decision(S.PAIRING, "logged_out")),
        (replace(PAIRING, cause="logged_out", asked=1), CODE, Decision(S.PAIRING)),
    ],
)
def test_pairing_shows_codes_while_somebody_waits(known: Known, seen: Seen, expected: Decision) -> None:
    assert with_page(known, seen) == expected


@pytest.mark.parametrize(
    ("known", "seen", "step", "cause", "fulfilled"),
    [
        (CONNECTED, MAIN, Step.NONE, "", False),
        (replace(CONNECTED, request="reload"), MAIN, Step.RELOAD, "reloaded", True),
        (replace(CONNECTED, request="reconnect"), MAIN, Step.RECYCLE, "reconnected", True),
        (replace(PAIRING, request="reconnect"), CODE, Step.RECYCLE, "reconnected", True),
        (replace(CONNECTED, request="reconnect", desired=Desired.STOPPED), MAIN, Step.STOP, "", True),
        (replace(CONNECTED, request="logout"), MAIN, Step.LOGOUT, "", False),
        (replace(CONNECTED, request="logout", desired=Desired.STOPPED), MAIN, Step.LOGOUT, "", False),
        (replace(CONNECTED, request="logout", desired=Desired.STOPPED), Seen(), Step.NONE, "loading", False),
        (replace(PAIRING, request="logout"), CODE, Step.NONE, "", True),
        (replace(PAIRING, request="logout", desired=Desired.STOPPED), CODE, Step.STOP, "", True),
        (replace(CONNECTED, request="reset"), MAIN, Step.RESET, "", False),
        (replace(CONNECTED, desired=Desired.STOPPED), MAIN, Step.STOP, "", False),
        (replace(CONNECTED, desired=Desired.DELETED, request="logout"), MAIN, Step.DELETE, "", False),
        (replace(CONNECTED, request="link_code"), MAIN, Step.NONE, "", True),
        (replace(CONNECTED, running=90_000), MAIN, Step.RECYCLE, "recycled", False),
        (replace(CONNECTED, loading=301), replace(MAIN, notices=("needs_update",)), Step.RELOAD, "needs_update", False),
        (replace(CONNECTED, loading=10), replace(MAIN, notices=("needs_update",)), Step.NONE, "", False),
        (replace(CONNECTED, loading=301), replace(MAIN, unconfirmed=3), Step.RELOAD, "no_acks", False),
        (replace(CONNECTED, loading=299), replace(MAIN, unconfirmed=3), Step.NONE, "no_acks", False),
        (CONNECTED, replace(MAIN, outdated=True), Step.RECYCLE, "outdated", False),
        (replace(CONNECTED, request="logout"), replace(MAIN, outdated=True), Step.LOGOUT, "", False),
        (Known(loading=59), Seen(), Step.NONE, "loading", False),
        (Known(loading=61), Seen(), Step.RELOAD, "not_ready", False),
        (Known(loading=61, reloads=1), Seen(), Step.RESTART, "not_ready", False),
        (
            Known(status=S.SYNCING, in_state=700, loading=700),
            replace(MAIN, mode="SYNCING"),
            Step.RELOAD,
            "sync_stuck",
            False,
        ),
        (Known(status=S.SYNCING, in_state=700, loading=20), replace(MAIN, mode="SYNCING"), Step.NONE, "", False),
    ],
)
def test_page_is_helped_and_told(known: Known, seen: Seen, step: Step, cause: str, fulfilled: bool) -> None:
    found = with_page(known, seen)
    assert (found.step, found.cause, found.fulfilled) == (step, cause, fulfilled)


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (Known(desired=Desired.STOPPED), Decision(S.STOPPED)),
        (Known(), Decision(S.STARTING, "loading", step=Step.START)),
        (Known(request="link_code"), Decision(S.STARTING, "loading", step=Step.START)),
        (Known(request="reload"), Decision(S.STARTING, "loading", step=Step.START, fulfilled=True)),
        (Known(request="reconnect"), Decision(S.STARTING, "loading", step=Step.START, fulfilled=True)),
        (Known(request="reset"), Decision(S.STOPPED, step=Step.RESET)),
        (Known(desired=Desired.DELETED, request="reset"), Decision(S.STOPPED, step=Step.DELETE)),
        (Known(desired=Desired.STOPPED, request="logout"), Decision(S.STOPPED, fulfilled=True)),
        (
            Known(desired=Desired.STOPPED, request="logout", logged_in=True),
            Decision(S.STARTING, "loading", step=Step.START),
        ),
    ],
)
def test_session_without_a_browser_starts_when_it_is_wanted(known: Known, expected: Decision) -> None:
    assert without_browser(known) == expected


@given(known=stored, seen=seen_pages)
def test_connected_is_only_what_the_stream_says_now(known: Known, seen: Seen) -> None:
    found = with_page(known, seen)
    if found.status == S.CONNECTED:
        assert (seen.loaded, seen.phase, seen.mode, seen.info, seen.authenticated) == (
            True,
            "full",
            "MAIN",
            "NORMAL",
            True,
        )


@given(known=stored, seen=seen_pages)
def test_page_state_may_follow_every_other(known: Known, seen: Seen) -> None:
    found = with_page(known, seen).status
    origin = S.STARTING if known.status == S.STOPPED else known.status  # a page means that a browser was started
    assert found == origin or found in SESSION[origin]


@given(known=stored, seen=seen_pages)
def test_what_staff_want_comes_before_what_the_page_needs(known: Known, seen: Seen) -> None:
    found = with_page(known, seen)
    if known.desired == Desired.DELETED:
        assert found.step == Step.DELETE
    elif known.request == "reset":
        assert found.step == Step.RESET
    elif known.desired == Desired.STOPPED and known.request != "logout":
        assert found.step == Step.STOP


@given(known=stored, seen=seen_pages)
def test_qr_that_nobody_asked_for_is_not_renewed(known: Known, seen: Seen) -> None:
    if with_page(known, seen).step == Step.REFRESH_QR:
        assert known.request == "refresh_qr" or known.asked < sessions.PAIRING_SECONDS


@given(known=stored)
def test_nothing_is_started_that_nobody_wants(known: Known) -> None:
    if without_browser(known).step == Step.START:
        assert known.desired == Desired.CONNECTED or known.request == "logout"


@given(draw=st.floats(0, 1, exclude_max=True))
def test_backoff_grows_to_its_limit(draw: float) -> None:
    waits = [backoff(failures, draw) for failures in range(30)]
    assert waits[:2] == [0.0, 5.0 * (1 + draw / 4)]
    assert all(later >= earlier for earlier, later in pairwise(waits))
    assert waits[-1] == 300.0 * (1 + draw / 4)
