from __future__ import annotations

import hashlib
import io
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.response import StreamingBody

from greenlight.errors import FaultError, WrongUseError
from greenlight.model_download import chosen_version, download
from greenlight.registry import ModelVersion

BYTES = b"the archive" * 1000


def version(number: str = "1", *, live: bool = False, digest: str = hashlib.sha256(BYTES).hexdigest()) -> ModelVersion:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    return ModelVersion("names", number, "Approved", live, "run", moment, {}, "s3://bucket/model.tar.gz", digest)


@pytest.fixture
def s3() -> Any:
    def get_object(**_: str) -> dict[str, Any]:
        return {"Body": StreamingBody(io.BytesIO(BYTES), len(BYTES))}

    return SimpleNamespace(get_object=get_object)


def test_the_very_bytes_are_written(s3: Any, tmp_path: Path) -> None:
    assert download(s3, version(), tmp_path / "m.tar.gz") == len(BYTES)
    assert [file.read_bytes() for file in tmp_path.iterdir()] == [BYTES]


def test_a_file_that_is_there_stays(s3: Any, tmp_path: Path) -> None:
    out = tmp_path / "m.tar.gz"
    out.write_text("mine")
    with pytest.raises(WrongUseError, match="is there already"):
        download(s3, version(), out)
    out.unlink()
    out.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(WrongUseError, match="is there already"):
        download(s3, version(), out)
    with pytest.raises(WrongUseError, match="there is no folder"):
        download(s3, version(), tmp_path / "none" / "m.tar.gz")


def test_other_bytes_than_the_registered_ones_are_not_kept(s3: Any, tmp_path: Path) -> None:
    with pytest.raises(FaultError, match="is not the one that was registered"):
        download(s3, version(digest="0" * 64), tmp_path / "m.tar.gz")
    assert list(tmp_path.iterdir()) == []


def test_an_archive_that_is_gone_is_told(tmp_path: Path) -> None:
    def gone(**_: str) -> dict[str, Any]:
        raise ClientError({"Error": {"Code": "NoSuchKey", "Message": "gone"}}, "GetObject")

    with pytest.raises(FaultError, match="nothing lies at s3://bucket/model"):
        download(SimpleNamespace(get_object=gone), version(), tmp_path / "m.tar.gz")  # type: ignore[arg-type]  # as much as is asked
    assert list(tmp_path.iterdir()) == []


def test_the_live_version_comes_before_the_newest() -> None:
    found = [version("3"), version("2", live=True), version("1")]
    assert chosen_version("names", found, None).version == "2"
    assert chosen_version("names", found[:1], None).version == "3"
    assert chosen_version("names", found, "1").version == "1"


@pytest.mark.parametrize(
    ("found", "words"),
    [([], "there are no versions of names"), ([version("1")], "no version 9 of names; there are: 1")],
)
def test_a_version_that_is_not_there_is_told(found: list[ModelVersion], words: str) -> None:
    with pytest.raises(WrongUseError, match=words):
        chosen_version("names", found, "9")
