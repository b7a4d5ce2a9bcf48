"""The log's page: filters, older entries, the live tail."""

import ast
import csv
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.translation import override

from accounts.models import User
from debtors.work_models import DebtorAct
from desk.conversations import batch as conversation_acts
from desk.sessions import acts as session_acts
from lib.mongo import collection
from live.events import LogAdded
from live.fragments import fragment_named
from live.publish import publish
from preferences import commands as preferences
from preferences.errors import InvalidPreference
from systemlog import audit, queries, retention
from systemlog.models import Level, SystemLog
from systemlog.queries import Filter, entries
from tests.pages.web import Browser
from whatsmassive.catalogues import sources
from whatsmassive.templatetags.log_entries import ACTS, KINDS

pytestmark = pytest.mark.django_db


def say(message: str, level: Level = Level.INFO, **fields: Any) -> SystemLog:
    return SystemLog.objects.create(at=timezone.now(), level=level, source="engine.tick", message=message, **fields)


@pytest.fixture
def signed_in(client: Client, staff: User) -> Client:
    client.force_login(staff)
    return client


def test_log_filters_by_level_and_by_who(signed_in: Client, staff: User) -> None:
    say("all is well")
    say("a line is down", Level.WARNING)
    audit.record(staff, "campaign.start", kind="campaign", id="65f0c0ffee0123456789abcd", name="Norte")
    everything = signed_in.get("/log/").content.decode()
    assert all(text in everything for text in ("all is well", "a line is down", "Norte"))
    warnings = signed_in.get("/log/?level=warning").content.decode()
    assert "a line is down" in warnings
    assert "all is well" not in warnings
    acts = signed_in.get("/log/?who=acts").content.decode()
    assert "Norte" in acts
    assert "a line is down" not in acts


def test_log_of_one_object_shows_its_entries_only(signed_in: Client) -> None:
    say("about it", kind="session", object_id="65f0c0ffee0123456789abcd")
    say("about nothing")
    found = signed_in.get("/log/?kind=session&object=65f0c0ffee0123456789abcd").content.decode()
    assert "about it" in found
    assert "about nothing" not in found


def test_log_pages_go_back_and_forth(signed_in: Client) -> None:
    for number in range(150):
        say(f"entry-{number:03}")
    first = signed_in.get("/log/?who=processes")
    following = first.context["page"].following
    second = signed_in.get("/log/", {"mark": following, "who": "processes"})
    assert [row.message for row in second.context["rows"]] == [f"entry-{n:03}" for n in range(49, -1, -1)]
    back = signed_in.get("/log/", {"mark": second.context["page"].previous, "who": "processes"})
    assert [row.message for row in back.context["rows"]] == [row.message for row in first.context["rows"]]


@pytest.mark.parametrize("mark", ["x", "%00", "W10", "eyJ9"])
def test_log_survives_a_mark_that_is_none(signed_in: Client, mark: str) -> None:
    say("here")
    assert "here" in signed_in.get("/log/", {"mark": mark}).content.decode()


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (Filter(level="warning"), "systemlog_level"),
        (Filter(who="acts"), "systemlog_act"),
        (Filter(actor="ana"), "systemlog_actor"),
        (Filter(source="engine.tick"), "systemlog_source"),
        (Filter(kind="session", object="65f0"), "systemlog_object"),
        (Filter(kind="session"), "systemlog_kind"),
        (Filter(since="2026-01-01", until="2100-01-01"), "systemlog_at"),
        (Filter(), "systemlog_at"),
    ],
)
def test_every_filter_reads_an_index_in_order(wanted: Filter, index: str) -> None:
    for number in range(30):
        say(str(number), Level.WARNING if number % 9 == 0 else Level.INFO)
    query = entries(wanted).order_by("-at", "-pk")[:5]
    plan = query.explain(verbosity="queryPlanner").partition("rejectedPlans")[0]
    assert f"'{index}'" in plan or f'"{index}"' in plan, plan
    assert "COLLSCAN" not in plan
    assert "'SORT'" not in plan and '"SORT"' not in plan, plan


def test_log_names_what_it_never_heard_of(signed_in: Client) -> None:
    collection(SystemLog).insert_one(
        {"at": timezone.now(), "level": "info", "source": "x.y", "message": "", "act": True, "actor": "ana", "data": {}}
    )
    assert "x.y" in signed_in.get("/log/").content.decode()


def recorded() -> set[str]:
    """The names of all acts that the code records, as far as it writes them out."""
    found: set[str] = set()
    for path in (path for path in sources() if path.suffix == ".py"):
        for call in ast.walk(ast.parse(path.read_text())):
            if not isinstance(call, ast.Call):
                continue
            name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            texts = [given.value for given in call.args if isinstance(given, ast.Constant)]
            found |= {
                text
                for text in texts
                if name in ("record", "_record", "_audit") and isinstance(text, str) and "." in text
            }
    return found | {f"{about}.{name}" for about, names in PUT_TOGETHER.items() for name in names}


PUT_TOGETHER = {
    "session": (*session_acts.ACTS, "link-code", "limits", "picture-seen", "test"),
    "conversation": conversation_acts.AUDITED,
    "review": ("out", "not", "undo"),
    "check": ("stop", "go_on", "again", "delete"),
    "debtor": ("release", "reset", "owner"),
    "debtors": (*DebtorAct.values, "work_stop", "work_go_on"),
}
"""Acts whose names the code puts together, by what they are about: a new way of doing so is noticed below."""


def test_every_act_that_is_recorded_has_words() -> None:
    assert len(recorded()) > 90
    assert recorded() - ACTS.keys() == set()


def test_every_name_of_an_act_that_is_put_together_is_known_here() -> None:
    begins = {
        part.values[0].value.partition(".")[0]
        for path in sources()
        if path.suffix == ".py"
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call) and _records(call)
        for part in call.args
        if isinstance(part, ast.JoinedStr) and isinstance(part.values[0], ast.Constant)
    }
    assert begins <= PUT_TOGETHER.keys()


def test_everything_that_acts_are_about_has_a_name() -> None:
    about = {
        given.value.value
        for path in sources()
        if path.suffix == ".py"
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call)
        for given in call.keywords
        if given.arg == "kind" and isinstance(given.value, ast.Constant) and _records(call)
    }
    assert about - KINDS.keys() == set()


def _records(call: ast.Call) -> bool:
    return (call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")) == "record"


# Held, one entry, a file ----------------------------------------------------------------------------------------------
def test_held_log_shows_what_was_and_says_how_many_came_since(signed_in: Client) -> None:
    first = say("the first")
    for number in range(3):
        say(f"later {number}", Level.WARNING if number else Level.INFO)
    held = signed_in.get("/log/", {"held": str(first.pk), "level": "warning"})
    text = held.content.decode()
    assert "the first" not in text  # it is no warning
    assert "later" not in text
    fragment = fragment_named("log-held")
    assert fragment is not None
    with override("en"):
        assert "2 new entries since" in fragment.render(held.context["held_key"])
        assert "3 new entries since" in fragment.render(f"{first.pk}~")
        assert "Nothing new since" in fragment.render("nonsense~")
    assert "the first" in signed_in.get("/log/", {"held": str(first.pk)}).content.decode()
    assert "later 2" in signed_in.get("/log/", {"held": "nonsense"}).content.decode()


def test_days_are_those_of_who_looks(signed_in: Client, staff: User) -> None:
    for hour, name in ((2, "in the night"), (12, "at noon")):
        SystemLog.objects.create(
            at=datetime(2026, 11, 20, hour, tzinfo=UTC), level=Level.INFO, source="a", message=name
        )
    User.objects.filter(pk=staff.pk).update(time_zone="America/Santiago")  # 3 hours behind: the 19th for the night
    day = signed_in.get("/log/", {"since": "2026-11-20", "until": "2026-11-20"}).content.decode()
    assert "at noon" in day
    assert "in the night" not in day
    assert "in the night" in signed_in.get("/log/", {"until": "2026-11-19"}).content.decode()
    for nonsense in ("2026-13-01", "9999-12-31", "x"):
        assert signed_in.get("/log/", {"since": nonsense, "until": nonsense}).status_code == 200


def test_choices_are_those_that_there_are(signed_in: Client, staff: User) -> None:
    say("hello")
    audit.record(staff, "campaign.start", kind="campaign", id="65f0c0ffee0123456789abcd", name="Norte")
    queries._choices.forget()
    signed_in.cookies["django_language"] = "en"
    found = signed_in.get("/log/").context
    assert {"engine.tick", "campaign.start"} <= {source for source, _words in found["sources"]}
    assert "ana" in found["choices"].actors
    acts = signed_in.get("/log/?who=acts").context["sources"]
    assert ("campaign.start", "started the campaign") in acts
    assert "engine.tick" not in dict(acts)
    one = signed_in.get("/log/?kind=campaign&object=65f0c0ffee0123456789abcd").content.decode()
    assert "Campaigns: Norte" in one


def test_entry_has_an_address_and_tells_changes_in_words(signed_in: Client, staff: User) -> None:
    signed_in.cookies["django_language"] = "en"
    preferences.change("security", {"sign_in_days": 30}, actor=staff)
    setting = SystemLog.objects.get(source="settings.change")
    page = signed_in.get(f"/log/{setting.pk}/").content.decode()
    for words in ("changed the settings", "A sign-in lasts (days)", "14 days", "30 days", "/settings/security/"):
        assert words in page
    data = {"changes": {"role": ["executive", "supervisor"], "phone": ["", "+56911112222"], "odd": "x"}, "n": [1, 2]}
    audit.record(staff, "account.change", kind="user", id=staff.pk, name="Ana", data=data)
    page = signed_in.get(f"/log/{SystemLog.objects.get(source='account.change').pk}/").content.decode()
    for words in ("<del>executive</del>", "<ins>supervisor</ins>", "<del>—</del>", "1, 2", f"/users/{staff.pk}/"):
        assert words in page
    broken = say("broken", Level.ERROR, kind="session", object_id="65f0c0ffee0123456789abcd")
    SystemLog.objects.filter(pk=broken.pk).update(data={"traceback": "Traceback: <here>", "code": "x"})
    page = signed_in.get(f"/log/{broken.pk}/").content.decode()
    assert "Traceback: &lt;here&gt;" in page
    assert "/sessions/65f0c0ffee0123456789abcd/" in page
    assert signed_in.get("/log/65f0c0ffee0123456789abcd/").status_code == 404


def test_export_is_what_is_shown_and_runs_no_formula(signed_in: Client, staff: User) -> None:
    signed_in.cookies["django_language"] = "en"
    User.objects.filter(pk=staff.pk).update(time_zone="Asia/Tokyo")
    SystemLog.objects.create(
        at=datetime(2026, 11, 20, 12, tzinfo=UTC), level=Level.WARNING, source="engine.tick", message="=1+1"
    )
    say("all is well")
    audit.record(staff, "campaign.start", kind="campaign", id="65f0c0ffee0123456789abcd", name="Norte")
    answer = signed_in.get("/log/export/", {"level": "warning"})
    rows = list(csv.reader(b"".join(answer).decode("utf-8-sig").splitlines()))
    assert rows[0][0] == "Time (Asia/Tokyo)"
    assert [row[:5] for row in rows[1:]] == [["2026-11-20 21:00:00", "warning", "", "engine.tick", "'=1+1"]]
    acts = b"".join(signed_in.get("/log/export/", {"who": "acts", "actor": "ana"})).decode()
    assert "started the campaign" in acts
    assert SystemLog.objects.filter(source="log.export", actor="ana").count() == 2


def test_log_is_kept_as_long_as_is_set() -> None:
    assert retention.kept_days() == 90
    try:
        preferences.change("log", {"days": 30}, actor=None)
        assert retention.kept_days() == 30
        retention.keep_for(60)  # as if the change had been stored and not carried out
        preferences.change("log", {"days": 30}, actor=None)
        assert retention.kept_days() == 30
        with pytest.raises(InvalidPreference):
            preferences.change("log", {"days": 1}, actor=None)
    finally:
        retention.keep_for(retention.USUAL_DAYS)


# Live -----------------------------------------------------------------------------------------------------------------
@pytest.mark.whole_database
def test_tail_is_live_and_can_be_held(browser: Browser, staff: User) -> None:
    """In Spanish and then in English."""
    say("the first", data={"traceback": "why"})
    browser.open("/log/?who=processes")
    browser.live()
    browser.reads("the first")
    say("the second")
    publish(LogAdded(""))
    browser.reads("the second")
    browser.click("tr:last-child details summary")
    browser.click("#log-hold")
    browser.reads("Nada nuevo desde entonces")
    assert browser.all("tr:last-child details[open]")
    say("the third")
    publish(LogAdded(""))
    browser.reads("1 entrada nueva desde entonces")
    assert "the third" not in browser.text()
    browser.click(".user summary")
    browser.click(".user button[lang=en]")
    browser.reads("1 new entry since")
    browser.click("#log-follow")
    browser.reads("the third")
    browser.live()
    audit.record(staff, "campaign.start", kind="campaign", id="65f0c0ffee0123456789abcd", name="Cobranza norte")
    browser.click(".chip[href*='who=acts']")
    browser.reads("Cobranza norte")
    browser.find("#log-kind option[value=user]").click()
    browser.until(lambda: "kind=user" in browser.driver.current_url, "the filter is in the address")
    browser.until(lambda: "Cobranza norte" not in browser.text("#log-box"), "it is about users alone")
    browser.click(".log-time")
    browser.reads("ana signed in: ana", ".log-said")
    assert browser.complaints() == []
