from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest

from local.sagemaker.archives import ArchiveError, pack, unpack


def test_equal_folders_give_equal_archives_whatever_their_times(tmp_path: Path) -> None:
    for name, order in (("one", ("b", "a")), ("two", ("a", "b"))):
        (tmp_path / name / "1").mkdir(parents=True)
        for file in order:
            (tmp_path / name / "1" / file).write_text(file)
        os.utime(tmp_path / name / "1" / "a", (len(name), len(order)))
    os.utime(tmp_path / "two" / "1" / "a", (1, 1))

    assert pack(tmp_path / "one", tmp_path / "one.tar.gz")
    assert pack(tmp_path / "two", tmp_path / "two.tar.gz")

    assert (tmp_path / "one.tar.gz").read_bytes() == (tmp_path / "two.tar.gz").read_bytes()
    unpack(tmp_path / "one.tar.gz", tmp_path / "again")
    assert (tmp_path / "again" / "1" / "b").read_text() == "b"


def test_links_stay_out_of_an_archive_and_an_empty_folder_gives_none(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "link").symlink_to("/etc/hosts")

    assert not pack(tmp_path / "model", tmp_path / "model.tar.gz")
    assert not (tmp_path / "model.tar.gz").exists()


@pytest.mark.parametrize(
    ("name", "kind"), [("../out", tarfile.REGTYPE), ("link", tarfile.SYMTYPE), ("device", tarfile.CHRTYPE)]
)
def test_what_would_leave_the_folder_is_not_unpacked(tmp_path: Path, name: str, kind: bytes) -> None:
    with tarfile.open(tmp_path / "bad.tar.gz", "w:gz") as archive:
        member = tarfile.TarInfo(name)
        member.type = kind
        member.linkname = "/etc/hosts"
        archive.addfile(member, io.BytesIO())

    with pytest.raises(ArchiveError):
        unpack(tmp_path / "bad.tar.gz", tmp_path / "folder")

    assert not (tmp_path / "out").exists()
    assert not list((tmp_path / "folder").iterdir())


def test_what_is_no_archive_says_so(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("text")
    with pytest.raises(ArchiveError, match="cannot be unpacked"):
        unpack(tmp_path / "text", tmp_path / "folder")
