from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from greenlight.errors import WrongUseError
from greenlight.recipes import load_recipe
from greenlight.run_start import data_for, new_run_id, upload_once
from greenlight.target import PROJECT


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
