from __future__ import annotations

import io

from rich.console import Console

from bench.baseline import Baseline
from bench.quality import Measured, table_of
from greenlight.recipes import load_recipe
from greenlight.target import PROJECT


def measured(seed: int, plain: float, own: float) -> Measured:
    metrics = {"accuracy": plain, "f1": plain - 0.05}
    return Measured(seed, Baseline("plain", 1000, 5000, metrics, 2.0), {"accuracy": own, "f1": own}, 40.0)


def test_each_of_the_recipes_metrics_is_shown_for_both_models_and_in_the_mean() -> None:
    recipe = load_recipe(PROJECT, "disaster-tweets").recipe
    stream = io.StringIO()
    Console(file=stream, width=200).print(table_of(recipe, [measured(7, 0.79, 0.82), measured(1, 0.81, 0.80)]))
    text = stream.getvalue()
    assert "disaster-tweets: about 1,000 test rows, beside plain" in text
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in text.splitlines() if "│" in line]
    assert rows[0] == ["7", "0.7900", "0.8200", "+0.0300", "0.7400", "0.8200", "+0.0800", "40"]
    assert rows[1][3] == "-0.0100"
    assert rows[2] == ["mean", "0.8000", "0.8100", "+0.0100", "0.7500", "0.8100", "+0.0600", "40"]
