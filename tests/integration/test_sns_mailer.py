"""Mails through SNS: everybody gets what is addressed to them, and whoever has not confirmed is told apart."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from lambdas.adapters.sns import SnsMailer
from steps.errors import MailError, RecipientUnconfirmedError
from steps.ports import Mail

MAIL = Mail(
    "ann@example.com", "Approve reviews\nversion 2 … now?" + "x" * 100, "Please answer.", "<p>Please answer.</p>"
)
TOPIC = "arn:aws:sns:us-east-1:123456789012:greenlight-mails"


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        yield boto3.client("sns")


def test_a_person_is_subscribed_once_to_what_is_addressed_to_them(client: Any) -> None:
    topic = client.create_topic(Name="greenlight-mails")["TopicArn"]
    for to in ("ann@example.com", "bob@example.com", "ann@example.com"):
        SnsMailer(client, topic).send(Mail(to, "Subject", "Text", ""))
    subscriptions = client.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert [each["Endpoint"] for each in subscriptions] == ["ann@example.com", "bob@example.com"]
    attributes = client.get_subscription_attributes(SubscriptionArn=subscriptions[0]["SubscriptionArn"])["Attributes"]
    assert json.loads(attributes["FilterPolicy"]) == {"to": ["ann@example.com"]}


def stubbed(client: Any, *subscriptions: dict[str, str]) -> Stubber:
    stub = Stubber(client)
    stub.add_response("list_subscriptions_by_topic", {"Subscriptions": list(subscriptions)})
    return stub


def test_a_mail_is_text_with_a_subject_that_sns_takes(client: Any) -> None:
    stub = stubbed(client, {"Protocol": "email", "Endpoint": MAIL.to, "SubscriptionArn": f"{TOPIC}:1"})
    subject = ("Approve reviews version 2 ? now?" + "x" * 100)[:100]
    stub.add_response(
        "publish",
        {"MessageId": "1"},
        {
            "TopicArn": TOPIC,
            "Subject": subject,
            "Message": "Please answer.",
            "MessageAttributes": {"to": {"DataType": "String", "StringValue": "ann@example.com"}},
        },
    )
    with stub:
        SnsMailer(client, TOPIC).send(MAIL)
    stub.assert_no_pending_responses()


def test_whoever_has_not_confirmed_is_told_apart_and_asked_only_once(client: Any) -> None:
    pending = {"Protocol": "email", "Endpoint": MAIL.to, "SubscriptionArn": "PendingConfirmation"}
    with stubbed(client, pending), pytest.raises(RecipientUnconfirmedError) as caught:
        SnsMailer(client, TOPIC).send(MAIL)
    assert "ann@" not in str(caught.value)
    stub = stubbed(client)
    stub.add_response("subscribe", {"SubscriptionArn": "pending confirmation"})
    with stub, pytest.raises(RecipientUnconfirmedError, match="a link to confirm"):
        SnsMailer(client, TOPIC).send(MAIL)


def test_a_refusal_names_the_error_and_no_address(client: Any) -> None:
    stub = Stubber(client)
    stub.add_client_error("list_subscriptions_by_topic", "AuthorizationError", f"not for {MAIL.to}")
    with stub, pytest.raises(MailError, match=r"SNS refused a mail \(AuthorizationError\)") as caught:
        SnsMailer(client, TOPIC).send(MAIL)
    assert "ann@" not in str(caught.value)
