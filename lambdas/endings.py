"""What every end of a run has in common: people are told, and the end is counted."""

from __future__ import annotations

from collections.abc import Iterable

from aws_lambda_powertools import Logger

from lambdas.mailing import MailSettings
from lambdas.observed import publish
from steps.approval import ApprovalRequest
from steps.contracts import Outcome, PrepareRunResult
from steps.errors import MailError
from steps.people import everybody_to_tell
from steps.ports import Mail, Mailer
from steps.recipe import Recipe


class EndingSettings(MailSettings):
    """Environment of the functions that end a run."""

    release_table: str


def concerned(recipe: Recipe, plan: PrepareRunResult, asked: ApprovalRequest | None) -> list[str]:
    """Whom the end of a run is told: its approvers, whoever else was asked, and the starter if it is an address."""
    return everybody_to_tell(recipe.approval.approvers, asked.people if asked else [], plan.requested_by)


def tell(mails: Iterable[Mail], mailer: Mailer, logger: Logger) -> None:
    """Send mails about an end. What has happened has happened: a mail that cannot be sent is logged, not raised."""
    for mail in mails:
        try:
            mailer.send(mail)
        except MailError as error:
            # Without the traceback: the error behind this one names the address.
            logger.error("mail not sent", subject=mail.subject, reason=str(error))  # noqa: TRY400


def count_end(recipe: str, outcome: Outcome) -> None:
    """Count the end in CloudWatch."""
    publish("RunsEnded", 1, recipe=recipe, outcome=outcome)
