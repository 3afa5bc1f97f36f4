"""Whether behavioural tests ask what the recipe's model reads, and expect what it answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from steps.recipe_sections.behaviour import BehaviourTest, Change, ColumnChange, Expectation
    from steps.recipe_sections.data import DataSection, FeaturesSection

# What says which answer is wanted, by the recipe's task.
_ANSWERS = {
    "binary": ("label",),
    "multi_class": ("label",),
    "multi_label": ("labels", "includes", "excludes"),
    "regression": ("minimum", "maximum"),
}
_DIRECTION = ("direction", "of")


def check_test(where: str, test: BehaviourTest, task: str, data: DataSection) -> None:
    """Raises ValueError about a test that does not fit.

    where: what the test is called in the sentence;  task: as in the recipe
    """
    if test.change is not None:
        _check_change(f"{where}.change", test.change, data)
    if test.templates is not None and data.features is not None:
        raise ValueError(f"{where}.templates are texts, and the model reads a table; give test_rows")
    if test.expect is not None:
        _check_expectation(f"{where}.expect", test.expect, test.kind, task)
        for name in test.expect.names:
            if name not in data.class_names:
                known = ", ".join(data.class_names) or "no names, since the task is regression"
                raise ValueError(f"{where}.expect names '{name}', but the model answers {known}")


def _check_expectation(where: str, expect: Expectation, kind: str, task: str) -> None:
    given = {name for name in type(expect).model_fields if getattr(expect, name) is not None}
    if kind == "directional":
        wanted = {"direction"} if task == "regression" else set(_DIRECTION)
        if given != wanted:
            raise ValueError(f"{where} needs {' and '.join(sorted(wanted))}, and nothing else, for a directional test")
        return
    answers = _ANSWERS[task]
    if not given or given - set(answers) or ("labels" in given and len(given) > 1):
        words = "labels, or includes and excludes" if task == "multi_label" else " and ".join(answers)
        raise ValueError(f"{where} needs {words}, and nothing else, since the task is {task}")
    if expect.minimum is not None and expect.maximum is not None and expect.minimum > expect.maximum:
        raise ValueError(f"{where}.minimum is above its maximum")
    both = sorted(set(expect.includes or []) & set(expect.excludes or []))
    if both:
        raise ValueError(f"{where} both includes and excludes '{both[0]}'")


def _check_change(where: str, change: Change, data: DataSection) -> None:
    if (change.columns is not None) != (data.features is not None):
        wanted = "a text; change it by another key" if data.features is None else "a table; give columns"
        raise ValueError(f"{where} does not fit: the model reads {wanted}")
    if data.features is None:
        return
    for column, what in (change.columns or {}).items():
        _check_column(f"{where}.columns.{column}", column, what, data.features)


def _check_column(where: str, column: str, change: ColumnChange, features: FeaturesSection) -> None:
    if column not in features.columns:
        raise ValueError(f"{where}: the model does not read this column; data.features names those that it reads")
    is_number = column in features.numeric
    if change.is_numeric and not is_number:
        raise ValueError(f"{where}: the column holds words; change them by replace, to or missing")
    if change.replace is not None and is_number:
        raise ValueError(f"{where}: the column holds numbers; change them by add, multiply, to or missing")
    if change.to is not None and isinstance(change.to, str) == is_number:
        kind = "a number" if is_number else 'a word, such as "1" in quotes'
        raise ValueError(f"{where}.to must be {kind}, as the column's other values")
