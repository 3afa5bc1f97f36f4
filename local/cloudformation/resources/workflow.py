"""AWS::StepFunctions and AWS::Events."""

# ruff: noqa: ARG002, D102 - every type has the same three methods, described in ResourceType

from __future__ import annotations

import json
import re

from local.cloudformation.errors import ResourceError
from local.cloudformation.resources.base import Made, Properties, Request, ResourceType, lower_keys, without

TOKEN = re.compile(r"\$\{([A-Za-z0-9_:.]+)\}")


class StateMachine(ResourceType):
    """AWS::StepFunctions::StateMachine, its definition inline or in S3, with substitutions."""

    immutable = frozenset({"StateMachineName", "StateMachineType"})

    def create(self, request: Request) -> Made:
        properties = request.properties
        name = request.name(properties.get("StateMachineName"), longest=80)
        created = self.clients.call(
            "stepfunctions",
            "CreateStateMachine",
            name=name,
            type=properties.get("StateMachineType"),
            tags=lower_keys(properties.get("Tags")),
            **self._settings(properties),
        )
        return Made(created["stateMachineArn"], {"Arn": created["stateMachineArn"], "Name": name})

    def update(self, request: Request, made: Made, before: Properties) -> Made:
        self.clients.call(
            "stepfunctions",
            "UpdateStateMachine",
            stateMachineArn=made.physical_id,
            **self._settings(request.properties),
        )
        return made

    def delete(self, made: Made, properties: Properties) -> None:
        self.clients.try_call(
            "stepfunctions", "DeleteStateMachine", ("StateMachineDoesNotExist",), stateMachineArn=made.physical_id
        )

    def _settings(self, properties: Properties) -> Properties:
        return {
            "definition": self._definition(properties),
            "roleArn": properties["RoleArn"],
            "loggingConfiguration": lower_keys(properties.get("LoggingConfiguration")),
            "tracingConfiguration": lower_keys(properties.get("TracingConfiguration")),
        }

    def _definition(self, properties: Properties) -> str:
        if "Definition" in properties:
            text = json.dumps(properties["Definition"])
        elif "DefinitionString" in properties:
            text = properties["DefinitionString"]
        else:
            place = properties["DefinitionS3Location"]
            document = self.clients.call("s3", "GetObject", Bucket=place["Bucket"], Key=place["Key"])
            text = document["Body"].read().decode()
        substitutions = properties.get("DefinitionSubstitutions", {})
        text = TOKEN.sub(lambda match: str(substitutions.get(match[1], match[0])), text)
        left = sorted(set(TOKEN.findall(text)))
        if left:
            raise ResourceError(f"the definition asks for the substitutions {', '.join(left)}, which have no value")
        return text


class Rule(ResourceType):
    """AWS::Events::Rule with its targets."""

    immutable = frozenset({"Name", "EventBusName"})

    def create(self, request: Request) -> Made:
        name = request.name(request.properties.get("Name"))
        arn = self._put(name, request.properties)
        return Made(name, {"Arn": arn, "Name": name})

    def update(self, request: Request, made: Made, before: Properties) -> Made:
        name, properties = made.attributes["Name"], request.properties
        self._put(name, properties)
        gone = {each["Id"] for each in before.get("Targets", [])} - {
            each["Id"] for each in properties.get("Targets", [])
        }
        self._remove_targets(name, before, gone)
        return made

    def delete(self, made: Made, properties: Properties) -> None:
        name = made.attributes["Name"]
        self._remove_targets(name, properties, {each["Id"] for each in properties.get("Targets", [])})
        bus = properties.get("EventBusName")
        self.clients.try_call("events", "DeleteRule", ("ResourceNotFoundException",), Name=name, EventBusName=bus)

    def _put(self, name: str, properties: Properties) -> str:
        settings = without(properties, "Targets", "EventPattern")
        if "EventPattern" in properties:
            settings["EventPattern"] = json.dumps(properties["EventPattern"])
        arn: str = self.clients.call("events", "PutRule", **{**settings, "Name": name})["RuleArn"]
        if properties.get("Targets"):
            bus = properties.get("EventBusName")
            self.clients.call("events", "PutTargets", Rule=name, EventBusName=bus, Targets=properties["Targets"])
        return arn

    def _remove_targets(self, name: str, properties: Properties, ids: set[str]) -> None:
        if ids:
            self.clients.try_call(
                "events",
                "RemoveTargets",
                ("ResourceNotFoundException",),
                Rule=name,
                EventBusName=properties.get("EventBusName"),
                Ids=sorted(ids),
            )
