"""What an SMS part costs by a line, whatever its kind: read as people write it, set, and kept in the log."""

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from domain.costs import DEAREST, PLACES, Price, PriceProblem, currency_of, is_currency, parse_price, price_of
from gateways.errors import ChangedMeanwhile, GatewayError
from gateways.models import Channel, Gateway
from lib import amounts
from lib.figures import figure
from lib.mongo import compare_and_set
from live.events import GatewayChanged, PoolChanged
from live.publish import publish
from preferences import queries as preferences
from systemlog import audit


def usual_currency() -> str:
    """That of the country of new campaigns, which prices are proposed in."""
    return currency_of(preferences.get("sending.country"))


def read_price(text: str, currency: str) -> tuple[Decimal | None, str]:
    """A price as a person writes it with its currency, the installation's where none is named; no price of an empty
    text. Raises GatewayError."""
    amount = parse_price(text)
    if isinstance(amount, PriceProblem):
        raise GatewayError(_sentence(amount, text), field="price")
    if amount is None:
        return None, ""
    code = currency.strip().upper() or usual_currency()
    if not is_currency(code):
        raise GatewayError(
            _("“%(code)s” is no currency. Write its three letters, such as CLP or USD.") % {"code": code[:20]},
            field="currency",
        )
    return amount, code


def _sentence(problem: PriceProblem, text: str) -> str:
    match problem:
        case PriceProblem.TOO_PRECISE:
            return _("A price has %(places)s decimals at most.") % {"places": PLACES}
        case PriceProblem.TOO_HIGH:
            return _("No part costs more than %(most)s: check the price.") % {"most": figure(int(DEAREST))}
    return _("“%(text)s” is no price. Write a number such as 9 or 0.035, without thousands and without a sign.") % {
        "text": text.strip()[:40]
    }


def set_price(gateway: Gateway, *, price: str, currency: str = "") -> Price | None:
    """Say what a part costs by a line; an empty price means that nobody knows. Without a currency it stays the line's.

    It counts from the next message on: what was sent keeps what it cost. Returns the price of before. Raises
    GatewayError.
    """
    if gateway.channel != Channel.SMS:
        raise GatewayError(_("Only SMS cost by the part: “%(name)s” sends by WhatsApp.") % {"name": gateway.name})
    amount, code = read_price(price, currency or gateway.currency)
    before = {"price": gateway.price, "currency": gateway.currency}
    if not compare_and_set(Gateway, gateway.pk, before, {"price": amount, "currency": code}):
        raise ChangedMeanwhile(
            _("Somebody else changed “%(name)s” meanwhile: look at it and try again.") % {"name": gateway.name}
        )
    was = price_of(gateway.price, gateway.currency)
    gateway.price, gateway.currency = amount, code
    publish(GatewayChanged(str(gateway.pk)))
    publish(PoolChanged(str(gateway.pool_id)))
    return was


def record_price(actor: Any, gateway: Gateway, before: Price | None) -> None:
    """Keep in the log that somebody set a line's price, from what to what."""
    told = [amounts.price(each) or "—" for each in (before, price_of(gateway.price, gateway.currency))]
    audit.record(
        actor, "line.price", kind="gateway", id=gateway.pk, name=gateway.name, data={"changes": {"price": told}}
    )
