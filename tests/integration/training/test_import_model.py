"""A model from elsewhere is asked before it is taken: SavedModels, right and wrong, through the job's own entry."""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

from steps.contracts import ImportReport
from training import import_model

RECIPE = """\
name: opinions
description: Opinions in a few words.
task: binary
data: {labels: {"0": bad, "1": good}}
import_model: {max_bytes: 1000000}
metrics: {gates: [{name: accuracy, floor: 0.7}]}
approval: {approvers: [ann@example.com]}
smoke: {cases: [{text: good, label: good}]}
"""
Judge = Callable[..., ImportReport]


def served(answer: Callable[[tf.Tensor], tf.Tensor], kind: Any = tf.string, name: str = "serving_default") -> Any:
    """Saves a function as a SavedModel with one signature."""

    def save(folder: Path) -> None:
        module = tf.Module()
        spec = tf.TensorSpec([None], kind, name="instances")
        module.call = tf.function(lambda instances: {"probabilities": answer(instances)}, input_signature=[spec])
        tf.saved_model.save(module, str(folder / "1"), signatures={name: module.call})

    return save


def constant(*values: float) -> Callable[[tf.Tensor], tf.Tensor]:
    return lambda texts: tf.tile(tf.constant([list(values)]), [tf.shape(texts)[0], 1])


@pytest.fixture
def judge(tmp_path: Path) -> Judge:
    """Saves a model, packs it, runs the job's entry and reads its report."""

    def run(save: Callable[[Path], None], recipe: str = RECIPE) -> ImportReport:
        folder = tmp_path / "model"
        folder.mkdir()
        save(folder)
        archive = tmp_path / "brought.tar.gz"
        with tarfile.open(archive, "w:gz") as tar:
            tar.add(folder / "1", "1")
        (tmp_path / "recipe.yaml").write_text(recipe)
        arguments = ["--archive", str(archive), "--recipe", str(tmp_path / "recipe.yaml")]
        import_model.main([*arguments, "--output", str(tmp_path / "output")])
        report = ImportReport.model_validate_json((tmp_path / "output/report.json").read_text())
        kept = tmp_path / "output/model.tar.gz"
        assert kept.exists() == (report.verdict == "accepted")
        assert report.digest == hashlib.sha256(archive.read_bytes()).hexdigest()
        assert not kept.exists() or kept.read_bytes() == archive.read_bytes()
        return report

    return run


def test_a_fitting_model_is_handed_on_byte_by_byte(judge: Judge) -> None:
    report = judge(served(constant(0.25, 0.75)))
    assert report.verdict == "accepted", report.reason
    assert "reads a text and answers 2 numbers" in report.reason
    assert report.unpacked_bytes > 0


def reads_a_file(texts: tf.Tensor) -> tf.Tensor:
    size = tf.cast(tf.strings.length(tf.io.read_file("/etc/hostname")), tf.float32)
    return constant(0.5, 0.5)(texts) + 0 * size


def runs_python(texts: tf.Tensor) -> tf.Tensor:
    given = tf.numpy_function(lambda _: [[0.5, 0.5]], [texts], tf.float64)
    return tf.ensure_shape(tf.cast(given, tf.float32), [None, 2])


def fails(texts: tf.Tensor) -> tf.Tensor:
    with tf.control_dependencies([tf.debugging.assert_less(tf.strings.length(texts), 100)]):
        return constant(0.5, 0.5)(texts)


LABELS = (
    RECIPE.replace("binary", "multi_label")
    .replace('labels: {"0": bad, "1": good}', "label_columns: [rude, funny, kind]")
    .replace("name: accuracy", "name: subset_accuracy")
    .replace("label: good", "labels: []")
)
NUMBER = (
    RECIPE.replace("binary", "regression")
    .replace('labels: {"0": bad, "1": good}', "target_column: stars")
    .replace("name: accuracy", "name: r2")
    .replace("label: good", "minimum: 0")
)


@pytest.mark.parametrize(
    ("save", "words"),
    [
        (served(constant(0.2, 0.3, 0.5)), "(rows, 2), one each for bad, good"),
        (served(lambda numbers: tf.stack([numbers, 1 - numbers], axis=1), tf.float32), "must take texts alone"),
        (served(constant(0.5, 0.5), name="predict"), "no signature serving_default (it has: predict)"),
        (served(constant(0.5, 0.7)), "0.5, 0.7 to a text, where the recipe's task binary needs probabilities"),
        (served(constant(float("nan"), 0.5)), "nan, 0.5 to a text"),
        (served(constant(-0.5, 1.5)), "-0.5, 1.5 to a text"),
        (served(reads_a_file), "uses ReadFile, which reaches beyond the model's own graph"),
        (served(runs_python), "which runs Python that is not in the graph"),
        (served(fails), "cannot be loaded or does not answer a text"),
        (served(tf.strings.length), "gives int32 of the shape (-1,)"),
    ],
    ids=["classes", "numbers", "no signature", "sum", "nan", "negative", "file", "python", "fails", "type"],
)  # fmt: skip
def test_a_model_that_does_not_fit_is_refused_with_what_it_does(
    judge: Judge, save: Callable[[Path], None], words: str
) -> None:
    report = judge(save)
    assert report.verdict == "rejected"
    assert words in report.reason


def test_labels_and_numbers_have_their_own_answers(judge: Judge) -> None:
    assert judge(served(constant(0.9, 0.8, 0.1)), LABELS).verdict == "accepted"


def test_a_regression_s_model_answers_one_number(judge: Judge) -> None:
    assert judge(served(constant(123.5)), NUMBER).verdict == "accepted"


def test_a_graph_that_is_none_is_refused(judge: Judge) -> None:
    def save(folder: Path) -> None:
        (folder / "1").mkdir()
        (folder / "1/saved_model.pb").write_bytes(b"\xff" * 100)

    assert "saved_model.pb is damaged or no SavedModel" in judge(save).reason
