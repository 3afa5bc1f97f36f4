"""AWS::KMS."""

# ruff: noqa: D102 - every type has the same three methods, described in ResourceType

from __future__ import annotations

import json

from local.cloudformation.errors import ResourceError
from local.cloudformation.resources.base import Made, Properties, Request, ResourceType, without

SETTINGS = ("KeyPolicy", "EnableKeyRotation", "PendingWindowInDays", "Description", "Tags")
LONGEST_WAIT_DAYS = 30


class Key(ResourceType):
    """AWS::KMS::Key, symmetric; deleting it schedules its deletion, as on AWS."""

    immutable = frozenset({"KeySpec", "KeyUsage", "MultiRegion", "Origin"})

    def create(self, request: Request) -> Made:
        properties = request.properties
        tags = [{"TagKey": each["Key"], "TagValue": each["Value"]} for each in properties.get("Tags", [])]
        created = self.clients.call(
            "kms",
            "CreateKey",
            **{
                **without(properties, *SETTINGS),
                "Description": properties.get("Description"),
                "Policy": _policy(properties),
                "Tags": tags or None,
            },
        )["KeyMetadata"]
        self._rotate(created["KeyId"], properties)
        return Made(created["KeyId"], {"Arn": created["Arn"], "KeyId": created["KeyId"]})

    def update(self, request: Request, made: Made, before: Properties) -> Made:
        unknown = sorted(key for key in {*before, *request.properties} - {*SETTINGS, *(self.immutable or ())})
        if unknown:
            raise ResourceError(f"the laptop does not update the key properties {', '.join(unknown)}", made.physical_id)
        key, properties = made.physical_id, request.properties
        if properties.get("KeyPolicy"):
            self.clients.call("kms", "PutKeyPolicy", KeyId=key, PolicyName="default", Policy=_policy(properties))
        self.clients.call("kms", "UpdateKeyDescription", KeyId=key, Description=properties.get("Description", ""))
        self._rotate(key, properties)
        return made

    def delete(self, made: Made, properties: Properties) -> None:
        days = int(properties.get("PendingWindowInDays", LONGEST_WAIT_DAYS))
        gone = ("NotFoundException", "KMSInvalidStateException")
        self.clients.try_call("kms", "ScheduleKeyDeletion", gone, KeyId=made.physical_id, PendingWindowInDays=days)

    def _rotate(self, key: str, properties: Properties) -> None:
        on = str(properties.get("EnableKeyRotation", False)).lower() == "true"
        self.clients.call("kms", "EnableKeyRotation" if on else "DisableKeyRotation", KeyId=key)


def _policy(properties: Properties) -> str | None:
    return json.dumps(properties["KeyPolicy"]) if "KeyPolicy" in properties else None
