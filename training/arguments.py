"""The arguments of a training script: folders as a training job has them, and hyperparameters as texts."""

from __future__ import annotations

import argparse
import ast
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

TASKS = ("binary", "multi_class", "multi_label")


def class_names_of(text: str) -> list[str]:
    """The training toolkit hands a list over as Python writes it, a person as JSON; both are literals."""
    names = ast.literal_eval(text)
    if not (isinstance(names, list) and names and all(isinstance(name, str) for name in names)):
        raise ValueError
    return names


def parse_arguments(
    argv: Sequence[str] | None, *, description: str, channels: Sequence[str] = ("train", "validation")
) -> tuple[argparse.Namespace, dict[str, str]]:
    """Folders, task and class names; and all other `--name value` pairs, which are hyperparameters.

    channels: names of the folders of input, each an argument that defaults to SM_CHANNEL_<NAME>
    """
    environment = os.environ
    folders = {name: f"SM_CHANNEL_{name.upper()}" for name in channels}
    folders |= {"model_dir": "SM_MODEL_DIR", "output_data_dir": "SM_OUTPUT_DATA_DIR"}
    parser = argparse.ArgumentParser(description=description, allow_abbrev=False)
    for name, variable in folders.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=Path, default=environment.get(variable))
    parser.add_argument("--task", choices=TASKS, default="multi_class")
    parser.add_argument("--class_names", type=class_names_of, required=True, help='such as \'["no", "yes"]\'')
    args, rest = parser.parse_known_args(argv)
    for name in folders:
        if getattr(args, name) is None:
            parser.error(f"--{name.replace('_', '-')} is needed outside a training job")
    if len(rest) % 2 or not all(name.startswith("--") for name in rest[::2]):
        parser.error(f"hyperparameters are given as --name value, not as {' '.join(rest)}")
    return args, {name[2:]: value for name, value in zip(rest[::2], rest[1::2], strict=True)}
