"""A database with at least one of everything that pages show, and the table of all pages that show it.

The names are those that break pages: long ones, with accents, quotes and signs of HTML.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path

from bson import ObjectId
from django.urls import reverse
from django.utils import timezone

from accounts.models import ListChoice, SavedFilter, User
from campaigns.lacks import STEPS
from campaigns.models import Attachment, AudienceKind, Campaign, CampaignChannel
from debtors.commands import import_file
from debtors.models import Import, Upload, UploadStatus
from domain.delivery import Incoming
from domain.people import person_key
from domain.states import CampaignStatus, Desired, ImportStatus, MessageStatus, SessionStatus
from gateways.models import Gateway, LaneHealth, Pool, Strategy
from lib.mongo import collection
from messaging import claims, receipts
from messaging.claims.steps import naive
from messaging.models import DayTally, Kind, Message
from sessions_app.models import SessionChange
from systemlog.models import Beat, Level, SystemLog
from systemlog.presence import ENGINE
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
        self._ways_out()
        self._sessions()
        self._debtors(folder)
        self._campaigns()
        self._conversations()
        self._log()

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
            phone=self.person, text=TEXT,
        )  # fmt: skip

    def _log(self) -> None:
        about = {
            "campaign": self.running.pk, "session": self.connected.pk, "gateway": self.line.pk, "pool": self.sms.pk,
            "import": self.imported.pk, "debtor": self.debtor.pk,
        }  # fmt: skip
        for level in Level:
            SystemLog.objects.create(
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
            self._import(ImportStatus.DONE, "")
            self._upload(UploadStatus.READY)
            receipts.store(str(self.connected.gateway), [Incoming(str(ObjectId()), f"+5697{place:07}", "Hola")])
            receipts.store(str(self.connected.gateway), [Incoming(str(ObjectId()), self.person, f"Hola {place}")])
            SystemLog.objects.create(at=self.now, level=Level.ERROR, source="engine.deliver", message=str(place))

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
    "desk:conversations": at("desk:conversations", unread="show=unread", nothing="q=zzz"),
    "desk:conversation": lambda scene: {
        "a debtor": reverse("desk:conversation", args=[person_key(scene.person)]),
        "hidden": reverse("desk:conversation", args=[person_key("lid:123456789")]),
    },
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
    "debtors:upload": at("debtors:upload"),
    "debtors:check": lambda scene: {
        upload.status: reverse("debtors:check", args=[upload.pk]) for upload in scene.uploads
    },
    "debtors:imports": at("debtors:imports"),
    "debtors:import": lambda scene: {
        f"{place} {found.status} {found.error}".strip(): reverse("debtors:import", args=[found.pk])
        for place, found in enumerate(scene.imports)
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
    "gateways:line-edit": of("gateways:line-edit", lambda scene: scene.line.pk),
    "preferences:settings": at("preferences:settings"),
    "preferences:group": of("preferences:group", lambda scene: "sending"),
    "systemlog:list": at("systemlog:list", errors="level=error", acts="who=acts"),
    "accounts:login": at("accounts:login"),
    "accounts:password": at("accounts:password"),
}
"""What each view shows of the scene: every view that answers GET is here, or among OTHERS (test_every_page.py)."""

FILES = {"campaigns:attachment", "campaigns:export", "debtors:export", "debtors:rejects", "desk:session-picture"}
"""The views that answer with a file."""

PARTS = {"campaigns:preview", "campaigns:pick", "gateways:pool-preview", "gateways:pool-candidates"}
"""The views that answer with a part of a page, which is looked at in that page."""

OTHERS = FILES | PARTS | {"campaigns:edit"}
"""What answers GET and is no page; an edit leads to the step of the draft where it was left."""
