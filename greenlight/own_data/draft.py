"""From a CSV and a few words to a whole recipe: what is learned, from what, how it is divided, judged and served."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from greenlight.errors import WrongUseError
from greenlight.own_data.answers import Answers, find_answers
from greenlight.own_data.behaviour import text_behaviour
from greenlight.own_data.features import Features, find_features
from greenlight.own_data.rules import MOST_BAD_SHARE, data_rules, metric_gates
from greenlight.own_data.survey import Survey, survey
from greenlight.own_data.wishes import Wishes, recipe_name
from steps.errors import RecipeInvalidError
from steps.profile import DataProfile
from steps.recipe import Recipe, parse_document
from steps.validate_data import MAX_BAD_ROW_SHARE, validate_data

# How many ways to divide the rows are tried until every class is in every part.
MOST_SEEDS = 20
FEWEST_ROWS = 50
# A positive quantity whose largest value is this many times its smallest is learned by its logarithm.
SKEWED = 10


@dataclass(frozen=True)
class Draft:
    """A recipe that fits the file, and what should be said about it."""

    recipe: Recipe
    document: dict[str, Any]
    notes: list[str]


def draft_recipe(file: Path, wishes: Wishes, approver: str, note: Callable[[str], None] = lambda _words: None) -> Draft:
    """Work out a recipe for a file.

    note: told how far the reading has come
    Raises WrongUseError when the file cannot be learned from, saying what to do.
    """
    wishes.check()
    name = recipe_name(wishes, file)
    found = survey(file, lambda rows: note(f"{rows:,} rows of {file.name} read"))
    answers = find_answers(found, wishes)
    features = find_features(found, wishes) if wishes.target_column is not None else None
    document = _document(name, found, wishes, answers=answers, features=features, approver=approver)
    note(f"dividing {found.rows:,} rows")
    profile = _divided(file, document)
    document["data_rules"] = data_rules(profile, answers.task)
    document["metrics"] = {"gates": metric_gates(profile, answers.task)}
    recipe = _parsed(document)
    _check_profile(profile, recipe)
    return Draft(recipe, document, [*answers.notes, *(features.notes if features else [])])


def _document(
    name: str, found: Survey, wishes: Wishes, *, answers: Answers, features: Features | None, approver: str
) -> dict[str, Any]:
    data: dict[str, Any] = {"features": features.section} if features else {"text_column": wishes.text_column}
    document: dict[str, Any] = {
        "name": name,
        "description": _description(wishes, answers),
        "task": answers.task,
        "data": {**data, **answers.keys},
        "split": {"validation_share": 0.1, "test_share": 0.15, "seed": 7},
        "data_rules": {"min_rows": 10, "max_bad_row_share": MOST_BAD_SHARE},
        "training": _training(found, wishes, answers) if features else {"script": "training/text_classifier.py"},
        "metrics": {"gates": metric_gates(_empty(found), answers.task)},
        **({} if features else {"behaviour": text_behaviour()}),
        "approval": {"policy": "always", "approvers": [approver]},
        "endpoint": {"image": "inference-pipeline" if features else "tensorflow-inference", "poll_seconds": 5},
        "smoke": {"evaluated_rows": 10},
    }
    _parsed(document)
    return document


def _training(found: Survey, wishes: Wishes, answers: Answers) -> dict[str, Any]:
    training: dict[str, Any] = {"script": "training/table_model.py", "image": "sagemaker-scikit-learn"}
    if answers.task == "regression":
        target = found.column(str(wishes.target_column))
        if target.smallest > 0 and target.largest / target.smallest >= SKEWED:
            training["hyperparameters"] = {"log_target": True}
    return training


def _description(wishes: Wishes, answers: Answers) -> str:
    if answers.task == "regression":
        return f"Predicts {wishes.target_column} from the other columns of a table."
    if wishes.target_column is not None:
        return f"Which {wishes.target_column} does a row of a table have?"
    asked = " and ".join(wishes.label_columns) if len(wishes.label_columns) < 4 else "labels"  # noqa: PLR2004 - readable
    return f"Which {asked} does a text have?" if answers.task != "multi_label" else f"Is a text {asked}?"


def _divided(file: Path, document: dict[str, Any]) -> DataProfile:
    """The file's profile under the first seed that puts every class into every part."""
    from steps.preprocess import profile_file  # noqa: PLC0415 - slow to import, and other commands need not wait

    for seed in range(document["split"]["seed"], document["split"]["seed"] + MOST_SEEDS):
        document["split"]["seed"] = seed
        profile = profile_file(file, _parsed(document), lambda *_row: None, with_texts=False)
        parts = profile.rows_per_split.values()
        if all(all(rows.values()) for rows in parts) or any(not count for count in profile.rows_per_label.values()):
            break
    return profile_file(file, _parsed(document), lambda *_row: None)


def _check_profile(profile: DataProfile, recipe: Recipe) -> None:
    """What the recipe would refuse at once is said now."""
    if not profile.problems and profile.usable_rows < FEWEST_ROWS:
        raise WrongUseError(
            f"{profile.file} has {profile.usable_rows} usable rows, and at least {FEWEST_ROWS} are needed to train, "
            "stop and measure; add rows"
        )
    bad_rows = recipe.data_rules.max_bad_row_share
    bad_rows = bad_rows.model_copy(update={"limit": min(bad_rows.limit, MOST_BAD_SHARE)})
    strict = recipe.model_copy(
        update={"data_rules": recipe.data_rules.model_copy(update={"max_bad_row_share": bad_rows})}
    )
    failed = [finding for finding in validate_data(profile, strict).findings if finding.verdict == "failed"]
    if failed:
        sentences = " ".join(finding.sentence for finding in failed)
        # There is no recipe yet whose rule could be changed.
        raise WrongUseError(sentences.replace(f", or change data_rules.{MAX_BAD_ROW_SHARE}", ""))


def _parsed(document: dict[str, Any]) -> Recipe:
    try:
        return parse_document(document, where=f"the recipe for {document['name']}")
    except RecipeInvalidError as error:
        raise WrongUseError(str(error)) from error


def _empty(found: Survey) -> DataProfile:
    return DataProfile(file=found.file.name, rows_per_label={}, rows_per_split={})
