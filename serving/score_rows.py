"""Second container of a table's inference pipeline (image sagemaker-xgboost): the matrix to the answers.

Reads   {"matrix": [[number, …], …], "warnings": [[sentence, …], …]}, as transform_rows.py writes it
Writes  {"predictions": [[number, …], …], "warnings": [[sentence, …], …]}, one list a row
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from serving.table_booster import TableBooster

JSON = "application/json"


def model_fn(model_dir: str) -> TableBooster:
    """Load the booster."""
    return TableBooster.load(Path(model_dir))


def input_fn(body: str | bytes, _content_type: str) -> dict[str, Any]:
    """What the container before wrote."""
    transformed: dict[str, Any] = json.loads(body)
    return transformed


def predict_fn(transformed: dict[str, Any], model: TableBooster) -> dict[str, Any]:
    """The answers, with the warnings handed on."""
    answers = model.score(np.array(transformed["matrix"], dtype=np.float32))
    return {"predictions": answers.tolist(), "warnings": transformed["warnings"]}


def output_fn(answer: dict[str, Any], _accept: str) -> tuple[str, str]:
    """JSON, whatever was asked for."""
    return json.dumps(answer), JSON
