"""Calls what a rule or a schedule is for: functions, state machines, queues and topics."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from local.events.callers import Client
from local.home import ACCOUNT

RULE_TARGETS = ("lambda", "states", "sqs", "sns")
SCHEDULE_TARGETS = ("lambda", "states")
# Of the API operations that a schedule can call by this form, the one that starts a state machine.
START_EXECUTION = "arn:aws:scheduler:::aws-sdk:sfn:startExecution"


def service_of(arn: str) -> str:
    """The service whose resource an ARN names, or an empty text."""
    parts = arn.split(":")
    return parts[2] if len(parts) > 5 and parts[0] == "arn" else ""  # noqa: PLR2004 - an ARN's parts


def invoke_function(client: Client, arn: str, payload: str) -> None:
    """Hand an event to a function, which takes it in the background."""
    client.invoke(FunctionName=arn, InvocationType="Event", Payload=payload.encode())


def start_execution(client: Client, arn: str, payload: str) -> None:
    """Start a state machine, by its own ARN, a version's or an alias's."""
    client.start_execution(stateMachineArn=arn, input=payload)


def start_execution_by_api(client: Client, payload: str) -> None:
    """Call StartExecution with the parameters that the payload holds, in the API's words with capitals."""
    given = json.loads(payload)
    client.start_execution(**{name[0].lower() + name[1:]: value for name, value in given.items()})


def send_message(client: Client, arn: str, payload: str, target: Mapping[str, Any]) -> None:
    """Put a message into a queue."""
    group = (target.get("SqsParameters") or {}).get("MessageGroupId")
    client.send_message(
        QueueUrl=queue_url(client, arn), MessageBody=payload, **({"MessageGroupId": group} if group else {})
    )


def publish(client: Client, arn: str, payload: str) -> None:
    """Publish a message to a topic."""
    client.publish(TopicArn=arn, Message=payload)


def queue_url(client: Client, arn: str) -> str:
    """The address of a queue, which follows from its ARN: who may send may not always look it up."""
    return f"{client.meta.endpoint_url}/{ACCOUNT}/{arn.rpartition(':')[2]}"
