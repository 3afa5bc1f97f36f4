"""Which part of the data a row belongs to, from its text alone.

A row keeps its part when rows are added, removed or reordered, and equal texts never part, so no
text is both trained on and measured on.
"""

from __future__ import annotations

import hashlib
import unicodedata
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from steps.recipe_sections.data import SplitSection

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")


def normalised_text(text: str) -> str:
    """The form in which two texts count as equal: compatibility forms, case and spacing put aside."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def split_of(text: str, split: SplitSection) -> Split:
    """The part of one text, by a hash of (seed, normalised text) spread evenly over [0, 1)."""
    digest = hashlib.sha256(f"{split.seed}\n{normalised_text(text)}".encode()).digest()
    position = int.from_bytes(digest[:8], "big") / 2**64
    if position < split.test_share:
        return "test"
    if position < split.test_share + split.validation_share:
        return "validation"
    return "train"
