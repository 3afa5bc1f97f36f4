"""What a model of somebody's own CSV shall answer: the task and its classes, from the column's values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from greenlight.errors import WrongUseError
from greenlight.own_data.survey import Column, Survey, listed
from greenlight.own_data.wishes import Wishes
from steps.recipe import Task

MOST_CLASSES = 100
LONGEST_CLASS_NAME = 100
# A whole number with more different values than this is a quantity, with fewer the name of a class.
MOST_NUMBERED_CLASSES = 20
# With fewer rows a class cannot be trained on, stopped by and measured.
FEWEST_ROWS = 10
YES_NO = frozenset({"0", "1"})


@dataclass(frozen=True)
class Answers:
    """Task and the data section's keys that follow from it; notes say what was decided and how to change it."""

    task: Task
    keys: dict[str, Any]
    notes: list[str] = field(default_factory=list)


def find_answers(survey: Survey, wishes: Wishes) -> Answers:
    """Decide what is learned; raises WrongUseError when the columns cannot be learned from."""
    if wishes.target_column is not None:
        return _target(survey.column(wishes.target_column), wishes)
    for name in (str(wishes.text_column), *wishes.label_columns):
        survey.column(name)
    if wishes.text_column in wishes.label_columns:
        raise WrongUseError(f"the column '{wishes.text_column}' cannot be both the text and its label")
    if len(wishes.label_columns) > 1 or wishes.task == "multi_label":
        return _several_labels([survey.column(name) for name in wishes.label_columns], wishes)
    column = survey.column(wishes.label_columns[0])
    if wishes.task == "regression" or (column.is_numeric and (column.classes is None or not column.whole)):
        raise WrongUseError(
            f"the column '{column.name}' holds {_how_many(column)} different numbers, and no model here turns a text "
            "into a number; divide them into classes first, such as low and high"
        )
    return _one_label(column, wishes)


def _target(column: Column, wishes: Wishes) -> Answers:
    task = wishes.task
    if task in {None, "regression"} and column.is_numeric:
        numbered = column.classes if column.whole else None
        many = numbered is None or len(numbered) > MOST_NUMBERED_CLASSES
        if task == "regression" or many:
            return _number(column)
        answers = _one_label(column, wishes)
        answers.notes.append(
            f"'{column.name}' holds {len(numbered or {})} whole numbers, taken as classes; "
            "--task regression takes them as quantities"
        )
        return answers
    if task == "regression":
        example = next((value for value in column.classes or {} if len(value) <= LONGEST_CLASS_NAME), None)
        told = "" if column.classes is None or example is None else f" ({column.words} cells are words)"
        raise WrongUseError(
            f"the column '{column.name}' holds values that are no numbers{told}; correct them, or leave out "
            "--task regression"
        )
    return _one_label(column, wishes)


def _number(column: Column) -> Answers:
    if column.smallest == column.largest:
        raise WrongUseError(f"the column '{column.name}' holds the same number in every row; there is nothing to learn")
    notes = [_missing(column)] if column.missing else []
    return Answers("regression", {"target_column": column.name}, notes)


def _one_label(column: Column, wishes: Wishes) -> Answers:
    classes = column.classes
    if classes is not None:
        _check_ignored(column, wishes, classes)
        classes = {value: count for value, count in classes.items() if value not in wishes.ignored_labels}
    if classes is None or len(classes) > MOST_CLASSES:
        raise WrongUseError(
            f"the column '{column.name}' holds {_how_many(column)} different values, and a model tells at most "
            f"{MOST_CLASSES} classes apart; name the column with the label, or join rare classes"
        )
    if len(classes) < 2:  # noqa: PLR2004 - one class leaves nothing to tell apart
        raise WrongUseError(f"the column '{column.name}' holds one value in every row; there is nothing to tell apart")
    if any(len(value) > LONGEST_CLASS_NAME for value in classes):
        raise WrongUseError(
            f"the column '{column.name}' holds values of up to {column.longest} characters, which look like texts; "
            f"name the column with the label (at most {LONGEST_CLASS_NAME} characters)"
        )
    rare = {value: count for value, count in classes.items() if count < FEWEST_ROWS}
    if rare:
        named = listed([f"'{value}' ({_rows(count)})" for value, count in sorted(rare.items())], most=5)
        raise WrongUseError(
            f"the column '{column.name}' has classes of fewer than {FEWEST_ROWS} rows: {named}; "
            "add rows, or leave such rows out: " + " ".join(f"--ignore-label {_quoted(v)}" for v in sorted(rare)[:5])
        )
    task: Task = wishes.task or ("binary" if len(classes) == 2 else "multi_class")  # noqa: PLR2004 - binary is two
    if task == "binary" and len(classes) > 2:  # noqa: PLR2004 - as above
        raise WrongUseError(f"the column '{column.name}' holds {len(classes)} classes, so the task is not binary")
    ignored = [*wishes.ignored_labels, *column.nothing]
    keys: dict[str, Any] = {"label_column": column.name, "labels": {value: value for value in _in_order(classes)}}
    if ignored:
        keys["ignored_labels"] = ignored
    return Answers(task, keys, [_missing(column)] if column.nothing else [])


def _several_labels(columns: list[Column], wishes: Wishes) -> Answers:
    if wishes.ignored_labels:
        raise WrongUseError("--ignore-label is for one label column; leave the whole column out instead")
    for column in columns:
        found = column.classes
        if found is None or not set(found) <= YES_NO:
            shown = listed(sorted(set(found) - YES_NO), most=3) if found is not None else "many different values"
            told = shown if len(shown) <= LONGEST_CLASS_NAME else "long values"
            raise WrongUseError(
                f"the column '{column.name}' holds {told}; with several label columns each must hold 0 or 1"
            )
        if found.get("1", 0) < FEWEST_ROWS or found.get("0", 0) < FEWEST_ROWS:
            raise WrongUseError(
                f"the column '{column.name}' holds 1 in {_rows(found.get('1', 0))} and 0 in "
                f"{_rows(found.get('0', 0))}; at least {FEWEST_ROWS} of each are needed: add rows, or leave it out"
            )
    return Answers("multi_label", {"label_columns": [column.name for column in columns]})


def _check_ignored(column: Column, wishes: Wishes, classes: dict[str, int]) -> None:
    unknown = [value for value in wishes.ignored_labels if value not in classes]
    if unknown:
        raise WrongUseError(f"--ignore-label {_quoted(unknown[0])}: no row has this in the column '{column.name}'")


def _in_order(classes: dict[str, int]) -> list[str]:
    """Class values sorted: numbers by their size, words by the alphabet."""
    try:
        return sorted(classes, key=float)
    except ValueError:
        return sorted(classes)


def _how_many(column: Column) -> str:
    return "more than 1,000" if column.classes is None else f"{len(column.classes):,}"


def _missing(column: Column) -> str:
    return f"{_rows(sum(column.nothing.values()))} without a value in '{column.name}' are left out"


def _rows(count: int) -> str:
    return f"{count:,} row" if count == 1 else f"{count:,} rows"


def _quoted(value: str) -> str:
    return f'"{value}"' if " " in value else value
