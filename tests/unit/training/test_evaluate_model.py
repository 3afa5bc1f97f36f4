from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from serving.model import Model
from serving.unusable_input import UnusableInputError
from steps.answers import NO_THRESHOLDS, Output, Row
from steps.errors import ArtifactMissingError
from steps.evaluation_report import MetricsReport
from steps.recipe import Recipe
from steps.recipe_sections.metrics import CLASS_METRICS, LABEL_METRICS, NUMBER_METRICS
from training.evaluation.asked_model import ModelArchiveError, load, predict, unpack
from training.evaluation.predictions_file import write_predictions
from training.evaluation.report import report_on
from training.evaluation.resampling import MeasuredRows
from training.metrics import answered
from training.prepared_rows import PreparedRows


class Fixed(tf.Module):  # type: ignore[misc] # tensorflow is published without types
    """Answers the same to every text, under names of its own."""

    def __init__(self, values: list[float]) -> None:
        super().__init__()
        self.values = tf.constant([values])

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="sentences")])  # type: ignore[untyped-decorator]
    def answer(self, sentences: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"scores": tf.repeat(self.values, tf.shape(sentences)[0], axis=0)}


def archive(folder: Path, files: Mapping[str, bytes]) -> Path:
    path = folder / "model.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


def saved(folder: Path, values: list[float]) -> Path:
    module = Fixed(values)
    tf.saved_model.save(module, str(folder), signatures={"serving_default": module.answer})
    return folder


def packed(folder: Path) -> Path:
    path = folder.with_suffix(".tar.gz")
    with tarfile.open(path, "w:gz") as tar:
        tar.add(folder, ".")
    return path


def test_the_highest_version_of_an_archive_is_taken(tmp_path: Path) -> None:
    for version, values in (("9", [0.0, 1.0]), ("10", [0.25, 0.75])):
        saved(tmp_path / "model" / version, values)
    [output] = unpack_model(packed(tmp_path / "model"), tmp_path / "out").predict(["a text"])
    assert list(output.values) == [0.25, 0.75]


@pytest.mark.parametrize("name", ["../outside", "1/../../outside"])
def test_a_member_that_points_outside_is_refused(tmp_path: Path, name: str) -> None:
    path = archive(tmp_path, {"1/saved_model.pb": b"x", name: b"x"})
    (tmp_path / "deep").mkdir()
    with pytest.raises(ModelArchiveError, match=r"model\.tar\.gz cannot be unpacked"):
        unpack_model(path, tmp_path / "deep" / "out")
    assert not (tmp_path / "deep" / "outside").exists()
    assert not (tmp_path / "outside").exists()


def test_a_link_to_outside_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        link = tarfile.TarInfo("1/saved_model.pb")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        tar.addfile(link)
    with pytest.raises(ModelArchiveError):
        unpack_model(path, tmp_path / "out")


def test_an_archive_without_a_model_one_that_is_broken_and_none_at_all_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(
        ModelArchiveError, match=r"cannot be served: the archive holds neither <number>/saved_model\.pb"
    ):
        unpack_model(archive(tmp_path, {"saved_model.pb": b"x"}), tmp_path / "out")
    with pytest.raises(ModelArchiveError, match=r"model\.tar\.gz cannot be served"):
        unpack_model(archive(tmp_path, {"1/saved_model.pb": b"x"}), tmp_path / "garbage")
    (tmp_path / "model.tar.gz").write_bytes(b"no archive")
    with pytest.raises(ModelArchiveError, match="cannot be unpacked"):
        unpack_model(tmp_path / "model.tar.gz", tmp_path / "out")
    cut_short = archive(tmp_path, {"1/saved_model.pb": bytes(range(256)) * 99}).read_bytes()[:-40]
    (tmp_path / "model.tar.gz").write_bytes(cut_short)
    with pytest.raises(ModelArchiveError, match="cannot be unpacked"):
        unpack_model(tmp_path / "model.tar.gz", tmp_path / "out")
    with pytest.raises(ArtifactMissingError, match=r"model\.tar\.gz is missing in the folder 'candidate'"):
        unpack_model(tmp_path / "candidate" / "model.tar.gz", tmp_path / "out")


class Answering:
    """A model that answers each row with the next of some numbers."""

    def __init__(self, *values: list[float], refuses: bool = False) -> None:
        self._values = iter(values)
        self._refuses = refuses

    def predict(self, rows: Sequence[Row]) -> list[Output]:
        if self._refuses:
            raise UnusableInputError("instances[0] lacks the column area")
        return [Output(next(self._values)) for _ in rows]


def unpack_model(path: Path, folder: Path) -> Model:
    unpack(path, folder)
    return load(path, folder)


def text_rows(folder: Path, labels: Sequence[str], task: str = "binary") -> PreparedRows:
    (folder / "test.csv").write_text("text,label\n" + "".join(f"text {n},{name}\n" for n, name in enumerate(labels)))
    return PreparedRows(folder / "test.csv", task, sorted(set(labels)))


def test_the_served_signature_is_asked_whatever_its_names(tmp_path: Path, opinions: Recipe) -> None:
    saved(tmp_path / "model" / "1", [0.25, 0.75])
    model = unpack_model(packed(tmp_path / "model"), tmp_path / "out")
    answers = predict(model, text_rows(tmp_path, ["bad", "good"] * 300), opinions)
    assert answers.shape == (600, 2)
    assert answers[-1].tolist() == [0.25, 0.75]


@pytest.mark.parametrize(
    ("task", "values", "says"),
    [
        ("binary", [0.2, 0.3, 0.5], "answers 3 values a row, but the recipe has 2 classes"),
        ("binary", [float("nan"), 0.5], "values that are no numbers"),
        ("binary", [0.9, 0.9], "no probabilities: each must lie between 0 and 1, and those of a row must add up to 1"),
        ("multi_label", [1.5, 0.5], "no probabilities: each must lie between 0 and 1$"),
        ("multi_label", [0.5], "answers 1 values a row, but the recipe has 2 labels"),
        ("regression", [0.5, 0.5], "answers 2 values a row, but the recipe has one number"),
    ],
)
def test_a_model_of_other_answers_is_an_error(
    tmp_path: Path, recipes: dict[str, Recipe], task: str, values: list[float], says: str
) -> None:
    rows = text_rows(tmp_path, ["bad", "good"])
    with pytest.raises(ModelArchiveError, match=says):
        predict(Answering(values, values), rows, recipes[task])


def test_a_model_that_does_not_take_the_rows_is_an_error(tmp_path: Path, opinions: Recipe) -> None:
    with pytest.raises(ModelArchiveError, match=r"cannot answer this recipe's rows: instances\[0\] lacks"):
        predict(Answering(refuses=True), text_rows(tmp_path, ["bad", "good"]), opinions)


def measured(recipe: Recipe, answers: Any, outputs: Any) -> MeasuredRows:
    given = answered(recipe.task, recipe.data.class_names, np.array(outputs), NO_THRESHOLDS)
    return MeasuredRows(recipe.task, np.array(outputs), np.array(answers), given)


def reported(recipe: Recipe, answers: Any, candidate: Any, champion: Any = None) -> MetricsReport:
    live = None if champion is None else measured(recipe, answers, champion)
    return report_on(recipe, [], measured(recipe, answers, candidate), live, NO_THRESHOLDS)


def test_classes_are_reported_with_confusion_and_baseline(opinions: Recipe) -> None:
    candidate = np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8]])
    report = reported(opinions, [0, 0, 1], candidate)
    assert set(report.candidate) == CLASS_METRICS
    assert report.confusion == [[1, 1], [0, 1]]
    assert (report.majority_baseline_accuracy, report.mean_baseline_root_mean_squared_error) == (2 / 3, None)
    assert (report.per_label, report.champion) == ({}, None)


def test_several_labels_are_reported_each(recipes: dict[str, Recipe]) -> None:
    answers = np.array([[1, 0], [0, 0], [0, 1], [0, 0]])
    candidate = np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.5], [0.1, 0.2]])
    report = reported(recipes["multi_label"], answers, candidate, candidate)
    assert set(report.candidate) == LABEL_METRICS
    assert report.champion == report.candidate
    assert report.candidate["subset_accuracy"] == 0.75
    assert report.per_label["rude"]["roc_auc"] == 1.0
    assert report.per_label["threat"]["roc_auc"] == pytest.approx(2 / 3)
    assert report.per_label["threat"]["rows"] == 1
    assert (report.majority_baseline_accuracy, report.confusion) == (0.5, [])
    assert MetricsReport.model_validate_json(report.model_dump_json()) == report


def test_numbers_are_reported_with_the_error_of_the_mean(recipes: dict[str, Recipe]) -> None:
    report = reported(recipes["regression"], [1.0, 3.0], [[2.0], [3.0]])
    assert set(report.candidate) == NUMBER_METRICS
    assert (report.majority_baseline_accuracy, report.mean_baseline_root_mean_squared_error) == (None, 1.0)
    assert (report.confusion, report.class_names) == ([], [])


@pytest.mark.parametrize(
    ("task", "rows", "lines"),
    [
        (
            "binary",
            [(0, [0.25, 0.75]), (1, [0.1, 0.9])],
            [
                "row,label,answered,probability_bad,probability_good",
                "1,bad,good,0.250000,0.750000",
                "2,good,good,0.100000,0.900000",
            ],
        ),
        (
            "multi_label",
            [([0, 1], [0.25, 0.5]), ([0, 0], [0.9, 0.1])],
            [
                "row,rude,threat,answered_rude,answered_threat,probability_rude,probability_threat",
                "1,0,1,0,1,0.250000,0.500000",
                "2,0,0,1,0,0.900000,0.100000",
            ],
        ),
        (
            "regression",
            [(181000.5, [180000.25]), (2.0, [2.0])],
            ["row,price,answered", "1,181000.5,180000.25", "2,2.0,2.0"],
        ),
    ],
)
def test_predictions_hold_row_numbers_answers_and_probabilities(
    tmp_path: Path, recipes: dict[str, Recipe], task: str, rows: Any, lines: list[str]
) -> None:
    answers, outputs = (np.array(part) for part in zip(*rows, strict=True))
    given = answered(task, recipes[task].data.class_names, outputs, {})
    write_predictions(tmp_path / "predictions.csv", recipes[task], answers, outputs, given)
    assert (tmp_path / "predictions.csv").read_text().splitlines() == lines
