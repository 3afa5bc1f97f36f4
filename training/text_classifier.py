"""Train a text classifier that takes raw text and answers a probability a class or a label.

Reads   --train DIR, --validation DIR   train.csv and validation.csv: a column `text`, then `label` with class names,
                                        or for the task multi_label a column of 0 and 1 for each label
Writes  --model-dir DIR/1               a SavedModel; signature serving_default: (texts,) strings to
                                        (texts, classes) probabilities, in the order of --class_names
        --model-dir DIR                 learning_curve.json (LearningCurve)
        --output-data-dir DIR           training_report.json
Run     python -m training.text_classifier --train DIR --validation DIR --model-dir DIR --output-data-dir DIR
            --class_names '["negative", "positive"]' [--task multi_label]
            [--epochs 30 ...: see training/hyperparameters.py]

Folders default to those of a SageMaker training job (SM_CHANNEL_TRAIN and so on).
"""

from __future__ import annotations

import json
import logging
import platform
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from steps.learning_curve import write_learning_curve
from training.arguments import parse_arguments
from training.hyperparameters import HyperparameterError, Hyperparameters
from training.naive_bayes import NaiveBayesBag, label_weights, log_count_ratios
from training.prepared_rows import PreparedRows, TrainingDataError
from training.text_features import FIRST_FEATURE, TextFeatures, build_vocabulary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Loss = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]

logger = logging.getLogger("training")

# TensorFlow Serving wants a numeric version folder below the model's.
VERSION_FOLDER = "1"


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


class PreparedTexts:
    """The texts of a prepared file, read anew each time they are gone through."""

    def __init__(self, rows: PreparedRows) -> None:
        self._rows = rows

    def __iter__(self) -> Iterator[str]:
        return (str(row) for row in self._rows.inputs())


def read_targets(file: Path, task: str, class_names: Sequence[str]) -> tuple[PreparedTexts, NDArray[np.float32]]:
    """Texts, and (texts, outputs) with 1 where the class or label is right; rows of both kinds are needed for each."""
    rows = PreparedRows(file, task, class_names)
    answers = rows.answers()
    targets = answers if task == "multi_label" else np.eye(len(class_names))[answers]
    return PreparedTexts(rows), targets.astype(np.float32)


def _batches(ids: tf.RaggedTensor, targets: NDArray[np.float32], size: int, seed: int | None) -> tf.data.Dataset:
    """Padded batches, in an order that the seed gives anew each epoch, or as they stand; only row numbers are moved."""
    rows = tf.data.Dataset.range(len(targets))
    if seed is not None:
        rows = rows.shuffle(len(targets), seed=seed)
    # On the way to a row's numbers, the whole is neither copied nor sliced.
    return (
        rows.batch(size)
        .map(lambda chosen: (tf.gather(ids, chosen).to_tensor(), tf.gather(targets, chosen)))
        .prefetch(1)
    )


def cross_entropy(one_is_right: bool, shares: NDArray[np.float64], balance: float) -> Loss:
    """Mean loss of a row: of the right class, or of all labels with rare sides weighed as `balance` says."""
    if one_is_right:
        return keras.losses.categorical_crossentropy  # type: ignore[no-any-return] # keras has no types
    with_it, without_it = label_weights(shares, balance)

    def weighted(targets: tf.Tensor, probabilities: tf.Tensor) -> tf.Tensor:
        safe = tf.clip_by_value(probabilities, keras.config.epsilon(), 1 - keras.config.epsilon())
        losses = -(with_it * targets * tf.math.log(safe) + without_it * (1 - targets) * tf.math.log(1 - safe))
        return tf.reduce_mean(losses, axis=1)

    return weighted


class _Progress(keras.callbacks.Callback):  # type: ignore[misc] # keras is published without types
    """One line an epoch."""

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        values = " ".join(f"{name}={value:.4f}" for name, value in (logs or {}).items())
        logger.info("epoch %d/%d %s", epoch + 1, self.params["epochs"], values)


def train(
    texts: Iterable[str],
    targets: NDArray[np.float32],
    validation: tuple[Iterable[str], NDArray[np.float32]],
    *,
    one_is_right: bool,
    hyperparameters: Hyperparameters,
) -> tuple[ServedClassifier, dict[str, list[float]]]:
    """Fit on the training rows, stop by the validation rows; returns the best epoch's model and the history.

    texts: gone through twice;  targets: (texts, outputs), as read_targets gives them
    one_is_right: of classes, not of labels
    """
    keras.utils.set_random_seed(hyperparameters.seed)
    tf.config.experimental.enable_op_determinism()
    hp = hyperparameters
    vocabulary = build_vocabulary(
        texts,
        stem_characters=hp.stem_characters,
        characters=hp.characters,
        min_texts=hp.min_texts,
        max_features=hp.max_features,
    )
    logger.info("%d training rows, %d features", len(targets), len(vocabulary))
    features = TextFeatures(vocabulary, hp.stem_characters, hp.characters)
    ids = features.of_all(texts)
    ratios = log_count_ratios(ids, targets, n_ids=FIRST_FEATURE + len(vocabulary), smoothing=hp.smoothing)
    shares = targets.mean(axis=0, dtype=np.float64)
    # Keras' L2 is l2 * sum(x^2); half of it, as usual, and for the mean loss of a row.
    bag = NaiveBayesBag(
        ratios, shares, one_is_right=one_is_right, first_factor=hp.first_factor, l2=hp.l2 / (2 * len(targets))
    )
    inputs = keras.Input((None,), dtype="int32")
    model = keras.Model(inputs, bag(inputs))
    loss = cross_entropy(one_is_right, shares, hp.balance)
    # Kept apart from the loss, which holds the penalty too.
    metrics = [
        keras.metrics.MeanMetricWrapper(loss, name="cross_entropy"),
        (keras.metrics.CategoricalAccuracy if one_is_right else keras.metrics.BinaryAccuracy)(name="accuracy"),
    ]
    model.compile(keras.optimizers.Adam(hp.learning_rate), loss, metrics=metrics)
    stop = keras.callbacks.EarlyStopping(
        "val_cross_entropy", mode="min", patience=hp.patience, restore_best_weights=True
    )
    history = model.fit(
        _batches(ids, targets, hp.batch_size, hp.seed),
        validation_data=_batches(features.of_all(validation[0]), validation[1], hp.batch_size, None),
        epochs=hp.epochs,
        callbacks=[stop, _Progress()],
        verbose=0,
        shuffle=False,  # the dataset is shuffled already
    )
    return ServedClassifier(features, bag), history.history


def cross_entropies(history: Mapping[str, Sequence[float]]) -> dict[str, Sequence[float]]:
    """What Keras noted of each epoch, as training and validation loss."""
    return {"training": history["cross_entropy"], "validation": history["val_cross_entropy"]}


def main(argv: Sequence[str] | None = None) -> None:
    """Run as a training job does."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    args, given = parse_arguments(argv, description="Train a text classifier.")
    hyperparameters = Hyperparameters.from_strings(given)
    class_names: list[str] = args.class_names
    texts, targets = read_targets(args.train / "train.csv", args.task, class_names)
    validation = read_targets(args.validation / "validation.csv", args.task, class_names)
    one_is_right = args.task != "multi_label"
    model, history = train(texts, targets, validation, one_is_right=one_is_right, hyperparameters=hyperparameters)
    tf.saved_model.save(model, str(args.model_dir / VERSION_FOLDER), signatures={"serving_default": model.__call__})
    write_learning_curve(args.model_dir, cross_entropies(history))
    report: dict[str, Any] = {
        "rows": {"train": len(targets), "validation": len(validation[1])},
        "task": args.task,
        "class_names": class_names,
        "hyperparameters": asdict(hyperparameters),
        "history": history,
        "versions": {"python": platform.python_version(), "tensorflow": tf.__version__, "keras": keras.__version__},
    }
    args.output_data_dir.mkdir(parents=True, exist_ok=True)
    (args.output_data_dir / "training_report.json").write_text(json.dumps(report, indent=2), encoding="utf-8")
    logger.info("saved after %d epochs", len(history["loss"]))
    # A search among trainings reads this line.
    logger.info("objective validation_loss=%.6f", min(history["val_cross_entropy"]))


if __name__ == "__main__":
    try:
        main()
    except (HyperparameterError, TrainingDataError) as error:
        # The training toolkit repeats as the job's failure what follows the name of one of Python's own errors.
        sys.exit(f"ValueError: {error}")
