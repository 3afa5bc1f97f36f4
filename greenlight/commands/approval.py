"""inbox, approve, reject: the approver's side."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from greenlight.approval_form import Decision
from greenlight.approver import Invitation, decide_first_open, in_browser, invitations
from greenlight.console import output, print_json
from greenlight.errors import WrongUseError
from greenlight.inbox import inbox_page, read_inbox
from greenlight.program import Json, RunId, executions_of, target_of

Comment = Annotated[str, typer.Option(help="Why; it goes into the audit record.")]
Link = Annotated[str | None, typer.Option(metavar="URL", help="The link from the mail; without it, the inbox is used.")]
Code = Annotated[str | None, typer.Option(help="The short code from the mail; goes with --link.")]


def inbox(context: typer.Context, as_json: Json = False) -> None:
    """List the mails the stack sent on this laptop, newest first."""
    home = target_of(context).laptop
    mails = read_inbox(home)
    if as_json:
        print_json([mail.to_json() for mail in mails])
        return
    table = Table(box=None, pad_edge=False)
    for column in ("received", "to", "subject"):
        table.add_column(column)
    for mail in mails:
        table.add_row(mail.received_at[:19].replace("T", " "), mail.to, mail.subject)
    output().print(table if mails else "No mails yet.")
    output().print(f"Read them at {inbox_page(home)}", soft_wrap=True)


def approve(
    *,
    context: typer.Context,
    run_id: RunId,
    comment: Comment = "",
    link: Link = None,
    code: Code = None,
    as_json: Json = False,
) -> None:
    """Approve a run that waits, through the mailed link and its form."""
    _decide(context, run_id, "approve", comment, (link, code), as_json=as_json)


def reject(
    *,
    context: typer.Context,
    run_id: RunId,
    comment: Comment = "",
    link: Link = None,
    code: Code = None,
    as_json: Json = False,
) -> None:
    """Reject a run that waits, through the mailed link and its form."""
    _decide(context, run_id, "reject", comment, (link, code), as_json=as_json)


def _decide(
    context: typer.Context,
    run_id: str,
    decision: Decision,
    comment: str,
    given: tuple[str | None, str | None],
    *,
    as_json: bool,
) -> None:
    target = target_of(context)
    link, code = given
    if (link is None) != (code is None):
        raise WrongUseError("--link and --code go together; both are in the mail")
    if link and code:
        open_invitations = [Invitation(link, code)]
    elif target.home is None:
        raise WrongUseError("on AWS the mail went to the approver; give --link and --code from it")
    else:
        executions_of(target).describe(run_id)
        open_invitations = invitations(read_inbox(target.home), run_id)
    said = decide_first_open(
        open_invitations, run_id, decision, comment, decide_one=in_browser(through_proxy=target.home is None)
    )
    if as_json:
        print_json({"run_id": run_id, "decision": decision, "answer": said})
    else:
        output().print(said, markup=False, soft_wrap=True)
