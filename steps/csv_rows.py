"""Read one CSV file row by row, plain or gzipped, and say exactly where it cannot be read.

The file is never held in memory. A row with broken quotes, with bytes that are no text, or with more or fewer
fields than the header is yielded without fields; what makes all later rows unreliable ends the reading.
"""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, BinaryIO, cast

from steps.profile import BadByte, FileProblem, Place, ProblemKind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GZIP_MAGIC = b"\x1f\x8b"
UTF8_BOM = b"\xef\xbb\xbf"
MAX_LINE_BYTES = 16 * 1024 * 1024
EXPORT = "Export it as CSV with the encoding UTF-8."
# A column's name, not a sentence somebody wrote: only such names are repeated in an error.
COLUMN_NAME = re.compile(r"[^\W\d][\w.-]{0,39}( [\w.-]{1,20}){0,2}")


class UnreadableFileError(Exception):
    """The file as a whole, or all of it from one line on, cannot be read."""

    def __init__(self, kind: ProblemKind, sentence: str) -> None:
        super().__init__(sentence)
        self.problem = FileProblem(kind=kind, sentence=sentence)


@dataclass(frozen=True)
class CsvRow:
    """One data row: where it begins and its fields, None when they cannot be read."""

    place: Place
    fields: list[str] | None
    is_utf8: bool = True


class CsvRows:
    """The rows below the header of one open file; iterate once.

    Raises UnreadableFileError, when made (there is no header then) or while iterating.
    """

    def __init__(self, stream: BinaryIO, file: str) -> None:
        self.first_bad_byte: BadByte | None = None
        self._file = file
        self._is_utf8, self._has_nul = True, False  # of the lines of the current row
        self._reader = csv.reader(self._lines(stream), strict=True)
        csv.field_size_limit(MAX_LINE_BYTES)
        try:
            first = next(self._reader, None)
        except csv.Error as error:
            raise UnreadableFileError(
                "not_text", f"{file} is no CSV: its first line cannot be split into columns. {EXPORT}"
            ) from error
        if first is None:
            raise UnreadableFileError("empty", f"{file} is empty. Give a CSV with a header and rows.")
        if self.first_bad_byte is not None:
            raise UnreadableFileError("not_text", f"{file} is no CSV in UTF-8: {self.first_bad_byte}. {EXPORT}")
        if self._has_nul:
            raise UnreadableFileError("not_text", f"{file} is no CSV: its first line is no text. {EXPORT}")
        self.header = [name.strip() for name in first]

    def column(self, name: str) -> int:
        """Position of the one column of that name; raises UnreadableFileError when it is missing or there twice."""
        found = self.header.count(name)
        if found == 1:
            return self.header.index(name)
        if found:
            raise UnreadableFileError(
                "no_column", f"{self._file} has {found} columns named '{name}'. Keep one of them."
            )
        raise UnreadableFileError(
            "no_column",
            f"{self._file} has no column '{name}' ({what_is_there(self.header)}). "
            f"Name a column '{name}' in the file's first line, or name the right column in the recipe's data section.",
        )

    def __iter__(self) -> Iterator[CsvRow]:
        row = 0
        while True:
            line = self._reader.line_num + 1
            place = Place(row=row + 1, line=line)
            self._is_utf8, self._has_nul = True, False
            try:
                fields: list[str] | None = next(self._reader)
            except StopIteration:
                return
            except csv.Error as error:
                if self._reader.line_num > line:
                    # Broken over several lines: the rows it swallowed are lost.
                    raise UnreadableFileError(
                        "open_quote",
                        f"{self._file}: the quotes of {place} do not match, so nothing after it can be read. "
                        'Close the quote, and write a quote inside a text as "".',
                    ) from error
                fields = None
            if fields == []:
                continue  # a blank line
            row += 1
            whole = fields is not None and len(fields) == len(self.header) and self._is_utf8 and not self._has_nul
            yield CsvRow(place, fields if whole else None, is_utf8=self._is_utf8)

    def _lines(self, stream: BinaryIO) -> Iterator[str]:
        """Decoded lines with their line ends; notes which rows hold bytes that are no text."""
        for number in count(1):
            try:
                line = stream.readline(MAX_LINE_BYTES + 1)
            except (OSError, EOFError, zlib.error) as error:
                raise UnreadableFileError(
                    "unpackable", f"{self._file} cannot be unpacked near line {number}: {error}. Compress it anew."
                ) from error
            if not line:
                return
            if len(line) > MAX_LINE_BYTES:
                raise UnreadableFileError("not_text", f"{self._file} is no CSV: line {number} never ends. {EXPORT}")
            if number == 1:
                line = line.removeprefix(UTF8_BOM)
            self._has_nul = self._has_nul or b"\0" in line
            try:
                yield line.decode("utf-8")
            except UnicodeDecodeError as error:
                self._is_utf8 = False
                bad = BadByte(line=number, byte=error.start + 1, value=line[error.start])
                self.first_bad_byte = self.first_bad_byte or bad
                yield line.decode("utf-8", errors="replace")


def open_csv(path: Path) -> BinaryIO:
    """Open a file for CsvRows, unpacking it when its first bytes say gzip, whatever its name says."""
    stream = path.open("rb")
    if stream.peek(2)[:2] == GZIP_MAGIC:
        stream.close()
        return cast("BinaryIO", gzip.open(path, "rb"))
    return stream


def what_is_there(header: list[str]) -> str:
    """The columns found, or how many there are when the first line looks like data: no row's text is repeated."""
    if all(COLUMN_NAME.fullmatch(name) for name in header):
        return "it has " + ", ".join(f"'{name}'" for name in header[:20])
    if len(header) == 1 and (separator := next((s for s in ";\t|" if s in header[0]), None)):
        return f"its columns are not separated by commas but perhaps by {separator!r}"
    return f"its first line holds {len(header)} fields that are no column names"
