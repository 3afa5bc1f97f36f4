from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from moto.ses.models import ses_backends
from moto.sns.models import SNSBackend, sns_backends

from local import mailbox, subscriptions
from local.home import ACCOUNT, REGION


@pytest.fixture
def sns() -> Iterator[SNSBackend]:
    subscriptions.install()
    backend: SNSBackend = sns_backends[ACCOUNT][REGION]
    yield backend
    backend.reset()
    ses_backends[ACCOUNT][REGION].reset()


def test_a_mail_reaches_those_whose_filter_lets_it_through(sns: SNSBackend) -> None:
    topic = sns.create_topic("greenlight-mails").arn
    for name in ("ann", "bob"):
        subscription = sns.subscribe(topic, f"{name}@example.com", "email")
        sns.set_subscription_attributes(subscription.arn, "FilterPolicy", json.dumps({"to": [f"{name}@example.com"]}))
    sns.subscribe(topic, "everything@example.com", "email")
    to_ann = {"to": {"Type": "String", "Value": "ann@example.com"}}
    sns.publish("Please answer.", arn=topic, subject="A question", message_attributes=to_ann)
    mails = mailbox.sent_mails()
    assert {mail.to for mail in mails} == {"ann@example.com", "everything@example.com"}
    assert {(mail.subject, mail.text) for mail in mails} == {("A question", "Please answer.")}
