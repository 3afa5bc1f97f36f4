from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from greenlight import release_table
from greenlight.errors import FaultError, InterruptedRunError, WrongUseError
from greenlight.recipes import RecipeFile, load_recipe
from greenlight.release_table import Line, line_of, rows_of
from greenlight.run_report import RunReport
from greenlight.target import PROJECT
from steps.contracts import LiveVersion
from steps.errors import DataUnavailableError

ROWS = "\n".join(["text,target", *(f"a quiet day number {number},{number % 2}" for number in range(1200)), ""])


def quiet(_words: str) -> None:
    """Takes no notes."""


@pytest.fixture
def recipe_file() -> RecipeFile:
    return load_recipe(PROJECT, "disaster-tweets")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "disaster-tweets.csv").write_text(ROWS)
    return tmp_path / "data"


REPORT = RunReport(
    run_id="run-1",
    recipe="disaster-tweets",
    outcome="Released",
    states=[],
    metrics={},
    champion_metrics={},
    findings=[],
    compared={},
    reused=[],
    cause=None,
)
LIVE = LiveVersion(
    model_version="1",
    model_package_arn="arn",
    model_data_uri="s3://bucket/runs/run-1/model.tar.gz",
    model_digest="d",
    endpoint_name="endpoint",
    endpoint_config_name="config",
    class_names=["no disaster", "disaster"],
    run_id="run-1",
    released_at=datetime(2026, 3, 1, tzinfo=UTC),
    data_digest="d",
    recipe_digest="r",
    code_digest="c",
    metrics={"accuracy": 0.82},
)


class Archive:
    """Knows how large the archive is."""

    def head_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        assert (Bucket, Key) == ("bucket", "runs/run-1/model.tar.gz")
        return {"ContentLength": 617_000}


def line(recipe_file: RecipeFile, data: Path, report: RunReport | Exception) -> Line:
    def release(chosen: RecipeFile, csv: Path) -> RunReport:
        assert (chosen, csv) == (recipe_file, data)
        if isinstance(report, Exception):
            raise report
        return report

    s3: Any = Archive()
    return line_of(recipe_file, data, release=release, live=lambda: LIVE, s3=s3, note=quiet)


def test_rows_are_taken_from_the_folder_by_the_recipes_name(
    recipe_file: RecipeFile, folder: Path, tmp_path: Path
) -> None:
    assert rows_of(recipe_file.recipe, folder, tmp_path / "cache", quiet) == folder / "disaster-tweets.csv"
    assert not (tmp_path / "cache").exists()


def test_a_recipe_that_imports_is_measured_on_the_rows_of_the_one_that_trained(tmp_path: Path) -> None:
    names = [f"Name{number},{('Female', 'Male')[number % 2]}" for number in range(6000)]
    (tmp_path / "name-gender.csv").write_text("\n".join(["Name,prob.gender", *names, ""]))
    imported = load_recipe(PROJECT, "name-gender-imported").recipe
    assert rows_of(imported, tmp_path, tmp_path / "cache", quiet) == tmp_path / "name-gender.csv"


def test_a_file_in_the_folder_that_is_not_the_recipes_is_no_reason_to_skip(
    recipe_file: RecipeFile, folder: Path, tmp_path: Path
) -> None:
    (folder / "disaster-tweets.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataUnavailableError, match="has no column 'text'"):
        rows_of(recipe_file.recipe, folder, tmp_path / "cache", quiet)


def test_without_a_file_and_a_key_the_way_to_the_rows_is_told(
    recipe_file: RecipeFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY", "KAGGLE_CONFIG_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(WrongUseError, match=r"no Kaggle key here.*greenlight data get disaster-tweets --from FILE"):
        rows_of(recipe_file.recipe, tmp_path, tmp_path / "cache", quiet)


def test_a_release_is_held_against_the_plain_model_that_is_measured_then_and_there(
    recipe_file: RecipeFile, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = {"name": "plain", "rows": 180, "all_rows": 1200, "metrics": {"accuracy": 0.79}}
    monkeypatch.setattr(release_table, "measure_baseline", lambda _recipe, _data: plain)
    found = line(recipe_file, folder / "disaster-tweets.csv", REPORT)
    assert found.is_fine
    assert (found.rows, found.test_rows, found.metric) == (1200, 180, "accuracy")
    assert (found.value, found.baseline, found.artifact_bytes) == (0.82, 0.79, 617_000)
    assert json.loads(json.dumps(found.to_json()))["baseline_name"] == "plain"


@pytest.mark.parametrize(
    ("end", "outcome", "reason"),
    [
        (replace(REPORT, outcome="MetricsRejected", cause="accuracy is too low"), "MetricsRejected", "too low"),
        (FaultError("the server is gone"), "failed", "the server is gone"),
    ],
)
def test_what_was_not_released_says_why(
    recipe_file: RecipeFile, folder: Path, end: RunReport | Exception, outcome: str, reason: str
) -> None:
    found = line(recipe_file, folder / "disaster-tweets.csv", end)
    assert not found.is_fine
    assert found.outcome == outcome
    assert reason in str(found.reason)


def test_whoever_stops_watching_gets_no_other_recipe_released(recipe_file: RecipeFile, folder: Path) -> None:
    with pytest.raises(InterruptedRunError, match="the run goes on"):
        line(recipe_file, folder / "disaster-tweets.csv", InterruptedRunError("the run goes on"))


def test_a_plain_model_that_cannot_be_measured_is_a_fault_in_its_own_words(
    recipe_file: RecipeFile, tmp_path: Path
) -> None:
    (tmp_path / "rows.csv").write_text("text,target\n")
    with pytest.raises(FaultError, match="the plain model could not be measured; it said: "):
        release_table.measure_baseline(recipe_file.path, tmp_path / "rows.csv")
