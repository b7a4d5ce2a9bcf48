"""The log's page: filters, older entries, the live tail."""

import ast

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from desk.sessions import acts as session_acts
from lib.mongo import collection
from systemlog import audit
from systemlog.models import Level, SystemLog
from systemlog.queries import Filter, entries
from tests.pages.web import Browser
from whatsmassive.catalogues import sources
from whatsmassive.templatetags.log_entries import ACTS

pytestmark = pytest.mark.django_db


def say(message: str, level: Level = Level.INFO, **fields: str) -> SystemLog:
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
        (Filter(), "systemlog_at"),
    ],
)
def test_every_filter_reads_an_index_in_order(wanted: Filter, index: str) -> None:
    for number in range(30):
        say(str(number), Level.WARNING if number % 9 == 0 else Level.INFO)
    query = entries(wanted).order_by("-at", "-pk")[:5]
    plan = query.explain(verbosity="queryPlanner")
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
    return found | {f"session.{name}" for name in (*session_acts.ACTS, "link-code", "limits", "picture-seen", "test")}


def test_every_act_that_is_recorded_has_words() -> None:
    assert len(recorded()) > 30
    assert recorded() - ACTS.keys() == set()


@pytest.mark.whole_database
def test_tail_is_live(browser: Browser, staff: User) -> None:
    say("the first")
    browser.open("/log/")
    browser.live()
    browser.reads("the first")
    audit.record(staff, "campaign.start", kind="campaign", id="65f0c0ffee0123456789abcd", name="Cobranza norte")
    browser.reads("Cobranza norte")
    browser.open("/log/?level=warning&frozen=1")
    assert "the first" not in browser.text()
    assert browser.complaints() == []
