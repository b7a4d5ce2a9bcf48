"""What lanes spend: as much as the far side took on, by its journal, at the price of each line."""

import pytest

from domain.costs import MILLION
from engine import inbox
from gateways.prices import set_price
from messaging import spending
from tests.engine.test_deliver import run_until_idle
from tests.factories.sending import add_messages, make_campaign, make_line, make_pool
from tests.gateways.simulated import RunningGateway

pytestmark = pytest.mark.django_db


def test_lines_spend_what_the_far_side_took_on(far_side: RunningGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line drops connections after accepting, and its doubts are settled by asking again under the same id."""
    monkeypatch.setattr("domain.outcome.CHECK_DELAYS", (0.0, 0.0, 0.0, 0.0, 0.0, 0.0))
    far_side.control(lines={"b": {"duplicates": "409", "faults": {"drop_after": 0.2}}})
    pool = make_pool()
    cheap = make_line(pool, f"{far_side.url}/send/a", "a")
    dear = make_line(pool, f"{far_side.url}/send/b", "b", deduplicates=True)
    set_price(cheap, price="0.035", currency="USD")
    set_price(dear, price="9", currency="CLP")
    campaign = make_campaign(pool)
    add_messages(campaign, 30, text="a" * 161)
    run_until_idle(dear)
    add_messages(campaign, 30)
    run_until_idle(cheap, dear)
    inbox.apply_receipts()
    parts = {"/send/a": 0, "/send/b": 0}
    for arrival in {one["id"]: one for one in far_side.arrivals()}.values():
        parts[arrival["line"]] += 2 if arrival["text"].startswith("aaa") else 1
    spent = spending.by_campaign([campaign.pk])[campaign.pk]
    assert parts["/send/b"] >= 60
    assert spent.cost == {"USD": parts["/send/a"] * 35_000, "CLP": parts["/send/b"] * 9 * MILLION}
    assert (spent.parts, spent.unpriced) == (90, 0)
    assert spending.parts_left(campaign.pk, pool.pk) == 0
