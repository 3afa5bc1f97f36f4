"""What somebody said about their own CSV on the command line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from greenlight.errors import WrongUseError
from steps.recipe import Task

LONGEST_NAME = 30


@dataclass(frozen=True)
class Wishes:
    """Columns and choices as they were given; what was not given is None or empty."""

    text_column: str | None = None
    label_columns: tuple[str, ...] = ()
    target_column: str | None = None
    task: Task | None = None
    name: str | None = None
    ignored_columns: tuple[str, ...] = ()
    ignored_labels: tuple[str, ...] = ()
    approver: str | None = None

    @property
    def any(self) -> bool:
        """Whether a recipe shall be written at all."""
        return self != Wishes()

    def check(self) -> None:
        """Raise WrongUseError when they do not say what to learn from what."""
        if self.target_column is not None:
            if self.text_column is not None or self.label_columns:
                raise WrongUseError(
                    "--target-column is for tables: it goes without --text-column and --label-column; "
                    "every other column is what the model looks at"
                )
            return
        if self.text_column is None:
            raise WrongUseError(
                "say what the model reads: --text-column NAME --label-column NAME for texts, or --target-column NAME "
                "for a table whose other columns it looks at"
            )
        if not self.label_columns:
            raise WrongUseError(
                "say what the model shall answer: --label-column NAME, given once for one label a text, or several "
                "times for columns that hold 0 or 1"
            )


def recipe_name(wishes: Wishes, file: Path) -> str:
    """The name asked for, or one made of the file's; raises WrongUseError when it can be none."""
    if wishes.name is not None:
        return wishes.name
    words = re.findall(r"[a-z0-9]+", file.name.partition(".")[0].lower())
    name = "-".join(words)[:LONGEST_NAME].rstrip("-")
    if not re.match(r"[a-z]", name):
        raise WrongUseError(f"no recipe can be named after {file.name}; give a name that begins with a letter: --name")
    return name
