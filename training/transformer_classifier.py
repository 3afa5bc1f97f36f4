"""Fine-tune a pretrained BERT encoder to classify raw texts, and weigh it with the n-gram model of text_classifier.py.

Reads   --train DIR, --validation DIR   train.csv and validation.csv, as training/text_classifier.py reads them
        --pretrained DIR                config.json, model.safetensors and vocab.txt (or tokenizer.json)
Writes  --model-dir DIR/1               a SavedModel with tokenizer, encoder and n-grams; signature serving_default:
                                        (texts,) strings to (texts, classes) probabilities, in the order of
                                        --class_names
        --model-dir DIR                 learning_curve.json (LearningCurve), when the encoder was fine-tuned
        --model-dir DIR                 model_checks.json (ModelChecks)
        --output-data-dir DIR           training_report.json: the losses of the frozen features, of the fine-tuned
                                        encoder, of the n-grams and of both together, on the validation rows
Run     python -m training.transformer_classifier --train DIR --validation DIR --pretrained DIR --model-dir DIR
            --output-data-dir DIR --class_names '["negative", "positive"]' [--task multi_label]
            [--epochs 3 ...: see training/transformer_hyperparameters.py]

Folders default to those of a SageMaker training job (SM_CHANNEL_PRETRAINED and so on).
"""

from __future__ import annotations

import json
import logging
import platform
import sys
from dataclasses import asdict
from itertools import islice
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from steps.learning_curve import write_learning_curve
from training import text_classifier
from training.arguments import parse_arguments
from training.bert import WeightsError, is_lowercase, load_encoder, read_vocabulary
from training.fine_tuning import Batches, best_shares, cross_entropy, fine_tune, fit_dense, means
from training.hyperparameters import HyperparameterError, Hyperparameters
from training.model_checks import ModelCheckError, answers_of, loss_falls, served_as_trained, write_checks
from training.prepared_rows import TrainingDataError
from training.text_classifier import read_targets
from training.transformer_checks import rehearse
from training.transformer_hyperparameters import TransformerHyperparameters
from training.transformer_model import Head, Reader, ServedTransformer
from training.word_pieces import VocabularyError, WordPieces

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from steps.model_checks import ModelCheck

    Rows = tuple[Iterable[str], NDArray[np.float32]]

logger = logging.getLogger("training")

# Training rows, the first ones, on which the loss is looked at before and after.
LOSS_ROWS = 64
# Rows that the archive is asked; each takes as long as thousands of the n-grams'.
SERVED_ROWS = 8


def train(
    training: Rows, validation: Rows, pretrained: Path, *, one_is_right: bool, hp: TransformerHyperparameters
) -> tuple[ServedTransformer, dict[str, Any], ModelCheck]:
    """The fitted model, what it took (losses on the validation rows by model, the history), and whether the loss fell.

    training, validation: texts, gone through several times, and (texts, outputs) with 1 where the class or label is
    right
    Raises WeightsError or VocabularyError when the pretrained folder cannot be used, HyperparameterError when it does
    not go with the hyperparameters.
    """
    keras.utils.set_random_seed(hp.seed)
    tf.config.experimental.enable_op_determinism()
    chosen, held_out = _at_most(training, hp.max_rows, hp.seed), _at_most(validation, hp.max_validation_rows, hp.seed)
    head, reader = _untrained(pretrained, training[1].shape[1], hp)
    padding = reader.pieces.padding
    ids, held_out_ids = reader.of_all(chosen[0]), reader.of_all(held_out[0])
    logger.info("fine-tuning on %d of %d training rows", len(ids), len(training[1]))

    n_grams = None
    if hp.n_grams:
        n_grams, _ = text_classifier.train(
            *training, validation, one_is_right=one_is_right, hyperparameters=Hyperparameters(seed=hp.seed)
        )
    served = ServedTransformer(reader, head, n_grams, one_is_right=one_is_right)
    some = chosen[0][:LOSS_ROWS], chosen[1][:LOSS_ROWS]
    before = _loss(served.encoder_logits(some[0]), some[1], one_is_right)
    fit_dense(
        head, means(head, Batches(ids, chosen[1], hp.batch_size, padding, None)), chosen[1], one_is_right=one_is_right
    )
    found: dict[str, Any] = {"rows": {"fine_tuned": len(ids), "held_out": len(held_out_ids)}}
    loss = found["validation_loss"] = {"frozen": _loss(served.encoder_logits(held_out[0]), held_out[1], one_is_right)}
    logger.info("frozen features: validation_loss=%.4f", loss["frozen"])
    if hp.trained_layers:
        frozen = head.get_weights()
        found["history"] = fine_tune(
            head, (ids, chosen[1]), (held_out_ids, held_out[1]), one_is_right=one_is_right, hp=hp, padding=padding
        )
        if min(found["history"]["val_cross_entropy"]) > loss["frozen"]:
            logger.info("fine-tuning did not lower the validation loss; the frozen features are kept")
            head.set_weights(frozen)
    encoder = served.encoder_logits(held_out[0])
    loss["encoder"] = loss["served"] = _loss(encoder, held_out[1], one_is_right)
    if n_grams is not None:
        beside = served.n_gram_logits(held_out[0])
        shares = best_shares(encoder, beside, held_out[1], one_is_right=one_is_right)
        served.shares.assign(shares)
        loss["n_grams"] = _loss(beside, held_out[1], one_is_right)
        loss["served"] = _loss(shares[0] * encoder + shares[1] * beside, held_out[1], one_is_right)
        found["shares"] = {"encoder": shares[0], "n_grams": shares[1]}
    logger.info("validation losses: %s", " ".join(f"{name}={value:.4f}" for name, value in loss.items()))
    after = _loss(served.encoder_logits(some[0]), some[1], one_is_right)
    return served, found, loss_falls(before, after, len(some[0]))


def _untrained(pretrained: Path, outputs: int, hp: TransformerHyperparameters) -> tuple[Head, Reader]:
    vocabulary = read_vocabulary(pretrained)
    pieces = WordPieces(vocabulary, lowercase=is_lowercase(pretrained))
    encoder = load_encoder(pretrained, dropout=hp.dropout, padding=pieces.padding)
    config = encoder.config
    if len(vocabulary) > config.vocab_size:
        raise WeightsError(f"the vocabulary has {len(vocabulary)} pieces, but config.json says {config.vocab_size}")
    for name, most in (
        ("max_tokens", config.max_position_embeddings),
        ("trained_layers", config.num_hidden_layers),
    ):
        if getattr(hp, name) > most:
            raise HyperparameterError(f"{name} may be {most} at most with these weights, not {getattr(hp, name)}")
    encoder.train_last(hp.trained_layers)
    return Head(encoder, outputs, hp.dropout), Reader(pieces, hp.max_tokens, hp.head_tokens)


def _at_most(rows: Rows, most: int, seed: int) -> tuple[list[str], NDArray[np.float32]]:
    """As many rows drawn at random, in their order; all of them for 0."""
    texts, targets = rows
    if most == 0 or len(targets) <= most:
        return list(texts), targets
    drawn = np.sort(np.random.default_rng(seed).permutation(len(targets))[:most])
    wanted = set(drawn.tolist())
    return [text for number, text in enumerate(texts) if number in wanted], targets[drawn]


def _loss(logits: NDArray[np.float64], targets: NDArray[np.float32], one_is_right: bool) -> float:
    return cross_entropy(logits, targets, one_is_right=one_is_right)


def main(argv: Sequence[str] | None = None) -> None:
    """Run as a training job does."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    channels = ("train", "validation", "pretrained")
    args, given = parse_arguments(argv, description="Fine-tune a pretrained encoder.", channels=channels)
    hp = TransformerHyperparameters.from_strings(given)
    training = read_targets(args.train / "train.csv", args.task, args.class_names)
    validation = read_targets(args.validation / "validation.csv", args.task, args.class_names)
    checks = rehearse(
        lambda: _untrained(args.pretrained, training[1].shape[1], hp), *training, task=args.task, seed=hp.seed
    )
    served, found, loss = train(training, validation, args.pretrained, one_is_right=args.task != "multi_label", hp=hp)
    folder = str(args.model_dir / text_classifier.VERSION_FOLDER)
    tf.saved_model.save(served, folder, signatures={"serving_default": served.__call__})
    if "history" in found:
        write_learning_curve(args.model_dir, text_classifier.cross_entropies(found["history"]))
    asked = list(islice(validation[0], SERVED_ROWS))
    as_trained = served_as_trained(served.probabilities(asked), answers_of(args.model_dir, asked))
    write_checks(args.model_dir, [*checks, loss, as_trained])
    report: dict[str, Any] = {
        **found,
        "rows": {"train": len(training[1]), "validation": len(validation[1]), **found["rows"]},
        "task": args.task,
        "class_names": args.class_names,
        "hyperparameters": asdict(hp),
        "versions": {"python": platform.python_version(), "tensorflow": tf.__version__, "keras": keras.__version__},
    }
    args.output_data_dir.mkdir(parents=True, exist_ok=True)
    (args.output_data_dir / "training_report.json").write_text(json.dumps(report, indent=2), encoding="utf-8")
    # A search among trainings reads this line.
    logger.info("objective validation_loss=%.6f", found["validation_loss"]["served"])


if __name__ == "__main__":
    try:
        main()
    except (HyperparameterError, ModelCheckError, TrainingDataError, WeightsError, VocabularyError) as error:
        # The training toolkit repeats as the job's failure what follows the name of one of Python's own errors.
        sys.exit(f"ValueError: {error}")
