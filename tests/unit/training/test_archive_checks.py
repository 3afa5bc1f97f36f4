"""Every archive that may not be taken is refused with a sentence, and leaves nothing outside its folder."""

from __future__ import annotations

import gzip
import io
import pickle
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from training.archive_checks import ArchiveRefusedError, unpack_checked

MAX_BYTES = 1_000_000
MODEL = b"\x08\x01\x12\x00 a graph"
Members = list[tuple[tarfile.TarInfo, bytes]]


def file(name: str, content: bytes = b"x") -> tuple[tarfile.TarInfo, bytes]:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    return member, content


def special(name: str, kind: bytes, target: str = "") -> tuple[tarfile.TarInfo, bytes]:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member, b""


GOOD: Members = [
    file("1/saved_model.pb", MODEL),
    file("1/fingerprint.pb"),
    file("1/variables/variables.index", b"index"),
    file("1/variables/variables.data-00000-of-00001", b"\x80\x02\x93\x00" * 8),
    file("1/assets/words.txt", b"a\nb\n"),
]


@pytest.fixture
def pack(tmp_path: Path) -> Callable[..., Path]:
    def write(members: Members, *, after: bytes = b"") -> Path:
        plain = io.BytesIO()
        with tarfile.open(fileobj=plain, mode="w") as tar:
            for member, content in members:
                tar.addfile(member, io.BytesIO(content))
        archive = tmp_path / "model.tar.gz"
        archive.write_bytes(gzip.compress(plain.getvalue() + after))
        return archive

    return write


def unpack(archive: Path, tmp_path: Path, *, max_bytes: int = MAX_BYTES) -> Path:
    return unpack_checked(archive, tmp_path / "inside", max_bytes=max_bytes).model


def refusal(archive: Path, tmp_path: Path, *, max_bytes: int = MAX_BYTES) -> str:
    with pytest.raises(ArchiveRefusedError) as refused:
        unpack(archive, tmp_path, max_bytes=max_bytes)
    assert sorted(path.name for path in tmp_path.iterdir()) in (["inside", "model.tar.gz"], ["model.tar.gz"])
    return str(refused.value)


def test_a_saved_model_is_unpacked_as_it_is(pack: Callable[..., Path], tmp_path: Path) -> None:
    unpacked = unpack_checked(pack(GOOD), tmp_path / "inside", max_bytes=MAX_BYTES)
    assert unpacked.model == tmp_path / "inside" / "1"
    assert unpacked.files == len(GOOD)
    assert unpacked.total_bytes == sum(len(content) for _, content in GOOD)
    assert (unpacked.model / "saved_model.pb").read_bytes() == MODEL
    assert (unpacked.model / "assets/words.txt").read_bytes() == b"a\nb\n"


def test_what_a_training_script_notes_beside_the_model_is_no_code_and_may_be_there(
    pack: Callable[..., Path], tmp_path: Path
) -> None:
    notes = [file("model_checks.json", b"{}"), file("./learning_curve.json", b"{}")]
    assert unpack(pack([*notes, *GOOD]), tmp_path).name == "1"


def test_the_way_tar_names_a_folder_makes_no_difference(pack: Callable[..., Path], tmp_path: Path) -> None:
    folder = tarfile.TarInfo("./1")
    folder.type = tarfile.DIRTYPE
    dotted = [(folder, b""), *(file(f"./{member.name}", content) for member, content in GOOD)]
    assert unpack(pack(dotted), tmp_path).name == "1"


class _Calls:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (print, ("unpickled",))


def numpy_objects() -> bytes:
    body = io.BytesIO()
    np.save(body, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    return body.getvalue()


REFUSED: dict[str, tuple[Members, str]] = {
    "symbolic link": ([special("1/variables", tarfile.SYMTYPE, "/etc")], "'1/variables', a symbolic link"),
    "hard link": ([special("1/saved_model.pb", tarfile.LNKTYPE, "../x")], "'1/saved_model.pb', a hard link"),
    "device": ([special("1/zero", tarfile.CHRTYPE)], "'1/zero', a device"),
    "pipe": ([special("1/pipe", tarfile.FIFOTYPE)], "'1/pipe', a pipe"),
    "absolute path": ([file("/1/saved_model.pb")], "would be written outside its folder"),
    "parent folder": ([file("1/../../saved_model.pb")], "would be written outside its folder"),
    "a name with control characters": ([file("1/assets/a\x1b[2J.txt")], "1/assets/a\\x1b[2J.txt"),
    "another system's separators": ([file("1\\saved_model.pb")], "no name of a model's file"),
    "the same name twice": ([*GOOD, file("1/saved_model.pb", b"other")], "'1/saved_model.pb' twice"),
    "pickle by name": ([*GOOD, file("1/assets/tokenizer.pkl")], "'1/assets/tokenizer.pkl', a pickle by its name"),
    "joblib": ([file("model.joblib")], "a pickle by its name"),
    "pickle by content": ([*GOOD, file("1/assets/words.txt2", pickle.dumps(_Calls()))], "a pickle by its content"),
    "pickle of data alone": ([*GOOD, file("1/assets/data", pickle.dumps({"a": 1}))], "a pickle by its content"),
    "old pickle": ([*GOOD, file("1/assets/old", pickle.dumps(_Calls(), protocol=0))], "a pickle by its content"),
    "pickled weights": (
        [file("1/variables/variables.data-00000-of-00001", pickle.dumps(_Calls(), protocol=2))],
        "a pickle by its content",
    ),
    "NumPy objects": ([*GOOD, file("1/assets/rows.npy", numpy_objects())], "a NumPy file of Python objects"),
    "ZIP": ([*GOOD, file("1/assets/model.bin", b"PK\x03\x04...")], "a ZIP file, which may hold pickles"),
    "Keras file": ([*GOOD, file("1/assets/model.h5", b"\x89HDF\r\n\x1a\n...")], "code of Keras layers"),
    "a pickle named as a note": ([*GOOD, file("model_checks.json", pickle.dumps(_Calls()))], "a pickle by its content"),
    "a note elsewhere": ([*GOOD, file("1/model_checks.json", b"{}")], "which is no part of a SavedModel"),
    "code": ([*GOOD, file("code/inference.py", b"import os")], "'code/inference.py', which is no part of a SavedModel"),
    "requirements": ([*GOOD, file("1/requirements.txt")], "which is no part of a SavedModel"),
    "no SavedModel": ([file("1/variables/variables.index")], "holds no <number>/saved_model.pb"),
    "an empty archive": ([], "holds no <number>/saved_model.pb"),
    "two versions": ([*GOOD, file("2/saved_model.pb", MODEL)], "holds the versions 1, 2"),
    "a version that is no number": ([file("model/saved_model.pb", MODEL)], "no part of a SavedModel"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_may_not_be_in_an_archive_is_named(case: str, pack: Callable[..., Path], tmp_path: Path) -> None:
    members, words = REFUSED[case]
    assert words in refusal(pack(members), tmp_path)


def test_an_archive_may_be_as_large_as_the_recipe_allows_and_no_larger(
    pack: Callable[..., Path], tmp_path: Path
) -> None:
    size = sum(len(content) for _, content in GOOD)
    assert "more than 1,000 bytes" in refusal(
        pack([*GOOD, file("1/assets/large", b"y" * 1000)]), tmp_path, max_bytes=1000
    )
    assert unpack_checked(pack(GOOD), tmp_path / "again", max_bytes=size).total_bytes == size


def test_a_bomb_is_read_no_further_than_its_limit(tmp_path: Path) -> None:
    member = tarfile.TarInfo("1/variables/variables.data-00000-of-00001")
    member.size = 1 << 33
    archive = tmp_path / "model.tar.gz"
    # A hundred megabytes of zeros in a hundred kilobytes, of a file that says it has eight gigabytes.
    with gzip.open(archive, "wb") as zipped:
        zipped.write(member.tobuf())
        for _ in range(100):
            zipped.write(bytes(1 << 20))
    assert "unpacks to more than 1,000,000 bytes" in refusal(archive, tmp_path)


def test_zeros_after_the_end_are_read_no_further_than_the_limit_either(
    pack: Callable[..., Path], tmp_path: Path
) -> None:
    assert "unpacks to more than" in refusal(pack(GOOD, after=bytes(50 << 20)), tmp_path)


def test_a_name_as_long_as_a_file_is_not_read_into_memory(tmp_path: Path) -> None:
    header = tarfile.TarInfo("././@LongLink")
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, 1 << 30
    archive = tmp_path / "model.tar.gz"
    archive.write_bytes(gzip.compress(header.tobuf(tarfile.GNU_FORMAT) + b"n" * 4096))
    assert "a header of 1,073,741,824 bytes" in refusal(archive, tmp_path)


def test_what_comes_after_the_end_is_not_overlooked(pack: Callable[..., Path], tmp_path: Path) -> None:
    assert "goes on after its end" in refusal(pack(GOOD, after=b"more"), tmp_path)


@pytest.mark.parametrize("damage", ["cut", "changed", "no tar", "no gzip", "empty"])
def test_a_damaged_archive_is_told(damage: str, pack: Callable[..., Path], tmp_path: Path) -> None:
    archive = pack([file("1/assets/a", bytes(range(256)) * 100), *GOOD])
    body = archive.read_bytes()
    archive.write_bytes(
        {
            "cut": body[: len(body) // 2],
            "changed": body[:40] + bytes(20) + body[60:],
            "no tar": gzip.compress(b"a text " * 500),
            "no gzip": b"a text",
            "empty": b"",
        }[damage]
    )
    said = refusal(archive, tmp_path)
    assert ("no gzip-compressed tar archive" if damage in {"no gzip", "empty"} else "damaged or no tar archive") in said
