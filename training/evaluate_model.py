"""EvaluateModel: candidate and live version on the same held-back rows, as they are served.

Reads   --test DIR            test.csv, as Preprocess wrote it
        --candidate DIR       model.tar.gz
        --champion DIR        the live version's model.tar.gz; left out when nothing is live
        --champion-card FILE  its model_card.json, which says by which thresholds it answers
        --validation DIR      validation.csv; left out unless the recipe chooses thresholds there
        --recipe FILE         the recipe
Writes  --output DIR          report.json (MetricsReport)
                              examples.json (EvaluatedExamples: rows for an approver to read)
                              predictions.csv (the candidate's answer to each row; row numbers, no inputs)
                              evaluated_rows.json (EvaluatedRows: a few that the endpoint must answer alike)
Run     python -m training.evaluate_model --test DIR --candidate DIR [--champion DIR [--champion-card FILE]]
            [--validation DIR] --recipe FILE --output DIR
"""

from __future__ import annotations

import argparse
import logging
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from steps.answers import NO_THRESHOLDS
from steps.evaluated_rows import EVALUATED_ROWS, choose_rows
from steps.evaluation_report import EVALUATION_REPORT, EXAMPLES
from steps.exit_message import own_error_as_exit_message
from steps.model_card import ModelCard
from steps.recipe import parse_recipe
from training.evaluation.asked_model import ARCHIVE, ask_model
from training.evaluation.behaviour import report_behaviour
from training.evaluation.examples import choose_examples
from training.evaluation.measured_server import REQUESTS, measure_server
from training.evaluation.predictions_file import write_predictions
from training.evaluation.report import report_on
from training.evaluation.training_notes import learning_curves, model_checks
from training.prepared_rows import PreparedRows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from steps.recipe import Recipe

logger = logging.getLogger("evaluate")


def prepared_rows(file: Path, recipe: Recipe) -> PreparedRows:
    """The rows of a file that Preprocess wrote; raises TrainingDataError when they are none of the recipe's."""
    features = recipe.data.features
    return PreparedRows(file, recipe.task, recipe.data.class_names, None if features is None else features.numeric)


def thresholds_of(card: Path) -> Mapping[str, float]:
    """Those that a live version answers by, from its model card."""
    return ModelCard.model_validate_json(card.read_bytes()).thresholds


def evaluate(args: argparse.Namespace, recipe: Recipe, scratch: Path) -> None:
    """Ask both models about the test rows, measure, and write what was found; scratch: an empty folder."""
    rows = prepared_rows(args.test / "test.csv", recipe)
    validation = prepared_rows(args.validation / "validation.csv", recipe) if args.validation else None
    answers = rows.answers()
    with ExitStack() as servers:
        candidate = ask_model(
            args.candidate / ARCHIVE, scratch / "candidate", rows, recipe, servers=servers, validation=validation
        )
        champion = None
        if args.champion:
            thresholds = thresholds_of(args.champion_card) if args.champion_card else NO_THRESHOLDS
            champion = ask_model(
                args.champion / ARCHIVE, scratch / "champion", rows, recipe, servers=servers, thresholds=thresholds
            )
        own = candidate.measured(recipe, answers)
        live = None if champion is None else champion.measured(recipe, answers)
        report = report_on(recipe, rows.inputs(), own, live, candidate.thresholds)
        some = [each.row for each in choose_rows(rows.inputs(), candidate.outputs.tolist(), REQUESTS).rows]
        report = report.model_copy(
            update={
                "serving": measure_server(candidate, some),
                "champion_serving": None if champion is None else measure_server(champion, some),
                "behaviour": report_behaviour(recipe, rows, candidate, champion),
            }
        )
    if recipe.import_model is None:  # what a brought archive notes is of another run, or anybody's
        learning = {"learning": learning_curves(candidate.folder)}
        report = report.model_copy(
            update={
                "model_checks": model_checks(candidate.folder),
                "curves": report.curves.model_copy(update=learning),
            }
        )
    examples = choose_examples(rows.inputs(), recipe.data.class_names, own, live)
    evaluated = choose_rows(rows.inputs(), candidate.outputs.tolist(), recipe.smoke.evaluated_rows)
    output: Path = args.output
    output.mkdir(parents=True, exist_ok=True)
    (output / EVALUATION_REPORT).write_text(report.model_dump_json(indent=2), encoding="utf-8")
    (output / EXAMPLES).write_text(examples.model_dump_json(), encoding="utf-8")
    (output / EVALUATED_ROWS).write_text(evaluated.model_dump_json(), encoding="utf-8")
    write_predictions(output / "predictions.csv", recipe, answers, candidate.outputs, own.given)
    measured = ", ".join(f"{name} {value:.4f}" for name, value in report.candidate.items())
    logger.info("%d rows: %s", report.rows, measured)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the step on folders, as a processing container does."""
    parser = argparse.ArgumentParser(description="Measure a candidate and the live version on the same rows.")
    parser.add_argument("--test", type=Path, required=True, help="folder with test.csv")
    parser.add_argument("--candidate", type=Path, required=True, help="folder with model.tar.gz")
    parser.add_argument("--champion", type=Path, help="folder with the live version's model.tar.gz")
    parser.add_argument("--champion-card", type=Path, help="its model_card.json")
    parser.add_argument("--validation", type=Path, help="folder with validation.csv, on which thresholds are chosen")
    parser.add_argument("--recipe", type=Path, required=True, help="recipe.yaml")
    parser.add_argument("--output", type=Path, required=True, help="folder to write into")
    args = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    recipe = parse_recipe(args.recipe.read_text(encoding="utf-8"), where=str(args.recipe))
    with tempfile.TemporaryDirectory() as scratch:
        evaluate(args, recipe, Path(scratch))


if __name__ == "__main__":
    with own_error_as_exit_message():
        main()
