"""Every setting that staff can change for the whole installation: declared here once, by group.

A new setting is a Preference in a group; a new group is one more entry of GROUPS. Commands, the audit trail, storage
and the page follow from the declaration; a group whose fields belong together has a form of its own (desk/preferences).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from preferences import contact, limits, outreach, sending
from preferences.errors import InvalidPreference
from systemlog import retention

Value = str | int | bool
Text = Any
"""A translated text, rendered when it is shown."""


@dataclass(frozen=True, slots=True)
class Preference:
    """One setting. Its type is that of its default; `check` returns the value as it is stored, or raises ValueError."""

    name: str
    label: Text
    default: Value | Callable[[], Value]
    check: Callable[[Any], Value] | None = None
    choices: Mapping[str, Text] = field(default_factory=dict)
    help: Text = ""
    shown: Callable[[Any], str] = str
    """The value in words."""

    @property
    def usual(self) -> Value:
        """The default as it is now: some follow the environment's variables."""
        return self.default() if callable(self.default) else self.default

    def cleaned(self, value: Any) -> Value:
        """A value that can be used, from a text or from one of the setting's type. Raises InvalidPreference."""
        try:
            typed = self._typed(value)
            return self.check(typed) if self.check is not None else typed
        except InvalidPreference as error:
            error.name = self.name
            raise
        except ValueError as error:
            raise InvalidPreference(str(error), name=self.name) from error

    def _typed(self, value: Any) -> Value:
        usual = self.usual
        if isinstance(usual, bool):
            if str(value).strip().lower() in ("true", "yes", "on", "1"):
                return True
            if str(value).strip().lower() in ("false", "no", "off", "0"):
                return False
            raise ValueError(_("“%(value)s” is neither yes nor no.") % {"value": value})
        if isinstance(usual, int):
            try:
                return int(str(value).strip())
            except ValueError as error:
                raise ValueError(_("“%(value)s” is no whole number.") % {"value": value}) from error
        text = str(value).strip()
        if self.choices and text not in self.choices:
            known = ", ".join(self.choices)
            raise ValueError(
                _("“%(value)s” is none of the choices. Choose one of: %(known)s.") % {"value": text, "known": known}
            )
        return text

    def in_words(self, value: Any) -> str:
        if isinstance(value, bool):
            return _("yes") if value else _("no")
        return str(self.choices[value]) if value in self.choices else self.shown(value)


@dataclass(frozen=True, slots=True)
class Group:
    """Settings that are changed together. `about` says on their page what they do, and from when."""

    name: str
    label: Text
    preferences: tuple[Preference, ...]
    about: Text = ""
    apply: Callable[[Mapping[str, Value]], None] | None = None
    """Carries the group's values out where reading them is not enough; harmless to repeat."""

    def named(self, name: str) -> Preference | None:
        return next((each for each in self.preferences if each.name == name), None)


SENDING = Group(
    "sending",
    gettext_lazy("Sending"),
    (
        Preference(
            "hours",
            gettext_lazy("Sending window"),
            "08:00-20:00",
            sending.hours,
            help=gettext_lazy("When a new campaign may send, in its time zone: 08:00-20:00, or none for all day."),
            shown=sending.hours_in_words,
        ),
        Preference(
            "days",
            gettext_lazy("Days"),
            "mon-sat",
            sending.days,
            help=gettext_lazy("The days on which a new campaign may send: mon-sat, or mon,wed,fri, or all."),
            shown=sending.days_in_words,
        ),
        Preference(
            "timezone",
            gettext_lazy("Time zone"),
            sending.usual_zone,
            sending.time_zone,
            help=gettext_lazy("The time zone of a new campaign's hours."),
        ),
        Preference(
            "country",
            gettext_lazy("Country"),
            sending.usual_country,
            sending.country,
            help=gettext_lazy("How a new campaign writes money and dates: CL, ES."),
        ),
        Preference(
            "pause_mode",
            gettext_lazy("Pauses"),
            "off",
            choices=sending.MODES,
            help=gettext_lazy("Whether a new campaign rests now and then."),
        ),
        Preference(
            "pause_count",
            gettext_lazy("How many pauses"),
            3,
            sending.pause_count,
            help=gettext_lazy("Spread evenly over the campaign, where their number is chosen."),
        ),
        Preference(
            "pause_every",
            gettext_lazy("Messages between pauses"),
            30,
            sending.pause_every,
            help=gettext_lazy("Where a pause follows every so many messages."),
        ),
        Preference(
            "pause_durations",
            gettext_lazy("Minutes of a pause"),
            "5,10,20,30",
            sending.pause_durations,
            help=gettext_lazy("One of a list (5,10,20,30), drawn at random, or anything in a range (5-30)."),
            shown=sending.durations_in_words,
        ),
        Preference(
            "pause_channels",
            gettext_lazy("Pauses by channel"),
            "both",
            choices=sending.CHANNELS,
            help=gettext_lazy("Which channels make pauses."),
        ),
    ),
)

CONTACT = Group(
    "contact",
    gettext_lazy("Opt-outs"),
    (
        Preference(
            "confirm",
            gettext_lazy("Confirm an opt-out"),
            False,
            help=gettext_lazy("Whoever asks for no more messages gets one last one that says so."),
        ),
        Preference(
            "confirmation",
            gettext_lazy("Its text"),
            lambda: _("You will get no more messages from us."),
            contact.confirmation,
            help=gettext_lazy("It goes out once, by the line that the person wrote to."),
        ),
    ),
    about=gettext_lazy("What somebody gets who asks for no more messages."),
)

DIGESTS = Group(
    "digests",
    gettext_lazy("Digests"),
    (
        Preference(
            "active",
            gettext_lazy("Tell executives of their debtors' replies on WhatsApp"),
            False,
            help=gettext_lazy("Replies that came before it is switched on are not told."),
        ),
        Preference(
            "every",
            gettext_lazy("Seconds between two digests"),
            120,
            limits.between(outreach.LEAST_EVERY, outreach.MOST_EVERY),
            help=gettext_lazy("An executive gets at most one digest in so many seconds."),
            shown=outreach.seconds_in_words,
        ),
        Preference(
            "most",
            gettext_lazy("People named in a digest"),
            5,
            limits.between(1, outreach.MOST_ITEMS),
            help=gettext_lazy("Of those who wrote besides, it says how many they are."),
        ),
        Preference(
            "hours",
            gettext_lazy("Hours of digests"),
            "08:00-20:00",
            sending.hours,
            help=gettext_lazy("When they are sent: 08:00-20:00, or none for all day. Later replies wait until then."),
            shown=sending.hours_in_words,
        ),
        Preference(
            "days",
            gettext_lazy("Days of digests"),
            "mon-sat",
            sending.days,
            help=gettext_lazy("The days on which they are sent: mon-sat, or mon,wed,fri, or all."),
            shown=sending.days_in_words,
        ),
        Preference(
            "pool",
            gettext_lazy("Pool that sends them"),
            "",
            shown=outreach.pool_in_words,
        ),
        Preference(
            "phones",
            gettext_lazy("Debtors' phones in a digest"),
            outreach.MASKED,
            choices=outreach.PHONES,
            help=gettext_lazy("A digest lies on the executive's own phone."),
        ),
        Preference(
            "contacts",
            gettext_lazy("Also tell executives of the book who are no users"),
            True,
        ),
    ),
    about=gettext_lazy("How executives are told on WhatsApp of what their debtors answered. Each may choose less."),
)

CHECKS = Group(
    "checks",
    gettext_lazy("Number checks"),
    (
        Preference(
            "per_hour",
            gettext_lazy("Questions of a session in an hour"),
            20,
            limits.between(1, outreach.MOST_PER_HOUR),
            help=gettext_lazy("At most, over all checks. WhatsApp blocks accounts that ask about many numbers."),
        ),
    ),
    about=gettext_lazy("How slowly sessions ask whether numbers are on WhatsApp, also in checks that are running."),
)

SECURITY = Group(
    "security",
    gettext_lazy("Security"),
    (
        Preference(
            "sign_in_days",
            gettext_lazy("A sign-in lasts (days)"),
            14,
            limits.between(1, 90),
            help=gettext_lazy("Without being used. Whoever comes back later signs in again."),
            shown=limits.days,
        ),
        Preference(
            "failures",
            gettext_lazy("Failed tries to sign in"),
            10,
            limits.between(3, 100),
            help=gettext_lazy("After so many with the same user from the same address, one has to wait."),
            shown=limits.tries,
        ),
        Preference(
            "wait_minutes",
            gettext_lazy("Wait after them (minutes)"),
            10,
            limits.between(1, 1440),
            help=gettext_lazy("Others, and the user at other addresses, sign in meanwhile as ever."),
            shown=limits.minutes,
        ),
    ),
    about=gettext_lazy("How people sign in. It holds for everybody from the next page on, also for who is signed in."),
)
LOG = Group(
    "log",
    gettext_lazy("Log"),
    (
        Preference(
            "days",
            gettext_lazy("The log is kept (days)"),
            retention.USUAL_DAYS,
            limits.between(7, 3650),
            help=gettext_lazy("What people did and what processes said. With fewer days, older entries go for good."),
            shown=limits.days,
        ),
        Preference(
            "calls_days",
            gettext_lazy("Calls of SMS lines are kept (days)"),
            7,
            limits.between(1, 90),
            help=gettext_lazy("What lines and their gateways said to each other. It holds debtors' phones and texts."),
            shown=limits.days,
        ),
    ),
    about=gettext_lazy("How long what happened can be looked up."),
    apply=lambda values: retention.keep_for(int(values["days"])),
)

GROUPS: Mapping[str, Group] = {group.name: group for group in (SENDING, CONTACT, DIGESTS, CHECKS, SECURITY, LOG)}


def group_named(name: str) -> Group:
    """Raises InvalidPreference, which says which groups there are."""
    group = GROUPS.get(name)
    if group is None:
        known = ", ".join(GROUPS)
        raise InvalidPreference(
            _("There is no group of settings “%(name)s”. There are: %(known)s.") % {"name": name, "known": known}
        )
    return group


def preference_named(path: str) -> tuple[Group, Preference]:
    """The setting of a name like `sending.hours`. Raises InvalidPreference, which says which there are."""
    group_name, _dot, name = path.partition(".")
    group = group_named(group_name)
    found = group.named(name)
    if found is None:
        known = ", ".join(f"{group.name}.{each.name}" for each in group.preferences)
        raise InvalidPreference(
            _("There is no setting “%(name)s”. There are: %(known)s.") % {"name": path, "known": known}
        )
    return group, found
