"""How the stand-in treats an arrival: rules for everybody, for a line's path and for a recipient."""

import random
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

FAULTS = (
    "drop_before",  # reads the request, doesn't accept it, closes the connection
    "drop_after",  # accepts, then closes the connection without an answer
    "429",  # refuses for now
    "503",  # the same, since its queue is full
    "500",  # fails before it accepts
    "500_after",  # accepts, then fails
    "reject",  # refuses for good: 400 with a JSON error
    "html",  # 200 with a page that says nothing; not accepted
    "html_after",  # the same after accepting
    "error_body",  # 200 with an error in its JSON; not accepted
    "late",  # accepts, and answers only after late_s
)
DUPLICATES = ("accept", "ignore", "409")
STATES = ("sent", "delivered", "read", "failed")


class InvalidControl(ValueError):
    """The control can't be read; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What happens to an arrival. Probabilities are 0 to 1."""

    latency_ms: float = 0
    """Wait before the answer (after the journal, before accepting)."""
    jitter_ms: float = 0
    """A random wait on top of it, up to this."""
    late_s: float = 30
    """How late a `late` answer is."""
    faults: Mapping[str, float] = field(default_factory=dict)
    """Probability by fault; the first that strikes, in the order of FAULTS, is the one."""
    refuse_first: int = 0
    """429 for the first N arrivals of a line (of a recipient, when the rule is a recipient's)."""
    refuse_every: int = 0
    """429 for each Nth arrival."""
    max_per_second: float = 0
    """429 for arrivals above this rate."""
    retry_after: str = "1"
    """The Retry-After header of a 429; empty leaves it out."""
    duplicates: str = "accept"
    """A second request with an id: accept it again, ignore it with the same answer, or answer 409."""
    callbacks: tuple[str, ...] = ()
    """The delivery states reported of an accepted message, in this order."""
    callback_url: str = ""
    """Where they are posted; a request's own `callback` goes first."""
    callback_format: str = "json"
    """json, form, or query (a GET)."""
    callback_delay_ms: float = 50
    """Wait before each."""
    callback_jitter_ms: float = 0
    callback_duplicate: float = 0
    """Probability that a callback is sent twice."""
    callback_shuffle: float = 0
    """Probability that a message's states are reported in a wrong order."""


NAMES = {one.name for one in fields(Behaviour)}


def behaviour_from(values: Mapping[str, Any], base: Behaviour) -> Behaviour:
    """`base` with the given values. Raises InvalidControl."""
    unknown = sorted(set(values) - NAMES)
    if unknown:
        raise InvalidControl(f"Unknown behaviour {', '.join(unknown)}. There are: {', '.join(sorted(NAMES))}.")
    changes = dict(values)
    if wrong := sorted(set(changes.get("faults", ())) - set(FAULTS)):
        raise InvalidControl(f"Unknown fault {', '.join(wrong)}. There are: {', '.join(FAULTS)}.")
    if changes.get("duplicates", "accept") not in DUPLICATES:
        raise InvalidControl(f"duplicates takes {', '.join(DUPLICATES)}.")
    if wrong := sorted(set(changes.get("callbacks", ())) - set(STATES)):
        raise InvalidControl(f"Unknown state {', '.join(wrong)}. There are: {', '.join(STATES)}.")
    if "callbacks" in changes:
        changes["callbacks"] = tuple(changes["callbacks"])
    for name, value in changes.items():
        expected = type(getattr(Behaviour(), name))
        number = expected in (int, float) and isinstance(value, int | float)
        if not number and not (expected is dict and isinstance(value, dict)) and not isinstance(value, expected):
            raise InvalidControl(f"{name} takes a {expected.__name__}, not {value!r}.")
    return replace(base, **changes)


class Control:
    """The rules, and the counters by which `refuse_first`, `refuse_every` and `max_per_second` work."""

    def __init__(self, default: Behaviour | None = None, *, seed: int = 1) -> None:
        self.default = default or Behaviour()
        self.lines: dict[str, Mapping[str, Any]] = {}
        self.recipients: dict[str, Mapping[str, Any]] = {}
        self.drop_connections = 0.0
        """Probability that a connection is closed before a byte of it is read."""
        self.seed = seed
        self.random = random.Random(seed)
        self._resolved: dict[tuple[str, str], Behaviour] = {}
        self._arrivals: dict[str, int] = defaultdict(int)
        self._recent: dict[str, deque[float]] = defaultdict(deque)

    def update(self, values: Mapping[str, Any]) -> None:
        """Replace each section that is given: default (merged), lines, recipients, drop_connections, seed.

        Raises InvalidControl, and then nothing has changed.
        """
        known = {"default", "lines", "recipients", "drop_connections", "seed"}
        if unknown := sorted(set(values) - known):
            raise InvalidControl(f"Unknown section {', '.join(unknown)}. There are: {', '.join(sorted(known))}.")
        default = behaviour_from(values.get("default", {}), self.default)
        for section in ("lines", "recipients"):
            for rule in values.get(section, {}).values():
                behaviour_from(rule, default)
        self.default = default
        self.lines = dict(values.get("lines", self.lines))
        self.recipients = dict(values.get("recipients", self.recipients))
        self.drop_connections = float(values.get("drop_connections", self.drop_connections))
        if "seed" in values:
            self.seed = int(values["seed"])
            self.random = random.Random(self.seed)
        self._resolved.clear()
        self.forget()

    def forget(self) -> None:
        """Start counting anew."""
        self._arrivals.clear()
        self._recent.clear()

    def shown(self) -> dict[str, Any]:
        """The control as `update` takes it."""
        return {
            "default": {name: getattr(self.default, name) for name in sorted(NAMES)},
            "lines": self.lines,
            "recipients": self.recipients,
            "drop_connections": self.drop_connections,
            "seed": self.seed,
        }

    def behaviour_for(self, line: str, recipient: str) -> Behaviour:
        """The rules of the line over the default ones, and the recipient's over both."""
        rule = self._recipient_rule(recipient)
        key = (line if line in self.lines else "", rule)
        found = self._resolved.get(key)
        if found is None:
            found = behaviour_from(self.lines.get(key[0], {}), self.default)
            found = behaviour_from(self.recipients.get(rule, {}), found)
            self._resolved[key] = found
        return found

    def _recipient_rule(self, recipient: str) -> str:
        """The rule's name: the whole number, or `*` and its last digits (the longest wins)."""
        if not self.recipients:
            return ""
        if recipient in self.recipients:
            return recipient
        suffixes = [rule for rule in self.recipients if rule.startswith("*") and recipient.endswith(rule[1:])]
        return max(suffixes, key=len, default="")

    def fault_for(self, behaviour: Behaviour, line: str, recipient: str, now: float) -> str:
        """The fault that strikes this arrival, or an empty text. `now` is in seconds of any steady clock."""
        rule = self._recipient_rule(recipient)
        counted = recipient if rule and self._counts(self.recipients[rule]) else line
        self._arrivals[counted] += 1
        nth = self._arrivals[counted]
        if nth <= behaviour.refuse_first or (behaviour.refuse_every and nth % behaviour.refuse_every == 0):
            return "429"
        if behaviour.max_per_second:
            recent = self._recent[counted]
            while recent and now - recent[0] >= 1:
                recent.popleft()
            if len(recent) >= behaviour.max_per_second:
                return "429"
            recent.append(now)
        for fault in FAULTS if behaviour.faults else ():
            probability = behaviour.faults.get(fault, 0)
            if probability and (probability >= 1 or self.random.random() < probability):
                return fault
        return ""

    @staticmethod
    def _counts(rule: Mapping[str, Any]) -> bool:
        return any(name in rule for name in ("refuse_first", "refuse_every", "max_per_second"))
