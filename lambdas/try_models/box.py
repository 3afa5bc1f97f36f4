"""The box in which an approver tries both models: its offer, and what its form is filled with and sends."""

from __future__ import annotations

from collections.abc import Mapping

from steps.approval import ApprovalRequest
from steps.pages.form import example_of, fields_of, instance_of
from steps.ports import ArtifactStore
from steps.trial import TrialOffer

EXAMPLE_FIELD = "example"
_SHOWN_EXAMPLES = 3


def read_offer(request: ApprovalRequest, store: ArtifactStore) -> TrialOffer | None:
    """What may be tried; None when the recipe wants no trial. Raises ArtifactMissingError."""
    if request.trial_uri is None:
        return None
    return TrialOffer.model_validate_json(store.read(request.trial_uri))


def box_values(offer: TrialOffer, instance: object = None) -> dict[str, object]:
    """What trial_form.html is filled with.

    instance: the row that was asked; without one a table's form holds the first example
    """
    card = offer.card
    row = example_of(card, "0") if instance is None and card.input.features else instance
    return {
        "card": card,
        "text": instance if isinstance(instance, str) else "",
        "fields": fields_of(row, card),
        "examples": card.examples[:_SHOWN_EXAMPLES],
        "is_asked": instance is not None,
    }


def asked_instance(fields: Mapping[str, str], offer: TrialOffer) -> object:
    """The row that a form asks about: one of the examples, or what was filled in."""
    if EXAMPLE_FIELD in fields:
        return example_of(offer.card, fields[EXAMPLE_FIELD])
    return instance_of(fields, offer.card)
