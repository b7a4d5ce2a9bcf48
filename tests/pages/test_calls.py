"""A line's log of calls as its pages show it: filtered, searched, live, one call whole, and who may see it."""

import json
import re
from datetime import timedelta
from html import unescape

import pytest
from django.test import Client
from django.utils import timezone, translation

from domain.delivery import Purpose, Verdict
from domain.phones import shown_phone
from engine import deliver
from gateways import call_list, calls, commands
from gateways.call_list import Asked
from gateways.models import Call, Gateway
from live.fragments import fragment_named
from tests.factories.calls import make_call
from tests.factories.sending import make_line, make_pool
from tests.gateways.far_side import FarSide, answers

pytestmark = pytest.mark.django_db


@pytest.fixture
def line() -> Gateway:
    return make_line(make_pool("SMS"), "https://gateway.example/send", "Empresa A")


def page(client: Client, line: Gateway, query: str = "") -> str:
    answer = client.get(f"/lines/{line.pk}/calls/{query}")
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def test_calls_are_told_newest_first_with_how_they_ended(signed_in: Client, line: Gateway) -> None:
    now = timezone.now()
    make_call(line.pk, at=now - timedelta(minutes=2), seconds=1.26)
    make_call(line.pk, at=now - timedelta(minutes=1), purpose=Purpose.CALLBACK, rule="callback", more=940)
    make_call(line.pk, at=now, verdict=Verdict.UNCERTAIN, status=None, rule="timeout", seconds=15.0)
    make_call(make_line(make_pool("B"), "https://b.example/x").pk, url="https://b.example/other")
    found = page(signed_in, line)
    words = (
        "No answer: the gateway did not answer in time.", "15 s",
        "report to us", "and 940 more like it", "POST /send?key=•••", "1.3 s",
    )  # fmt: skip
    places = [found.find(each) for each in words]
    assert -1 not in places
    assert places[0] < places[3] < places[5]
    assert "b.example" not in found
    signed_in.cookies["django_language"] = "es"
    assert "Sin respuesta: el proveedor no respondió a tiempo." in page(signed_in, line)


@pytest.mark.parametrize(
    ("query", "urls"),
    [
        ("", {"/a", "/b", "/c"}),
        ("?verdict=refused", {"/b"}),
        ("?purpose=callback", {"/c"}),
        ("?purpose=send&verdict=accepted", {"/a"}),
        ("?verdict=nonsense&purpose=x", {"/a", "/b", "/c"}),
        ("?purpose=poll", set()),
        (f"?about={'0a' * 16}", {"/b"}),
        ("?about=nobody", set()),
    ],
)
def test_calls_are_found_by_what_they_are(signed_in: Client, line: Gateway, query: str, urls: set[str]) -> None:
    make_call(line.pk, url="https://h/a")
    make_call(line.pk, url="https://h/b", verdict=Verdict.REFUSED, attempts=("0a" * 16,))
    make_call(line.pk, url="https://h/c", purpose=Purpose.CALLBACK)
    found = page(signed_in, line, query)
    assert {url for url in ("/a", "/b", "/c") if f"POST {url}" in found} == urls
    assert ("No call fits these filters" in found) == (not urls)


def test_calls_about_a_phone_and_back_to_the_message(signed_in: Client) -> None:
    with FarSide(answers(200, b'{"id": "7"}')) as far:
        line = make_line(make_pool("SMS"), f"{far.url}/send", "Empresa A", id_path="id")
        for phone in ("+56911111111", "+56922222222"):
            commands.send_test(name=line.name, phone=phone, text="Hola")
        deliver.deliver(line.pk)
    assert calls.flush()
    assert Call.objects.count() == 2
    [row] = call_list.calls_of(Asked(str(line.pk), about="9 1111 1111"))
    assert "+56911111111" in row.told["body"]
    assert "No call fits" in page(signed_in, line, "?about=933333333")
    one = unescape(signed_in.get(f"/lines/{line.pk}/calls/{row.pk}/").content.decode())
    for words in (shown_phone("+56911111111"), "curl -i -X POST", '"text": "Hola"', 'data-copy="curl"', "Message, "):
        assert words in one, words
    attempt = row.attempts[0]
    assert f"/lines/{line.pk}/calls/?about={attempt}" in one
    assert f"/lines/{line.pk}/calls/?about={attempt}" in signed_in.get(f"/lines/{line.pk}/").content.decode()


def test_long_log_goes_by_pages_and_its_head_is_live(signed_in: Client, line: Gateway) -> None:
    now = timezone.now()
    for number in range(60):
        make_call(line.pk, at=now - timedelta(seconds=number), url=f"https://h/n{number}-")
    first = signed_in.get(f"/lines/{line.pk}/calls/")
    assert b'id="line-calls-' in first.content
    assert (b"/n49-" in first.content, b"/n50-" in first.content) == (True, False)
    mark = first.context["page"].following
    second = signed_in.get(f"/lines/{line.pk}/calls/?mark={mark}")
    assert (b"/n49-" in second.content, b"/n50-" in second.content) == (False, True)
    assert b'id="line-calls-' not in second.content
    fragment = fragment_named("line-calls")
    assert fragment is not None
    key = Asked(str(line.pk), verdict="refused").key
    assert fragment.groups(key) == (f"call.{line.pk}",)
    with translation.override("en"):
        assert "No call fits" in fragment.render(key)


@pytest.mark.parametrize("filters", [{}, {"purpose": "send"}, {"verdict": "refused"}])
def test_calls_are_read_by_an_index(line: Gateway, filters: dict[str, str]) -> None:
    make_call(line.pk)
    asked = call_list.calls_of(Asked(str(line.pk), **filters))
    plan = json.loads(asked.order_by("-at", "-pk").explain(verbosity="queryPlanner"))
    stages = re.findall(r"'stage': '(\w+)'", str(plan["queryPlanner"]["winningPlan"]))
    assert "COLLSCAN" not in stages
    assert "SORT" not in stages


def test_page_of_calls_that_there_are_not(signed_in: Client, line: Gateway) -> None:
    assert "No calls yet" in page(signed_in, line)
    other = make_call(make_line(make_pool("B"), "https://b.example/x").pk)
    assert signed_in.get(f"/lines/{line.pk}/calls/{other.pk}/").status_code == 404
