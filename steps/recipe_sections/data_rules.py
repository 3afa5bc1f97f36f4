"""What a recipe's rows must keep, else nothing is trained."""

from __future__ import annotations

from pydantic import Field, model_validator

from steps.recipe_sections.base import Section, Share


class DataRules(Section):
    """Limits that the prepared data must keep, else the run ends in DataRejected."""

    min_rows: int = Field(default=200, ge=10, description="Rows with an input and a known answer.")
    min_rows_per_label: int = Field(default=20, ge=2, description="Such rows of each class or label.")
    min_label_share: Share = Field(default=0.02, description="Share of such rows that each class or label must have.")
    max_bad_row_share: Share = Field(
        default=0.0, description="Rows that cannot be read, or whose label or number is none."
    )
    max_empty_text_share: Share = Field(
        default=0.01, description="Rows without a text, or with no value in any column."
    )
    max_duplicate_share: Share = Field(default=0.2, description="Rows whose input occurred in an earlier row.")
    max_conflicting_label_share: Share = Field(
        default=0.05, description="Inputs that occur under different labels (not for regression)."
    )
    max_text_characters: int = Field(
        default=20_000, ge=1, description="Length of the longest text, or of a table's longest word."
    )
    short_text_characters: int | None = Field(
        default=None, ge=1, description="Texts below this length are short; goes with `min_short_text_share`."
    )
    min_short_text_share: Share | None = Field(default=None, description="Share of texts that must be short.")
    max_vocabulary_words: int | None = Field(
        default=None, ge=1, le=10_000_000, description="Different words of all texts, apart from case."
    )

    @model_validator(mode="after")
    def _short_texts_are_defined(self) -> DataRules:
        if (self.short_text_characters is None) != (self.min_short_text_share is None):
            raise ValueError("short_text_characters and min_short_text_share go together; give both or neither")
        return self
