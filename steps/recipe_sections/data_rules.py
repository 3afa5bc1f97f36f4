"""What a recipe's rows must keep, else nothing is trained, or the run says so and goes on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Generic, Literal, TypeVar, get_args

from pydantic import Field, field_validator, model_validator

from steps.recipe_sections.base import Section, Share
from steps.recipe_sections.languages import LANGUAGES

Limit = TypeVar("Limit", int, float)
Severity = Literal["error", "warn"]

Rows = Annotated[int, Field(ge=10)]
RowsPerLabel = Annotated[int, Field(ge=2)]
Characters = Annotated[int, Field(ge=1)]
Words = Annotated[int, Field(ge=1, le=10_000_000)]
# Of a population stability index.
Index = Annotated[float, Field(ge=0, le=100)]

# They have no meaning for a table.
TEXT_RULES = (
    "short_text_characters",
    "max_vocabulary_words",
    "max_near_duplicate_share",
    "max_leaked_share",
    "languages",
    "max_other_language_share",
    "max_broken_encoding_share",
    "max_markup_share",
)


class Rule(Section, Generic[Limit]):
    """A limit, and what happens beyond it: `error` ends the run in DataRejected, `warn` says so and goes on."""

    limit: Limit
    severity: Severity = "error"


class DataRules(Section):
    """Limits that the prepared data must keep. Each is a number, or `{limit: 0.1, severity: warn}`: beyond it, `error`
    ends the run in DataRejected and `warn` says so and goes on.
    """

    min_rows: Rule[Rows] = Field(default=Rule[Rows](limit=200), description="Rows with an input and a known answer.")
    min_rows_per_label: Rule[RowsPerLabel] = Field(
        default=Rule[RowsPerLabel](limit=20), description="Such rows of each class or label."
    )
    min_label_share: Rule[Share] = Field(
        default=Rule[Share](limit=0.02), description="Share of such rows that each class or label must have."
    )
    max_bad_row_share: Rule[Share] = Field(
        default=Rule[Share](limit=0.0), description="Rows that cannot be read, or whose label or number is none."
    )
    max_empty_text_share: Rule[Share] = Field(
        default=Rule[Share](limit=0.01), description="Rows without a text, or with no value in any column."
    )
    max_duplicate_share: Rule[Share] = Field(
        default=Rule[Share](limit=0.2), description="Rows whose input occurred in an earlier row."
    )
    max_conflicting_label_share: Rule[Share] = Field(
        default=Rule[Share](limit=0.05), description="Inputs that occur under different labels (not for regression)."
    )
    max_text_characters: Rule[Characters] = Field(
        default=Rule[Characters](limit=20_000), description="Length of the longest text, or of a table's longest word."
    )
    short_text_characters: int | None = Field(
        default=None, ge=1, description="Texts below this length are short; goes with `min_short_text_share`."
    )
    min_short_text_share: Rule[Share] | None = Field(default=None, description="Share of texts that must be short.")
    max_vocabulary_words: Rule[Words] = Field(
        default=Rule[Words](limit=2_000_000, severity="warn"),
        description="Different words of all texts, apart from case.",
    )
    max_near_duplicate_share: Rule[Share] = Field(
        default=Rule[Share](limit=0.1, severity="warn"),
        description="Different texts of at least 40 characters that are nearly the same as an earlier one: links "
        "apart, they have four fifths of their runs of five characters in common.",
    )
    max_leaked_share: Rule[Share] = Field(
        default=Rule[Share](limit=0.05, severity="warn"),
        description="Such texts in the parts for validation and test that are nearly the same as one of an earlier "
        "part: train, validation, test. Equal inputs never part.",
    )
    languages: tuple[str, ...] = Field(
        default=(),
        max_length=20,
        description="Codes of the languages that texts should be in, such as en; without any, the one of most texts.",
    )
    max_other_language_share: Rule[Share] = Field(
        default=Rule[Share](limit=0.1, severity="warn"),
        description="Texts in a language that is not expected, of about a thousand whose language is clear.",
    )
    max_broken_encoding_share: Rule[Share] = Field(
        default=Rule[Share](limit=0.01, severity="warn"),
        description="Texts with lost characters, or read in an encoding that was not theirs.",
    )
    max_markup_share: Rule[Share] = Field(
        default=Rule[Share](limit=0.1, severity="warn"), description="Texts with tags or entities of HTML or XML."
    )

    max_missing_share: Rule[Share] = Field(
        default=Rule[Share](limit=0.999, severity="warn"),
        description="Rows without a value in a column, of each column of a table.",
    )
    max_missing_rise: Rule[Share] = Field(
        default=Rule[Share](limit=0.1),
        description="By how much that share may be above the one in the live version's data.",
    )
    max_unseen_category_share: Rule[Share] = Field(
        default=Rule[Share](limit=0.05, severity="warn"),
        description="Rows whose category no training row has, or which the live version's data does not have, of each "
        "column of a table.",
    )
    max_out_of_range_share: Rule[Share] = Field(
        default=Rule[Share](limit=0.01, severity="warn"),
        description="Rows whose number is beyond those of the live version's data, of each column of a table.",
    )
    max_feature_drift: Rule[Index] = Field(
        default=Rule[Index](limit=0.25, severity="warn"),
        description="Population stability index of each column of a table, against the live version's data.",
    )
    max_text_length_drift: Rule[Index] = Field(
        default=Rule[Index](limit=0.25, severity="warn"), description="The same of the texts' length."
    )
    max_vocabulary_drift: Rule[Index] = Field(
        default=Rule[Index](limit=0.25, severity="warn"), description="The same of the texts' words."
    )
    max_label_drift: Rule[Index] = Field(
        default=Rule[Index](limit=0.1, severity="warn"),
        description="The same of the labels, or of the numbers to predict.",
    )
    drift_significance: float = Field(
        default=0.01,
        gt=0,
        lt=1,
        description="A difference counts only when its p-value, times the number of comparisons, is below this.",
    )

    @model_validator(mode="before")
    @classmethod
    def _whole_rules(cls, given: object) -> object:
        """A bare number is a rule's limit; what a rule does not say is as in its default."""
        if not isinstance(given, Mapping):
            return given
        whole: dict[Any, object] = dict(given)
        for name, field in cls.model_fields.items():
            if name in given and _is_rule(field.annotation):
                whole[name] = _whole_rule(given[name], field.default)
        return whole

    @model_validator(mode="after")
    def _short_texts_are_defined(self) -> DataRules:
        if (self.short_text_characters is None) != (self.min_short_text_share is None):
            raise ValueError("short_text_characters and min_short_text_share go together; give both or neither")
        return self

    @field_validator("languages")
    @classmethod
    def _languages_can_be_told(cls, languages: tuple[str, ...]) -> tuple[str, ...]:
        for language in languages:
            if language not in LANGUAGES:
                raise ValueError(f"'{language}' is no language that can be told; name it by its code, such as en or de")
        return languages

    def counted(self) -> dict[str, object]:
        """What Preprocess counts by; all else only judges what was counted."""
        return {
            "max_text_characters": self.max_text_characters.limit,
            "short_text_characters": self.short_text_characters,
            "languages": list(self.languages),
        }


def _is_rule(annotation: object) -> bool:
    kinds = (annotation, *get_args(annotation))
    return any(isinstance(kind, type) and issubclass(kind, Rule) for kind in kinds)


def _whole_rule(given: object, default: Rule[Any] | None) -> object:
    if isinstance(given, Rule) or (given is None and default is None):
        return given
    said = given if isinstance(given, Mapping) else {"limit": given}
    return {**(default.model_dump() if default else {}), **said}
