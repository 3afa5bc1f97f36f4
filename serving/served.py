"""What a request is answered with; FastAPI hands it to the routes, and a test may put another in its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from serving.access import Keys
from serving.model import Model
from serving.turns import Turns
from steps.model_card import ModelCard


@dataclass(frozen=True)
class Served:
    """A loaded model, its card, and who may ask it when."""

    model: Model
    card: ModelCard
    turns: Turns
    keys: Keys | None


def served_by(request: Request) -> Served:
    """What the application was made for."""
    served: Served = request.app.state.served
    return served


ServedModel = Annotated[Served, Depends(served_by)]
