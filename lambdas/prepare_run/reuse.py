"""Looks up what earlier runs made under the same keys, and notes what this run is about to make."""

from __future__ import annotations

from steps.contracts import PrepareRunResult
from steps.ports import ArtifactStore, JobHistory, JobKind, ReleaseRecords, StepRecord
from steps.prepare_run import STEP_NAMES, EarlierStep, Facts, GetModel, StepName, step_keys

_MODEL_JOBS: dict[GetModel, JobKind] = {"train": "training", "tune": "tuning", "import": "processing"}


def find_earlier_steps(
    facts: Facts, records: ReleaseRecords, jobs: JobHistory, artifacts: ArtifactStore
) -> dict[StepName, EarlierStep]:
    """What was begun before under this run's keys; usable only when its job completed and its output is there."""
    earlier = {}
    for step, key in step_keys(facts).items():
        record = records.step(facts.recipe.name, step, key)
        # A retried PrepareRun finds its own notes.
        if record is not None and record.run_id != facts.run_id:
            kind = _MODEL_JOBS[facts.get_model] if step == "train_model" else "processing"
            usable = jobs.has_completed(kind, record.job_name) and artifacts.exists(record.output_uri)
            earlier[step] = EarlierStep(record, usable)
    return earlier


def begin_steps(plan: PrepareRunResult, records: ReleaseRecords) -> None:
    """Note every step that this run will do itself, under its key."""
    plans = {"preprocess": plan.preprocess, "train_model": plan.train_model, "evaluate_model": plan.evaluate_model}
    for step in STEP_NAMES:
        planned = plans[step]
        if planned is not None and not planned.reuse:
            record = StepRecord(plan.run_id, planned.job_name, planned.output_uri)
            records.begin_step(plan.recipe, step, planned.key, record)
