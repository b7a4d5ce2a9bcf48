"""Users in a browser, in Spanish and in English: made, signed in for the first time, at home, and gone."""

import pytest

from accounts.models import SignIn, User
from debtors.models import Debtor
from tests.factories.debtors import make_debtor
from tests.factories.sending import make_line, make_pool
from tests.pages.web import Browser

pytestmark = [pytest.mark.django_db, pytest.mark.whole_database]

OWN = "otra clave bien larga 77"


def menu(browser: Browser, css: str) -> None:
    browser.click(".user summary")
    browser.click(f".user[open] {css}")


def test_user_from_the_first_password_to_the_last_day(browser: Browser, staff: User) -> None:
    browser.open("/settings/")
    browser.click("nav.chips a[href='/users/']")
    browser.click("a[href='/users/new/']")
    browser.fill("username", "eva")
    browser.fill("first_name", "Eva")
    browser.fill("phone", "123")
    browser.click(".user-form .btn-primary")
    browser.reads("no es un número de móvil")
    browser.fill("phone", "9 8765 4321")
    browser.click("[name=role][value=supervisor]")
    browser.click(".user-form .btn-primary")
    password = str(browser.find("#shown-password").get_attribute("value"))
    browser.click("[data-copy=shown-password]")
    browser.reads("Copiado", "[data-copy=shown-password]")
    browser.complaints()  # the browser itself tells of the form that was refused
    menu(browser, "form[action$='logout/'] button")

    # She signs in, chooses a password and how the pages look; it is so at once, and was before anything was painted.
    browser.see("form.login")
    browser.fill("username", "eva")
    browser.fill("password", password)
    browser.click("form.login button.btn-primary")
    browser.reads("contraseña de un solo uso", ".notice-info")
    browser.fill("old_password", password)
    browser.fill("new_password1", OWN)
    browser.fill("new_password2", OWN)
    browser.click("main form .btn-primary")
    browser.until(lambda: browser.driver.current_url == f"{browser.url}/", "the panel")
    menu(browser, "a[href='/accounts/profile/']")
    browser.find("[name=language] option[value=en]").click()
    browser.find("[name=theme] option[value=dark]").click()
    browser.fill("time_zone", "Europe/Madrid")
    browser.click("main form .btn-primary")
    browser.reads("Saved.", "#toasts")
    browser.see('html[lang=en][data-theme=dark][data-bs-theme="dark"]')
    browser.click("nav.chips a[href='/accounts/sign-ins/']")
    browser.reads("this one", ".sign-ins")
    menu(browser, "[data-theme-choice=light]")
    browser.see('html[data-bs-theme="light"]')
    eva = User.objects.get(username="eva")
    browser.until(lambda: User.objects.get(pk=eva.pk).theme == "light", "the theme is kept")
    browser.click(".user summary")
    menu(browser, "form[action$='logout/'] button")
    assert browser.complaints() == []

    # The administrator hands over what is hers, and lets her go.
    make_debtor("Deudora", owner=eva)
    browser.sign_in("ana", "correct horse battery staple")
    menu(browser, "[name=language][value=en]")
    browser.see("html[lang=en]")
    browser.open(f"/users/{eva.pk}/")
    browser.click("a[href$='/hand-over/']")
    browser.find(f"#to option[value='{staff.pk}']").click()
    browser.click("main form[method=get] .btn-primary")
    browser.reads("From Eva to Ana Rojas")
    browser.click("#sure .btn-primary")
    browser.reads("1 debtor went from Eva to Ana Rojas.", "#toasts")
    assert Debtor.objects.get().owner == staff
    browser.click("#do-deactivate")
    browser.click("#ask-deactivate [value=yes]")
    browser.reads("Deactivated: they can't sign in.")
    assert not User.objects.get(pk=eva.pk).is_active
    browser.click("#do-activate")
    browser.reads("Eva may sign in again.", "#toasts")
    browser.click("#do-password")
    browser.click("#ask-password [value=yes]")
    browser.see("#shown-password")
    browser.open("/users/?q=ev")
    browser.reads("password for once", ".list")
    assert SignIn.objects.filter(user=eva).count() == 0
    what_else_is_an_administrators(browser)
    assert browser.complaints() == []


def what_else_is_an_administrators(browser: Browser) -> None:
    """The installation's settings, and a line's credentials."""
    browser.open("/settings/digests/")
    browser.fill("every", "300")
    browser.click("#settings-form .btn-primary")
    browser.reads("300", ".changed-settings")
    browser.click("#do-reset")
    browser.click("#ask-reset [value=yes]")
    browser.until(lambda: not browser.all(".changed-settings"), "it is as it comes")
    line = make_line(make_pool("Normal"), "https://gateway.example/send", "Andes")
    browser.open(f"/lines/{line.pk}/edit/")
    browser.click("main form .btn-primary")
    browser.reads("Andes", "h1")
