"""The list of debtors in a browser, in both languages: searched while one types, filtered, saved, chosen, exported."""

import pytest
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select

from accounts.models import ListChoice, SavedFilter
from campaigns.models import Campaign
from debtors.models import Debtor
from tests.factories.debtors import make_debtor
from tests.pages.test_debtors_list import brought
from tests.pages.web import Browser

pytestmark = pytest.mark.whole_database

WORDS = {
    "es": ("Deuda desde $90.000", "Guardar el filtro", "Mostrar estas", "los 55 que coinciden"),
    "en": ("Debt from $90.000", "Save the filter", "Show these", "all 55 that fit"),
}


def rows(browser: Browser, number: int) -> None:
    browser.until(lambda: len(browser.all("#list tbody tr")) == number, f"{number} rows")


def button(browser: Browser, text: str) -> None:
    """Click the button that says so."""
    shown = lambda: [each for each in browser.all("button") if each.text == text]  # noqa: E731
    browser.until(shown, text)[0].click()


def test_list_is_searched_filtered_saved_and_chosen_from(browser: Browser) -> None:
    brought("marzo.xlsx", tramo="Tramo")
    for place in range(55):
        make_debtor(f"Deudor {place}", debt=50_000 + 1_000 * place, metadata={"tramo": ("norte", "sur")[place % 2]})
    make_debtor("Ana Díaz", debt=99_000, suppressed=True, metadata={"tramo": "sur"})
    for language in ("es", "en"):
        debt, keep, show, all_of_them = WORDS[language]
        browser.driver.add_cookie({"name": "django_language", "value": language})
        browser.open("/debtors/")
        browser.live()
        rows(browser, 50)
        search = browser.find("[name=q]")
        search.send_keys("deudor")
        browser.until(lambda: browser.driver.current_url.endswith("/debtors/?q=deudor"), "the address of the search")
        assert browser.driver.switch_to.active_element == browser.find("[name=q]")

        # Filters, each shown at once and removed by its chip.
        browser.click(".filters > summary")
        browser.fill("debt_from", "90.000" + Keys.TAB)
        rows(browser, 15)
        browser.reads(debt, "#list .chips")
        Select(browser.find("[name=key]")).select_by_value("tramo")
        browser.fill("value", "Norte" + Keys.TAB)
        rows(browser, 8)
        browser.reads("3", "#filters-number")
        browser.fill("debt_from", "mucho" + Keys.TAB)
        browser.reads("150.000", "#problem-debt_from")
        browser.fill("debt_from", "90.000" + Keys.TAB)
        rows(browser, 8)
        browser.click(".topbar h1")
        browser.live()
        browser.click("#list .chips .chip.on:nth-of-type(3)")
        rows(browser, 15)
        browser.live()

        # Kept under a name, and the list opens with it.
        browser.click(".saved > summary")
        browser.fill("name", f"Grandes {language}")
        button(browser, keep)
        browser.reads(f"Grandes {language}", ".saved > summary")
        browser.live()

        # Columns of the files too, in an order of one's own.
        browser.click(".list-tools .pop:nth-child(2) > summary")
        browser.click("[name=column][value='m:tramo']")
        button(browser, show)
        browser.reads("Tramo", "#list thead")
        assert "m:tramo" in ListChoice.objects.get().columns
        browser.live()
        browser.click(".list-tools .pop:nth-child(2) > summary")
        browser.click("[name=usual]")
        browser.until(lambda: "Tramo" not in browser.text("#list thead"), "the usual columns")
        browser.live()

        # Chosen over pages; all that fit, whichever page they are on.
        browser.open("/debtors/?q=deudor&order=name")
        browser.live()
        browser.click("[data-pick]")
        browser.click(".pager [rel=next]")
        rows(browser, 5)
        browser.live()
        browser.click("[data-pick-all]")
        browser.reads("6", "#pick-bar")
        browser.click("[data-pick-everything]")
        browser.reads(all_of_them, "#pick-bar")
        browser.click("#pick-bar .btn-primary")
        browser.see("[name=text]")
        browser.live()
        assert browser.find("[name=text]").get_property("value") == "deudor"
        assert Campaign.objects.filter(audience="filter").count() == 1
        Campaign.objects.all().delete()
        browser.open("/debtors/")
        browser.live()
        browser.click("#pick-bar [data-none]")

        # The filter goes, once one has said so.
        browser.click(".saved > summary")
        browser.click(".saved-acts > summary")
        browser.click(".saved-acts [data-says]")
        browser.reads(f"Grandes {language}", "#ask-delete-filter")
        browser.click("#ask-delete-filter [value=yes]")
        browser.until(lambda: not browser.all(".saved .count"), "no filter is there")
        browser.live()
        assert not SavedFilter.objects.exists()
    assert Debtor.objects.count() == 56
    assert browser.complaints() == []
