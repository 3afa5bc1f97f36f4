"""What a model cannot answer, as one error for every kind of model."""

from __future__ import annotations


class UnusableInputError(ValueError):
    """The request's rows do not fit the model; the message says which and what to do."""
