"""The report in a real browser: on a desk, on a phone, in the dark, on paper, and without a network."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from steps.report.write import write_report
from tests.accessibility import serious_problems
from tests.full_report import full_facts

PATIENCE_SECONDS = 60
SIZES = {"desk": (1280, 900, False), "phone": (390, 844, True), "small phone": (320, 640, True)}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Headless Chromium that notes every request."""
    options = webdriver.ChromeOptions()
    for argument in (
        *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
        *("--disable-component-update", "--disable-sync", "--disable-quic"),
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL"})
    options.binary_location = shutil.which("chromium") or shutil.which("google-chrome") or ""
    driver = webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))
    driver.set_page_load_timeout(PATIENCE_SECONDS)
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Address of a report with everything in it."""
    file: Path = tmp_path_factory.mktemp("report") / "report.html"
    file.write_bytes(write_report(full_facts()))
    return file.as_uri()


def look(browser: Any, report: str, size: str, scheme: str = "light") -> None:
    width, height, mobile = SIZES[size]
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    browser.get(report)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_everybody_can_read_it(browser: Any, report: str, size: str, scheme: str) -> None:
    look(browser, report, size, scheme)
    for details in browser.find_elements(By.TAG_NAME, "summary"):
        details.send_keys(Keys.ENTER)
    assert serious_problems(browser) == []
    width = browser.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]["width"]
    assert width <= SIZES[size][0]


def test_it_asks_nothing_of_any_other_place(browser: Any, report: str) -> None:
    browser.get_log("performance")
    look(browser, report, "desk")
    asked = [entry["message"] for entry in browser.get_log("performance") if "requestWillBeSent" in entry["message"]]
    assert len(asked) == 1
    assert report in asked[0]


def test_the_parts_are_reached_by_keyboard(browser: Any, report: str) -> None:
    look(browser, report, "desk")
    browser.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
    link = browser.switch_to.active_element
    assert link.text == "What changed"
    link.send_keys(Keys.ENTER)
    assert browser.current_url.endswith("#report-changes")


def test_it_can_be_printed_with_what_a_screen_folds_away(browser: Any, report: str) -> None:
    look(browser, report, "desk", "dark")
    printed = browser.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})
    assert base64.b64decode(printed["data"]).startswith(b"%PDF")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert browser.find_element(By.CSS_SELECTOR, ".kept tbody th").size["height"] > 0
    assert not browser.find_element(By.CSS_SELECTOR, ".contents").is_displayed()
    ground = browser.find_element(By.TAG_NAME, "body").value_of_css_property("background-color")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    assert ground == "rgba(255, 255, 255, 1)"
