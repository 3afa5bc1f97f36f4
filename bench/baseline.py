"""A plain model on the very rows of a recipe, to hold the recipe's own model against.

Texts: TF-IDF with logistic regression, one for each label where there are several; of words and pairs of words, or,
where a text is one word, of its runs of up to four characters. Tables: xgboost, 400 trees, one column a category.
Nothing is tuned: these are the first things to try, and what a better model has to beat.

Reads   --data FILE    a CSV with the recipe's columns
        --recipe FILE  the recipe; rows are divided as Preprocess divides them
Writes  one JSON document on standard output: name, rows (tested), training_rows, all_rows, metrics, seconds
Run     python -m bench.baseline --data FILE --recipe FILE
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import OneHotEncoder
from xgboost import XGBClassifier, XGBRegressor

from steps.exit_message import own_error_as_exit_message
from steps.preprocess import preprocess
from steps.recipe import Recipe, parse_recipe
from training.metrics import measure
from training.prepared_rows import PreparedRows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

TREES = 400
LEARNING_RATE = 0.05
# As many texts as tell what a recipe's texts are like.
LOOKED_AT = 1000


@dataclass(frozen=True)
class Baseline:
    """What a plain model reaches on the test rows; it is fitted on the training rows alone."""

    name: str
    rows: int
    training_rows: int
    metrics: dict[str, float]
    seconds: float


def prepared(data: Path, recipe: Recipe, folder: Path) -> dict[str, PreparedRows]:
    """The three parts of a file, as Preprocess makes them in a folder."""
    (folder / "data").mkdir()
    (folder / "data" / data.name).symlink_to(data.resolve())
    preprocess(folder / "data", recipe, folder)
    features = recipe.data.features
    numeric = None if features is None else features.numeric
    return {
        split: PreparedRows(folder / f"{split}.csv", recipe.task, recipe.data.class_names, numeric)
        for split in ("train", "validation", "test")
    }


def baseline(recipe: Recipe, train: PreparedRows, test: PreparedRows) -> Baseline:
    """Fit on some rows and measure on others."""
    started = time.monotonic()
    if recipe.data.features is None:
        name, outputs = _of_texts(recipe, train, test)
    else:
        name, outputs = f"xgboost, {TREES} trees, one-hot", _of_table(recipe, train, test)
    answers = test.answers()
    return Baseline(
        name=name,
        rows=len(answers),
        training_rows=len(train.answers()),
        metrics=measure(recipe.task, outputs, answers),
        seconds=time.monotonic() - started,
    )


def _of_texts(recipe: Recipe, train: PreparedRows, test: PreparedRows) -> tuple[str, NDArray[np.float64]]:
    texts = train.texts()
    words = np.median([len(text.split()) for text in texts[:LOOKED_AT]])
    if words > 1:
        name, vectorizer = "TF-IDF (words, 1-2) + logistic regression", TfidfVectorizer(ngram_range=(1, 2))
    else:
        name = "TF-IDF (characters, 1-4) + logistic regression"
        vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4))
    known, asked = vectorizer.fit_transform(texts), vectorizer.transform(test.texts())
    answers = train.answers()
    if recipe.task != "multi_label":
        return name, _logistic().fit(known, answers).predict_proba(asked)
    return name, np.stack([_logistic().fit(known, label).predict_proba(asked)[:, 1] for label in answers.T], axis=1)


def _of_table(recipe: Recipe, train: PreparedRows, test: PreparedRows) -> NDArray[np.float64]:
    answers = train.answers()
    categorical = recipe.data.features.categorical if recipe.data.features else []
    known, asked = _frame(train), _frame(test)
    if categorical:
        encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False).fit(known[categorical].fillna(""))
        known, asked = (
            pd.concat(
                [
                    frame.drop(columns=categorical),
                    pd.DataFrame(
                        encoder.transform(frame[categorical].fillna("")), columns=encoder.get_feature_names_out()
                    ),
                ],
                axis=1,
            )
            for frame in (known, asked)
        )
    # xgboost reads a name's signs as its own.
    columns = {column: f"column{number}" for number, column in enumerate(known.columns)}
    known, asked = (frame.rename(columns=columns).astype(np.float64) for frame in (known, asked))
    if recipe.task == "regression":
        # Sums of money and the like err by shares, not by units.
        is_sum = answers.min() >= 0
        model = _trees(XGBRegressor).fit(known, np.log1p(answers) if is_sum else answers)
        predicted = np.array(model.predict(asked), dtype=np.float64).reshape(-1, 1)
        return np.expm1(predicted) if is_sum else predicted
    if recipe.task == "multi_label":
        of_labels = [_trees(XGBClassifier).fit(known, label).predict_proba(asked)[:, 1] for label in answers.T]
        return np.array(of_labels, dtype=np.float64).T
    return np.array(_trees(XGBClassifier).fit(known, answers).predict_proba(asked), dtype=np.float64)


def _frame(rows: PreparedRows) -> pd.DataFrame:
    return pd.DataFrame(list(rows.inputs()), columns=rows.input_columns)


def _logistic() -> Any:  # noqa: ANN401 - scikit-learn has no types
    return LogisticRegression(max_iter=1000)


def _trees(kind: Any) -> Any:  # noqa: ANN401 - xgboost has no types
    return kind(n_estimators=TREES, learning_rate=LEARNING_RATE, random_state=0)


def main(argv: Sequence[str] | None = None) -> None:
    """Measure on a file's test rows."""
    parser = argparse.ArgumentParser(description="A plain model on a recipe's rows.")
    parser.add_argument("--data", type=Path, required=True, help="a CSV with the recipe's columns")
    parser.add_argument("--recipe", type=Path, required=True, help="recipe.yaml")
    args = parser.parse_args(argv)
    recipe = parse_recipe(args.recipe.read_text(encoding="utf-8"), where=str(args.recipe))
    with tempfile.TemporaryDirectory() as folder:
        parts = prepared(args.data, recipe, Path(folder))
        measured = asdict(baseline(recipe, parts["train"], parts["test"]))
        document = measured | {"all_rows": sum(len(part.answers()) for part in parts.values())}
        sys.stdout.write(json.dumps(document) + "\n")


if __name__ == "__main__":
    with own_error_as_exit_message():
        main()
