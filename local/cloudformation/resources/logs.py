"""AWS::Logs."""

# ruff: noqa: ARG002, D102 - every type has the same three methods, described in ResourceType

from __future__ import annotations

from local.cloudformation.resources.base import Made, Properties, Request, ResourceType, lower_keys, tag_map
from local.home import ACCOUNT, REGION

MISSING = ("ResourceNotFoundException",)


class LogGroup(ResourceType):
    """AWS::Logs::LogGroup."""

    tags = "list"
    immutable = frozenset({"LogGroupName"})

    def create(self, request: Request) -> Made:
        properties = request.properties
        name = request.name(properties.get("LogGroupName"), longest=512)
        tags = tag_map(properties.get("Tags"))
        self.clients.call("logs", "CreateLogGroup", logGroupName=name, kmsKeyId=properties.get("KmsKeyId"), tags=tags)
        self._retain(name, properties)
        return Made(name, {"Arn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}:*"})

    def update(self, request: Request, made: Made, before: Properties) -> Made:
        self._retain(made.physical_id, request.properties)
        return made

    def delete(self, made: Made, properties: Properties) -> None:
        self.clients.try_call("logs", "DeleteLogGroup", MISSING, logGroupName=made.physical_id)

    def _retain(self, name: str, properties: Properties) -> None:
        if "RetentionInDays" in properties:
            days = properties["RetentionInDays"]
            self.clients.call("logs", "PutRetentionPolicy", logGroupName=name, retentionInDays=days)
        else:
            self.clients.try_call("logs", "DeleteRetentionPolicy", MISSING, logGroupName=name)


class LogResourcePolicy(ResourceType):
    """AWS::Logs::ResourcePolicy."""

    immutable = frozenset({"PolicyName"})

    def create(self, request: Request) -> Made:
        self._put(request.properties)
        return Made(request.properties["PolicyName"])

    def update(self, request: Request, made: Made, before: Properties) -> Made:
        self._put(request.properties)
        return made

    def delete(self, made: Made, properties: Properties) -> None:
        self.clients.try_call("logs", "DeleteResourcePolicy", MISSING, policyName=made.physical_id)

    def _put(self, properties: Properties) -> None:
        self.clients.call(
            "logs",
            "PutResourcePolicy",
            policyName=properties["PolicyName"],
            policyDocument=properties["PolicyDocument"],
        )


class MetricFilter(ResourceType):
    """AWS::Logs::MetricFilter."""

    immutable = frozenset({"FilterName", "LogGroupName"})

    def create(self, request: Request) -> Made:
        made = Made(request.name(request.properties.get("FilterName"), longest=512))
        return self.update(request, made, {})

    def update(self, request: Request, made: Made, before: Properties) -> Made:
        settings = {**lower_keys(request.properties), "filterName": made.physical_id}
        self.clients.call("logs", "PutMetricFilter", **settings)
        return made

    def delete(self, made: Made, properties: Properties) -> None:
        group = properties["LogGroupName"]
        self.clients.try_call("logs", "DeleteMetricFilter", MISSING, logGroupName=group, filterName=made.physical_id)
