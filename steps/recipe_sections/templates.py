"""The small language of templates: `{name}` stands for a word of the lexicon of that name."""

from __future__ import annotations

import re

_PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")


def placeholders(template: str) -> list[str]:
    """Names of the lexicons in a template, each once, in order."""
    return list(dict.fromkeys(_PLACEHOLDER.findall(template)))


def filled(template: str, words: dict[str, str]) -> str:
    """The text with a word for each lexicon; the same word wherever its name stands."""
    return _PLACEHOLDER.sub(lambda found: words[found.group(1)], template)
