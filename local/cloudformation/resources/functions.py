"""AWS::Lambda: functions, their versions, aliases, layers and permissions."""

# ruff: noqa: ARG002, D102 - every type has the same three methods, described in ResourceType

from __future__ import annotations

import io
import zipfile
from typing import Any

from local.cloudformation.errors import ResourceError
from local.cloudformation.resources.base import Made, Properties, Request, ResourceType, tag_map, without

MISSING = ("ResourceNotFoundException",)


class Function(ResourceType):
    """AWS::Lambda::Function."""

    tags = "list"
    immutable = frozenset({"FunctionName", "PackageType"})
    _apart = ("Code", "Tags", "ReservedConcurrentExecutions")

    def create(self, request: Request) -> Made:
        properties = request.properties
        name = request.name(properties.get("FunctionName"))
        created = self.clients.call(
            "lambda",
            "CreateFunction",
            **{
                **without(properties, *self._apart),
                "FunctionName": name,
                "Code": _code(properties["Code"]),
                "Tags": tag_map(properties.get("Tags")),
            },
        )
        self._reserve(name, properties)
        return Made(name, {"Arn": created["FunctionArn"]})

    def update(self, request: Request, made: Made, before: Properties) -> Made:
        name, properties = made.physical_id, request.properties
        settings = without(properties, *self._apart, "FunctionName", "Architectures", "PackageType")
        if settings != without(before, *self._apart, "FunctionName", "Architectures", "PackageType"):
            # What the template no longer says goes back to Lambda's default.
            defaults = {
                "Environment": {"Variables": {}},
                "Description": "",
                "Timeout": 3,
                "MemorySize": 128,
                "Layers": [],
            }
            self.clients.call("lambda", "UpdateFunctionConfiguration", FunctionName=name, **{**defaults, **settings})
        if properties["Code"] != before.get("Code"):
            self.clients.call("lambda", "UpdateFunctionCode", FunctionName=name, **_code(properties["Code"]))
        if properties.get("ReservedConcurrentExecutions") != before.get("ReservedConcurrentExecutions"):
            self._reserve(name, properties)
        return made

    def delete(self, made: Made, properties: Properties) -> None:
        self.clients.try_call("lambda", "DeleteFunction", MISSING, FunctionName=made.physical_id)

    def _reserve(self, name: str, properties: Properties) -> None:
        reserved = properties.get("ReservedConcurrentExecutions")
        if reserved is not None:
            self.clients.call(
                "lambda", "PutFunctionConcurrency", FunctionName=name, ReservedConcurrentExecutions=reserved
            )


class Version(ResourceType):
    """AWS::Lambda::Version: the function as it is now, for good."""

    def create(self, request: Request) -> Made:
        function = request.properties["FunctionName"]
        known = self.clients.call("lambda", "ListVersionsByFunction", FunctionName=function)["Versions"]
        published = self.clients.call(
            "lambda", "PublishVersion", FunctionName=function, Description=request.properties.get("Description")
        )
        # Lambda answers with the version there is; CloudFormation takes that for a version of somebody else's.
        if published["Version"] in {each["Version"] for each in known}:
            raise ResourceError(
                f"A version for this Lambda function exists ( {published['Version']} ). "
                "Modify the function to create a new version."
            )
        arn = published["FunctionArn"]
        return Made(arn, {"Version": published["Version"], "FunctionArn": arn})

    def delete(self, made: Made, properties: Properties) -> None:
        name, _, version = made.physical_id.rpartition(":")
        self.clients.try_call("lambda", "DeleteFunction", MISSING, FunctionName=name, Qualifier=version)


class Alias(ResourceType):
    """AWS::Lambda::Alias."""

    immutable = frozenset({"FunctionName", "Name"})

    def create(self, request: Request) -> Made:
        arn = self.clients.call("lambda", "CreateAlias", **self._settings(request.properties))["AliasArn"]
        return Made(arn, {"AliasArn": arn})

    def update(self, request: Request, made: Made, before: Properties) -> Made:
        self.clients.call("lambda", "UpdateAlias", **self._settings(request.properties))
        return made

    def delete(self, made: Made, properties: Properties) -> None:
        self.clients.try_call(
            "lambda", "DeleteAlias", MISSING, FunctionName=properties["FunctionName"], Name=properties["Name"]
        )

    @staticmethod
    def _settings(properties: Properties) -> Properties:
        weights = properties.get("RoutingConfig", {}).get("AdditionalVersionWeights")
        settings = without(properties, "RoutingConfig", "ProvisionedConcurrencyConfig")
        if weights:
            by_version = {each["FunctionVersion"]: each["FunctionWeight"] for each in weights}
            settings["RoutingConfig"] = {"AdditionalVersionWeights": by_version}
        return settings


class LayerVersion(ResourceType):
    """AWS::Lambda::LayerVersion: libraries that functions share, for good."""

    def create(self, request: Request) -> Made:
        name = request.name(request.properties.get("LayerName"), longest=140)
        published = self.clients.call("lambda", "PublishLayerVersion", **{**request.properties, "LayerName": name})
        arn = published["LayerVersionArn"]
        return Made(arn, {"LayerVersionArn": arn})

    def delete(self, made: Made, properties: Properties) -> None:
        layer, _, version = made.physical_id.rpartition(":")
        self.clients.try_call("lambda", "DeleteLayerVersion", MISSING, LayerName=layer, VersionNumber=version)


class Permission(ResourceType):
    """AWS::Lambda::Permission: who may invoke a function."""

    def create(self, request: Request) -> Made:
        statement = request.name(None, longest=100)
        name, qualifier = _split_qualifier(request.properties["FunctionName"])
        self.clients.call(
            "lambda",
            "AddPermission",
            **{**request.properties, "FunctionName": name, "Qualifier": qualifier, "StatementId": statement},
        )
        return Made(statement, {"Id": statement})

    def delete(self, made: Made, properties: Properties) -> None:
        name, _ = _split_qualifier(properties["FunctionName"])
        self.clients.try_call("lambda", "RemovePermission", MISSING, FunctionName=name, StatementId=made.physical_id)


class EventInvokeConfig(ResourceType):
    """AWS::Lambda::EventInvokeConfig: what becomes of failed asynchronous invocations."""

    immutable = frozenset({"FunctionName", "Qualifier"})

    def create(self, request: Request) -> Made:
        self.clients.call("lambda", "PutFunctionEventInvokeConfig", **request.properties)
        return Made(request.name(None))

    def update(self, request: Request, made: Made, before: Properties) -> Made:
        self.clients.call("lambda", "PutFunctionEventInvokeConfig", **request.properties)
        return made

    def delete(self, made: Made, properties: Properties) -> None:
        self.clients.try_call(
            "lambda",
            "DeleteFunctionEventInvokeConfig",
            MISSING,
            FunctionName=properties["FunctionName"],
            Qualifier=properties.get("Qualifier"),
        )


def _split_qualifier(function: str) -> tuple[str, str | None]:
    """A function's name or ARN, and the version or alias behind it."""
    parts = function.split(":")
    unqualified = 7 if parts[0] == "arn" else 1
    return ":".join(parts[:unqualified]), parts[unqualified] if len(parts) > unqualified else None


def _code(code: dict[str, Any]) -> dict[str, Any]:
    if "ZipFile" not in code:
        return code
    # In a template ZipFile is source text, which becomes the module `index`.
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("index.py", code["ZipFile"])
    return {"ZipFile": buffer.getvalue()}
