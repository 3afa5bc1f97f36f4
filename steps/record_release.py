"""RecordRelease: the live version that a run's state amounts to."""

from __future__ import annotations

from datetime import datetime

from steps.contracts import LiveVersion, RunState
from steps.errors import ArtifactMissingError


def live_version(
    state: RunState, *, class_names: list[str], previous: LiveVersion | None, now: datetime
) -> LiveVersion:
    """The version that is live now, with the one before to go back to.

    previous: what was live until now;  class_names: in the order of the model's outputs
    Raises ArtifactMissingError when the state lacks a result that every release has.
    """
    plan, registered, checked = state.prepare_run, state.register_model, state.check_metrics
    if plan is None or plan.endpoint is None or registered is None or checked is None:
        raise ArtifactMissingError("the run's state lacks PrepareRun's, CheckMetrics' or RegisterModel's result")
    if previous is not None and previous.run_id == plan.run_id:
        # Said a second time: what was live before is already written down.
        previous = LiveVersion.model_validate(previous.previous) if previous.previous else None
    return LiveVersion(
        model_version=registered.model_version,
        model_package_arn=registered.model_package_arn,
        model_data_uri=registered.model_data_uri,
        model_digest=registered.model_digest,
        endpoint_name=plan.endpoint.endpoint_name,
        endpoint_config_name=plan.endpoint.endpoint_config_name,
        class_names=class_names,
        run_id=plan.run_id,
        released_at=now,
        data_digest=plan.data_digest,
        recipe_digest=plan.recipe_digest,
        code_digest=plan.code_digest,
        metrics=checked.metrics,
        # One step back, not a chain: the table's item stays small.
        previous=previous.model_copy(update={"previous": None}).model_dump(mode="json") if previous else None,
    )
