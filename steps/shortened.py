"""Texts of bounded size: what states tell each other must fit into 256 KiB, however much there is to tell."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from pydantic import AfterValidator

SENTENCE_BYTES = 1000
REASON_BYTES = 2000
# The message of one of our own exceptions; Step Functions takes a cause of 32,768 characters.
MESSAGE_BYTES = 4000


def shortened(text: str, limit: int) -> str:
    """The text, cut to at most `limit` bytes of UTF-8, with a note when it was cut."""
    encoded = text.encode(errors="backslashreplace")
    if len(encoded) <= limit:
        return text
    note = f"… (cut: {len(text):,} characters in all)"
    return encoded[: limit - len(note.encode())].decode(errors="ignore") + note


# Field types of the contracts: a longer text is cut, never refused.
Sentence = Annotated[str, AfterValidator(partial(shortened, limit=SENTENCE_BYTES))]
Reason = Annotated[str, AfterValidator(partial(shortened, limit=REASON_BYTES))]
