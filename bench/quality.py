"""The default recipe's model beside a plain baseline, on the same rows.

Baseline: TF-IDF of words and word pairs with logistic regression, scikit-learn's defaults. Both learn from the
training rows and are measured on the test rows; the model also uses the validation rows, to stop. A split of a
few thousand rows moves an accuracy by a point or two, so several splits are made, each by another seed.

Run     python -m bench.quality [--recipe FILE] [--data FILE] [--seeds 7 1 2 3 4]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from rich.console import Console
from rich.table import Table
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from greenlight.datasets import package_rows
from steps.preprocess import preprocess
from steps.recipe import Recipe, parse_recipe
from steps.recipe_sections.data import PackageSource
from training.hyperparameters import Hyperparameters
from training.metrics import classification_metrics
from training.prepared_rows import PreparedRows
from training.text_classifier import train

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

PROJECT = Path(__file__).parents[1]

Metrics = dict[str, float]
Part = tuple[list[str], "NDArray[np.int64]"]


class Measured(NamedTuple):
    """One split: metrics of the baseline and of the model, and what the model's training took."""

    seed: int
    baseline: Metrics
    model: Metrics
    training_seconds: float


def prepared(data: Path, recipe: Recipe) -> dict[str, Part]:
    """The three parts of a file, as Preprocess makes them."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "data").mkdir()
        (folder / "data" / data.name).symlink_to(data.resolve())
        preprocess(folder / "data", recipe, folder)
        files = {
            split: PreparedRows(folder / f"{split}.csv", recipe.task, recipe.data.class_names)
            for split in ("train", "validation", "test")
        }
        return {split: (rows.texts(), rows.answers()) for split, rows in files.items()}


def _targets(part: Part, recipe: Recipe) -> tuple[list[str], NDArray[np.float32]]:
    texts, labels = part
    return texts, np.eye(len(recipe.data.class_names), dtype=np.float32)[labels]


def baseline_metrics(parts: dict[str, Part]) -> Metrics:
    """TF-IDF (words 1-2) and logistic regression, fitted on the training rows."""
    vectorizer = TfidfVectorizer(ngram_range=(1, 2))
    classifier = LogisticRegression(max_iter=1000).fit(vectorizer.fit_transform(parts["train"][0]), parts["train"][1])
    texts, labels = parts["test"]
    return classification_metrics(classifier.predict_proba(vectorizer.transform(texts)), labels)


def measure(data: Path, recipe: Recipe, seed: int) -> Measured:
    """Split by one seed, and train and measure both."""
    split = recipe.split.model_copy(update={"seed": seed})
    parts = prepared(data, recipe.model_copy(update={"split": split}))
    given = {name: str(value) for name, value in recipe.training.hyperparameters.items()}
    hyperparameters = Hyperparameters.from_strings({**given, "seed": str(recipe.training.seed)})
    started = time.monotonic()
    model, _ = train(
        *_targets(parts["train"], recipe),
        _targets(parts["validation"], recipe),
        one_is_right=True,
        hyperparameters=hyperparameters,
    )
    seconds = time.monotonic() - started
    texts, labels = parts["test"]
    return Measured(seed, baseline_metrics(parts), classification_metrics(model.probabilities(texts), labels), seconds)


def table_of(measured: Sequence[Measured]) -> Table:
    """One line a split, and the means."""
    table = Table(title="Accuracy on rows never trained on")
    for name in ("split seed", "TF-IDF + LR", "model", "gain", "ROC AUC: TF-IDF + LR", "model", "training, s"):
        table.add_column(name, justify="right")
    for one in measured:
        gain = one.model["accuracy"] - one.baseline["accuracy"]
        values = (one.baseline["accuracy"], one.model["accuracy"], one.baseline["roc_auc"], one.model["roc_auc"])
        first, second, third, fourth = (f"{value:.4f}" for value in values)
        table.add_row(str(one.seed), first, second, f"{gain:+.4f}", third, fourth, f"{one.training_seconds:.1f}")
    table.add_section()
    means = [
        mean(one.baseline["accuracy"] for one in measured),
        mean(one.model["accuracy"] for one in measured),
        mean(one.baseline["roc_auc"] for one in measured),
        mean(one.model["roc_auc"] for one in measured),
    ]
    seconds = mean(one.training_seconds for one in measured)
    first, second, third, fourth = (f"{value:.4f}" for value in means)
    table.add_row("mean", first, second, f"{means[1] - means[0]:+.4f}", third, fourth, f"{seconds:.1f}")
    return table


def main(argv: Sequence[str] | None = None) -> None:
    """Measure on the recipe's default rows or on a file."""
    parser = argparse.ArgumentParser(description="The model beside TF-IDF with logistic regression.")
    parser.add_argument("--recipe", type=Path, default=PROJECT / "recipes/review-snippets/recipe.yaml")
    parser.add_argument("--data", type=Path, help="a CSV of the recipe's columns instead of its default rows")
    parser.add_argument("--seeds", type=int, nargs="+", default=[7, 1, 2, 3, 4], help="seeds of the splits")
    args = parser.parse_args(argv)
    console = Console()
    recipe = parse_recipe(args.recipe.read_text(encoding="utf-8"), where=str(args.recipe))
    data = args.data
    if data is None:
        if not isinstance(recipe.data.source, PackageSource):
            parser.error(f"{args.recipe} has no data of its own; give --data")
        data = package_rows(recipe.data.source, PROJECT / ".cache/data", note=console.print)
    console.print(table_of([measure(data, recipe, seed) for seed in args.seeds]))


if __name__ == "__main__":
    main()
