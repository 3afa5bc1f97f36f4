"""Published versions of functions, by the rules of PublishVersion that moto does not keep.

Through moto's own classes (moto is pinned exactly). Source: Lambda API reference, PublishVersion: when neither code nor
configuration has changed since the last version, none is published. A number is never given twice.
"""

from __future__ import annotations

import copy
from typing import Any

from moto.awslambda.models import LambdaFunction, LambdaStorage

# What of a configuration says nothing about how the function behaves, and differs between any two versions.
OF_ITS_OWN = ("FunctionArn", "LastModified", "Version")


def install() -> None:
    """Plug into moto; call it before anything is served."""
    LambdaStorage.publish_version = _publish_version  # type: ignore[method-assign]  # moto has no other way in


def _publish_version(self: LambdaStorage, name_or_arn: str, description: str = "") -> LambdaFunction:
    """A new version of $LATEST, or the last one when $LATEST has not changed since."""
    latest = self.get_function_by_name_or_arn_forbid_qualifier(name_or_arn)
    kept: dict[str, Any] = self._functions[latest.function_name]
    versions: list[LambdaFunction] = kept["versions"]
    source = _source_of(latest)
    if versions and _published_from(versions[-1]) == source:
        return versions[-1]
    kept["last_number"] = max([kept.get("last_number", 0), *(int(each.version) for each in versions)]) + 1
    version = copy.copy(latest)
    version.set_version(kept["last_number"])
    vars(version)["published_from"] = source
    if description:
        version.description = description
    versions.append(version)
    self._arns[version.function_arn] = version
    return version


def _source_of(function: LambdaFunction) -> dict[str, Any]:
    configuration: dict[str, Any] = function.get_configuration()
    return {key: value for key, value in configuration.items() if key not in OF_ITS_OWN}


def _published_from(version: LambdaFunction) -> dict[str, Any]:
    source: dict[str, Any] = vars(version).get("published_from") or _source_of(version)
    return source
