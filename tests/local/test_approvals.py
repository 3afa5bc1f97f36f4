"""Several people and one question on a stack that runs: votes, reminders, and a decision whose function died."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from tests.accessibility import serious_problems

Rows = list[dict[str, str]]
WriteRows = Callable[[str, Rows], str]
WriteRecipe = Callable[..., str]
PATIENCE_SECONDS = 120
DESKTOP, PHONE = (1280, 900), (390, 844)
ANN, BOB, CHIEF = (f"{name}@example.com" for name in ("ann", "bob", "chief"))


class Question:
    """A run that waits, and the mails about it."""

    def __init__(self, laptop: Any, run_id: str) -> None:
        self._laptop = laptop
        self.run_id = run_id
        self._dynamodb = laptop.client("dynamodb")
        (self._table,) = self._dynamodb.list_tables()["TableNames"]

    def mails(self, beginning: str) -> list[str]:
        """To whom mails went whose subject begins so, in their order."""
        found = [mail for mail in self._laptop.mails() if self.run_id in mail["text"]]
        return [mail["to"] for mail in reversed(found) if mail["subject"].startswith(beginning)]

    def key(self) -> dict[str, Any]:
        pointer = {"pk": {"S": f"APPROVAL_OF#{self.run_id}"}, "sk": {"S": "REQUEST"}}
        item = self._dynamodb.get_item(TableName=self._table, Key=pointer)["Item"]
        return {"pk": {"S": f"APPROVAL#{item['approval_id']['S']}"}, "sk": {"S": "REQUEST"}}

    def claim_as_if_its_function_had_died(self) -> None:
        """Leave an approval behind that was claimed two minutes ago and never handed on."""
        decision = {
            "decision": "approved",
            "approver": ANN,
            "comment": "",
            "decided_at": datetime.now(UTC).isoformat(),
            "model_digest": "",
            "approval_id": self.key()["pk"]["S"].partition("#")[2],
        }
        self._dynamodb.update_item(
            TableName=self._table,
            Key=self.key(),
            UpdateExpression="SET #status = :claimed, claimed_at = :then, decision = :decision",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={
                ":claimed": {"S": "claimed"},
                ":then": {"S": (datetime.now(UTC) - timedelta(minutes=2)).isoformat(timespec="milliseconds")},
                ":decision": {"S": json.dumps(decision)},
            },
        )

    def look_after(self) -> None:
        """What the schedule does every five minutes."""
        client = self._laptop.client("lambda")
        pages = client.get_paginator("list_functions").paginate()
        [name] = [
            each["FunctionName"]
            for page in pages
            for each in page["Functions"]
            if "RemindApproversFunction" in each["FunctionName"]
        ]
        answer = client.invoke(FunctionName=name, Payload=b"{}")
        assert "FunctionError" not in answer, answer["Payload"].read()


@pytest.fixture(scope="module")
def ask(laptop: Any, few_rows: Rows, write_rows: WriteRows, write_recipe: WriteRecipe) -> Callable[[], Question]:
    """Starts a run of a recipe of which two people must approve; nothing is trained twice."""
    two = {
        "approval.approvers": [ANN, BOB],
        "approval.quorum": 2,
        "approval.escalate_to": [CHIEF],
        "approval.deadline_seconds": 600,
        # Due a second after the question.
        "approval.reminder_seconds": 599,
        "approval.escalation_seconds": 599,
    }

    def start() -> Question:
        data = write_rows("rows.csv", few_rows)
        run = laptop.call("run", write_recipe("two-people", two), "--data", data, "--detach").document["run_id"]
        laptop.wait_for_state(run, "RequestApproval")
        question = Question(laptop, run)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(question.mails("Approve")) < len((ANN, BOB)):
            assert time.monotonic() < deadline
            time.sleep(0.5)
        return question

    return start


def test_votes_reminders_and_those_who_are_asked_later(laptop: Any, ask: Callable[[], Question]) -> None:
    question = ask()
    first = laptop.call("approve", question.run_id, "--comment", "Good numbers.").document["answer"]
    assert first == "Your approval counts. Thank you! 1 more approval is needed"
    time.sleep(1)
    for _ in range(2):
        question.look_after()
    assert len(question.mails("Reminder: ")) == 1
    assert question.mails("Urgent: ") == [CHIEF]
    said = laptop.call("reject", question.run_id, "--comment", "Not now.").document["answer"]
    assert said.startswith("Denied. Thank you!")
    assert laptop.wait_for_state(question.run_id, "ApprovalDenied") == "ApprovalDenied"
    assert sorted(question.mails("two-people: ")) == sorted([ANN, BOB, CHIEF])
    events = laptop.call("audit", "two-people").document
    assert {"vote", "denied"} <= set(json.dumps(events).split('"'))


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_a_person_votes_takes_it_back_and_denies_on_pages_with_nothing_serious_wrong(
    laptop: Any, ask: Callable[[], Question], browser: Callable[..., Any], size: tuple[int, int]
) -> None:
    question = ask()
    mails = [mail for mail in laptop.mails() if question.run_id in mail["text"] and mail["to"] == ANN and mail["links"]]
    link, code = mails[0]["links"][0], mails[0]["text"].partition("code: ")[2][:7]
    driver = browser(size, javascript=True)

    def shows(words: str) -> None:
        wait = WebDriverWait(driver, PATIENCE_SECONDS, ignored_exceptions=[WebDriverException])
        wait.until(lambda page: words in page.find_element(By.TAG_NAME, "main").text, message=words)
        assert serious_problems(driver) == []
        width = driver.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]["width"]
        assert width <= size[0], "nothing needs sideways scrolling"

    def press(button: str, typed: str = code) -> None:
        field = driver.find_element(By.ID, "code")
        field.clear()
        field.send_keys(typed)
        driver.find_element(By.XPATH, f"//button[normalize-space()='{button}']").send_keys(Keys.ENTER)

    driver.get(link)
    shows("go live?")
    press("Approve", "000000" if code != "000 000" else "111111")
    shows("That was not the code.")
    press("Approve")
    shows("Your approval counts.")
    driver.get(link)
    shows("Withdraw my approval")
    press("Withdraw my approval")
    shows("withdrawn")
    press("Deny")
    shows("Denied. Thank you!")
    driver.get(link)
    shows("This is already decided")
    driver.get(f"{link}x")
    shows("This link leads nowhere")
    assert laptop.wait_for_state(question.run_id, "ApprovalDenied") == "ApprovalDenied"


def test_a_decision_whose_function_died_reaches_the_run(laptop: Any, ask: Callable[[], Question]) -> None:
    question = ask()
    question.claim_as_if_its_function_had_died()
    question.look_after()
    assert laptop.wait_for_state(question.run_id, "Released") == "Released"
