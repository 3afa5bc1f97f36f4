"""The command line as on AWS: it knows the stack from AWS's own settings alone, and no mailbox."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

Rows = list[dict[str, str]]


def answer_of(laptop: Any, run_id: str) -> tuple[str, str]:
    """The link and the code that the approver was mailed."""
    [mail] = [mail for mail in laptop.mails() if run_id in mail["text"] and "code" in mail["text"]]
    code = re.search(r"code: (\d{3}) (\d{3})", mail["text"])
    assert code
    return next(link for link in mail["links"] if "/approvals/" in link), code[1] + code[2]


def test_a_release_from_its_start_to_its_way_back(
    laptop: Any, few_rows: Rows, write_rows: Callable[[str, Rows], str], write_recipe: Callable[..., str]
) -> None:
    aws = laptop.as_aws()
    data = write_rows("rows.csv", few_rows)
    assert aws.call("status").document.keys() >= {"stack", "deployed", "bucket", "predictions"}
    assert aws.call("status").document.get("endpoint_url") is None, "that would be the laptop's own"
    refused = aws.start("run", write_recipe("on-aws"), "--data", data, "--approve")
    assert "on AWS the link is mailed to the approvers" in refused.communicate(timeout=60)[1]
    assert refused.returncode == 2

    run_ids = []
    for version, deadline_seconds in (("1", 3600), ("2", 3601)):
        # Another deadline is another recipe, but none for the jobs: the second version takes over what they made.
        recipe = write_recipe("on-aws", {"approval.deadline_seconds": deadline_seconds})
        run_id = aws.call("run", recipe, "--data", data, "--detach").document["run_id"]
        run_ids.append(run_id)
        laptop.wait_for_state(run_id, "RequestApproval")
        assert aws.call("show", run_id).document["metrics"]["accuracy"] > 0.58
        link, code = answer_of(laptop, run_id)
        asked = aws.start("approve", run_id)
        assert "give --link and --code" in asked.communicate(timeout=60)[1]
        decided = aws.call("approve", run_id, "--link", link, "--code", code, "--comment", "as on AWS")
        assert decided.document["decision"] == "approve", decided.errors
        laptop.wait_for_state(run_id, "Released")
        assert aws.call("predict", "on-aws", "a wonderful film").document["model_version"] == version

    shown = aws.call("show", run_ids[1], "--logs").document
    sources = {line["source"] for line in shown["logs"]}
    assert {
        "PrepareRunFunction",
        "RequestApprovalFunction",
        "DecideApprovalFunction",
        "RecordReleaseFunction",
    } <= sources
    assert any(line["text"].startswith("INFO released") for line in shown["logs"])
    assert any(line["text"].startswith('METRIC outcome="Released" RunsEnded=[1.0]') for line in shown["logs"])
    first = aws.call("show", run_ids[0], "--logs").document
    assert f"{run_ids[0]}-train" in {line["source"] for line in first["logs"]}
    listed = {run["run_id"]: run["outcome"] for run in aws.call("runs").document}
    assert [listed[run_id] for run_id in run_ids] == ["Released", "Released"]
    versions = aws.call("models", "on-aws").document
    assert [(version["version"], version["live"]) for version in versions] == [("2", True), ("1", False)]

    assert aws.call("rollback", "on-aws", "--yes", "--comment", "to try it").document["model_version"] == "1"
    assert aws.call("predict", "on-aws", "a wonderful film").document["model_version"] == "1"
    for command in (("up",), ("down",), ("env",), ("inbox",), ("deploy",)):
        local = aws.start(*command)
        _, errors = local.communicate(timeout=60)
        assert (local.returncode, "aws" in errors.lower() or "laptop" in errors) == (2, True)
