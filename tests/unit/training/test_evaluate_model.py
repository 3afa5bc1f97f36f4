from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from steps.errors import ArtifactMissingError
from training.evaluate_model import ModelArchiveError, predict, unpack_model, write_predictions


class Fixed(tf.Module):  # type: ignore[misc] # tensorflow is published without types
    """Answers the same to every text, under names of its own."""

    def __init__(self, values: list[float]) -> None:
        super().__init__()
        self.values = tf.constant([values])

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="sentences")])  # type: ignore[untyped-decorator]
    def answer(self, sentences: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"scores": tf.repeat(self.values, tf.shape(sentences)[0], axis=0)}


def archive(folder: Path, files: Mapping[str, bytes]) -> Path:
    path = folder / "model.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


def saved(folder: Path, values: list[float]) -> Path:
    module = Fixed(values)
    tf.saved_model.save(module, str(folder), signatures={"serving_default": module.answer})
    return folder


def test_the_highest_version_of_an_archive_is_taken(tmp_path: Path) -> None:
    names = ["2/saved_model.pb", "10/saved_model.pb", "latest/saved_model.pb", "9/variables/x"]
    path = archive(tmp_path, dict.fromkeys(names, b"x"))
    assert unpack_model(path, tmp_path / "out") == tmp_path / "out" / "10"


@pytest.mark.parametrize("name", ["../outside", "1/../../outside"])
def test_a_member_that_points_outside_is_refused(tmp_path: Path, name: str) -> None:
    path = archive(tmp_path, {"1/saved_model.pb": b"x", name: b"x"})
    (tmp_path / "deep").mkdir()
    with pytest.raises(ModelArchiveError, match=r"model\.tar\.gz cannot be unpacked"):
        unpack_model(path, tmp_path / "deep" / "out")
    assert not (tmp_path / "deep" / "outside").exists()
    assert not (tmp_path / "outside").exists()


def test_a_link_to_outside_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        link = tarfile.TarInfo("1/saved_model.pb")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        tar.addfile(link)
    with pytest.raises(ModelArchiveError):
        unpack_model(path, tmp_path / "out")


def test_an_archive_without_a_model_one_that_is_broken_and_none_at_all_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(ModelArchiveError, match=r"holds no <number>/saved_model\.pb"):
        unpack_model(archive(tmp_path, {"saved_model.pb": b"x"}), tmp_path / "out")
    (tmp_path / "model.tar.gz").write_bytes(b"no archive")
    with pytest.raises(ModelArchiveError, match="cannot be unpacked"):
        unpack_model(tmp_path / "model.tar.gz", tmp_path / "out")
    cut_short = archive(tmp_path, {"1/saved_model.pb": bytes(range(256)) * 99}).read_bytes()[:-40]
    (tmp_path / "model.tar.gz").write_bytes(cut_short)
    with pytest.raises(ModelArchiveError, match="cannot be unpacked"):
        unpack_model(tmp_path / "model.tar.gz", tmp_path / "out")
    with pytest.raises(ArtifactMissingError, match=r"model\.tar\.gz is missing in the folder 'candidate'"):
        unpack_model(tmp_path / "candidate" / "model.tar.gz", tmp_path / "out")


def test_the_served_signature_is_asked_whatever_its_names(tmp_path: Path) -> None:
    answers = predict(saved(tmp_path / "1", [0.25, 0.75]), ["text"] * 600, 2)
    assert answers.shape == (600, 2)
    assert answers[-1].tolist() == [0.25, 0.75]


def test_a_model_of_other_classes_or_without_numbers_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ModelArchiveError, match=r"answers 3 values a text, but the recipe has 2 classes"):
        predict(saved(tmp_path / "three", [0.2, 0.3, 0.5]), ["text"], 2)
    with pytest.raises(ModelArchiveError, match="no numbers"):
        predict(saved(tmp_path / "nan", [float("nan"), 0.5]), ["text"], 2)


def test_predictions_hold_row_numbers_labels_and_probabilities(tmp_path: Path) -> None:
    file = tmp_path / "predictions.csv"
    write_predictions(file, np.array([0, 1]), np.array([[0.25, 0.75], [0.1, 0.9]]), ["bad", "good"])
    assert file.read_text() == (
        "row,label,answered,probability_bad,probability_good\n"
        "1,bad,good,0.250000,0.750000\n"
        "2,good,good,0.100000,0.900000\n"
    )
