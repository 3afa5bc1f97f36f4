"""A scanner and a thousand clicks at one question: exactly one decision, and no secret left anywhere."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest
import requests
from bs4 import BeautifulSoup

CLICKS = 1000
AT_ONCE = 24
TIMEOUT_SECONDS = 60


class Asked:
    """One run that waits, and its two approvers' links and codes."""

    def __init__(self, run_id: str, mails: list[dict[str, Any]]) -> None:
        self.run_id = run_id
        self.links = [str(mail["links"][0]) for mail in mails]
        self.tokens = [parse_qs(urlsplit(link).query)["token"][0] for link in self.links]
        codes = [re.search(r"code: (\d{3}) (\d{3})", mail["text"]) for mail in mails]
        self.codes = [f"{found[1]}{found[2]}" for found in codes if found]

    def click(self, number: int) -> requests.Response:
        """The approvers in turn, the one saying yes and the other no."""
        person = number % 2
        form = {
            "token": self.tokens[person],
            "code": self.codes[person],
            "decision": ("approve", "deny")[person],
            "comment": f"Click {number}.",
        }
        address = self.links[person].partition("?")[0]
        return requests.post(address, data=form, timeout=TIMEOUT_SECONDS)


@pytest.fixture(scope="module")
def asked(
    laptop: Any,
    few_rows: list[dict[str, str]],
    write_rows: Callable[..., str],
    write_recipe: Callable[..., str],
) -> Asked:
    recipe = write_recipe("by-storm", {"approval.approvers": ["ann@example.com", "bob@example.com"]})
    data = write_rows("storm.csv", few_rows)
    run_id = laptop.call("run", recipe, "--data", data, "--detach").document["run_id"]
    deadline = time.monotonic() + 180
    while True:
        mails = [mail for mail in laptop.mails() if run_id in mail["text"] and mail["links"]]
        if len(mails) == 2:
            return Asked(run_id, mails)
        assert time.monotonic() < deadline, laptop.call("show", run_id).document
        time.sleep(0.5)


def decisions_of(laptop: Any, run_id: str) -> list[dict[str, Any]]:
    """What the trail holds of a run that people decided."""
    answer = laptop.call("audit")
    assert answer.code == 0, answer.errors
    records = [record for trail in answer.document["trails"] for record in trail["records"]]
    kinds = {"approved", "denied", "vote"}
    return [record for record in records if record["run_id"] == run_id and record["kind"] in kinds]


def test_a_scanner_that_follows_every_link_and_presses_every_button_decides_nothing(laptop: Any, asked: Asked) -> None:
    seen: set[str] = set()
    for link in asked.links:
        for headers in ({}, {"Sec-Purpose": "prefetch"}, {"User-Agent": "Mail scanner"}):
            assert requests.head(link, headers=headers, timeout=TIMEOUT_SECONDS).status_code == 200
            page = requests.get(link, headers=headers, timeout=TIMEOUT_SECONDS)
            assert page.status_code == 200
        soup = BeautifulSoup(page.text, "html.parser")
        for anchor in soup.select("a[href]"):
            address = urljoin(link, str(anchor["href"])).partition("#")[0]
            if urlsplit(address).netloc == urlsplit(link).netloc and address not in seen:
                seen.add(address)
                assert requests.get(address, timeout=TIMEOUT_SECONDS).status_code < 500
        for form in soup.select("form"):
            fields = {str(each["name"]): str(each.get("value", "")) for each in form.select("input[name]")}
            for button in form.select("button:not([disabled])"):
                pressed = {str(button["name"]): str(button.get("value", ""))} if button.get("name") else {}
                target = urljoin(link, str(form.get("action", "")))
                answer = requests.post(target, data={**fields, **pressed}, timeout=TIMEOUT_SECONDS)
                assert answer.status_code < 500
    assert decisions_of(laptop, asked.run_id) == []
    assert laptop.call("show", asked.run_id).document["outcome"] == "Running"


def test_a_thousand_clicks_of_two_people_are_one_decision(laptop: Any, asked: Asked) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        statuses = Counter(response.status_code for response in pool.map(asked.click, range(CLICKS)))
    assert statuses[200] == 1, statuses
    assert set(statuses) <= {200, 409, 423}, "taken once; then decided already, or locked for the moment of the rush"
    [decision] = decisions_of(laptop, asked.run_id)
    deadline = time.monotonic() + 180
    while (run := laptop.call("show", asked.run_id).document)["outcome"] == "Running":
        assert time.monotonic() < deadline
        time.sleep(0.5)
    assert run["outcome"] == {"approved": "Released", "denied": "ApprovalDenied"}[decision["kind"]]


def logged(laptop: Any) -> str:
    """All that functions and jobs have logged, and the server itself."""
    logs = laptop.client("logs")
    found = []
    for group in logs.describe_log_groups()["logGroups"]:
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"])
        found += [event["message"] for page in pages for event in page["events"]]
    assert any("approval form taken" in line for line in found)
    files = [file.read_text(errors="replace") for file in Path(laptop.home).rglob("*.log")]
    return "\n".join([*found, *files])


def history_of(laptop: Any, run_id: str) -> str:
    arn = f"{laptop.machine().replace(':stateMachine:', ':execution:')}:{run_id}"
    pages = (
        laptop.client("stepfunctions")
        .get_paginator("get_execution_history")
        .paginate(executionArn=arn, includeExecutionData=True)
    )
    return json.dumps([event for page in pages for event in page["events"]], default=str)


def kept_in_the_table(laptop: Any) -> str:
    dynamodb = laptop.client("dynamodb")
    (table,) = dynamodb.list_tables()["TableNames"]
    pages = dynamodb.get_paginator("scan").paginate(TableName=table)
    return json.dumps([item for page in pages for item in page["Items"]])


def kept_in_the_bucket(laptop: Any, run_id: str) -> str:
    s3 = laptop.client("s3")
    bucket = next(each["Name"] for each in s3.list_buckets()["Buckets"] if "artifact" in each["Name"])
    listed = s3.list_objects_v2(Bucket=bucket, Prefix=f"runs/{run_id}/")["Contents"]
    texts = [each["Key"] for each in listed if each["Key"].endswith((".json", ".html"))]
    assert texts
    return "\n".join(s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode() for key in texts)


def test_no_token_and_no_code_is_left_in_logs_history_table_bucket_or_trail(
    laptop: Any, asked: Asked, tmp_path: Path
) -> None:
    export = tmp_path / "audit.jsonl"
    assert laptop.call("audit", "--out", str(export)).code == 0
    searched = {
        "logs": logged(laptop),
        "history": history_of(laptop, asked.run_id),
        "table": kept_in_the_table(laptop),
        "bucket": kept_in_the_bucket(laptop, asked.run_id),
        "audit export": export.read_text(encoding="utf-8"),
    }
    for place, text in searched.items():
        assert asked.run_id in text, f"{place} was not read"
        for token in asked.tokens:
            assert token not in text, f"a link's token is in {place}"
        for code in asked.codes:
            # Not part of a longer number or of a fraction.
            spoken = f"{code[:3]} {code[3:]}"
            assert re.search(rf"(?<![\d.]){code}(?!\d)", text) is None, f"a code is in {place}"
            assert spoken not in text, f"a code is in {place}"
