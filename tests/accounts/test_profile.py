"""One's own account: it follows the user to every device, and the pages and live parts go by it."""

from datetime import UTC, datetime

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from live.boards import _rendered
from live.fragments import fragment_named
from live.viewers import language_of, zone_of
from systemlog.models import Level, SystemLog
from tests.pages.conftest import PASSWORD

pytestmark = pytest.mark.django_db


def written(**fields: str) -> dict[str, str]:
    return {
        "first_name": "Ana", "last_name": "Rojas", "email": "", "phone": "", "language": "", "time_zone": "",
        "theme": "", **fields,
    }  # fmt: skip


def elsewhere(name: str = "ana") -> Client:
    """Another device, on which nothing was ever chosen."""
    client = Client()
    client.post("/accounts/login/", {"username": name, "password": PASSWORD})
    return client


def test_language_zone_and_theme_follow_the_user(signed_in: Client, staff: User) -> None:
    moment = datetime.now(UTC).replace(hour=12, minute=34, second=56, microsecond=0)
    SystemLog.objects.create(at=moment, level=Level.INFO, source="engine.tick", message="noon")
    answer = signed_in.post("/accounts/profile/", written(language="en", time_zone="Asia/Tokyo", theme="dark"))
    assert answer.status_code == 303
    assert "Saved." in signed_in.get("/accounts/profile/").content.decode()
    page = elsewhere().get("/log/").content.decode()
    assert '<html lang="en"' in page
    assert 'data-theme="dark" data-bs-theme="dark"' in page
    assert "21:34:56" in page
    changes = SystemLog.objects.get(source="account.profile").data["changes"]
    assert changes == {"language": ["", "en"], "time_zone": ["", "Asia/Tokyo"], "theme": ["", "dark"]}


def test_live_parts_tell_the_viewer_s_time(staff: User) -> None:
    moment = datetime.now(UTC).replace(hour=12, minute=34, second=56, microsecond=0)
    SystemLog.objects.create(at=moment, level=Level.INFO, source="engine.tick", message="noon")
    fragment = fragment_named("log-tail")
    assert fragment is not None
    staff.time_zone = "Asia/Tokyo"
    assert "21:34:56" in _rendered(fragment, "", "en", zone_of(staff))
    staff.time_zone = "UTC"
    assert "12:34:56" in _rendered(fragment, "", "en", zone_of(staff))
    assert timezone.get_current_timezone() == timezone.get_default_timezone()


def test_viewer_without_a_choice_sees_what_the_browser_chose_or_the_installation_s() -> None:
    nobody = User()
    assert language_of(nobody, {}) == "es"
    assert language_of(nobody, {"django_language": "en"}) == "en"
    assert language_of(User(language="es"), {"django_language": "en"}) == "es"
    assert language_of(None, {"django_language": "xx"}) == "es"
    assert str(zone_of(User(time_zone="Nowhere/Atlantis"))) == str(timezone.get_default_timezone())


def test_menu_s_language_and_theme_are_the_user_s(signed_in: Client, staff: User) -> None:
    signed_in.post("/accounts/language/", {"language": "en", "next": "/"})
    assert signed_in.post("/accounts/theme/", {"theme": "light"}).status_code == 204
    assert signed_in.post("/accounts/theme/", {"theme": "pink"}).status_code == 422
    staff.refresh_from_db()
    assert (staff.language, staff.theme) == ("en", "light")


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"time_zone": "Mars/Olympus"}, "time_zone"), ({"phone": "x"}, "phone")],
)
def test_what_cannot_be_is_told_at_its_field(
    signed_in: Client, staff: User, fields: dict[str, str], field: str
) -> None:
    answer = signed_in.post("/accounts/profile/", written(**fields))
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {field}
    staff.refresh_from_db()
    assert (staff.time_zone, staff.phone) == ("", "")
