"""Who gets what: each role at each URL and each live part, of their own and of somebody else's (table.py)."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from bson import ObjectId
from django.core.checks import run_checks
from django.test import Client
from django.urls import Resolver404, resolve, reverse

from accounts import access
from accounts.access import ACCESS
from accounts.models import SavedFilter, SignIn, User
from accounts.roles import set_role
from campaigns.models import Attachment, Campaign
from debtors.models import Suppression
from domain.delivery import Incoming
from domain.people import person_key
from domain.roles import Role
from domain.states import MessageStatus
from gateways.models import Gateway
from live.fragments import all_fragments, fragment_named
from messaging import claims, receipts
from messaging.models import Kind, Message, Review
from outreach.commands import add_contact
from outreach.models import Digest
from tests.access.table import OPEN, PAGES, PARTS
from tests.factories.debtors import make_debtor
from tests.factories.sending import add_messages, make_campaign
from tests.pages import scene as scenes
from tests.pages.scene import Scene
from whatsmassive.checks import view_names

pytestmark = pytest.mark.django_db
E, S, A = Role.EXECUTIVE, Role.SUPERVISOR, Role.ADMINISTRATOR
ABSENT = "0" * 24
ME = "ME"
"""In a key of a live part: whoever asks for it."""


def user(name: str, role: Role, phone: str = "") -> User:
    made = User.objects.create_user(name, first_name=name.title(), phone=phone)
    set_role(made, role)
    return made


class World:
    """A scene in which everything is Luis's, an executive, and what another executive has."""

    def __init__(self, folder: Path) -> None:
        self.users = {E: user("luis", E, "+56988880001"), S: user("sofia", S), A: user("ana", A)}
        self.luis, self.eva = self.users[E], user("eva", E, "+56988880009")
        self.scene = scene = Scene(self.luis, folder)
        self.clients = {role: self._client(who) for role, who in self.users.items()}
        campaign = make_campaign(scene.sms, "De Eva")
        add_messages(campaign, 1, status=MessageStatus.SENT)
        file = Attachment.objects.create(filename="eva.pdf", mimetype="application/pdf", size=1, sha256="2", data=b"%")
        Campaign.objects.filter(pk=campaign.pk).update(owner=self.eva, attachment=file)
        Campaign.objects.filter(pk=scene.fallback.pk).update(owner=self.luis)
        debtor = make_debtor("Otra", owner=self.eva)
        receipts.store(str(scene.connected.gateway), [Incoming("9", debtor.phone, "Hola")])
        digests = [self._sent(Kind.DIGEST, each.phone).pk for each in (self.luis, self.eva)]
        self._sent(Kind.REPLY, debtor.phone, attachment=file.pk)
        contact = add_contact(rut="44444444-4", name="Eva", phone=self.eva.phone)
        saved = SavedFilter.objects.create(list_name="debtors", name="De Eva", owner=self.eva, changed_at=scene.now)
        people = (person_key(scene.person), person_key(debtor.phone))
        mine, theirs = (Message.objects.filter(campaign=pk)[:1].get().pk for pk in (scene.running.pk, campaign.pk))
        self.arguments: Mapping[str, tuple[Sequence[object], Sequence[object]]] = {
            "-": ((), ()),
            "=debtor": ((), ()),
            "person": ((people[0],), (people[1],)),
            "sent-file": ((people[0], scene.attachment.pk), (people[1], file.pk)),
            "quick-reply": ((scene.quick.pk,), ()),
            "debtor": ((scene.debtor.pk,), (debtor.pk,)),
            "two-debtors": ((scene.debtor.pk, scene.twin.pk), (debtor.pk, scene.twin.pk)),
            "work": ((scene.works[0].pk,), ()),
            "work-act": ((scene.works[0].pk, "stop"), ()),
            "suppression": ((Suppression.objects.order_by("pk")[:1].get().pk,), ()),
            "suppression-file": ((scene.suppression_files[0].pk,), ()),
            "review": ((Review.objects.order_by("pk")[:1].get().pk,), ()),
            "campaign": ((scene.running.pk,), (campaign.pk,)),
            "message": ((scene.running.pk, mine), (campaign.pk, theirs)),
            "attachment": ((scene.attachment.pk,), (file.pk,)),
            "draft": ((scene.draft.pk,), (scene.draft.pk,)),
            "step": ((scene.draft.pk, "message"), (scene.draft.pk, "message")),
            "upload": ((scene.uploads[1].pk,), (scene.uploads[1].pk,)),
            "import": ((scene.imported.pk,), (scene.imported.pk,)),
            "session": ((scene.connected.pk,), ()),
            "act": ((scene.connected.pk, "reload"), ()),
            "pool": ((scene.sms.pk,), ()),
            "line": ((scene.line.pk,), ()),
            "call": ((scene.line.pk, scene.call.pk), ()),
            "group": (("sending",), ()),
            "contact": ((scene.contact.pk,), (contact.pk,)),
            "book-file": ((scene.book_files[0].pk,), ()),
            "digest": ((digests[0],), (digests[1],)),
            "check": ((scene.checks[0].pk,), ()),
            "check-act": ((scene.checks[0].pk, "stop"), ()),
            "entry": ((scene.entry.pk,), ()),
            "user": ((self.luis.pk,), (self.eva.pk,)),
            "list": (("debtors",), ()),
            "filter-act": ((scene.saved.pk, "open"), (saved.pk, "open")),
            "sign-in": (self._sign_in(self.luis), self._sign_in(scene.executive)),
        }
        self.forms = {"=debtor": ({"debtor": str(scene.debtor.pk)}, {"debtor": str(debtor.pk)})}
        self.keys = {
            "-": ("", ""),
            "texts": (f"{people[0]}.0.0", f"{people[1]}.0.0"),
            "head": (f"{people[0]}.{ME}", f"{people[1]}.{ME}"),
            "head-as-another": (f"{people[0]}.{scene.gone.pk}", f"{people[1]}.{scene.gone.pk}"),
            "list-of-all": (f"s.{ME}...0", f"s.{ME}.unread.sms.0"),
            "list-of-own": (f"e.{ME}...0", f"e.{ME}.mine..0"),
            "list-as-another": (f"e.{scene.gone.pk}...0", f"s.{scene.gone.pk}...0"),
            "linked": (f"{scene.debtor.pk}-linked", f"{debtor.pk}-linked"),
            "reader": (self.luis.phone.lstrip("+"), self.eva.phone.lstrip("+")),
            "look": (f"{scene.running.pk}-look", f"{campaign.pk}-look"),
            "draft": (f"message-{scene.draft.pk}", f"message-{campaign.pk}"),
            "asked": (f"start-{scene.draft.pk}", f"start-{campaign.pk}"),
            "changes": (f"{scene.running.pk}--3", f"{campaign.pk}--3"),
        }

    def _sent(self, kind: Kind, phone: str, *, attachment: ObjectId | None = None) -> Message:
        """A text to somebody, by the line of the scene's session."""
        line = Gateway.objects.get(pk=self.scene.connected.gateway)
        key = claims.add_direct(
            kind=kind, gateway=line.pk, pool=line.pool_id, channel=line.channel, phone=phone, text="Hola",
            attachment=attachment,
        )  # fmt: skip
        if kind == Kind.DIGEST:
            Digest.objects.create(
                pk=key, phone=phone, name="", gateway=line.pk, people=1, texts=1, created_at=self.scene.now
            )
        return Message.objects.get(pk=key)

    @staticmethod
    def _sign_in(who: User) -> tuple[object]:
        """Their first: not the one by which the client of the test is signed in."""
        return (SignIn.objects.filter(user=who).order_by("pk")[:1].get().pk,)

    @staticmethod
    def _client(who: User) -> Client:
        client = Client()
        client.force_login(who)
        return client

    def key(self, kind: str) -> tuple[str, str]:
        if kind in self.keys:
            return self.keys[kind]
        own, other = self.arguments[kind]
        return str(own[0]), str(other[0] if other else own[0])


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_every_url_has_its_line_in_the_table_and_its_row_in_the_code() -> None:
    names = set(view_names())
    assert sorted(PAGES.keys() ^ names) == []
    assert sorted(ACCESS.keys() ^ names) == []
    assert {name for name, least in ACCESS.items() if least is None} == OPEN
    assert sorted(PARTS.keys() ^ {fragment.name for fragment in all_fragments()}) == []


def test_system_checks_find_a_page_that_nobody_decided_about(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [one.id for one in run_checks(tags=["urls"])] == []
    monkeypatch.setitem(ACCESS, "desk:no-such-page", E)  # type: ignore[arg-type]
    monkeypatch.delitem(ACCESS, "desk:panel")  # type: ignore[arg-type]
    found = {one.id: one.msg for one in run_checks(tags=["urls"])}
    assert found.keys() == {"whatsmassive.E008", "whatsmassive.E009"}
    assert "desk:panel" in found["whatsmassive.E008"]


Asked = tuple[Role, str, str, str, Mapping[str, str], int]


def asked(world: World, name: str, line: str) -> Iterator[Asked]:
    """What the table asks at a URL: (role, whose, method, path, what is sent, the status that it should be)."""
    method, kind, executive, supervisor, administrator = line.split()
    own, other = world.arguments[kind.removeprefix("~")]
    paths = {"own": reverse(name, args=own)}
    if "/" in executive:
        paths["other"] = reverse(name, args=other)
    there = paths.get("other", paths["own"])
    if kind.startswith("~"):
        there = reverse(name, args=[ABSENT if kind != "~group" else "no-such-group", *own[1:]])
    forms = dict(zip(("own", "other"), world.forms.get(kind, ({}, {})), strict=True))
    for whose, status in zip(paths, executive.split("/"), strict=True):
        yield E, whose, method, paths[whose], forms[whose], int(status)
    refused_at = paths.get("other", paths["own"])
    for role, status in ((S, supervisor), (A, administrator)):
        yield role, "other", method, refused_at if status == "403" else there, forms["other"], int(status)


def test_each_role_gets_what_the_tables_say(world: World) -> None:
    wrong = [*at_urls(world), *at_urls_of_nobody(world), *at_the_socket(world)]
    assert not wrong, "\n".join(wrong)
    path = reverse("admin:index")
    assert [world.clients[role].get(path).status_code for role in (E, S, A)] == [403, 403, 200]


def at_urls(world: World) -> Iterator[str]:
    """What is answered otherwise than the table says."""
    for name, line in PAGES.items():
        for role, whose, method, path, form, status in asked(world, name, line):
            # Who is refused is so by either method, before anything is looked at.
            for way in ("GET", "POST") if status == 403 else (method,):
                ask = getattr(world.clients[role], way.lower())
                got = ask(path, form).status_code
                if got != status:
                    yield f"{role} {way} {name} ({whose}): {got}, and {status} is right"


def at_urls_of_nobody(world: World) -> Iterator[str]:
    """What is shown to who is not signed in."""
    client = Client()
    for name, line in PAGES.items():
        path = next(asked(world, name, line))[3]
        for way in ("GET", "POST") if name not in OPEN else ():
            answer = client.generic(way, path)
            if (answer.status_code, answer.get("Location", "").partition("?")[0]) != (302, "/accounts/login/"):
                yield f"nobody {way} {name}: {answer.status_code}"


def at_the_socket(world: World) -> Iterator[str]:
    """What a socket joins, or refuses, otherwise than the table says."""
    for name, lines in PARTS.items():
        fragment = fragment_named(name)
        assert fragment is not None
        for line in lines:
            kind, executive, supervisor = line.split()
            keys = world.key(kind)
            told = [(E, key, says) for key, says in zip(keys, executive.split("/"), strict=False)]
            told += [(role, keys[1], supervisor) for role in (S, A)]
            for role, text, says in told:
                key = text.replace(ME, str(world.users[role].pk))
                if fragment.allowed(world.users[role], key) != (says == "yes"):
                    yield f"{role} {name}:{key} ({line}): {says} is right"
        for key in (ABSENT, "x" * 24, "no-such-thing-", f"{ABSENT}-look"):
            if name != "system-banner" and fragment.allowed(world.luis, key):
                yield f"an executive is shown {name}:{key}"


# No way leads where one is refused ------------------------------------------------------------------------------------
MOST_OF_A_VIEW = 5
LINK = re.compile(r'\s(href|action|hx-get|hx-post|formaction|src)="([^"#][^"]*)"')


def links(page: str, path: str) -> Iterator[tuple[str, str]]:
    """Every address of our own in a page: (by which attribute, the address)."""
    for attribute, text in LINK.findall(page):
        found = urlsplit(unescape(text))
        if found.scheme or found.netloc or found.path.startswith("/static/"):
            continue
        yield attribute, (found.path or path) + (f"?{found.query}" if found.query else "")


def view_of(path: str) -> str:
    try:
        return resolve(urlsplit(path).path).view_name
    except Resolver404:
        return ""


def test_no_page_leads_where_one_is_refused(world: World) -> None:
    # Of a supervisor, who sees all that there is, it is enough to know the page behind a link.
    wrong = [*refused(world, E, follow=("href", "hx-get", "src")), *refused(world, S)]
    assert not wrong, "\n".join(wrong)


def refused(world: World, role: Role, *, follow: Sequence[str] = ()) -> list[str]:
    """The links in a role's pages that are none for it, each once; those of an attribute to be followed are opened."""
    who, client, wrong, seen = world.users[role], world.clients[role], [], set()
    shown: Counter[str] = Counter()
    for name, path in world.scene.pages().items():
        view = name.partition(": ")[0]
        least = access.least_role(view)
        shown[view] += 1
        if shown[view] > MOST_OF_A_VIEW:
            continue
        if view == "accounts:login" or (least is not None and not who.has_role(least)):
            continue
        answer = client.get(path)
        if answer.status_code == 404:
            continue  # of somebody whom nobody knows, say, and so not an executive's
        for attribute, link in links(answer.content.decode(), path):
            target = view_of(link)
            if (target, link) in seen:
                continue
            seen.add((target, link))
            needs = access.least_role(target) if target else None
            if not target or (needs is not None and not who.has_role(needs)):
                wrong.append(f"{name} leads to {link} ({target or 'no page'})")
            elif attribute in follow and target not in scenes.FILES and client.get(link).status_code in (403, 404):
                wrong.append(f"{name} leads to {link}, which is not there for them")
    return wrong
