"""moto's Step Functions interpreter, made fit for a server that runs for days."""

from __future__ import annotations

from moto.stepfunctions import models
from moto.stepfunctions.parser.models import stepfunctions_parser_backends


def install() -> None:
    """Plug into moto; call it before anything is served."""
    # CloudFormation would otherwise create its state machines in the backend that executes nothing.
    models.stepfunctions_backends = stepfunctions_parser_backends
