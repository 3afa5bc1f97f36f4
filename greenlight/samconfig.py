"""Reads the deployment's settings from samconfig.toml, where `sam deploy` reads them too."""

from __future__ import annotations

import shlex
import tomllib
from pathlib import Path
from typing import Any

from greenlight.errors import WrongUseError


def parameter_overrides(file: Path, environment: str) -> dict[str, str]:
    """The template parameters that samconfig.toml sets for an environment, such as `local` or `default`.

    Raises WrongUseError when the file cannot be read or an override is no `Name=value`.
    """
    try:
        config = tomllib.loads(file.read_text())
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise WrongUseError(f"{file} cannot be read: {error}") from error
    tables: dict[str, Any] = config.get(environment, {})
    given = tables.get("deploy", {}).get("parameters", {}).get("parameter_overrides", [])
    overrides = {}
    for each in shlex.split(given) if isinstance(given, str) else given:
        name, equals, value = str(each).partition("=")
        if not equals:
            raise WrongUseError(
                f"{file}: parameter_overrides of [{environment}] holds '{each}', which is no Name=value"
            )
        overrides[name.strip()] = value.strip().strip('"')
    return overrides
