"""AWS::IAM: roles and policies."""

# ruff: noqa: ARG002, D102 - every type has the same three methods, described in ResourceType

from __future__ import annotations

import json
from typing import Any

from local.cloudformation.aws_policies import make_known
from local.cloudformation.resources.base import Made, Properties, Request, ResourceType, without

MISSING = ("NoSuchEntity",)


class Role(ResourceType):
    """AWS::IAM::Role, with inline and managed policies."""

    tags = "list"
    immutable = frozenset({"RoleName", "Path"})

    def create(self, request: Request) -> Made:
        properties = request.properties
        name = request.name(properties.get("RoleName"))
        role = self.clients.call(
            "iam",
            "CreateRole",
            **{
                **without(properties, "Policies", "ManagedPolicyArns"),
                "RoleName": name,
                "AssumeRolePolicyDocument": json.dumps(properties["AssumeRolePolicyDocument"]),
            },
        )["Role"]
        made = Made(name, {"Arn": role["Arn"], "RoleId": role["RoleId"]})
        self._sync_policies(name, {}, properties)
        return made

    def update(self, request: Request, made: Made, before: Properties) -> Made:
        name, properties = made.physical_id, request.properties
        document = json.dumps(properties["AssumeRolePolicyDocument"])
        self.clients.call("iam", "UpdateAssumeRolePolicy", RoleName=name, PolicyDocument=document)
        self.clients.call(
            "iam",
            "UpdateRole",
            RoleName=name,
            Description=properties.get("Description", ""),
            MaxSessionDuration=properties.get("MaxSessionDuration", 3600),
        )
        self._sync_policies(name, before, properties)
        return made

    def delete(self, made: Made, properties: Properties) -> None:
        self._sync_policies(made.physical_id, properties, {})
        self.clients.try_call("iam", "DeleteRole", MISSING, RoleName=made.physical_id)

    def _sync_policies(self, name: str, before: Properties, after: Properties) -> None:
        old = {each["PolicyName"] for each in before.get("Policies", [])}
        new = {each["PolicyName"]: _document(each["PolicyDocument"]) for each in after.get("Policies", [])}
        for policy in old - set(new):
            self.clients.try_call("iam", "DeleteRolePolicy", MISSING, RoleName=name, PolicyName=policy)
        for policy, document in new.items():
            self.clients.call("iam", "PutRolePolicy", RoleName=name, PolicyName=policy, PolicyDocument=document)
        attached, wanted = set(before.get("ManagedPolicyArns", [])), set(after.get("ManagedPolicyArns", []))
        for arn in attached - wanted:
            self.clients.try_call("iam", "DetachRolePolicy", MISSING, RoleName=name, PolicyArn=arn)
        for arn in wanted - attached:
            make_known(arn)
            self.clients.call("iam", "AttachRolePolicy", RoleName=name, PolicyArn=arn)


class Policy(ResourceType):
    """AWS::IAM::Policy: one inline policy put into several roles."""

    immutable = frozenset({"PolicyName"})

    def create(self, request: Request) -> Made:
        self._put(request.properties)
        return Made(request.name(None))

    def update(self, request: Request, made: Made, before: Properties) -> Made:
        gone = set(before.get("Roles", [])) - set(request.properties.get("Roles", []))
        self._remove({**before, "Roles": sorted(gone)})
        self._put(request.properties)
        return made

    def delete(self, made: Made, properties: Properties) -> None:
        self._remove(properties)

    def _put(self, properties: Properties) -> None:
        document = _document(properties["PolicyDocument"])
        for role in properties.get("Roles", []):
            self.clients.call(
                "iam", "PutRolePolicy", RoleName=role, PolicyName=properties["PolicyName"], PolicyDocument=document
            )

    def _remove(self, properties: Properties) -> None:
        for role in properties.get("Roles", []):
            self.clients.try_call(
                "iam", "DeleteRolePolicy", MISSING, RoleName=role, PolicyName=properties["PolicyName"]
            )


class ManagedPolicy(ResourceType):
    """AWS::IAM::ManagedPolicy."""

    immutable = frozenset({"ManagedPolicyName", "Path", "Description"})

    def create(self, request: Request) -> Made:
        properties = request.properties
        arn: Any = self.clients.call(
            "iam",
            "CreatePolicy",
            PolicyName=request.name(properties.get("ManagedPolicyName"), longest=128),
            Path=properties.get("Path"),
            Description=properties.get("Description"),
            PolicyDocument=_document(properties["PolicyDocument"]),
        )["Policy"]["Arn"]
        self._attach(arn, set(properties.get("Roles", [])))
        return Made(arn, {"PolicyArn": arn})

    def update(self, request: Request, made: Made, before: Properties) -> Made:
        arn = made.physical_id
        if request.properties["PolicyDocument"] != before["PolicyDocument"]:
            old = self.clients.call("iam", "GetPolicy", PolicyArn=arn)["Policy"]["DefaultVersionId"]
            document = _document(request.properties["PolicyDocument"])
            self.clients.call("iam", "CreatePolicyVersion", PolicyArn=arn, PolicyDocument=document, SetAsDefault=True)
            self.clients.call("iam", "DeletePolicyVersion", PolicyArn=arn, VersionId=old)
        had, has = set(before.get("Roles", [])), set(request.properties.get("Roles", []))
        self._detach(arn, had - has)
        self._attach(arn, has - had)
        return made

    def delete(self, made: Made, properties: Properties) -> None:
        self._detach(made.physical_id, set(properties.get("Roles", [])))
        self.clients.try_call("iam", "DeletePolicy", MISSING, PolicyArn=made.physical_id)

    def _attach(self, arn: str, roles: set[str]) -> None:
        for role in roles:
            self.clients.call("iam", "AttachRolePolicy", RoleName=role, PolicyArn=arn)

    def _detach(self, arn: str, roles: set[str]) -> None:
        for role in roles:
            self.clients.try_call("iam", "DetachRolePolicy", MISSING, RoleName=role, PolicyArn=arn)


def _document(policy: Properties) -> str:
    """A policy as JSON; IAM takes one without a version, as SAM's policy templates are, and moto does not."""
    return json.dumps({"Version": "2012-10-17", **policy})
