"""Looks at texts as texts, row by row, without keeping one: what TextProfile tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from steps.near_duplicates import NearDuplicates
from steps.profile import Place, Tally, TextProfile
from steps.text_checks import Languages, Words, has_broken_encoding, has_markup

if TYPE_CHECKING:
    from collections.abc import Sequence

    from steps.row_index import Repeated, RowIndex


class TextProfiler:
    """Takes the usable rows' texts one by one and ends in a profile."""

    def __init__(self) -> None:
        self._near = NearDuplicates()
        self._languages = Languages()
        self._words = Words()
        self._broken, self._markup = Tally(), Tally()

    def add(self, row: int, place: Place, text: str, identity: str) -> None:
        """Look at one text.

        row: its number in the RowIndex;  identity: equal for equal texts
        """
        self._near.add(row, identity)
        self._languages.add(place, text)
        self._words.add(identity)
        if has_broken_encoding(text):
            self._broken.add(place)
        if has_markup(text):
            self._markup.add(place)

    def words(self) -> int:
        """Different words, apart from case, up to one beyond the most that are counted."""
        return self._words.count()

    def profile(self, index: RowIndex, repeated: Repeated, languages: Sequence[str]) -> TextProfile:
        """What was seen so far.

        index: of the very rows that were added;  languages: codes of those that texts should be in
        """
        splits = index.splits()
        is_near = np.zeros(len(splits), dtype=np.bool_)
        is_leaked = np.zeros(len(splits), dtype=np.bool_)
        for earlier, later in self._near.pairs(repeated.is_first):
            is_near[later] = True
            # Of two parts it is the later one that is measured on what the earlier one has shown.
            parts = splits[earlier].astype(np.int8) - splits[later].astype(np.int8)
            is_leaked[earlier[parts > 0]] = True
            is_leaked[later[parts < 0]] = True
        compared = self._near.compared(repeated.is_first)
        return TextProfile(
            comparable=self._near.comparable,
            looked_at=self._near.looked_at,
            compared=len(compared),
            compared_held_back=int((splits[compared] > 0).sum()),
            near_duplicates=index.found(np.flatnonzero(is_near)),
            leaked=index.found(np.flatnonzero(is_leaked)),
            languages=self._languages.profile(languages),
            broken_encoding=self._broken.found(),
            markup=self._markup.found(),
        )
