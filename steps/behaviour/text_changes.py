"""Changes that leave a text's meaning, or add to it: typos, words, punctuation, case, contractions, numbers, phrases.

Each function gives the changed text, or the text itself where there is nothing to change. What is drawn is drawn from
`rng` alone, so that a case is the same in every run.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random

from steps.behaviour.words import CONTRACTIONS

# A swap inside a shorter word makes another word too often.
MIN_TYPO_LETTERS = 4
MARKS = ".,;:!?…"
_LETTERS = re.compile(rf"[^\W\d_]{{{MIN_TYPO_LETTERS},}}")
# Not the digits of a link, a date, a price or a name such as B-52. 2 and 4 are often written for "to" and "for".
_NUMBER = re.compile(r"(?<![\w.,:/#@-])(?![24]\b)[1-9]\d{0,6}(?![\w:/-]|[.,]\d)")
_CONTRACTED = {expanded: short for short, expanded in CONTRACTIONS.items()}


def with_typos(text: str, count: int, rng: Random) -> str:
    """`count` words with two different neighbouring letters swapped, never the first; fewer if there are no more."""
    places = [
        [at for at in range(word.start() + 1, word.end() - 1) if text[at] != text[at + 1]]
        for word in _LETTERS.finditer(text)
    ]
    words = [swaps for swaps in places if swaps]
    letters = list(text)
    for swaps in rng.sample(words, min(count, len(words))):
        at = rng.choice(swaps)
        letters[at], letters[at + 1] = letters[at + 1], letters[at]
    return "".join(letters)


def with_other_words(text: str, lexicon: Sequence[str], rng: Random) -> str:
    """Every word or phrase of the lexicon becomes another one of it: one word the same one throughout, in its case."""
    if len(lexicon) < 2:  # noqa: PLR2004 - there is no other one
        return text
    # The longest first, so that a phrase is found before a word inside it.
    longest_first = sorted(lexicon, key=len, reverse=True)
    found = re.compile(rf"(?<!\w)({'|'.join(map(re.escape, longest_first))})(?!\w)", re.IGNORECASE)
    taken: dict[str, str] = {}

    def other(match: re.Match[str]) -> str:
        word = match.group()
        if word.lower() not in taken:
            taken[word.lower()] = rng.choice([each for each in lexicon if each.lower() != word.lower()])
        return _in_case_of(word, taken[word.lower()])

    return found.sub(other, text)


def with_other_punctuation(text: str, how: str) -> str:
    """`final`: without the marks at its end, or with a full stop where there is none; `all`: without any mark."""
    if how == "all":
        return " ".join("".join(letter for letter in text if letter not in MARKS).split())
    bare = text.rstrip()
    ended = bare.rstrip(MARKS + " ")
    return ended if ended != bare else f"{bare}."


def with_contractions(text: str, how: str) -> str:
    """`expand`: without contractions such as `isn't`; `contract`: with them wherever one is usual."""
    pairs = CONTRACTIONS if how == "expand" else _CONTRACTED
    words = "|".join(re.escape(each).replace("'", "['’]") for each in pairs)  # noqa: RUF001 - the typographic one too

    def other(match: re.Match[str]) -> str:
        return _in_case_of(match.group(), pairs[match.group().lower().replace("’", "'")])  # noqa: RUF001

    return re.sub(rf"(?<!\w)({words})(?!\w)", other, text, flags=re.IGNORECASE)


def with_other_numbers(text: str, share: float, rng: Random) -> str:
    """Whole numbers that stand alone become others, at most `share` of themselves away, at least by 1."""

    def other(match: re.Match[str]) -> str:
        number = int(match.group())
        reach = max(1, int(number * share))
        return str(rng.choice([near for near in range(max(1, number - reach), number + reach + 1) if near != number]))

    return _NUMBER.sub(other, text)


def _in_case_of(model: str, word: str) -> str:
    """The word in small letters, in capitals or with a capital first, as the model is written."""
    if model.islower():
        return word.lower()
    if len(model) > 1 and model.isupper():
        return word.upper()
    return word[0].upper() + word[1:]
