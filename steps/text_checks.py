"""What is wrong with texts as texts: broken encoding, markup, an unexpected language; and how many words they have.

Encoding, markup and words are looked at in every text, the language in some of them, spread evenly over the
file: to tell a language takes longer than all the rest.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING

import ftfy
import numpy as np
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from steps.profile import EXAMPLES, LanguageProfile, Place, RowsFound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

# What stands where a byte could not be read.
_REPLACEMENT = "\ufffd"
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,300}>")
_ENTITY = re.compile(r"&(?:[a-zA-Z][a-zA-Z0-9]{1,30}|#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6});")
_NO_WORDS = re.compile(r"https?://\S+|[@#]\w+")

# Texts whose language is looked at, at most; the share of another one is known to about 1 %.
LANGUAGE_TEXTS = 2000
# Fewer letters, or less confidence, tell no language reliably.
FEWEST_LETTERS = 40
CONFIDENCE = 0.95
LANGUAGE_CHARACTERS = 400
_LANGUAGES_TOLD = 10
_GOLDEN_RATIO = 0x9E3779B97F4A7C15

# More words are counted no further.
MOST_WORDS = 10_000_000
_WORDS_IN_A_SET = 500_000


def has_broken_encoding(text: str) -> bool:
    """Whether characters were lost, or bytes were read in an encoding that was not theirs: `cafÃ©`."""
    return not text.isascii() and (_REPLACEMENT in text or ftfy.fix_encoding(text) != text)


def has_markup(text: str) -> bool:
    """Whether there are tags or entities of HTML or XML."""
    return ("<" in text and _TAG.search(text) is not None) or ("&" in text and _ENTITY.search(text) is not None)


@cache
def _identifier() -> LanguageIdentifier:
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


class Languages:
    """Tells the languages of texts taken evenly from as many as come."""

    def __init__(self) -> None:
        self._thinned = 0  # one text in 2 ** this is looked at
        self._looked_at: list[tuple[Place, str | None]] = []  # None of an unclear one

    def add(self, place: Place, text: str) -> None:
        """Look at one text, or not."""
        if len(text) < FEWEST_LETTERS or not self._is_taken(place.row):
            return
        bare = _NO_WORDS.sub(" ", _ENTITY.sub(" ", _TAG.sub(" ", text[: 2 * LANGUAGE_CHARACTERS])))
        bare = bare[:LANGUAGE_CHARACTERS]
        if sum(map(str.isalpha, bare)) < FEWEST_LETTERS:
            return
        language, confidence = _identifier().classify(bare)
        self._looked_at.append((place, language if confidence >= CONFIDENCE else None))
        if len(self._looked_at) > LANGUAGE_TEXTS:
            self._thinned += 1
            self._looked_at = [one for one in self._looked_at if self._is_taken(one[0].row)]

    def _is_taken(self, row: int) -> bool:
        # Multiples of the golden ratio are spread evenly, whatever order the file is in.
        return (row * _GOLDEN_RATIO & 0xFFFFFFFFFFFFFFFF) >> 64 - self._thinned == 0

    def profile(self, expected: Sequence[str]) -> LanguageProfile:
        """What was told so far.

        expected: codes of the languages that texts should be in; without any, the one of most texts
        """
        told = [(place, language) for place, language in self._looked_at if language is not None]
        counts = Counter(language for _, language in told)
        wanted = tuple(expected) or tuple(language for language, _ in counts.most_common(1))
        others = [place for place, language in told if language not in wanted]
        return LanguageProfile(
            texts=len(told),
            expected=wanted,
            counts=dict(counts.most_common(_LANGUAGES_TOLD)),
            others=RowsFound(count=len(others), places=tuple(others[:EXAMPLES])),
        )


class Words:
    """Counts different words, up to MOST_WORDS, holding 8 bytes of each."""

    def __init__(self) -> None:
        self._recent: set[int] = set()
        self._all: NDArray[np.int64] = np.empty(0, dtype=np.int64)

    def add(self, text: str) -> None:
        """Take the words of one text."""
        if len(self._all) > MOST_WORDS:
            return
        self._recent.update(map(hash, text.split()))
        if len(self._recent) > _WORDS_IN_A_SET:
            self._put_together()

    def _put_together(self) -> None:
        recent = np.fromiter(self._recent, dtype=np.int64, count=len(self._recent))
        self._all = np.union1d(self._all, recent)
        self._recent = set()

    def count(self) -> int:
        """How many there are; one more than MOST_WORDS stands for any greater number."""
        self._put_together()
        return min(len(self._all), MOST_WORDS + 1)
