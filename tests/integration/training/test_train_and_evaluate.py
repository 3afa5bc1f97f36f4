"""From prepared rows to measured models, by the two scripts."""

from __future__ import annotations

import csv
import json
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from serving.model import load_model
from steps.check_metrics import check_metrics
from steps.evaluated_rows import EvaluatedRows, is_same
from steps.evaluation_report import EvaluatedExamples, MetricsReport
from steps.model_card import ModelCard
from steps.recipe import parse_recipe
from training import evaluate_model, text_classifier, text_model
from training.evaluation import measured_server
from training.evaluation.asked_model import predict
from training.evaluation.thresholds import best_threshold
from training.model_checks import ModelCheckError
from training.naive_bayes import log_count_ratios
from training.prepared_rows import PreparedRows, TrainingDataError


def train(prepared: Any, folder: Path, *hyperparameters: str) -> Path:
    """Train and pack the model as SageMaker does; returns the folder with model.tar.gz."""
    folders = ["--train", str(prepared.folder), "--validation", str(prepared.folder)]
    outputs = ["--model-dir", str(folder / "model"), "--output-data-dir", str(folder / "output")]
    names = ["--class_names", json.dumps(prepared.class_names)]
    text_classifier.main([*folders, *outputs, *names, *hyperparameters])
    with tarfile.open(folder / "model.tar.gz", "w:gz") as tar:
        tar.add(folder / "model", ".")
    return folder


def evaluate(prepared: Any, output: Path, candidate: Path, champion: Path | None = None) -> MetricsReport:
    models = ["--candidate", str(candidate), *(["--champion", str(champion)] if champion else [])]
    others = ["--test", str(prepared.folder), "--recipe", str(prepared.recipe), "--output", str(output)]
    evaluate_model.main([*models, *others])
    return MetricsReport.model_validate_json((output / "report.json").read_text())


def answers_of(model: Path, texts: Sequence[str]) -> NDArray[np.float64]:
    """What the model in a folder would be served to answer: (texts, outputs)."""
    return np.array([output.values for output in load_model(model).predict(texts)])


def table(file: Path) -> list[dict[str, str]]:
    with file.open(newline="") as stream:
        return list(csv.DictReader(stream))


def card_with(thresholds: dict[str, float]) -> ModelCard:
    fields = dict.fromkeys(("model_package_arn", "model_data_uri", "run_id", "data_digest", "recipe_digest"), "-")
    return ModelCard.model_validate(
        fields
        | {"recipe": "small", "description": "Small.", "task": "binary", "class_names": ["bad", "good"]}
        | {"input": {"text_column": "text", "features": None, "max_text_characters": 100}, "model_version": "1"}
        | {"model_digest": "-", "code_digest": "-", "approval": "-", "released_at": "2026-01-01T00:00:00Z"}
        | {"metrics": {}, "test_rows": 1, "training_rows": 1, "thresholds": thresholds}
    )


@pytest.fixture
def unserved(monkeypatch: pytest.MonkeyPatch) -> None:
    """An image without the server's libraries; what these tests look at takes no server."""
    monkeypatch.setattr(measured_server, "SERVER_LIBRARIES", ("a_library_that_nobody_has",))


@pytest.fixture(scope="module")
def two_class_model(two_classes: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(two_classes, tmp_path_factory.mktemp("model"))


def test_the_model_takes_raw_texts_and_answers_one_probability_a_class(two_class_model: Path) -> None:
    signature = tf.saved_model.load(str(two_class_model / "model" / "1")).signatures["serving_default"]
    ((name, spec),) = signature.structured_input_signature[1].items()
    assert (name, spec.dtype, spec.shape.as_list()) == ("instances", tf.string, [None])
    (answers,) = signature(
        instances=tf.constant(["A MOVING, tender<br />film!", "a dull and boring story", ""])
    ).values()
    assert answers.shape == (3, 2)
    assert answers.numpy().argmax(axis=1).tolist()[:2] == [1, 0]
    np.testing.assert_allclose(answers.numpy().sum(axis=1), 1.0, rtol=1e-5)


def test_a_training_checks_its_model_and_evaluation_takes_that_over(
    two_classes: Any, two_class_model: Path, tmp_path: Path
) -> None:
    report = evaluate(two_classes, tmp_path, two_class_model)
    assert [(check.name, check.verdict) for check in report.model_checks] == [
        ("untrained_output", "passed"),
        ("one_batch_overfits", "passed"),
        ("same_seed_same_model", "passed"),
        ("loss_falls", "passed"),
        ("served_as_trained", "passed"),
    ]


def test_a_model_whose_features_say_nothing_fails_before_it_is_trained(
    two_classes: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_model, "log_count_ratios", lambda *given, **named: 0 * log_count_ratios(*given, **named))
    with pytest.raises(ModelCheckError, match=r"its loss on them is .*; a guess has 0.69.*Something keeps it from"):
        train(two_classes, tmp_path)
    assert not (tmp_path / "model").exists()


def test_candidate_and_champion_are_measured_on_the_same_rows(
    two_classes: Any, two_class_model: Path, tmp_path: Path
) -> None:
    weaker = train(two_classes, tmp_path, "--epochs", "1", "--max_features", "3")
    report = evaluate(two_classes, tmp_path / "report", two_class_model, weaker)
    rows = table(two_classes.folder / "test.csv")
    assert report.rows == len(rows) == sum(map(sum, report.confusion))
    assert report.candidate["accuracy"] > 0.95
    assert report.champion is not None
    assert report.champion["accuracy"] < report.candidate["accuracy"]
    assert report.class_names == ["bad", "good"]
    counts = [sum(row["label"] == name for row in rows) for name in report.class_names]
    assert report.majority_baseline_accuracy == max(counts) / len(rows)
    assert report.paired["accuracy"].gain > 0.05
    assert report.paired["accuracy"].p_value < 0.05
    texts = [row["text"] for row in rows]
    given = [answers_of(model / "model", texts).argmax(axis=1) for model in (two_class_model, weaker)]
    assert report.disagreements == (given[0] != given[1]).sum()
    examples = EvaluatedExamples.model_validate_json((tmp_path / "report" / "examples.json").read_text())
    assert len(examples.disagreements) == min(20, report.disagreements or 0)
    assert all(one.row == texts[one.row_number - 1] for one in examples.disagreements)
    assert [one.name for one in report.curves.learning] == ["training", "validation"]
    for model, served in ((two_class_model, report.serving), (weaker, report.champion_serving)):
        assert served is not None
        assert served.requests == min(100, len(rows))
        assert 0 < served.p50_ms <= served.p95_ms <= served.p99_ms
        assert served.archive_bytes == (model / "model.tar.gz").stat().st_size < served.unpacked_bytes


@pytest.mark.usefixtures("unserved")
def test_thresholds_are_chosen_on_the_validation_rows_and_the_champion_keeps_its_own(
    two_classes: Any, two_class_model: Path, tmp_path: Path
) -> None:
    text = two_classes.recipe.read_text().replace("metrics:\n", "metrics:\n  thresholds: validation\n")
    (tmp_path / "recipe.yaml").write_text(text)
    (tmp_path / "card.json").write_text(card_with({"good": 1.0}).model_dump_json())
    rows = ["--test", str(two_classes.folder), "--validation", str(two_classes.folder)]
    models = ["--candidate", str(two_class_model), "--champion", str(two_class_model)]
    others = ["--champion-card", str(tmp_path / "card.json"), "--recipe", str(tmp_path / "recipe.yaml")]
    evaluate_model.main([*models, *rows, *others, "--output", str(tmp_path)])
    report = MetricsReport.model_validate_json((tmp_path / "report.json").read_text())
    validation = table(two_classes.folder / "validation.csv")
    probable = answers_of(two_class_model / "model", [row["text"] for row in validation])[:, 1]
    labels = np.array([row["label"] == "good" for row in validation], dtype=np.int64)
    assert report.thresholds == {"good": pytest.approx(best_threshold(probable, labels))}
    # The same model, which answers good from a certainty on that it never reaches.
    assert report.champion is not None
    assert report.candidate["f1"] > 0.95
    assert report.champion["f1"] == 0.0
    assert report.candidate["roc_auc"] == report.champion["roc_auc"]
    for prediction in table(tmp_path / "predictions.csv"):
        is_good = float(prediction["probability_good"]) >= report.thresholds["good"]
        assert prediction["answered"] == ("good" if is_good else "bad")


@pytest.mark.usefixtures("unserved")
def test_the_predictions_are_the_served_answers_row_by_row_without_texts(
    two_classes: Any, two_class_model: Path, tmp_path: Path
) -> None:
    report = evaluate(two_classes, tmp_path, two_class_model)
    assert report.champion is None
    assert report.serving is None
    rows, predictions = table(two_classes.folder / "test.csv"), table(tmp_path / "predictions.csv")
    assert [row["label"] for row in rows] == [prediction["label"] for prediction in predictions]
    signature = tf.saved_model.load(str(two_class_model / "model" / "1")).signatures["serving_default"]
    # One text a request, as an endpoint may be asked: a text's answer does not depend on its neighbours.
    for row, prediction in list(zip(rows, predictions, strict=True))[:20]:
        (answer,) = signature(instances=tf.constant([row["text"]])).values()
        assert float(prediction["probability_good"]) == pytest.approx(float(answer[0, 1]), abs=2e-6)
    assert set(predictions[0]) == {"row", "label", "answered", "probability_bad", "probability_good"}
    accuracy = np.mean([prediction["label"] == prediction["answered"] for prediction in predictions])
    assert accuracy == pytest.approx(report.candidate["accuracy"])


@pytest.mark.usefixtures("unserved")
def test_a_few_rows_are_kept_with_the_numbers_that_the_served_model_gives(
    two_classes: Any, two_class_model: Path, tmp_path: Path
) -> None:
    evaluate(two_classes, tmp_path, two_class_model)
    kept = EvaluatedRows.model_validate_json((tmp_path / "evaluated_rows.json").read_text()).rows
    assert len(kept) == 5
    outputs = load_model(two_class_model / "model").predict([row.row for row in kept])
    assert all(is_same(row, output) for row, output in zip(kept, outputs, strict=True))


def test_the_same_seed_gives_the_same_model_to_the_last_bit(two_classes: Any, tmp_path: Path) -> None:
    recipe = parse_recipe(two_classes.recipe.read_text(), where="recipe.yaml")
    rows = PreparedRows(two_classes.folder / "test.csv", "binary", recipe.data.class_names)
    answers = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        folder = train(two_classes, tmp_path / name, "--seed", "3")
        answers.append(predict(load_model(folder / "model"), rows, recipe))
    np.testing.assert_array_equal(answers[0], answers[1])


@pytest.mark.usefixtures("unserved")
def test_three_classes_are_learnt_too(three_classes: Any, tmp_path: Path) -> None:
    report = evaluate(three_classes, tmp_path / "report", train(three_classes, tmp_path))
    assert report.candidate["accuracy"] > 0.95
    assert report.candidate["roc_auc"] > 0.95
    assert [len(row) for row in report.confusion] == [3, 3, 3]


@pytest.mark.usefixtures("unserved")
def test_a_model_of_shuffled_labels_is_rejected_by_its_metrics(shuffled_labels: Any, tmp_path: Path) -> None:
    report = evaluate(shuffled_labels, tmp_path / "report", train(shuffled_labels, tmp_path))
    recipe = parse_recipe(shuffled_labels.recipe.read_text(), where="recipe.yaml")
    decision = check_metrics(report, recipe)
    assert decision.verdict == "rejected"
    assert "is below its floor 0.680" in decision.reason


def test_rows_of_a_class_nobody_named_are_an_error(two_classes: Any, tmp_path: Path) -> None:
    with pytest.raises(TrainingDataError, match=r"train\.csv holds labels .* does not: bad"):
        text_classifier.read_targets(two_classes.folder / "train.csv", "binary", ["good", "fine"])
    with pytest.raises(TrainingDataError, match=r"train\.csv has no row labelled fine"):
        text_classifier.read_targets(two_classes.folder / "train.csv", "binary", ["bad", "good", "fine"])
    assert not any(tmp_path.iterdir())


@pytest.fixture(scope="module")
def label_model(several_labels: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(several_labels, tmp_path_factory.mktemp("labels"), "--task", "multi_label", "--balance", "0.5")


def test_any_number_of_labels_is_learnt_the_rare_one_too(several_labels: Any, label_model: Path) -> None:
    texts, targets = text_classifier.read_targets(
        several_labels.folder / "test.csv", "multi_label", several_labels.class_names
    )
    answers = answers_of(label_model / "model", list(texts))
    assert ((answers >= 0.5) == (targets == 1)).mean(axis=0).min() > 0.97
    rare = targets[:, 2] == 1
    assert (answers[rare, 2] >= 0.5).mean() > 0.8
    report = json.loads((label_model / "output" / "training_report.json").read_text())
    assert report["task"] == "multi_label"


def test_labels_are_probabilities_of_their_own_for_any_text(label_model: Path) -> None:
    texts = ["", "dull moving uneven", "日本 👩‍👩‍👧 \u0301", "funny " * 20_000]
    answers = answers_of(label_model / "model", list(texts))
    assert ((answers >= 0) & (answers <= 1)).all()
    assert (answers[1] > 0.5).all(), "all three labels are right at once"


@pytest.mark.parametrize(
    ("rows", "names", "message"),
    [
        ("text,a\nx,0\ny,1\n", ["a", "b"], "not those of multi_label rows with the answers a, b"),
        ("text,a\nx,0\ny,0\n", ["a"], "has no row labelled a"),
        ("text,a\nx,1\ny,1\n", ["a"], "has no row without a"),
        ("text,a\n", ["a"], "has no row labelled a"),
    ],
)
def test_labels_that_nothing_can_be_learnt_of_are_named(
    tmp_path: Path, rows: str, names: list[str], message: str
) -> None:
    (tmp_path / "train.csv").write_text(rows)
    with pytest.raises(TrainingDataError, match=message):
        text_classifier.read_targets(tmp_path / "train.csv", "multi_label", names)


def test_runs_of_characters_know_words_never_seen(tmp_path: Path) -> None:
    chance = np.random.default_rng(7)
    letters = list("abcdefghijklmnopqrstuvwxyz")
    for split in ("train", "validation", "test"):
        with (tmp_path / f"{split}.csv").open("w", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(["text", "label"])
            for number in range(600):
                ending, label = (("ina", "first"), ("ord", "second"))[number % 2]
                writer.writerow(["".join(chance.choice(letters, 6)) + ending, label])
    names = ["first", "second"]
    folders = ["--train", str(tmp_path), "--validation", str(tmp_path), "--output-data-dir", str(tmp_path)]
    given = ["--class_names", json.dumps(names), "--characters", "4", "--stem_characters", "0"]
    text_classifier.main([*folders, "--model-dir", str(tmp_path), *given])
    texts, targets = text_classifier.read_targets(tmp_path / "test.csv", "binary", names)
    answers = answers_of(tmp_path, list(texts))
    assert (answers.argmax(axis=1) == targets.argmax(axis=1)).mean() > 0.99
    # Whatever is asked, letters outside a to z and hundreds of them included, is answered.
    others = ["Zoë", "Þórdís", "李雷", "O'Neil-Smith", "x" * 300, "👩‍👩‍👧", "", "\u0000"]
    assert np.isfinite(answers_of(tmp_path, others)).all()
