"""Roles: how far somebody sees and what they may do, each more than the one before it."""

from enum import StrEnum


class Role(StrEnum):
    """An executive sees what is theirs, a supervisor runs all of it, an administrator runs the installation too."""

    EXECUTIVE = "executive"
    SUPERVISOR = "supervisor"
    ADMINISTRATOR = "administrator"

    def reaches(self, least: "Role") -> bool:
        """Whether it is that role or a higher one."""
        order = list(Role)
        return order.index(self) >= order.index(least)
