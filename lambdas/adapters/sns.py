"""Mailer on SNS, for an account whose SES is not set up: plain text from AWS's own address.

Everybody has a subscription of their own to the one topic, whose filter lets through only what is addressed to them.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from lambdas.adapters.faults import CLIENT_CONFIG, error_code
from steps.errors import MailError, RecipientUnconfirmedError
from steps.ports import Mail

# The attribute of a message that the subscriptions' filters look at.
_TO = "to"
_PENDING = "PendingConfirmation"
# What SNS takes of a subject: ASCII, in one line.
_SUBJECT_CHARACTERS = 100


class SnsMailer:
    """Mail through one topic."""

    def __init__(self, client: Any, topic_arn: str) -> None:  # noqa: ANN401 - a client of SNS, whose stubs are not here
        self._client = client
        self._topic_arn = topic_arn

    def send(self, mail: Mail) -> None:
        """Hand one mail over; raises MailError, RecipientUnconfirmedError where nothing would arrive."""
        try:
            if not self._is_subscribed(mail.to):
                raise RecipientUnconfirmedError(
                    "SNS has sent a recipient a link to confirm, and delivers nothing to them before"
                )
            subject = " ".join(mail.subject.split()).encode("ascii", "replace").decode()
            self._client.publish(
                TopicArn=self._topic_arn,
                Subject=subject[:_SUBJECT_CHARACTERS],
                Message=mail.text,
                MessageAttributes={_TO: {"DataType": "String", "StringValue": mail.to}},
            )
        except ClientError as error:
            raise MailError(f"SNS refused a mail ({error_code(error)})") from error
        except BotoCoreError as error:
            raise MailError(f"SNS could not be reached ({type(error).__name__})") from error

    def _is_subscribed(self, address: str) -> bool:
        """Whether the address has confirmed; one that was never asked to is asked now."""
        pages = self._client.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=self._topic_arn)
        for page in pages:
            for subscription in page["Subscriptions"]:
                if subscription["Protocol"] == "email" and subscription["Endpoint"] == address:
                    return bool(subscription["SubscriptionArn"] != _PENDING)
        asked = self._client.subscribe(
            TopicArn=self._topic_arn,
            Protocol="email",
            Endpoint=address,
            Attributes={"FilterPolicy": json.dumps({_TO: [address]})},
        )
        # Where nobody needs to confirm, the answer is the subscription's ARN.
        return str(asked["SubscriptionArn"]).startswith("arn:")


@cache
def sns_mailer(topic_arn: str) -> SnsMailer:
    """One client per container, made at the first call."""
    return SnsMailer(boto3.client("sns", config=CLIENT_CONFIG), topic_arn)
