"""What a new campaign may be made of, and what is said of what can't be used."""

from typing import Any

import pytest

from campaigns.commands import create
from campaigns.drafts import Draft, validate
from campaigns.errors import CampaignError
from campaigns.models import Campaign
from gateways.models import Channel, Pool
from tests.factories.sending import make_pool

pytestmark = pytest.mark.django_db

NAME = "Give the campaign a name of 1 to 120 characters, on one line."
ZONE = "“%s” is no time zone. Write it like America/Santiago or Europe/Madrid."


@pytest.fixture(autouse=True)
def pools() -> None:
    make_pool("sms")
    Pool.objects.create(name="wa", channel=Channel.WHATSAPP)


def draft(**fields: Any) -> Draft:
    return Draft(**{"name": "Noviembre", "channel": "sms", "message": "Hola {nombre}", "sms_pool": "sms", **fields})


def test_validate_takes_the_defaults() -> None:
    campaign = validate(draft(name="  Noviembre "))
    create(campaign)
    stored = Campaign.objects.get(name="Noviembre")
    assert (stored.status, stored.rotation, stored.texts) == ("draft", "none", ["Hola {nombre}"])
    assert (stored.window_start, stored.window_end, stored.window_days) == ("08:00", "20:00", [0, 1, 2, 3, 4, 5])
    assert (stored.timezone, stored.country, stored.strict) == ("America/Santiago", "CL", False)
    assert (stored.audience, stored.audience_imports) == ("none", [])
    assert stored.sms_pool == Pool.objects.get(name="sms")
    assert stored.whatsapp_pool is None


def test_validate_takes_both_pools_for_a_fallback_and_variants_in_turn() -> None:
    campaign = validate(
        draft(channel="whatsapp_fallback_sms", whatsapp_pool="wa", variants=["A", "B"], hours="none", country="es")
    )
    create(campaign)
    stored = Campaign.objects.get()
    assert (stored.rotation, stored.texts) == ("round_robin", ["Hola {nombre}", "A", "B"])
    assert (stored.whatsapp_pool.name, stored.sms_pool.name) == ("wa", "sms")
    assert stored.window.always
    assert stored.country == "ES"


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"name": "  "}, NAME),
        ({"name": "x" * 121}, NAME),
        ({"name": "dos\nlíneas"}, NAME),
        ({"name": "not utf-8 \udce1"}, NAME),
        ({"channel": "fax"}, "“fax” is no channel. Choose one of: whatsapp, sms, whatsapp_fallback_sms."),
        ({"message": " "}, "The message: The message is empty. Write the text to send."),
        (
            {"message": "Hola {nombre"},
            "The message: The brace at character 6 (“{nombre”) opens a placeholder that is not closed. "
            "Write {name}, or {{ for a brace in the text.",
        ),
        (
            {"variants": ["Hola", "Chao }"]},
            "Variant 2: The brace at character 6 (“}”) closes nothing. Remove it, or write }} for a brace in the text.",
        ),
        ({"variants": [""]}, "Variant 1: The message is empty. Write the text to send."),
        ({"rotation": "dance"}, "“dance” is no rotation. Choose one of: none, round_robin, random."),
        ({"rotation": "random"}, "Rotation needs at least one variant: add one, or choose “none”."),
        (
            {"rotation": "none", "variants": ["Hola"]},
            "With rotation “none” the variants would never be sent: choose another rotation.",
        ),
        (
            {"sms_pool": ""},
            "This campaign has no pool to send through: name one for SMS with --sms-pool. There are: sms.",
        ),
        ({"sms_pool": "other"}, "There is no pool for SMS called “other”. There are: sms."),
        ({"sms_pool": "wa"}, "The pool “wa” is not for SMS: --sms-pool needs one that is. There are: sms."),
        ({"whatsapp_pool": "wa"}, "--whatsapp-pool makes no sense for the channel “sms”: leave it out."),
        (
            {"channel": "whatsapp_fallback_sms"},
            "This campaign has no pool to send through: name one for WhatsApp with --whatsapp-pool. There are: wa.",
        ),
        ({"timezone": "Mars/Olympus"}, ZONE % "Mars/Olympus"),
        ({"timezone": "america/santigo"}, ZONE % "america/santigo" + " Did you mean America/Santiago?"),
        ({"timezone": "America"}, ZONE % "America"),
        ({"timezone": "../../etc/passwd"}, ZONE % "../../etc/passwd"),
        ({"hours": "8 to 20"}, "“8 to 20” is no sending window. Write it like 08:00-20:00, or none."),
        (
            {"hours": "09:00-09:00"},
            "The sending window “09:00-09:00” begins and ends at the same time. Write none for all day.",
        ),
        ({"days": "mon-foo"}, "“mon-foo” names no days. Write them like mon-sat, or mon,wed,fri, or all."),
        ({"country": "Chile"}, "“Chile” is no country. Write it in two letters, like CL or ES."),
    ],
)
def test_validate_of_what_cannot_be_used_says_what_to_do(fields: dict[str, Any], sentence: str) -> None:
    with pytest.raises(CampaignError) as caught:
        validate(draft(**fields))
    assert str(caught.value) == sentence
    assert Campaign.objects.count() == 0


def test_validate_with_no_pool_of_the_channel_says_how_to_add_one() -> None:
    Pool.objects.all().delete()
    with pytest.raises(CampaignError) as caught:
        validate(draft())
    assert str(caught.value) == "There is no pool for SMS called “sms”. Add one with `manage.py pool add`."


def test_validate_and_create_of_a_name_that_is_taken_are_refused() -> None:
    late = validate(draft())
    create(validate(draft()))
    sentence = "There is already a campaign called “Noviembre”. Choose another name."
    for act in (lambda: validate(draft()), lambda: create(late)):
        with pytest.raises(CampaignError) as caught:
            act()
        assert str(caught.value) == sentence
    assert Campaign.objects.count() == 1
