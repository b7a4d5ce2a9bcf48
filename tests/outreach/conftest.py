"""Executives, their debtors, and a session by which digests go."""

from collections.abc import Callable

import pytest
from bson import ObjectId
from django.utils import translation

from accounts.models import User
from accounts.roles import set_role
from domain.delivery import Incoming
from domain.roles import Role
from gateways.models import Pool
from messaging import receipts
from preferences import commands
from sessions_app.models import Session
from tests.factories.sessions import make_session, make_whatsapp_pool

EVA, RUT = "+56988880001", "11111111-1"


@pytest.fixture(autouse=True)
def english(settings: object) -> object:
    settings.LANGUAGE_CODE = "en"  # type: ignore[attr-defined]
    with translation.override("en"):
        yield


@pytest.fixture
def pool(db: None) -> Pool:
    return make_whatsapp_pool("Avisos")


@pytest.fixture
def session(pool: Pool) -> Session:
    return make_session(pool, "Avisos 1", connected=True, phone="+56977770000")


@pytest.fixture
def eva(db: None) -> User:
    """An executive with a phone."""
    user = User.objects.create_user("eva", first_name="Eva", last_name="Soto", phone=EVA, language="en")
    set_role(user, Role.EXECUTIVE)
    return user


@pytest.fixture
def writes(session: Session) -> Callable[..., None]:
    """A person writes to the session."""

    def write(phone: str, *texts: str) -> None:
        receipts.store(str(session.gateway), [Incoming(str(ObjectId()), phone, text) for text in texts])

    return write


def switch_on(**values: object) -> None:
    """Digests, at any hour."""
    commands.change("digests", {"active": True, "hours": "none", "days": "all", **values}, actor=None)
