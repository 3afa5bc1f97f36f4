"""AWS::S3 and AWS::DynamoDB."""

# ruff: noqa: ARG002, D102 - every type has the same three methods, described in ResourceType

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from local.cloudformation.errors import ResourceError
from local.cloudformation.resources.base import Made, Properties, Request, ResourceType, without
from local.home import REGION

BUCKET_GONE = ("NoSuchBucket",)


class Bucket(ResourceType):
    """AWS::S3::Bucket."""

    tags = "list"
    immutable = frozenset({"BucketName", "ObjectLockEnabled"})

    def create(self, request: Request) -> Made:
        properties = request.properties
        # S3 names are lower-case, and a name of one's own choice is checked by S3 itself.
        name = properties.get("BucketName") or request.name(None, longest=63).lower()
        lock = properties.get("ObjectLockEnabled")
        self.clients.call("s3", "CreateBucket", Bucket=name, ObjectLockEnabledForBucket=lock)
        self._configure(name, {}, properties)
        return Made(name, _bucket_attributes(name))

    def update(self, request: Request, made: Made, before: Properties) -> Made:
        self._configure(made.physical_id, before, request.properties)
        return made

    def delete(self, made: Made, properties: Properties) -> None:
        self.clients.try_call("s3", "DeleteBucket", BUCKET_GONE, Bucket=made.physical_id)

    def _configure(self, name: str, before: Properties, after: Properties) -> None:
        unknown = sorted(set(after) - set(BUCKET_SETTINGS) - {"BucketName", "ObjectLockEnabled"})
        if unknown:
            raise ResourceError(f"the laptop does not know the bucket properties {', '.join(unknown)}")
        for key, (operation, argument, translate) in BUCKET_SETTINGS.items():
            if after.get(key) == before.get(key):
                continue
            if key in after:
                self.clients.call("s3", f"Put{operation}", Bucket=name, **{argument: translate(after[key])})
            elif key in {"VersioningConfiguration", "NotificationConfiguration"}:
                off = {"Status": "Suspended"} if key == "VersioningConfiguration" else {}
                self.clients.call("s3", f"Put{operation}", Bucket=name, **{argument: off})
            else:
                # These two are deleted under a shorter name than they are put.
                delete = {"BucketLifecycleConfiguration": "BucketLifecycle"}.get(operation, operation)
                self.clients.call("s3", f"Delete{delete}", Bucket=name)


def _same(value: Any) -> Any:  # noqa: ANN401
    return value


def _encryption(value: Properties) -> Properties:
    rules = [
        {
            **without(rule, "ServerSideEncryptionByDefault"),
            "ApplyServerSideEncryptionByDefault": rule["ServerSideEncryptionByDefault"],
        }
        for rule in value["ServerSideEncryptionConfiguration"]
    ]
    return {"Rules": rules}


def _lifecycle(value: Properties) -> Properties:
    return {"Rules": [_lifecycle_rule(rule) for rule in value["Rules"]]}


def _lifecycle_rule(rule: Properties) -> Properties:
    """One rule in the API's words, which nest what the template writes flat."""
    moved = {"Id", "Prefix", "TagFilters", "ObjectSizeGreaterThan", "ObjectSizeLessThan", "ExpirationInDays"}
    moved |= {
        "ExpirationDate",
        "ExpiredObjectDeleteMarker",
        "Transitions",
        "Transition",
        "NoncurrentVersionTransitions",
    }
    api = {key: each for key, each in rule.items() if key not in moved}
    if "Id" in rule:
        api["ID"] = rule["Id"]
    conditions: Properties = {"Prefix": rule.get("Prefix", "")}
    if rule.get("TagFilters"):
        conditions["Tags"] = rule["TagFilters"]
    for size in ("ObjectSizeGreaterThan", "ObjectSizeLessThan"):
        if size in rule:
            conditions[size] = int(rule[size])
    api["Filter"] = conditions if len(conditions) == 1 else {"And": conditions}
    expiration = {
        "Days": rule.get("ExpirationInDays"),
        "Date": rule.get("ExpirationDate"),
        "ExpiredObjectDeleteMarker": rule.get("ExpiredObjectDeleteMarker"),
    }
    if any(each is not None for each in expiration.values()):
        api["Expiration"] = {key: each for key, each in expiration.items() if each is not None}
    transitions = [*rule.get("Transitions", []), *([rule["Transition"]] if "Transition" in rule else [])]
    if transitions:
        names = {"TransitionInDays": "Days", "TransitionDate": "Date"}
        api["Transitions"] = [{names.get(key, key): each for key, each in one.items()} for one in transitions]
    if "NoncurrentVersionTransitions" in rule:
        names = {"TransitionInDays": "NoncurrentDays"}
        api["NoncurrentVersionTransitions"] = [
            {names.get(key, key): each for key, each in one.items()} for one in rule["NoncurrentVersionTransitions"]
        ]
    return api


def _cors(value: Properties) -> Properties:
    names = {"ExposedHeaders": "ExposeHeaders", "MaxAge": "MaxAgeSeconds", "Id": "ID"}
    return {"CORSRules": [{names.get(key, key): each for key, each in rule.items()} for rule in value["CorsRules"]]}


def _notification(value: Properties) -> Properties:
    unknown = sorted(set(value) - {"EventBridgeConfiguration"})
    if unknown:
        raise ResourceError(f"the laptop sends a bucket's events to EventBridge only, not by {', '.join(unknown)}")
    enabled = str(value["EventBridgeConfiguration"].get("EventBridgeEnabled", True)).lower() == "true"
    return {"EventBridgeConfiguration": {}} if enabled else {}


BUCKET_SETTINGS: dict[str, tuple[str, str, Callable[[Any], Any]]] = {
    "BucketEncryption": ("BucketEncryption", "ServerSideEncryptionConfiguration", _encryption),
    "CorsConfiguration": ("BucketCors", "CORSConfiguration", _cors),
    "LifecycleConfiguration": ("BucketLifecycleConfiguration", "LifecycleConfiguration", _lifecycle),
    "NotificationConfiguration": ("BucketNotificationConfiguration", "NotificationConfiguration", _notification),
    "OwnershipControls": ("BucketOwnershipControls", "OwnershipControls", _same),
    "PublicAccessBlockConfiguration": ("PublicAccessBlock", "PublicAccessBlockConfiguration", _same),
    "Tags": ("BucketTagging", "Tagging", lambda tags: {"TagSet": tags}),
    "VersioningConfiguration": ("BucketVersioning", "VersioningConfiguration", _same),
}


def _bucket_attributes(name: str) -> dict[str, Any]:
    return {
        "Arn": f"arn:aws:s3:::{name}",
        "DomainName": f"{name}.s3.amazonaws.com",
        "RegionalDomainName": f"{name}.s3.{REGION}.amazonaws.com",
        "WebsiteURL": f"http://{name}.s3-website-{REGION}.amazonaws.com",
    }


class BucketPolicy(ResourceType):
    """AWS::S3::BucketPolicy."""

    immutable = frozenset({"Bucket"})

    def create(self, request: Request) -> Made:
        self._put(request.properties)
        return Made(request.properties["Bucket"])

    def update(self, request: Request, made: Made, before: Properties) -> Made:
        self._put(request.properties)
        return made

    def delete(self, made: Made, properties: Properties) -> None:
        self.clients.try_call("s3", "DeleteBucketPolicy", BUCKET_GONE, Bucket=made.physical_id)

    def _put(self, properties: Properties) -> None:
        document = json.dumps(properties["PolicyDocument"])
        self.clients.call("s3", "PutBucketPolicy", Bucket=properties["Bucket"], Policy=document)


class Table(ResourceType):
    """AWS::DynamoDB::Table."""

    tags = "list"
    immutable = frozenset({"TableName", "KeySchema", "LocalSecondaryIndexes"})
    _apart = ("TimeToLiveSpecification", "PointInTimeRecoverySpecification", "SSESpecification")

    def create(self, request: Request) -> Made:
        properties = request.properties
        name = request.name(properties.get("TableName"), longest=255)
        created = self.clients.call(
            "dynamodb",
            "CreateTable",
            **{
                **without(properties, *self._apart),
                "TableName": name,
                "SSESpecification": _table_encryption(properties.get("SSESpecification")),
            },
        )["TableDescription"]
        self._configure(name, {}, properties)
        return Made(name, {"Arn": created["TableArn"], "StreamArn": created.get("LatestStreamArn")})

    def update(self, request: Request, made: Made, before: Properties) -> Made:
        properties, name = request.properties, made.physical_id
        changed: Properties = {
            key: properties[key]
            for key in ("BillingMode", "ProvisionedThroughput", "StreamSpecification", "DeletionProtectionEnabled")
            if key in properties and properties[key] != before.get(key)
        }
        if properties.get("GlobalSecondaryIndexes", []) != before.get("GlobalSecondaryIndexes", []):
            changed["GlobalSecondaryIndexUpdates"] = _index_updates(before, properties)
            changed["AttributeDefinitions"] = properties["AttributeDefinitions"]
        if changed:
            self.clients.call("dynamodb", "UpdateTable", TableName=name, **changed)
        self._configure(name, before, properties)
        if properties.get("Tags") != before.get("Tags") and properties.get("Tags"):
            self.clients.call("dynamodb", "TagResource", ResourceArn=made.attributes["Arn"], Tags=properties["Tags"])
        return made

    def delete(self, made: Made, properties: Properties) -> None:
        self.clients.try_call("dynamodb", "DeleteTable", ("ResourceNotFoundException",), TableName=made.physical_id)

    def _configure(self, name: str, before: Properties, after: Properties) -> None:
        for key, operation in (
            ("TimeToLiveSpecification", "UpdateTimeToLive"),
            ("PointInTimeRecoverySpecification", "UpdateContinuousBackups"),
        ):
            if after.get(key) and after.get(key) != before.get(key):
                self.clients.call("dynamodb", operation, TableName=name, **{key: after[key]})


def _table_encryption(value: Properties | None) -> Properties | None:
    return {("Enabled" if key == "SSEEnabled" else key): each for key, each in value.items()} if value else None


def _index_updates(before: Properties, after: Properties) -> list[dict[str, Any]]:
    old = {each["IndexName"]: each for each in before.get("GlobalSecondaryIndexes", [])}
    new = {each["IndexName"]: each for each in after.get("GlobalSecondaryIndexes", [])}
    deleted = [{"Delete": {"IndexName": name}} for name in old if old[name] != new.get(name)]
    return deleted + [{"Create": each} for name, each in new.items() if each != old.get(name)]
