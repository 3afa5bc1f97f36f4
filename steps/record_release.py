"""RecordRelease: the live version that a run's state amounts to, and its model card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from steps.approval_words import listed
from steps.contracts import LiveVersion, RunState
from steps.errors import ArtifactMissingError
from steps.model_card import ModelCard, input_digest, model_input, split_digest
from steps.profile import PROFILE
from steps.recipe import Recipe

MAX_EXAMPLES = 10


def live_version(state: RunState, *, recipe: Recipe, previous: LiveVersion | None, now: datetime) -> LiveVersion:
    """The version that is live now, with the one before to go back to.

    previous: what was live until now
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
        class_names=recipe.data.class_names,
        run_id=plan.run_id,
        released_at=now,
        data_digest=plan.data_digest,
        recipe_digest=plan.recipe_digest,
        code_digest=plan.code_digest,
        metrics=checked.metrics,
        # One step back, not a chain: the table's item stays small.
        previous=previous.model_copy(update={"previous": None}).model_dump(mode="json") if previous else None,
        task=recipe.task,
        input_digest=input_digest(recipe),
        split_digest=split_digest(recipe),
        card_uri=f"{plan.run_uri}/record_release/model_card.json",
        profile_uri=f"{plan.preprocess.output_uri}/{PROFILE}" if plan.preprocess else None,
    )


def model_card(
    state: RunState,
    recipe: Recipe,
    live: LiveVersion,
    thresholds: Mapping[str, float],
    approved_by: Sequence[str] = (),
) -> ModelCard:
    """What whoever asks the live version needs to know.

    thresholds: class or label -> probability from which it is answered, as the evaluation chose them
    approved_by: addresses of all who approved it; without them the one whose approval decided
    """
    checked, validated = state.check_metrics, state.validate_data
    test_rows = checked.rows if checked else 0
    trained = recipe.import_model is None and validated is not None
    return ModelCard(
        recipe=recipe.name,
        description=recipe.description,
        not_for=recipe.not_for,
        task=recipe.task,
        class_names=live.class_names,
        thresholds=dict(thresholds),
        input=model_input(recipe),
        examples=[case.instance for case in recipe.smoke.cases[:MAX_EXAMPLES]],
        model_version=live.model_version,
        model_package_arn=live.model_package_arn,
        model_data_uri=live.model_data_uri,
        model_digest=live.model_digest,
        run_id=live.run_id,
        released_at=live.released_at,
        metrics=live.metrics,
        test_rows=test_rows,
        training_rows=validated.rows - test_rows if validated and trained else 0,
        data_digest=live.data_digest,
        recipe_digest=live.recipe_digest,
        code_digest=live.code_digest,
        approval=_approval(state, approved_by) + _override(state),
    )


def _override(state: RunState) -> str:
    """Who had the approvers asked although the metrics were rejected; nothing when nobody had to."""
    if state.prepare_run is None or state.check_metrics is None or not state.check_metrics.overridden:
        return ""
    who, why = state.prepare_run.requested_by.partition("@")[0], state.prepare_run.override_reason
    return f" (Its metrics had been rejected, which {who} overrode: “{why}”)"


def _approval(state: RunState, approved_by: Sequence[str]) -> str:
    decided, late = state.request_approval, state.decide_at_deadline
    if late is not None:
        return late.reason
    if decided is None:
        return "Released without a person, as the recipe's policy allows."
    # An address is personal; the name before the @ says who it was.
    who = listed([address.partition("@")[0] for address in approved_by or [decided.approver]])
    when = f"{decided.decided_at:%Y-%m-%d %H:%M} UTC"
    return f"Approved by {who} on {when}" + (f": {decided.comment}" if decided.comment else ".")
