"""A campaign's pauses on its pages and by command: what is told, ended, foretold."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils.translation import override

from campaigns import forecasting, watching, wording
from campaigns.models import Campaign, CampaignStretch
from domain.forecast import Lane, Why
from domain.states import MessageStatus
from gateways.models import Channel, Gateway, Pool
from lib.mongo import server_now
from lib.remembered import Remembered
from systemlog.models import SystemLog
from tests.factories.debtors import make_debtor
from tests.factories.sending import add_messages, make_campaign, make_line, make_pool

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    watching.forget()
    with override("en"):
        yield


@pytest.fixture
def pool() -> Pool:
    found = make_pool("Normal", delay_seconds=10)
    make_line(found, "https://gateway.example/send", "Uno")
    return found


@pytest.fixture
def resting(pool: Pool) -> Campaign:
    """It has sent 20 of 80, and makes the first of three pauses of ten minutes."""
    campaign = make_campaign(pool, "Norte")
    Campaign.objects.filter(pk=campaign.pk).update(pause_mode="auto", pause_durations="10")
    campaign.refresh_from_db()
    add_messages(campaign, 20, status=MessageStatus.SENT)
    add_messages(campaign, 60)
    stretch = {"total": 80, "number": 0, "length": 20, "used": 20}
    until = server_now() + timedelta(minutes=9)
    CampaignStretch.objects.create(campaign=campaign.pk, channel="sms", rests_until=until, **stretch)
    return campaign


def text(client: Client, path: str) -> str:
    return client.get(path).content.decode()


def test_page_tells_the_pause_and_lets_one_go_on(signed_in: Client, resting: Campaign) -> None:
    shown = text(signed_in, f"/campaigns/{resting.pk}/")
    for sentence in ("It rests until", "(pause 1 of 3)", "Go on now", "3 pauses of 10 min"):
        assert sentence in shown
    assert signed_in.post(f"/campaigns/{resting.pk}/go-on/").status_code == 303
    kept = SystemLog.objects.get(source="campaign.go_on")
    assert (kept.actor, kept.message) == ("ana", "Norte")
    shown = text(signed_in, f"/campaigns/{resting.pk}/")
    assert "it goes on" in shown
    assert "Go on now" not in shown
    signed_in.post(f"/campaigns/{resting.pk}/go-on/")
    assert "makes no pause now" in text(signed_in, f"/campaigns/{resting.pk}/")
    assert SystemLog.objects.filter(source="campaign.go_on").count() == 1


def test_page_tells_it_in_spanish(signed_in: Client, resting: Campaign) -> None:
    signed_in.cookies["django_language"] = "es"
    shown = text(signed_in, f"/campaigns/{resting.pk}/")
    for sentence in ("Descansa hasta las", "(pausa 1 de 3)", "Seguir ahora", "3 pausas de 10 min"):
        assert sentence in shown


def test_the_end_of_a_campaign_with_pauses_is_foretold_with_them(resting: Campaign) -> None:
    found = forecasting.forecast_of(resting, 60)
    assert found.pauses == 2
    now = server_now()
    ends = watching.standing(resting, now=now).ends_at
    assert ends is not None
    # The rest of this pause, 60 messages at six a minute, and two more pauses.
    assert abs(ends - (now + timedelta(minutes=9 + 10 + 20))) < timedelta(minutes=2)


def test_the_time_left_reckons_with_the_rate_and_with_pauses(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Six a minute were sent lately, and 60 are left."""
    monkeypatch.setattr(watching, "sent_lately", Remembered(lambda pk: (7, 60.0), seconds=60))
    campaign = make_campaign(pool, "Norte")
    add_messages(campaign, 60)
    now = server_now()

    def ends_in_minutes() -> float:
        watching.forget()
        campaign.refresh_from_db()
        ends = watching.standing(campaign, now=now).ends_at
        assert ends is not None
        return round((ends - now) / timedelta(minutes=1), 1)

    assert ends_in_minutes() == 10
    Campaign.objects.filter(pk=campaign.pk).update(pause_mode="auto", pause_count=2, pause_durations="10")
    assert ends_in_minutes() == pytest.approx(30, abs=2)
    # A line that nothing slows goes on as it did.
    Pool.objects.filter(pk=pool.pk).update(delay_seconds=0)
    assert ends_in_minutes() == pytest.approx(30, abs=2)
    # One that is slower than its pace does, too.
    Pool.objects.filter(pk=pool.pk).update(delay_seconds=0.1)
    Campaign.objects.filter(pk=campaign.pk).update(pause_mode="off")
    assert ends_in_minutes() == 10


def test_start_says_how_many_pauses_there_will_be(pool: Pool, signed_in: Client) -> None:
    for number in range(40):
        make_debtor(f"Ana {number}", external_id=f"A{number}", phone=f"+5691000{number:04d}")
    call(
        "create", "Sur", "--channel", "sms", "--sms-pool", "Normal", "--audience", "all", "--message", "Hola",
        "--window", "none", "--pauses", "every:15", "--pause-minutes", "5-7",
    )  # fmt: skip
    campaign = Campaign.objects.get(name="Sur")
    first = wording.start_sentences(campaign)[0]
    assert first.startswith("40 messages will be sent by 1 SMS line, with 2 pauses, until about")
    assert "A pause of 5 to 7 min after every 15 messages" in text(signed_in, f"/campaigns/{campaign.pk}/")
    # A copy makes the same ones.
    signed_in.post(f"/campaigns/{campaign.pk}/duplicate/")
    assert Campaign.objects.get(name="Sur (2)").pauses == campaign.pauses


def test_lines_are_reckoned_with_their_limits_and_what_they_have_spent() -> None:
    pool = Pool.objects.create(name="Ventas", channel="whatsapp", delay_seconds=10, variation_seconds=5)
    until = (server_now() + timedelta(hours=1)).isoformat()
    usage = {"per_day": {"until": until, "used": 150}, "first_contacts_per_day": {"until": until, "used": 45}}
    fields = {"kind": "whatsapp_web", "channel": "whatsapp", "pool": pool}
    Gateway.objects.create(name="A", config={"per_hour": 30}, usage=usage, **fields)
    Gateway.objects.create(name="B", config={"first_contacts_per_day": 50}, usage=usage, **fields)
    ways = forecasting.ways_through(pool, Channel.WHATSAPP)
    assert ways.lanes == (Lane(6, hour=30, day=200, used_day=150), Lane(6, hour=60, day=50, used_day=45))
    assert (ways.lines, ways.connected) == (2, 0)
    Gateway.objects.update(active=False)
    campaign = make_campaign(pool)
    assert forecasting.forecast_of(campaign, 600).why is Why.NO_LINES


# By command -----------------------------------------------------------------------------------------------------------


def call(*arguments: str) -> str:
    out = StringIO()
    call_command("campaign", *arguments, stdout=out)
    return out.getvalue()


def test_status_tells_the_pause_and_go_on_ends_it(resting: Campaign) -> None:
    assert "(it rests until" in call("status", "Norte").splitlines()[0]
    found: dict[str, Any] = json.loads(call("status", "Norte", "--json"))
    assert datetime.fromisoformat(found["rests_until"]) > server_now()
    assert found["pauses"] == [{"channel": "sms", "begun": 1, "planned": 3, "rests_until": found["rests_until"]}]
    call("go-on", "Norte")
    found = json.loads(call("status", "Norte", "--json"))
    assert (found["rests_until"], found["pauses"][0]["rests_until"]) == (None, None)
    with pytest.raises(CommandError, match="makes no pause now"):
        call("go-on", "Norte")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--pauses", "often"), "names no pauses"),
        (("--pauses", "auto:0"), "from 1 to 100 pauses"),
        (("--pause-minutes", "soon"), "is no list of minutes"),
        (("--pause-channels", "letters"), "is no choice of channels"),
    ],
)
def test_pauses_that_cannot_be_refuse_the_campaign(pool: Pool, options: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        call("create", "Sur", "--channel", "sms", "--sms-pool", "Normal", "--message", "Hola", *options)
    assert not Campaign.objects.exists()
