"""Rows of a competition by Kaggle's own client, in its own process, over TLS."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from greenlight import kaggle
from greenlight.errors import FaultError, WrongUseError
from greenlight.recipe_rows import fetch_rows, rows_for_run
from greenlight.recipes import load_recipe
from greenlight.target import PROJECT
from steps.recipe import Recipe
from tests.integration.greenlight.kaggle_site import KaggleSite, serve

ROWS = [f'{number},,,"a quiet day, number {number}",{number % 2}' for number in range(1200)]
CSV = "\r\n".join(["id,keyword,location,text,target", *ROWS, ""]).encode()
COMPETITION = "nlp-getting-started"


@pytest.fixture
def recipe() -> Recipe:
    return load_recipe(PROJECT, "disaster-tweets").recipe


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[KaggleSite]:
    home = tmp_path / "home"
    home.mkdir()
    with serve(KaggleSite(files={(COMPETITION, "train.csv"): CSV}), tmp_path) as running:
        environment = {"KAGGLE_USERNAME": running.username, "KAGGLE_KEY": running.key, "HOME": str(home)}
        for name in ("KAGGLE_API_TOKEN", "KAGGLE_CONFIG_DIR", "KAGGLE_API_ENVIRONMENT"):
            monkeypatch.delenv(name, raising=False)
        for name, value in (running.environment | environment).items():
            monkeypatch.setenv(name, value)
        yield running


def quiet(_words: str) -> None:
    """Takes no notes."""


def test_the_file_is_fetched_once_with_the_users_key_and_kept_for_runs(
    recipe: Recipe, site: KaggleSite, tmp_path: Path
) -> None:
    taken = fetch_rows(recipe, tmp_path / "cache", quiet)
    assert taken.file.read_bytes() == CSV
    assert taken.rows == 1200
    assert "Kaggle competition nlp-getting-started, with your key" in taken.origin
    assert "competition's rules" in taken.licence
    (asked,) = site.asked
    assert (asked["competitionName"], asked["fileName"]) == (COMPETITION, "train.csv")
    assert rows_for_run(recipe, tmp_path / "cache", quiet) == taken.file
    assert fetch_rows(recipe, tmp_path / "cache", quiet) == taken
    assert len(site.asked) == 1
    # Nothing of the client is left beside it.
    assert [file.name for file in (tmp_path / "cache").iterdir()] == [taken.file.name]
    assert list((tmp_path / "home").iterdir()) == []


def test_a_key_in_kaggle_json_is_used_too(
    recipe: Recipe, site: KaggleSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KAGGLE_USERNAME")
    monkeypatch.delenv("KAGGLE_KEY")
    folder = tmp_path / "home" / ".kaggle"
    folder.mkdir()
    (folder / "kaggle.json").write_text(f'{{"username": "{site.username}", "key": "{site.key}"}}')
    assert fetch_rows(recipe, tmp_path / "cache", quiet).rows == 1200


def test_a_file_that_kaggle_keeps_in_an_archive_is_unpacked(recipe: Recipe, site: KaggleSite, tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("train.csv", CSV)
    site.files[(COMPETITION, "train.csv.zip")] = packed.getvalue()
    assert recipe.data.source is not None
    source = recipe.data.source.model_copy(update={"file": "train.csv.zip"})
    zipped = recipe.model_copy(update={"data": recipe.data.model_copy(update={"source": source})})
    assert fetch_rows(zipped, tmp_path / "cache", quiet).file.read_bytes() == CSV


def test_without_a_key_the_two_ways_are_told(
    recipe: Recipe, site: KaggleSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KAGGLE_KEY")
    with pytest.raises(WrongUseError, match=r"no Kaggle key here.*settings.*data get disaster-tweets --from FILE"):
        fetch_rows(recipe, tmp_path / "cache", quiet)
    assert site.asked == []


def test_a_key_file_that_is_none_is_named(
    recipe: Recipe, site: KaggleSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KAGGLE_KEY")
    folder = tmp_path / "home" / ".kaggle"
    folder.mkdir()
    (folder / "kaggle.json").write_text("my key")
    with pytest.raises(WrongUseError, match=r"Invalid Kaggle credentials file at .*kaggle\.json; make a new key"):
        fetch_rows(recipe, tmp_path / "cache", quiet)
    assert site.asked == []


def test_rules_that_were_not_accepted_are_told_with_their_address(
    recipe: Recipe, site: KaggleSite, tmp_path: Path
) -> None:
    site.rules_accepted = False
    with pytest.raises(WrongUseError, match=r"403.*https://www\.kaggle\.com/competitions/nlp-getting-started/rules"):
        fetch_rows(recipe, tmp_path / "cache", quiet)


def test_a_wrong_key_an_unknown_competition_and_a_damaged_file_are_told_apart(
    recipe: Recipe, site: KaggleSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.damaged = True
    with pytest.raises(FaultError, match=r"what Kaggle sent for train\.csv is damaged"):
        fetch_rows(recipe, tmp_path / "cache", quiet)
    site.files.clear()
    with pytest.raises(WrongUseError, match=r"no competition nlp-getting-started with a file train\.csv \(404\)"):
        fetch_rows(recipe, tmp_path / "cache", quiet)
    monkeypatch.setenv("KAGGLE_KEY", "another")
    with pytest.raises(WrongUseError, match=r"does not know this key \(401\)") as refused:
        fetch_rows(recipe, tmp_path / "cache", quiet)
    assert "another" not in str(refused.value)
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.usefixtures("site")
def test_without_a_network_it_says_so(recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The discard port: nothing listens there.
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    with pytest.raises(FaultError, match=r"Kaggle cannot be reached .*check the network"):
        fetch_rows(recipe, tmp_path / "cache", quiet)


@pytest.mark.usefixtures("site")
def test_a_download_that_never_ends_is_given_up(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kaggle, "DOWNLOAD_TIMEOUT_SECONDS", 0.01)
    with pytest.raises(FaultError, match=r"Kaggle did not give train\.csv within"):
        fetch_rows(recipe, tmp_path / "cache", quiet)
    assert list((tmp_path / "cache").iterdir()) == []


def test_other_rows_than_the_recipes_are_not_kept(recipe: Recipe, site: KaggleSite, tmp_path: Path) -> None:
    site.files[(COMPETITION, "train.csv")] = b"a,b\n1,2\n"
    with pytest.raises(FaultError, match=r"it is not the data of disaster-tweets: .* has no column 'text'"):
        fetch_rows(recipe, tmp_path / "cache", quiet)
    assert list((tmp_path / "cache").iterdir()) == []
