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

    tags = "list"
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
        return Made(created["stateMachineArn"], self._attributes(created["stateMachineArn"]))

    def update(self, request: Request, made: Made, before: Properties) -> Made:
        self.clients.call(
            "stepfunctions",
            "UpdateStateMachine",
            stateMachineArn=made.physical_id,
            **self._settings(request.properties),
        )
        return Made(made.physical_id, self._attributes(made.physical_id))

    def delete(self, made: Made, properties: Properties) -> None:
        self.clients.try_call(
            "stepfunctions", "DeleteStateMachine", ("StateMachineDoesNotExist",), stateMachineArn=made.physical_id
        )

    def _attributes(self, arn: str) -> Properties:
        described = self.clients.call("stepfunctions", "DescribeStateMachine", stateMachineArn=arn)
        # The API shows no revision until the first update; PublishStateMachineVersion calls that one INITIAL.
        return {
            "Arn": arn,
            "Name": described["name"],
            "StateMachineRevisionId": described.get("revisionId", "INITIAL"),
        }

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


class StateMachineVersion(ResourceType):
    """AWS::StepFunctions::StateMachineVersion: the state machine as it is now, for good."""

    def create(self, request: Request) -> Made:
        properties = request.properties
        arn = self.clients.call(
            "stepfunctions",
            "PublishStateMachineVersion",
            stateMachineArn=properties["StateMachineArn"],
            revisionId=properties.get("StateMachineRevisionId"),
            description=properties.get("Description"),
        )["stateMachineVersionArn"]
        return Made(arn, {"Arn": arn})

    def delete(self, made: Made, properties: Properties) -> None:
        self.clients.try_call(
            "stepfunctions",
            "DeleteStateMachineVersion",
            ("StateMachineDoesNotExist",),
            stateMachineVersionArn=made.physical_id,
        )


class StateMachineAlias(ResourceType):
    """AWS::StepFunctions::StateMachineAlias; its traffic changes over all at once."""

    immutable = frozenset({"Name"})

    def create(self, request: Request) -> Made:
        name = request.name(request.properties.get("Name"), longest=80)
        settings = self._settings(request.properties)
        arn = self.clients.call("stepfunctions", "CreateStateMachineAlias", name=name, **settings)[
            "stateMachineAliasArn"
        ]
        return Made(arn, {"Arn": arn})

    def update(self, request: Request, made: Made, before: Properties) -> Made:
        settings = self._settings(request.properties)
        self.clients.call("stepfunctions", "UpdateStateMachineAlias", stateMachineAliasArn=made.physical_id, **settings)
        return made

    def delete(self, made: Made, properties: Properties) -> None:
        self.clients.try_call(
            "stepfunctions",
            "DeleteStateMachineAlias",
            ("ResourceNotFound", "StateMachineDoesNotExist"),
            stateMachineAliasArn=made.physical_id,
        )

    @staticmethod
    def _settings(properties: Properties) -> Properties:
        unknown = sorted(set(properties) - {"Name", "Description", "RoutingConfiguration", "DeploymentPreference"})
        if unknown:
            raise ResourceError(f"the laptop does not know the alias's properties {', '.join(unknown)}")
        preference, routes = properties.get("DeploymentPreference"), properties.get("RoutingConfiguration")
        if (preference is None) == (routes is None):
            raise ResourceError("an alias needs either RoutingConfiguration or DeploymentPreference")
        if preference is not None:
            unknown = sorted(set(preference) - {"StateMachineVersionArn", "Type"})
            if preference["Type"] != "ALL_AT_ONCE" or unknown:
                named = ", ".join([preference["Type"], *unknown])
                raise ResourceError(f"the laptop changes an alias over ALL_AT_ONCE only, not by {named}")
            routes = [{"StateMachineVersionArn": preference["StateMachineVersionArn"], "Weight": 100}]
        return {"description": properties.get("Description"), "routingConfiguration": lower_keys(routes)}


class Rule(ResourceType):
    """AWS::Events::Rule with its targets."""

    tags = "list"
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
