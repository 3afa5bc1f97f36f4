"""Texts that are nearly the same: found among millions in time and memory that grow with their number alone.

Holds 68 bytes for a text, never the text. Each is compared with its neighbours in each of 12 orders, not with all.
"""

from __future__ import annotations

import re
from array import array
from typing import TYPE_CHECKING

import numpy as np

from steps.min_hash import BANDS, SKETCH_BYTES, alike, band_keys, min_hashes, sketches

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

# The least share of runs of five characters in common; one word changed in a tweet leaves about 0.85.
ALIKE = 0.8
# Short texts are alike without meaning the same.
FEWEST_CHARACTERS = 40
# A long text is known by its beginning.
READ_CHARACTERS = 4000
# What ten million rows in 2 GiB leave room for, and characters that take about five minutes.
MOST_TEXTS = 10_000_000
MOST_CHARACTERS = 3_000_000_000
# Texts of one order that are compared with each: as many may lie between two that are alike.
NEIGHBOURS = 8
# What is hashed at once stays in a processor's cache.
_BLOCK_CHARACTERS = 65_536
_PAIRS_AT_ONCE = 1_000_000
# A tweet that was repeated has a link of its own.
_LINK = re.compile(r"https?://\S+")


class NearDuplicates:
    """Takes texts one by one and ends in pairs of them."""

    def __init__(self) -> None:
        self.comparable = 0
        self._waiting: list[str] = []
        self._waiting_characters = 0
        self._characters = 0
        self._rows = array("I")
        self._keys = [array("I") for _ in range(BANDS)]
        self._sketches = bytearray()

    def add(self, row: int, text: str) -> None:
        """Take the text of one row when it is long enough to be compared, and there is room for it.

        row: its number among the rows that were added, ascending;  text: in the form in which equal texts are equal
        """
        bare = " ".join(_LINK.sub(" ", text).split()) if "://" in text else text
        if len(bare) < FEWEST_CHARACTERS:
            return
        self.comparable += 1
        if len(self._rows) == MOST_TEXTS or self._characters >= MOST_CHARACTERS:
            return
        bare = bare[:READ_CHARACTERS]
        self._rows.append(row)
        self._waiting.append(bare)
        self._waiting_characters += len(bare)
        self._characters += len(bare)
        if self._waiting_characters >= _BLOCK_CHARACTERS:
            self._hash_waiting()

    def _hash_waiting(self) -> None:
        if self._waiting:
            least = min_hashes(self._waiting)
            for kept, keys in zip(self._keys, band_keys(least).T, strict=True):
                kept.frombytes(keys.tobytes())
            self._sketches += sketches(least).tobytes()
            self._waiting, self._waiting_characters = [], 0

    @property
    def looked_at(self) -> int:
        """Texts that there was room for, of those that are long enough."""
        return len(self._rows)

    def compared(self, among: NDArray[np.bool_]) -> NDArray[np.uint32]:
        """Rows that are compared, ascending.

        among: (rows,) whether a row is looked at, such as those that are no mere repetition
        """
        rows = np.frombuffer(self._rows, dtype=np.uint32)
        found: NDArray[np.uint32] = rows[among[rows]]
        return found

    def pairs(self, among: NDArray[np.bool_]) -> Iterator[tuple[NDArray[np.uint32], NDArray[np.uint32]]]:
        """The earlier and the later rows of pairs that are alike, a part at a time; a pair may come twice."""
        self._hash_waiting()
        if not self._rows:
            return
        # None of these is copied, since for millions of rows a copy is what there is no room for.
        rows = np.frombuffer(self._rows, dtype=np.uint32)
        all_sketches = np.frombuffer(self._sketches, dtype=np.uint8).reshape(-1, SKETCH_BYTES)
        looked_at = np.flatnonzero(among[rows]).astype(np.uint32)
        for band in self._keys:
            keys = np.frombuffer(band, dtype=np.uint32)[looked_at]
            order = np.argsort(keys, kind="stable")
            keys = keys[order]
            for distance in range(1, NEIGHBOURS + 1):
                earlier = np.flatnonzero(keys[distance:] == keys[:-distance])
                if not len(earlier):
                    break
                for start in range(0, len(earlier), _PAIRS_AT_ONCE):
                    part = earlier[start : start + _PAIRS_AT_ONCE]
                    one, other = looked_at[order[part]], looked_at[order[part + distance]]
                    found = alike(all_sketches[one], all_sketches[other]) >= ALIKE
                    yield rows[one[found]], rows[other[found]]
