"""The kinds of gateways that there are. A new one is declared here (docs/adding-a-gateway.md)."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gateways import http_fields, whatsapp_fields
from gateways.errors import GatewayError
from gateways.fields import Kind

_ALL = (
    Kind(
        name="http_generic",
        label=gettext_lazy("SMS through a gateway's HTTP interface"),
        channel="sms",
        provider="gateways.providers.http_generic.HttpGeneric",
        deliver_task="engine.deliver_sms",
        fields=http_fields.FIELDS,
        check=http_fields.check_together,
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
