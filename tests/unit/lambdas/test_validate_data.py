from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lambdas.validate_data.handler import ValidateDataInput, judge_data
from steps.contracts import Finding, LiveVersion, PrepareRunResult, ValidateDataResult
from steps.drift_report import DriftReport
from steps.ports import ArtifactStore
from steps.preprocess import profile_file
from steps.profile import DataProfile
from steps.recipe import Recipe

PROFILE_URI = "s3://bucket/runs/old/preprocess/profile.json"


def profile_of(folder: Path, recipe: Recipe, *, positive: int, text: str = "a fine film") -> DataProfile:
    """Of a thousand rows, so many of them positive."""
    path = folder / "f.csv"
    rows = [f"{text} {number},{int(number < positive)}" for number in range(1000)]
    path.write_text("\n".join(["text,label", *rows]) + "\n", encoding="utf-8")
    return profile_file(path, recipe, lambda *_: None)


@pytest.fixture
def judge(
    *,
    plan: PrepareRunResult,
    recipe_text: str,
    reviews: Recipe,
    artifacts: ArtifactStore,
    objects: dict[str, bytes],
    tmp_path: Path,
) -> Callable[[LiveVersion | None], ValidateDataResult]:
    """The run's verdict on 500 positive rows of a thousand, beside a version that is live."""
    assert plan.preprocess is not None
    objects[plan.recipe_uri] = recipe_text.encode()
    profile = profile_of(tmp_path, reviews, positive=500)
    objects[f"{plan.preprocess.output_uri}/profile.json"] = profile.model_dump_json().encode()

    def run(champion: LiveVersion | None) -> ValidateDataResult:
        asked = plan.model_copy(update={"champion": champion})
        return judge_data(ValidateDataInput(run_id=plan.run_id, plan=asked), artifacts)

    return run


Judge = Callable[[LiveVersion | None], ValidateDataResult]


def drift_of(result: ValidateDataResult) -> Finding:
    [finding] = [finding for finding in result.findings if finding.rule == "drift"]
    assert finding.verdict == "passed"
    return finding


def test_a_first_release_has_nothing_to_compare_with_and_says_so(
    judge: Judge, plan: PrepareRunResult, objects: dict[str, bytes]
) -> None:
    result = judge(None)
    assert result.verdict == "accepted"
    assert drift_of(result).sentence == (
        "This is the recipe's first release, so there is no earlier data to compare with."
    )
    assert result.drift_uri == f"{plan.run_uri}/validate_data/drift.json"
    report = DriftReport.model_validate_json(objects[result.drift_uri])
    assert (report.not_compared, report.live_model_version) == (drift_of(result).sentence, None)
    assert [label.share for label in report.labels] == [0.5, 0.5]


def test_the_live_versions_data_is_compared_with(
    judge: Judge, live: LiveVersion, objects: dict[str, bytes], reviews: Recipe, tmp_path: Path
) -> None:
    before = profile_of(tmp_path, reviews, positive=100)
    objects[PROFILE_URI] = before.model_dump_json().encode()
    result = judge(live.model_copy(update={"profile_uri": PROFILE_URI}))
    [finding] = [finding for finding in result.findings if finding.rule == "max_label_drift"]
    assert (result.verdict, finding.verdict) == ("accepted", "warned")
    assert result.drift_uri is not None
    report = DriftReport.model_validate_json(objects[result.drift_uri])
    assert [drift.kind for drift in report.comparisons if drift.is_drifted] == ["label"]
    assert (report.live_model_version, report.live_rows) == ("1", 1000)


def test_a_version_from_before_distributions_were_kept_is_not_compared_with(judge: Judge, live: LiveVersion) -> None:
    result = judge(live)
    assert result.verdict == "accepted"
    assert drift_of(result).sentence.startswith("Version 1 was released before its data's distributions were kept")


def test_a_profile_that_is_gone_stops_no_run(judge: Judge, live: LiveVersion) -> None:
    result = judge(live.model_copy(update={"profile_uri": PROFILE_URI}))
    assert result.verdict == "accepted"
    assert drift_of(result).sentence == "The profile of version 1's data is gone, so nothing is compared."


def test_a_file_that_cannot_be_read_has_no_distributions(
    judge: Judge, plan: PrepareRunResult, objects: dict[str, bytes], reviews: Recipe, tmp_path: Path
) -> None:
    assert plan.preprocess is not None
    (tmp_path / "f.csv").write_text("")
    empty = profile_file(tmp_path / "f.csv", reviews, lambda *_: None)
    objects[f"{plan.preprocess.output_uri}/profile.json"] = empty.model_dump_json().encode()
    result = judge(None)
    assert [finding.rule for finding in result.findings] == ["readable_file"]
    assert result.drift_uri is None
