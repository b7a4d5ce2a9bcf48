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
from domain.states import CampaignStatus, Desired, MessageStatus
from lib.mongo import collection
from messaging.models import Message
from systemlog import lean_admin
from systemlog.lean_admin import LeanAdmin
from systemlog.models import SystemLog
from tests.factories.sending import add_messages, make_campaign, make_line, make_pool
from tests.factories.sessions import make_session, make_whatsapp_pool
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


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.EXECUTIVE])
def test_who_is_no_administrator_sees_nothing(client: Client, role: Role) -> None:
    user = User.objects.create_user("eva")
    set_role(user, role)
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


@pytest.mark.parametrize("language", ["es", "en"])
def test_filter_looks_among_the_newest_and_search_in_all(
    administrator: Client, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    monkeypatch.setattr(lean_admin, "FILTERED", 2)
    administrator.cookies["django_language"] = language
    campaign = make_campaign(make_pool())
    debtors = add_messages(campaign, 3, status=MessageStatus.FAILED)
    oldest = Message.objects.get(debtor=debtors[0]).pk

    def shown(**query: str) -> tuple[list[object], bool]:
        page = administrator.get(path(Message, "changelist"), query)
        said = {"es": "entre los 2 más nuevos", "en": "among the newest 2"}[language] in page.content.decode()
        return [one.pk for one in page.context["cl"].result_list], said

    rows, said = shown(status__exact="failed")
    assert (len(rows), oldest in rows, said) == (2, False, True)
    rows, said = shown(status__exact="failed", q=str(oldest))
    assert (rows, said) == ([oldest], False)
    rows, said = shown()
    assert (len(rows), said) == (3, False)


def test_search_by_a_beginning_shows_the_first_and_says_so(
    administrator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lean_admin, "FOUND", 2)
    administrator.cookies["django_language"] = "en"
    for name in ("Cobranza 1", "Cobranza 2", "Cobranza 3"):
        make_campaign(make_pool(name), name)
    page = administrator.get(path(Campaign, "changelist"), {"q": "Cob"})
    assert sorted(one.name for one in page.context["cl"].result_list) == ["Cobranza 1", "Cobranza 2"]
    assert "The first 2 are shown" in page.content.decode()


def test_search_and_filters_read_no_whole_collection(administrator: Client) -> None:
    """Whatever is searched, MongoDB walks along an index."""
    for model in (Campaign, Debtor, Message, SystemLog):
        for prefix in admin.site._registry[model].prefixes:  # type: ignore[attr-defined]
            begins = {prefix: {"$gte": "a", "$lt": "a\uffff"}}
            plan = collection(model).find(begins, {"_id": 1}).sort(prefix, 1).limit(500).explain()
            assert "COLLSCAN" not in str(plan["queryPlanner"]["winningPlan"]), (model, prefix)


def test_messages_are_sent_again_by_the_command_of_their_campaign(administrator: Client) -> None:
    pool = make_pool()
    make_line(pool, "http://127.0.0.1:9/send")
    campaign = make_campaign(pool, status=CampaignStatus.COMPLETED)
    first, _second = add_messages(campaign, 2, status=MessageStatus.FAILED)
    act = {"action": "retry", "_selected_action": [str(Message.objects.get(debtor=first).pk)]}
    answer = administrator.post(path(Message, "changelist"), act, follow=True)
    assert campaign.name in answer.content.decode()
    campaign.refresh_from_db()
    assert [list(asked.messages) for asked in campaign.retry_wanted] == [[Message.objects.get(debtor=first).pk]]
    assert SystemLog.objects.get(source="campaign.retry").data["messages"] == 1


def test_lines_and_sessions_are_switched_by_their_commands(administrator: Client) -> None:
    line = make_line(make_pool(), "http://127.0.0.1:9/send")
    session = make_session(make_whatsapp_pool(), "Ventas 1")
    administrator.post(path(type(line), "changelist"), {"action": "deactivate", "_selected_action": [str(line.pk)]})
    administrator.post(path(type(session), "changelist"), {"action": "connect", "_selected_action": [str(session.pk)]})
    line.refresh_from_db()
    session.refresh_from_db()
    assert (line.active, session.desired) == (False, Desired.CONNECTED)
    assert set(SystemLog.objects.values_list("source", flat=True)) >= {"gateway.deactivate", "session.connect"}


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
