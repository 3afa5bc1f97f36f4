"""How a run can end, and what the program's exit code says about it."""

from __future__ import annotations

from greenlight.errors import ExitCode

RUNNING = "Running"
DONE = frozenset({"Released", "NothingNew", "BatchDone"})
NO = frozenset(
    {
        *("AlreadyRunning", "CostRejected", "DataRejected", "ModelRejected", "MetricsRejected"),
        *("ApprovalDenied", "ApprovalExpired", "RolledBack"),
        *("BatchRefused", "RowsRejected", "NoRowAnswered"),
    }
)

MEANING = {
    "Released": "the new version is live and answers as it must",
    "NothingNew": "data, recipe and code are those of the live version; nothing was done",
    "AlreadyRunning": "another run of this recipe is under way; nothing was done",
    "CostRejected": "the run could cost more than its recipe allows; nothing was started",
    "DataRejected": "the data broke a rule of the recipe; nothing was trained",
    "ModelRejected": "the archive to import was refused; the live version stays",
    "MetricsRejected": "the candidate is not good enough; the live version stays",
    "ApprovalDenied": "a person said no, or the policy did at the deadline; the live version stays",
    "ApprovalExpired": "too few people said yes before the deadline; the live version stays",
    "RolledBack": "the new version failed on the live endpoint; the version before serves again",
    "Faulted": "the run hit a fault; the live version stays",
    "BatchDone": "every row has its answer, or the reason why it has none",
    "NoRowAnswered": "no row could be answered; the result says why, row by row",
    "BatchRefused": "there is no version to answer; nothing was started",
    "RowsRejected": "the file as a whole cannot be used; the model was not asked",
    "BatchFaulted": "the batch hit a fault; the endpoint was never asked",
    "Failed": "the state machine stopped without reaching an end",
    "Aborted": "somebody stopped the run",
    "TimedOut": "the run took longer than the state machine allows",
    RUNNING: "the run is under way",
}


def exit_code(outcome: str) -> ExitCode:
    """0 for done (and for a run that is still going), 1 for a "no", 3 for every kind of fault."""
    if outcome in DONE or outcome == RUNNING:
        return ExitCode.DONE
    return ExitCode.NO if outcome in NO else ExitCode.FAULT


def style(outcome: str) -> str:
    """Rich's style for an outcome."""
    if outcome == RUNNING:
        return "cyan"
    return {ExitCode.DONE: "green", ExitCode.NO: "yellow"}.get(exit_code(outcome), "red")
