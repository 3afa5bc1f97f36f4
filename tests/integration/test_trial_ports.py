"""The ports of a trial, kept by their in-memory fakes and by their adapters on moto alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws
from samtranslator.yaml_helper import yaml_parse

from lambdas.adapters.dynamodb_trials import DynamoTrialRecords
from lambdas.adapters.sagemaker_trials import SageMakerTrialHosting
from steps.contracts import CheckMetricsResult, PrepareRunResult, RegisterModelResult
from steps.errors import ServiceRefusedError
from steps.recipe import Recipe
from steps.trial import TrialOffer, TrialRecord, offer_trial
from steps.trial_ports import TrialHosting, TrialRecords

STORAGE = yaml_parse((Path(__file__).parents[2] / "infra/sam/storage.yaml").read_text())["Resources"]
ROLE = "arn:aws:iam::123456789012:role/jobs"
BOTH = pytest.mark.parametrize("kept_by", ["fake", "moto"])


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        yield


@pytest.fixture
def trial(now: datetime) -> TrialRecord:
    return TrialRecord(
        approval_id="a1",
        recipe="reviews",
        run_id="run-1",
        execution_arn="arn:run-1",
        name="greenlight-run-1--trial",
        kind="serverless",
        deadline=now + timedelta(days=7),
        asked_at=now,
    )


@pytest.fixture
def records(kept_by: str, trial_records: TrialRecords) -> TrialRecords:
    if kept_by == "fake":
        return trial_records
    table: dict[str, Any] = STORAGE["ReleaseTable"]["Properties"]
    client = boto3.client("dynamodb")
    client.create_table(
        TableName="releases",
        KeySchema=table["KeySchema"],
        AttributeDefinitions=table["AttributeDefinitions"],
        BillingMode=table["BillingMode"],
        GlobalSecondaryIndexes=table["GlobalSecondaryIndexes"],
    )
    return DynamoTrialRecords(client, "releases")


@BOTH
def test_a_question_keeps_the_trial_and_is_counted_up_to_a_limit(records: TrialRecords, trial: TrialRecord) -> None:
    assert records.all() == []
    assert records.count_question(trial, limit=2) == replace(trial, questions=1)
    again = replace(trial, asked_at=trial.asked_at + timedelta(minutes=1))
    assert records.count_question(again, limit=2) == replace(again, questions=2)
    assert records.count_question(again, limit=2) is None
    assert records.all() == [replace(again, questions=2)]


@BOTH
def test_of_two_who_would_start_it_one_does(records: TrialRecords, trial: TrialRecord, now: datetime) -> None:
    seen = records.count_question(trial, limit=9)
    assert seen is not None
    assert records.count_start(seen, now=now)
    assert not records.count_start(seen, now=now)
    [kept] = records.all()
    assert (kept.starts, kept.started_at) == (1, now)
    assert records.count_start(kept, now=now + timedelta(hours=3))
    assert not records.count_start(kept, now=now)
    assert [each.starts for each in records.all()] == [2]


@BOTH
def test_a_trial_that_was_asked_since_is_not_forgotten(records: TrialRecords, trial: TrialRecord) -> None:
    records.count_question(trial, limit=9)
    [before] = records.all()
    records.count_question(replace(trial, asked_at=trial.asked_at + timedelta(seconds=1)), limit=9)
    records.forget(before)
    [kept] = records.all()
    records.forget(kept)
    assert records.all() == []


@pytest.fixture
def offer(
    reviews: Recipe, plan: PrepareRunResult, checked: CheckMetricsResult, registered: RegisterModelResult, now: datetime
) -> TrialOffer:
    offer = offer_trial(reviews, plan, checked, registered, {}, now=now)
    assert offer is not None
    return offer


@BOTH
def test_what_is_prepared_twice_is_there_once_and_what_is_removed_twice_is_gone(
    kept_by: str, trial_hosting: TrialHosting, offer: TrialOffer
) -> None:
    hosting = trial_hosting if kept_by == "fake" else SageMakerTrialHosting(boto3.client("sagemaker"), ROLE)
    for _ in range(2):
        hosting.prepare(offer)
    for _ in range(2):
        hosting.remove(offer.name)


@pytest.mark.parametrize(
    ("changes", "size"),
    [
        ({}, {"ServerlessConfig": {"MemorySizeInMB": 3072, "MaxConcurrency": 1}}),
        ({"kind": "instance"}, {"InstanceType": "ml.m5.large", "InitialInstanceCount": 1}),
    ],
)
def test_an_endpoint_is_made_of_the_candidates_archive_in_the_size_that_was_asked_for(
    offer: TrialOffer, changes: dict[str, str], size: dict[str, Any]
) -> None:
    client = boto3.client("sagemaker")
    SageMakerTrialHosting(client, ROLE).prepare(offer.model_copy(update=changes))
    model = client.describe_model(ModelName=offer.name)
    assert model["PrimaryContainer"]["ModelDataUrl"] == offer.card.model_data_uri
    assert model["ExecutionRoleArn"] == ROLE
    [variant] = client.describe_endpoint_config(EndpointConfigName=offer.name)["ProductionVariants"]
    assert {key: variant.get(key) for key in size} == size
    tags = client.list_tags(ResourceArn=model["ModelArn"])["Tags"]
    assert {each["Key"]: each["Value"] for each in tags} == offer.tags


def test_two_containers_are_a_pipeline(offer: TrialOffer) -> None:
    client = boto3.client("sagemaker")
    two = offer.model_copy(update={"containers": offer.containers * 2, "kind": "instance"})
    SageMakerTrialHosting(client, ROLE).prepare(two)
    assert len(client.describe_model(ModelName=offer.name)["Containers"]) == 2


def test_another_refusal_is_an_error(offer: TrialOffer) -> None:
    client = boto3.client("sagemaker")
    with Stubber(client) as stub:
        stub.add_client_error("create_model", "ResourceLimitExceeded", "The account-level service limit is reached.")
        with pytest.raises(ServiceRefusedError, match="limit is reached"):
            SageMakerTrialHosting(client, ROLE).prepare(offer)
