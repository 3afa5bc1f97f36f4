"""The cases of behavioural tests: texts made of templates, and held-back rows, before and after their change.

What is drawn follows from the section's seed, the test's name and the row's number alone: another test, or more rows,
do not change what a row is asked.
"""

from __future__ import annotations

import hashlib
import heapq
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from steps.behaviour.changes import Lexicons, all_lexicons, changed
from steps.recipe_sections.templates import filled, placeholders

if TYPE_CHECKING:
    from steps.answers import Row
    from steps.recipe_sections.behaviour import BehaviourSection, BehaviourTest


@dataclass(frozen=True)
class BehaviourCase:
    """One case: what is asked, what was asked before it was changed, and which held-back row it was, from 1."""

    after: Row
    before: Row | None = None
    row_number: int | None = None


def make_cases(section: BehaviourSection, rows: Iterable[Row]) -> list[list[BehaviourCase]]:
    """The cases of each test, in the recipe's order; perhaps none, where no row can be changed so.

    rows: the held-back rows, read once, of which no more are kept than are asked
    """
    lexicons = all_lexicons(section.lexicons)
    draws = [
        None if test.test_rows is None else _Draw(test, test.test_rows, section.seed, lexicons)
        for test in section.tests
    ]
    wanted = [draw for draw in draws if draw is not None]
    for number, row in enumerate(rows if wanted else (), start=1):
        for draw in wanted:
            draw.offer(number, row)
    return [
        _template_cases(test, section.seed, lexicons) if draw is None else draw.cases()
        for test, draw in zip(section.tests, draws, strict=True)
    ]


def _template_cases(test: BehaviourTest, seed: int, lexicons: Lexicons) -> list[BehaviourCase]:
    """All texts of the templates, or `max_cases` of them."""
    rng = Random(f"{seed}:{test.name}")  # noqa: S311 - a sample, no secret
    texts = list(dict.fromkeys(text for template in test.templates or [] for text in _texts(template, lexicons)))
    if len(texts) > test.max_cases:
        chosen = sorted(rng.sample(range(len(texts)), test.max_cases))
        texts = [texts[index] for index in chosen]
    if test.change is None:
        return [BehaviourCase(after=text) for text in texts]
    pairs = ((text, changed(text, test.change, lexicons, rng)) for text in texts)
    return [BehaviourCase(after=after, before=before) for before, after in pairs if after is not None]


def _texts(template: str, lexicons: Lexicons) -> Iterator[str]:
    names = placeholders(template)
    for words in itertools.product(*(lexicons[name] for name in names)):
        yield filled(template, dict(zip(names, words, strict=True)))


class _Draw:
    """As many rows as a test asks, drawn from all that can be changed as it wants."""

    def __init__(self, test: BehaviourTest, count: int, seed: int, lexicons: Lexicons) -> None:
        self._test = test
        self._count = count
        self._prefix = f"{seed}:{test.name}:"
        self._lexicons = lexicons
        # The rows of the smallest draws, the largest of them first; no two entries compare beyond the number.
        self._kept: list[tuple[int, int, BehaviourCase]] = []

    def offer(self, number: int, row: Row) -> None:
        """Take the row in if it is among those drawn."""
        digest = hashlib.blake2b(f"{self._prefix}{number}".encode(), digest_size=8).digest()
        draw = -int.from_bytes(digest, "big")
        is_full = len(self._kept) == self._count
        if is_full and draw <= self._kept[0][0]:
            return
        case = self._case(number, row)
        if case is None:
            return
        if is_full:
            heapq.heapreplace(self._kept, (draw, -number, case))
        else:
            heapq.heappush(self._kept, (draw, -number, case))

    def cases(self) -> list[BehaviourCase]:
        """Those drawn, in the order of the rows."""
        return [case for _, _, case in sorted(self._kept, key=lambda kept: -kept[1])]

    def _case(self, number: int, row: Row) -> BehaviourCase | None:
        if self._test.change is None:
            return BehaviourCase(after=row, row_number=number)
        rng = Random(f"{self._prefix}{number}")  # noqa: S311 - as above
        after = changed(row, self._test.change, self._lexicons, rng)
        return None if after is None else BehaviourCase(after=after, before=row, row_number=number)
