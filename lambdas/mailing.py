"""Which way mails go: by SES, or by SNS where SES is not set up."""

from __future__ import annotations

from lambdas.adapters.sesv2 import ses_mailer
from lambdas.adapters.sns import sns_mailer
from lambdas.settings import Settings
from steps.ports import Mailer


class MailSettings(Settings):
    """Environment of a function that sends mails; the one of the two that is empty is not the way."""

    sender_address: str
    mail_topic_arn: str


def mailer(settings: MailSettings) -> Mailer:
    """The way that the stack's parameter MailService chose."""
    if settings.mail_topic_arn:
        return sns_mailer(settings.mail_topic_arn)
    return ses_mailer(settings.sender_address)
