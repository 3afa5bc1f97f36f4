"""The mailbox and the approval page in a real browser, as an approver on a phone without JavaScript meets them."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

PATIENCE_SECONDS = 60
PHONE = (390, 844)


@pytest.fixture
def phone(browser: Callable[..., Any]) -> Any:
    """A browser with a phone's width and JavaScript switched off."""
    return browser(PHONE)


@pytest.fixture
def asked(
    laptop: Any,
    few_rows: list[dict[str, str]],
    write_rows: Callable[..., str],
    write_recipe: Callable[..., str],
) -> tuple[str, dict[str, Any]]:
    """A run that waits for its approver, and the mail that asks."""
    data = write_rows("rows.csv", few_rows)
    run_id = laptop.call("run", write_recipe("by-browser"), "--data", data, "--detach").document["run_id"]
    deadline = time.monotonic() + 120
    while True:
        mails = [mail for mail in laptop.mails() if run_id in mail["text"] and mail["links"]]
        if mails:
            return run_id, mails[0]
        assert time.monotonic() < deadline, laptop.call("show", run_id).document
        time.sleep(0.5)


def content_width(driver: Any) -> float:
    width: float = driver.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]["width"]
    return width


def words(driver: Any) -> str:
    text: str = driver.find_element(By.TAG_NAME, "main").text
    return text


def shows(driver: Any, text: str) -> None:
    """Wait until the page says something; a form's answer may take a moment."""
    patient = WebDriverWait(driver, PATIENCE_SECONDS, ignored_exceptions=[WebDriverException])
    patient.until(lambda page: text in page.title or text in words(page), message=f"the page does not say: {text}")


def test_an_approver_decides_from_the_mail_to_the_thanks_by_hand(laptop: Any, phone: Any, asked: Any) -> None:
    run_id, mail = asked
    phone.get(f"http://127.0.0.1:{laptop.port}/_greenlight/inbox")
    phone.find_element(By.LINK_TEXT, mail["subject"]).click()
    shows(phone, mail["links"][0])
    assert content_width(phone) <= PHONE[0]
    phone.find_element(By.LINK_TEXT, mail["links"][0]).click()
    phone.switch_to.window(phone.window_handles[-1])
    shows(phone, "May by-browser version 1 go live?")
    assert content_width(phone) <= PHONE[0], "nothing needs sideways scrolling"
    assert phone.find_element(By.TAG_NAME, "html").get_attribute("lang") == "en"

    # By keyboard alone: code, comment, Approve, Deny follow each other, and Enter in a field decides nothing.
    code = phone.find_element(By.ID, "code")
    code.send_keys("000000" if "000000" not in mail["text"] else "111111", Keys.ENTER)
    assert "May by-browser version 1 go live?" in words(phone)
    assert laptop.call("show", run_id).document["outcome"] == "Running"
    code.send_keys(Keys.TAB, Keys.TAB)
    assert phone.switch_to.active_element.text == "Approve"
    phone.switch_to.active_element.send_keys(Keys.ENTER)
    shows(phone, "That was not the code.")
    assert laptop.call("show", run_id).document["outcome"] == "Running"

    right = re.search(r"code: ([\d ]+)", mail["text"])
    assert right
    phone.find_element(By.ID, "code").send_keys(right[1].strip())
    phone.find_element(By.ID, "comment").send_keys("Read on a phone.\nTwo lines.")
    phone.find_element(By.CSS_SELECTOR, "button[value=deny]").click()
    shows(phone, "Denied")
    phone.get(mail["links"][0])
    shows(phone, "already decided")

    deadline = time.monotonic() + PATIENCE_SECONDS
    while (run := laptop.call("show", run_id).document)["outcome"] == "Running":
        assert time.monotonic() < deadline
        time.sleep(0.5)
    assert run["outcome"] == "ApprovalDenied"
    assert "Read on a phone." in run["cause"]
