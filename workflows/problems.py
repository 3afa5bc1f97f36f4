"""What a check says: where, and what is wrong there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

State: TypeAlias = Mapping[str, Any]
States: TypeAlias = Mapping[str, State]


@dataclass(frozen=True)
class Problem:
    """One broken rule; where: a state or a section of the template."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"
