"""run: start a release and watch it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer
from typer.models import OptionInfo

from greenlight.approval_form import Decision
from greenlight.approver import decide_for_all, in_browser, invitations
from greenlight.console import print_json, progress
from greenlight.errors import WrongUseError
from greenlight.follow import Follower
from greenlight.history import History, StateVisit
from greenlight.inbox import inbox_page, read_inbox
from greenlight.live import LiveRecords
from greenlight.log_lines import TRAINING_GROUP, last_line
from greenlight.outcomes import exit_code
from greenlight.own_data.release import write_own_recipe
from greenlight.own_data.wishes import Wishes
from greenlight.pretrained import provide_weights
from greenlight.program import Json, executions_of, target_of
from greenlight.recipes import RecipeFile, load_recipe, recipe_names
from greenlight.run_report import RunReport, report
from greenlight.run_start import archive_for, data_for, start_run, user_name
from greenlight.run_text import print_end
from greenlight.run_view import view_for
from greenlight.target import PROJECT, Target
from steps.contracts import OVERRIDE_CHARACTERS
from steps.people import why_nobody_can_approve
from steps.recipe import Task


def _own(about: str, metavar: str | None = "NAME") -> OptionInfo:
    option: OptionInfo = typer.Option(help=about, metavar=metavar, rich_help_panel="Your own CSV", show_default=False)
    return option


class Approval(Enum):
    """Who answers when the run asks for approval."""

    APPROVE = "approve"
    REJECT = "reject"
    WAIT = "wait"


def run(
    *,
    context: typer.Context,
    recipe: Annotated[
        str | None,
        typer.Argument(
            metavar="[RECIPE]",
            help="A recipe's name, or the path of a folder that holds a recipe.yaml. Left out, one is written for "
            "--data FILE.",
            show_default=False,
        ),
    ] = None,
    approve: Annotated[bool, typer.Option("--approve", help="Approve through the mailed link yourself.")] = False,
    reject: Annotated[bool, typer.Option("--reject", help="Reject through the mailed link yourself.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for a person's own click (the default).")] = False,
    detach: Annotated[bool, typer.Option("--detach", help="Start the run and leave it.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Run every step anew, even when nothing is new.")] = False,
    data: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Train on this CSV instead; it has the same columns.")
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|URI",
            help="Import this model.tar.gz instead of training: a file, or one in the stack's bucket; for a recipe "
            "with a section import_model.",
            show_default=False,
        ),
    ] = None,
    override_metrics: Annotated[
        str | None,
        typer.Option(
            metavar="WHY",
            help="Ask the approvers even if the metrics are rejected; they read who wished it, and why.",
            show_default=False,
        ),
    ] = None,
    text_column: Annotated[str | None, _own("Column with the text.")] = None,
    label_column: Annotated[
        list[str] | None, _own("Column with its label; several times for columns that hold 0 or 1.")
    ] = None,
    target_column: Annotated[
        str | None, _own("Column of a table to predict; the model looks at the other columns.")
    ] = None,
    task: Annotated[Task | None, _own("What is learned, when the column's values leave it open.", metavar=None)] = None,
    ignore_column: Annotated[list[str] | None, _own("Column of a table that the model must not see.")] = None,
    ignore_label: Annotated[list[str] | None, _own("Label whose rows are left out.")] = None,
    name: Annotated[str | None, _own("Name of the recipe; otherwise the file's.")] = None,
    approver: Annotated[str | None, _own("Address of the person who is asked; needed on AWS.", "ADDRESS")] = None,
    weights: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Take the recipe's pretrained weights from this folder.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Start a release of RECIPE and watch it until it ends; Ctrl-C stops watching, not the run.

    For a CSV that no recipe was written for, name its columns instead of a recipe: a recipe that fits it is written to
    recipes/, for you to keep, and released.
    """
    if sum((approve, reject, wait, detach)) > 1:
        raise WrongUseError("--approve, --reject, --wait and --detach exclude each other; give one")
    who = Approval.APPROVE if approve else Approval.REJECT if reject else Approval.WAIT
    target = target_of(context)
    wishes = Wishes(
        text_column=text_column,
        label_columns=tuple(label_column or ()),
        target_column=target_column,
        task=task,
        name=name,
        ignored_columns=tuple(ignore_column or ()),
        ignored_labels=tuple(ignore_label or ()),
        approver=approver,
    )
    recipe_file = _recipe_file(recipe, data, wishes, on_laptop=target.home is not None)
    recipe = recipe_file.recipe.name
    run_id = begin(
        target,
        recipe_file,
        who,
        data=data,
        force=force,
        weights=weights,
        model=model,
        override_metrics=override_metrics,
    )
    if detach:
        found = report(run_id, recipe, History(), _now())
        progress().print(f"Started. Watch it with `greenlight show {run_id}`.", markup=False, soft_wrap=True)
    else:
        found = watch(target, run_id, recipe, who)
    if as_json:
        print_json(found.to_json())
    elif not detach:
        print_end(found)
    raise typer.Exit(exit_code(found.outcome))


def _recipe_file(recipe: str | None, data: Path | None, wishes: Wishes, *, on_laptop: bool) -> RecipeFile:
    """The recipe named, or one written for the file."""
    if recipe is not None:
        if wishes.any:
            raise WrongUseError(
                f"{recipe} is a recipe already, and says itself which columns mean what; leave its name out to have "
                "one written for your file, or leave out the options of your own data"
            )
        return load_recipe(PROJECT, recipe)
    if data is None:
        names = ", ".join(recipe_names(PROJECT))
        raise WrongUseError(
            f"name a recipe ({names}), or give your own CSV: --data FILE --text-column NAME --label-column NAME"
        )
    return write_own_recipe(PROJECT, data, wishes, progress(), on_laptop=on_laptop)


def begin(
    target: Target,
    recipe_file: RecipeFile,
    who: Approval,
    *,
    data: Path | None,
    force: bool,
    weights: Path | None = None,
    model: str | None = None,
    override_metrics: str | None = None,
) -> str:
    """Check everything that can be wrong, then start a run; returns its id."""
    if who is not Approval.WAIT and target.home is None:
        raise WrongUseError(
            "on AWS the link is mailed to the approvers; leave out --approve and --reject, "
            "or use `greenlight approve RUN --link URL --code CODE`"
        )
    override_reason = None if override_metrics is None else _checked_reason(override_metrics)
    approval = recipe_file.recipe.approval
    problem = why_nobody_can_approve(approval.everybody, user_name())
    if approval.policy != "never" and problem is not None:
        raise WrongUseError(problem)
    executions, bucket = executions_of(target), target.output("ArtifactBucket")
    console, cache = progress(), PROJECT / ".cache" / "data"

    def note(words: str) -> None:
        console.print(words, style="dim", markup=False, soft_wrap=True)

    name = recipe_file.recipe.name
    records = LiveRecords(target.dynamodb, target.output("ReleaseTable"))
    archive = archive_for(recipe_file.recipe, model, bucket, lambda: records.live(name) is not None)
    csv = data_for(recipe_file.recipe, data, cache, note)
    provide_weights(target.s3, bucket, recipe_file.recipe, weights, cache=cache, note=note)
    run_id = start_run(
        target.s3,
        executions,
        bucket,
        recipe_file,
        csv,
        force=force,
        now=_now(),
        archive=archive,
        override_reason=override_reason,
    )
    console.print(f"run:  [bold]{run_id}[/]", soft_wrap=True)
    return run_id


def _checked_reason(given: str) -> str:
    reason = given.strip()
    if not reason:
        raise WrongUseError("--override-metrics needs a reason that the approvers can read")
    if len(reason) > OVERRIDE_CHARACTERS:
        raise WrongUseError(
            f"the reason of --override-metrics has {len(reason)} characters, and {OVERRIDE_CHARACTERS} are allowed"
        )
    return reason


def watch(target: Target, run_id: str, recipe: str, who: Approval) -> RunReport:
    """Follow a run to its end, answering for the approver when asked to."""
    follower = Follower(
        executions=executions_of(target),
        view=view_for(progress(), _now),
        poll_seconds=target.poll_seconds,
        note=_job_note(target),
        on_approval=_approval(target, run_id, who),
    )
    history = follower.follow(run_id)
    return report(run_id, recipe, history, _now())


def _job_note(target: Target) -> Callable[[StateVisit, History], str]:
    def note(state: StateVisit, history: History) -> str:
        plan = (history.document().get("prepare_run") or {}).get("train_model")
        if state.name not in {"TrainModel", "TuneModel"} or not plan:
            return ""
        return last_line(target.logs, TRAINING_GROUP, plan["job_name"])

    return note


def _approval(target: Target, run_id: str, who: Approval) -> Callable[[], str]:
    def wait() -> str:
        where = f"open {inbox_page(target.laptop)}" if target.home else "the link is in the approvers' mail"
        return f"waiting for a person: {where}"

    def decide() -> str:
        decision: Decision = "approve" if who is Approval.APPROVE else "reject"
        found = invitations(read_inbox(target.laptop), run_id)
        return decide_for_all(
            found, run_id, decision, f"greenlight run --{decision}", decide_one=in_browser(through_proxy=False)
        )

    return wait if who is Approval.WAIT else decide


def _now() -> datetime:
    return datetime.now(UTC)
