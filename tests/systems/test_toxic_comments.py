from __future__ import annotations

import inspect
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from sklearn import metrics as reference

from greenlight.commands import destroy
from lambdas.mails.compose import approval_mail
from lambdas.update_endpoint.handler import UpdateEndpointInput, update_endpoint
from local.template_syntax import parse_template
from serving.model import load_model
from steps.answers import Output
from steps.approval import ApprovalRequest, Secret, gather_facts
from steps.check_metrics import check_metrics
from steps.contracts import (
    CheckMetricsResult,
    PrepareRunResult,
    RegisterModelResult,
    StepPlan,
)
from steps.errors import ServiceRefusedError
from steps.evaluation_report import MetricsReport
from steps.ports import ArtifactStore, Endpoint, EndpointService
from steps.prepare_run import Facts, plan_run
from steps.recipe import Recipe
from steps.smoke_tests import Reply, judge_smoke_tests
from training.metrics import classification_metrics, label_metrics
from training.text_features import words_of

PROJECT = Path(__file__).parents[2]


def test_bug_a_link_was_one_word_in_training_and_another_in_serving(tweets: Any) -> None:
    [trained] = words_of(tf.constant(["see https://t.co/abc now"])).to_list()
    assert trained == [b"see", b"urltoken", b"now"]
    model = load_model(tweets.model)
    one, other = model.predict(["flood https://t.co/abc near", "flood www.example.com/x?y=1 near"])
    assert list(one.values) == list(other.values)


def test_bug_the_metric_called_precision_was_recall() -> None:
    # Many false alarms and no miss: what mixes the two up gives other numbers.
    labels = np.array([0, 0, 0, 0, 0, 0, 0, 0, 1, 1])
    probability = np.array([0.6, 0.7, 0.6, 0.8, 0.1, 0.2, 0.1, 0.3, 0.9, 0.55])
    probabilities = np.stack([1 - probability, probability], axis=1)
    measured = classification_metrics(probabilities, labels)
    precision = reference.precision_score(labels, probability >= 0.5)
    recall = reference.recall_score(labels, probability >= 0.5)
    assert (precision, recall) == (pytest.approx(1 / 3), 1.0)
    assert measured["f1"] == pytest.approx(2 * precision * recall / (precision + recall))
    assert measured["balanced_accuracy"] == pytest.approx((4 / 8 + recall) / 2)
    several = label_metrics(probabilities, np.stack([1 - labels, labels], axis=1))
    assert several["average_precision"] == pytest.approx(
        reference.average_precision_score(np.stack([1 - labels, labels], axis=1), probabilities)
    )


def test_bug_the_tokenizer_lay_at_one_fixed_key_and_was_overwritten_before_anybody_approved(
    facts: Facts, tweets: Any
) -> None:
    def written(plan: PrepareRunResult) -> set[str]:
        steps: list[StepPlan | None] = [plan.preprocess, plan.train_model, plan.evaluate_model]
        return {plan.run_uri, *(step.output_uri for step in steps if step is not None)}

    first = written(plan_run(facts, {}))
    second = written(plan_run(replace(facts, run_id="another-run"), {}))
    assert len(first) == len(second) == 4
    assert not first & second, "no run writes where another one wrote"
    # And the words that the model knows travel inside its archive.
    notes = {"./learning_curve.json", "./model_checks.json"}
    assert not [name for name in tweets.members() if not name.startswith("./1/") and name not in notes]


@pytest.fixture
def request_(plan: PrepareRunResult, registered: RegisterModelResult, objects: dict[str, bytes]) -> UpdateEndpointInput:
    objects[registered.model_data_uri] = b"archive"
    return UpdateEndpointInput(run_id=plan.run_id, plan=plan, register_model=registered)


def test_bug_the_second_deployment_never_worked(
    *,
    request_: UpdateEndpointInput,
    artifacts: ArtifactStore,
    endpoints: EndpointService,
    endpoint_states: dict[str, Endpoint],
    now: datetime,
) -> None:
    first = update_endpoint(request_, artifacts, endpoints, now=now)
    planned = request_.plan.endpoint
    assert planned is not None
    following = request_.plan.model_copy(
        update={"endpoint": planned.model_copy(update={"endpoint_config_name": "greenlight-next"})}
    )
    second = update_endpoint(request_.model_copy(update={"plan": following}), artifacts, endpoints, now=now)
    assert (first.action, second.action) == ("created", "updated")
    assert endpoint_states[planned.endpoint_name].config_name == "greenlight-next"


def test_bug_an_error_while_making_the_endpoint_was_swallowed(
    request_: UpdateEndpointInput,
    artifacts: ArtifactStore,
    endpoints: EndpointService,
    monkeypatch: pytest.MonkeyPatch,
    now: datetime,
) -> None:
    def refuse(*_: object) -> None:
        raise ServiceRefusedError("SageMaker answered ResourceLimitExceeded")

    monkeypatch.setattr(endpoints, "create", refuse)
    with pytest.raises(ServiceRefusedError, match="ResourceLimitExceeded"):
        update_endpoint(request_, artifacts, endpoints, now=now)


def test_bug_the_smoke_test_only_counted_the_answers(reviews: Recipe) -> None:
    as_many_as_asked = [Reply(10.0, Output([0.9, 0.1])), Reply(10.0, Output([0.1, 0.9]))]
    result = judge_smoke_tests(reviews.task, reviews.smoke, reviews.data.class_names, as_many_as_asked)
    assert result.verdict == "failed"
    assert "must be 'positive', but the endpoint answered 'negative'" in result.reason


def test_bug_nothing_was_gated_on_a_metric(reviews: Recipe) -> None:
    guessing = MetricsReport(
        rows=1000, candidate={"accuracy": 0.5, "log_loss": 0.7}, champion=None, class_names=["negative", "positive"]
    )
    assert check_metrics(guessing, reviews).verdict == "rejected"


def test_bug_the_approver_was_asked_a_fixed_question(
    reviews: Recipe, plan: PrepareRunResult, checked: CheckMetricsResult, registered: RegisterModelResult, now: datetime
) -> None:
    def asked(accuracy: float, version: str) -> str:
        measured = checked.model_copy(update={"metrics": {"accuracy": accuracy}})
        version_of = registered.model_copy(update={"model_version": version})
        facts = gather_facts(reviews, plan, measured, version_of)
        request = ApprovalRequest(
            approval_id="a1", execution_arn="arn", opened_at=now, deadline=now, approvers=[], facts=facts
        )
        return approval_mail(request, Secret("ann@example.com", "token", "123456"), "https://example.com").text

    assert "reviews version 2 may go live" in asked(0.78, "2")
    assert "Accuracy: 78.0 %" in asked(0.78, "2")
    assert "Accuracy: 91.0 %" in asked(0.91, "3")


def test_bug_cleaning_up_deleted_the_data_bucket() -> None:
    storage = parse_template((PROJECT / "infra/sam/storage.yaml").read_text())["Resources"]
    holders = {"AWS::S3::Bucket", "AWS::DynamoDB::Table"}
    kept = [name for name, resource in storage.items() if resource["Type"] in holders]
    assert kept
    assert all(storage[name]["DeletionPolicy"] == "Retain" for name in kept)
    # The command that empties it asks for the data by name.
    assert inspect.signature(destroy.destroy).parameters["with_data"].default is False
