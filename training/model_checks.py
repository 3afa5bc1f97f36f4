"""Checks of a model by the script that trains it: some before anything is paid for, some of what came out.

A model that fails before training has a fault in its code or its hyperparameters, so the training ends there and says
which. What came out is written into the archive, and the metric gate refuses a model of which a check failed.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from serving.model import load_model
from steps.model_checks import MODEL_CHECKS, ModelCheck, ModelChecks
from steps.split import normalised_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from steps.answers import Row

# Rows that a model must be able to learn by heart.
BATCH_ROWS = 32
# Rows that the archive is asked, to compare it with the model in memory.
SERVED_ROWS = 32
# One batch is learned by heart when its loss is at most this share of a guess's.
OVERFIT_SHARE = 0.25
# Single precision and another order of additions; a model that is another one misses by far more.
SAME_SEED_DIFFERENCE = 1e-6
SERVED_DIFFERENCE = 1e-4
_SMALLEST = 1e-7


class ModelCheckError(ValueError):
    """A check before training failed."""


def choose_batch(keys: Iterable[str], targets: NDArray[np.float32], rows: int = BATCH_ROWS) -> list[int]:
    """Places of the first rows that hold every class or label, and of rows without each, as evenly as they come.

    Rows of one key are taken once: under two labels nobody could learn them by heart.
    keys: gone through until there are enough rows;  targets: (rows, outputs), 1 where the class or label is right
    """
    n_outputs = targets.shape[1]
    share = max(1, rows // (2 * n_outputs))
    # No more can be found than there is. [without, with][output]
    missing = np.minimum(share, np.stack([(targets <= 0).sum(axis=0), (targets > 0).sum(axis=0)]))
    seen: set[str] = set()
    chosen: list[int] = []
    for place, (key, target) in enumerate(zip(keys, targets, strict=False)):
        sides = ((target > 0).astype(int), np.arange(n_outputs))
        if (missing[sides] > 0).any() and key not in seen:
            seen.add(key)
            chosen.append(place)
            missing[sides] -= 1
        if not (missing > 0).any():
            break
    return chosen


def choose_texts(
    texts: Iterable[str], targets: NDArray[np.float32], rows: int = BATCH_ROWS
) -> tuple[list[str], NDArray[np.float32]]:
    """A batch of texts with their targets; texts that differ in case and spacing alone are taken once."""
    places = choose_batch(map(normalised_text, texts), targets, rows)
    wanted = set(places)
    found = [text for place, text in enumerate(islice(texts, max(places) + 1)) if place in wanted]
    return found, targets[places]


def cross_entropy(probabilities: NDArray[np.float64], targets: NDArray[np.float32], *, one_is_right: bool) -> float:
    """Mean loss of the right classes, or of all labels; (rows, outputs) each."""
    safe = np.clip(probabilities, _SMALLEST, 1 - _SMALLEST)
    if one_is_right:
        return float(-np.mean(np.log((safe * targets).sum(axis=1))))
    return float(-np.mean(targets * np.log(safe) + (1 - targets) * np.log(1 - safe)))


def guess_loss(targets: NDArray[np.float32], *, one_is_right: bool) -> float:
    """Loss of always answering how often each class or label is right."""
    shares = np.broadcast_to(targets.mean(axis=0, dtype=np.float64), targets.shape)
    return cross_entropy(shares, targets, one_is_right=one_is_right)


def untrained_output(outputs: NDArray[np.float64], *, rows: int, n_outputs: int, task: str) -> ModelCheck:
    """One list of the right length for each row; finite numbers, which are probabilities unless the task is a number.

    outputs: what the model answers before it has learned anything
    """
    wanted = (rows, n_outputs)
    problem = ""
    if outputs.shape != wanted:
        problem = f"it answers the shape {outputs.shape}"
    elif not np.isfinite(outputs).all():
        problem = "some of its answers are no numbers"
    elif task != "regression" and not ((outputs >= 0) & (outputs <= 1)).all():
        problem = "some of its answers are no probabilities between 0 and 1"
    elif task not in {"regression", "multi_label"} and not np.allclose(outputs.sum(axis=1), 1, atol=1e-3):
        problem = "the probabilities of a row do not add up to 1"
    kind = "finite numbers" if task == "regression" else "probabilities"
    return ModelCheck(
        name="untrained_output",
        verdict="failed" if problem else "passed",
        observed=float(outputs.size),
        limit=float(rows * n_outputs),
        sentence=f"Untrained, {problem}; {kind} of the shape {wanted} are wanted."
        if problem
        else f"Untrained, it answers {kind} of the shape {wanted}.",
    )


def one_batch_overfits(loss: float, guess: float, rows: int) -> ModelCheck:
    """Trained on a few rows alone, it knows them by heart; guess: the loss of a guess about the same rows."""
    limit = OVERFIT_SHARE * guess
    passed = bool(loss <= limit)  # NaN is not
    said = f"Trained on {rows} rows alone, its loss on them is {loss:.4f}; a guess has {guess:.4f}"
    return ModelCheck(
        name="one_batch_overfits",
        verdict="passed" if passed else "failed",
        observed=_finite(loss),
        limit=limit,
        sentence=f"{said}."
        if passed
        else f"{said}, and at most {limit:.4f} is wanted. Something keeps it from learning; look at the learning rate "
        "and at the labels.",
    )


def same_seed_same_model(first: NDArray[np.float64], second: NDArray[np.float64]) -> ModelCheck:
    """Trained twice with one seed, it answers the same; (rows, outputs) each."""
    difference = _greatest_difference(first, second)
    passed = difference <= SAME_SEED_DIFFERENCE
    said = f"Trained twice with the same seed, its answers differ by {difference:.2g} at most"
    return ModelCheck(
        name="same_seed_same_model",
        verdict="passed" if passed else "failed",
        observed=_finite(difference),
        limit=SAME_SEED_DIFFERENCE,
        sentence=f"{said}." if passed else f"{said}, and {SAME_SEED_DIFFERENCE:g} is allowed. Set every seed.",
    )


def loss_falls(before: float, after: float, rows: int) -> ModelCheck:
    """The loss on some training rows is lower after training than before."""
    passed = bool(after < before)
    return ModelCheck(
        name="loss_falls",
        verdict="passed" if passed else "failed",
        observed=_finite(after),
        limit=_finite(before),
        sentence=f"Training brought the loss on {rows} of its rows from {before:.4f} to {after:.4f}"
        + ("." if passed else "; it must fall."),
    )


def served_as_trained(trained: NDArray[np.float64], served: NDArray[np.float64]) -> ModelCheck:
    """The archive, loaded as it is served, answers as the model in memory; relative for numbers above 1."""
    scale = np.maximum(1.0, np.abs(trained)) if trained.shape == served.shape else 1.0
    difference = _greatest_difference(trained / scale, served / scale)
    passed = difference <= SERVED_DIFFERENCE
    said = f"Loaded from its archive, it differs by {difference:.2g} at most on {len(trained)} rows"
    return ModelCheck(
        name="served_as_trained",
        verdict="passed" if passed else "failed",
        observed=_finite(difference),
        limit=SERVED_DIFFERENCE,
        sentence=f"{said}." if passed else f"{said}, and {SERVED_DIFFERENCE:g} is allowed.",
    )


def judge_rehearsal(
    before: NDArray[np.float64],
    after: Sequence[NDArray[np.float64]],
    *,
    rows: int,
    loss: float,
    guess: float,
    n_outputs: int,
    task: str,
) -> list[ModelCheck]:
    """The checks before training; raises ModelCheckError when one fails.

    before, after: (rows, outputs), what was answered about one batch untrained, and after each of two trainings on it
    loss, guess: of the first training's answers, and of a guess, about the same rows
    """
    checks = [
        untrained_output(before, rows=rows, n_outputs=n_outputs, task=task),
        one_batch_overfits(loss, guess, rows),
        same_seed_same_model(after[0], after[1]),
    ]
    require(checks)
    return checks


def require(checks: Sequence[ModelCheck]) -> None:
    """Raise ModelCheckError when one failed: training would be paid for in vain."""
    failed = [check.sentence for check in checks if check.verdict == "failed"]
    if failed:
        raise ModelCheckError(f"the model failed before it was trained: {' '.join(failed)}")


def write_checks(model_dir: Path, checks: Sequence[ModelCheck]) -> None:
    """Put the checks into the folder that becomes the archive."""
    model_dir.mkdir(parents=True, exist_ok=True)
    document = ModelChecks(checks=list(checks)).model_dump_json(indent=2)
    (model_dir / MODEL_CHECKS).write_text(document, encoding="utf-8")


def answers_of(model_dir: Path, rows: Sequence[Row]) -> NDArray[np.float64]:
    """What the model in an archive's folder answers when it is loaded as it is served: (rows, outputs)."""
    return np.array([output.values for output in load_model(model_dir).predict(rows)], dtype=np.float64)


def _greatest_difference(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    if first.shape != second.shape:
        return float("inf")
    return float(np.max(np.abs(first - second), initial=0.0))


def _finite(value: float) -> float:
    """JSON has no NaN and no infinity."""
    return value if np.isfinite(value) else float(np.finfo(np.float64).max)
