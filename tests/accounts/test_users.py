"""Users: made, changed, deactivated, by pages and by command; what is theirs goes to somebody else."""

import json
import re
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils.translation import override

from accounts import commands, queries
from accounts.errors import UserError
from accounts.models import User
from accounts.roles import set_role
from campaigns.models import Campaign
from debtors.models import Debtor
from desk.users import belongings
from domain.roles import Role
from systemlog.models import SystemLog
from tests.factories.debtors import make_debtor
from tests.factories.sending import make_campaign, make_pool
from tests.pages.conftest import PASSWORD

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with override("en"):
        yield


def user(name: str, role: Role = Role.EXECUTIVE) -> User:
    made = User.objects.create_user(name, password=PASSWORD, first_name=name.capitalize())
    set_role(made, role)
    return made


def written(**fields: str) -> dict[str, str]:
    return {"first_name": "Eva", "last_name": "Díaz", "email": "", "phone": "", "role": "executive", **fields}


def shown_password(answer: str) -> str:
    found = re.search(r'id="shown-password" readonly value="([^"]+)"', answer)
    assert found is not None, answer
    return found[1]


def after(client: Client, answer: Any) -> str:
    """The page that an act leads to."""
    return client.get(answer["Location"]).content.decode()


def act(name: str) -> SystemLog:
    found = SystemLog.objects.filter(act=True, source=name).order_by("-at", "-pk").first()
    assert found is not None, name
    return found


# A new user -----------------------------------------------------------------------------------------------------------
def test_new_user_is_shown_a_password_once_and_chooses_another_one(signed_in: Client) -> None:
    answer = signed_in.post("/users/new/", written(username="eva", role="supervisor", phone="9 8765 4321"))
    password = shown_password(answer.content.decode())
    assert "no-store" in answer["Cache-Control"]
    made = User.objects.get(username="eva")
    assert (made.role, made.phone, made.get_full_name()) == (Role.SUPERVISOR, "+56987654321", "Eva Díaz")
    assert act("account.create").object_id == str(made.pk)
    assert password not in str(list(SystemLog.objects.values()))
    assert password not in signed_in.get(f"/users/{made.pk}/").content.decode()

    eva = Client()
    eva.cookies["django_language"] = "en"
    assert eva.post("/accounts/login/", {"username": "eva", "password": password}).status_code == 302
    for path in ("/", "/campaigns/", f"/users/{made.pk}/"):
        assert (eva.get(path).status_code, eva.get(path)["Location"]) == (303, "/accounts/password/")
    assert eva.get("/campaigns/", headers={"HX-Request": "true"})["HX-Redirect"] == "/accounts/password/"
    assert "password for once" in eva.get("/accounts/password/").content.decode()
    same = {"old_password": password, "new_password1": password, "new_password2": password}
    assert "Choose another one" in eva.post("/accounts/password/", same).content.decode()
    assert eva.get("/").status_code == 303
    own = {"old_password": password, "new_password1": PASSWORD, "new_password2": PASSWORD}
    assert eva.post("/accounts/password/", own).status_code == 302
    assert eva.get("/").status_code == 200
    assert act("account.password").actor == "eva"


@pytest.mark.parametrize(
    ("fields", "field", "sentence"),
    [
        ({"username": "ANA"}, "username", "There is a user “ANA” already"),
        ({"username": "con espacio"}, "username", "Enter a valid username"),
        ({"username": ""}, "username", "required"),
        ({"first_name": ""}, "first_name", "required"),
        ({"phone": "12"}, "phone", "is no mobile number"),
        ({"email": "eva@"}, "email", "valid email"),
        ({"role": "king"}, "role", "valid choice"),
    ],
)
def test_user_that_cannot_be_made_says_why_at_the_field_and_nothing_is_stored(
    signed_in: Client, fields: dict[str, str], field: str, sentence: str
) -> None:
    answer = signed_in.post("/users/new/", written(username="eva") | fields)
    assert answer.status_code == 422
    assert sentence in " ".join(answer.context["form"].errors[field])
    assert User.objects.count() == 1


# Changes --------------------------------------------------------------------------------------------------------------
def test_change_is_kept_with_what_was_before(signed_in: Client) -> None:
    eva = user("eva")
    answer = signed_in.post(f"/users/{eva.pk}/", written(email="eva@example.com", role="supervisor"))
    assert answer.status_code == 303
    changes = act("account.change").data["changes"]
    assert changes["role"] == ["executive", "supervisor"]
    assert changes["email"] == ["", "eva@example.com"]
    assert "first_name" not in changes
    again = signed_in.post(f"/users/{eva.pk}/", written(email="eva@example.com", role="supervisor"))
    assert "Nothing was changed" in after(signed_in, again)


def test_nobody_takes_their_own_role_or_the_last_administrator_s(signed_in: Client, staff: User) -> None:
    answer = signed_in.post(f"/users/{staff.pk}/", written(role="executive"))
    assert answer.status_code == 422
    assert "ask another administrator" in " ".join(answer.context["form"].errors["role"])
    said = after(signed_in, signed_in.post(f"/users/{staff.pk}/deactivate/"))
    assert "Nobody deactivates themselves" in said
    with pytest.raises(UserError, match="last administrator"):
        commands.deactivate(staff, actor=None)
    with pytest.raises(UserError, match="last administrator"):
        commands.change(staff, {}, role=Role.SUPERVISOR, actor=None)
    other = user("eva", Role.ADMINISTRATOR)
    commands.change(staff, {}, role=Role.SUPERVISOR, actor=other)
    with pytest.raises(UserError):
        commands.deactivate(other, actor=None)
    assert User.objects.get(pk=staff.pk).role is Role.SUPERVISOR
    assert User.objects.get(pk=other.pk).is_active


def test_who_is_deactivated_is_out_at_once_and_comes_back(signed_in: Client) -> None:
    eva = user("eva")
    browser = Client()
    browser.force_login(eva)
    assert browser.get("/").status_code == 200
    assert signed_in.post(f"/users/{eva.pk}/deactivate/").status_code == 303
    assert browser.get("/")["Location"].startswith("/accounts/login/")
    assert browser.post("/accounts/login/", {"username": "eva", "password": PASSWORD}).status_code == 200
    assert "Eva" in signed_in.get("/users/?state=inactive").content.decode()
    signed_in.post(f"/users/{eva.pk}/activate/")
    assert browser.post("/accounts/login/", {"username": "eva", "password": PASSWORD}).status_code == 302
    assert [act(f"account.{name}").actor for name in ("deactivate", "activate")] == ["ana", "ana"]


def test_another_password_ends_what_was_open(signed_in: Client) -> None:
    eva = user("eva")
    browser = Client()
    browser.force_login(eva)
    password = shown_password(signed_in.post(f"/users/{eva.pk}/password/").content.decode())
    assert signed_in.get(f"/users/{eva.pk}/password/")["Location"] == f"/users/{eva.pk}/"
    assert browser.get("/").status_code == 302
    assert browser.post("/accounts/login/", {"username": "eva", "password": PASSWORD}).status_code == 200
    assert browser.post("/accounts/login/", {"username": "eva", "password": password}).status_code == 302
    assert browser.get("/")["Location"] == "/accounts/password/"


# The list -------------------------------------------------------------------------------------------------------------
def test_list_finds_by_words_role_and_state(staff: User) -> None:
    eva, boss = user("eva"), user("bruno", Role.SUPERVISOR)
    nobody = User.objects.create_user("ninguno")  # in no group: the least of the roles
    User.objects.create_user("gone", is_active=False)

    def names(**asked: object) -> set[str]:
        return set(queries.listed(**asked).values_list("username", flat=True))  # type: ignore[arg-type]

    assert names() == {"ana", "eva", "bruno", "ninguno"}
    assert names(search="roj an") == {"ana"}
    assert names(role=Role.EXECUTIVE) == {"eva", "ninguno"}
    assert names(role=Role.SUPERVISOR) == {"bruno"}
    assert names(role=Role.ADMINISTRATOR) == {"ana"}
    assert names(state=queries.INACTIVE) == {"gone"}
    assert queries.roles_of([staff, eva, boss, nobody]) == {
        staff.pk: Role.ADMINISTRATOR, eva.pk: Role.EXECUTIVE, boss.pk: Role.SUPERVISOR, nobody.pk: Role.EXECUTIVE,
    }  # fmt: skip


# What is theirs -------------------------------------------------------------------------------------------------------
def test_what_is_theirs_goes_to_somebody_else_with_the_count_named_before(
    signed_in: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(belongings, "PAGE", 2)
    eva, bruno = user("eva"), user("bruno")
    debtors = [make_debtor(f"Deudor {n}", owner=eva) for n in range(5)]
    before = Debtor.objects.get(pk=debtors[0].pk).updated_at
    other = make_debtor("De otro", owner=bruno)
    campaign = make_campaign(make_pool())
    Campaign.objects.filter(pk=campaign.pk).update(owner=eva)
    address = f"/users/{eva.pk}/hand-over/"
    chosen = {"to": str(bruno.pk), "what": ["debtors", "campaigns"]}
    asked = signed_in.get(address, chosen).content.decode()
    assert "From Eva to Bruno" in asked
    assert "5 debtors, with their conversations" in asked
    assert Debtor.objects.filter(owner=eva).count() == 5
    said = after(signed_in, signed_in.post(address, chosen))
    assert "5 debtors and 1 campaign went from Eva to Bruno." in said
    assert Debtor.objects.filter(owner=bruno).count() == 6
    assert Debtor.objects.get(pk=other.pk).owner == bruno
    assert Debtor.objects.get(pk=debtors[0].pk).updated_at > before  # conversations follow what changed lately
    assert Campaign.objects.get(pk=campaign.pk).owner == bruno
    assert act("account.hand_over").data == {"to": "Bruno", "debtors": 5, "campaigns": 1}


def test_handing_over_stops_at_what_one_request_can_do_and_goes_on(
    signed_in: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(belongings, "PAGE", 1)
    monkeypatch.setattr(belongings, "MOST_AT_ONCE", 2)
    eva, bruno = user("eva"), user("bruno")
    for number in range(3):
        make_debtor(f"Deudor {number}", owner=eva)
    chosen = {"to": str(bruno.pk), "what": ["debtors"]}
    said = after(signed_in, signed_in.post(f"/users/{eva.pk}/hand-over/", chosen))
    assert "1 debtor of Eva is left" in said
    signed_in.post(f"/users/{eva.pk}/hand-over/", chosen)
    assert Debtor.objects.filter(owner=bruno).count() == 3


def test_nothing_is_handed_over_to_nobody_or_to_who_is_gone(signed_in: Client) -> None:
    eva = user("eva")
    make_debtor("Uno", owner=eva)
    gone = User.objects.create_user("gone", is_active=False)
    for to in ("", "nonsense", str(eva.pk), str(gone.pk)):
        answer = signed_in.post(f"/users/{eva.pk}/hand-over/", {"to": to, "what": ["debtors"]})
        assert answer.status_code == 422
        assert "an active user" in answer.content.decode()
    assert Debtor.objects.filter(owner=eva).count() == 1


# By command -----------------------------------------------------------------------------------------------------------
def told(*arguments: str) -> str:
    out = StringIO()
    call_command("user", *arguments, stdout=out)
    return out.getvalue()


def test_command_makes_lists_and_deactivates() -> None:
    said = told("create", "root", "--role", "administrator")
    password = re.search(r"([a-z2-9]{5}-){3}[a-z2-9]{5}", said)
    assert password is not None
    assert User.objects.get(username="root").check_password(password[0])
    told("create", "eva", "--first-name", "Eva")
    told("role", "eva", "supervisor")
    rows = json.loads(told("list", "--json"))
    assert [(row["username"], row["role"], row["last_seen"]) for row in rows] == [
        ("eva", "supervisor", None), ("root", "administrator", None),
    ]  # fmt: skip
    told("deactivate", "eva")
    assert "eva" not in told("list")
    assert "eva" in told("list", "--inactive")
    told("activate", "eva")
    assert told("password", "eva") != ""
    for arguments in (("deactivate", "root"), ("role", "root", "executive"), ("password", "nobody"), ("create", "EVA")):
        with pytest.raises(CommandError):
            told(*arguments)
