"""A quick look at a file before a run is started with it: may it be the recipe's data at all?

It is profiled and judged as in a run. What one edit of the file or the recipe mends is said at once; rows that
are damaged here and there are left to ValidateData, whose findings belong to the run's record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from steps.errors import DataUnavailableError
from steps.validate_data import MAX_BAD_ROW_SHARE, MIN_ROWS, MIN_ROWS_PER_LABEL, validate_data

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from steps.profile import DataProfile
    from steps.recipe import Recipe
    from steps.split import Split


def check_data_file(path: Path, recipe: Recipe) -> None:
    """Raise DataUnavailableError when the file is missing, is no CSV in UTF-8 with the recipe's columns and labels,
    or has too few rows of a label; the message says where and what to do, and repeats no text of the file.
    """
    if not path.exists():
        raise DataUnavailableError(f"{path} does not exist. Give the path of a CSV file.")
    if not path.is_file():
        raise DataUnavailableError(f"{path} is no file. Give the path of one CSV file.")
    from steps.preprocess import profile_file  # noqa: PLC0415 - slow to import, and other commands need not wait

    try:
        profile = profile_file(path, recipe, _keep_nothing, with_texts=False)
    except OSError as error:
        raise DataUnavailableError(
            f"{path} cannot be read: {error.strerror or error}. Give a readable file."
        ) from error
    at_once = {MIN_ROWS, MIN_ROWS_PER_LABEL}
    if all(problem.kind != "open_quote" for problem in profile.problems):
        at_once.add("readable_file")
    if profile.unknown_labels.count or profile.bad_cells.count or _only_the_encoding_is_wrong(profile):
        at_once.add(MAX_BAD_ROW_SHARE)
    findings = validate_data(profile, recipe).findings
    said = [finding.sentence for finding in findings if finding.verdict == "failed" and finding.rule in at_once]
    if said:
        raise DataUnavailableError(" ".join(said))


def _only_the_encoding_is_wrong(profile: DataProfile) -> bool:
    return profile.not_utf8_rows.count == profile.unreadable_rows.count


def _keep_nothing(split: Split, cells: Sequence[str]) -> None:
    """The rows themselves are not needed here."""
