"""A recipe's model beside a plain one, on the same rows, split after split.

The plain model is bench/baseline.py's: TF-IDF with logistic regression, or xgboost on one-hot columns, nothing
tuned. Both learn from the training rows and are measured on the test rows, the recipe's by the very script that its
training job runs; it also uses the validation rows, to know when to stop. A split of a few thousand rows moves an
accuracy by a point or two, so several are made, each by another seed.

Run     python -m bench.quality [RECIPE ...] [--data FILE] [--seeds 7 1 2 3 4] [--weights FOLDER]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING, NamedTuple

from rich.console import Console
from rich.table import Table

from bench.baseline import Baseline, baseline, prepared
from greenlight.pretrained import package_weights
from greenlight.recipe_rows import rows_for_run
from greenlight.recipes import load_recipe
from greenlight.target import PROJECT
from serving.model import load_model
from steps.recipe_sections.metrics import LOSS_METRICS
from training.evaluation.asked_model import predict
from training.metrics import measure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from serving.model import Model
    from steps.recipe import Recipe
    from training.prepared_rows import PreparedRows

DEFAULT_RECIPES = ["review-snippets"]
TRAINING_TIMEOUT_SECONDS = 4 * 3600


class Measured(NamedTuple):
    """One split: the plain model, the recipe's metrics on the same test rows, and what its training took."""

    seed: int
    baseline: Baseline
    model: Mapping[str, float]
    training_seconds: float


def train(recipe: Recipe, rows: Path, output: Path, weights: Path | None) -> Path:
    """Run the recipe's training script on prepared rows, as a job of its would; returns the folder with the model."""
    given = {
        **recipe.training.hyperparameters,
        "seed": recipe.training.seed,
        "task": recipe.task,
        "class_names": json.dumps(recipe.data.class_names),
    }
    arguments = [text for name, value in given.items() for text in (f"--{name}", str(value))]
    channels = {name: str(rows) for name in ("TRAIN", "VALIDATION", "SCHEMA")}
    if weights is not None:
        channels["PRETRAINED"] = str(weights)
    subprocess.run(  # noqa: S603 - a script of the project
        [sys.executable, "-m", recipe.training.script.removesuffix(".py").replace("/", "."), *arguments],
        cwd=PROJECT,
        env={
            **os.environ,
            **{f"SM_CHANNEL_{name}": folder for name, folder in channels.items()},
            "SM_MODEL_DIR": str(output / "model"),
            "SM_OUTPUT_DATA_DIR": str(output / "report"),
            "TF_CPP_MIN_LOG_LEVEL": "3",
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        timeout=TRAINING_TIMEOUT_SECONDS,
        check=True,
    )
    return output / "model"


def measure_split(data: Path, recipe: Recipe, seed: int, weights: Path | None) -> Measured:
    """Split by one seed, and train and measure both."""
    divided = recipe.model_copy(update={"split": recipe.split.model_copy(update={"seed": seed})})
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "rows").mkdir()
        parts = prepared(data, divided, folder / "rows")
        started = time.monotonic()
        model = load_model(train(divided, folder / "rows", folder, weights))
        seconds = time.monotonic() - started
        plain = baseline(divided, parts["train"], parts["test"])
        return Measured(seed, plain, _metrics(divided, model, parts["test"]), seconds)


def _metrics(recipe: Recipe, model: Model, test: PreparedRows) -> dict[str, float]:
    return measure(recipe.task, predict(model, test, recipe), test.answers())


def table_of(recipe: Recipe, measured: Sequence[Measured]) -> Table:
    """One line a split, and the means: each of the recipe's metrics for the plain model and for its own."""
    names: list[str] = [gate.name for gate in recipe.metrics.gates]
    rows = round(mean(one.baseline.rows for one in measured))
    table = Table(title=f"{recipe.name}: about {rows:,} test rows, beside {measured[0].baseline.name}")
    table.add_column("split seed", justify="right")
    for name in names:
        table.add_column(f"{name}{' (less is better)' if name in LOSS_METRICS else ''}: plain", justify="right")
        table.add_column("recipe", justify="right")
        table.add_column("gain", justify="right")
    table.add_column("training, s", justify="right")
    for one in measured:
        table.add_row(str(one.seed), *_cells(names, one.baseline.metrics, one.model), f"{one.training_seconds:.0f}")
    table.add_section()
    plain = {name: mean(one.baseline.metrics[name] for one in measured) for name in names}
    own = {name: mean(one.model[name] for one in measured) for name in names}
    table.add_row("mean", *_cells(names, plain, own), f"{mean(one.training_seconds for one in measured):.0f}")
    return table


def _cells(names: Sequence[str], plain: Mapping[str, float], own: Mapping[str, float]) -> list[str]:
    cells = []
    for name in names:
        sign = "+" if own[name] >= plain[name] else "-"
        cells += [_number(plain[name]), _number(own[name]), sign + _number(abs(own[name] - plain[name]))]
    return cells


def _number(value: float) -> str:
    return f"{value:.4f}" if abs(value) < 100 else f"{value:,.0f}"  # noqa: PLR2004 - sums of money need no decimals


def main(argv: Sequence[str] | None = None) -> None:
    """Measure each recipe on its own rows, or one on a file."""
    parser = argparse.ArgumentParser(description="Recipes' models beside plain ones.")
    parser.add_argument("recipes", nargs="*", default=DEFAULT_RECIPES, help="names of recipes")
    parser.add_argument("--data", type=Path, help="a CSV of the recipe's columns instead of its own rows")
    parser.add_argument("--seeds", type=int, nargs="+", default=[7, 1, 2, 3, 4], help="seeds of the splits")
    parser.add_argument("--weights", type=Path, help="folder of pretrained weights instead of the recipe's package")
    args = parser.parse_args(argv)
    if args.data is not None and len(args.recipes) > 1:
        parser.error("--data goes with one recipe")
    console = Console()
    for name in args.recipes:
        recipe = load_recipe(PROJECT, name).recipe
        data = args.data or rows_for_run(recipe, PROJECT / ".cache" / "data", console.print)
        weights, section = args.weights, recipe.training.pretrained
        if weights is None and section is not None:
            weights = package_weights(name, section, PROJECT / ".cache" / "data", console.print)
        measured = []
        for seed in args.seeds:
            with console.status(f"{name}: split {seed}"):
                measured.append(measure_split(data, recipe, seed, weights))
        console.print(table_of(recipe, measured))


if __name__ == "__main__":
    main()
