"""Settings: typed and checked, stored so that nobody undoes another's change unseen, kept in the log, read cheaply."""

import json
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils.translation import override
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from campaigns import drafts
from domain.pauses import Durations, PauseChannels, PauseMode, PausePlan
from preferences import commands, queries
from preferences.errors import ChangedMeanwhile, InvalidPreference
from preferences.models import Stored
from preferences.registry import GROUPS, Group, Preference, preference_named
from systemlog.models import SystemLog
from tests.engine.test_claims import together
from tests.factories.sending import make_line, make_pool

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with override("en"):
        yield


@pytest.fixture
def eva() -> User:
    return User.objects.create_user("eva")


def own() -> dict[str, Any]:
    return dict(queries.current("sending").own)


def test_every_default_is_one_that_could_be_set() -> None:
    for group in GROUPS.values():
        for each in group.preferences:
            assert each.cleaned(each.usual) == each.usual, each.name
            assert each.in_words(each.usual)


def test_a_change_is_stored_used_and_kept_with_what_was_before(eva: User) -> None:
    assert queries.get("sending.hours") == "08:00-20:00"
    changes = commands.change("sending", {"hours": "9:00 - 18:30", "pause_count": "5", "days": "mon-sat"}, actor=eva)
    assert changes == {"hours": ("08:00-20:00", "09:00-18:30"), "pause_count": (3, 5)}
    assert (queries.get("sending.hours"), queries.get("sending.pause_count")) == ("09:00-18:30", 5)
    stored = queries.current("sending")
    assert (stored.revision, stored.changed_by) == (1, "eva")
    kept = SystemLog.objects.get(source="settings.change")
    assert (kept.actor, kept.kind, kept.object_id) == ("eva", "settings", "sending")
    assert kept.data == {"changes": {"hours": ["08:00-20:00", "09:00-18:30"], "pause_count": [3, 5]}}


def test_what_changes_nothing_is_not_stored_and_not_kept() -> None:
    assert commands.change("sending", {"hours": "08:00-20:00"}, actor=None) == {}
    assert (Stored.objects.count(), SystemLog.objects.count()) == (0, 0)


def test_the_default_is_not_stored_so_that_it_may_change_later(eva: User) -> None:
    commands.change("sending", {"hours": "none", "days": "all"}, actor=eva)
    commands.change("sending", {"hours": "08:00-20:00"}, actor=eva)
    assert own() == {"days": "all"}
    assert commands.reset("sending", actor=eva) == {"days": ("all", "mon-sat")}
    assert (own(), queries.current("sending").changed) == ({}, [])


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("hours", "25:00-26:00", "is no sending window"),
        ("hours", "08:00-08:00", "begins and ends at the same time"),
        ("days", "someday", "names no days"),
        ("timezone", "America/Santjago", "Did you mean America/Santiago?"),
        ("country", "QQ", "is no country"),
        ("pause_mode", "often", "is none of the choices. Choose one of: off, auto, fixed."),
        ("pause_count", "many", "is no whole number"),
        ("pause_count", 0, "makes from 1 to 100 pauses"),
        ("pause_every", 0, "follows 1 to 1000000 messages"),
        ("pause_durations", "soon", "is no list of minutes"),
        ("pause_durations", "30-5", "is no range of minutes"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_and_nothing_is_stored(name: str, value: Any, sentence: str) -> None:
    with pytest.raises(InvalidPreference) as refused:
        commands.change("sending", {"days": "all", name: value}, actor=None)
    assert sentence in refused.value.sentence
    assert refused.value.name == name
    assert Stored.objects.count() == 0


def test_a_stale_change_is_refused_and_told_what_was_changed(eva: User) -> None:
    read = queries.current("sending").revision
    commands.change("sending", {"hours": "none", "days": "all"}, actor=eva)
    second = queries.current("sending").revision
    commands.change("sending", {"pause_mode": "auto"}, actor=eva)
    with pytest.raises(ChangedMeanwhile) as refused:
        commands.change("sending", {"country": "ES"}, actor=None, revision=read)
    assert refused.value.names == ["hours", "days", "pause_mode"]
    with pytest.raises(ChangedMeanwhile) as refused:
        commands.change("sending", {"country": "ES"}, actor=None, revision=second)
    assert refused.value.names == ["pause_mode"]
    assert own() == {"hours": "none", "days": "all", "pause_mode": "auto"}


def test_changes_at_the_same_time_are_all_there_afterwards() -> None:
    numbers = iter(range(2, 6))

    def work() -> None:
        number = next(numbers)
        name = ("pause_count", "pause_every")[number % 2]
        commands.change("sending", {name: number, "days": "all"}, actor=None)

    together(work, threads=4)
    stored = queries.current("sending")
    assert set(own()) == {"pause_count", "pause_every", "days"}
    assert SystemLog.objects.filter(source="settings.change").count() == stored.revision


def test_settings_are_read_once_in_a_while(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    queries.forget()
    with django_assert_num_queries(1):
        for _ in range(3):
            assert queries.get("sending.hours") == "08:00-20:00"
            assert queries.get("sending.days") == "mon-sat"


def test_a_group_may_hold_settings_of_each_type() -> None:
    group = Group("example", "Example", (Preference("on", "On", True), Preference("most", "Most", 5)))
    on, most = group.preferences
    assert [on.cleaned(text) for text in ("yes", "False", "on", "0", True)] == [True, False, True, False, True]
    assert (on.in_words(True), on.in_words(False)) == ("yes", "no")
    assert (most.cleaned(" 7 "), most.in_words(7)) == (7, "7")
    with pytest.raises(InvalidPreference, match="neither yes nor no"):
        on.cleaned("perhaps")


def test_what_is_no_setting_is_named_with_those_there_are() -> None:
    with pytest.raises(InvalidPreference, match="There are: sending"):
        preference_named("sendings.hours")
    with pytest.raises(InvalidPreference, match=r"sending\.hours"):
        preference_named("sending.hour")


# New campaigns --------------------------------------------------------------------------------------------------------


def test_a_new_draft_begins_with_the_settings_and_may_say_otherwise() -> None:
    pool = make_pool("Normal")
    make_line(pool, "https://gateway.example/send")
    wanted = {"hours": "22:00-02:00", "days": "mon-fri", "timezone": "Europe/Madrid", "country": "ES"}
    pauses = {"pause_mode": "fixed", "pause_every": 50, "pause_durations": "5-9", "pause_channels": "sms"}
    commands.change("sending", wanted | pauses, actor=None)

    plain = drafts.validate(drafts.Draft(name="A", channel="sms", message="Hola", sms_pool="Normal"))
    assert (plain.window_start, plain.window_end, plain.window_days) == ("22:00", "02:00", [0, 1, 2, 3, 4])
    assert (plain.timezone, plain.country) == ("Europe/Madrid", "ES")
    assert plain.pauses == PausePlan(PauseMode.FIXED, 3, 50, Durations((), 5, 9), PauseChannels.SMS)

    own = drafts.Draft(
        name="B", channel="sms", message="Hola", sms_pool="Normal",
        hours="none", pauses="auto:7", pause_channels="both",
    )  # fmt: skip
    made = drafts.validate(own)
    assert (made.window_start, made.window_days) == ("", list(range(7)))
    assert made.pauses == PausePlan(PauseMode.AUTO, 7, 50, Durations((), 5, 9), PauseChannels.BOTH)


# By command -----------------------------------------------------------------------------------------------------------


def settings(*arguments: str) -> str:
    out = StringIO()
    call_command("settings", *arguments, stdout=out)
    return out.getvalue()


def test_settings_are_shown_set_and_reset_by_command() -> None:
    assert "sending.hours" in settings("show")
    assert settings("set", "sending.hours", "09:00-19:00") == "sending.hours: 08:00-20:00 -> 09:00-19:00\n"
    assert settings("set", "sending.hours", "09:00-19:00") == "Nothing changed: it is so already.\n"
    assert "09:00-19:00  (default: 08:00-20:00)" in settings("show")
    assert json.loads(settings("show", "--json"))["sending.hours"] == {"value": "09:00-19:00", "default": "08:00-20:00"}
    assert settings("reset", "sending.hours") == "sending.hours: 09:00-19:00 -> 08:00-20:00\n"
    settings("set", "sending.pause_mode", "auto")
    settings("set", "sending.pause_count", "9")
    assert len(settings("reset", "sending").splitlines()) == 2


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("set", "sending.hours", "late"), "is no sending window"),
        (("set", "sending.weather", "fine"), "There is no setting"),
        (("reset", "everything"), "There is no group"),
    ],
)
def test_a_command_that_cannot_be_says_why(arguments: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        settings(*arguments)
