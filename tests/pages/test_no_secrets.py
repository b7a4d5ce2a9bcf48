"""Secrets of lines are found nowhere: not in a page, a live part, a log, an export, a command's output or a document.

Every kind of line is tried with a secret in each of its secret fields, against far sides that say again all that was
said to them, in each form that it may come back in. A new kind needs its row in GIVEN.
"""

import asyncio
import base64
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from asgiref.testing import ApplicationCommunicator
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import User
from domain.delivery import Outbound
from engine import deliver
from gateways import calls, commands
from gateways.kinds import KINDS
from gateways.models import Gateway
from gateways.registry import line_of, provider_for
from gateways.webhooks import Webhooks
from lib.mongo import database
from live.fragments import all_fragments
from systemlog.handler import SystemLogHandler
from tests.factories.sending import make_pool
from tests.gateways.far_side import FarSide, Script, Talk, closes_after_reading, response

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:invalid escape sequence")]

SECRETS = [f"hush/4+x~'&{place}-{place * 7 + 11}" for place in range(5)]
"""With signs that each way of writing texts escapes in its own way."""

GIVEN: dict[str, dict[str, Any]] = {
    "http_generic": {
        "url": "{far}/send?key={secret0}&to={phone}", "method": "POST", "auth": "basic", "token": "{secret1}:{secret2}",
        "body": '{"text": "{message}", "id": "{id}", "back": "{callback_url}"}', "headers": {"X-Account": "{secret3}"},
        "status_url": "{far}/state?id={id}&t={secret4}", "id_path": "id",
    },
    "infobip": {"base_url": "{far}", "token": "{secret0}", "sender": "Norte", "rate_per_second": 0},
    "sms_gate": {
        "base_url": "{far}", "mode": "private", "auth": "basic", "token": "{secret0}:{secret1}",
        "signing_key": "{secret2}",
    },
}  # fmt: skip
"""The fields of a line of each kind: all that are secret, and what else it can't do without."""

LINES = [kind for kind in KINDS.values() if not kind.needs_session]


def fields_of(kind: str, far: str) -> dict[str, Any]:
    declared = {field.name for field in KINDS[kind].fields}

    def put_in(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: put_in(each) for name, each in value.items()}
        if not isinstance(value, str):
            return value
        for place, secret in enumerate(SECRETS):
            value = value.replace(
                f"{{secret{place}}}", quote_plus(secret) if "://" in value or "{far}" in value else secret
            )
        return value.replace("{far}", far)

    return {name: put_in(value) for name, value in GIVEN[kind].items() if name in declared}


def hidden(line: Gateway) -> list[str]:
    """What must not be found: each secret, and its middle in base64, wherever it begins there."""
    used = [secret for secret in [*SECRETS, line.secrets["callback_secret"]] if secret in _texts(line)]
    assert line.secrets["callback_secret"] in used
    cores = [base64.b64encode(b"\0" * place + each.encode()).decode()[4:-4] for each in used for place in range(3)]
    forms = [quote(each, safe="") for each in used] + [quote_plus(each) for each in used]
    return [*used, *cores, *forms, *(each.encode().hex() for each in used), *(json.dumps(each)[1:-1] for each in used)]


def _texts(line: Gateway) -> str:
    plain = json.dumps(dict(line.secrets), ensure_ascii=False)
    return plain + "".join(secret for secret in SECRETS if quote_plus(secret) in plain)


def echo(status: int) -> Script:
    """Says again all that it was told, in every form."""

    def script(talk: Talk) -> None:
        heard = talk.read()
        if heard is None:
            return  # a check of the connection alone
        plain = f"{heard.target} {heard.headers} {heard.body.decode()}"
        inside = base64.b64encode(f"x={SECRETS[0]}&{SECRETS[2]};".encode()).decode()
        page = [plain, quote(plain), quote_plus(plain), json.dumps(plain), *SECRETS, inside, quote(inside)]
        page += [secret.encode().hex() for secret in SECRETS]
        body = json.dumps({"id": "77", "message": page[0], "you_said": page, "error": SECRETS[1]})
        talk.write(response(status, body.encode(), f"X-Echo: {quote(plain)}", "Set-Cookie: sid=abc123"))

    return script


@contextmanager
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """What processes log goes to MongoDB too."""
    handler = SystemLogHandler()
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        with caplog.at_level(logging.DEBUG):
            yield
    finally:
        handler.flush_and_stop()
        root.removeHandler(handler)


def call_back(line: Gateway, *, body: bytes, secret: str = "", method: str = "POST") -> int:
    """A call to the line's address, with secrets in all that it says."""

    async def call() -> int:
        path = f"/hooks/{line.pk}/{secret or line.secrets['callback_secret']}"
        headers = [(b"x-key", SECRETS[0].encode()), (b"authorization", f"Bearer {SECRETS[1]}".encode())]
        query = f"token={quote(SECRETS[2])}&x={quote(SECRETS[0])}".encode()
        scope = {"type": "http", "method": method, "path": path, "headers": headers, "query_string": query}
        talk = ApplicationCommunicator(Webhooks(), scope)
        await talk.send_input({"type": "http.request", "body": body})
        status: int = (await talk.receive_output(timeout=60))["status"]
        await talk.receive_output(timeout=60)
        await talk.wait(timeout=60)
        return status

    return asyncio.run(call())


def command(*arguments: str) -> str:
    out, err = StringIO(), StringIO()
    try:
        call_command(*arguments, stdout=out, stderr=err)
    except CommandError as error:
        return out.getvalue() + err.getvalue() + str(error)
    return out.getvalue() + err.getvalue()


@pytest.mark.parametrize("kind", [kind.name for kind in LINES])
def test_secrets_of_a_line_are_found_nowhere(
    kind: str, signed_in: Client, staff: User, caplog: pytest.LogCaptureFixture, settings: Any
) -> None:
    settings.PUBLIC_URL = "https://us.example"
    staff.is_staff = staff.is_superuser = True
    staff.save()
    make_pool("SMS")
    found: dict[str, str] = {}
    with logged(caplog):
        line = None
        for place, script in enumerate((echo(200), echo(400), echo(500), closes_after_reading)):
            with FarSide(script) as far:
                fields = fields_of(kind, far.url)
                if line is None:
                    line = commands.create_gateway(name="Empresa A", kind=kind, pool="SMS", fields=fields)
                else:
                    commands.change_gateway(name=line.name, fields=fields)
                    Gateway.objects.filter(pk=line.pk).update(next_send_at=None, failures=0, health="ok")
                signed_in.post(f"/lines/{line.pk}/test/", {"phone": f"+56 9 1111 111{place}", "text": "Hola"})
                deliver.deliver(line.pk)
                provider = provider_for(line_of(Gateway.objects.get(pk=line.pk)))
                doubt = Outbound(f"{place:032x}", "m", "+56911111111", "Hola")
                found[f"check {place}"] = repr(provider.check())
                found[f"doubt {place}"] = repr(provider.reconcile(doubt, not_after=1e12))
                found[f"news {place}"] = repr([*provider.poll([doubt])])
                if not place:
                    found["gateway check"] = command("gateway", "check", line.name)
        assert line is not None
        line.refresh_from_db()
        said = " ".join([*SECRETS, line.secrets["callback_secret"]])
        for body in (said.encode(), json.dumps({"id": "a", "status": "failed", "error": said}).encode()):
            call_back(line, body=body)
        assert call_back(line, body=b"", secret="wrong-secret") == 404
        assert call_back(line, body=b"", method="DELETE") == 405
        assert calls.flush()
        found |= pages_of(line, signed_in)
    for name in ("gateway list", "gateway list --json", "pool list --json", "reseal --check --json"):
        found[name] = command(*name.split())
    found["process"] = caplog.text + repr([vars(record) for record in caplog.records])
    found["documents"] = documents()
    plain = {name: text + text.encode().decode("unicode_escape", "replace") for name, text in found.items()}
    assert {name: [each for each in hidden(line) if each in text] for name, text in plain.items()} == {
        name: [] for name in plain
    }
    purposes = {row["purpose"] for row in database.get_database()["gateways_call"].find()}
    assert purposes >= {"send", "callback"}


def pages_of(line: Gateway, client: Client) -> dict[str, str]:
    """Every page that shows anything of the line, in one language: what is shown doesn't depend on it."""
    table = database.get_database()["gateways_call"]
    kept = list(table.find({}, {"purpose": 1, "told.status": 1}))
    assert len(kept) >= 6
    rows = {(row["purpose"], row["told"]["status"]): row["_id"] for row in kept}.values()  # one of each sort
    own = f"/lines/{line.pk}/"
    addresses = [own, f"{own}edit/", f"{own}calls/", *(f"{own}calls/{pk}/" for pk in rows), "/pools/", "/", "/log/"]
    addresses += [f"/pools/{line.pool_id}/", "/log/export/", f"/admin/gateways/gateway/{line.pk}/change/"]
    addresses += [f"/admin/gateways/call/{pk}/change/" for pk in rows] + ["/admin/gateways/call/"]
    found = {}
    for address in addresses:
        answer = client.get(address)
        assert answer.status_code == 200, address
        found[address] = (b"".join(answer.streaming_content) if answer.streaming else answer.content).decode()
    for fragment in all_fragments():
        if fragment.name.startswith(("line-", "pool-", "log-tail")):
            key = "" if fragment.name == "log-tail" else line.pool_id if fragment.name.startswith("pool-") else line.pk
            found[fragment.name] = fragment.render(str(key), over_socket=True)
    return found


def documents() -> str:
    """Every document of the database as it lies there, without what is sealed."""
    everything = []
    for name in database.get_database().list_collection_names():
        for row in database.get_database()[name].find():
            if name == "gateways_gateway":
                assert row.pop("secrets").startswith("gAAAA")
            everything.append(repr(row))
    return "\n".join(everything)


def test_every_kind_is_tried_with_all_of_its_secrets() -> None:
    for kind in LINES:
        secret = {field.name for field in kind.fields if field.secret}
        given = {name for name, value in GIVEN[kind.name].items() if "{secret" in json.dumps(value)}
        assert secret <= given, f"{kind.name}: give its secret fields a secret in GIVEN: {secret - given}"
