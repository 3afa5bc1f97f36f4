from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from greenlight.errors import WrongUseError
from greenlight.recipes import load_recipe
from greenlight.run_start import archive_for, data_for, new_run_id, upload_once
from greenlight.target import PROJECT
from steps.recipe import parse_recipe


def test_a_file_goes_up_once_under_its_digest_and_carries_it(
    target: Any, tmp_path: Path, sha256: Callable[[bytes], str]
) -> None:
    file = tmp_path / "Mine.TXT"
    file.write_bytes(b"text,label\n")
    digest = sha256(b"text,label\n")
    first = upload_once(target.s3, "bucket", "data/r", ".csv", file)
    assert first == upload_once(target.s3, "bucket", "data/r", ".csv", file) == f"s3://bucket/data/r/{digest}.csv"
    assert target.s3.objects == {f"bucket/data/r/{digest}.csv": b"text,label\n"}
    assert target.s3.metadata == {f"bucket/data/r/{digest}.csv": {"sha256": digest}}


def test_a_run_id_names_recipe_and_moment() -> None:
    moment = datetime(2026, 3, 1, 9, 5, 7, tzinfo=UTC)
    assert new_run_id("review-snippets", moment, "0a1f") == "review-snippets-20260301-090507-0a1f"


def test_a_recipe_without_data_of_its_own_needs_a_file(tmp_path: Path) -> None:
    recipe = load_recipe(PROJECT, "review-snippets").recipe
    bare = recipe.model_copy(update={"data": recipe.data.model_copy(update={"source": None})})
    with pytest.raises(WrongUseError, match="give a file: --data FILE"):
        data_for(bare, None, tmp_path, lambda _words: None)


def test_an_unknown_recipe_is_answered_with_the_nearest_name(tmp_path: Path) -> None:
    with pytest.raises(WrongUseError, match="no such recipe: review-snipets; did you mean review-snippets"):
        load_recipe(PROJECT, "review-snipets")
    with pytest.raises(WrongUseError, match="no such recipe: other; there are: none"):
        load_recipe(tmp_path, "other")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"name: mine\nextra: 1\n", "extra: unknown key"),
        (b"name: \xff\n", "is not UTF-8 text at byte 6"),
        (b"- a list\n", "must hold keys and values"),
    ],
)
def test_a_recipe_that_cannot_be_read_is_named_with_its_path(tmp_path: Path, text: bytes, words: str) -> None:
    folder = tmp_path / "recipes" / "mine"
    folder.mkdir(parents=True)
    (folder / "recipe.yaml").write_bytes(text)
    with pytest.raises(WrongUseError, match=words) as caught:
        load_recipe(tmp_path, "mine")
    assert "recipes/mine/recipe.yaml" in str(caught.value)


def test_a_recipe_must_be_named_like_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "recipes" / "mine"
    folder.mkdir(parents=True)
    (folder / "recipe.yaml").write_bytes((PROJECT / "recipes" / "review-snippets" / "recipe.yaml").read_bytes())
    with pytest.raises(WrongUseError, match="name is 'review-snippets', but its folder is 'mine'"):
        load_recipe(tmp_path, "mine")


IMPORT = "import_model: {}\n"


@pytest.mark.parametrize(
    ("section", "given", "live", "words"),
    [
        ("", "s3://bucket/m.tar.gz", False, "trains its model; leave --model out"),
        (IMPORT, None, False, "nothing names one; give its archive"),
        (IMPORT, "s3://other/m.tar.gz", False, "the jobs may read s3://bucket/ only"),
        (IMPORT, "nowhere.tar.gz", False, "there is no file nowhere.tar.gz"),
    ],
)
def test_an_archive_that_cannot_be_imported_is_told_before_the_run(
    recipe_text: str, section: str, given: str | None, live: bool, words: str
) -> None:
    recipe = parse_recipe(recipe_text + section, where="recipe.yaml")
    with pytest.raises(WrongUseError, match=words):
        archive_for(recipe, given, "bucket", lambda: live)


def test_the_archive_of_a_run_is_a_file_an_object_or_left_to_the_run(recipe_text: str, tmp_path: Path) -> None:
    recipe = parse_recipe(recipe_text + IMPORT, where="recipe.yaml")
    file = tmp_path / "model.tar.gz"
    file.write_bytes(b"\x1f\x8b")
    assert archive_for(recipe, str(file), "bucket", lambda: False) == file
    assert archive_for(recipe, "s3://bucket/m.tar.gz", "bucket", lambda: False) == "s3://bucket/m.tar.gz"
    assert archive_for(recipe, None, "bucket", lambda: True) is None
    assert archive_for(parse_recipe(recipe_text, where="r"), None, "bucket", lambda: False) is None
    file.write_bytes(b"text")
    with pytest.raises(WrongUseError, match="is no gzip-compressed tar archive"):
        archive_for(recipe, str(file), "bucket", lambda: False)
