"""Train a text classifier that takes raw text and answers a probability a class.

Reads   --train DIR, --validation DIR   train.csv and validation.csv (header `text,label`; class names)
Writes  --model-dir DIR/1               a SavedModel; signature serving_default: (texts,) strings to
                                        (texts, classes) probabilities, classes in the order of --class_names
        --output-data-dir DIR           training_report.json
Run     python -m training.text_classifier --train DIR --validation DIR --model-dir DIR --output-data-dir DIR
            --class_names '["negative", "positive"]' [--epochs 30 ...: see training/hyperparameters.py]

Folders default to those of a SageMaker training job (SM_CHANNEL_TRAIN and so on).
"""

from __future__ import annotations

import argparse
import ast
import csv
import json
import logging
import os
import platform
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from training.hyperparameters import HyperparameterError, Hyperparameters
from training.naive_bayes import NaiveBayesBag, log_count_ratios
from training.text_features import FIRST_FEATURE, TextFeatures, build_vocabulary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

logger = logging.getLogger("training")

# TensorFlow Serving wants a numeric version folder below the model's.
VERSION_FOLDER = "1"


class TrainingDataError(ValueError):
    """The prepared rows cannot be trained on."""


class ServedClassifier(tf.Module):  # type: ignore[misc] # tensorflow is published without types
    """What is served: raw texts in, probabilities out."""

    def __init__(self, features: TextFeatures, bag: NaiveBayesBag) -> None:
        super().__init__()
        self.features = features
        self.bag = bag

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="instances")])  # type: ignore[untyped-decorator]
    def __call__(self, instances: tf.Tensor) -> dict[str, tf.Tensor]:
        """(texts,) strings to (texts, classes)."""
        return {"probabilities": self.bag(self.features(instances))}

    def probabilities(self, texts: Sequence[str], batch_size: int = 256) -> NDArray[np.float64]:
        """What would be served for many texts: (texts, classes)."""
        batches = [tf.constant(texts[start : start + batch_size]) for start in range(0, len(texts), batch_size)]
        answers: NDArray[np.float32] = np.concatenate([self(batch)["probabilities"].numpy() for batch in batches])
        return answers.astype(np.float64)


def read_rows(file: Path, class_names: Sequence[str]) -> tuple[list[str], NDArray[np.int64]]:
    """Texts and class numbers of a prepared CSV; every class must occur."""
    csv.field_size_limit(sys.maxsize)
    numbers = {name: number for number, name in enumerate(class_names)}
    with file.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    unknown = {row["label"] for row in rows} - numbers.keys()
    if unknown:
        raise TrainingDataError(f"{file.name} holds labels that --class_names does not: {', '.join(sorted(unknown))}")
    absent = numbers.keys() - {row["label"] for row in rows}
    if absent:
        raise TrainingDataError(f"{file.name} has no row labelled {', '.join(sorted(absent))}; each class needs some")
    return [row["text"] for row in rows], np.array([numbers[row["label"]] for row in rows])


def _padded(ids: tf.RaggedTensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    return ids.to_tensor(), labels


class _Progress(keras.callbacks.Callback):  # type: ignore[misc] # keras is published without types
    """One line an epoch."""

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        values = " ".join(f"{name}={value:.4f}" for name, value in (logs or {}).items())
        logger.info("epoch %d/%d %s", epoch + 1, self.params["epochs"], values)


def train(
    texts: Sequence[str],
    labels: NDArray[np.int64],
    validation: tuple[Sequence[str], NDArray[np.int64]],
    *,
    n_classes: int,
    hyperparameters: Hyperparameters,
) -> tuple[ServedClassifier, dict[str, list[float]]]:
    """Fit on the training rows, stop by the validation rows; returns the best epoch's model and the history."""
    keras.utils.set_random_seed(hyperparameters.seed)
    tf.config.experimental.enable_op_determinism()
    hp = hyperparameters
    vocabulary = build_vocabulary(
        texts, stem_characters=hp.stem_characters, min_texts=hp.min_texts, max_features=hp.max_features
    )
    logger.info("%d training rows, %d features", len(texts), len(vocabulary))
    features = TextFeatures(vocabulary, hp.stem_characters)
    ids = features.of_all(texts)
    ratios = log_count_ratios(
        ids, labels, n_ids=FIRST_FEATURE + len(vocabulary), n_classes=n_classes, smoothing=hp.smoothing
    )
    # Keras' L2 is l2 * sum(x^2); half of it, as usual, and for the mean loss of a row.
    bag = NaiveBayesBag(
        ratios,
        np.bincount(labels, minlength=n_classes) / len(labels),
        first_factor=hp.first_factor,
        l2=hp.l2 / (2 * len(labels)),
    )
    inputs = keras.Input((None,), dtype="int64")
    model = keras.Model(inputs, bag(inputs))
    # Kept apart from the loss, which holds the penalty too.
    metrics = [keras.metrics.SparseCategoricalCrossentropy(name="cross_entropy"), "accuracy"]
    model.compile(keras.optimizers.Adam(hp.learning_rate), "sparse_categorical_crossentropy", metrics=metrics)
    training = tf.data.Dataset.from_tensor_slices((ids, labels)).shuffle(len(labels), seed=hp.seed)
    held_out = tf.data.Dataset.from_tensor_slices((features.of_all(validation[0]), validation[1]))
    stop = keras.callbacks.EarlyStopping(
        "val_cross_entropy", mode="min", patience=hp.patience, restore_best_weights=True
    )
    history = model.fit(
        training.batch(hp.batch_size).map(_padded).prefetch(1),
        validation_data=held_out.batch(hp.batch_size).map(_padded).prefetch(1),
        epochs=hp.epochs,
        callbacks=[stop, _Progress()],
        verbose=0,
        shuffle=False,  # the dataset is shuffled already
    )
    return ServedClassifier(features, bag), history.history


def _class_names(text: str) -> list[str]:
    """The training toolkit hands a list over as Python writes it, a person as JSON; both are literals."""
    names = ast.literal_eval(text)
    if not (isinstance(names, list) and len(names) > 1 and all(isinstance(name, str) for name in names)):
        raise ValueError
    return names


def parse_arguments(argv: Sequence[str] | None) -> tuple[argparse.Namespace, Hyperparameters]:
    """Folders and class names, and all other `--name value` pairs as hyperparameters."""
    environment = os.environ
    parser = argparse.ArgumentParser(description="Train a text classifier.", allow_abbrev=False)
    parser.add_argument("--train", type=Path, default=environment.get("SM_CHANNEL_TRAIN"))
    parser.add_argument("--validation", type=Path, default=environment.get("SM_CHANNEL_VALIDATION"))
    parser.add_argument("--model-dir", type=Path, default=environment.get("SM_MODEL_DIR"))
    parser.add_argument("--output-data-dir", type=Path, default=environment.get("SM_OUTPUT_DATA_DIR"))
    parser.add_argument("--class_names", type=_class_names, required=True, help='such as \'["no", "yes"]\'')
    args, rest = parser.parse_known_args(argv)
    for name in ("train", "validation", "model_dir", "output_data_dir"):
        if getattr(args, name) is None:
            parser.error(f"--{name.replace('_', '-')} is needed outside a training job")
    if len(rest) % 2 or not all(name.startswith("--") for name in rest[::2]):
        parser.error(f"hyperparameters are given as --name value, not as {' '.join(rest)}")
    return args, Hyperparameters.from_strings({n[2:]: v for n, v in zip(rest[::2], rest[1::2], strict=True)})


def main(argv: Sequence[str] | None = None) -> None:
    """Run as a training job does."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    args, hyperparameters = parse_arguments(argv)
    class_names: list[str] = args.class_names
    texts, labels = read_rows(args.train / "train.csv", class_names)
    validation = read_rows(args.validation / "validation.csv", class_names)
    model, history = train(texts, labels, validation, n_classes=len(class_names), hyperparameters=hyperparameters)
    tf.saved_model.save(model, str(args.model_dir / VERSION_FOLDER), signatures={"serving_default": model.__call__})
    report: dict[str, Any] = {
        "rows": {"train": len(labels), "validation": len(validation[1])},
        "class_names": class_names,
        "hyperparameters": asdict(hyperparameters),
        "history": history,
        "versions": {"python": platform.python_version(), "tensorflow": tf.__version__, "keras": keras.__version__},
    }
    args.output_data_dir.mkdir(parents=True, exist_ok=True)
    (args.output_data_dir / "training_report.json").write_text(json.dumps(report, indent=2), encoding="utf-8")
    logger.info("saved after %d epochs", len(history["loss"]))


if __name__ == "__main__":
    try:
        main()
    except (HyperparameterError, TrainingDataError) as error:
        # The training toolkit repeats as the job's failure what follows the name of one of Python's own errors.
        sys.exit(f"ValueError: {error}")
