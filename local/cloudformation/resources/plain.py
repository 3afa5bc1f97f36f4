"""Resource types whose properties are their API's own parameters."""

# ruff: noqa: D102 - every type has the same three methods, described in ResourceType

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from local.cloudformation.clients import Clients
from local.cloudformation.resources.base import Made, Properties, Request, ResourceType, TagForm
from local.home import ACCOUNT, REGION


@dataclass(frozen=True)
class Api:
    """How a type's API is called.

    name: the property, and the parameter, that names the resource
    update: None when every change takes a new resource
    reference: what Ref answers, from the name and the create operation's answer
    attributes: what Fn::GetAtt answers, likewise
    missing: error codes that say that there is nothing to delete
    fixed: properties, beside the name, whose change takes a new resource
    identity: properties, beside the name, that the delete operation needs
    delete_list: the delete operation's parameter when it takes a list of names
    tags: the form of the property Tags
    """

    service: str
    create: str
    delete: str
    name: str
    update: str | None = None
    longest: int = 64
    reference: Callable[[str, Properties], str] = lambda name, _: name
    attributes: Callable[[str, Properties], dict[str, Any]] = lambda _name, _: {}
    missing: tuple[str, ...] = ("ResourceNotFoundException",)
    fixed: tuple[str, ...] = ()
    identity: tuple[str, ...] = ()
    delete_list: str | None = None
    tags: TagForm | None = None


class PlainType(ResourceType):
    """A resource type that is one create, one update and one delete operation."""

    def __init__(self, clients: Clients, api: Api) -> None:
        super().__init__(clients)
        self._api = api
        self.tags = api.tags

    def create(self, request: Request) -> Made:
        api = self._api
        name = request.name(request.properties.get(api.name), longest=api.longest)
        answer = self.clients.call(api.service, api.create, **{**request.properties, api.name: name})
        attributes = {**api.attributes(name, answer), api.name: name}
        return Made(api.reference(name, answer), attributes)

    def update(self, request: Request, made: Made, before: Properties) -> Made:
        api = self._api
        if api.update is None:
            return super().update(request, made, before)
        properties = {**request.properties, api.name: made.attributes[api.name]}
        operation = self.clients.client(api.service).meta.service_model.operation_model(api.update)
        accepted = set(operation.input_shape.members)
        # Tags are given at creation; most update operations do not take them again.
        parameters = {key: value for key, value in properties.items() if key in accepted or key != "Tags"}
        self.clients.call(api.service, api.update, **parameters)
        return made

    def delete(self, made: Made, properties: Properties) -> None:
        api = self._api
        name = made.attributes[api.name]
        parameters = {key: properties[key] for key in api.identity if key in properties}
        parameters.update({api.delete_list: [name]} if api.delete_list else {api.name: name})
        self.clients.try_call(api.service, api.delete, api.missing, **parameters)

    def needs_replacement(self, before: Properties, after: Properties) -> bool:
        if self._api.update is None:
            return True
        return any(before.get(key) != after.get(key) for key in (self._api.name, *self._api.fixed))


def arn(service: str, resource: str) -> Callable[[str, Properties], dict[str, Any]]:
    """Fn::GetAtt's Arn, from a pattern that holds `{}` where the name goes."""
    return lambda name, _: {"Arn": f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource.format(name)}"}


PLAIN_TYPES: dict[str, Api] = {
    "AWS::CloudWatch::Alarm": Api(
        "cloudwatch",
        create="PutMetricAlarm",
        update="PutMetricAlarm",
        delete="DeleteAlarms",
        delete_list="AlarmNames",
        name="AlarmName",
        longest=255,
        attributes=arn("cloudwatch", "alarm:{}"),
        tags="list",
    ),
    "AWS::CloudWatch::Dashboard": Api(
        "cloudwatch",
        create="PutDashboard",
        update="PutDashboard",
        delete="DeleteDashboards",
        delete_list="DashboardNames",
        name="DashboardName",
        longest=255,
        missing=("ResourceNotFound", "DashboardNotFoundError"),
    ),
    "AWS::Scheduler::Schedule": Api(
        "scheduler",
        create="CreateSchedule",
        update="UpdateSchedule",
        delete="DeleteSchedule",
        name="Name",
        attributes=lambda _, answer: {"Arn": answer["ScheduleArn"]},
        fixed=("GroupName",),
        identity=("GroupName",),
    ),
    "AWS::Scheduler::ScheduleGroup": Api(
        "scheduler",
        create="CreateScheduleGroup",
        delete="DeleteScheduleGroup",
        name="Name",
        attributes=lambda _, answer: {"Arn": answer["ScheduleGroupArn"]},
        tags="list",
    ),
    "AWS::SSM::Parameter": Api(
        "ssm",
        create="PutParameter",
        delete="DeleteParameter",
        name="Name",
        missing=("ParameterNotFound",),
    ),
}
