"""Which debtors a clean-up may take away: those that nobody was ever in contact with, by rules that somebody chose."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

LEAST_DAYS, MOST_DAYS = 1, 3_650
USUAL_DAYS = 90


@dataclass(frozen=True, slots=True)
class CleanRules:
    """All of them have to be true of a debtor; that there was no contact is always one of them."""

    days: int = USUAL_DAYS
    """They came longer ago than so many."""
    without_name: bool = False
    without_debt: bool = False
    """They owe nothing, or nobody knows how much."""
    without_owner: bool = False

    def __post_init__(self) -> None:
        if not LEAST_DAYS <= self.days <= MOST_DAYS:
            raise ValueError("days")

    def as_json(self) -> dict[str, Any]:
        return {
            "days": self.days,
            "without_name": self.without_name,
            "without_debt": self.without_debt,
            "without_owner": self.without_owner,
        }

    @classmethod
    def of_json(cls, stored: Mapping[str, Any]) -> "CleanRules":
        return cls(**stored)

    def before(self, now: datetime) -> datetime:
        """When they came at the latest."""
        return now - timedelta(days=self.days)

    def fits(self, *, name: str, debt: Any, owner: Any, created_at: datetime, now: datetime) -> bool:
        """Whether the rules are true of a debtor; contact apart, which the database is asked about."""
        return (
            created_at < self.before(now)
            and not (self.without_name and name.strip())
            and not (self.without_debt and debt)
            and not (self.without_owner and owner is not None)
        )
