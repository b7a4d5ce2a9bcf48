"""The kinds of gateways that there are. A new one is declared here (docs/adding-a-gateway.md)."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gateways import http_fields, infobip_fields, sms_gate_fields, url_templates, whatsapp_fields
from gateways.errors import GatewayError, UrlTemplateError
from gateways.fields import Kind

_ALL = (
    Kind(
        name="infobip",
        label=gettext_lazy("Infobip"),
        channel="sms",
        provider="gateways.providers.infobip.Infobip",
        deliver_task="engine.deliver_sms",
        fields=infobip_fields.FIELDS,
        check=infobip_fields.check_together,
        schemes=infobip_fields.URL_SCHEMES,
        from_url=infobip_fields.fields_from,
        about=gettext_lazy("An account with Infobip: many messages in a request, reports, answers and its balance."),
        icon="boxes",
        examples=("infobip://abc123.api.infobip.com/sms/3/messages?from=COBRANZA&auth=apikey",),
    ),
    Kind(
        name="sms_gate",
        label=gettext_lazy("SMS Gate: your own Android phones"),
        channel="sms",
        provider="gateways.providers.sms_gate.SmsGate",
        deliver_task="engine.deliver_sms",
        fields=sms_gate_fields.FIELDS,
        check=sms_gate_fields.check_together,
        schemes=(sms_gate_fields.SCHEME,),
        from_url=sms_gate_fields.fields_from,
        about=gettext_lazy("Phones with the app SMS Gate send from their own SIM cards, and receive the answers."),
        icon="smartphone",
        examples=(sms_gate_fields.EXAMPLE, "sms-gate://user:password@?baseUrl=http://192.168.1.10:8080"),
        callback_notes=sms_gate_fields.callback_notes,
    ),
    Kind(
        name="http_generic",
        label=gettext_lazy("Any gateway with an HTTP interface"),
        channel="sms",
        provider="gateways.providers.http_generic.HttpGeneric",
        deliver_task="engine.deliver_sms",
        fields=http_fields.FIELDS,
        check=http_fields.check_together,
        schemes=("http", "https"),
        from_url=url_templates.fields_from,
        about=gettext_lazy("You say what a request to the SMS company looks like, and what its answers mean."),
        icon="globe",
        examples=url_templates.EXAMPLES,
    ),
    Kind(
        name="whatsapp_web",
        label=gettext_lazy("WhatsApp, through a paired session"),
        channel="whatsapp",
        provider="gateways.providers.whatsapp_web.WhatsAppWeb",
        deliver_task="engine.deliver_whatsapp",
        queue="whatsapp.{host}",
        needs_session=True,
        fields=whatsapp_fields.FIELDS,
    ),
)
KINDS = {kind.name: kind for kind in _ALL}


def kind_named(name: str) -> Kind:
    """Raises GatewayError, which says which kinds there are."""
    kind = KINDS.get(name)
    if kind is None:
        raise GatewayError(
            _("There is no gateway kind “%(name)s”. Available: %(kinds)s.")
            % {"name": name[:40], "kinds": ", ".join(KINDS)}
        )
    return kind


def read_url(template: str) -> tuple[Kind, dict[str, Any]]:
    """The kind that a URL template describes a line of, by its scheme, and what it says of its fields.

    Raises UrlTemplateError.
    """
    template = template.strip()
    scheme, colon, _rest = template.partition("://")
    by_scheme = {scheme: kind for kind in _ALL for scheme in kind.schemes}
    if colon and scheme.isascii() and scheme.lower() not in by_scheme:
        raise UrlTemplateError(
            "scheme",
            _("The scheme %(scheme)s:// isn't available. Available: %(schemes)s.")
            % {"scheme": scheme[:40], "schemes": ", ".join(f"{one}://" for one in by_scheme)},
        )
    kind = by_scheme.get(scheme.lower(), KINDS["http_generic"])  # which says what is missing in what has no scheme
    assert kind.from_url is not None
    return kind, kind.from_url(template)
