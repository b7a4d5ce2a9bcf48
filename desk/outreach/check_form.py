"""The form of a check: which numbers, by whose sessions, how slowly."""

from collections.abc import Mapping
from typing import Any

from bson import ObjectId
from django import forms
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from debtors.forms import owners
from debtors.models import Import
from desk.outreach.forms import Refusable, fitting_file, limit_file
from domain.states import ImportStatus
from gateways.models import Channel, Pool
from lib.converters import object_id
from outreach.checks import MOST
from preferences.queries import get

IMPORTS = 50
LONGEST_PASTED = MOST * 24


class Source(models.TextChoices):
    """Where the numbers come from."""

    PASTED = "pasted", gettext_lazy("Numbers that I paste")
    FILE = "file", gettext_lazy("A spreadsheet's phone column")
    IMPORT = "import", gettext_lazy("An import of debtors")
    DEBTORS = "debtors", gettext_lazy("Debtors by a filter")


class CheckForm(Refusable):
    """`given` chooses the source: "import", or "q" and "owner" as the list of debtors has them."""

    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=120, required=False,
        help_text=gettext_lazy("By which you find it again; empty is the time of now."),
    )  # fmt: skip
    source = forms.ChoiceField(label=gettext_lazy("Which numbers"), choices=Source.choices, widget=forms.RadioSelect)
    numbers = forms.CharField(
        label=gettext_lazy("Numbers"), required=False, max_length=LONGEST_PASTED,
        widget=forms.Textarea({"rows": 6, "spellcheck": "false"}),
        help_text=gettext_lazy("One a line, or parted by commas."),
    )  # fmt: skip
    file = forms.FileField(
        label=gettext_lazy("File"), required=False, widget=forms.FileInput(attrs={"accept": ".xlsx,.csv"}),
        error_messages={"empty": gettext_lazy("The file is empty.")},
    )  # fmt: skip
    q = forms.CharField(
        label=gettext_lazy("Name, RUT or phone"), max_length=100, required=False,
        help_text=gettext_lazy("As the list of debtors is searched; empty is all of them."),
    )  # fmt: skip
    owner = forms.ChoiceField(label=gettext_lazy("Executive"), required=False)
    pool_id = forms.ChoiceField(
        label=gettext_lazy("Pool whose sessions ask"),
        error_messages={"required": gettext_lazy("Choose a WhatsApp pool: its sessions ask.")},
    )
    per_hour = forms.IntegerField(label=gettext_lazy("Questions of a session in an hour"), min_value=1)

    pool: Pool

    def __init__(self, *args: Any, given: Mapping[str, str], **kwargs: Any) -> None:
        most = int(get("checks.per_hour"))
        source = Source.IMPORT if "import" in given else Source.DEBTORS if given else Source.PASTED
        kwargs["initial"] = {"source": source.value, "per_hour": most, **given}
        super().__init__(*args, **kwargs)
        imports = Import.objects.filter(status=ImportStatus.DONE.value).order_by("-started_at")[:IMPORTS]
        self.fields["import"] = forms.ChoiceField(
            label=_("Import"),
            required=False,
            choices=[
                ("", _("Choose an import")),
                *((str(pk), name) for pk, name in imports.values_list("pk", "file_name")),
            ],
        )
        self._choices("owner", [("", _("All executives")), *owners()])
        pools = Pool.objects.filter(channel=Channel.WHATSAPP, active=True).order_by("name")
        self._choices("pool_id", [(str(pool.pk), pool.name) for pool in pools])
        limit_file(self.fields["file"])
        hour = self.fields["per_hour"]
        hour.widget.attrs["max"] = most
        hour.help_text = _("At most %(most)s: WhatsApp blocks accounts that ask about many numbers.") % {"most": most}
        self._most = most

    def _choices(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def clean_per_hour(self) -> int:
        number: int = self.cleaned_data["per_hour"]
        if number > self._most:
            raise forms.ValidationError(
                _("Write a whole number from %(least)s to %(most)s.") % {"least": 1, "most": self._most}
            )
        return number

    def clean_pool_id(self) -> ObjectId | None:
        self.pool = Pool.objects.get(pk=object_id(self.cleaned_data["pool_id"]))
        return object_id(self.cleaned_data["pool_id"])

    def clean_owner(self) -> ObjectId | None:
        return object_id(self.cleaned_data["owner"])

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        missing = {
            Source.PASTED.value: ("numbers", _("Paste the numbers here.")),
            Source.FILE.value: ("file", _("Choose a file.")),
            Source.IMPORT.value: ("import", _("Choose an import.")),
        }.get(values.get("source", ""))
        if missing and not values.get(missing[0]) and missing[0] not in self.errors:
            self.add_error(missing[0], missing[1])
        if values.get("source") == Source.FILE.value and values.get("file"):
            fitting_file(values["file"])
        values["import"] = object_id(values.get("import") or "")
        return values
