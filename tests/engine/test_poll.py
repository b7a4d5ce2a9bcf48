"""Asking far sides for reports: when, under which lease, what is stored of it, and what a failure costs."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F

from domain.delivery import Call, Exchange, Incoming, Outbound, Purpose, Receipt, ReceiptState
from engine import deliver, inbox, poll
from gateways import commands
from gateways.models import Gateway
from lib.mongo import collection, server_now
from messaging import queries, waiting
from messaging.models import ASK_INDEX, InboxItem, IncomingText, Message
from tests.factories.sending import add_messages, make_campaign, make_line, make_pool
from tests.gateways.far_side import FarSide, Script, Talk, answers, response
from tests.gateways.simulated import RunningGateway

pytestmark = pytest.mark.django_db


@pytest.fixture
def issued(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """The tasks that were issued: their arguments."""
    found: list[tuple[Any, ...]] = []
    monkeypatch.setattr(poll.current_app, "send_task", lambda name, args, **more: found.append((name, *args)))
    return found


def ask(line: Gateway) -> Gateway:
    """One task of asking; the line as it is then."""
    token = poll._lease(line.pk)
    assert token is not None
    poll.ask(line.pk, token)
    line.refresh_from_db()
    return line


def sent_by(far_side: RunningGateway, number: int, **fields: Any) -> Gateway:
    """A line that has sent so many messages, of which its far side is asked."""
    pool = make_pool()
    line = make_line(
        pool, f"{far_side.url}/send/a", status_url=f"{far_side.url}/status/{{id}}", **{"poll_s": 30, **fields}
    )
    add_messages(make_campaign(pool), number)
    deliver.deliver(line.pk)
    return line


def make_due() -> None:
    Message.objects.exclude(ask_at=None).update(ask_at=server_now() - timedelta(seconds=1))


def test_messages_of_a_line_that_is_asked_wait_for_their_end_and_get_it(
    far_side: RunningGateway, issued: list[Any]
) -> None:
    far_side.control(default={"callbacks": ["delivered"], "callback_delay_ms": 0})
    line = sent_by(far_side, 20)
    assert Message.objects.exclude(ask_at=None).count() == 20
    assert all(timedelta(seconds=25) < m.ask_at - m.sent_at < timedelta(seconds=60) for m in Message.objects.all())
    make_due()
    assert poll.issue_polls() == 1
    assert poll.issue_polls() == 0
    [(task, gateway, token)] = issued
    assert (task, gateway) == (poll.TASK, str(line.pk))
    poll.ask(line.pk, token)
    inbox.apply_receipts()
    campaign = Message.objects.first().campaign
    assert queries.counts(campaign)["delivered"] == 20
    line.refresh_from_db()
    assert (line.poll_found, line.poll_error, line.poll_token, line.poll_until) == (20, "", "", None)
    assert line.poll_at - line.polled_at >= timedelta(seconds=25)
    make_due()
    assert ask(line).polled_at < server_now()
    assert Message.objects.exclude(ask_at=None).count() == 0
    assert not waiting.any_at(line.pk)


def test_messages_of_other_lines_are_not_in_the_index(far_side: RunningGateway, issued: list[Any]) -> None:
    line = sent_by(far_side, 3, poll_s=0)
    assert Message.objects.exclude(ask_at=None).count() == 0
    assert poll.issue_polls() == 0
    line.refresh_from_db()
    assert line.poll_at > server_now() + timedelta(seconds=50)  # it is not looked at each second
    commands.change_gateway(name=line.name, fields={"poll_s": 5})
    assert poll.issue_polls() == 1


def test_messages_without_an_end_are_asked_for_after_ever_longer_pauses(far_side: RunningGateway) -> None:
    line = sent_by(far_side, 1)
    pauses = []
    for hours in (0, 1, 10, 40):
        Message.objects.update(sent_at=server_now() - timedelta(hours=hours), ask_at=server_now())
        before = server_now()
        ask(line)
        pauses.append((Message.objects.get().ask_at - before).total_seconds())
    assert [round(pause / 10) * 10 for pause in pauses] == [30, 3600, 36_000, 144_000]
    Message.objects.update(sent_at=server_now() - timedelta(hours=48), ask_at=server_now())
    ask(line)
    assert Message.objects.get().ask_at is None


def test_oldest_messages_are_asked_for_first_and_no_more_than_fit(far_side: RunningGateway) -> None:
    line = sent_by(far_side, 6)
    for place, message in enumerate(Message.objects.order_by("pk")):
        at = server_now() - timedelta(minutes=10 + place)
        Message.objects.filter(pk=message.pk).update(sent_at=at, ask_at=at)
    given, more = waiting.take(line.pk, every=30, limit=4)
    phones = list(Message.objects.order_by("-pk").values_list("phone", flat=True))
    assert ([each.phone for each in given], more) == (phones[:4], True)
    assert {each.text for each in given} == {""}
    given, more = waiting.take(line.pk, every=30, limit=4)
    assert ([each.phone for each in given], more) == (phones[4:], False)


def test_taking_uses_its_index(far_side: RunningGateway) -> None:
    line = sent_by(far_side, 2)
    asked = {"gateway": line.pk, "ask_at": {"$gt": waiting._EPOCH, "$lte": server_now()}}
    plan = collection(Message).find(asked, {"_id": 1}).sort("ask_at", 1).limit(10).explain()
    text = str(plan["queryPlanner"]["winningPlan"])
    assert ASK_INDEX in text
    assert "'SORT'" not in text


def test_lease_that_ran_out_is_somebody_else_s(far_side: RunningGateway, issued: list[Any]) -> None:
    line = sent_by(far_side, 1)
    dead = poll._lease(line.pk)
    assert (poll._lease(line.pk), poll.issue_polls()) == (None, 0)
    Gateway.objects.update(poll_until=server_now() - timedelta(seconds=1))
    assert poll.issue_polls() == 1
    poll.ask(line.pk, str(dead))  # it was only slow: it does nothing any more
    line.refresh_from_db()
    assert (line.poll_token, line.polled_at) == (issued[0][2], None)


def test_no_more_lines_are_asked_at_once_than_leave_threads_to_send(
    far_side: RunningGateway, issued: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(poll, "AT_ONCE", 2)
    pool = make_pool()
    for _ in range(3):
        make_line(pool, f"{far_side.url}/send/a", status_url=f"{far_side.url}/status/{{id}}", poll_s=5)
    assert [poll.issue_polls(), poll.issue_polls()] == [2, 0]
    first = Gateway.objects.get(pk=issued[0][1])
    poll.ask(first.pk, issued[0][2])
    assert poll.issue_polls() == 1
    assert first.pk not in {issued[2][1]}


def test_line_that_is_switched_off_is_asked_while_a_message_waits_and_a_deleted_one_never(
    far_side: RunningGateway, issued: list[Any]
) -> None:
    line = sent_by(far_side, 1)
    Gateway.objects.filter(pk=line.pk).update(active=False)
    assert poll.issue_polls() == 1
    Gateway.objects.filter(pk=line.pk).update(deleted_at=server_now(), poll_until=None)
    assert poll.issue_polls() == 0
    poll.ask(line.pk, issued[0][2])
    line.refresh_from_db()
    assert line.polled_at is None
    Gateway.objects.filter(pk=line.pk).update(deleted_at=None)
    Message.objects.update(ask_at=None)
    assert poll.issue_polls() == 0


def fails_after(number: int) -> Script:
    """Answer so many requests well in all, and the others with a 503."""
    answered = [0]

    def script(talk: Talk) -> None:
        while talk.read() is not None:
            answered[0] += 1
            good = answered[0] <= number
            talk.write(response(200, b'{"status": "delivered"}') if good else response(503))

    return script


def test_failure_is_told_costs_ever_longer_pauses_and_leaves_what_was_not_asked_for_due(
    far_side: RunningGateway,
) -> None:
    line = sent_by(far_side, 12, concurrency=4)
    with FarSide(fails_after(4)) as far:
        commands.change_gateway(name=line.name, fields={"status_url": far.url + "/{id}"})
        make_due()
        ask(line)
        assert len(far.heard) == 8
        assert (line.poll_found, line.poll_failures, line.poll_error) == (4, 1, "http_503")
        assert line.poll_at - line.polled_at >= timedelta(seconds=59)
        assert Message.objects.filter(ask_at__lte=server_now()).count() == 4
        ask(line)
        assert (ask(line).poll_found, line.poll_failures) == (0, 2)  # nothing is due: nothing was learned
        make_due()
        assert ask(line).poll_failures == 3
        assert line.poll_at - line.polled_at >= timedelta(seconds=239)
    commands.change_gateway(name=line.name, fields={"status_url": far_side.url + "/status/{id}"})
    make_due()
    assert (ask(line).poll_failures, line.poll_error) == (0, "")


@pytest.mark.parametrize(
    ("far", "error"),
    [(answers(200, b"<html>Login</html>", kind="text/html"), "unreadable"), (answers(401), "http_401"),
     (answers(429), "http_429"), (answers(404), ""), (answers(200, b'{"status": "pondering"}'), "")],
)  # fmt: skip
def test_answers_that_bring_nothing_are_told_from_those_that_can_t_be_read(
    far_side: RunningGateway, far: Script, error: str
) -> None:
    line = sent_by(far_side, 1)
    with FarSide(far) as running:
        commands.change_gateway(name=line.name, fields={"status_url": running.url + "/{id}"})
        make_due()
        assert (ask(line).poll_error, line.poll_found) == (error, 0)
    assert collection(InboxItem).count_documents({}) == 0


class Pages:
    """A provider whose far side keeps pages until it is asked, and gives each only once."""

    timeout = 5.0
    poll_every = 20.0

    def __init__(self, pages: list[Sequence[Receipt | Incoming] | Exception]) -> None:
        self.left = pages
        self.stored: list[int] = []
        self.record = lambda call: None

    def poll(self, given: Sequence[Outbound]) -> Iterator[Sequence[Receipt | Incoming]]:
        while self.left:
            # What came before is stored when the next page is asked for.
            self.stored.append(collection(InboxItem).count_documents({}) + IncomingText.objects.count())
            page = self.left.pop(0)
            self.record(Call(Purpose.POLL, Exchange("GET", "http://far/", (), "", 0, 0.1, status=200)))
            if isinstance(page, Exception):
                raise page
            yield page


def pages_of(
    monkeypatch: pytest.MonkeyPatch, *pages: Sequence[Receipt | Incoming] | Exception
) -> tuple[Pages, Gateway]:
    provider = Pages(list(pages))

    def made(line: Any) -> Pages:
        provider.record = line.record
        return provider

    monkeypatch.setattr(poll, "provider_for", made)
    return provider, make_line(make_pool(), "http://127.0.0.1:1/")


REPORTS = [Receipt(ReceiptState.DELIVERED, attempt_id="a1"), Receipt(ReceiptState.FAILED, attempt_id="a2")]
TEXT = [Incoming("i1", "+56911111111", "BAJA")]


def test_each_page_is_stored_before_the_next_one_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    provider, line = pages_of(monkeypatch, REPORTS, TEXT, [])
    assert ask(line).poll_found == 3
    assert provider.stored == [0, 2, 3]


def test_provider_that_breaks_keeps_what_was_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    provider, line = pages_of(monkeypatch, REPORTS, RuntimeError("a fault of ours"), TEXT)
    assert (ask(line).poll_found, line.poll_error, line.poll_failures) == (2, "fault", 1)
    assert provider.left == [TEXT]


def test_slice_that_is_over_goes_on_with_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    provider, line = pages_of(monkeypatch, REPORTS, TEXT)
    monkeypatch.setattr(poll, "SLICE_SECONDS", 0.0)
    assert (ask(line).poll_found, len(provider.left)) == (2, 1)
    assert line.poll_at <= server_now()
    assert ask(line).poll_found == 1
    monkeypatch.undo()


def test_line_that_was_taken_over_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    provider, line = pages_of(monkeypatch, REPORTS, TEXT)
    original = poll.receipts.store

    def taken_over(gateway: str, items: Any) -> int:
        Gateway.objects.filter(pk=gateway).update(poll_token="another", lane_epoch=F("lane_epoch"))
        return original(gateway, items)

    monkeypatch.setattr(poll.receipts, "store", taken_over)
    assert (ask(line).poll_token, line.polled_at, len(provider.left)) == ("another", None, 1)


def test_line_whose_secrets_can_t_be_opened_says_so(far_side: RunningGateway, settings: Any) -> None:
    from cryptography.fernet import Fernet

    line = sent_by(far_side, 1)
    settings.SEAL_KEYS = [Fernet.generate_key().decode()]
    token = poll._lease(line.pk)
    poll.ask(line.pk, str(token))
    settings.SEAL_KEYS = []
    line.refresh_from_db()
    assert (line.poll_error, line.poll_failures) == ("unusable", 1)
