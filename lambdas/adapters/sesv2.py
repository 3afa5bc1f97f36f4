"""Mailer on SES."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from lambdas.adapters.faults import CLIENT_CONFIG, error_code
from steps.errors import MailError
from steps.ports import Mail

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client


class SesMailer:
    """Mail from one sender address."""

    def __init__(self, client: SESV2Client, sender: str) -> None:
        self._client = client
        self._sender = sender

    def send(self, mail: Mail) -> None:
        """Hand one mail over; raises MailError, whose words name no address."""
        try:
            self._client.send_email(
                FromEmailAddress=self._sender,
                Destination={"ToAddresses": [mail.to]},
                Content={
                    "Simple": {
                        "Subject": {"Data": mail.subject, "Charset": "UTF-8"},
                        "Body": {
                            "Text": {"Data": mail.text, "Charset": "UTF-8"},
                            "Html": {"Data": mail.html, "Charset": "UTF-8"},
                        },
                    }
                },
            )
        except ClientError as error:
            raise MailError(
                f"SES refused a mail ({error_code(error)}); check that the sender's identity is verified and, "
                "while the account is in the sandbox, the recipient's too"
            ) from error
        except BotoCoreError as error:
            raise MailError(f"SES could not be reached ({type(error).__name__})") from error


@cache
def ses_mailer(sender: str) -> SesMailer:
    """One client per container, made at the first call."""
    return SesMailer(boto3.client("sesv2", config=CLIENT_CONFIG), sender)
