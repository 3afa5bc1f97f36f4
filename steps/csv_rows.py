"""Read one CSV file row by row, plain or gzipped, and say exactly where it cannot be read.

The file is never held in memory. A row with broken quotes or a NUL byte, or with more or fewer fields
than the header, is yielded without fields; what makes all later rows unreliable ends the reading.
"""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, cast

from steps.profile import FileProblem, Place, ProblemKind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GZIP_MAGIC = b"\x1f\x8b"
UTF8_BOM = b"\xef\xbb\xbf"
MAX_LINE_BYTES = 16 * 1024 * 1024
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


class CsvRows:
    """The rows below the header of one open file; iterate once.

    Raises UnreadableFileError, on opening (`header` is then unknown) or while iterating.
    """

    def __init__(self, stream: BinaryIO, file: str) -> None:
        self._file = file
        self._reader = csv.reader(_text_lines(stream, file), strict=True)
        csv.field_size_limit(MAX_LINE_BYTES)
        try:
            first = next(self._reader, None)
        except csv.Error as error:
            raise UnreadableFileError(
                "not_text", f"{file} is no CSV: its first line cannot be split into columns; export it as CSV (UTF-8)"
            ) from error
        if first is None:
            raise UnreadableFileError("empty", f"{file} is empty; give a CSV with a header and one row a text")
        self.header = [name.strip() for name in first]

    def column(self, name: str) -> int:
        """Position of the one column of that name; raises UnreadableFileError when it is missing or there twice."""
        found = self.header.count(name)
        if found == 1:
            return self.header.index(name)
        if found:
            raise UnreadableFileError("no_column", f"{self._file} has {found} columns named '{name}'; keep one of them")
        raise UnreadableFileError(
            "no_column",
            f"{self._file} has no column '{name}' ({_what_is_there(self.header)}); "
            f"name it '{name}' in the file's first line, or name the right column in the recipe's `data` section",
        )

    def __iter__(self) -> Iterator[CsvRow]:
        row = 0
        while True:
            line = self._reader.line_num + 1
            place = Place(row=row + 1, line=line)
            try:
                fields = next(self._reader)
            except StopIteration:
                return
            except csv.Error as error:
                if self._reader.line_num > line:
                    # Broken over several lines: the rows it swallowed are lost.
                    raise UnreadableFileError(
                        "open_quote",
                        f"{self._file}: the quotes of {place} do not match, so nothing after it can be read; "
                        'close the quote, and write a quote inside a text as ""',
                    ) from error
                fields = None
            if fields == []:
                continue  # a blank line
            row += 1
            whole = fields is not None and len(fields) == len(self.header) and not any("\0" in f for f in fields)
            yield CsvRow(place, fields if whole else None)


def open_csv(path: Path) -> BinaryIO:
    """Open a file for CsvRows, unpacking it when its first bytes say gzip, whatever its name says."""
    stream = path.open("rb")
    if stream.peek(2)[:2] == GZIP_MAGIC:
        stream.close()
        return cast("BinaryIO", gzip.open(path, "rb"))
    return stream


def _text_lines(stream: BinaryIO, file: str) -> Iterator[str]:
    number = 0
    while True:
        number += 1
        try:
            line = stream.readline(MAX_LINE_BYTES + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise UnreadableFileError(
                "unpackable", f"{file} cannot be unpacked near line {number}: {error}; compress it anew with gzip"
            ) from error
        if not line:
            return
        if number == 1:
            line = line.removeprefix(UTF8_BOM)
        if len(line) > MAX_LINE_BYTES or (number == 1 and b"\0" in line):
            raise UnreadableFileError(
                "not_text", f"{file} is no CSV (line {number} is no text); export it as CSV (UTF-8)"
            )
        try:
            yield line.decode("utf-8")
        except UnicodeDecodeError as error:
            kind: ProblemKind = "not_text" if number == 1 else "not_utf8"
            says = "is no CSV in UTF-8" if number == 1 else "is not UTF-8 throughout"
            raise UnreadableFileError(
                kind,
                f"{file} {says}: line {number}, byte {error.start + 1} is 0x{line[error.start]:02x}; "
                "export it as CSV with the encoding UTF-8",
            ) from error


def _what_is_there(header: list[str]) -> str:
    """The columns found, or how many there are when the first line looks like data: no row's text is repeated."""
    if all(COLUMN_NAME.fullmatch(name) for name in header):
        return "it has " + ", ".join(f"'{name}'" for name in header[:20])
    if len(header) == 1 and (separator := next((s for s in ";\t|" if s in header[0]), None)):
        return f"its columns are not separated by commas but perhaps by {separator!r}"
    return f"its first line holds {len(header)} fields that are no column names"
