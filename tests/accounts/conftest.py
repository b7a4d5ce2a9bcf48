"""Fixtures of the tests of users: those of the pages."""

from tests.pages.conftest import signed_in, staff

__all__ = ["signed_in", "staff"]
