"""A file's whole way in a browser, with real workers: sent, checked, imported, stopped, corrected; and a search."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection
from selenium.webdriver.support.select import Select

from debtors import uploads
from debtors.models import Debtor, Import, Upload
from live.events import ImportChanged
from live.publish import publish
from tests.factories.debtors import debtor_rows, write_xlsx
from tests.faults.cluster import ENGINE, Cluster
from tests.pages.web import Browser

pytestmark = pytest.mark.whole_database

HEADERS = ("Nombre", "Contacto", "Deuda", "RUT", "Nota")


@pytest.fixture
def workers(clean_database: None, tmp_path: Path) -> Iterator[Cluster]:
    logs = tmp_path / "workers"
    logs.mkdir()
    with Cluster(database=connection.settings_dict["NAME"], logs=logs, processes=ENGINE) as running:
        yield running


def send(browser: Browser, path: Path) -> None:
    browser.open("/debtors/upload/")
    browser.find("input[type=file]").send_keys(str(path))
    browser.click("form[data-upload] button.btn-primary")


def test_file_is_sent_checked_and_imported_live(browser: Browser, workers: Cluster, tmp_path: Path) -> None:
    browser.driver.add_cookie({"name": "django_language", "value": "en"})
    rows = [*debtor_rows(40), ("Mala", "12", 1, "", "")]
    send(browser, write_xlsx(tmp_path / "marzo.xlsx", [HEADERS, *rows]))
    browser.reads("What each column is")  # by itself, when a worker has read it
    kept = Upload.objects.get()
    assert kept.file_name == "marzo.xlsx"
    browser.click("main form button.btn-primary")
    browser.reads("No column is the phone")
    browser.driver.refresh()  # nothing is lost
    Select(browser.find("[name=column-1]")).select_by_value("phone")
    browser.click("main form button.btn-primary")
    browser.see('[id^="import-progress-"]')
    browser.reads("Contacto: 12 has too few digits.")
    browser.reads("40", ".figures")
    browser.see("#rejects")
    assert Debtor.objects.count() == 40
    browser.open("/debtors/")
    browser.fill("q", "deudor 39")
    browser.until(lambda: len(browser.all("#list tbody tr")) == 1, "one row")
    assert browser.driver.current_url.endswith("/debtors/?q=deudor+39")
    browser.click("#list tbody a")
    browser.reads("marzo.xlsx")
    assert browser.complaints() == []


def test_import_is_stopped_and_goes_on_live(browser: Browser) -> None:
    upload = uploads.keep([b"Fono\n987654321\n"], file_name="a.csv", user=None, country="CL")
    Upload.objects.update(status="ready", headers=["Fono"])
    upload.refresh_from_db()
    key = uploads.begin(upload, {})
    browser.open(f"/debtors/imports/{key}/")
    browser.live()
    browser.click("#import-stop")
    browser.see("#import-go-on")
    assert Import.objects.get().status == "stopped"
    browser.click("#import-go-on")
    browser.see("#import-stop")
    Import.objects.update(status="running", position=1, height=2, rows=1, created=1)
    publish(ImportChanged(str(key)))
    browser.see(".bar [style='width: 50.0%']")
    assert browser.complaints() == []


def test_too_large_a_file_is_refused_before_it_is_sent(browser: Browser, tmp_path: Path) -> None:
    large = tmp_path / "grande.csv"
    with large.open("wb") as file:
        file.truncate(51 * 1024 * 1024)
    send(browser, large)
    field = browser.find("input[type=file]")
    assert "50 MB" in str(field.get_property("validationMessage"))
    assert browser.driver.current_url.endswith("/debtors/upload/")
    assert Upload.objects.count() == 0
