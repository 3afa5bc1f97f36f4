"""How alike two texts are, told from a few bytes of each: min-wise hashing of their runs of five characters.

The share of runs that two texts have in common (Jaccard's) is the probability that a random order of all runs puts the
same run first in both (Broder, 1997). 60 such orders in 12 bands of 5 find the pairs to compare, as in locality-
sensitive hashing; two bits of each of 64 tell how alike a pair is (Li and König, WWW 2010). All of it is done for many
texts at once, since millions of them must take minutes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

RUN_CHARACTERS = 5
BANDS = 12
BAND_ORDERS = 5
ORDERS = 64
SKETCH_BYTES = 16  # two bits of each order
# Two bits of different runs are equal once in four times.
BY_CHANCE = 0.25

_RANDOM = np.random.default_rng(20_260_718)
_MULTIPLIERS = _RANDOM.integers(1, 2**31, ORDERS, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
_ADDENDS = _RANDOM.integers(0, 2**32, ORDERS, dtype=np.uint32)
_GOLDEN_RATIO = np.uint64(0x9E3779B97F4A7C15)
_BITS = np.array([byte.bit_count() for byte in range(256)], dtype=np.uint8)


def min_hashes(texts: Sequence[str]) -> NDArray[np.uint32]:
    """(texts, ORDERS) the least hash of each text's runs in each order; a text has at least RUN_CHARACTERS."""
    codes = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)
    lengths = np.fromiter((len(text) for text in texts), dtype=np.int64, count=len(texts))
    ends = np.cumsum(lengths)
    runs = np.zeros(len(codes) + 1, dtype=np.uint64)
    last = len(codes) - RUN_CHARACTERS + 1
    for offset in range(RUN_CHARACTERS):
        runs[:last] = runs[:last] * _GOLDEN_RATIO + codes[offset : offset + last]
    runs ^= runs >> np.uint64(29)
    runs *= _GOLDEN_RATIO
    hashes = (runs >> np.uint64(32)).astype(np.uint32)
    # Every other segment is the four runs that begin in one text and end in the next.
    segments = np.empty(2 * len(texts), dtype=np.int64)
    segments[::2], segments[1::2] = ends - lengths, ends - RUN_CHARACTERS + 1
    least = np.empty((ORDERS, len(texts)), dtype=np.uint32)
    ordered = np.empty_like(hashes)
    for order in range(ORDERS):
        np.multiply(hashes, _MULTIPLIERS[order], out=ordered)
        ordered += _ADDENDS[order]
        least[order] = np.minimum.reduceat(ordered, segments)[::2]
    return least.T


def band_keys(least: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """(texts, BANDS) equal for texts that are perhaps alike."""
    keys = np.zeros((len(least), BANDS), dtype=np.uint64)
    for order in range(BAND_ORDERS):
        keys = (keys + least[:, order : BANDS * BAND_ORDERS : BAND_ORDERS]) * _GOLDEN_RATIO
    return (keys >> np.uint64(32)).astype(np.uint32)


def sketches(least: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """(texts, SKETCH_BYTES) two bits of each order, by which `alike` compares."""
    # The upper bits of a least hash are nearly always 0, the lower ones are anything.
    bits = (least & np.uint32(3)).astype(np.uint8).reshape(len(least), SKETCH_BYTES, 4)
    packed = np.zeros((len(least), SKETCH_BYTES), dtype=np.uint8)
    for place in range(4):
        packed |= bits[..., place] << np.uint8(2 * place)
    return packed


def alike(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.float64]:
    """(pairs,) share of runs in common, give or take 0.05, of the sketches (pairs, SKETCH_BYTES); at most 1."""
    different = one ^ other
    orders: NDArray[np.int64] = _BITS[(different | different >> 1) & 0b01010101].sum(axis=1, dtype=np.int64)
    shares: NDArray[np.float64] = (1 - orders / ORDERS - BY_CHANCE) / (1 - BY_CHANCE)
    return shares
