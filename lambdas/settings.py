"""An entry point's environment, as one typed model that names all that is missing."""

from __future__ import annotations

import os
from typing import Self

from pydantic import BaseModel, ConfigDict


class Settings(BaseModel):
    """Base of every entry point's settings: field `release_table` is read from `RELEASE_TABLE`."""

    model_config = ConfigDict(frozen=True, alias_generator=str.upper)

    @classmethod
    def from_environment(cls) -> Self:
        """Read the environment; raises pydantic's ValidationError, which names every variable that is missing."""
        return cls.model_validate(
            {name.upper(): os.environ.get(name.upper()) for name in cls.model_fields if name.upper() in os.environ}
        )
