"""What fine-tuning earns: plain model, n-grams, frozen features, fine-tuned encoder and both, on the same rows.

The n-gram model is the one that text_classifier.py trains; the frozen features are the encoder's as it was published,
with a dense layer fitted upon them. All learn from the same training rows, unless the recipe's max_rows gives the
encoder fewer, and are measured on test rows that none has seen.

Run     python -m bench.transformer [RECIPE] [--data FILE] [--rows 2500] [--test-rows 1000] [--seeds 7]
            [--weights FOLDER] [--set epochs=2 ...]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console
from rich.table import Table
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from bench.baseline import prepared
from greenlight.pretrained import package_weights
from greenlight.recipe_rows import rows_for_run
from greenlight.recipes import load_recipe
from greenlight.target import PROJECT
from training.metrics import measure
from training.transformer_classifier import train
from training.transformer_hyperparameters import TransformerHyperparameters

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from steps.recipe import Recipe
    from training.prepared_rows import PreparedRows

CACHE = PROJECT / ".cache" / "data"


class Part:
    """Texts and answers of one part of a split, at most so many."""

    def __init__(self, rows: PreparedRows, n_classes: int, most: int, seed: int) -> None:
        texts, self.answers = rows.texts(), rows.answers()
        chosen = np.sort(np.random.default_rng(seed).permutation(len(texts))[: most or None])
        self.texts = [texts[number] for number in chosen]
        self.answers = self.answers[chosen]
        self.targets = np.eye(n_classes, dtype=np.float32)[self.answers]


def measure_split(
    recipe: Recipe, data: Path, weights: Path, hp: TransformerHyperparameters, *, seed: int, rows: int, test_rows: int
) -> dict[str, tuple[dict[str, float], float]]:
    """Metrics on the test rows and seconds of training, by model.

    rows: training and validation rows together, shared out as the recipe does; 0 for all
    """
    divided = recipe.model_copy(update={"split": recipe.split.model_copy(update={"seed": seed})})
    n_classes = len(recipe.data.class_names)
    with tempfile.TemporaryDirectory() as scratch:
        parts = prepared(data, divided, Path(scratch))
        held_out = round(rows * recipe.split.validation_share / (1 - recipe.split.test_share))
        training = Part(parts["train"], n_classes, rows - held_out, seed)
        validation = Part(parts["validation"], n_classes, held_out, seed)
        test = Part(parts["test"], n_classes, test_rows, seed)

    def scored(outputs: NDArray[np.float64], seconds: float) -> tuple[dict[str, float], float]:
        return measure(recipe.task, outputs, test.answers), seconds

    found = {}
    began = time.monotonic()
    vectorizer = TfidfVectorizer(ngram_range=(1, 2))
    plain = LogisticRegression(max_iter=1000).fit(vectorizer.fit_transform(training.texts), training.answers)
    found["TF-IDF (1-2) + LR"] = scored(plain.predict_proba(vectorizer.transform(test.texts)), time.monotonic() - began)
    known = ((training.texts, training.targets), (validation.texts, validation.targets), weights)
    began = time.monotonic()
    frozen, *_ = train(*known, one_is_right=True, hp=replace(hp, trained_layers=0, n_grams=0))
    found["frozen features"] = scored(frozen.probabilities(test.texts), time.monotonic() - began)
    began = time.monotonic()
    served, *_ = train(*known, one_is_right=True, hp=hp)
    seconds = time.monotonic() - began
    if served.n_grams is not None:
        found["n-grams"] = scored(_softmax(served.n_gram_logits(test.texts)), 0.0)
    found["fine-tuned encoder"] = scored(_softmax(served.encoder_logits(test.texts)), 0.0)
    found["served: both"] = scored(served.probabilities(test.texts), seconds)
    return found


def _softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def main(argv: Sequence[str] | None = None) -> None:
    """Measure on the recipe's own rows or on a file."""
    parser = argparse.ArgumentParser(description="What fine-tuning earns.")
    parser.add_argument("recipe", nargs="?", default="movie-sentiment")
    parser.add_argument("--data", type=Path, help="a CSV of the recipe's columns instead of its own rows")
    parser.add_argument("--rows", type=int, default=2500, help="training and validation rows; 0 for all")
    parser.add_argument("--test-rows", type=int, default=1000, help="0 for all")
    parser.add_argument("--seeds", type=int, nargs="+", default=[7])
    parser.add_argument("--weights", type=Path, help="folder of weights instead of the recipe's package")
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="hyperparameters to change")
    args = parser.parse_args(argv)
    console, recipe = Console(), load_recipe(PROJECT, args.recipe).recipe
    if recipe.training.pretrained is None:
        parser.error(f"{args.recipe} starts from no pretrained weights")
    given = {name: str(value) for name, value in recipe.training.hyperparameters.items()}
    given |= {name: value for name, _, value in (pair.partition("=") for pair in args.set)}
    hp = TransformerHyperparameters.from_strings({**given, "seed": str(recipe.training.seed)})
    data = args.data or rows_for_run(recipe, CACHE, console.print)
    weights = args.weights or package_weights(recipe.name, recipe.training.pretrained, CACHE, console.print)
    table = Table(title=f"{recipe.name}: rows never trained on")
    for column in ("split seed", "model", "accuracy", "ROC AUC", "log loss", "training, s"):
        table.add_column(column)
    for seed in args.seeds:
        found = measure_split(recipe, data, weights, hp, seed=seed, rows=args.rows, test_rows=args.test_rows)
        for name, (metrics, seconds) in found.items():
            values = [f"{metrics[key]:.4f}" for key in ("accuracy", "roc_auc", "log_loss")]
            table.add_row(str(seed), name, *values, f"{seconds:.0f}" if seconds else "")
    console.print(table)


if __name__ == "__main__":
    main()
