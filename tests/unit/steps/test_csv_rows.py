from __future__ import annotations

import gzip
import io
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steps.csv_rows import CsvRow, CsvRows, UnreadableFileError, open_csv


def rows_of(data: bytes) -> list[CsvRow]:
    return list(CsvRows(io.BytesIO(data), "f.csv"))


def fields_of(data: bytes) -> list[list[str] | None]:
    return [row.fields for row in rows_of(data)]


def problem_of(data: bytes) -> tuple[str, str]:
    with pytest.raises(UnreadableFileError) as caught:
        CsvRows(io.BytesIO(data), "f.csv").column("text")
    return caught.value.problem.kind, caught.value.problem.sentence


def test_quoted_fields_hold_commas_quotes_and_line_breaks() -> None:
    assert fields_of(b'text,label\n"a, ""b""\nc",1\nd,0\n') == [['a, "b"\nc', "1"], ["d", "0"]]


def test_a_byte_order_mark_windows_line_ends_and_blank_lines_are_no_matter() -> None:
    rows = CsvRows(io.BytesIO(b"\xef\xbb\xbftext,label\r\n\r\na,1\r\n\r\n"), "f.csv")
    assert rows.header == ["text", "label"]
    assert [row.fields for row in rows] == [["a", "1"]]


def test_rows_are_counted_without_the_header_and_lines_with_it() -> None:
    rows = rows_of(b'text,label\n"a\nb",1\n\nc,0\n')
    assert [str(row.place) for row in rows] == ["row 1 (line 2)", "row 2 (line 5)"]


@pytest.mark.parametrize("line", [b"only one field", b"one,two,three", b'"a"b,1', b"a\0b,1", b"caf\xe9,1"], ids=repr)
def test_a_damaged_row_is_yielded_without_fields_and_the_rows_around_it_are_read(line: bytes) -> None:
    assert fields_of(b"text,label\na,1\n" + line + b"\nb,0\n") == [["a", "1"], None, ["b", "0"]]


def test_the_first_byte_that_is_not_utf8_is_named() -> None:
    rows = CsvRows(io.BytesIO(b"text,label\na,1\ncaf\xe9 \xe9,1\nna\xefve,0\n"), "f.csv")
    assert [row.is_utf8 for row in rows] == [True, False, False]
    assert str(rows.first_bad_byte) == "line 3, byte 4 is 0xe9"


def test_quotes_left_open_end_the_reading() -> None:
    rows = iter(CsvRows(io.BytesIO(b'text,label\na,1\n"b,0\nc,1\n'), "f.csv"))
    assert next(rows).fields == ["a", "1"]
    with pytest.raises(UnreadableFileError, match=r"f\.csv: the quotes of row 2 \(line 3\) do not match"):
        next(rows)


def test_an_empty_file_and_files_that_are_no_csv_say_so() -> None:
    assert problem_of(b"")[0] == "empty"
    assert problem_of(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR") == (
        "not_text",
        "f.csv is no CSV in UTF-8: line 1, byte 1 is 0x89. Export it as CSV with the encoding UTF-8.",
    )
    assert problem_of("text,label\n".encode("utf-16"))[0] == "not_text"
    assert problem_of(b"te\0xt,label\n")[0] == "not_text"
    assert problem_of(b"text,label\ra,1\rb,0\r")[0] == "not_text"


def test_a_missing_column_is_named_with_those_that_are_there() -> None:
    kind, sentence = problem_of(b"review,sentiment\ngood,1\n")
    assert kind == "no_column"
    assert "has no column 'text' (it has 'review', 'sentiment')" in sentence


@pytest.mark.parametrize(
    "first_line",
    [
        b"This is the secret first row of my file,1",
        b'{"text": "secret", "label": 1}',
        b'[{"text": "secret"}]',
        b"<html><body>secret</body></html>",
        b"secret, 5",
    ],
)
def test_a_first_line_that_is_no_header_is_not_repeated(first_line: bytes) -> None:
    kind, sentence = problem_of(first_line + b"\n")
    assert kind == "no_column"
    assert "secret" not in sentence
    assert "no column names" in sentence


def test_another_separator_is_guessed() -> None:
    assert "perhaps by ';'" in problem_of(b"text;label\na;1\n")[1]
    assert "perhaps by '\\t'" in problem_of(b"text\tlabel\na\t1\n")[1]


def test_a_column_that_is_there_twice_is_refused() -> None:
    assert "2 columns named 'text'" in problem_of(b"text,label,text\n")[1]


def test_gzip_is_known_by_its_first_bytes(tmp_path: Path) -> None:
    file = tmp_path / "named.csv"
    file.write_bytes(gzip.compress(b"text,label\na,1\n"))
    with open_csv(file) as stream:
        assert [row.fields for row in CsvRows(stream, file.name)] == [["a", "1"]]


def test_a_gzip_file_cut_short_says_that_it_cannot_be_unpacked(tmp_path: Path) -> None:
    file = tmp_path / "f.csv.gz"
    file.write_bytes(gzip.compress(b"text,label\n" + b"abcdefgh,1\n" * 9000)[:60])
    with open_csv(file) as stream, pytest.raises(UnreadableFileError, match="cannot be unpacked near line"):
        list(CsvRows(stream, file.name))


@given(st.binary(max_size=400))
def test_whatever_the_bytes_rows_are_whole_or_marked_or_the_file_is_a_problem(data: bytes) -> None:
    rows = CsvRows(io.BytesIO(b"text,label\n" + data), "f.csv")
    with suppress(UnreadableFileError):
        assert all(row.fields is None or len(row.fields) == 2 for row in rows)
