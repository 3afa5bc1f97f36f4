"""What there is to say about one run, for `show`, for the live view and for scripts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from greenlight.history import History, StateSummary
from steps.report_fault import own_words

# State -> its plan in PrepareRun's result.
REUSABLE = {
    "Preprocess": "preprocess",
    "TrainModel": "train_model",
    "TuneModel": "train_model",
    "ImportModel": "train_model",
    "EvaluateModel": "evaluate_model",
}


@dataclass(frozen=True)
class Reused:
    """A state that was not run again, and why."""

    state: str
    reason: str


@dataclass(frozen=True)
class RunReport:
    """A run's states, numbers and reason.

    cost: the largest sum it could cost on AWS, when prices are known;  model: AdoptModel's result of a search or import
    override: who asked the approvers in spite of rejected metrics, and why; None when nobody did
    report: where the report lies and its digest; None of a run that wrote none
    """

    run_id: str
    recipe: str
    outcome: str
    states: list[StateSummary]
    metrics: dict[str, float]
    champion_metrics: dict[str, float]
    findings: list[dict[str, Any]]
    compared: dict[str, str]
    reused: list[Reused]
    cause: str | None
    cost: dict[str, str] | None = None
    model: dict[str, Any] | None = None
    override: dict[str, str] | None = None
    report: dict[str, str] | None = None

    def to_json(self) -> dict[str, Any]:
        """The document of `show --json`; the live version's metrics carry the prefix `champion_`."""
        champion = {f"champion_{name}": value for name, value in self.champion_metrics.items()}
        return {
            "run_id": self.run_id,
            "recipe": self.recipe,
            "outcome": self.outcome,
            "states": [
                {"name": state.name, "status": state.status, "seconds": round(state.seconds, 3)}
                for state in self.states
            ],
            "metrics": {**self.metrics, **champion},
            "reused": [{"state": reused.state, "reason": reused.reason} for reused in self.reused],
            "cause": self.cause,
            "cost": self.cost,
            **({"model": self.model} if self.model else {}),
            **({"override": self.override} if self.override else {}),
            **({"report": self.report} if self.report else {}),
        }


def report(run_id: str, recipe: str, history: History, now: datetime) -> RunReport:
    """Read the report out of the history."""
    document = history.document()
    checked = document.get("check_metrics") or {}
    validated = document.get("validate_data") or {}
    plan = document.get("prepare_run") or {}
    return RunReport(
        run_id=run_id,
        recipe=recipe or str(document.get("recipe", "")),
        outcome=history.outcome,
        states=history.states(now),
        metrics=checked.get("metrics") or {},
        champion_metrics=checked.get("champion_metrics") or {},
        findings=[*validated.get("findings", []), *checked.get("findings", [])],
        compared=plan.get("compared") or {},
        reused=reused_steps(document),
        cause=_cause(history, document),
        cost=plan.get("cost"),
        model=document.get("adopt_model"),
        override={"who": plan["requested_by"], "why": plan["override_reason"]} if checked.get("overridden") else None,
        report=document.get("write_report") or document.get("write_rejection_report"),
    )


def reused_steps(document: dict[str, Any]) -> list[Reused]:
    """States whose result an earlier run made from the same inputs."""
    plan = document.get("prepare_run") or {}
    if plan.get("decision") != "go":
        return []
    return [
        Reused(state, plan[step]["reason"])
        for state, step in planned_states(plan).items()
        if (plan.get(step) or {}).get("reuse")
    ]


def planned_states(plan: dict[str, Any]) -> dict[str, str]:
    """Of REUSABLE the states on this plan's way: one of those that get the model."""
    request = (plan.get("train_model") or {}).get("parameters") or {}
    way = "TuneModel" if "HyperParameterTuningJobConfig" in request else "TrainModel"
    way = "ImportModel" if "ProcessingInputs" in request else way
    return {state: step for state, step in REUSABLE.items() if step != "train_model" or state == way}


def _cause(history: History, document: dict[str, Any]) -> str | None:
    if not history.ended or history.outcome == "Released":
        return None
    closed, plan = document.get("close_run") or {}, document.get("prepare_run") or {}
    if history.outcome in ("NothingNew", "AlreadyRunning"):
        return plan.get("reason")
    if history.outcome == closed.get("outcome"):
        return str(closed["reason"])
    reported, fault = document.get("report_fault") or {}, document.get("fault") or {}
    if "cause" in reported:
        error, cause = reported["error"], reported["cause"]
    else:
        error, cause = (fault["Error"], fault.get("Cause", "")) if fault else history.error or ("", "")
    where = f"{error} in {history.failed_state}" if history.failed_state else error
    return f"{own_words(cause)} ({where})" if cause else where or None
