"""The models' regular expressions: they are written for Java, and some are no valid ones for Python's `re`."""

from __future__ import annotations

from functools import cache

import regex

# Java spells the characters beyond U+FFFF as pairs of surrogates, even in a range.
SURROGATES = r"\uD800\uDC00-\uDBFF\uDFFF"
BEYOND_BASIC_PLANE = r"\U00010000-\U0010FFFF"


def matches(pattern: str, text: str) -> bool:
    """Whether the pattern matches the whole text."""
    return compiled(pattern).fullmatch(text) is not None


@cache
def compiled(pattern: str) -> regex.Pattern[str]:
    """The pattern as Java means it; raises regex.error for one that is none."""
    # In Java \w and \d are ASCII; only \p{…} classes know other scripts.
    flags = regex.VERSION0 if r"\p" in pattern else regex.VERSION0 | regex.ASCII
    return regex.compile(pattern.replace(SURROGATES, BEYOND_BASIC_PLANE), flags)
