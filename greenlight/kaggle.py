"""Rows of a Kaggle competition, fetched by Kaggle's own client with the user's own key."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

from greenlight.errors import CommandError, FaultError, WrongUseError
from steps.recipe_sections.data import KaggleSource

DOWNLOAD_TIMEOUT_SECONDS = 1800
_ADDRESS = "https://www.kaggle.com/competitions"


def download_csv(source: KaggleSource, recipe: str, folder: Path) -> Path:
    """Fetch the competition's file into a folder, out of its archive when it is one; returns the CSV.

    Raises WrongUseError for what the user can mend (no key, rules not accepted, no such file), FaultError for the rest.
    """
    environment = {**os.environ, "KAGGLEHUB_CACHE": str(folder / "cache"), "KAGGLEHUB_VERBOSITY": "error"}
    command = [sys.executable, "-m", "greenlight.kaggle_download", source.competition, source.file, str(folder)]
    try:
        result = subprocess.run(  # noqa: S603 - our own module
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            timeout=DOWNLOAD_TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise FaultError(
            f"Kaggle did not give {source.file} within {DOWNLOAD_TIMEOUT_SECONDS} s; try again, or download it with a "
            f"browser and give it: {_from_file(recipe)}"
        ) from error
    lines = result.stdout.splitlines()
    if result.returncode != 0 or not lines:
        raise FaultError(f"Kaggle's client ended with {result.returncode}; what it said stands above")
    answer = json.loads(lines[-1])
    if "problem" in answer:
        raise _explained(answer, source, recipe)
    return csv_out_of(Path(answer["file"]), source.file, folder)


# What went wrong -> whose turn it is, and the sentence; a number is Kaggle's HTTP status.
_NEW_KEY = "https://www.kaggle.com/settings (API, Create New Token)"
_SENTENCES: dict[str | int, tuple[type[CommandError], str]] = {
    "no_key": (
        WrongUseError,
        (
            "the rows of {recipe} come from Kaggle, and there is no Kaggle key here. Make one at {new_key} and put it "
            "into ~/.kaggle/kaggle.json, or into KAGGLE_USERNAME and KAGGLE_KEY, or KAGGLE_API_TOKEN"
        ),
    ),
    "bad_key_file": (WrongUseError, "{said}; make a new key at {new_key}"),
    "not_reached": (FaultError, "Kaggle cannot be reached ({said}); check the network and try again"),
    "damaged": (FaultError, "what Kaggle sent for {file} is damaged; try again"),
    401: (WrongUseError, "Kaggle does not know this key (401). Make a new one at {new_key}"),
    403: (
        WrongUseError,
        (
            "Kaggle does not give {file} to you yet (403): accept the competition's rules at {page}/rules, with the "
            "account of your key, then try again"
        ),
    ),
    404: (
        WrongUseError,
        (
            "Kaggle has no competition {competition} with a file {file} (404); correct data.source.competition and "
            "data.source.file in the recipe"
        ),
    ),
    429: (FaultError, "Kaggle asks to wait before the next download (429); try again later"),
}


def _explained(answer: dict[str, Any], source: KaggleSource, recipe: str) -> CommandError:
    what = answer["status"] if answer["problem"] == "refused" else answer["problem"]
    kind, sentence = _SENTENCES.get(what, (FaultError, "Kaggle refused with status {status}; try again later"))
    page = f"{_ADDRESS}/{source.competition}"
    said = sentence.format(
        recipe=recipe,
        file=source.file,
        competition=source.competition,
        page=page,
        new_key=_NEW_KEY,
        said=answer.get("said"),
        status=answer.get("status"),
    )
    return kind(f"{said}; or download {source.file} with a browser at {page}/data and give it: {_from_file(recipe)}")


def csv_out_of(file: Path, wanted: str, folder: Path) -> Path:
    """The CSV itself: Kaggle keeps some files in an archive, sends large ones in one, and all files in one more.

    wanted: the file's name on Kaggle, which is chosen among several;  folder: where it is unpacked
    Raises WrongUseError when an archive holds no such file, or several and none of that name.
    """
    while zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as archive:
            names = [name for name in archive.namelist() if name.endswith((".csv", ".zip")) and "__MACOSX" not in name]
            named = [name for name in names if name.removesuffix(".zip") == wanted.removesuffix(".zip")]
            chosen = named or names
            if len(chosen) != 1:
                raise WrongUseError(
                    f"{file.name} holds {len(names) or 'no'} CSV files and none is called "
                    f"{wanted.removesuffix('.zip')}; unpack it and give the one with the rows"
                )
            depth = len(list(folder.glob("unpacked-*")))
            unpacked = folder / f"unpacked-{depth}{Path(chosen[0]).suffix}"
            with archive.open(chosen[0]) as packed, unpacked.open("wb") as out:
                shutil.copyfileobj(packed, out)
        file = unpacked
    return file


def _from_file(recipe: str) -> str:
    return f"greenlight data get {recipe} --from FILE"
