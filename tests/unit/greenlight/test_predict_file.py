"""`predict --file`: what is checked before anything is sent, and how the files are carried."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from typer.testing import CliRunner, Result

from greenlight.batch_files import check_columns, check_files, download_predictions, size_of, upload_rows
from greenlight.cli import app
from greenlight.errors import ExitCode, StoppedError, WrongUseError
from greenlight.explain import explain
from steps import pieces
from steps.model_card import ModelInput

TEXT = ModelInput(text_column="text", features=None, max_text_characters=100)
Call = Callable[..., Result]


class Body:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def iter_chunks(self, size: int) -> Any:
        for start in range(0, len(self._content), size):
            yield self._content[start : start + size]


class Storage:
    """Objects by key, as far as files are carried; refuses to store after a number of them."""

    def __init__(self, room: int = 1000) -> None:
        self.objects: dict[str, bytes] = {}
        self._room = room

    def put_object(self, *, Bucket: str, Key: str, Body: bytes) -> None:  # noqa: N803 - boto3's names
        if len(self.objects) == self._room:
            raise KeyboardInterrupt
        assert Bucket == "bucket"
        self.objects[Key] = Body

    def delete_object(self, *, Bucket: str, Key: str) -> None:  # noqa: N803 - boto3's names
        assert Bucket == "bucket"
        self.objects.pop(Key, None)

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        assert Bucket == "bucket"
        return {"Body": Body(self.objects[Key])}

    def get_paginator(self, operation: str) -> Storage:
        assert operation == "list_objects_v2"
        return self

    def paginate(self, *, Bucket: str, Prefix: str) -> Any:  # noqa: N803 - boto3's names
        assert Bucket == "bucket"
        for key in sorted(self.objects, reverse=True):
            if key.startswith(Prefix):
                yield {"Contents": [{"Key": key, "Size": len(self.objects[key])}]}


def s3(storage: Storage) -> Any:
    return cast("Any", storage)


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces.cut, "__defaults__", (4,))


@pytest.mark.usefixtures("small_pieces")
def test_a_file_goes_up_in_pieces_and_what_was_told_adds_up(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_bytes(b"text\nfine\n")
    storage, told = Storage(), [0]
    uri = upload_rows(s3(storage), "bucket", "batches/b/rows", tmp_path / "mine.csv", told.append)
    assert uri == "s3://bucket/batches/b/rows/"
    assert storage.objects == {
        "batches/b/rows/piece-00000": b"text",
        "batches/b/rows/piece-00001": b"\nfin",
        "batches/b/rows/piece-00002": b"e\n",
    }
    assert sum(told) == 10


@pytest.mark.usefixtures("small_pieces")
def test_an_interrupted_upload_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_bytes(b"text\nfine\n")
    storage = Storage(room=2)
    with pytest.raises(KeyboardInterrupt):
        upload_rows(s3(storage), "bucket", "batches/b/rows", tmp_path / "mine.csv", lambda _bytes: None)
    assert storage.objects == {}


def result_of(*bodies: bytes) -> Storage:
    storage = Storage()
    for number, body in enumerate(bodies):
        storage.objects[f"batches/b/predictions/piece-{number:05}.csv"] = body
    storage.objects["batches/b/predictions/report.json"] = b"{}"
    return storage


def test_the_pieces_of_a_result_become_one_file(tmp_path: Path) -> None:
    storage, out = result_of(b"text,label\n", b"fine,good\n", b"dull,bad\n"), tmp_path / "out.csv"
    out.write_text("before")
    download_predictions(s3(storage), "bucket", "batches/b/predictions", out, lambda _bytes: None)
    assert out.read_bytes() == b"text,label\nfine,good\ndull,bad\n"
    assert [each.name for each in tmp_path.iterdir()] == ["out.csv"]
    assert size_of(s3(storage), "bucket", "batches/b/predictions") == len(out.read_bytes())


def test_an_interrupted_download_leaves_what_was_there(tmp_path: Path) -> None:
    def interrupt(_bytes: int) -> None:
        raise KeyboardInterrupt

    out = tmp_path / "out.csv"
    out.write_text("before")
    with pytest.raises(KeyboardInterrupt):
        download_predictions(s3(result_of(b"text\n")), "bucket", "batches/b/predictions", out, interrupt)
    assert ([each.name for each in tmp_path.iterdir()], out.read_text()) == (["out.csv"], "before")


def test_files_that_cannot_be_read_or_written_are_told_before_anything_is_sent(tmp_path: Path) -> None:
    file, out = tmp_path / "mine.csv", tmp_path / "out.csv"
    with pytest.raises(WrongUseError, match=r"mine.csv is no file"):
        check_files(file, out, force=False)
    file.write_text("text\nfine\n")
    with pytest.raises(WrongUseError, match="there is no folder"):
        check_files(file, tmp_path / "no" / "out.csv", force=False)
    with pytest.raises(WrongUseError, match="is a folder"):
        check_files(file, tmp_path, force=True)
    with pytest.raises(WrongUseError, match="itself"):
        check_files(file, file, force=True)
    check_files(file, out, force=False)
    out.write_text("before")
    with pytest.raises(WrongUseError, match="is there already; choose another --out, or replace it with --force"):
        check_files(file, out, force=False)
    check_files(file, out, force=True)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "mine.csv is empty"),
        (b"\xff\xfe\x00text", "mine.csv is no CSV"),
        (b"body;label\nfine;1\n", "mine.csv has no column 'text'"),
    ],
)
def test_a_file_without_the_models_column_is_told_before_anything_is_sent(
    tmp_path: Path, content: bytes, words: str
) -> None:
    (tmp_path / "mine.csv").write_bytes(content)
    with pytest.raises(WrongUseError, match=words):
        check_columns(tmp_path / "mine.csv", TEXT, None)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--out", "x.csv"), "--out goes with --file"),
        (("--text-column", "body"), "--text-column goes with --file"),
        (("--file", "mine.csv"), "say with --out where the predictions go"),
        (("--file", "mine.csv", "--out", "x.csv", "a text"), "not both"),
        (("--file", "no-such.csv", "--out", "x.csv"), "no-such.csv is no file"),
    ],
)
def test_options_that_do_not_go_together_are_wrong_use(target: Any, arguments: tuple[str, ...], words: str) -> None:
    result = CliRunner().invoke(app, ["predict", "review-snippets", *arguments], obj=target)
    assert (result.exit_code, words in result.stderr) == (ExitCode.WRONG_USE, True), result.stderr


def test_a_stopped_batch_is_told_as_stopped() -> None:
    told = explain(StoppedError("the batch b is stopped"), None)
    assert (told.exit_code, str(told)) == (ExitCode.INTERRUPTED, "the batch b is stopped")


def test_the_program_and_the_jobs_cut_files_alike() -> None:
    assert list(pieces.cut(io.BytesIO(b""))) == [b""]
    assert list(pieces.cut(io.BytesIO(b"abcde"), 2)) == [b"ab", b"cd", b"e"]
