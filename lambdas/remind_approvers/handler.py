"""RemindApprovers: every few minutes, remind, ask others, and finish decisions whose function died on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.adapters.dynamodb_approvals import approval_records
from lambdas.adapters.dynamodb_open import open_records
from lambdas.adapters.stepfunctions import workflow
from lambdas.handing_on import settle
from lambdas.mailing import MailSettings, mailer
from lambdas.mails.compose import approval_mail, link_to
from lambdas.observed import event_handler, logger
from steps.approval import ApprovalRequest, Notice, Secret, draw_secret, keep_secret
from steps.errors import MailError
from steps.ports import ApprovalRecords, Mailer, OpenRecords, Workflow
from steps.remind_approvers import due_notices, is_unsettled, recipients


class RemindApproversSettings(MailSettings):
    """Environment of RemindApprovers."""

    release_table: str
    approval_url: str


@cache
def settings() -> RemindApproversSettings:
    """The function's environment, read at the first call."""
    return RemindApproversSettings.from_environment()


@dataclass(frozen=True)
class Services:
    """What a look at the open requests works with."""

    opened: OpenRecords
    approvals: ApprovalRecords
    executions: Workflow
    mail: Mailer
    approval_url: str
    draw: Callable[[str], Secret] = draw_secret


def look_after(services: Services, *, now: datetime) -> int:
    """Send what is due, each notice once; returns how many mails went out.

    Raises MailError when none of a notice's mails could be sent: the next look tries again.
    """
    sent = 0
    for each in services.opened.requests(now):
        # A run that was stopped has left its question behind.
        if not services.executions.is_running(each.execution_arn):
            continue
        request = services.approvals.request(each.approval_id)
        if request is None:
            continue
        if is_unsettled(request, now):
            settle(request, services.approvals, services.executions)
            continue
        for notice in due_notices(request, now):
            sent += _send(request, notice, services, now)
            request = services.approvals.request(each.approval_id) or request
    return sent


def _send(request: ApprovalRequest, notice: Notice, services: Services, now: datetime) -> int:
    drawn = [services.draw(address) for address in recipients(request, notice)]
    links = [*request.added, *(keep_secret(request.approval_id, secret) for secret in drawn)]
    # Noted first: a mail whose link is not kept would lead nowhere, and a second look must not send it again.
    if not services.approvals.add_links(request, notice, links, now=now):
        return 0
    noted = request.model_copy(update={"added": links, "revision": request.revision + 1})
    sent, problem = 0, None
    for secret in drawn:
        link = link_to(services.approval_url, request.approval_id, secret)
        try:
            services.mail.send(approval_mail(noted, secret, link, notice))
            sent += 1
        except MailError as error:
            problem = error
            # Without the traceback: the error behind this one names the address.
            logger.error("mail not sent", notice=notice, reason=str(error))  # noqa: TRY400
    if drawn and not sent:
        services.approvals.add_links(noted, notice, request.added, now=None)
        raise problem or MailError("no mail could be sent")
    logger.info("notice sent", run_id=request.facts.run_id, notice=notice, mails=sent)
    return sent


@event_handler
def handler(_event: dict[str, Any], _context: LambdaContext) -> None:
    """Event: whatever the schedule sends."""
    environment = settings()
    services = Services(
        opened=open_records(environment.release_table),
        approvals=approval_records(environment.release_table),
        executions=workflow(),
        mail=mailer(environment),
        approval_url=environment.approval_url,
    )
    sent = look_after(services, now=datetime.now(UTC))
    logger.info("open requests looked after", mails=sent)
