"""What is kept of every usable row, in 21 bytes: enough to find repeated inputs, contradictory answers and places."""

from __future__ import annotations

import hashlib
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from steps.profile import EXAMPLES, Place, RowsFound
from steps.split import SPLITS, Split

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Repeated:
    """Rows whose input occurred before.

    is_first: (rows,) whether no earlier row has the same input
    conflicts: inputs with more than one answer, each with the first row that contradicts
    """

    is_first: NDArray[np.bool_]
    duplicates: RowsFound
    conflicts: RowsFound

    @property
    def distinct(self) -> int:
        """How many different inputs there are."""
        return int(self.is_first.sum())


class RowIndex:
    """Takes the usable rows one by one; they are numbered from 0 as they come."""

    def __init__(self) -> None:
        # Ten million different rows have the same 8 bytes once in 370,000 files.
        self._inputs = array("Q")
        self._answers = array("I")
        self._answer_numbers: dict[str, int] = {}
        self._splits = bytearray()
        self._rows, self._lines = array("I"), array("I")

    def add(self, place: Place, identity: str, answer: str, split: Split) -> int:
        """Take one row; its number.

        identity, answer: equal for equal inputs and equal answers
        """
        digest = hashlib.blake2b(identity.encode(), digest_size=8).digest()
        self._inputs.append(int.from_bytes(digest, "big"))
        self._answers.append(self._answer_numbers.setdefault(answer, len(self._answer_numbers)))
        self._splits.append(SPLITS.index(split))
        self._rows.append(place.row)
        self._lines.append(place.line)
        return len(self._rows) - 1

    def splits(self) -> NDArray[np.uint8]:
        """(rows,) the part of each row, as its position in SPLITS."""
        return np.frombuffer(self._splits, dtype=np.uint8)

    def found(self, rows: NDArray[np.int64]) -> RowsFound:
        """These rows, ascending, as a profile tells of them."""
        places = (Place(row=self._rows[row], line=self._lines[row]) for row in rows[:EXAMPLES].tolist())
        return RowsFound(count=len(rows), places=tuple(places))

    def repeated(self) -> Repeated:
        """Compare all rows."""
        unordered = np.frombuffer(self._inputs, dtype=np.uint64)
        order = np.argsort(unordered, kind="stable")  # among equal inputs the earlier row stays first
        inputs = unordered[order]
        begins = np.ones(len(inputs), dtype=np.bool_)
        begins[1:] = inputs[1:] != inputs[:-1]
        del inputs
        is_first = np.zeros(len(order), dtype=np.bool_)
        is_first[order[begins]] = True
        group = np.cumsum(begins, dtype=np.uint32)  # from 1
        answers = np.frombuffer(self._answers, dtype=np.uint32)[order]
        contradicts = np.flatnonzero(answers != answers[begins][group - 1])
        _, first_of_group = np.unique(group[contradicts], return_index=True)
        return Repeated(
            is_first=is_first,
            duplicates=self.found(np.flatnonzero(~is_first)),
            conflicts=self.found(np.sort(order[contradicts[first_of_group]])),
        )
