"""ImportModel: check a model archive that exists already, and hand it on unchanged when it may be taken.

Reads   --archive FILE   the archive, a gzip-compressed tar of one SavedModel
        --recipe FILE    the recipe
Writes  --output DIR     report.json (ImportReport)
                         model.tar.gz, the archive's very bytes, when it was accepted
Run     python -m training.import_model --archive FILE --recipe FILE --output DIR
"""

from __future__ import annotations

import argparse
import hashlib
import logging
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from steps.contracts import ImportReport
from steps.errors import ArtifactMissingError
from steps.exit_message import own_error_as_exit_message
from steps.recipe import Recipe, parse_recipe
from training.archive_checks import ArchiveRefusedError, unpack_checked
from training.served_graph import check_answers, check_graph, check_signature, output_count

if TYPE_CHECKING:
    from collections.abc import Sequence

logger = logging.getLogger("import")

ARCHIVE = "model.tar.gz"


def judge(archive: Path, recipe: Recipe, max_bytes: int) -> ImportReport:
    """Every check in turn, the cheap and the safe ones first; a refusal is a report, never an error."""
    with archive.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    size = archive.stat().st_size
    with tempfile.TemporaryDirectory() as scratch:
        try:
            found = unpack_checked(archive, Path(scratch), max_bytes=max_bytes)
            check_graph(found.model)
            check_signature(found.model, recipe)
            check_answers(found.model, recipe)
        except ArchiveRefusedError as refusal:
            return ImportReport(verdict="rejected", reason=str(refusal), digest=digest, archive_bytes=size)
    return ImportReport(
        verdict="accepted",
        reason=(
            f"The archive {digest[:12]}… holds one SavedModel in {found.files} files of {found.total_bytes:,} bytes, "
            f"which reads a text and answers {output_count(recipe)} number{'s' if output_count(recipe) > 1 else ''}."
        ),
        digest=digest,
        archive_bytes=size,
        unpacked_bytes=found.total_bytes,
        files=found.files,
    )


def main(argv: Sequence[str] | None = None) -> None:
    """Run the step on files, as a processing container does."""
    parser = argparse.ArgumentParser(description="Check a model archive and hand it on unchanged.")
    parser.add_argument("--archive", type=Path, required=True, help="the model archive")
    parser.add_argument("--recipe", type=Path, required=True, help="recipe.yaml")
    parser.add_argument("--output", type=Path, required=True, help="folder to write into")
    args = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    recipe = parse_recipe(args.recipe.read_text(encoding="utf-8"), where=str(args.recipe))
    if recipe.import_model is None:
        raise ArtifactMissingError(f"{args.recipe.name} has no section import_model")
    if not args.archive.is_file():
        raise ArtifactMissingError(f"{args.archive.name} is missing in the folder '{args.archive.parent.name}'")
    report = judge(args.archive, recipe, recipe.import_model.max_bytes)
    args.output.mkdir(parents=True, exist_ok=True)
    if report.verdict == "accepted":
        shutil.copyfile(args.archive, args.output / ARCHIVE)
    (args.output / "report.json").write_text(report.model_dump_json(indent=2), encoding="utf-8")
    logger.info("%s: %s", report.verdict, report.reason)


if __name__ == "__main__":
    with own_error_as_exit_message():
        main()
