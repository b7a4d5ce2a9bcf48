"""A database with at least one of everything that pages show, and the table of all pages that show it.

The names are those that break pages: long ones, with accents, quotes and signs of HTML.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path

from bson import ObjectId
from django.contrib.sessions.backends.db import SessionStore
from django.urls import reverse
from django.utils import timezone

from accounts.models import ListChoice, SavedFilter, SignIn, User
from accounts.roles import set_role
from campaigns.lacks import STEPS
from campaigns.models import Attachment, AudienceKind, Campaign, CampaignChannel
from debtors import suppression_files, suppressions
from debtors.commands import import_file
from debtors.models import (
    DebtorAct,
    DebtorNote,
    DebtorWork,
    Import,
    Suppression,
    SuppressionFile,
    SuppressionSource,
    Upload,
    UploadStatus,
    WorkStatus,
)
from debtors.suppressions import Entry
from domain.delivery import Incoming, Purpose, Verdict
from domain.people import person_key
from domain.roles import Role
from domain.states import CampaignStatus, Desired, ImportStatus, MessageStatus, SessionStatus
from gateways.models import Call, Gateway, LaneHealth, Pool, Strategy
from lib.mongo import collection
from messaging import claims, optouts, receipts
from messaging.claims.steps import naive
from messaging.models import Conversation, DayTally, Kind, Message, QuickReply, Review
from outreach import book_files
from outreach.commands import add_contact
from outreach.models import Answer, CheckedNumber, CheckStatus, Digest, DigestItem, NumberCheck
from preferences.registry import GROUPS
from sessions_app.models import SessionChange
from systemlog.models import Beat, Level, SystemLog
from systemlog.presence import ENGINE
from tests.factories.calls import make_call
from tests.factories.debtors import HEADERS, debtor_rows, make_debtor, write_xlsx
from tests.factories.sending import add_messages, make_campaign, make_line, make_pool
from tests.factories.sessions import make_session, make_whatsapp_pool

LONG = 'Cobranza extrajudicial «Ñuñoa» & O\'Higgins, tramo de 31 a 60 días <urgente> "noviembre"'
WORD = "Constantinopolitanamente"
TEXT = 'Estimada "Ñ": le recordamos su deuda de $1.234.567 <vence hoy>\nhttps://pagos.example/' + "a1" * 40
QR = "2@" + "A1b2C3d4" * 28 + ",k,l,1"
CAUSES = {
    SessionStatus.STARTING: "loading",
    SessionStatus.FAILED: "driver_away",
    SessionStatus.BLOCKED: "account_temporarily_banned",
}


class Scene:
    """What it holds is made when it is: `folder` is where a spreadsheet is written that is then imported."""

    def __init__(self, staff: User, folder: Path) -> None:
        self.staff = staff
        self.now = timezone.now()
        # Whatever is looked after now and then was so a moment ago, also when a test takes long.
        self.later = self.now + timedelta(hours=1)
        Beat.objects.create(name=ENGINE, at=self.later)
        self._users()
        self._ways_out()
        self._sessions()
        self._debtors(folder)
        self._campaigns()
        self._conversations()
        self._opted_out()
        self._log()
        self._calls()
        self._outreach(folder)

    # Users ------------------------------------------------------------------------------------------------------------
    def _users(self) -> None:
        self.executive = User.objects.create_user(
            "bruno.o'higgins@cobranza", first_name="Bruno «Ñ» & co.", last_name=WORD * 2, email="bruno@example.com",
            phone="+56911112222", must_change_password=True,
        )  # fmt: skip
        set_role(self.executive, Role.EXECUTIVE)
        self.gone = User.objects.create_user("carla", first_name="Carla", is_active=False)
        set_role(self.gone, Role.SUPERVISOR)
        for user, agent in ((self.staff, "Mozilla/5.0 (iPhone) Safari/604.1"), (self.executive, "")):
            session = SessionStore()
            session.create()
            assert session.session_key is not None
            SignIn.objects.create(
                user=user, session_key=session.session_key, agent=agent, address="192.0.2.7", since=self.now,
                seen_at=self.now, expires_at=self.later,
            )  # fmt: skip

    # Ways out ---------------------------------------------------------------------------------------------------------
    def _ways_out(self) -> None:
        self.whatsapp = make_whatsapp_pool(LONG[:90], strategy=Strategy.FIXED_TURNS, delay_seconds=10)
        self.sms = make_pool("Normal", strategy=Strategy.RANDOM_TURNS, auto_throttle=True)
        make_pool("Apagado", active=False)
        make_whatsapp_pool("Vacío")
        self.line = make_line(self.sms, "https://gateway.example/send", "Línea «A» & <B>")
        slow = make_line(self.sms, "https://gateway.example/send", WORD * 4)
        down = make_line(self.sms, "https://gateway.example/send", "Caída")
        make_line(self.sms, "https://gateway.example/send", "Apagada", active=False)
        troubled = {"health_reason": "timeout", "failures": 7, "down_since": self.now}
        Gateway.objects.filter(pk=slow.pk).update(health=LaneHealth.SLOWED, next_send_at=self.later, **troubled)
        Gateway.objects.filter(pk=down.pk).update(health=LaneHealth.DOWN, **troubled)
        self.down = down
        self._test_message(self.line)

    def _calls(self) -> None:
        unanswered = {"status": None, "rule": "timeout", "answer_headers": (), "answer_body": "", "answer_size": 0}
        page = {"status": 404, "rule": "refused_status", "answer_body": f"<html>{WORD * 9}{LONG}</html>"}
        make_call(
            self.line.pk, verdict=Verdict.UNCERTAIN, url=f"https://gateway.example/{WORD * 9}?a=•••", **unanswered
        )
        make_call(self.line.pk, verdict=Verdict.REFUSED, purpose=Purpose.STATUS, method="GET", body="", **page)
        make_call(self.line.pk, purpose=Purpose.CALLBACK, more=940, rule="callback", answer_body="")
        carried = [
            each.attempts[-1].attempt_id for each in Message.objects.filter(campaign=self.running.pk) if each.attempts
        ]
        self.call = make_call(self.line.pk, more=3, attempts=tuple(carried[:2]))

    def _test_message(self, line: Gateway) -> None:
        claims.add_direct(
            kind=Kind.TEST, gateway=line.pk, pool=line.pool_id, channel=line.channel, phone="+56911112222", text=TEXT
        )

    def _sessions(self) -> None:
        calm = {"next_look_at": self.later, "status_at": self.now}
        wanted = {"desired": Desired.CONNECTED.value, **calm}
        pairing = {"status": SessionStatus.PAIRING.value, "asked_at": self.now, **wanted}
        self.sessions = [
            make_session(
                self.whatsapp,
                f"{status.value} {WORD}"[:60],
                status=status.value,
                cause=CAUSES.get(status, ""),
                **wanted,
            )
            for status in SessionStatus
            if status not in (SessionStatus.CONNECTED, SessionStatus.PAIRING)
        ]
        self.sessions += [
            make_session(self.whatsapp, "Con QR", qr=QR, qr_at=self.now, **pairing),
            make_session(
                self.whatsapp,
                "Con código",
                link_code="ABCD1234",
                link_code_until=self.later,
                cause="link_code",
                **pairing,
            ),
            make_session(self.whatsapp, "Detenida", **calm),
            make_session(self.whatsapp, "Sin nadie", next_look_at=self.now - timedelta(hours=1)),
        ]
        self.connected = make_session(
            self.whatsapp, LONG, connected=True, heartbeat_at=self.later, logged_in_at=self.now, **calm
        )
        limited = {"limits": {"per_day": 10}}
        line = Gateway.objects.get(pk=self.connected.gateway)
        Gateway.objects.filter(pk=line.pk).update(config={**line.config, **limited})
        for origin, target in (("stopped", "starting"), ("starting", "pairing"), ("pairing", "connected")):
            SessionChange.objects.create(session=self.connected.pk, origin=origin, target=target, at=self.now)
        self._test_message(line)

    # People -----------------------------------------------------------------------------------------------------------
    def _debtors(self, folder: Path) -> None:
        self.debtor = make_debtor(
            "María «Ñ» O'Brien <de los> Ángeles", rut="12345678-K", external_id="C-77", owner=self.staff,
            due_date=self.now.date(), metadata={"ejecutivo": "Ana & co.", "observación": TEXT},
        )  # fmt: skip
        make_debtor("")
        rows = [*debtor_rows(3), ("Malo", "12", 1, "", ""), ("Deudor 0", "980000000", 1, "7000000-0", "")]
        done = import_file(write_xlsx(folder / f"{LONG[:20]} & co.xlsx".replace("<", ""), [HEADERS, *rows]))
        self.imported = Import.objects.get(pk=done.import_id)
        self.imports = [self.imported]
        for status in ImportStatus:
            self.imports += [self._import(status, error) for error in ("", "gave_up")][: 1 + (status == "failed")]
        self.twin = make_debtor("María «Ñ» <otra>", phone=self.debtor.phone, rut="", metadata={"nota": "x & y"})
        DebtorNote.objects.create(debtor=self.debtor.pk, author="Ana <A>", text=TEXT, at=self.now)
        self.works = [self._work(DebtorAct.RELEASE, status) for status in WorkStatus]
        self.works += [self._work(act, WorkStatus.READY) for act in DebtorAct if act != DebtorAct.RELEASE]
        self.uploads = [self._upload(status) for status in UploadStatus if status != UploadStatus.IMPORTED]

        self.saved = SavedFilter.objects.create(
            owner=self.staff, list_name="debtors", name=LONG[:80], shared=True, changed_at=self.now,
            query="owner=nobody&suppressed=no&answered=no&debt_from=1000&key=ejecutivo&value=ejecutivo1",
        )  # fmt: skip
        columns = ["m:ejecutivo", "phone", "suppressed", "answered", "created", "country", "external_id", "debt"]
        ListChoice.objects.create(user=self.staff, list_name="debtors", columns=columns)

    def _import(self, status: ImportStatus, error: str) -> Import:
        return Import.objects.create(
            file_name=f"{status} {LONG}.xlsx", sha256="0" * 64, country="CL", owner=self.staff, status=status.value,
            error=error, headers=list(HEADERS), mapping={"name": "Nombre"}, rows=10, created=8, rejected=2,
            started_at=self.now, heartbeat_at=self.later, resumed_at=self.now, height=100, position=11,
            upload=ObjectId(), work_until=self.later, work_token="held",
        )  # fmt: skip

    def _work(self, act: DebtorAct, status: WorkStatus) -> DebtorWork:
        begun = status not in (WorkStatus.LOOKING, WorkStatus.READY)
        return DebtorWork.objects.create(
            act=act.value, status=status.value, user=self.staff, owner=self.staff.pk, created_at=self.now,
            chosen=[] if act is DebtorAct.CLEAN else [self.debtor.pk], rules={"days": 90, "without_name": True},
            found={"debtors": 2, "messages": 3, "numbers": 2, "left": 1}, done={"debtors": 1, "messages": 1},
            begun_at=self.now if begun else None, looked=1_234, work_until=self.later, work_token="held",
            sample=[{"pk": str(self.debtor.pk), "name": LONG, "phone": "+56 9 1111 2222", "messages": 2}],
        )  # fmt: skip

    def _upload(self, status: UploadStatus) -> Upload:
        return Upload.objects.create(
            file_name=f"{status} {LONG}.xlsx", size=1_234_567, sha256="0" * 64, user=self.staff, country="CL",
            owner=self.staff, status=status.value, sheet="Hoja 1", sheets=["Hoja 1", "Hoja <2>"],
            headers=[*HEADERS, "Observación"], header_row=1, height=20, created_at=self.now, expires_at=self.later,
            sample=[[2, ["Ana", "987654321", "1.000", "1-9", "Eva", TEXT]]],
            error="not_a_spreadsheet" if status == UploadStatus.REFUSED else "",
        )  # fmt: skip

    # Campaigns --------------------------------------------------------------------------------------------------------
    def _campaigns(self) -> None:
        self.campaigns: dict[CampaignStatus, Campaign] = {}
        for status in CampaignStatus:
            campaign = make_campaign(self.sms, f"{status.value} {LONG}"[:110], status=status)
            self.campaigns[status] = campaign
            changes = {"message": TEXT + " {nombre}", "variants": ["Hola {nombre}"], "owner": self.staff}
            if status == CampaignStatus.DRAFT:
                changes |= {"started_at": None, "enrolled_at": None}
            elif status == CampaignStatus.SCHEDULED:
                changes |= {"started_at": None, "enrolled_at": None, "scheduled_at": self.later}
            elif status == CampaignStatus.PAUSED:
                changes |= {"pause_reason": "revisar «el texto» & <el pool>"}
            elif status in (CampaignStatus.COMPLETED, CampaignStatus.CANCELLED):
                changes |= {"completed_at": self.now}
            Campaign.objects.filter(pk=campaign.pk).update(**changes)
            if status not in (CampaignStatus.DRAFT, CampaignStatus.SCHEDULED):
                self._messages(campaign)
        self.running = self.campaigns[CampaignStatus.RUNNING]
        self.draft = self.campaigns[CampaignStatus.DRAFT]
        self.attachment = Attachment.objects.create(
            filename="carta «1».pdf", mimetype="application/pdf", size=4, sha256="1" * 64, data=b"%PDF"
        )
        self.fallback = make_campaign(self.sms, "Por WhatsApp, y si no por SMS", status=CampaignStatus.PAUSED)
        Campaign.objects.filter(pk=self.fallback.pk).update(
            channel=CampaignChannel.WHATSAPP_FALLBACK_SMS, whatsapp_pool=self.whatsapp, attachment=self.attachment,
            audience=AudienceKind.IMPORTS, audience_imports=[self.imported.pk], window_start="09:00",
            window_end="18:30", window_days=[0, 1, 2, 3, 4], status=CampaignStatus.DRAFT.value, started_at=None,
        )  # fmt: skip
        DayTally.objects.create(
            day=timezone.localdate(timezone=timezone.get_default_timezone()).isoformat(),
            lane=str(self.line.pk), sent=120, delivered=80, read=40, failed=3,
        )  # fmt: skip

    def _messages(self, campaign: Campaign) -> None:
        """Two in each state, through the same line; the failed and the uncertain ones have their reasons."""
        now, stored = naive(self.now), collection(Message)
        for status in MessageStatus:
            add_messages(campaign, 2, status=status)
            found = {"campaign": campaign.pk, "status": status.value}
            changed: dict[str, object] = {"gateway": self.line.pk, "text": TEXT, "name": f"{status} {LONG}"[:200]}
            if status in (MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.READ):
                changed["sent_at"] = now
            if status == MessageStatus.FAILED:
                changed |= {"reason": "refused", "detail": "HTTP 400: <número> inválido", "failed_at": now}
            if status == MessageStatus.UNCERTAIN:
                changed |= {"reason": "timeout"}
            stored.update_many(found, {"$set": changed})

    # Conversations, the log -------------------------------------------------------------------------------------------
    def _conversations(self) -> None:
        gateway = str(self.connected.gateway)
        self.person = self.debtor.phone
        receipts.store(gateway, [Incoming(str(ObjectId()), self.person, TEXT), Incoming("2", self.person, "Ya pagué")])
        receipts.store(gateway, [Incoming(str(ObjectId()), "lid:123456789", "¿Quién es?")])
        claims.add_direct(
            kind=Kind.REPLY, gateway=self.connected.gateway, pool=self.whatsapp.pk, channel="whatsapp",
            phone=self.person, text=TEXT, attachment=self.attachment.pk,
        )  # fmt: skip
        receipts.store(gateway, [Incoming(str(ObjectId()), "+56955556666", "BAJA")])
        make_debtor("Pedro «Baja»", phone="+56955556666", suppressed=True)
        self.quick = QuickReply.objects.create(
            name="Cómo pagar «hoy»", folded_name="como_pagar_hoy", text="{nombre}: " + TEXT, updated_at=self.now
        )
        held = {"assigned": self.staff.pk, "answering": self.staff.pk, "answering_until": self.later}
        Conversation.objects.filter(phone="lid:123456789").update(**held)
        Conversation.objects.filter(phone="+56955556666").update(archived=True, unread=0, is_unread=False)

    def _opted_out(self) -> None:
        """Somebody by reply, by hand, by a file, for a while; one that was lifted; replies to be decided."""
        gateway, actor = str(self.connected.gateway), self.staff.get_username()
        replies = {"+56955550001": "BAJA", "+56955550002": f"no me escriban más {TEXT}", "lid:987654": "stop por favor"}
        for phone, text in replies.items():
            receipts.store(gateway, [Incoming(str(ObjectId()), phone, text)])
        optouts.suppress(
            [
                Entry("+56955550003", SuppressionSource.PERSON, name=LONG, reason=TEXT[:200], actor=actor),
                Entry("+56955550004", SuppressionSource.IMPORT, reason="Lista", actor=actor, until=self.later),
                Entry("", SuppressionSource.IMPORT, identity="rut:9999999-9", reason="Lista", actor=actor),
                Entry("+56955550005", SuppressionSource.COMMAND, actor=actor),
            ]
        )
        lifted = Suppression.objects.get(phone="+56955550005")
        suppressions.lift([lifted.pk], actor=actor, reason="Lo pidió de nuevo, por teléfono")
        first, second = Review.objects.order_by("pk")[:2]
        optouts.dismiss(first, actor=actor)
        receipts.store(gateway, [Incoming(str(ObjectId()), self.person, "quiero darme de baja")])
        assert second.phone == "lid:987654"
        people = "Teléfono,Nombre,Motivo\n+56955550006,Ana,Pidió\n12,Malo,x\n+56955550003,Repetida,\n"
        self.suppression_files = [
            suppression_files.keep([text.encode()], file_name=name, country="CL", actor=actor, reason="Lista")
            for name, text in ((f"{LONG}.csv", people), ("Nada.csv", "Nombre\nAna\n"))
        ]
        done = suppression_files.keep(
            [people.encode()], file_name="Hecha.csv", country="CL", actor=actor, reason="Lista"
        )
        SuppressionFile.objects.filter(pk=done.pk).update(added=1)
        self.suppression_files.append(done)

    def _log(self) -> None:
        about = {
            "campaign": self.running.pk, "session": self.connected.pk, "gateway": self.line.pk, "pool": self.sms.pk,
            "import": self.imported.pk, "debtor": self.debtor.pk,
        }  # fmt: skip
        for level in Level:
            self.entry = SystemLog.objects.create(
                at=self.now,
                level=level,
                source="engine.deliver",
                process="sms@host:1",
                message=TEXT,
                data={"a": [1, 2]},
            )
        for kind, pk in about.items():
            SystemLog.objects.create(
                at=self.now, level=Level.INFO, source=f"{kind}.change", message=LONG, act=True, actor="ana", kind=kind,
                object_id=str(pk), data={"name": [LONG, "otra"]},
            )  # fmt: skip

    # Contacts, digests, checks ----------------------------------------------------------------------------------------
    def _outreach(self, folder: Path) -> None:
        self.contact = add_contact(rut="12345678-K", name="Ejecutiva «Ñ» & O'Higgins", phone="+56988880001")
        add_contact(rut="22222222-2", name=WORD, phone="+56988880002", digests=False)
        headers = ("RUT", "Ejecutivo", "Fono <ejecutivo>")
        rows = [("33333333-3", LONG, "988880003"), ("3", "", "1"), ("33333333-3", "Otra", "988880003")]
        path = write_xlsx(folder / "libreta.xlsx", [headers, *rows])
        self.book_files = [
            book_files.keep(path, file_name=f"libreta {place} {LONG}.xlsx", user=None, country="CL")
            for place in range(2)
        ]
        book_files.take(self.book_files[1])
        unknown = write_xlsx(folder / "otra.xlsx", [("A", "Teléfono"), ("1", "988880004")])
        self.book_files.append(book_files.keep(unknown, file_name="otra.xlsx", user=None, country="CL"))
        line = Gateway.objects.get(pk=self.connected.gateway)
        for status in (MessageStatus.READ, MessageStatus.FAILED):
            self._digest(line, status)
        DigestItem.objects.create(text=ObjectId(), reader=self.contact.phone, at=self.now)
        self.checks = [self._check(status) for status in CheckStatus]

    def _digest(self, line: Gateway, status: MessageStatus) -> None:
        key = claims.add_direct(
            kind=Kind.DIGEST, gateway=line.pk, pool=line.pool_id, channel=line.channel, phone="+56988880001",
            text=TEXT,
        )  # fmt: skip
        reason = "not_on_whatsapp" if status == MessageStatus.FAILED else ""
        collection(Message).update_one({"_id": key}, {"$set": {"status": status.value, "reason": reason}})
        Digest.objects.create(
            pk=key, phone="+56988880001", name=LONG, gateway=line.pk, people=3, texts=7, created_at=self.now,
            test=status == MessageStatus.FAILED,
        )  # fmt: skip

    def _check(self, status: CheckStatus) -> NumberCheck:
        check = NumberCheck.objects.create(
            name=f"{status} {LONG}"[:120], pool=self.whatsapp.pk, per_hour=20, status=status.value, total=1_234,
            yes=800, no=200, failed=3, invalid=1, remembered=100, created_at=self.now,
        )  # fmt: skip
        for place, answer in enumerate(Answer):
            CheckedNumber.objects.create(
                batch=check.pk, place=place, raw="<hola>", phone="" if answer == Answer.INVALID else "+56961110001",
                name=WORD, status=answer.value,
                reason={"invalid": "not_a_phone", "failed": "no_browser"}.get(answer, ""),
                answered_at=None if answer == Answer.WAITING else self.now, remembered=answer == Answer.YES,
            )  # fmt: skip
        return check

    def more(self, number: int, *, start: int = 0) -> None:
        """So many more of each thing that a page lists, named by numbers from `start`."""
        for place in range(start, start + number):
            campaign = make_campaign(self.sms, f"Otra {place}")
            add_messages(campaign, 1, status=MessageStatus.FAILED)
            add_messages(self.running, 1, status=MessageStatus.SENT)
            make_session(
                self.whatsapp, f"Otra {place}", connected=True, heartbeat_at=self.later, next_look_at=self.later
            )
            make_line(self.sms, "https://gateway.example/send", f"Otra línea {place}")
            make_pool(f"Otro {place}")
            make_debtor(f"Otra {place}", owner=self.staff)
            set_role(User.objects.create_user(f"otra-{place}"), Role.SUPERVISOR)
            self._import(ImportStatus.DONE, "")
            self._upload(UploadStatus.READY)
            receipts.store(str(self.connected.gateway), [Incoming(str(ObjectId()), f"+5697{place:07}", "Hola")])
            Conversation.objects.filter(phone=f"+5697{place:07}").update(assigned=self.staff.pk)
            receipts.store(str(self.connected.gateway), [Incoming(str(ObjectId()), self.person, f"Hola {place}")])
            optouts.suppress([Entry(f"+5696{place:07}", SuppressionSource.PERSON, actor="ana")])
            receipts.store(str(self.connected.gateway), [Incoming(str(ObjectId()), f"+5695{place:07}", "stop ya")])
            SystemLog.objects.create(at=self.now, level=Level.ERROR, source="engine.deliver", message=str(place))
            add_contact(rut=f"{50_000_000 + place}-1", name=f"Otra {place}", phone=f"+5698777{place:04}")
            self._digest(Gateway.objects.get(pk=self.connected.gateway), MessageStatus.READ)
            self._check(CheckStatus.DONE)

    def pages(self) -> dict[str, str]:
        """Every page by what it shows, `view` or `view: what`, with its address."""
        found: dict[str, str] = {}
        for view, paths in PAGES.items():
            for what, path in paths(self).items():
                found[f"{view}: {what}" if what else view] = path
        return found


Paths = Callable[[Scene], Mapping[str, str]]


def at(view: str, **queries: str) -> Paths:
    """The page of a view without arguments, and the same with the queries of their names."""
    return lambda _scene: {"": reverse(view), **{what: f"{reverse(view)}?{query}" for what, query in queries.items()}}


def of(view: str, *arguments: Callable[[Scene], object]) -> Paths:
    """The page of a view about one thing of the scene."""
    return lambda scene: {"": reverse(view, args=[argument(scene) for argument in arguments])}


def _campaign_pages(view: str) -> Paths:
    return lambda scene: {status.value: reverse(view, args=[found.pk]) for status, found in scene.campaigns.items()}


def _session_pages(scene: Scene) -> dict[str, str]:
    found = [*scene.sessions, scene.connected]
    return {session.name[:20].strip(): reverse("desk:session", args=[session.pk]) for session in found}


def _message(scene: Scene, status: MessageStatus) -> str:
    message = Message.objects.filter(campaign=scene.running.pk, status=status.value).order_by("pk").first()
    assert message is not None
    return reverse("campaigns:message", args=[scene.running.pk, message.pk])


PAGES: Mapping[str, Paths] = {
    "desk:panel": at("desk:panel"),
    "desk:conversations": at("desk:conversations", unread="show=unread", archived="show=archived", nothing="q=zzz"),
    "desk:conversation": lambda scene: {
        "a debtor": reverse("desk:conversation", args=[person_key(scene.person)]),
        "hidden": reverse("desk:conversation", args=[person_key("lid:123456789")]),
        "opted out": reverse("desk:conversation", args=["56955556666"]),
        "found": reverse("desk:conversation", args=[person_key(scene.person)]) + "?find=pague",
        "earlier": reverse("desk:conversation", args=[person_key(scene.person)]) + "?before=1",
    },
    "desk:quick-replies": at("desk:quick-replies"),
    "desk:quick-reply-new": at("desk:quick-reply-new"),
    "desk:quick-reply": of("desk:quick-reply", lambda scene: scene.quick.pk),
    "desk:sessions": at("desk:sessions", help="show=help", nothing="q=zzz"),
    "desk:session-new": at("desk:session-new"),
    "desk:session": _session_pages,
    "debtors:list": lambda scene: {
        **at("debtors:list", found="q=mar", nothing="q=zzz", wrong="debt_from=x&campaign=x")(scene),
        "of a file": f"{reverse('debtors:list')}?import={scene.imported.pk}&country=CL",
        "of a campaign": f"{reverse('debtors:list')}?campaign={scene.running.pk}&state=failed&order=name",
        "saved": f"{reverse('debtors:list')}?{scene.saved.query}",
    },
    "debtors:debtor": of("debtors:debtor", lambda scene: scene.debtor.pk),
    "debtors:edit": of("debtors:edit", lambda scene: scene.debtor.pk),
    "debtors:duplicates": at("debtors:duplicates", rut="by=rut"),
    "debtors:merge": of("debtors:merge", lambda scene: scene.debtor.pk, lambda scene: scene.twin.pk),
    "debtors:works": at("debtors:works"),
    "debtors:work": lambda scene: {
        f"{work.act} {work.status}": reverse("debtors:work", args=[work.pk]) for work in scene.works
    },
    "debtors:upload": at("debtors:upload"),
    "debtors:check": lambda scene: {
        upload.status: reverse("debtors:check", args=[upload.pk]) for upload in scene.uploads
    },
    "debtors:imports": at("debtors:imports"),
    "debtors:import": lambda scene: {
        f"{place} {found.status} {found.error}".strip(): reverse("debtors:import", args=[found.pk])
        for place, found in enumerate(scene.imports)
    },
    "suppressions:list": at("suppressions:list", found="q=569", lifted="show=lifted", nothing="q=zzz"),
    "suppressions:review": at("suppressions:review", decided="show=decided"),
    "suppressions:import": at("suppressions:import"),
    "suppressions:check": lambda scene: {
        what: reverse("suppressions:check", args=[kept.pk])
        for what, kept in zip(("ready", "unusable", "done"), scene.suppression_files, strict=True)
    },
    "campaigns:list": at("campaigns:list", running="status=running", nothing="q=zzz"),
    "campaigns:new": at("campaigns:new"),
    "campaigns:campaign": _campaign_pages("campaigns:campaign"),
    "campaigns:step": lambda scene: {
        f"{step} {what}": reverse("campaigns:step", args=[draft.pk, step])
        for step in STEPS
        for what, draft in (("sms", scene.draft), ("whatsapp", scene.fallback))
    },
    "campaigns:messages": lambda scene: {
        "all": reverse("campaigns:messages", args=[scene.running.pk]),
        "failed": reverse("campaigns:messages", args=[scene.running.pk]) + "?status=failed",
    },
    "campaigns:message": lambda scene: {status.value: _message(scene, status) for status in MessageStatus},
    "gateways:pools": at("gateways:pools"),
    "gateways:pool-new": at("gateways:pool-new"),
    "gateways:pool": lambda scene: {
        pool.name[:20].strip(): reverse("gateways:pool", args=[pool.pk]) for pool in Pool.objects.order_by("pk")[:4]
    },
    "gateways:pool-edit": of("gateways:pool-edit", lambda scene: scene.sms.pk),
    "gateways:line-new": at("gateways:line-new"),
    "gateways:line": lambda scene: {
        "working": reverse("gateways:line", args=[scene.line.pk]),
        "down": reverse("gateways:line", args=[scene.down.pk]),
    },
    "gateways:line-calls": lambda scene: {
        "all": reverse("gateways:line-calls", args=[scene.line.pk]),
        "narrow": reverse("gateways:line-calls", args=[scene.line.pk]) + "?verdict=uncertain&about=+56911112222",
        "none": reverse("gateways:line-calls", args=[scene.down.pk]),
    },
    "gateways:line-call": lambda scene: {
        f"{call.purpose} {call.verdict}": reverse("gateways:line-call", args=[scene.line.pk, call.pk])
        for call in Call.objects.filter(gateway=scene.line.pk)
    },
    "gateways:line-edit": of("gateways:line-edit", lambda scene: scene.line.pk),
    "preferences:settings": at("preferences:settings"),
    "preferences:group": lambda scene: {name: reverse("preferences:group", args=[name]) for name in GROUPS},
    "outreach:contacts": at("outreach:contacts", nothing="q=zzz"),
    "outreach:contact-new": at("outreach:contact-new"),
    "outreach:contact": of("outreach:contact", lambda scene: scene.contact.pk),
    "outreach:book-new": at("outreach:book-new"),
    "outreach:book-file": lambda scene: {
        what: reverse("outreach:book-file", args=[found.pk])
        for what, found in zip(("looked at", "taken", "unknown"), scene.book_files, strict=True)
    },
    "outreach:digests": at("outreach:digests"),
    "outreach:checks": at("outreach:checks"),
    "outreach:check-new": at("outreach:check-new"),
    "outreach:check": lambda scene: {
        found.status: reverse("outreach:check", args=[found.pk]) for found in scene.checks
    },
    "systemlog:list": at("systemlog:list", errors="level=error", acts="who=acts"),
    "systemlog:entry": of("systemlog:entry", lambda scene: scene.entry.pk),
    "accounts:login": at("accounts:login"),
    "accounts:password": at("accounts:password"),
    "accounts:profile": at("accounts:profile"),
    "accounts:sign-ins": at("accounts:sign-ins"),
    "users:list": at("users:list", supervisors="role=supervisor", gone="state=inactive", nothing="q=zzz"),
    "users:new": at("users:new"),
    "users:user": lambda scene: {
        "oneself": reverse("users:user", args=[scene.staff.pk]),
        "somebody": reverse("users:user", args=[scene.executive.pk]),
        "gone": reverse("users:user", args=[scene.gone.pk]),
    },
    "users:hand-over": lambda scene: {
        "nothing": reverse("users:hand-over", args=[scene.executive.pk]),
        "asked": reverse("users:hand-over", args=[scene.staff.pk], query={"to": str(scene.executive.pk)})
        + "&what=debtors&what=campaigns",
    },
}
"""What each view shows of the scene: every view that answers GET is here, or among OTHERS (test_every_page.py)."""

FILES = {
    "debtors:export",
    "systemlog:export",
    "campaigns:attachment",
    "campaigns:export",
    "desk:conversation-file",
    "debtors:rejects",
    "desk:session-picture",
    "suppressions:export",
    "suppressions:rejects",
    "outreach:contacts-export",
    "outreach:book-rejects",
    "outreach:check-export",
}
"""The views that answer with a file."""

PARTS = {"campaigns:preview", "campaigns:pick", "gateways:pool-preview", "gateways:pool-candidates"}
"""The views that answer with a part of a page, which is looked at in that page."""

OTHERS = FILES | PARTS | {"campaigns:edit", "users:password"}
"""What answers GET and is no page; an edit leads to the step of the draft where it was left, a password to its user."""
