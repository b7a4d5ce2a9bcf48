"""Pools and lines by command, in the database."""

import json
from io import StringIO
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.test import override_settings

from gateways import commands, queries
from gateways.errors import GatewayError
from gateways.models import Channel, Gateway, Pool
from gateways.registry import line_of, provider_for
from lib.mongo import collection
from tests.gateways.far_side import FarSide, answers

pytestmark = pytest.mark.django_db

TEMPLATE = "https://host/send?to={phone}&text={message}&key=hush"


def run(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def refusal(*arguments: str) -> str:
    with pytest.raises(CommandError) as caught:
        run(*arguments)
    return str(caught.value)


def add_line(name: str = "Line", *more: str, pool: str = "SMS", template: str = TEMPLATE) -> None:
    run("gateway", "add", name, "--kind", "http_generic", "--pool", pool, "--url-template", template, *more)


# Moving and deleting -------------------------------------------------------------------------------------------------
def test_line_is_moved_and_deleted_and_then_its_pool() -> None:
    for name in ("SMS", "Otro"):
        run("pool", "add", name, "--channel", "sms")
    run("pool", "add", "WA", "--channel", "whatsapp")
    add_line()
    assert "Otro" in run("gateway", "move", "Line", "--pool", "Otro")
    assert Gateway.objects.get().pool.name == "Otro"
    assert "WA" in refusal("gateway", "move", "Line", "--pool", "WA")
    assert "Line" in refusal("pool", "delete", "Otro")
    commands.create_session(name="Ventas 1", pool="WA")
    assert "Ventas 1" in refusal("gateway", "delete", "Ventas 1")
    run("gateway", "delete", "Line")
    run("pool", "delete", "Otro")
    assert [pool.name for pool in Pool.objects.order_by("name")] == ["SMS", "WA"]
    assert [row.name for row in queries.gateways()] == ["Ventas 1"]


# Pools ---------------------------------------------------------------------------------------------------------------
def test_pool_is_added_with_its_channels_pace() -> None:
    run("pool", "add", "SMS", "--channel", "sms")
    run("pool", "add", "WA", "--channel", "whatsapp", "--strategy", "fixed_turns")
    run("pool", "add", "Quick", "--channel", "whatsapp", "--delay", "2")
    run("pool", "add", "Own", "--channel", "sms", "--delay", "3", "--variation", "1.5", "--strategy", "random_turns")
    assert json.loads(run("pool", "list", "--json")) == [
        {"name": name, "channel": channel, "strategy": strategy, "delay": delay, "variation": variation,
         "active": True, "gateways": 0, "auto_throttle": False, "throttle_target": 3, "throttle_max": 3.0}
        for name, channel, strategy, delay, variation in [
            ("Own", "sms", "random_turns", 3.0, 1.5), ("Quick", "whatsapp", "competitive", 2.0, 2.0),
            ("SMS", "sms", "competitive", 0.0, 0.0), ("WA", "whatsapp", "fixed_turns", 10.0, 5.0),
        ]
    ]  # fmt: skip
    assert run("pool", "list").splitlines()[0] == "Own  sms  random_turns  3 ± 1.5 s  lines: 0  active"


def test_pool_may_lengthen_its_delay_with_the_number_of_its_lines() -> None:
    run("pool", "add", "A", "--channel", "whatsapp", "--auto-throttle")
    run("pool", "add", "B", "--channel", "sms", "--delay", "2", "--auto-throttle", "--throttle-target", "5",
        "--throttle-max", "1.5")  # fmt: skip
    throttles = Pool.objects.order_by("name").values_list("auto_throttle", "throttle_target", "throttle_max")
    assert list(throttles) == [(True, 3, 3.0), (True, 5, 1.5)]
    assert run("pool", "list").splitlines()[1] == (
        "B  sms  competitive  2 ± 0 s (up to × 1.5 beyond 5 lines)  lines: 0  active"
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("X", "--channel", "whatsapp", "--throttle-target", "2"), "need the throttle"),
        (("X", "--channel", "sms", "--auto-throttle"), "this pool has none: give it one"),
        (("X", "--channel", "whatsapp", "--auto-throttle", "--throttle-target", "0"), "from 1 to 1000"),
        (("X", "--channel", "whatsapp", "--auto-throttle", "--throttle-max", "0.5"), "from 1 to 100"),
        (("X", "--channel", "whatsapp", "--auto-throttle", "--throttle-max", "nan"), "from 1 to 100"),
        (("  ", "--channel", "sms"), "1 to 100 characters"),
        (("x" * 101, "--channel", "sms"), "1 to 100 characters"),
        (("P", "--channel", "fax"), "invalid choice"),
        (("P", "--channel", "sms", "--strategy", "best"), "invalid choice"),
        (("P", "--channel", "sms", "--delay", "-1"), "delay is a number of seconds from 0"),
        (("P", "--channel", "sms", "--delay", "nan"), "delay is a number of seconds from 0"),
        (("P", "--channel", "sms", "--delay", "5", "--variation", "6"), "variation is a number of seconds from 0"),
        (("P", "--channel", "sms", "--delay", "5", "--variation=-1"), "variation is a number of seconds from 0"),
    ],
)
def test_wrong_pool_is_refused(arguments: tuple[str, ...], words: str) -> None:
    assert words in refusal("pool", "add", *arguments)
    assert Pool.objects.count() == 0


def test_second_pool_of_a_name_is_refused() -> None:
    run("pool", "add", "SMS", "--channel", "sms")
    assert refusal("pool", "add", " SMS ", "--channel", "whatsapp") == (
        "There is a pool “SMS” already: choose another name."
    )


def test_lists_say_when_there_is_nothing() -> None:
    assert (run("pool", "list"), run("gateway", "list")) == (
        "There are no pools yet.\n",
        "There are no gateways yet.\n",
    )


# Lines ---------------------------------------------------------------------------------------------------------------
def test_line_is_added_with_its_secrets_sealed() -> None:
    run("pool", "add", "SMS", "--channel", "sms")
    add_line("Line", "--set", "timeout_s=20", "--set", 'headers={"X-Key": "a=b hush"}')
    gateway = Gateway.objects.get(name="Line")
    assert (gateway.channel, gateway.pool.name, gateway.active, gateway.config["timeout_s"]) == (
        "sms", "SMS", True, 20,
    )  # fmt: skip
    assert "hush" not in json.dumps(gateway.config)
    stored = collection(Gateway).find_one({"_id": gateway.pk})
    assert stored is not None
    assert "hush" not in str(stored)
    assert gateway.secrets["callback_secret"] not in str(stored)
    assert len(gateway.secrets["callback_secret"]) >= 32
    line = line_of(gateway)
    assert (line.config["url"], line.config["headers"]) == (TEMPLATE, {"X-Key": "a=b hush"})
    assert "callback_secret" not in line.config
    assert "hush" not in repr(line)


def test_list_masks_secrets() -> None:
    run("pool", "add", "SMS", "--channel", "sms")
    add_line()
    text, as_json = run("gateway", "list"), run("gateway", "list", "--json")
    secret = Gateway.objects.get().secrets["callback_secret"]
    assert [word in text + as_json for word in ("hush", secret)] == [False, False]
    assert text == "Line  http_generic  SMS  https://host/send  ok  active\n"
    [row] = json.loads(as_json)
    assert {name: row[name] for name in ("name", "kind", "channel", "pool", "active", "health")} == {
        "name": "Line", "kind": "http_generic", "channel": "sms", "pool": "SMS", "active": True, "health": "ok",
    }  # fmt: skip
    assert (row["fields"]["url"], row["fields"]["timeout_s"]) == ("https://host/send", 15)
    assert queries.pools()[0].gateways == 1


def test_fields_alone_make_a_line_too() -> None:
    run("pool", "add", "SMS", "--channel", "sms")
    run("gateway", "add", "L", "--kind", "http_generic", "--pool", "SMS", "--set", "url=https://host/s",
        "--set", "method=POST", "--set", 'body={"to": "{phone}", "text": "{message}"}')  # fmt: skip
    assert line_of(Gateway.objects.get()).config["method"] == "POST"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"kind": "telegraph"}, "http_generic"),
        ({"pool": "Nope"}, "There is no pool “Nope”. Pools of the channel sms: SMS."),
        (
            {"pool": "WA"},
            "The pool “WA” is of the channel whatsapp; this line is of sms. Pools of the channel sms: SMS.",
        ),
        ({"url_template": "https://host/?to={phone}"}, "has no message"),
        ({"url_template": "gopher://device"}, "http://, https://"),
        ({"url_template": ""}, "needs a URL template or its fields"),
        ({"fields": {"speed": "9"}}, "no field speed"),
        ({"fields": {"timeout_s": "0"}}, "timeout_s: takes a number from 1 to 60"),
        ({"name": ""}, "1 to 100 characters"),
        ({"name": "Taken"}, "There is a gateway “Taken” already"),
    ],
)
def test_wrong_line_is_refused_and_nothing_is_stored(changes: dict[str, Any], words: str) -> None:
    commands.create_pool(name="SMS", channel=Channel.SMS)
    commands.create_pool(name="WA", channel=Channel.WHATSAPP)
    right: dict[str, Any] = {"name": "New", "kind": "http_generic", "pool": "SMS", "url_template": TEMPLATE}
    commands.create_gateway(**{**right, "name": "Taken"})
    with pytest.raises(GatewayError) as caught:
        commands.create_gateway(**{**right, **changes})
    assert words in str(caught.value)
    assert "hush" not in str(caught.value)
    assert list(Gateway.objects.values_list("name", flat=True)) == ["Taken"]


def test_line_without_any_pool_says_how_to_make_one() -> None:
    with pytest.raises(CommandError, match=r"manage.py pool add NAME --channel sms"):
        add_line()


def test_line_whose_secrets_no_key_opens_is_still_listed() -> None:
    run("pool", "add", "SMS", "--channel", "sms")
    add_line()
    with override_settings(SEAL_KEYS=[Fernet.generate_key().decode()]):
        [row] = json.loads(run("gateway", "list", "--json"))
        assert "WHATSMASSIVE_SEAL_KEYS" in refusal("gateway", "check", "Line")
    assert (row["fields"]["url"], row["fields"]["method"]) == ("•••", "GET")


@pytest.mark.parametrize("given", [["method"], ["=POST"], ["method=POST", "--set", "method=GET"]])
def test_set_that_cannot_be_read_is_refused(given: list[str]) -> None:
    assert "--set" in refusal("gateway", "add", "L", "--kind", "http_generic", "--pool", "P", "--set", *given)


def test_line_is_deactivated_and_activated() -> None:
    run("pool", "add", "SMS", "--channel", "sms")
    add_line()
    assert run("gateway", "deactivate", "Line") == "Gateway “Line” is inactive.\n"
    assert Gateway.objects.get().active is False
    assert run("gateway", "activate", "Line") == "Gateway “Line” is active.\n"
    assert Gateway.objects.get().active is True
    assert refusal("gateway", "activate", "Nope") == "There is no gateway “Nope”. Gateways: Line."


def test_check_says_whether_the_line_can_be_reached() -> None:
    run("pool", "add", "SMS", "--channel", "sms")
    with FarSide(answers(200)) as far:
        add_line(template=far.url + "/send?to={phone}&text={message}")
        assert run("gateway", "check", "Line") == "Gateway “Line” can be reached.\n"
        assert far.heard == []
    assert refusal("gateway", "check", "Line") == "Gateway “Line” can't be used: The host took no connection."


@override_settings(PUBLIC_URL="https://us.example/")
def test_phones_are_told_whom_to_call_where_they_can_be() -> None:
    run("pool", "add", "SMS", "--channel", "sms")
    add_line()
    assert "give its callback address to the SMS company" in refusal("gateway", "register", "Line")
    with FarSide(answers(201, b"{}")) as far:
        template = f"sms-gate://me:hush@phone-1?baseUrl={far.url}/3rdparty/v1"
        commands.create_gateway(name="Phone", pool="SMS", url_template=template)
        assert run("gateway", "register", "Phone") == "Gateway “Phone” calls this server from now on.\n"
    told = [json.loads(heard.body) for heard in far.heard]
    address = line_of(Gateway.objects.get(name="Phone")).callback_url
    assert {(one["url"], one["deviceId"]) for one in told} == {(address, "phone-1")}
    assert {one["event"] for one in told} >= {"sms:sent", "sms:delivered", "sms:failed", "sms:received"}
    assert refusal("gateway", "register", "Phone") == (
        "Gateway “Phone” was not told whom to call: The host took no connection."
    )


# From the stored line to its provider --------------------------------------------------------------------------------
@override_settings(PUBLIC_URL="https://us.example/")
def test_callback_address_holds_the_lines_secret() -> None:
    commands.create_pool(name="SMS", channel=Channel.SMS)
    gateway = commands.create_gateway(name="L", kind="http_generic", pool="SMS", url_template=TEMPLATE)
    secret = gateway.secrets["callback_secret"]
    assert line_of(gateway).callback_url == f"https://us.example/hooks/{gateway.pk}/{secret}"


@override_settings(PUBLIC_URL="", ALLOW_PRIVATE_GATEWAYS=False)
def test_line_without_a_public_address_has_no_callback() -> None:
    commands.create_pool(name="SMS", channel=Channel.SMS)
    line = line_of(commands.create_gateway(name="L", kind="http_generic", pool="SMS", url_template=TEMPLATE))
    assert (line.callback_url, line.allow_private) == ("", False)


def test_field_that_the_kind_gained_since_has_its_default() -> None:
    commands.create_pool(name="SMS", channel=Channel.SMS)
    gateway = commands.create_gateway(name="L", kind="http_generic", pool="SMS", url_template=TEMPLATE)
    del gateway.config["concurrency"]
    gateway.save(update_fields=["config"])
    assert provider_for(line_of(Gateway.objects.get())).batch_size == 16


def test_new_seal_key_can_seal() -> None:
    key = run("new_seal_key").strip()
    with override_settings(SEAL_KEYS=[key]):
        from lib.sealed import seal, unseal

        assert unseal(seal({"a": "ñ"})) == {"a": "ñ"}


def test_pool_is_deactivated_and_activated() -> None:
    commands.create_pool(name="Nocturno", channel=Channel.SMS)
    for action, active in (("deactivate", False), ("activate", True)):
        run("pool", action, "Nocturno")
        assert Pool.objects.get(name="Nocturno").active is active


def test_pool_that_is_not_there_can_t_be_activated() -> None:
    assert refusal("pool", "activate", "Nadie") == "There is no pool “Nadie”. Pools: —."


def test_pool_is_changed_where_it_is_said_and_nowhere_else() -> None:
    run("pool", "add", "Norte", "--channel", "whatsapp", "--delay", "8", "--auto-throttle", "--throttle-target", "5")
    run("pool", "set", "Norte", "--strategy", "fixed_turns", "--delay", "2")
    pool = Pool.objects.get(name="Norte")
    assert (pool.strategy, pool.delay_seconds, pool.variation_seconds) == ("fixed_turns", 2, 2)
    assert (pool.auto_throttle, pool.throttle_target) == (True, 5)
    run("pool", "set", "Norte", "--no-auto-throttle")
    pool.refresh_from_db()
    assert (pool.strategy, pool.delay_seconds, pool.auto_throttle) == ("fixed_turns", 2, False)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["Nadie", "--delay", "1"], "There is no pool"),
        (["Norte", "--delay", "-1"], "delay is a number of seconds"),
        (["Norte", "--delay", "0", "--auto-throttle"], "this pool has none: give it one"),
    ],
)
def test_wrong_change_of_a_pool_changes_nothing(arguments: list[str], said: str) -> None:
    run("pool", "add", "Norte", "--channel", "whatsapp")
    before = Pool.objects.filter(name="Norte").values().get()
    with pytest.raises(CommandError, match=said):
        run("pool", "set", *arguments)
    assert Pool.objects.filter(name="Norte").values().get() == before
