"""A stack is destroyed on a laptop of its own: interrupted, gone on with, its data kept and then deleted too."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

Rows = list[dict[str, str]]


@pytest.fixture
def release(
    own_laptop: Any,
    few_rows: Rows,
    write_rows: Callable[[str, Rows], str],
    write_recipe: Callable[..., str],
) -> Callable[..., Any]:
    """Deploys the stack and runs a small recipe there."""

    def run(*options: str) -> Any:
        deployed = own_laptop.call("deploy")
        assert deployed.code == 0, deployed.errors
        recipe = write_recipe("short-lived", {"training.hyperparameters.epochs": 1})
        return own_laptop.call("run", recipe, "--data", write_rows("rows.csv", few_rows), *options)

    return run


def everything(laptop: Any) -> dict[str, list[str]]:
    """Names of all there is in the account, but for what each account has from the start."""
    sagemaker, logs = laptop.client("sagemaker"), laptop.client("logs")
    functions, iam = laptop.client("lambda"), laptop.client("iam")
    shared = {"/aws/sagemaker/ProcessingJobs", "/aws/sagemaker/TrainingJobs"}
    groups = [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]]
    kms = laptop.client("kms")
    aws_own = {alias.get("TargetKeyId") for alias in kms.list_aliases()["Aliases"]}
    keys = [kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"] for key in kms.list_keys()["Keys"]]
    found = {
        "stacks": [each["StackName"] for each in laptop.client("cloudformation").describe_stacks()["Stacks"]],
        "functions": [each["FunctionName"] for each in functions.list_functions()["Functions"]],
        "layers": [each["LayerName"] for each in functions.list_layers()["Layers"]],
        "roles": [each["RoleName"] for each in iam.list_roles()["Roles"]],
        "policies": [each["PolicyName"] for each in iam.list_policies(Scope="Local")["Policies"]],
        "buckets": [each["Name"] for each in laptop.client("s3").list_buckets()["Buckets"]],
        "tables": laptop.client("dynamodb").list_tables()["TableNames"],
        "log groups": [name for name in groups if name not in shared],
        "log streams": [
            stream["logStreamName"]
            for name in shared.intersection(groups)
            for stream in logs.describe_log_streams(logGroupName=name)["logStreams"]
        ],
        "machines": [each["name"] for each in laptop.client("stepfunctions").list_state_machines()["stateMachines"]],
        "endpoints": [each["EndpointName"] for each in sagemaker.list_endpoints()["Endpoints"]],
        "configs": [each["EndpointConfigName"] for each in sagemaker.list_endpoint_configs()["EndpointConfigs"]],
        "models": [each["ModelName"] for each in sagemaker.list_models()["Models"]],
        "groups": [
            each["ModelPackageGroupName"]
            for each in sagemaker.list_model_package_groups()["ModelPackageGroupSummaryList"]
        ],
        "schedules": [each["Name"] for each in laptop.client("scheduler").list_schedules()["Schedules"]],
        "rules": [each["Name"] for each in laptop.client("events").list_rules()["Rules"]],
        "topics": [each["TopicArn"] for each in laptop.client("sns").list_topics()["Topics"]],
        "queues": laptop.client("sqs").list_queues().get("QueueUrls", []),
        "apis": [each["ApiId"] for each in laptop.client("apigatewayv2").get_apis()["Items"]],
        "alarms": [each["AlarmName"] for each in laptop.client("cloudwatch").describe_alarms()["MetricAlarms"]],
        "dashboards": [
            each["DashboardName"] for each in laptop.client("cloudwatch").list_dashboards()["DashboardEntries"]
        ],
        "identities": [
            each["IdentityName"] for each in laptop.client("sesv2").list_email_identities()["EmailIdentities"]
        ],
        # A key is deleted after a month's grace.
        "keys": [key["KeyId"] for key in keys if key["KeyState"] != "PendingDeletion" and key["KeyId"] not in aws_own],
    }
    return {kind: names for kind, names in found.items() if names}


def test_an_interrupted_destruction_is_gone_on_with_and_the_data_goes_only_when_asked(
    own_laptop: Any, release: Callable[..., Any]
) -> None:
    released = release("--approve")
    assert released.document["outcome"] == "Released", released.errors
    running = release("--detach", "--force").document["run_id"]
    seen = own_laptop.call("destroy", "--dry-run").document
    assert (seen["running"], seen["destroyed"]) == ([running], False)
    assert [each["name"] for each in seen["endpoints"]] == ["greenlight-short-lived"]

    endpoints = own_laptop.client("sagemaker")

    interrupted = own_laptop.start("destroy", "--yes")
    deadline = time.monotonic() + 120
    while endpoints.list_endpoints()["Endpoints"]:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    interrupted.send_signal(signal.SIGINT)
    interrupted.communicate(timeout=60)

    gone_on = own_laptop.call("destroy", "--yes")
    assert gone_on.code == 0, gone_on.errors
    kept = gone_on.document["data"]
    assert kept["deleted"] is False
    (bucket,), (table,) = kept["buckets"], kept["tables"]
    assert bucket["versions"] > 20
    assert table["items"] > 3
    assert everything(own_laptop) == {"buckets": [bucket["name"]], "tables": [table["name"]]}

    # The stack is gone, and what it kept is still known to be its own.
    later = own_laptop.as_aws().call("destroy", "--with-data", "--yes")
    assert later.code == 0, later.errors
    assert [each["name"] for each in later.document["data"]["buckets"]] == [bucket["name"]]
    assert everything(own_laptop) == {}
    nothing = own_laptop.call("destroy", "--with-data")
    assert (nothing.code, nothing.document["destroyed"]) == (0, False)


def test_a_stack_name_that_cannot_work_is_refused_and_what_is_left_of_it_destroyed(own_laptop: Any) -> None:
    named = replace(own_laptop, stack="BadName")
    refused = named.call("deploy")
    assert refused.code == 3
    assert "ContainerCode (Custom::ContainerCode)" in refused.document["error"]
    assert "the stack cannot be named 'BadName': endpoints, models and the rights to them" in refused.document["error"]
    assert named.call("destroy", "--with-data", "--yes").code == 0
    assert everything(own_laptop) == {}


def test_after_that_it_is_deployed_and_releases_again(release: Callable[..., Any]) -> None:
    assert release("--approve").document["outcome"] == "Released"
