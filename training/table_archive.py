"""A table model's archive: both parts of the inference pipeline with the code that serves them."""

from __future__ import annotations

import json
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import serving
from serving import (
    score_rows,
    table_booster,
    table_files,
    table_rows,
    table_transformer,
    transform_rows,
    unusable_input,
)
from serving.table_booster import LOG_TARGET, TASK
from serving.table_files import BOOSTER, SCHEMA, TRANSFORMER

if TYPE_CHECKING:
    from serving.table_rows import Schema

# The images look for their scripts at the top of code/, and for what these import below it. They are imported here so
# that a change in one of them is a change of the training script, too.
SCRIPTS = (transform_rows, score_rows)
MODULES = (serving, table_booster, table_files, table_rows, table_transformer, unusable_input)
# What loads the transformer and is not in the image: the part of skops that reads files, and what that imports.
LIBRARIES = ("skops", "packaging")


def write_archive(folder: Path, *, fitted: Any, booster: Any, schema: Schema, task: str, log_target: bool) -> None:  # noqa: ANN401 - published without types
    """Fill the folder that becomes model.tar.gz; nothing in it is a pickle."""
    from skops import io  # noqa: PLC0415 - not needed to import this module

    folder.mkdir(parents=True, exist_ok=True)
    io.dump(fitted, folder / TRANSFORMER)
    booster.set_attr(**{TASK: task, LOG_TARGET: "true" if log_target else "false"})
    booster.save_model(folder / BOOSTER)
    document = {
        "numeric": schema.numeric,
        "categorical": schema.categorical,
        "missing_values": sorted(schema.missing_values),
    }
    (folder / SCHEMA).write_text(json.dumps(document, indent=2), encoding="utf-8")
    _write_code(folder / "code")


def _write_code(code: Path) -> None:
    (code / "serving").mkdir(parents=True, exist_ok=True)
    for folder, modules in ((code, SCRIPTS), (code / "serving", MODULES)):
        for module in modules:
            source = Path(str(module.__file__))
            shutil.copyfile(source, folder / source.name)
    _write_libraries(code / "lib")


def _write_libraries(lib: Path) -> None:
    unused = shutil.ignore_patterns("__pycache__", "tests", "card", "cli", "conftest.py")
    for name in LIBRARIES:
        spec = find_spec(name)
        if spec is None or spec.origin is None:
            raise ModuleNotFoundError(f"{name} is not installed, so the archive would lack it")
        shutil.copytree(Path(spec.origin).parent, lib / name, ignore=unused, dirs_exist_ok=True)
