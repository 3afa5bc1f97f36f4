"""The shipped recipes released one after the other, each beside a plain model on the very same rows."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from greenlight.errors import FaultError, InterruptedRunError, WrongUseError
from greenlight.explain import EXPECTED
from greenlight.outcomes import DONE
from greenlight.recipe_rows import Note, fetch_rows, rows_for_run
from greenlight.recipes import RecipeFile
from greenlight.run_report import RunReport
from steps.contracts import LiveVersion
from steps.data_file import check_data_file
from steps.recipe import Recipe
from steps.recipe_sections.data import KaggleSource

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# In the order in which they are released; the last one imports what the one before it has made.
SHIPPED = (
    "disaster-tweets",
    "toxic-comments",
    "movie-sentiment",
    "house-prices",
    "name-gender",
    "name-gender-imported",
)
# The end of the name of a recipe that imports what the recipe without it has trained.
IMPORTED = "-imported"
# What a folder of data may call the rows of a recipe: its name, and one of these.
ENDINGS = (".csv", ".csv.gz")
SKIPPED = "skipped"
FAILED = "failed"
BASELINE_TIMEOUT_SECONDS = 3600

# Releases a recipe with a CSV and tells how the run ended.
Release = Callable[[RecipeFile, Path], RunReport]


@dataclass(frozen=True)
class Line:
    """One recipe's line of the table; what is not known is None.

    outcome: how its run ended, `skipped` or `failed`;  reason: of a skip or a failure, with what to do
    rows: usable ones;  test_rows: those measured on;  seconds: of the run
    """

    recipe: str
    outcome: str
    reason: str | None = None
    rows: int | None = None
    test_rows: int | None = None
    metric: str | None = None
    value: float | None = None
    baseline: float | None = None
    baseline_name: str | None = None
    seconds: float | None = None
    artifact_bytes: int | None = None

    @property
    def is_fine(self) -> bool:
        """Whether nothing went wrong; a recipe whose rows are not to be had is no failure."""
        return self.outcome in DONE or self.outcome == SKIPPED

    def to_json(self) -> dict[str, Any]:
        """The line as --json prints it."""
        return asdict(self)


def rows_of(recipe: Recipe, folder: Path | None, cache: Path, note: Note) -> Path:
    """The recipe's rows: of a folder when it holds them, else from where the recipe takes them.

    Raises WrongUseError when they are not to be had without the user, FaultError when fetching them failed.
    """
    if folder is not None:
        for ending in ENDINGS:
            # A recipe that imports is measured on the rows of the one that has trained.
            file = folder / f"{recipe.name.removesuffix(IMPORTED)}{ending}"
            if file.is_file():
                check_data_file(file, recipe)
                note(f"data: {file}")
                return file
    try:
        return rows_for_run(recipe, cache, note)
    except WrongUseError:
        if not isinstance(recipe.data.source, KaggleSource):
            raise
    return fetch_rows(recipe, cache, note).file


def line_of(
    recipe_file: RecipeFile,
    data: Path,
    *,
    release: Release,
    live: Callable[[], LiveVersion | None],
    s3: S3Client,
    note: Note,
) -> Line:
    """Release one recipe and hold it against a plain model."""
    name = recipe_file.recipe.name
    started = time.monotonic()
    try:
        report = release(recipe_file, data)
    except InterruptedRunError:
        # Whoever stops watching wants no other recipe released either.
        raise
    except EXPECTED as error:
        return Line(name, FAILED, reason=str(error), seconds=time.monotonic() - started)
    seconds = time.monotonic() - started
    if report.outcome not in DONE:
        return Line(name, report.outcome, reason=report.cause, seconds=seconds)
    note("measuring a plain model on the same rows")
    try:
        version, plain = live(), measure_baseline(recipe_file.path, data)
        size = _size(s3, version.model_data_uri) if version else None
    except EXPECTED as error:
        return Line(name, FAILED, reason=str(error), seconds=seconds)
    metric = recipe_file.recipe.metrics.gates[0].name
    return Line(
        recipe=name,
        outcome=report.outcome,
        rows=plain["all_rows"],
        test_rows=plain["rows"],
        metric=metric,
        value=version.metrics.get(metric) if version else None,
        baseline=plain["metrics"].get(metric),
        baseline_name=plain["name"],
        seconds=seconds,
        artifact_bytes=size,
    )


def measure_baseline(recipe: Path, data: Path) -> dict[str, Any]:
    """What bench/baseline.py prints; in a process of its own, as the program knows no framework."""
    command = [sys.executable, "-m", "bench.baseline", "--data", str(data), "--recipe", str(recipe)]
    try:
        result = subprocess.run(  # noqa: S603 - our own module
            command,
            cwd=Path(__file__).parents[1],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=BASELINE_TIMEOUT_SECONDS,
            check=True,
        )
    except subprocess.CalledProcessError as error:
        last = (error.stderr.strip().splitlines() or ["nothing"])[-1]
        raise FaultError(f"the plain model could not be measured; it said: {last}") from error
    except subprocess.TimeoutExpired as error:
        raise FaultError(f"the plain model took longer than {BASELINE_TIMEOUT_SECONDS} s") from error
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def _size(s3: S3Client, uri: str) -> int:
    address = urlsplit(uri)
    return s3.head_object(Bucket=address.netloc, Key=address.path.lstrip("/"))["ContentLength"]
