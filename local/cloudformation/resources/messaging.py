"""AWS::SNS, AWS::SQS and AWS::SES."""

# ruff: noqa: ARG002, D102 - every type has the same three methods, described in ResourceType

from __future__ import annotations

import json
from typing import Any

from moto.ses.models import ses_backends

from local.cloudformation.resources.base import Made, Properties, Request, ResourceType, tag_map, without
from local.home import ACCOUNT, REGION


class Topic(ResourceType):
    """AWS::SNS::Topic, with the subscriptions that it lists."""

    tags = "list"
    immutable = frozenset({"TopicName", "FifoTopic", "Subscription"})
    _apart = ("TopicName", "Subscription", "Tags")

    def create(self, request: Request) -> Made:
        properties = request.properties
        name = request.name(properties.get("TopicName"), longest=256)
        settings = _attributes(without(properties, *self._apart))
        created = self.clients.call("sns", "CreateTopic", Name=name, Attributes=settings, Tags=properties.get("Tags"))
        arn = created["TopicArn"]
        for each in properties.get("Subscription", []):
            self.clients.call("sns", "Subscribe", TopicArn=arn, Protocol=each["Protocol"], Endpoint=each["Endpoint"])
        return Made(arn, {"TopicArn": arn, "TopicName": name})

    def update(self, request: Request, made: Made, before: Properties) -> Made:
        for name, value in _attributes(without(request.properties, *self._apart)).items():
            self.clients.call(
                "sns", "SetTopicAttributes", TopicArn=made.physical_id, AttributeName=name, AttributeValue=value
            )
        return made

    def delete(self, made: Made, properties: Properties) -> None:
        self.clients.try_call("sns", "DeleteTopic", ("NotFound",), TopicArn=made.physical_id)


class Subscription(ResourceType):
    """AWS::SNS::Subscription."""

    def create(self, request: Request) -> Made:
        properties = request.properties
        settings = _attributes(without(properties, "TopicArn", "Protocol", "Endpoint", "Region"))
        created = self.clients.call(
            "sns",
            "Subscribe",
            TopicArn=properties["TopicArn"],
            Protocol=properties["Protocol"],
            Endpoint=properties.get("Endpoint"),
            Attributes=settings,
            ReturnSubscriptionArn=True,
        )
        return Made(created["SubscriptionArn"], {"Arn": created["SubscriptionArn"]})

    def delete(self, made: Made, properties: Properties) -> None:
        self.clients.try_call("sns", "Unsubscribe", ("NotFound",), SubscriptionArn=made.physical_id)


class TopicPolicy(ResourceType):
    """AWS::SNS::TopicPolicy."""

    immutable = frozenset({"Topics"})

    def create(self, request: Request) -> Made:
        self._put(request.properties)
        return Made(request.name(None))

    def update(self, request: Request, made: Made, before: Properties) -> Made:
        self._put(request.properties)
        return made

    def delete(self, made: Made, properties: Properties) -> None:
        """Leave the topics as they are: a topic cannot be without a policy."""

    def _put(self, properties: Properties) -> None:
        document = json.dumps(properties["PolicyDocument"])
        for arn in properties["Topics"]:
            self.clients.call(
                "sns", "SetTopicAttributes", TopicArn=arn, AttributeName="Policy", AttributeValue=document
            )


class Queue(ResourceType):
    """AWS::SQS::Queue."""

    tags = "list"
    immutable = frozenset({"QueueName", "FifoQueue"})
    _missing = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")

    def create(self, request: Request) -> Made:
        properties = request.properties
        name = request.name(properties.get("QueueName"), longest=80)
        settings = _attributes(without(properties, "QueueName", "Tags"))
        tags = tag_map(properties.get("Tags"))
        url = self.clients.call("sqs", "CreateQueue", QueueName=name, Attributes=settings, tags=tags)["QueueUrl"]
        arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"
        return Made(url, {"Arn": arn, "QueueName": name, "QueueUrl": url})

    def update(self, request: Request, made: Made, before: Properties) -> Made:
        settings = _attributes(without(request.properties, "QueueName", "Tags"))
        # moto forgets the policy, a resource of its own, when it is not said again.
        asked = {"QueueUrl": made.physical_id, "AttributeNames": ["Policy"]}
        kept = self.clients.call("sqs", "GetQueueAttributes", **asked).get("Attributes", {})
        self.clients.call("sqs", "SetQueueAttributes", QueueUrl=made.physical_id, Attributes={**kept, **settings})
        return made

    def delete(self, made: Made, properties: Properties) -> None:
        self.clients.try_call("sqs", "DeleteQueue", self._missing, QueueUrl=made.physical_id)


class QueuePolicy(ResourceType):
    """AWS::SQS::QueuePolicy."""

    immutable = frozenset({"Queues"})

    def create(self, request: Request) -> Made:
        self._put(request.properties["Queues"], json.dumps(request.properties["PolicyDocument"]))
        return Made(request.name(None))

    def update(self, request: Request, made: Made, before: Properties) -> Made:
        self._put(request.properties["Queues"], json.dumps(request.properties["PolicyDocument"]))
        return made

    def delete(self, made: Made, properties: Properties) -> None:
        """Leave the queues as they are: they go with the same stack."""

    def _put(self, queues: list[str], document: str) -> None:
        for url in queues:
            self.clients.call("sqs", "SetQueueAttributes", QueueUrl=url, Attributes={"Policy": document})


class EmailIdentity(ResourceType):
    """AWS::SES::EmailIdentity; the laptop's mailbox takes mail from it without a confirmation."""

    tags = "list"
    immutable = frozenset({"EmailIdentity"})

    def create(self, request: Request) -> Made:
        identity = request.properties["EmailIdentity"]
        self.clients.call("sesv2", "CreateEmailIdentity", EmailIdentity=identity, Tags=request.properties.get("Tags"))
        ses_backends[ACCOUNT][REGION].email_identities[identity].verified_for_sending_status = True
        return Made(identity, {"EmailIdentity": identity})

    def update(self, request: Request, made: Made, before: Properties) -> Made:
        return made

    def delete(self, made: Made, properties: Properties) -> None:
        self.clients.try_call("sesv2", "DeleteEmailIdentity", ("NotFoundException",), EmailIdentity=made.physical_id)


def _attributes(properties: Properties) -> dict[str, Any]:
    """Attributes as SNS and SQS take them: text, with documents as JSON."""
    return {name: json.dumps(value) if isinstance(value, (dict, list)) else value for name, value in properties.items()}
