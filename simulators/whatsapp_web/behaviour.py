"""How the stand-in treats people, accounts and codes: rules for everybody, for a number and for an account."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

DUPLICATES = (
    "refuse",  # the page throws DuplicateMessageError, as WhatsApp Web did in 2023
    "ignore",  # it goes out, and the recipient's phone knows the id already
    "accept",  # it counts as another message: the worst case
)
ACKS = ("server", "lost", "failed")
MODES = (
    "",
    "QR",
    "MAIN",
    "SYNCING",
    "OFFLINE",
    "CONFLICT",
    "PROXYBLOCK",
    "TOS_BLOCK",
    "SMB_TOS_BLOCK",
    "DEPRECATED_VERSION",
)
INFOS = ("", "OFFLINE", "OPENING", "PAIRING", "SYNCING", "RESUMING", "CONNECTING", "NORMAL")
CHOICES = {"ack": ACKS, "mode": MODES, "info": INFOS, "check": ("answer", "error")}


class InvalidControl(ValueError):
    """The control can't be read; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class Person:
    """What a number does with what is sent to it. Times are milliseconds; None is never."""

    on_whatsapp: bool = True
    """False: the check answers null, and a message fails."""
    check: str = "answer"
    """error: asking whether the number is on WhatsApp fails, which wa-js turns into the same null."""
    ack: str = "server"
    """server: acknowledged; lost: it arrives, but the page never hears of it; failed: it arrives and gets ack -1."""
    ack_ms: float = 10
    """Until the server's ack (1), or -1."""
    delivered_ms: float | None = 30
    """From there until the person's phone has it (2)."""
    read_ms: float | None = 60
    """From there until it is read (3)."""
    lid: str = ""
    """The chat lives under a LID: its digits, or auto for some that follow from the number."""
    lid_known: bool = True
    """False: the page can't tell which number the LID belongs to."""
    reply: str = ""
    """Text that the person answers each message with; {text} in it stands for what they got."""
    reply_ms: float = 100
    """From the arrival until the reply; the person types for the second half of it."""
    name: str = ""
    """What the person calls themselves."""


@dataclass(frozen=True, slots=True)
class Account:
    """What an account's browsers go through. Times are milliseconds; None is never."""

    mode: str = ""
    """A stream mode that holds instead of the true one, such as CONFLICT. Only MAIN and NORMAL let messages out."""
    info: str = ""
    """The same of the stream's info."""
    loader_ms: float | None = 50
    """Until the page's modules are there, so that wa-js can become ready. account_default's counts before pairing."""
    start_ms: float | None = 1200
    """From opening, or pairing, until MAIN/NORMAL; the first half is SYNCING. What came in meanwhile comes just before
    NORMAL, and wa-js needs about a second after loading: sooner, and it misses those events."""
    refuses_scan: bool = False
    """The phone can't link another browser."""


_Rule = TypeVar("_Rule", Person, Account)


def rule_from(values: Mapping[str, Any], base: _Rule) -> _Rule:
    """`base` with the given values. Raises InvalidControl."""
    known = {one.name for one in fields(base)}
    if unknown := sorted(set(values) - known):
        raise InvalidControl(f"Unknown behaviour {', '.join(unknown)}. There are: {', '.join(sorted(known))}.")
    for name, value in values.items():
        if name in CHOICES:
            if value not in CHOICES[name]:
                raise InvalidControl(f"{name} takes one of {', '.join(CHOICES[name])}, not {value!r}.")
        elif name.endswith("_ms"):
            nothing = value is None and name in ("delivered_ms", "read_ms", "loader_ms", "start_ms")
            number = isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
            if not nothing and not number:
                raise InvalidControl(f"{name} takes milliseconds, not {value!r}.")
        elif not isinstance(value, type(getattr(type(base)(), name))):
            raise InvalidControl(f"{name} does not take {value!r}.")
    return replace(base, **values)


def lid_of(number: str, person: Person) -> str:
    """The digits of the person's LID; empty when their chat lives under the number."""
    if person.lid != "auto":
        return person.lid
    return str(10**14 + int.from_bytes(hashlib.sha256(number.encode()).digest()[:6], "big") % 10**14)


class Control:
    """The rules. `*` and last digits name everybody whose number ends so; the longest that fits wins."""

    def __init__(self) -> None:
        self.default = Person()
        self.account_default = Account()
        self.people: dict[str, Mapping[str, Any]] = {}
        self.accounts: dict[str, Mapping[str, Any]] = {}
        self.duplicates = "refuse"
        self.qr_refresh_s = 20.0
        """How long a code is shown before the next one."""
        self.qr_refreshes = 6
        """After this many codes the page gives up, until it is asked to refresh."""
        self._people: dict[str, Person] = {}

    def update(self, values: Mapping[str, Any]) -> None:
        """Replace each section that is given; default and account_default are merged.

        Raises InvalidControl, and then nothing has changed.
        """
        known = set(self.shown())
        if unknown := sorted(set(values) - known):
            raise InvalidControl(f"Unknown section {', '.join(unknown)}. There are: {', '.join(sorted(known))}.")
        default = rule_from(values.get("default", {}), self.default)
        account_default = rule_from(values.get("account_default", {}), self.account_default)
        for one in values.get("people", {}).values():
            rule_from(one, default)
        for one in values.get("accounts", {}).values():
            rule_from(one, account_default)
        if values.get("duplicates", "accept") not in DUPLICATES:
            raise InvalidControl(f"duplicates takes one of {', '.join(DUPLICATES)}.")
        try:
            refresh_s = float(values.get("qr_refresh_s", self.qr_refresh_s))
            refreshes = int(values.get("qr_refreshes", self.qr_refreshes))
        except (TypeError, ValueError):
            raise InvalidControl("qr_refresh_s and qr_refreshes take numbers.") from None
        self.default, self.account_default = default, account_default
        self.people = {digits(name): rule for name, rule in values.get("people", self.people).items()}
        self.accounts = {digits(name): rule for name, rule in values.get("accounts", self.accounts).items()}
        self.duplicates = values.get("duplicates", self.duplicates)
        self.qr_refresh_s, self.qr_refreshes = refresh_s, refreshes
        self._people.clear()

    def shown(self) -> dict[str, Any]:
        """The control as `update` takes it."""
        return {
            "default": {one.name: getattr(self.default, one.name) for one in fields(Person)},
            "account_default": {one.name: getattr(self.account_default, one.name) for one in fields(Account)},
            "people": self.people,
            "accounts": self.accounts,
            "duplicates": self.duplicates,
            "qr_refresh_s": self.qr_refresh_s,
            "qr_refreshes": self.qr_refreshes,
        }

    def person(self, number: str) -> Person:
        rule = number if number in self.people else ""
        if not rule and self.people:
            endings = [one for one in self.people if one.startswith("*") and number.endswith(one[1:])]
            rule = max(endings, key=len, default="")
        if rule not in self._people:
            self._people[rule] = rule_from(self.people.get(rule, {}), self.default)
        return self._people[rule]

    def account(self, number: str) -> Account:
        """The rules of an account; of a browser that is not paired yet, where the number is empty."""
        return rule_from(self.accounts.get(number, {}), self.account_default)


def digits(number: str) -> str:
    """A number or an ending as it is kept: without the plus, spaces and dashes that people write."""
    return number.strip().lstrip("+").replace(" ", "").replace("-", "")
