from __future__ import annotations

import hashlib
import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from greenlight.errors import FaultError, WrongUseError
from greenlight.saved_report import noted_report, read_report, save_new

BYTES = b"<!doctype html>"
NOTED = {
    "report_uri": "s3://bucket/runs/r/write_report/report.html",
    "report_digest": hashlib.sha256(BYTES).hexdigest(),
}


def store(body: bytes = BYTES) -> Any:
    def get_object(*, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803 - as in the API
        assert f"s3://{Bucket}/{Key}" == NOTED["report_uri"]
        return {"Body": io.BytesIO(body)}

    return SimpleNamespace(get_object=get_object)


@pytest.mark.parametrize("key", ["write_report", "write_rejection_report"])
def test_a_report_is_noted_by_whichever_state_wrote_it(key: str) -> None:
    assert noted_report("r", {key: NOTED}) == NOTED


def test_a_run_without_a_report_says_when_there_is_one() -> None:
    with pytest.raises(WrongUseError, match="run r has no report"):
        noted_report("r", {"prepare_run": {}})


def test_the_very_bytes_are_saved(tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    save_new(read_report(store(), NOTED), out)
    assert out.read_bytes() == BYTES


def test_other_bytes_than_the_run_noted_are_not_saved() -> None:
    with pytest.raises(FaultError, match="is not the one that the run wrote"):
        read_report(store(b"something else"), NOTED)


def test_a_report_that_is_gone_is_told() -> None:
    def gone(**_: str) -> dict[str, Any]:
        raise ClientError({"Error": {"Code": "NoSuchKey", "Message": "gone"}}, "GetObject")

    with pytest.raises(FaultError, match="nothing lies at s3://bucket/runs/r"):
        read_report(SimpleNamespace(get_object=gone), NOTED)  # type: ignore[arg-type]  # as much as is asked


def test_a_file_that_is_there_stays(tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    out.write_text("mine")
    with pytest.raises(WrongUseError, match="is there already"):
        save_new(BYTES, out)
    assert out.read_text() == "mine"
    with pytest.raises(WrongUseError, match="there is no folder"):
        save_new(BYTES, tmp_path / "none" / "report.html")
