"""WriteReport: what the run left becomes one file, whatever the verdict."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from lambdas.write_report.handler import keep_report
from steps.contracts import AdoptModelResult, CheckMetricsResult, PrepareRunResult, RunState, ValidateDataResult
from steps.errors import ArtifactMissingError
from steps.evaluation_report import EvaluatedExamples, MetricsReport
from steps.ports import ArtifactStore
from steps.prices import price_table
from steps.profile import DataProfile

ACCEPTED = ValidateDataResult(verdict="accepted", findings=[], rows=8530)


@pytest.fixture
def left(plan: PrepareRunResult, objects: dict[str, bytes], recipe_text: str) -> RunState:
    """What a run leaves that passed everything; its artifacts lie in the store."""
    assert plan.preprocess
    assert plan.evaluate_model
    profile = DataProfile(file="da7a.csv", rows=8530, rows_per_label={}, rows_per_split={})
    measured = MetricsReport(rows=1280, candidate={"accuracy": 0.784}, champion=None, class_names=["a", "b"])
    objects[plan.recipe_uri] = recipe_text.encode()
    objects[f"{plan.preprocess.output_uri}/profile.json"] = profile.model_dump_json().encode()
    objects[f"{plan.evaluate_model.output_uri}/report.json"] = measured.model_dump_json().encode()
    examples = EvaluatedExamples(mistakes=[], disagreements=[])
    objects[f"{plan.evaluate_model.output_uri}/examples.json"] = examples.model_dump_json().encode()
    return RunState(recipe="reviews", prepare_run=plan, validate_data=ACCEPTED)


def written(state: RunState, artifacts: ArtifactStore) -> str:
    result = keep_report(state, artifacts, price_table())
    body = artifacts.read(result.report_uri)
    assert hashlib.sha256(body).hexdigest() == result.report_digest
    return body.decode()


def test_the_report_lies_in_the_runs_folder(left: RunState, checked: CheckMetricsResult, artifacts: Any) -> None:
    result = keep_report(left.model_copy(update={"check_metrics": checked}), artifacts, price_table())
    assert left.prepare_run
    assert result.report_uri == f"{left.prepare_run.run_uri}/write_report/report.html"


def test_a_candidate_for_a_person_is_reported_with_its_numbers(
    left: RunState, checked: CheckMetricsResult, artifacts: ArtifactStore
) -> None:
    html = written(left.model_copy(update={"check_metrics": checked}), artifacts)
    assert "Passed: a person decides now" in html
    assert "78.4 %" in html


def test_an_override_is_no_praise(left: RunState, checked: CheckMetricsResult, artifacts: ArtifactStore) -> None:
    overridden = checked.model_copy(update={"overridden": True, "reason": "rules were overridden by ann"})
    html = written(left.model_copy(update={"check_metrics": overridden}), artifacts)
    assert "Not good enough, but overridden: a person is asked" in html
    assert "Rules were overridden by ann" in html
    assert "Good enough" not in html


def test_written_twice_it_has_the_same_bytes(
    left: RunState, checked: CheckMetricsResult, artifacts: ArtifactStore
) -> None:
    state = left.model_copy(update={"check_metrics": checked})
    assert keep_report(state, artifacts, price_table()) == keep_report(state, artifacts, price_table())


def test_refused_data_are_reported_before_anything_was_measured(
    left: RunState, artifacts: ArtifactStore, objects: dict[str, bytes]
) -> None:
    finding = {"rule": "min_rows", "verdict": "failed", "observed": 3, "limit": 10, "sentence": "3 rows of 10."}
    rejected = ValidateDataResult.model_validate({"verdict": "rejected", "findings": [finding], "rows": 3})
    assert left.prepare_run
    assert left.prepare_run.evaluate_model
    del objects[f"{left.prepare_run.evaluate_model.output_uri}/report.json"]
    html = written(left.model_copy(update={"validate_data": rejected}), artifacts)
    assert "Refused: the data broke a rule" in html
    assert "3 rows of 10." in html


def test_a_refused_archive_is_reported_with_the_reason(left: RunState, artifacts: ArtifactStore) -> None:
    refused = AdoptModelResult(verdict="rejected", reason="The archive holds a link.")
    html = written(left.model_copy(update={"adopt_model": refused}), artifacts)
    assert "Refused: the model may not be taken" in html
    assert "The archive holds a link." in html


@pytest.mark.parametrize("name", ["report.json", "examples.json"])
def test_numbers_that_are_gone_are_a_fault(
    left: RunState, checked: CheckMetricsResult, artifacts: ArtifactStore, objects: dict[str, bytes], name: str
) -> None:
    assert left.prepare_run
    assert left.prepare_run.evaluate_model
    del objects[f"{left.prepare_run.evaluate_model.output_uri}/{name}"]
    with pytest.raises(ArtifactMissingError):
        keep_report(left.model_copy(update={"check_metrics": checked}), artifacts, price_table())
