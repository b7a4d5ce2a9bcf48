"""Open sign-ins: listed with their device, noted while used, ended by oneself, by an administrator and by time."""

from datetime import timedelta

import pytest
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from accounts import commands, sign_ins
from accounts.models import SignIn, User
from domain.devices import Device, device_of
from lib import remembered
from lib.mongo import collection
from preferences import commands as preferences
from tests.pages.conftest import PASSWORD

pytestmark = pytest.mark.django_db

WINDOWS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.0 Mobile/15E148 Safari/604.1"
)
ANDROID = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36"
)
EDGE = f"{WINDOWS} Edg/140.0.0.0"


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        (WINDOWS, Device("Chrome", "Windows")),
        (IPHONE, Device("Safari", "iPhone")),
        (ANDROID, Device("Chrome", "Android")),
        (EDGE, Device("Edge", "Windows")),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", Device("Firefox", "Linux")),
        ("", Device("", "")),
    ],
)
def test_device_is_named(agent: str, device: Device) -> None:
    assert device_of(agent) == device
    assert device.in_hand == (device.system in ("iPhone", "Android"))


@given(st.text())
def test_device_of_anything_is_two_names(agent: str) -> None:
    found = device_of(agent)
    assert len(found.browser) < 20
    assert len(found.system) < 20


def signed(agent: str, name: str = "ana", address: str = "192.0.2.1") -> Client:
    """A browser in which somebody signs in."""
    client = Client(HTTP_USER_AGENT=agent, REMOTE_ADDR=address)
    client.cookies["django_language"] = "en"
    assert client.post("/accounts/login/", {"username": name, "password": PASSWORD}).status_code == 302
    return client


def out(client: Client) -> bool:
    return str(client.get("/accounts/profile/").headers.get("Location", "")).startswith("/accounts/login/")


def test_own_sign_ins_are_listed_and_ended(staff: User) -> None:
    here, phone, other = signed(WINDOWS), signed(IPHONE, address="198.51.100.4"), signed(EDGE)
    text = here.get("/accounts/sign-ins/").content.decode()
    for words in ("Chrome on Windows", "Safari on iPhone", "Edge on Windows", "198.51.100.4", "this one"):
        assert words in text
    theirs = SignIn.objects.get(agent=IPHONE)
    assert here.post(f"/accounts/sign-ins/{theirs.pk}/end/").status_code == 303
    assert [out(each) for each in (here, phone, other)] == [False, True, False]
    assert here.post("/accounts/sign-ins/others/end/").status_code == 303
    assert [out(each) for each in (here, other)] == [False, True]
    own = SignIn.objects.get()
    here.post(f"/accounts/sign-ins/{own.pk}/end/")
    assert "sign out instead" in here.get("/accounts/sign-ins/").content.decode()
    assert not out(here)
    here.post("/accounts/logout/")
    assert SignIn.objects.count() == 0


def test_nobody_ends_somebody_else_s_sign_in_but_an_administrator(staff: User) -> None:
    User.objects.create_user("eva", password=PASSWORD)
    boss, eva = signed(WINDOWS), signed(IPHONE, "eva")
    mine, hers = SignIn.objects.get(user=staff), SignIn.objects.exclude(user=staff).get()
    assert eva.post(f"/accounts/sign-ins/{mine.pk}/end/").status_code == 404
    assert eva.post(f"/users/sign-ins/{mine.pk}/end/").status_code == 403
    assert boss.post(f"/users/sign-ins/{staff.pk}/end/").status_code == 404
    assert "Safari on iPhone" in boss.get(f"/users/{hers.user_id}/").content.decode()
    assert boss.post(f"/users/sign-ins/{hers.pk}/end/").status_code == 303
    assert out(eva)
    again = signed(IPHONE, "eva")
    boss.post(f"/users/{hers.user_id}/sign-out/")
    assert out(again)
    assert not out(boss)


def test_own_password_ends_the_others_and_keeps_this_one(staff: User) -> None:
    here, phone = signed(WINDOWS), signed(IPHONE)
    another = "another " + PASSWORD
    fields = {"old_password": PASSWORD, "new_password1": another, "new_password2": another}
    assert here.post("/accounts/password/", fields).status_code == 302
    assert [out(each) for each in (here, phone)] == [False, True]
    assert [each.agent for each in sign_ins.of_user(staff)] == [WINDOWS]


def test_use_is_noted_at_most_once_a_minute(staff: User, monkeypatch: pytest.MonkeyPatch) -> None:
    class Clock:
        now = 1e6

        @classmethod
        def monotonic(cls) -> float:
            return cls.now

    monkeypatch.setattr(remembered, "time", Clock)
    here = signed(WINDOWS)
    here.get("/accounts/profile/")
    long_ago = timezone.now() - timedelta(days=3)
    SignIn.objects.update(seen_at=long_ago)
    here.get("/accounts/profile/")
    assert SignIn.objects.get().seen_at < timezone.now() - timedelta(days=2)
    Clock.now += sign_ins.NOTED + 1
    here.get("/accounts/profile/")
    found = SignIn.objects.get()
    assert found.seen_at > timezone.now() - timedelta(minutes=10)
    assert found.expires_at > timezone.now() + timedelta(days=13)


def test_sign_in_that_nobody_used_for_as_long_as_is_set_is_over(staff: User) -> None:
    here = signed(WINDOWS)
    preferences.change("security", {"sign_in_days": 2}, actor=None)
    sign_ins._noted.forget()
    assert not out(here)
    SignIn.objects.update(seen_at=timezone.now() - timedelta(days=2, minutes=1))
    assert sign_ins.of_user(staff) == []
    sign_ins._noted.forget()
    assert out(here)
    assert all(SESSION_KEY not in each.get_decoded() for each in Session.objects.all())


def test_expired_ones_are_forgotten_by_mongodb() -> None:
    own = collection(SignIn).index_information()["sign_in_expired"]
    assert (own["key"], own["expireAfterSeconds"]) == ([("expires_at", 1)], 0)
    theirs = collection(Session).index_information().values()
    assert [each["expireAfterSeconds"] for each in theirs if each["key"] == [("expire_date", 1)]] == [0]


def test_session_that_is_gone_is_not_listed(staff: User) -> None:
    here = signed(WINDOWS)
    Session.objects.all().delete()
    assert sign_ins.of_user(staff) == []
    assert out(here)
    assert commands.sign_out(staff, actor=None) == 0
    assert SignIn.objects.count() == 0
