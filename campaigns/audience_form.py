"""The form of a draft's first step: its name, and who receives it."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns import drafts
from campaigns.errors import CampaignError
from campaigns.forms import StepForm, ids
from campaigns.lacks import AUDIENCE
from campaigns.models import AudienceKind, Campaign
from debtors.models import Import
from domain.audiences import LONGEST_TYPED, Op, Problem, RowRange, read_filter, read_range
from domain.states import ImportStatus

IMPORTS_OFFERED = 20
KEPT = 10 * LONGEST_TYPED
"""Characters of a field that are kept as they were typed, though the filter refuses so many."""
MOST_ROWS = 20
KIND_HINTS = {
    AudienceKind.IMPORTS: gettext_lazy("Whoever is in several files gets the message once."),
    AudienceKind.ALL: gettext_lazy("Everybody whom any file brought."),
    AudienceKind.FILTER: gettext_lazy("By debt, due date, country, or any column of the files."),
    AudienceKind.RANGE: gettext_lazy("From one row to another, of a file or of all debtors."),
    AudienceKind.SELECTION: gettext_lazy("Pick them from the list of debtors."),
}
OPS = {
    Op.IS: gettext_lazy("is one of"),
    Op.HAS: gettext_lazy("has a value"),
    Op.LACKS: gettext_lazy("has no value"),
}
FILTERED = ("text", "debt_from", "debt_to", "due_from", "due_to", "country")
RANGED = {"range_import": "import", "range_from": "from", "range_to": "to"}


def problem_sentence(problem: Problem) -> str:
    """What is wrong with what was typed, and what to do."""
    sentences = {
        Problem.NOT_MONEY: _("Write an amount, like 150.000."),
        Problem.NOT_A_DATE: _("Write a day, like 2026-12-01."),
        Problem.REVERSED: _("This is before where it begins: exchange the two."),
        Problem.NO_COUNTRY: _("Write a country in two letters, like CL or ES."),
        Problem.NO_COLUMN: _("Choose the column that it is about."),
        Problem.NO_VALUE: _("Write what to look for."),
        Problem.TOO_MANY: _("That is too much for one filter: take some away."),
        Problem.TOO_LONG: _("That is too long for a filter: shorten it."),
        Problem.NOTHING: _("Give at least one condition, or choose all debtors."),
        Problem.NOT_A_ROW: _("Write the number of a row, from 1 on."),
    }
    return sentences[problem]


def _text(label: Any, **attrs: str) -> forms.CharField:
    widget = forms.TextInput({"autocomplete": "off", **attrs})
    return forms.CharField(required=False, max_length=LONGEST_TYPED, label=label, widget=widget)


class AudienceForm(StepForm):
    """What is typed for each kind stays, whichever is chosen."""

    step = AUDIENCE

    name = forms.CharField(required=False, max_length=drafts.MAX_NAME, label=gettext_lazy("Name of the campaign"))
    audience = forms.ChoiceField(
        choices=[(each.value, each.label) for each in AudienceKind if each is not AudienceKind.NONE],
        required=False,
        widget=forms.RadioSelect,
        label=gettext_lazy("Who receives it"),
    )
    chosen_imports = forms.MultipleChoiceField(required=False, label=gettext_lazy("Imported files"))
    filter_imports = forms.MultipleChoiceField(required=False, label=gettext_lazy("Of these files only"))
    text = _text(gettext_lazy("Name, RUT or phone begins with"))
    debt_from = _text(gettext_lazy("Debt from"), inputmode="decimal")
    debt_to = _text(gettext_lazy("Debt to"), inputmode="decimal")
    due_from = _text(gettext_lazy("Due from"), type="date")
    due_to = _text(gettext_lazy("Due to"), type="date")
    country = _text(gettext_lazy("Country of the phone"), maxlength="2", placeholder="CL")
    range_import = forms.ChoiceField(required=False, label=gettext_lazy("Rows of"))
    range_from = _text(gettext_lazy("From row"), inputmode="numeric")
    range_to = _text(gettext_lazy("To row"), inputmode="numeric")

    def __init__(self, data: "MultiValueDict[str, Any]", *, campaign: Campaign) -> None:
        super().__init__(data, campaign=campaign)
        for name in ("due_from", "due_to"):
            self.fields[name].widget.input_type = "date"
        self.imports = _offered(campaign)
        for file in self.imports:
            file.valid = file.created + file.updated + file.unchanged  # type: ignore[attr-defined]  # for the page
        files = [(str(each.pk), each.file_name) for each in self.imports]
        for name in ("chosen_imports", "filter_imports"):
            self.fields[name].choices = files  # type: ignore[attr-defined]
        self.fields["range_import"].choices = [  # type: ignore[attr-defined]
            ("", _("All debtors, in the order in which they came")),
            *files,
        ]

    @classmethod
    def texts(cls, campaign: Campaign) -> dict[str, list[Any]]:
        wanted = campaign.audience_spec.get(AudienceKind.FILTER) or {}
        rows = campaign.audience_spec.get(AudienceKind.RANGE) or {}
        tests = wanted.get("tests") or []
        return {
            "name": [campaign.name],
            "audience": [campaign.audience] if campaign.audience != AudienceKind.NONE else [],
            "chosen_imports": [str(pk) for pk in campaign.audience_imports],
            "filter_imports": list(wanted.get("imports") or []),
            **{name: [wanted.get(name, "")] for name in FILTERED},
            **{name: [rows.get(key, "")] for name, key in RANGED.items()},
            **{f"test_{part}": [test.get(part, "") for test in tests] for part in ("key", "op", "values")},
        }

    @property
    def tests(self) -> list[dict[str, str]]:
        """The conditions on columns as they were typed, each in its place; empty where all are blank."""
        parts = [[str(each).strip()[:KEPT] for each in self._all(f"test_{part}")] for part in ("key", "op", "values")]
        rows = [dict(zip(("key", "op", "values"), row, strict=True)) for row in zip(*parts, strict=False)]
        filled = [row for row in rows if row["key"] or row["values"] or row["op"] not in ("", Op.IS.value)]
        # Those that are too many are told as such: none that says something is ever dropped for one that does not.
        return [] if not filled else rows if len(rows) <= MOST_ROWS else filled[:MOST_ROWS]

    @property
    def shown_tests(self) -> list[tuple[dict[str, str], str]]:
        """The conditions, each with what is wrong with it."""
        problems = read_filter(self._filter()).problems
        sentences = {place: problem_sentence(problem) for place, problem in problems.items()}
        return [(test, sentences.get(f"test-{place}", "")) for place, test in enumerate(self.tests)]

    @property
    def ticked(self) -> list[str]:
        return self._all("chosen_imports")

    @property
    def ticked_for_filter(self) -> list[str]:
        return self._all("filter_imports")

    @property
    def kind(self) -> str:
        return str(self["audience"].value() or "")

    def _all(self, name: str) -> list[str]:
        return [str(each) for each in self.given.getlist(name)]

    def clean_name(self) -> str:
        try:
            return drafts.name_of(self.cleaned_data["name"], self.campaign.pk)
        except CampaignError as error:
            raise forms.ValidationError(error.sentence) from error

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        problems: Mapping[str, Problem] = {}
        if self.kind == AudienceKind.FILTER:
            problems = read_filter(self._filter()).problems
        elif self.kind == AudienceKind.RANGE and any(self._all("range_from") + self._all("range_to")):
            read = read_range(self._range())
            if not isinstance(read, RowRange):
                problems = {f"range_{name}": problem for name, problem in read.items() if self._range()[name]}
        for name, problem in problems.items():
            if name in self.fields and problem is not Problem.NOTHING:
                self.add_error(name, problem_sentence(problem))
        return values

    def _filter(self) -> dict[str, Any]:
        """The filter as it was typed: what can't be used stays in it."""
        stored = self.campaign.audience_spec.get(AudienceKind.FILTER) or {}
        typed = {name: self._sent(name)[-1].strip() if self._all(name) else "" for name in FILTERED}
        found: dict[str, Any] = {name: text[:KEPT] for name, text in typed.items() if text}
        if files := [str(key) for key in ids(self.ticked_for_filter)]:
            found["imports"] = files
        if self.tests:
            found["tests"] = self.tests
        return {**found, "written_in": stored.get("written_in") or self.campaign.country} if found else {}

    def _range(self) -> dict[str, str]:
        return {key: (self._all(name) or [""])[-1].strip()[:20] if key != "import" else (self._all(name) or [""])[-1]
                for name, key in RANGED.items()}  # fmt: skip

    def values(self) -> dict[str, Any]:
        spec = {key: value for key, value in self.campaign.audience_spec.items() if key == AudienceKind.SELECTION}
        if typed := self._filter():
            spec[AudienceKind.FILTER.value] = typed
        rows = self._range()
        if any(rows.values()) and self.good("range_import"):
            spec[AudienceKind.RANGE.value] = rows
        found: dict[str, Any] = {"audience_spec": spec}
        if self.good("name"):
            found["name"] = self.cleaned_data["name"]
        if self.good("audience"):
            found["audience"] = self.cleaned_data["audience"] or AudienceKind.NONE.value
        if self.good("chosen_imports"):
            found["audience_imports"] = ids(self.cleaned_data["chosen_imports"])
        return found

    def apply(self, campaign: Campaign) -> None:
        # Whom somebody picks one by one is stored by itself, and may have changed since this page was read.
        self.campaign = campaign
        super().apply(campaign)
        kept = campaign.unfinished.get(self.step)
        if kept:
            # A filter and a range are kept as they were typed already.
            mine = {name: texts for name, texts in kept.items() if name == "name"}
            others = {step: fields for step, fields in campaign.unfinished.items() if step != self.step}
            campaign.unfinished = {**others, self.step: mine} if mine else others


def _offered(campaign: Campaign) -> list[Import]:
    """The latest files, and those that the draft has already."""
    wanted = campaign.audience_spec.get(AudienceKind.FILTER) or {}
    rows = campaign.audience_spec.get(AudienceKind.RANGE) or {}
    chosen = [*campaign.audience_imports, *ids([*(wanted.get("imports") or []), rows.get("import", "")])]
    latest = list(Import.objects.filter(status=ImportStatus.DONE.value).order_by("-pk")[:IMPORTS_OFFERED])
    known = {each.pk for each in latest}
    older = [pk for pk in chosen if pk not in known]
    return [*latest, *(Import.objects.filter(pk__in=older) if older else [])]
