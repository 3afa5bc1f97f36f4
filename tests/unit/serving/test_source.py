from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from serving.source import SourceError, digest_of, load_verified, read_card, require_answers, unpack
from steps.model_card import ModelCard
from tests.unit.serving.fake_models import Areas, Lengths


def no_download(uri: str, _target: Path) -> None:
    raise AssertionError(uri)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """An archive without a model."""
    file = tmp_path / "archive.tar.gz"
    with tarfile.open(file, "w:gz") as tar:
        tar.addfile(tarfile.TarInfo("readme"), io.BytesIO())
    return file


def test_weights_that_are_missing_are_named(tmp_path: Path, card: ModelCard) -> None:
    with pytest.raises(SourceError, match=r"there is no file .*model.tar.gz"):
        load_verified(str(tmp_path / "model.tar.gz"), card, tmp_path, no_download)


def test_an_archive_that_is_not_the_cards_is_not_even_unpacked(tmp_path: Path, archive: Path, card: ModelCard) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(SourceError, match="is not what was released: its SHA-256 is"):
        load_verified(str(archive), card, folder, no_download)
    assert list(folder.iterdir()) == []


def test_an_archive_of_s3_is_fetched_verified_and_unpacked(tmp_path: Path, archive: Path, card: ModelCard) -> None:
    fetched: list[str] = []

    def download(uri: str, target: Path) -> None:
        fetched.append(uri)
        target.write_bytes(archive.read_bytes())

    right = card.model_copy(update={"model_digest": digest_of(archive)})
    with pytest.raises(SourceError, match="s3://bucket/m cannot be served: the archive holds neither"):
        load_verified("s3://bucket/m", right, tmp_path, download)
    assert fetched == ["s3://bucket/m"]
    assert (tmp_path / "model" / "readme").is_file()


@pytest.mark.parametrize("name", ["../outside", "a/../../outside"])
def test_an_archive_leaves_its_folder_nowhere(tmp_path: Path, name: str) -> None:
    file = tmp_path / "bad.tar.gz"
    with tarfile.open(file, "w:gz") as tar:
        tar.addfile(tarfile.TarInfo(name), io.BytesIO())
    with pytest.raises(SourceError, match="cannot be unpacked"):
        unpack(file, tmp_path / "folder")
    assert not (tmp_path / "outside").exists()


def test_an_archive_with_a_link_or_cut_short_is_refused(tmp_path: Path, archive: Path) -> None:
    linked = tmp_path / "linked.tar.gz"
    with tarfile.open(linked, "w:gz") as tar:
        member = tarfile.TarInfo("link")
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(member)
    with pytest.raises(SourceError, match="neither a file nor a folder"):
        unpack(linked, tmp_path / "folder")
    archive.write_bytes(archive.read_bytes()[:-20])
    with pytest.raises(SourceError, match="cannot be unpacked"):
        unpack(archive, tmp_path / "other")


@pytest.mark.parametrize(
    ("content", "message"), [("no JSON", "Invalid JSON"), ('{"recipe": "x"}', "is no model card: description")]
)
def test_what_is_no_card_is_refused(tmp_path: Path, content: str, message: str) -> None:
    file = tmp_path / "model_card.json"
    file.write_text(content)
    with pytest.raises(SourceError, match=message):
        read_card(str(file), tmp_path, no_download)


def test_other_addresses_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="neither a file nor an object in S3"):
        read_card("https://example.com/card.json", tmp_path, no_download)


def test_a_model_must_answer_its_own_examples_before_anybody_asks(card: ModelCard, table_card: ModelCard) -> None:
    require_answers(Lengths(), card)
    require_answers(Areas(), table_card)
    with pytest.raises(SourceError, match="does not answer the examples of its card"):
        require_answers(Lengths(), table_card)
