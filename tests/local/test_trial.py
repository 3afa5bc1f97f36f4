"""An approver tries candidate and live version side by side in a browser; the run's end takes all of it away."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from tests.accessibility import serious_problems

PATIENCE_SECONDS = 300
PHONE, DESKTOP = (390, 844), (1280, 900)
GOOD = "a wonderful, moving and funny film with terrific performances"


def eventually(look: Callable[[], Any], what: str) -> Any:
    """What look returns, as soon as it returns anything."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := look()):
        assert time.monotonic() < deadline, f"there never was {what}"
        time.sleep(0.2)
    return found


def press(driver: Any, button: str, until: str) -> None:
    """Press a button and wait for words on the page that it leads to."""
    driver.find_element(By.XPATH, f"//button[contains(., '{button}')]").click()
    shown = WebDriverWait(driver, PATIENCE_SECONDS, ignored_exceptions=[WebDriverException])
    shown.until(lambda page: until in page.find_element(By.TAG_NAME, "main").text, message=f"no {until}")


def ask_until_answered(driver: Any) -> str:
    """Ask about the first example until the candidate, which is being started, answers too."""

    def look() -> str | None:
        press(driver, "beautifully acted", "Live version (1)")
        text: str = driver.find_element(By.TAG_NAME, "main").text
        return None if "It is being started" in text else text

    found: str = eventually(look, "an answer of the candidate")
    return found


@pytest.fixture
def asked(
    laptop: Any,
    few_rows: list[dict[str, str]],
    write_rows: Callable[..., str],
    write_recipe: Callable[..., str],
) -> tuple[str, str]:
    """A run that waits for its approver while a version is live, and the mailed link."""
    recipe, data = write_recipe("tried"), write_rows("rows.csv", few_rows)
    first = laptop.call("run", recipe, "--data", data, "--approve")
    assert first.document["outcome"] == "Released", first.errors
    run_id = laptop.call("run", recipe, "--data", data, "--force", "--detach").document["run_id"]
    mail = eventually(lambda: next((m for m in laptop.mails() if run_id in m["text"] and m["links"]), None), "a mail")
    return run_id, mail["links"][0]


def test_an_approver_tries_both_models_and_the_end_of_the_run_takes_the_trial_away(
    laptop: Any, browser: Callable[..., Any], asked: tuple[str, str]
) -> None:
    run_id, link = asked
    name = f"greenlight-{run_id}--trial"
    sagemaker = laptop.client("sagemaker")

    def endpoints() -> list[str]:
        return [each["EndpointName"] for each in sagemaker.list_endpoints(NameContains="--trial")["Endpoints"]]

    phone = browser(PHONE)
    phone.get(link)
    assert endpoints() == [], "looking starts nothing"
    press(phone, "beautifully acted", "It is being started")
    assert name in endpoints()
    assert "They" in ask_until_answered(phone)
    width = phone.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]["width"]
    assert width <= PHONE[0], "nothing needs sideways scrolling"
    [variant] = sagemaker.describe_endpoint(EndpointName=name)["ProductionVariants"]
    assert variant["CurrentServerlessConfig"]["MemorySizeInMB"] == 3072

    desktop = browser(DESKTOP, javascript=True)
    desktop.get(link)
    assert serious_problems(desktop) == []
    box = desktop.find_element(By.ID, "try-text")
    box.send_keys(GOOD)
    press(desktop, "Ask both models", "New version (2)")
    assert desktop.find_element(By.ID, "try-text").get_attribute("value") == GOOD
    assert serious_problems(desktop) == []
    desktop.find_element(By.LINK_TEXT, "Back to the question").click()
    assert "go live?" in desktop.find_element(By.TAG_NAME, "h1").text

    arn = laptop.machine().replace(":stateMachine:", ":execution:")
    laptop.client("stepfunctions").stop_execution(executionArn=f"{arn}:{run_id}")
    eventually(lambda: endpoints() == [], "an end of the trial")

    # What was asked a moment ago may still be starting; two minutes later nothing is.
    dynamodb, functions = laptop.client("dynamodb"), laptop.client("lambda")
    (table,) = dynamodb.list_tables()["TableNames"]
    [kept] = [each for each in dynamodb.scan(TableName=table)["Items"] if each["sk"]["S"] == "TRIAL"]
    dynamodb.update_item(
        TableName=table,
        Key={"pk": kept["pk"], "sk": kept["sk"]},
        UpdateExpression="SET asked_at = :then",
        ExpressionAttributeValues={":then": {"S": "2026-01-01T00:00:00+00:00"}},
    )
    [sweep] = [
        each["FunctionName"]
        for page in functions.get_paginator("list_functions").paginate()
        for each in page["Functions"]
        if "-SweepTrialsFunction-" in each["FunctionName"]
    ]
    answer = functions.invoke(FunctionName=f"{sweep}:live", Payload=json.dumps({}))
    assert "FunctionError" not in answer, answer["Payload"].read()
    assert sagemaker.list_models(NameContains="--trial")["Models"] == []
    assert sagemaker.list_endpoint_configs(NameContains="--trial")["EndpointConfigs"] == []
    assert not [each for each in dynamodb.scan(TableName=table)["Items"] if each["sk"]["S"] == "TRIAL"]
