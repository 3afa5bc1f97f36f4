"""Refuses what SageMaker would refuse: requests outside the limits that its own service model states."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.core.utils import get_service_model
from moto.sagemaker.exceptions import ValidationError

from local.service_models import broken_constraints, message_of


def check_request(operation: str, parameters: Mapping[str, Any]) -> None:
    """Raise ValidationError, worded as AWS does, when a value breaks a length, pattern, range or enum of the model."""
    broken = list(broken_constraints(get_service_model("sagemaker").operation_model(operation).input_shape, parameters))
    if broken:
        raise ValidationError(message_of(broken))
