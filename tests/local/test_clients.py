"""What AWS's own command line and boto3 see of a deployed laptop."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).parents[2]
AWS = PROJECT / ".venv-sam/bin/aws"


@pytest.fixture
def released(laptop: Any, first_release: Any) -> Any:
    """The laptop with the default recipe live."""
    assert first_release.code == 0, first_release.errors
    return laptop


def aws(laptop: Any, *command: str) -> Any:
    """Run a command of the AWS command line in a shell that knows the laptop only by `greenlight env`."""
    script = f'eval "$({PROJECT}/.venv/bin/greenlight env)" && "$0" "$@"'
    answer = subprocess.run(
        ["bash", "-ec", script, str(AWS), *command],
        env=laptop.environment,
        cwd=laptop.home,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def test_executions_are_listed(released: Any) -> None:
    machines = json.loads(aws(released, "stepfunctions", "list-state-machines"))["stateMachines"]
    [machine] = [each["stateMachineArn"] for each in machines if each["name"] == "greenlight-release"]
    executions = json.loads(aws(released, "stepfunctions", "list-executions", "--state-machine-arn", machine))
    assert "SUCCEEDED" in {execution["status"] for execution in executions["executions"]}


def test_buckets_and_artifacts_are_listed(released: Any) -> None:
    bucket = released.call("status").document["bucket"]
    assert bucket in aws(released, "s3", "ls")
    assert "model.tar.gz" in aws(released, "s3", "ls", "--recursive", f"s3://{bucket}/runs/")


def test_a_training_job_is_described_with_its_artifact_and_time(released: Any) -> None:
    name = json.loads(aws(released, "sagemaker", "list-training-jobs"))["TrainingJobSummaries"][-1]["TrainingJobName"]
    job = json.loads(aws(released, "sagemaker", "describe-training-job", "--training-job-name", name))
    assert job["TrainingJobStatus"] == "Completed"
    assert job["ModelArtifacts"]["S3ModelArtifacts"].endswith("/output/model.tar.gz")
    assert job["TrainingTimeInSeconds"] > 0


def test_an_endpoint_answers_raw_text(released: Any, tmp_path: Path) -> None:
    body = json.dumps({"instances": ["a wonderful film"]})
    given = ("--endpoint-name", "greenlight-review-snippets", "--content-type", "application/json", "--body", body)
    aws(released, "sagemaker-runtime", "invoke-endpoint", *given, str(tmp_path / "answer.json"))
    (probabilities,) = json.loads((tmp_path / "answer.json").read_text())["predictions"]
    assert sum(probabilities) == pytest.approx(1, abs=1e-5)


def test_the_logs_of_a_run_hold_no_address_token_or_row(released: Any) -> None:
    logs = released.client("logs")
    lines = [
        event["message"]
        for page in logs.get_paginator("describe_log_groups").paginate()
        for group in page["logGroups"]
        for events in logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"])
        for event in events["events"]
    ]
    assert any("approval requested" in line for line in lines)
    text = "\n".join(lines)
    tokens = [link.partition("token=")[2] for mail in released.mails() for link in mail["links"]]
    assert tokens
    assert not any(token in text for token in tokens)
    assert "@example.com" not in text
    assert "beautifully acted" not in text, "a smoke case's text"
