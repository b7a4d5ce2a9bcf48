"""Django admin: every model is there, opens in both languages, and only data is changed in it."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session as SignIn
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import SignIn as OpenSignIn
from accounts.models import User
from accounts.roles import set_role
from campaigns.models import Campaign
from debtors.models import Debtor
from domain.roles import Role
from domain.states import CampaignStatus
from systemlog.lean_admin import LeanAdmin
from systemlog.models import SystemLog
from tests.factories.sending import add_messages, make_campaign, make_line, make_pool
from tests.pages.conftest import PASSWORD

pytestmark = pytest.mark.django_db

NOT_THERE = (ContentType, SignIn)
"""Django's own bookkeeping, whose rows say nothing to a person."""
EMBEDDED = ("messaging.Attempt", "campaigns.RetryRequest")
THEIRS = ("axes.AccessAttemptExpiration",)
"""What a library decided to leave out of the administration."""


def models() -> list[type[Model]]:
    return [m for m in apps.get_models() if m not in NOT_THERE and m._meta.label not in EMBEDDED + THEIRS]


@pytest.fixture
def administrator(client: Client, db: None) -> Client:
    User.objects.create_superuser("root", password=PASSWORD)
    client.force_login(User.objects.get(username="root"))
    return client


def path(model: type[Model], page: str, *arguments: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=arguments)


@pytest.mark.parametrize("language", ["es", "en"])
def test_every_model_opens(administrator: Client, language: str) -> None:
    administrator.cookies["django_language"] = language
    pool = make_pool()
    line = make_line(pool, "http://127.0.0.1:9/send")
    add_messages(make_campaign(pool), 2)
    SystemLog.objects.create(at=timezone.now(), level="info", source="a.b", message="hello")
    missing = [model._meta.label for model in models() if model not in admin.site._registry]
    assert missing == []
    for model in models():
        page = administrator.get(path(model, "changelist"))
        assert page.status_code == 200, model
        assert administrator.get(path(model, "changelist"), {"q": "x"}).status_code == 200, model
        found = model._default_manager.first()
        if found is not None:
            assert administrator.get(path(model, "change", found.pk)).status_code == 200, model
        adding = administrator.get(path(model, "add")).status_code
        kept_by_a_library = model._meta.app_label == "axes"
        lean = isinstance(admin.site._registry[model], LeanAdmin)
        assert adding == (403 if lean or kept_by_a_library else 200), model
    shown = administrator.get(path(type(line), "change", line.pk)).content.decode()
    assert "127.0.0.1:9/send" not in shown  # an address may hold a secret


def test_who_is_no_administrator_sees_nothing(client: Client) -> None:
    user = User.objects.create_user("eva", password=PASSWORD, is_staff=True)
    set_role(user, Role.SUPERVISOR)
    client.force_login(user)
    assert client.get("/admin/").status_code == 403
    assert client.get(path(Campaign, "changelist")).status_code == 403


def test_change_stores_only_what_was_changed_and_is_audited(administrator: Client) -> None:
    now = timezone.now()
    debtor = Debtor.objects.create(
        identity="id:1", name="Ana", phone="+56911112222", phone_raw="1", country="CL", created_at=now, updated_at=now
    )
    address = path(Debtor, "change", debtor.pk)
    form = {"name": "Ana Rojas", "debt": "", "due_date": "", "owner": "", "metadata": "{}", "initial-metadata": "{}"}
    answer = administrator.post(address, {**form, "phone": "+56900000000"})
    assert answer.status_code == 302, answer.context["errors"]
    debtor.refresh_from_db()
    assert (debtor.name, debtor.phone) == ("Ana Rojas", "+56911112222")
    act = SystemLog.objects.get(source="admin.change")
    assert (act.actor, act.object_id, act.data["fields"]) == ("root", str(debtor.pk), ["Name"])


def test_state_is_changed_by_the_commands(administrator: Client) -> None:
    campaign = make_campaign(make_pool())
    act = {"action": "pause", "_selected_action": [str(campaign.pk)]}
    assert administrator.post(path(Campaign, "changelist"), act).status_code == 302
    campaign.refresh_from_db()
    assert campaign.status == CampaignStatus.PAUSED
    assert SystemLog.objects.filter(source="campaign.pause", actor="root").count() == 1
    again = administrator.post(path(Campaign, "changelist"), act, follow=True)
    assert campaign.name in again.content.decode()


def test_search_reads_ranges_and_ids(administrator: Client) -> None:
    campaign = make_campaign(make_pool(), "Cobranza.*")
    make_campaign(make_pool(), "Otra")
    for term in ("Cobranza.*", str(campaign.pk)):
        found = administrator.get(path(Campaign, "changelist"), {"q": term}).context["cl"].result_list
        assert [one.name for one in found] == ["Cobranza.*"]


def test_users_change_by_the_commands_alone(administrator: Client, staff: User) -> None:
    eva = User.objects.create_user("eva", password=PASSWORD)
    browser = Client()
    browser.force_login(eva)
    fields = dict.fromkeys(("last_name", "email", "phone", "language", "time_zone", "theme"), "")
    answer = administrator.post(path(User, "change", eva.pk), {**fields, "first_name": "Eva", "is_superuser": "on"})
    assert answer.status_code == 302, answer.context["errors"]
    eva.refresh_from_db()
    assert (eva.first_name, eva.is_superuser, eva.is_active) == ("Eva", False, True)
    sign_in = OpenSignIn.objects.get(user=eva)
    end = {"action": "end", "_selected_action": [str(sign_in.pk)]}
    assert administrator.post(path(OpenSignIn, "changelist"), end).status_code == 302
    assert browser.get("/").status_code == 302
    everybody = [str(pk) for pk in User.objects.values_list("pk", flat=True)]
    out = {"action": "deactivate", "_selected_action": everybody}
    said = administrator.post(path(User, "changelist"), out, follow=True).content.decode()
    assert "Nadie se desactiva a sí mismo" in said
    assert set(User.objects.filter(is_active=True).values_list("username", flat=True)) == {"root"}
    assert SystemLog.objects.filter(source="account.deactivate", actor="root").count() == 2
