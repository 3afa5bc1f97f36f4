"""Which part of the data a row belongs to, from its input alone.

A row keeps its part when rows are added, removed or reordered, and equal inputs never part, so nothing is both
trained on and measured on.
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
    """The part of one text."""
    return split_of_identity(normalised_text(text), split)


def split_of_identity(identity: str, split: SplitSection) -> Split:
    """The part of one row, by a hash of (seed, identity) spread evenly over [0, 1).

    identity: equal for rows that count as equal: a normalised text, or a table row's input cells
    """
    digest = hashlib.sha256(f"{split.seed}\n{identity}".encode()).digest()
    position = int.from_bytes(digest[:8], "big") / 2**64
    if position < split.test_share:
        return "test"
    if position < split.test_share + split.validation_share:
        return "validation"
    return "train"
