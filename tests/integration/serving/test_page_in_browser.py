"""The server's page in a real browser, as somebody on a phone without JavaScript meets it, by keyboard alone."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from tests.integration.serving.conftest import Released

PATIENCE_SECONDS = 60
PHONE = (390, 844)


@pytest.fixture
def phone() -> Iterator[Any]:
    """Headless Chromium with a phone's width and JavaScript switched off."""
    options = webdriver.ChromeOptions()
    for argument in (
        *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
        *("--disable-component-update", "--disable-sync", "--disable-quic"),
    ):
        options.add_argument(argument)
    options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
    options.binary_location = shutil.which("chromium") or shutil.which("google-chrome") or ""
    driver = webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))
    driver.set_page_load_timeout(PATIENCE_SECONDS)
    size = {"width": PHONE[0], "height": PHONE[1], "deviceScaleFactor": 2, "mobile": True}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    yield driver
    driver.quit()


def write(driver: Any, text: str) -> None:
    """Type where the keyboard is."""
    driver.switch_to.active_element.send_keys(text)


def reach(driver: Any, tag: str) -> None:
    """Go on with the Tab key until an element of this kind has the keyboard."""
    for _ in range(20):
        write(driver, Keys.TAB)
        if driver.switch_to.active_element.tag_name == tag:
            return
    raise AssertionError(driver.page_source)


def shows(driver: Any, words: str) -> None:
    # Between two looks the page may be exchanged for the next one.
    wait = WebDriverWait(driver, PATIENCE_SECONDS, ignored_exceptions=[WebDriverException])
    wait.until(lambda _: words in driver.find_element(By.TAG_NAME, "body").text)


def test_a_person_signs_in_and_asks_by_keyboard(serving: Callable[..., Any], text_model: Released, phone: Any) -> None:
    digest = hashlib.sha256(b"the key").hexdigest()
    with serving(text_model, GREENLIGHT_API_KEY_SHA256=digest) as server:
        phone.get(server.url)
        shows(phone, "Sign in")
        reach(phone, "input")
        write(phone, f"the key{Keys.ENTER}")
        shows(phone, "Ask the model")
        reach(phone, "input")
        write(phone, "12345678")
        reach(phone, "button")
        write(phone, Keys.ENTER)
        shows(phone, "80.0 %")
        assert phone.find_element(By.CSS_SELECTOR, "[role=status]").text == "positive"
        assert "version 7" in phone.find_element(By.TAG_NAME, "footer").text
        width = phone.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]["width"]
        assert width <= PHONE[0]
