"""A drafted recipe as the file that its owner keeps: YAML with a sentence above each section."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import yaml

from greenlight.errors import WrongUseError

_ABOUT = {
    "data": "Which columns mean what.",
    "split": "A row's part follows from its content and this seed, so it stays the same when rows are added.",
    "data_rules": "Set from the file, with room to move. Worse data ends a run or warns (docs/data.md).",
    "training": "The training job. Hyperparameters left out keep the script's own defaults.",
    "metrics": "Floors that only a model better than guessing passes; raise them when you know what is possible.",
    "behaviour": "What must not change an answer; broken, these only warn. Add tests of your own (docs/behaviour.md).",
    "approval": "Who is asked before a model goes live.",
    "endpoint": "Where the model serves. On AWS this instance costs money for as long as the endpoint exists.",
    "smoke": "Held-back rows that the endpoint must answer just as the evaluated model did; add cases of your own.",
}


def recipe_text(document: dict[str, Any], file: str) -> str:
    """The whole document."""
    lines = [
        f"# Written from what was in {file}. It is yours: read it, change it, keep it.",
        "# Every key that may stand here, with its default and limits, is in docs/recipes.md.",
    ]
    for key, value in document.items():
        if key in _ABOUT:
            lines += ["", f"# {_ABOUT[key]}"]
        lines.append(yaml.safe_dump({key: value}, sort_keys=False, allow_unicode=True, width=1000).rstrip())
    return "\n".join(lines) + "\n"


def write_recipe(project: Path, name: str, text: str) -> Path:
    """Write recipes/<name>/recipe.yaml as a whole or not at all; raises WrongUseError when there is one already."""
    folder = project / "recipes" / name
    target = folder / "recipe.yaml"
    check_free(project, name)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=folder, suffix=".yaml", delete=False) as stream:
        stream.write(text)
    Path(stream.name).chmod(0o644)
    try:
        os.link(stream.name, target)
    except FileExistsError:
        check_free(project, name)
        raise
    finally:
        Path(stream.name).unlink()
    return target


def check_free(project: Path, name: str) -> None:
    """Raise WrongUseError when there is a recipe of this name already."""
    if (project / "recipes" / name / "recipe.yaml").exists():
        raise WrongUseError(
            f"recipes/{name}/recipe.yaml is there already; release it with `greenlight run {name} --data FILE`, "
            "or give another name: --name"
        )
