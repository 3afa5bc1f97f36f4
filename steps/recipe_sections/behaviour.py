"""What a recipe's model must do with rows that are made up or changed, whatever its metrics say.

The kinds of tests and most changes are those of Ribeiro et al., "Beyond Accuracy: Behavioral Testing of NLP Models with
CheckList", ACL 2020.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from steps.recipe_sections.base import LEXICON_PATTERN, NAME_PATTERN, Column, Label, Section, Share
from steps.recipe_sections.templates import placeholders

MAX_TESTS = 50
MAX_CASES = 2000
# Every case is put to two models, before and after its change, within the time of one processing job.
MAX_CASES_TOGETHER = 20_000
MAX_COMBINATIONS = 100_000
# The lexicon that comes with the code; a recipe's own of this name takes its place.
FIRST_NAME = "first_name"

LexiconName = Annotated[str, StringConstraints(pattern=LEXICON_PATTERN, max_length=40)]
Word = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Phrase = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Template = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
BehaviourName = Annotated[str, StringConstraints(pattern=NAME_PATTERN, max_length=40)]


class ColumnChange(Section):
    """What becomes of one column's value; a row whose value cannot be changed so is not asked."""

    add: float | None = Field(default=None, description="Is added to the number.")
    multiply: float | None = Field(default=None, description="The number is multiplied by it.")
    replace: dict[Label, Label] | None = Field(
        default=None, min_length=1, max_length=100, description="Word -> the word in its place; other words stay."
    )
    to: float | Label | None = Field(default=None, description="The value in place of any other, or of none.")
    missing: bool = Field(default=False, description="Whether the value is taken away.")
    minimum: float | None = Field(default=None, description="A row whose number would fall below this is not asked.")
    maximum: float | None = Field(default=None, description="A row whose number would rise above this is not asked.")

    @model_validator(mode="after")
    def _one_thing_happens(self) -> ColumnChange:
        given = [name for name in ("add", "multiply", "replace", "to") if getattr(self, name) is not None]
        given += ["missing"] if self.missing else []
        if len(given) != 1:
            raise ValueError(
                f"{' and '.join(given) or 'nothing'} is given; give one of add, multiply, replace, to or missing"
            )
        if not self.is_numeric and (self.minimum is not None or self.maximum is not None):
            raise ValueError(f"minimum and maximum go with add or multiply, not with {given[0]}")
        return self

    @property
    def is_numeric(self) -> bool:
        """Whether it computes with the column's number."""
        return self.add is not None or self.multiply is not None


class Change(Section):
    """How a row is changed before it is asked again: one key for a text, or `columns` for a table."""

    typos: int | None = Field(
        default=None, ge=1, le=10, description="So many words have two neighbouring letters swapped."
    )
    words: LexiconName | None = Field(
        default=None,
        description="Every word of this lexicon becomes another one of it; `first_name` comes with the code.",
    )
    punctuation: Literal["final", "all"] | None = Field(
        default=None, description="`final`: the last mark is taken away, or a full stop is set; `all`: every mark goes."
    )
    case: Literal["lower", "upper"] | None = Field(default=None, description="All letters become small, or capitals.")
    contractions: Literal["expand", "contract"] | None = Field(
        default=None, description="`isn't` becomes `is not`, or the other way round (English)."
    )
    numbers: float | None = Field(
        default=None, gt=0, le=1, description="Whole numbers become others, at most by this share of themselves."
    )
    prefix: list[Phrase] | None = Field(
        default=None, min_length=1, max_length=100, description="One of these is put before the text."
    )
    suffix: list[Phrase] | None = Field(
        default=None, min_length=1, max_length=100, description="One of these is put after the text."
    )
    columns: dict[Column, ColumnChange] | None = Field(
        default=None, min_length=1, max_length=20, description="Column of a table -> what becomes of its value."
    )

    @model_validator(mode="after")
    def _one_change(self) -> Change:
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"{' and '.join(given) or 'nothing'} is given; give one change for each test")
        return self


class Expectation(Section):
    """What must be answered, for a test of minimum functionality or of a direction."""

    label: Label | None = Field(default=None, description="The class that must be the answer.")
    labels: list[Label] | None = Field(
        default=None, max_length=100, description="All labels that must be the answer, perhaps none."
    )
    includes: list[Label] | None = Field(
        default=None, min_length=1, max_length=100, description="Labels that must be among the answer."
    )
    excludes: list[Label] | None = Field(
        default=None, min_length=1, max_length=100, description="Labels that must not be among the answer."
    )
    minimum: float | None = Field(default=None, description="Smallest number that may be the answer.")
    maximum: float | None = Field(default=None, description="Largest number that may be the answer.")
    direction: Literal["not_lower", "not_higher"] | None = Field(
        default=None, description="Where the answer must not move when the row is changed (directional)."
    )
    of: Label | None = Field(
        default=None, description="The class or label whose probability is meant (directional; not for regression)."
    )

    @property
    def names(self) -> list[str]:
        """Every class and label that it names."""
        single = [name for name in (self.label, self.of) if name is not None]
        return [*single, *(self.labels or []), *(self.includes or []), *(self.excludes or [])]


class BehaviourTest(Section):
    """One test: many cases of one kind, and how many of them may fail."""

    name: BehaviourName = Field(description="Small letters, digits and single hyphens; no other test's.")
    kind: Literal["minimum_functionality", "invariance", "directional"] = Field(
        description="The answer is a given one; stays what it was when the row is changed; or moves one way only."
    )
    templates: list[Template] | None = Field(
        default=None,
        min_length=1,
        max_length=100,
        description="Texts of the recipe's own; `{name}` stands for each word of that lexicon.",
    )
    test_rows: int | None = Field(
        default=None, ge=1, le=MAX_CASES, description="How many of the held-back rows are asked, instead of templates."
    )
    change: Change | None = Field(default=None, description="Needed for invariance and directional tests.")
    expect: Expectation | None = Field(default=None, description="Needed for all but invariance.")
    tolerance: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="Invariance and directional: by how much the probability may move all the same; for a number its "
        "share.",
    )
    limit: Share = Field(default=0.05, description="Largest share of the cases that may fail.")
    severity: Literal["error", "warn"] = Field(
        default="error", description="Whether more failures than that reject the candidate, or only warn the approver."
    )
    max_cases: int = Field(
        default=200, ge=1, le=MAX_CASES, description="Of all that the templates make, so many are drawn."
    )

    @model_validator(mode="after")
    def _kind_has_its_parts(self) -> BehaviourTest:
        if (self.templates is None) == (self.test_rows is None):
            raise ValueError("give templates or test_rows, one of them, to say what is asked")
        if self.kind == "minimum_functionality":
            if self.tolerance:
                raise ValueError("tolerance has no meaning for minimum_functionality; remove it")
        elif self.change is None:
            raise ValueError(f"kind is {self.kind}, so change is needed: what is done to the row")
        if (self.expect is None) != (self.kind == "invariance"):
            wanted = "has no meaning; remove it" if self.expect else "is needed: what must be answered"
            raise ValueError(f"kind is {self.kind}, so expect {wanted}")
        return self

    @property
    def largest_cases(self) -> int:
        """How many cases it makes at most."""
        return self.max_cases if self.test_rows is None else self.test_rows


class BehaviourSection(Section):
    """Behavioural tests of the candidate, put to the live version as well; docs/behaviour.md says how to write them."""

    seed: int = Field(default=7, ge=0, description="Another seed draws other rows, words and typos.")
    lexicons: dict[LexiconName, list[Word]] = Field(
        default={}, max_length=50, description="Words that templates and changes draw from, at most 500 each."
    )
    tests: list[BehaviourTest] = Field(default=[], max_length=MAX_TESTS, description="In the order of the report.")

    @model_validator(mode="after")
    def _tests_can_be_made(self) -> BehaviourSection:
        for name, words in self.lexicons.items():
            if not words or len(words) > 500 or len(set(words)) < len(words):  # noqa: PLR2004 - as said above
                raise ValueError(f"lexicons.{name} needs 1 to 500 words, each once")
        names = [test.name for test in self.tests]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two tests are called {twice[0]}; give each a name of its own")
        for index, test in enumerate(self.tests):
            self._check_words(f"tests[{index}]", test)
        together = sum(test.largest_cases for test in self.tests)
        if together > MAX_CASES_TOGETHER:
            raise ValueError(
                f"the tests make up to {together:,} cases, and {MAX_CASES_TOGETHER:,} are allowed; lower test_rows or "
                "max_cases"
            )
        return self

    def _check_words(self, where: str, test: BehaviourTest) -> None:
        known = {*self.lexicons, FIRST_NAME}
        used = {name for template in test.templates or [] for name in placeholders(template)}
        used |= {test.change.words} if test.change is not None and test.change.words is not None else set()
        absent = sorted(used - known)
        if absent:
            raise ValueError(f"{where} uses the lexicon {absent[0]}, but lexicons has {', '.join(sorted(known))}")
        sizes = {name: len(self.lexicons.get(name, ())) or 100 for name in used}
        made = sum(math.prod(sizes[name] for name in placeholders(template)) for template in test.templates or [])
        if made > MAX_COMBINATIONS:
            raise ValueError(
                f"{where}.templates makes {made:,} texts, and {MAX_COMBINATIONS:,} are allowed; shorten the lexicons"
            )
        if test.change is not None and test.change.words is not None:
            one = self.lexicons.get(test.change.words)
            if one is not None and len(one) == 1:
                raise ValueError(f"{where}.change.words: the lexicon {test.change.words} has no other word to take")
