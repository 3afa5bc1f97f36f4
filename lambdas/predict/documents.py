"""What only the prediction API gives, beside the documents in `steps/predictions.py`."""

from __future__ import annotations

from steps.predictions import Document, ModelSummary

# A function is handed at most 6 MB, and a SageMaker endpoint takes 6 MiB; this leaves room for what JSON adds.
MAX_BODY_BYTES = 4 << 20


class ModelList(Document):
    """All live models, by name."""

    models: list[ModelSummary]


class Health(Document):
    """Whether the function runs."""

    status: str
