"""What an executive's pages show: what is theirs, without acts; and how a campaign becomes theirs."""

import re
from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client

from accounts.models import User
from accounts.roles import set_role
from campaigns.models import Campaign
from domain.delivery import Incoming
from domain.roles import Role
from domain.states import MessageStatus
from messaging import receipts
from systemlog.models import SystemLog
from tests.factories.debtors import make_debtor
from tests.factories.sending import add_messages, make_campaign, make_line, make_pool

pytestmark = pytest.mark.django_db


@pytest.fixture
def luis(db: None) -> User:
    user = User.objects.create_user("luis", first_name="Luis")
    set_role(user, Role.EXECUTIVE)
    return user


@pytest.fixture
def client(client: Client, luis: User) -> Client:
    client.force_login(luis)
    client.cookies["django_language"] = "en"
    return client


@pytest.fixture
def mine(luis: User) -> Campaign:
    pool = make_pool()
    make_line(pool, "https://gateway.example/send", "Línea A")
    mine = make_campaign(pool, "Mía")
    Campaign.objects.filter(pk=mine.pk).update(owner=luis)
    make_campaign(pool, "Ajena")
    for status in (MessageStatus.FAILED, MessageStatus.UNCERTAIN, MessageStatus.SENT):
        add_messages(mine, 2, status=status)
    return mine


def text(client: Client, path: str) -> str:
    return client.get(path).content.decode()


def test_list_has_ones_own_campaigns_and_counts_these_alone(client: Client, mine: Campaign) -> None:
    for path in ("/campaigns/", "/campaigns/?q=", "/campaigns/?state=running", "/campaigns/?mine=1"):
        page = text(client, path)
        assert ("Mía" in page, "Ajena" in page) == (True, False), path
    assert re.search(r"Running <span class=\"soft\">1</span>", page)
    assert "New campaign" not in page


def test_campaign_is_looked_at_without_acts(client: Client, mine: Campaign) -> None:
    for path in (f"/campaigns/{mine.pk}/", f"/campaigns/{mine.pk}/messages/?status=failed&reason=-"):
        page = text(client, path)
        assert re.findall(r'<button[^>]* form="form-|<dialog id="ask|href="/(?:pools|lines|log)/', page) == [], path
        assert "/export/" in page
    assert "Línea A" not in text(client, "/")


def test_panel_is_of_ones_own(client: Client, luis: User, mine: Campaign) -> None:
    page = text(client, "/")
    assert "Nothing needs you now" in page
    debtor, other = make_debtor("Rosa", owner=luis), make_debtor("Ajeno")
    for phone in (debtor.phone, other.phone):
        receipts.store("65f0c0ffee0123456789abcd", [Incoming(phone, phone, "Ya pagué")])
    page = text(client, "/")
    assert "1 person wrote to you" in page
    assert ("Rosa" in page, "Ajeno" in page) == (True, False)
    assert ("Mía" in page, "Ajena" in page) == (True, False)
    figures = re.findall(r'today-number">([^<]*)<', page)
    assert figures == ["1", "1", "1"]  # waits for an answer, wrote today, is theirs
    for part in ("panel-ways", "panel-trouble", "panel-today", "menu-hands"):
        assert part not in page


def test_menu_and_shortcuts_have_what_the_role_opens(client: Client, luis: User) -> None:
    page = text(client, "/accounts/password/")
    assert re.findall('data-key="(.)"', page) == ["p", "c", "m", "d", "k"]
    assert re.findall("<kbd>g</kbd> <kbd>(.)</kbd>", page) == ["p", "c", "m", "d", "k"]
    set_role(luis, Role.SUPERVISOR)
    assert re.findall('data-key="(.)"', text(client, "/accounts/password/")) == [*"pcmdbkslr"]


def test_supervisor_puts_somebody_in_charge_of_a_campaign(client: Client, luis: User, mine: Campaign) -> None:
    sofia = User.objects.create_user("sofia")
    set_role(sofia, Role.SUPERVISOR)
    boss = Client()
    boss.force_login(sofia)
    boss.cookies["django_language"] = "en"
    other = Campaign.objects.get(name="Ajena")
    path = f"/campaigns/{other.pk}/"
    assert client.get(path).status_code == 404
    page = text(boss, path)
    assert f'<option value="{luis.pk}">Luis</option>' in page
    boss.post(f"{path}owner/", {"owner": str(luis.pk), "seen": ""})
    assert client.get(path).status_code == 200
    act = SystemLog.objects.get(source="campaign.owner")
    assert (act.actor, act.object_id, act.data) == ("sofia", str(other.pk), {"before": "", "after": "luis"})
    # Of two who give it away at once the second one is told.
    assert boss.post(f"{path}owner/", {"owner": str(sofia.pk), "seen": ""}).status_code == 303
    assert "Somebody else gave this campaign away" in text(boss, path)
    for nobody in ("", "no-such-id", "0" * 24):
        boss.post(f"{path}owner/", {"owner": nobody, "seen": str(luis.pk)})
        assert "Choose somebody who works here." in text(boss, path)
    assert Campaign.objects.get(pk=other.pk).owner == luis


def test_draft_is_given_away_in_its_last_step(client: Client, luis: User, mine: Campaign) -> None:
    set_role(luis, Role.SUPERVISOR)
    Campaign.objects.filter(pk=mine.pk).update(status="draft", started_at=None)
    path = f"/campaigns/{mine.pk}/"
    assert 'id="ask-owner"' in text(client, f"{path}edit/review/")
    eva = User.objects.create_user("eva")
    answer = client.post(f"{path}owner/", {"owner": str(eva.pk), "seen": str(luis.pk), "from": "review"})
    assert answer["Location"] == f"{path}edit/review/"
    assert Campaign.objects.get(pk=mine.pk).owner == eva


def test_first_administrator_has_the_role_as_a_group_too(db: None) -> None:
    out = StringIO()
    call_command("first_administrator", stdout=out)
    user = User.objects.get()
    assert (user.role, [group.name for group in user.groups.all()]) == (Role.ADMINISTRATOR, ["administrator"])
