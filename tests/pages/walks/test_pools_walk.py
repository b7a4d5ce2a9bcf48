"""Every act on pools and lines in a browser, in both languages: made, pictured, moved, tried, switched, deleted."""

from dataclasses import dataclass

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from engine import deliver
from gateways import commands
from gateways.models import Gateway, Pool
from live.events import MessageChanged
from live.publish import publish
from messaging.models import Message
from tests.gateways.simulated import RunningGateway
from tests.pages.web import Browser

pytestmark = [pytest.mark.django_db, pytest.mark.whole_database]


@dataclass(frozen=True)
class Words:
    """What the pages say in a language."""

    rate: str
    off: str
    accepted: str
    moved: str
    kept: str
    gone: str
    copied: str


SPANISH = Words(
    "60 por minuto", "desactivada: ninguno", "Aceptado solo por su estado", "1 movida", "Tiene líneas", "eliminado.",
    "Copiado",
)  # fmt: skip
ENGLISH = Words(
    "60 a minute", "switched off: none", "Accepted, by its status", "1 moved", "It has lines", "deleted.", "Copied"
)


def test_pools_and_lines_are_worked_with_from_their_pages(browser: Browser) -> None:
    with RunningGateway() as far_side:
        walk(browser, far_side, SPANISH)
        browser.driver.add_cookie({"name": "django_language", "value": "en"})
        walk(browser, far_side, ENGLISH)
    assert browser.complaints() == []


def walk(browser: Browser, far_side: RunningGateway, words: Words) -> None:
    # A pool, its strategy chosen by its picture, its pace pictured while it is written.
    browser.open("/pools/new/?channel=sms")
    browser.fill("name", "Norte")
    browser.click('label[for="strategy-fixed_turns"] .who')
    assert browser.find("#strategy-fixed_turns").is_selected()
    browser.fill("delay", "10")
    browser.fill("variation", "5")
    browser.reads(words.rate, "#pace")
    browser.click("main form .btn-primary")
    browser.see("#switch")
    pool = Pool.objects.get(name="Norte")
    assert (pool.strategy, pool.delay_seconds) == ("fixed_turns", 10)

    # A line, tried: what went to and fro is there without a reload.
    browser.open(f"/lines/new/?pool={pool.pk}")
    browser.fill("name", "Andes")
    browser.fill("url_template", f"{far_side.url}/send/a?method=post&idKey=id&key=hush1234")
    browser.click("main form .btn-primary")
    browser.see("#test")
    line = Gateway.objects.get(name="Andes")
    browser.fill("phone", "+56 9 1111 1111")
    browser.fill("text", "Hola")
    browser.click("#test .btn-primary")
    browser.reads("Hola", f"#line-tests-{line.pk}")
    browser.live()
    deliver.deliver(line.pk)
    browser.reads(words.accepted, f"#line-tests-{line.pk} .exchange")
    assert "•••" in browser.text(f"#line-tests-{line.pk} .exchange")
    assert "hush1234" not in browser.driver.page_source
    browser.click(f"#line-tests-{line.pk} .exchange details summary")
    browser.reads("curl -i -X POST", f"#line-tests-{line.pk} .exchange details")

    # What a reader has unfolded stays so when the page changes.
    test = Message.objects.get(gateway=line.pk)
    browser.driver.execute_script("document.querySelector('.exchange').setAttribute('data-before', '')")
    Message.objects.filter(pk=test.pk).update(status="delivered")
    publish(MessageChanged(str(test.pk)))
    browser.until(lambda: not browser.all("[data-before]"), "the change")
    browser.reads("curl -i -X POST", f"#line-tests-{line.pk} .exchange details[open]")

    # All that the line has said: what comes is there without a reload; one call whole, to be copied.
    browser.click("#calls")
    browser.see(".calls tbody tr")
    browser.live()
    commands.send_test(name=line.name, phone="+56922222222", text="Otra")
    Gateway.objects.filter(pk=line.pk).update(next_send_at=None)  # its pool's pace lets it rest
    deliver.deliver(line.pk)
    browser.until(lambda: len(browser.all(".calls tbody tr")) == 2, "the new call")
    browser.fill("about", "922222222")
    browser.find("#calls-about").send_keys(Keys.ENTER)
    browser.until(lambda: len(browser.all(".calls tbody tr")) == 1, "the call to that phone")
    browser.click(".calls tbody a")
    browser.reads("Otra", ".exchange")
    browser.click("#copy-curl")
    browser.reads(words.copied, "#copy-curl")
    assert "hush1234" not in browser.driver.page_source

    # Another pool's line is brought in, found by its name; the picture follows when it is switched off.
    south = commands.create_pool(name="Sur", channel="sms")
    other = commands.create_gateway(
        name="Conecta", kind="http_generic", pool="Sur", url_template="https://host/?to={phone}&text={message}"
    )
    browser.open(f"/pools/{pool.pk}/")
    browser.live()
    assert words.kept in browser.text()
    browser.click("#add-members")
    browser.see("#into-list .candidate")
    browser.click(f'#into-list [value="{other.pk}"]')
    browser.find("#into-dialog input[type=search]").send_keys("zz")
    browser.see(f'#into-list [value="{other.pk}"][checked]')  # what was chosen stays in the list
    browser.click(f'#into-list [value="{other.pk}"]')
    browser.find("#into-dialog input[type=search]").send_keys("z")
    browser.until(lambda: not browser.all("#into-list .candidate"), "the search finds nothing")
    search = browser.find("#into-dialog input[type=search]")
    search.clear()
    search.send_keys("cone")
    browser.click(f'#into-list [value="{other.pk}"]')
    browser.click("#into-dialog [value=yes]")
    browser.reads(words.moved, "#toasts")
    browser.live()
    assert Gateway.objects.get(pk=other.pk).pool_id == pool.pk
    browser.click(f'[form="off-{other.pk}"]')
    browser.reads("Conecta", f"#off-dialog-{other.pk}")
    browser.click(f"#off-dialog-{other.pk} [value=yes]")
    browser.see(f'[form="on-{other.pk}"]')
    browser.live()
    assert words.off in picture(browser, pool)
    commands.set_gateway_active(name="Conecta", active=True)
    browser.until(lambda: words.off not in picture(browser, pool), "the picture follows")

    # It goes back where it was, and the first one goes for good; then so can its pool.
    browser.click("#move-members")
    browser.click(f'#out-list [value="{other.pk}"]')
    browser.click("#out-dialog [value=yes]")
    browser.until(lambda: Gateway.objects.get(pk=other.pk).pool_id == south.pk, "it has moved")
    browser.see("#toasts .notice")
    browser.open(f"/lines/{line.pk}/")
    browser.click("#delete")
    browser.click("#delete-dialog [value=yes]")
    browser.see("#add-members")
    browser.click("#delete")
    browser.reads("Norte", "#delete-dialog")
    browser.click("#delete-dialog [value=yes]")
    browser.reads(words.gone, "#toasts")
    assert [each.name for each in Pool.objects.all()] == ["Sur"]
    Gateway.objects.filter(pk=other.pk).delete()
    south.delete()


def picture(browser: Browser, pool: Pool) -> str:
    """What the picture of who gets what says to those who don't see it."""
    found = browser.find(f"#pool-picture-{pool.pk}").find_element(By.CSS_SELECTOR, ".who")
    return str(found.get_attribute("aria-label"))
