"""The pages of pools: what they have, how they send, switching them."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from domain.states import MessageStatus
from gateways import commands
from gateways.commands import pool_version
from gateways.models import Channel, Gateway, LaneHealth, Pool
from lib.mongo import collection, server_now
from messaging import queries
from messaging.models import Message
from systemlog.models import SystemLog
from tests.factories.sending import add_messages, make_campaign, make_line, make_pool
from tests.factories.sessions import make_session, make_whatsapp_pool
from tests.pages.web import Browser

pytestmark = pytest.mark.django_db

NOWHERE = "65f0c0ffee0123456789abcd"


def text(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("path", ["/pools/", "/pools/new/", f"/pools/{NOWHERE}/", "/lines/new/", f"/lines/{NOWHERE}/"])
def test_pages_ask_to_sign_in(client: Client, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer["Location"]) == (302, f"/accounts/login/?next={path}")


@pytest.mark.parametrize("path", [f"/pools/{NOWHERE}/", f"/pools/{NOWHERE}/edit/", "/pools/x/", "/pools/0/edit/"])
def test_pool_that_is_not_there_is_not_found(signed_in: Client, path: str) -> None:
    assert signed_in.get(path).status_code == 404


def test_list_says_what_to_do_while_there_is_no_pool(signed_in: Client) -> None:
    found = text(signed_in, "/pools/")
    assert "No pools yet" in found
    assert 'href="/pools/new/"' in found


def test_list_groups_pools_by_channel_and_says_how_each_sends(signed_in: Client) -> None:
    sms = make_pool("Masivo", delay_seconds=2, variation_seconds=0.5)
    line = make_line(sms, "https://host/send", "Empresa A")
    make_line(sms, "https://host/send", "Empresa B", active=False)
    Gateway.objects.filter(pk=line.pk).update(health=LaneHealth.SLOWED)
    make_session(make_whatsapp_pool("Ventas"), "Ventas 1", connected=True)
    add_messages(make_campaign(sms), 3)
    found = text(signed_in, "/pools/")
    assert (
        found.index("channel-whatsapp") < found.index("Ventas 1") < found.index("channel-sms") < found.index("Masivo")
    )
    for words in (
        "Each line waits 1.5 to 2.5 s after a message.",
        "Competitive: any free line takes the next message.",
        "Empresa A", "slowed down", "Empresa B", "switched off", "3 messages wait", "Nothing waits", "connected",
    ):  # fmt: skip
        assert words in found, words


def test_list_says_which_pool_can_t_send(signed_in: Client) -> None:
    make_pool("Vacío")
    make_pool("Apagado", active=False)
    down = make_line(make_pool("Caído"), "https://host/send")
    Gateway.objects.filter(pk=down.pk).update(health=LaneHealth.DOWN)
    make_session(make_whatsapp_pool(), connected=False)
    found = text(signed_in, "/pools/")
    for words in (
        "It has no line yet", "Switched off: its messages wait.", "None of its lines can send now.",
        "None of its sessions can send now.",
    ):  # fmt: skip
        assert words in found, words


def test_list_asks_as_much_of_many_pools_as_of_few(signed_in: Client) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as captured:
            text(signed_in, "/pools/")
        return len(captured)

    make_line(make_pool(), "https://host/send")
    make_session(make_whatsapp_pool("Uno"), "Uno")
    asked()  # what a process remembers for a while is not asked again
    few = asked()
    for number in range(5):
        pool = make_pool()
        for _ in range(3):
            make_line(pool, "https://host/send")
        make_session(make_whatsapp_pool(f"Otro {number}"), f"Otro {number}")
    assert asked() == few


def test_waiting_is_counted_by_an_index_and_no_further_than_asked() -> None:
    pool, other = make_pool(), make_pool()
    add_messages(make_campaign(pool), 30)
    add_messages(make_campaign(other), 2, status=MessageStatus.SKIPPED)
    assert queries.waiting_by_pool([pool.pk, other.pk], most=20) == {pool.pk: 20, other.pk: 0}
    assert queries.waiting_by_pool([], most=20) == {}
    condition = {"pool": pool.pk, "status": "pending"}
    plan = str(collection(Message).find(condition, {"pool": 1, "_id": 0}).explain()["queryPlanner"]["winningPlan"])
    assert "message_claim" in plan
    assert "FETCH" not in plan


def test_pool_is_created_with_its_channels_pace(signed_in: Client, staff: User) -> None:
    form = {"name": " Cobranza ", "channel": "whatsapp", "strategy": "fixed_turns"}
    answer = signed_in.post("/pools/new/", form)
    pool = Pool.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, f"/pools/{pool.pk}/")
    assert (pool.name, pool.channel, pool.strategy, pool.delay_seconds) == ("Cobranza", "whatsapp", "fixed_turns", 10)
    kept = SystemLog.objects.get(act=True, source="pool.create")
    assert (kept.actor, kept.object_id, kept.message) == (staff.get_username(), str(pool.pk), "Cobranza")


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"name": "Norte"}, "name", "There is a pool “Norte” already"),
        ({"name": ""}, "name", "required"),
        ({"channel": "fax"}, "channel", "valid choice"),
        ({"delay": "-1"}, "delay", "seconds from 0"),
        ({"delay": "5", "variation": "6"}, "variation", "from 0 to the delay"),
        ({"auto_throttle": "on"}, "delay", "this pool has none"),
        ({"delay": "5", "auto_throttle": "on", "throttle_target": "0"}, "throttle_target", "from 1 to 1000"),
        ({"delay": "5", "auto_throttle": "on", "throttle_max": "0.5"}, "throttle_max", "from 1 to 100"),
    ],
)
def test_wrong_pool_is_refused_at_its_field(signed_in: Client, changes: dict[str, str], field: str, words: str) -> None:
    make_pool("Norte")
    answer = signed_in.post("/pools/new/", {"name": "Sur", "channel": "sms", "strategy": "competitive", **changes})
    assert answer.status_code == 200
    assert field in answer.context["form"].errors
    assert words in answer.content.decode()
    assert Pool.objects.count() == 1


@pytest.mark.parametrize(
    ("given", "stored"), [({"delay": "", "variation": ""}, (10, 5)), ({"delay": "3", "variation": ""}, (3, 3))]
)
def test_pace_that_is_left_empty_is_the_usual_one(
    signed_in: Client, given: dict[str, str], stored: tuple[float, float]
) -> None:
    pool = make_whatsapp_pool("Norte", delay_seconds=40, variation_seconds=20)
    signed_in.post(f"/pools/{pool.pk}/edit/", {"strategy": "competitive", "version": pool_version(pool), **given})
    pool.refresh_from_db()
    assert (pool.delay_seconds, pool.variation_seconds) == stored


def test_pool_is_edited_but_for_its_name_and_channel(signed_in: Client) -> None:
    pool = make_whatsapp_pool("Norte", delay_seconds=10, variation_seconds=5)
    found = text(signed_in, f"/pools/{pool.pk}/edit/")
    assert 'name="channel"' not in found
    assert 'value="10"' in found
    form = {"strategy": "random_turns", "delay": "8", "variation": "2", "auto_throttle": "on", "throttle_target": "4",
            "throttle_max": "2", "name": "Otro", "channel": "sms", "version": pool_version(pool)}  # fmt: skip
    answer = signed_in.post(f"/pools/{pool.pk}/edit/", form)
    assert answer["Location"] == f"/pools/{pool.pk}/"
    pool.refresh_from_db()
    assert (pool.name, pool.channel, pool.strategy, pool.delay_seconds, pool.throttle_target, pool.throttle_max) == (
        "Norte", "whatsapp", "random_turns", 8, 4, 2,
    )  # fmt: skip
    form = {"strategy": "competitive", "delay": "8", "variation": "2", "version": pool_version(pool)}
    signed_in.post(f"/pools/{pool.pk}/edit/", form)
    pool.refresh_from_db()
    assert (pool.auto_throttle, pool.strategy) == (False, "competitive")
    wrong = {**form, "delay": "1", "version": pool_version(pool)}
    refused = signed_in.post(f"/pools/{pool.pk}/edit/", wrong)
    assert "from 0 to the delay" in refused.content.decode()


def test_pool_is_switched_off_and_on(signed_in: Client) -> None:
    pool = make_pool("Norte")
    assert signed_in.get(f"/pools/{pool.pk}/switch/").status_code == 405
    for value, active in (("0", False), ("1", True)):
        answer = signed_in.post(f"/pools/{pool.pk}/switch/", {"active": value})
        assert answer["Location"] == f"/pools/{pool.pk}/"
        pool.refresh_from_db()
        assert pool.active is active
    kept = SystemLog.objects.filter(kind="pool", object_id=str(pool.pk)).order_by("pk")
    assert list(kept.values_list("source", flat=True)) == ["pool.switch_off", "pool.switch_on"]


def test_detail_lists_lines_with_why_they_rest_and_the_campaigns(signed_in: Client) -> None:
    pool = make_pool("Norte")
    line = make_line(pool, "https://host/send", "Empresa A")
    Gateway.objects.filter(pk=line.pk).update(
        health=LaneHealth.DOWN,
        health_reason="connect: The host took no connection.",
        next_send_at=server_now() + timedelta(minutes=2),
    )
    make_campaign(pool, "Cobranza junio")
    make_campaign(make_pool(), "Ajena")
    found = text(signed_in, f"/pools/{pool.pk}/")
    for words in ("Empresa A", "not answering", "The gateway took no connection.", "Tried again in", "Cobranza junio"):
        assert words in found, words
    assert "Ajena" not in found
    assert f'href="/lines/new/?pool={pool.pk}"' in found


def test_detail_of_a_whatsapp_pool_leaves_deleted_sessions_out(signed_in: Client) -> None:
    pool = make_whatsapp_pool("Ventas")
    make_session(pool, "Ventas 1", connected=True)
    gone = make_session(pool, "Ventas 2")
    commands.delete_session(name=gone.name)
    found = text(signed_in, f"/pools/{pool.pk}/")
    assert "Ventas 1" in found
    assert "Ventas 2" not in found


def test_detail_of_an_empty_pool_says_what_to_do(signed_in: Client) -> None:
    assert "No lines yet" in text(signed_in, f"/pools/{make_pool().pk}/")
    assert "No sessions yet" in text(signed_in, f"/pools/{make_whatsapp_pool().pk}/")


@pytest.mark.whole_database
def test_pool_is_made_and_its_state_changes_live(browser: Browser) -> None:
    browser.open("/pools/new/?channel=sms")
    browser.fill("name", "Norte")
    browser.click("main form .btn-primary")
    browser.see("#switch")
    pool = Pool.objects.get(name="Norte")
    assert pool.channel == Channel.SMS
    browser.open("/pools/")
    browser.live()
    browser.see(f"#pool-card-{pool.pk} .state-soon")  # it has no line
    line = commands.create_gateway(
        name="Empresa A", kind="http_generic", pool="Norte", url_template="https://host/?to={phone}&text={message}"
    )
    browser.reads("Empresa A", f"#pool-card-{pool.pk}")
    commands.set_gateway_active(name=line.name, active=False)
    browser.see(f"#pool-card-{pool.pk} .trouble.state-now")
    browser.open(f"/pools/{pool.pk}/")
    browser.live()
    commands.set_gateway_active(name=line.name, active=True)
    browser.see(f"#line-row-{line.pk} .state-done")
    browser.click("#switch")
    browser.click("dialog[open] button[value=yes]")
    browser.see("#switch.btn-primary")
    assert Pool.objects.get().active is False
    assert browser.complaints() == []
