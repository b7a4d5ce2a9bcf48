"""manage.py session: add WhatsApp sessions, connect and disconnect them, look at them, try them with a message."""

import json
import sys
import time
from argparse import ArgumentParser
from datetime import datetime
from pathlib import Path
from typing import Any

from bson import ObjectId
from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from campaigns import attachments
from campaigns.errors import CampaignError
from campaigns.management import session_watch
from campaigns.management.outcome import Interrupted, told_errors
from campaigns.management.session_watch import Watch, tell_qr
from debtors.intake.reasons import row_reason
from domain.phones import PhoneError, parse_phone
from domain.states import MessageStatus, SessionStatus
from gateways import commands, describe, sessions
from gateways.holds import hold
from gateways.kinds import kind_named
from gateways.sessions import LIMITS
from messaging.models import STATUS_LABELS, Message
from messaging.reasons import reason_sentence
from sessions_app import commands as intent
from sessions_app.describe import cause_sentence, picture_error_sentence, verified_sentence
from sessions_app.models import Session
from sessions_app.queries import is_open, picture_of

CONNECT_SECONDS = 300.0
QR_SECONDS = 30.0
VERIFY_SECONDS = 30.0
SEND_SECONDS = 60.0

SETTLED = tuple(
    status.value
    for status in MessageStatus
    if status not in (MessageStatus.PENDING, MessageStatus.CLAIMED, MessageStatus.SENDING)
)
ARRIVED = (MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.READ)


class Command(BaseCommand):
    help = "Add, connect, disconnect, show and try WhatsApp sessions."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)

        def action(name: str, text: str, *, named: bool = True) -> ArgumentParser:
            sub: ArgumentParser = actions.add_parser(name, help=text)
            if named:
                sub.add_argument("name")
            sub.add_argument("--json", action="store_true", help="print JSON")
            return sub

        add = action("add", "add a session, and the line that sends through it, to a pool")
        add.add_argument("--pool", required=True)
        add.add_argument("--host", default=None, help="the browser host that keeps its browser (main)")
        _limit_options(add)
        connect = action("connect", "open its browser, and show the QR to scan until it is connected")
        connect.add_argument("--phone", default="", metavar="+56…", help="link by a code for this number, without QR")
        connect.add_argument(
            "--wait", type=float, default=CONNECT_SECONDS, metavar="SECONDS", help="watch it so long (300); 0: don't"
        )
        connect.add_argument("--no-qr", action="store_true", help="don't print the QR")
        _invert_option(connect)
        action("disconnect", "close its browser; the phone stays linked")
        action("reconnect", "close its browser and start it again; the phone stays linked")
        verify = action("verify", "ask its page now whether it is connected")
        verify.add_argument(
            "--wait", type=float, default=VERIFY_SECONDS, metavar="SECONDS", help="for the answer (30); 0: don't"
        )
        picture = action("picture", "keep a picture of what its browser shows, which may be people's messages")
        picture.add_argument("file", type=Path, help="the JPEG to write")
        picture.add_argument("--wait", type=float, default=VERIFY_SECONDS, metavar="SECONDS", help="for it (30)")
        action("logout", "unlink it from the phone")
        action("reset", "throw its login away and begin anew with a QR")
        action("delete", "remove it with its login").add_argument("--yes", action="store_true", help="don't ask")
        action("status", "show its state, what to do about it, and how much it sent")
        action("list", "show all sessions", named=False)
        qr = action("qr", "show the QR of now")
        qr.add_argument("--text", action="store_true", help="print what the QR says instead")
        qr.add_argument("--refresh", action="store_true", help="ask for a new one first")
        qr.add_argument(
            "--wait", type=float, default=None, metavar="SECONDS", help="until there is one (--refresh: 30)"
        )
        _invert_option(qr)
        _limit_options(action("limits", "show or set how much it may send; 0 is no limit"))
        send = action("send", "send one message through it, outside of any campaign")
        send.add_argument("phone")
        send.add_argument("text")
        send.add_argument("--file", type=Path, help="JPEG, PNG, WebP or PDF; the text is its caption")
        send.add_argument(
            "--wait",
            type=float,
            nargs="?",
            const=SEND_SECONDS,
            default=None,
            metavar="SECONDS",
            help="until WhatsApp has taken it, or not (60)",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        with told_errors():
            getattr(self, "_" + options["action"])(options)

    # What staff want of it --------------------------------------------------------------------------------------------

    def _add(self, options: dict[str, Any]) -> None:
        fields = _limits(options) | ({} if options["host"] is None else {"host": options["host"]})
        session, gateway = commands.create_session(name=options["name"], pool=options["pool"], fields=fields)
        self._said(
            options,
            session,
            _("Session “%(name)s” added to the pool “%(pool)s”.") % {"name": session.name, "pool": gateway.pool.name},
            _("Connect it with `manage.py session connect`."),
        )

    def _connect(self, options: dict[str, Any]) -> None:
        session = commands.session_named(options["name"])
        intent.connect(session.name, phone=options["phone"])
        if not options["wait"]:
            self._said(options, session, _("“%(name)s” is being connected.") % {"name": session.name})
            return
        watch = Watch(
            session,
            self.stdout,
            as_json=options["json"],
            show_qr=not (options["no_qr"] or options["phone"]),
            invert=options["invert"],
        )
        try:
            watch.until_connected(options["wait"])
        except KeyboardInterrupt as interrupt:
            raise Interrupted(
                _("Not watching any more: “%(name)s” goes on. Look at it with `manage.py session status`.")
                % {"name": session.name}
            ) from interrupt

    def _disconnect(self, options: dict[str, Any]) -> None:
        session = commands.session_named(options["name"])
        intent.disconnect(session.name)
        said = _("“%(name)s” is being disconnected; the phone stays linked.") % {"name": session.name}
        self._said(options, session, said)

    def _reconnect(self, options: dict[str, Any]) -> None:
        session = commands.session_named(options["name"])
        intent.reconnect(session.name)
        said = _("The browser of “%(name)s” is closed and started again; the phone stays linked.")
        self._said(options, session, said % {"name": session.name})

    def _logout(self, options: dict[str, Any]) -> None:
        session = commands.session_named(options["name"])
        intent.logout(session.name)
        said = _("“%(name)s” is being unlinked from the phone.") % {"name": session.name}
        self._said(options, session, said)

    def _reset(self, options: dict[str, Any]) -> None:
        session = commands.session_named(options["name"])
        intent.reset(session.name)
        said = _("The login of “%(name)s” is being thrown away: connect it again with a new QR.")
        self._said(options, session, said % {"name": session.name})

    def _delete(self, options: dict[str, Any]) -> None:
        session = commands.session_named(options["name"])
        if not options["yes"] and not _confirmed(session.name):
            raise CampaignError(_("Nothing was deleted. Add --yes to delete it."))
        commands.delete_session(name=session.name)
        said = _("“%(name)s” is being deleted: its line is off, and its login goes.") % {"name": session.name}
        self._said(options, session, said)

    def _limits(self, options: dict[str, Any]) -> None:
        session = commands.session_named(options["name"])
        if given := _limits(options):
            commands.set_session_limits(name=session.name, limits=given)
        row = sessions.row(session)
        self._said(options, session, ", ".join(describe.limit_text(row, name) for name in LIMITS))

    # Looking at it ----------------------------------------------------------------------------------------------------

    def _status(self, options: dict[str, Any]) -> None:
        row = sessions.row(commands.session_named(options["name"]))
        today = sessions.sent_today(row.gateway) if row.gateway else 0
        if options["json"]:
            self._print_json({**row.as_json(), "sent_today": today})
            return
        for line in describe.describe(row, sent_today=today):
            self.stdout.write(line)
        held = hold(row)
        if held is not None and held.until is not None and held.until != row.capped_until:
            self.stdout.write(f"  {held.sentence} {describe.time_left(held.until, row.now)}")
        if row.unattended:
            self.stdout.write("  " + _("Nobody looks after it: start the workers with `bin/services start --workers`."))

    def _list(self, options: dict[str, Any]) -> None:
        rows = sessions.rows(Session.objects.order_by("name"))
        if options["json"]:
            self._print_json([row.as_json() for row in rows])
            return
        for row in rows:
            self.stdout.write(describe.summary_line(row))
        if not rows:
            self.stdout.write(_("There is no session yet. Add one with `manage.py session add NAME --pool POOL`."))

    def _qr(self, options: dict[str, Any]) -> None:
        session = commands.session_named(options["name"])
        if options["refresh"]:
            before = (session.qr, session.qr_at)
            intent.refresh_qr(session.name)
            self._wait_for_qr(session, unlike=before, seconds=options["wait"] or QR_SECONDS)
        elif options["wait"]:
            self._wait_for_qr(session, unlike=("", None), seconds=options["wait"])
        if session.status != SessionStatus.PAIRING or not session.qr:
            raise CampaignError(_no_qr(session))
        if options["json"]:
            at = session.qr_at.isoformat() if session.qr_at else None
            self._print_json({"qr": session.qr, "at": at})
        elif options["text"]:
            self.stdout.write(session.qr)
        else:
            tell_qr(session.qr, self.stdout, invert=options["invert"])

    def _wait_for_qr(self, session: Session, *, unlike: tuple[str, datetime | None], seconds: float) -> None:
        """Until it shows a QR that is another than this one. Raises CampaignError when that takes too long."""
        give_up = time.monotonic() + seconds
        while time.monotonic() < give_up:
            session.refresh_from_db()
            if session.qr and (session.qr, session.qr_at) != unlike:
                return
            if session.status == SessionStatus.CONNECTED:
                break
            time.sleep(session_watch.POLL_SECONDS)
        raise CampaignError(_no_qr(session))

    def _verify(self, options: dict[str, Any]) -> None:
        session = intent.verify(commands.session_named(options["name"]).name)
        if not options["wait"]:
            self._said(options, session, _("“%(name)s” is being checked.") % {"name": session.name})
            return
        self._wait_for_answer(session, "verify_asked_at", "verified_at", seconds=options["wait"])
        if options["json"]:
            self._print_json(sessions.row(session).as_json())
        else:
            self.stdout.write(f"{session.name}: {verified_sentence(session)}")

    def _picture(self, options: dict[str, Any]) -> None:
        session = intent.take_picture(commands.session_named(options["name"]).name)
        self._wait_for_answer(session, "picture_asked_at", "picture_at", seconds=options["wait"])
        picture = None if session.picture_error else picture_of(session)
        if picture is None:
            raise CampaignError(f"{session.name}: {picture_error_sentence(session)}")
        try:
            options["file"].write_bytes(picture.image)
        except OSError as error:
            raise CampaignError(str(error)) from error
        self._said(options, session, _("The picture was written to %(file)s.") % {"file": options["file"]})

    def _wait_for_answer(self, session: Session, asked: str, answered: str, *, seconds: float) -> None:
        """Until the supervisor has answered a question. Raises CampaignError when that takes too long."""
        give_up = time.monotonic() + seconds
        while is_open(getattr(session, asked), getattr(session, answered)):
            if time.monotonic() > give_up:
                raise CampaignError(
                    _("“%(name)s” gave no answer in time. See that its workers run: `bin/services status`.")
                    % {"name": session.name}
                )
            time.sleep(session_watch.POLL_SECONDS)
            session.refresh_from_db()

    # Trying it --------------------------------------------------------------------------------------------------------

    def _send(self, options: dict[str, Any]) -> None:
        phone = parse_phone(options["phone"], settings.DEFAULT_COUNTRY)
        if isinstance(phone, PhoneError):
            raise CampaignError(row_reason(phone.code, {"column": _("Phone"), "value": options["phone"]}))
        session = commands.session_named(options["name"])
        file = attachments.keep(attachments.read(options["file"])) if options["file"] else None
        message = commands.send_test(
            name=session.name, phone=phone.e164, text=options["text"], attachment=file.pk if file else None
        )
        if options["wait"] is not None:
            self._wait_for(message, options)
        elif options["json"]:
            self._print_json(_message_json(Message.objects.get(pk=message)))
        else:
            said = _("It goes to %(phone)s as soon as “%(name)s” can send.")
            self.stdout.write(said % {"phone": phone.e164, "name": session.name})

    def _wait_for(self, pk: ObjectId, options: dict[str, Any]) -> None:
        give_up = time.monotonic() + options["wait"]
        message = Message.objects.get(pk=pk)
        while message.status not in SETTLED and time.monotonic() < give_up:
            time.sleep(session_watch.POLL_SECONDS)
            message.refresh_from_db()
        if options["json"]:
            self._print_json(_message_json(message))
        label = STATUS_LABELS[MessageStatus(message.status)]
        if message.status in ARRIVED:
            if not options["json"]:
                self.stdout.write(f"{message.phone}: {label}")
            return
        row = sessions.row(commands.session_named(options["name"]))
        why = reason_sentence(message.reason) if message.reason else describe.state_text(row)
        raise CampaignError(f"{message.phone}: {label} ({why})")

    # Printing ---------------------------------------------------------------------------------------------------------

    def _said(self, options: dict[str, Any], session: Session, *sentences: str) -> None:
        """What was done: sentences, or the session as JSON."""
        if options["json"]:
            session.refresh_from_db()
            self._print_json(sessions.row(session).as_json())
            return
        for sentence in sentences:
            self.stdout.write(sentence)

    def _print_json(self, value: Any) -> None:
        self.stdout.write(json.dumps(value, ensure_ascii=False))


def _limit_options(parser: ArgumentParser) -> None:
    declared = {field.name: field for field in kind_named(commands.SESSION_KIND).fields}
    for name, option in zip(LIMITS, ("--per-minute", "--per-hour", "--per-day", "--first-contacts"), strict=True):
        parser.add_argument(
            option, dest=name, type=int, metavar="N", help=f"{declared[name].label} ({declared[name].default})"
        )


def _invert_option(parser: ArgumentParser) -> None:
    parser.add_argument("--invert", action="store_true", help="print the QR with light and dark exchanged")


def _limits(options: dict[str, Any]) -> dict[str, int]:
    return {name: options[name] for name in LIMITS if options[name] is not None}


def _confirmed(name: str) -> bool:
    """Whether the person at the terminal types the session's name; nobody there is no."""
    if not sys.stdin.isatty():
        return False
    asked = _("This removes “%(name)s” and its login for good. Type its name to go on: ") % {"name": name}
    return input(asked).strip() == name


def _no_qr(session: Session) -> str:
    """Why there is no QR to show."""
    if session.status == SessionStatus.CONNECTED:
        return _("“%(name)s” is connected: there is nothing to scan.") % {"name": session.name}
    sentence = _("“%(name)s” shows no QR now: it is %(state)s.") % {
        "name": session.name,
        "state": describe.state_text(sessions.row(session)),
    }
    hint = _("Ask for one with `manage.py session connect`.")
    return " ".join(filter(None, (sentence, cause_sentence(session, at_a_terminal=True) or hint)))


def _message_json(message: Message) -> dict[str, Any]:
    last = message.attempts[-1] if message.attempts else None
    return {
        "id": str(message.pk),
        "phone": message.phone,
        "status": message.status,
        "reason": message.reason,
        "detail": message.detail,
        "provider_id": last.provider_id if last else None,
    }
