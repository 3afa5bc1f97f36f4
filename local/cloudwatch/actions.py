"""What an alarm does when its state changes: it notifies topics whose policies, and whose keys' policies, let it."""

from __future__ import annotations

from typing import Any

from moto.kms.models import kms_backends
from moto.sns.models import sns_backends

from local.home import ACCOUNT, REGION
from local.iam import Permission, service_may
from local.iam.statements import parse_policy

SERVICE = "cloudwatch.amazonaws.com"
# What a topic that is encrypted takes of whoever publishes.
KEY_ACTIONS = ("kms:Decrypt", "kms:GenerateDataKey")
# AWS keeps this one for SNS, and lets nobody else use it.
KEY_OF_SNS = "alias/aws/sns"


class ActionFailedError(Exception):
    """An action was not taken; the message is what the alarm's history says."""


def notify(alarm_arn: str, topic_arn: str, *, subject: str, message: str) -> None:
    """Publish to a topic as the alarm; message: JSON with one text for each kind of subscription.

    Raises ActionFailedError when there is no such topic, or it or its key does not let alarms.
    """
    sns = sns_backends[ACCOUNT][REGION]
    topic = sns.topics.get(topic_arn)
    if topic is None:
        raise ActionFailedError(f"there is no topic {topic_arn}")
    owner = {"aws:SourceOwner": (ACCOUNT,)}
    publish = Permission("sns:Publish", topic_arn, owner)
    if not service_may(SERVICE, publish, parse_policy(topic.policy), alarm_arn):
        raise ActionFailedError(
            f"Resource: {alarm_arn} is not authorized to perform: SNS:Publish on resource: {topic_arn}"
        )
    if topic.kms_master_key_id and not _key_lets(topic.kms_master_key_id, alarm_arn):
        raise ActionFailedError("CloudWatch Alarms does not have authorization to access the SNS topic encryption key.")
    sns.publish(message, topic_arn, subject=subject, message_structure="json")


def _key_lets(key_id: str, alarm_arn: str) -> bool:
    kms = kms_backends[ACCOUNT][REGION]
    if key_id.endswith(KEY_OF_SNS):
        return False
    key: Any = kms.keys.get(kms.any_id_to_key_id(key_id))
    if key is None:
        return False
    policy = parse_policy(key.policy)
    return all(service_may(SERVICE, Permission(action, key.arn), policy, alarm_arn) for action in KEY_ACTIONS)
