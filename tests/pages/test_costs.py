"""What pages and commands say of costs: prices of lines, what a draft will cost, what a campaign has cost."""

import io
import json
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils.translation import override
from openpyxl import load_workbook

from campaigns import audience_look, costing
from campaigns.models import AudienceKind, Campaign, CampaignChannel
from domain.costs import Price, Range
from domain.states import CampaignStatus
from gateways.models import Gateway, Pool, Strategy
from gateways.prices import set_price
from lib.mongo import collection
from messaging import claims
from messaging.models import Message
from systemlog.models import SystemLog
from tests.factories.debtors import make_debtor
from tests.factories.sending import make_campaign, make_line, make_pool
from tests.factories.sessions import make_session, make_whatsapp_pool
from tests.messaging.test_costs import LONG, answer, begin, sent

pytestmark = pytest.mark.django_db

URL = "http://127.0.0.1:1/"
ACCENTED = (
    "Estimado {nombre}, su deuda está vencida. Llámenos hoy al 600 123 4567 para regularizar su situación y evitar "
)
ACCENTED += "mayores recargos."


@pytest.fixture
def pool() -> Pool:
    return make_pool("SMS")


@pytest.fixture
def line(pool: Pool) -> Gateway:
    found = make_line(pool, URL, "Empresa A")
    set_price(found, price="0.035", currency="USD")
    return found


def draft(pool: Pool, *, people: int = 3, message: str = ACCENTED, **fields: Any) -> Campaign:
    for number in range(people):
        make_debtor(f"Deudor {number}")
    campaign = make_campaign(pool)
    changes = {"status": CampaignStatus.DRAFT, "started_at": None, "enrolled_at": None, "message": message, **fields}
    for name, value in changes.items():
        setattr(campaign, name, value)
    campaign.save()
    return campaign


def page(client: Client, path: str) -> str:
    """A page with its spaces as people see them."""
    answer_ = client.get(path)
    assert answer_.status_code == 200
    return " ".join(answer_.content.decode().split())


# Prices ---------------------------------------------------------------------------------------------------------------
def test_price_of_a_line_is_set_on_its_page_and_kept_in_the_log(signed_in: Client, pool: Pool) -> None:
    line = make_line(pool, URL, "Empresa A")
    assert "nobody said" in page(signed_in, f"/lines/{line.pk}/")
    signed_in.post(f"/lines/{line.pk}/price/", {"price": "0,035", "currency": "USD"})
    line.refresh_from_db()
    assert (line.price, line.currency) == (Decimal("0.035"), "USD")
    assert "0.035 USD" in page(signed_in, f"/lines/{line.pk}/")
    assert "0.035 USD" in page(signed_in, f"/pools/{pool.pk}/")
    signed_in.post(f"/lines/{line.pk}/price/", {"price": "9", "currency": "CLP"})
    told = SystemLog.objects.filter(source="line.price").order_by("-at")[0].data
    assert told == {"changes": {"price": ["0.035\u00a0USD", "9\u00a0CLP"]}}
    signed_in.post(f"/lines/{line.pk}/price/", {"price": "", "currency": "CLP"})
    line.refresh_from_db()
    assert (line.price, line.currency) == (None, "")


@pytest.mark.parametrize(
    ("language", "price", "sentence"),
    [
        ("en", "1.234,50", "is no price. Write a number such as 9 or 0.035"),
        ("es", "1.234,50", "no es un precio. Escriba un número como 9 o 0,035"),
        ("es", "0,0000001", "Un precio tiene como máximo 6 decimales."),
        ("es", "200000", "Ninguna parte cuesta más de 100.000"),
    ],
)
def test_price_that_is_none_is_told_at_its_field(
    signed_in: Client, line: Gateway, language: str, price: str, sentence: str
) -> None:
    signed_in.cookies["django_language"] = language
    answer_ = signed_in.post(f"/lines/{line.pk}/price/", {"price": price, "currency": "CLP"})
    [error] = answer_.context["price_form"].errors["price"]
    assert sentence in error
    line.refresh_from_db()
    assert line.price == Decimal("0.035")


def test_price_is_shown_and_typed_in_the_language_of_the_page(signed_in: Client, line: Gateway) -> None:
    signed_in.cookies["django_language"] = "es"
    answer_ = signed_in.get(f"/lines/{line.pk}/")
    assert answer_.context["price_form"]["price"].value() == "0,035"
    text = answer_.content.decode()
    assert "0,035\u00a0USD" in text
    assert "dólar estadounidense" in text


def test_new_line_may_have_a_price_from_the_start(signed_in: Client, pool: Pool) -> None:
    template = "https://host/send?to={phone}&text={message}"
    given = {"name": "Nueva", "pool": str(pool.pk), "url_template": template, "price": "9.5", "currency": "CLP"}
    wrong = signed_in.post("/lines/new/", {**given, "price": "mucho"})
    assert "price" in wrong.context["price"].errors
    assert not Gateway.objects.filter(name="Nueva").exists()
    signed_in.post("/lines/new/", given)
    line = Gateway.objects.get(name="Nueva")
    assert (line.price, line.currency) == (Decimal("9.5"), "CLP")
    assert SystemLog.objects.filter(source="line.price").count() == 1


def test_prices_by_command(line: Gateway) -> None:
    out = StringIO()
    with override("en"):
        call_command("gateway", "price", "Empresa A", "9,5", "--currency", "clp", stdout=out)
        assert out.getvalue() == "An SMS part by “Empresa A” costs 9.5\u00a0CLP.\n"
        with pytest.raises(CommandError, match="is no currency"):
            call_command("gateway", "price", "Empresa A", "9", "--currency", "PESOS")
        with pytest.raises(CommandError, match="is no price"):
            call_command("gateway", "price", "Empresa A", "cheap")
        listed = StringIO()
        call_command("gateway", "list", "--json", stdout=listed)
        assert [(row["price"], row["currency"]) for row in json.loads(listed.getvalue())] == [("9.5", "CLP")]
        call_command("gateway", "price", "Empresa A", "none")
    line.refresh_from_db()
    assert line.price is None
    assert SystemLog.objects.filter(source="line.price", actor="").count() == 2


def test_whatsapp_has_no_price() -> None:
    session = make_session(make_whatsapp_pool())
    with override("en"), pytest.raises(CommandError, match="Only SMS cost"):
        call_command("gateway", "price", session.name, "9")


# Before it starts -----------------------------------------------------------------------------------------------------
def test_review_says_what_it_will_cost(signed_in: Client, pool: Pool, line: Gateway) -> None:
    campaign = draft(pool)
    shown = page(signed_in, f"/campaigns/{campaign.pk}/edit/review/")
    assert "6 SMS parts." in shown
    assert "About 0.21 USD." in shown
    assert "saves up to 1 part a person" in shown
    assert "Its SMS cost about 0.21 USD." in shown
    assert "About 0.21 USD." in page(signed_in, f"/campaigns/{campaign.pk}/")
    signed_in.cookies["django_language"] = "es"
    shown = page(signed_in, f"/campaigns/{campaign.pk}/edit/review/")
    assert "6 partes de SMS." in shown
    assert "Unos 0,21 USD." in shown


def test_lines_of_other_prices_make_it_a_range(signed_in: Client, pool: Pool, line: Gateway) -> None:
    dearer = make_line(pool, URL, "Empresa B")
    set_price(dearer, price="40", currency="USD")
    campaign = draft(pool)
    shown = page(signed_in, f"/campaigns/{campaign.pk}/edit/review/")
    assert "About 0.21 to 240.00 USD, depending on the lines that they go by." in shown
    Pool.objects.update(strategy=Strategy.FIXED_TURNS)
    assert "About 120.11 USD." in page(signed_in, f"/campaigns/{campaign.pk}/edit/review/")
    set_price(dearer, price="9", currency="CLP")
    assert "About 54 CLP" not in page(signed_in, f"/campaigns/{campaign.pk}/edit/review/")
    Pool.objects.update(strategy=Strategy.COMPETITIVE)
    assert "Up to 54 CLP or up to 0.21 USD, as its lines share it." in page(
        signed_in, f"/campaigns/{campaign.pk}/edit/review/"
    )


def test_lines_without_a_price_are_told_and_never_taken_for_nothing(signed_in: Client, pool: Pool) -> None:
    make_line(pool, URL, "Empresa A")
    campaign = draft(pool)
    shown = page(signed_in, f"/campaigns/{campaign.pk}/edit/review/")
    assert "Its line has no price, so that the cost isn&#x27;t known." in shown
    set_price(make_line(pool, URL, "Empresa B"), price="9", currency="CLP")
    shown = page(signed_in, f"/campaigns/{campaign.pk}/edit/review/")
    assert "1 of its 2 lines has no price: what goes by it comes on top." in shown
    assert "Up to 54 CLP." in shown


def test_campaign_that_only_falls_back_to_sms_costs_at_most(pool: Pool, line: Gateway) -> None:
    campaign = draft(pool, channel=CampaignChannel.WHATSAPP_FALLBACK_SMS, whatsapp_pool=make_whatsapp_pool())
    found = costing.forecast(campaign, audience_look.look(campaign, measured=True))
    assert found is not None
    with override("en"):
        assert costing.forecast_sentences(found) == [
            "Up to 0.21\u00a0USD.",
            "Up to 6 SMS parts.",
            "Only what goes over to SMS costs: nothing, or all of it at most.",
        ]


def test_large_audience_is_reckoned_from_its_first_texts(
    pool: Pool, line: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audience_look, "LOOKED_AT", 4)
    make_debtor("a" * 80)
    campaign = draft(pool, people=9)
    found = costing.forecast(campaign, audience_look.look(campaign, measured=True))
    assert found is not None
    assert (found.looked, found.people) == (4, 10)
    assert found.expected.parts.low < found.expected.parts.high
    with override("en"):
        assert costing.forecast_sentences(found)[-1] == "Reckoned from the texts of the first 4 of 10 people."


# Without accents ------------------------------------------------------------------------------------------------------
def test_preview_shows_the_text_as_it_goes_out_and_what_that_saves(signed_in: Client, pool: Pool) -> None:
    campaign = draft(pool)
    shown = page(signed_in, f"/campaigns/{campaign.pk}/edit/message/")
    assert "Because of á ó a part holds 67 characters" in shown
    assert "“Write without accents” saves 1 part a person." in shown
    answer_ = signed_in.post(
        f"/campaigns/{campaign.pk}/edit/message/",
        {"message": ACCENTED, "transliterate": "on", "auto": "1", "page": "p", "base": "-"},
    )
    assert answer_.context["conflict"] is not None  # somebody else's change since is not overwritten
    base = signed_in.get(f"/campaigns/{campaign.pk}/edit/message/").context["base"]
    answer_ = signed_in.post(
        f"/campaigns/{campaign.pk}/edit/message/",
        {"message": ACCENTED, "transliterate": "on", "auto": "1", "page": "p", "base": base},
    )
    text = " ".join(answer_.content.decode().split())
    assert "su deuda esta vencida. Llamenos hoy" in text
    assert "Without accents: 1 part instead of 2. It saves 1 a person." in text
    campaign.refresh_from_db()
    assert (campaign.transliterate, campaign.message) == (True, ACCENTED)
    signed_in.post(f"/campaigns/{campaign.pk}/duplicate/")
    assert Campaign.objects.filter(transliterate=True).count() == 2


def test_enrolled_sms_are_written_without_accents_and_measured(pool: Pool) -> None:
    from engine import enroll

    campaign = draft(pool, transliterate=True, status=CampaignStatus.RUNNING)
    token = enroll.lease(campaign.pk)
    assert token is not None
    enroll.work(campaign.pk, token)
    rows = list(Message.objects.filter(campaign=campaign.pk))
    assert {row.parts for row in rows} == {1}
    assert all("está" not in row.text and "esta vencida" in row.text for row in rows)


def test_whatsapp_keeps_its_accents_and_loses_them_where_it_goes_over_to_sms(pool: Pool) -> None:
    from engine import enroll

    whatsapp = make_whatsapp_pool()
    fields = {"channel": CampaignChannel.WHATSAPP_FALLBACK_SMS, "whatsapp_pool": whatsapp}
    campaign = draft(pool, transliterate=True, status=CampaignStatus.RUNNING, **fields)
    token = enroll.lease(campaign.pk)
    assert token is not None
    enroll.work(campaign.pk, token)
    assert {(row.parts, "está" in row.text) for row in Message.objects.all()} == {(None, True)}
    claims.reroute(campaign.pk, origin=whatsapp.pk, target=pool.pk, reason="no_session", limit=2, plain=True)
    claims.reroute(campaign.pk, origin=whatsapp.pk, target=pool.pk, reason="no_session", limit=1, plain=False)
    found = sorted((row.parts, "está" in row.text) for row in Message.objects.filter(channel="sms"))
    assert found == [(1, False), (1, False), (2, True)]


def test_campaign_without_accents_by_command(pool: Pool, line: Gateway) -> None:
    make_debtor("Ana")
    asked = ["campaign", "create", "Sin tildes", "--message", "Está", "--transliterate", "--audience", "all"]
    call_command(*asked, "--channel", "sms", "--sms-pool", "SMS", stdout=StringIO())
    assert Campaign.objects.get(name="Sin tildes").transliterate
    make_whatsapp_pool("WA")
    with override("en"), pytest.raises(CommandError, match="--transliterate makes no sense for the channel"):
        call_command(*asked[:2], "Otra", *asked[3:], "--channel", "whatsapp", "--whatsapp-pool", "WA")


# As it goes on --------------------------------------------------------------------------------------------------------
@pytest.fixture
def running(pool: Pool, line: Gateway) -> Campaign:
    """Two of three messages of two parts went out, one of them without a price."""
    campaign = make_campaign(pool, "Cobranza")
    holder = claims.Holder(line.pk, "token", 1)
    [priced] = begin(campaign, holder, text=LONG)
    [unpriced] = begin(campaign, holder, text=LONG, price=None)
    answer(campaign, holder, (priced, sent(priced)), (unpriced, sent(unpriced)))
    begin(campaign, holder, text=LONG, price=Price(1, "USD"))
    return campaign


def test_campaign_says_what_it_spent_and_what_it_comes_to(signed_in: Client, running: Campaign) -> None:
    shown = page(signed_in, f"/campaigns/{running.pk}/")
    assert "0.07 USD + 2 parts without a price" in shown
    assert "About 0.14 USD" in shown
    found = costing.costs(running)
    assert (found.spent.parts, found.left) == (4, 2)
    assert found.expected is not None
    assert found.expected.parts == Range(6, 6)
    signed_in.cookies["django_language"] = "es"
    assert "0,07 USD + 2 partes sin precio" in page(signed_in, f"/campaigns/{running.pk}/")


def test_message_says_its_parts_and_what_it_cost(signed_in: Client, running: Campaign) -> None:
    paid = Message.objects.get(cost__USD=70_000)
    shown = page(signed_in, f"/campaigns/{running.pk}/messages/{paid.pk}/")
    assert "<dt>SMS parts</dt><dd>2</dd>" in shown
    assert "<dt>Cost</dt><dd>0.07 USD</dd>" in shown


def test_line_and_pool_say_what_they_spent_lately(signed_in: Client, running: Campaign, line: Gateway) -> None:
    for path in (f"/lines/{line.pk}/", f"/pools/{line.pool_id}/"):
        shown = page(signed_in, path)
        assert "<dt>Today</dt><dd>0.07 USD + 2 parts without a price" in shown
        assert "<dt>This month</dt><dd>0.07 USD + 2 parts without a price" in shown


def test_export_carries_parts_and_costs(signed_in: Client, running: Campaign) -> None:
    answer_ = signed_in.get(f"/campaigns/{running.pk}/export/")
    book = load_workbook(io.BytesIO(b"".join(answer_.streaming_content)))
    titles, *rows = book.worksheets[0].values
    place = titles.index("SMS parts")
    assert titles[place : place + 4] == ("SMS parts", "Price a part", "Currency", "Cost")
    assert [row[place : place + 4] for row in rows] == [
        (2, 0.035, "USD", 0.07),
        (2, None, None, "2 parts without a price"),
        (2, None, None, None),
    ]
    lines = list(book.worksheets[1].values)
    assert lines[1][-2:] == (4, "0.07\u00a0USD + 2 parts without a price")


def test_status_by_command_tells_costs(running: Campaign) -> None:
    out = StringIO()
    call_command("campaign", "status", "Cobranza", "--json", stdout=out)
    told = json.loads(out.getvalue())
    assert told["sms"] == {"parts": 4, "unpriced_parts": 2, "cost": {"USD": "0.07"}, "parts_left": 2}
    assert told["lanes"][0]["cost"] == {"USD": "0.07"}
    with override("en"):
        out = StringIO()
        call_command("campaign", "status", "Cobranza", stdout=out)
    assert "SMS parts: 4\n  cost: 0.07\u00a0USD + 2 parts without a price\n" in out.getvalue()


def test_messages_of_before_have_no_cost(signed_in: Client, running: Campaign) -> None:
    names = ("parts", "paid_parts", "unpriced_parts", "cost")
    collection(Message).update_many({}, {"$unset": dict.fromkeys(names, "")})
    assert running.audience == AudienceKind.ALL
    row = Message.objects.all()[0]
    assert "SMS parts" not in page(signed_in, f"/campaigns/{running.pk}/messages/{row.pk}/")
