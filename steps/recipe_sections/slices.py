"""Parts of the test rows that are measured on their own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, FiniteFloat, StringConstraints, field_validator, model_validator

from steps.recipe_sections.base import Column, Label, Section
from steps.recipe_sections.metrics import METRICS_OF_ONE_CLASS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from steps.recipe_sections.data import DataSection

SliceName = Annotated[str, StringConstraints(min_length=1, max_length=60)]
Word = Annotated[str, StringConstraints(min_length=1, max_length=100)]

_SAYS_WHAT = ("values", "number", "text_characters", "words", "pattern", "label", "target")


class NumberRange(Section):
    """Numbers from one on, below another."""

    at_least: FiniteFloat | None = Field(default=None, description="The smallest number that belongs to it.")
    below: FiniteFloat | None = Field(default=None, description="The smallest number above it, which does not.")

    @model_validator(mode="after")
    def _holds_something(self) -> NumberRange:
        if self.at_least is None and self.below is None:
            raise ValueError("give at_least, below or both")
        if self.at_least is not None and self.below is not None and self.at_least >= self.below:
            raise ValueError(f"at_least {self.at_least:g} is not below {self.below:g}, so it holds no number")
        return self


class SliceSection(Section):
    """Test rows that meet everything said here, measured on their own; say at least one thing."""

    name: SliceName = Field(description="What these rows are, in a few words.")
    column: Column | None = Field(default=None, description="A column of the table, with `values` or `number`.")
    values: list[str | None] = Field(
        default=[], max_length=100, description="What a categorical column holds, one of these; null for no value."
    )
    number: NumberRange | None = Field(default=None, description="What a numeric column holds.")
    text_characters: NumberRange | None = Field(default=None, description="How long the text is.")
    words: list[Word] = Field(
        default=[], max_length=100, description="The text has one of these as a whole word; capitals do not count."
    )
    pattern: str | None = Field(
        default=None, min_length=1, max_length=200, description="A regular expression of Python found in the text."
    )
    label: Label | None = Field(default=None, description="The right class, or one of the right labels.")
    target: NumberRange | None = Field(default=None, description="The right number (regression).")
    min_rows: int = Field(
        default=50, ge=1, description="With fewer of them in the test rows, the slice is shown and not judged."
    )
    critical: bool = Field(
        default=False, description="Whether a candidate that is worse here than the live version is rejected."
    )
    margin: FiniteFloat = Field(
        default=0.02, ge=0, description="How much worse a candidate may be in a critical slice, in the first metric."
    )

    @field_validator("values", "words", mode="before")
    @classmethod
    def _they_are_text(cls, value: object) -> object:
        if not isinstance(value, list):
            return value
        if any(isinstance(each, bool) for each in value):
            raise ValueError("put it in quotes, since YAML reads yes, no, true and false otherwise")
        # YAML reads an unquoted 20 as a number, a CSV holds it as text.
        return [str(each) if isinstance(each, int) else each for each in value]

    @field_validator("pattern")
    @classmethod
    def _pattern_can_be_read(cls, value: str | None) -> str | None:
        try:
            re.compile(value or "")
        except re.error as error:
            raise ValueError(f"it is no regular expression of Python: {error}") from error
        return value

    @model_validator(mode="after")
    def _says_something(self) -> SliceSection:
        if not any(getattr(self, name) for name in _SAYS_WHAT):
            raise ValueError(
                f"the slice '{self.name}' says of no row that it belongs; add one of {', '.join(_SAYS_WHAT)}"
            )
        needs_column = bool(self.values) or self.number is not None
        if needs_column != (self.column is not None):
            missing = "column" if needs_column else "values or number"
            raise ValueError(f"the slice '{self.name}' needs {missing} too")
        if self.values and self.number is not None:
            raise ValueError(f"the slice '{self.name}' has values and number; a column is categorical or numeric")
        return self


def check_slices(slices: Sequence[SliceSection], task: str, data: DataSection, first_metric: str) -> None:
    """Raises ValueError when a slice asks for what the rows have not, or a critical one could not be judged."""
    names = [each.name for each in slices]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"slices has '{twice[0]}' more than once; each needs a name of its own")
    for index, each in enumerate(slices):
        where = f"slices[{index}]"
        _check_inputs(where, each, data)
        _check_answers(where, each, task, data)
        one_class = each.label is not None and task in {"binary", "multi_class"}
        if each.critical and one_class and first_metric not in METRICS_OF_ONE_CLASS:
            known = sorted(METRICS_OF_ONE_CLASS - {"subset_accuracy"})
            raise ValueError(
                f"{where} is critical, but {first_metric}, the first of metrics.gates, cannot be measured on rows of "
                f"one class; put {' or '.join(known)} first, or remove critical"
            )


def _check_inputs(where: str, asked: SliceSection, data: DataSection) -> None:
    table = data.features
    of_texts = [name for name in ("text_characters", "words", "pattern") if getattr(asked, name)]
    if table is not None and of_texts:
        raise ValueError(f"{where}.{of_texts[0]} has no meaning for a table; say which column holds what")
    if asked.column is None:
        return
    if table is None:
        raise ValueError(f"{where}.column has no meaning for a text; say which texts with words or pattern")
    kind, columns = ("categorical", table.categorical) if asked.values else ("numeric", table.numeric)
    if asked.column not in columns:
        raise ValueError(f"{where}.column is '{asked.column}', which is not in data.features.{kind}")


def _check_answers(where: str, asked: SliceSection, task: str, data: DataSection) -> None:
    names = data.class_names
    if asked.label is not None and asked.label not in names:
        known = f"which is none of {', '.join(names)}" if names else f"but task {task} has no labels"
        raise ValueError(f"{where}.label is '{asked.label}', {known}")
    if asked.target is not None and task != "regression":
        raise ValueError(f"{where}.target has no meaning, since task is {task}; say which label")
