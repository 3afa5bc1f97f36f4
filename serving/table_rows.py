"""Rows of a table as a request brings them, read against the columns that the model was trained on.

It runs in the first container of an inference pipeline, whose Python is 3.10 and has no pydantic.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serving.unusable_input import UnusableInputError

if TYPE_CHECKING:
    import pandas as pd

JSON = "application/json"
JSON_LINES = frozenset({"application/jsonlines", "application/jsons"})
CSV = "text/csv"
# How much of a cell is repeated in a message.
SHOWN_CHARACTERS = 40
# What xgboost keeps numbers in; a greater one would be infinite there.
GREATEST_NUMBER = 3.4028234e38
# How a categorical column holds that there is no value; a value is never empty.
NO_VALUE = ""


class UnsupportedContentTypeError(ValueError):
    """The body is of a type that nobody here reads."""


@dataclass(frozen=True)
class Schema:
    """The columns of a table that a model looks at, and what a cell holds when there is no value."""

    numeric: tuple[str, ...]
    categorical: tuple[str, ...]
    missing_values: frozenset[str]

    @classmethod
    def read(cls, file: Path) -> Schema:
        """From `schema.json`, which is the recipe's `data.features`."""
        document = json.loads(file.read_text(encoding="utf-8"))
        return cls(
            numeric=tuple(document["numeric"]),
            categorical=tuple(document["categorical"]),
            missing_values=frozenset(document["missing_values"]),
        )


def read_body(body: str, content_type: str) -> list[Any]:
    """The rows of a request: {"instances": [row, …]}, one JSON document a line, or CSV with a header.

    Raises UnsupportedContentTypeError, or UnusableInputError when the body is not what its type says.
    """
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type == CSV:
        return _csv_rows(body)
    if media_type in JSON_LINES:
        return [_document(line) for line in body.splitlines() if line.strip()]
    if media_type != JSON:
        raise UnsupportedContentTypeError(
            f"rows of type '{media_type[:SHOWN_CHARACTERS]}' are not read here; send application/json or text/csv"
        )
    document = _document(body)
    if not isinstance(document, dict) or not isinstance(document.get("instances"), list):
        raise UnusableInputError('the body must be {"instances": [{"column": value, …}, …]}')
    instances: list[Any] = document["instances"]
    return instances


def read_rows(rows: Sequence[Any], schema: Schema) -> pd.DataFrame:
    """Rows as columns: float64 with NaN, or text with NO_VALUE, where there is no value.

    rows: column -> text, number or None; columns that the model does not know are left out
    Raises UnusableInputError naming row and column.
    """
    import pandas as pd  # noqa: PLC0415 - slow to load, and not needed to import this module

    for number, row in enumerate(rows):
        if not isinstance(row, Mapping):
            raise UnusableInputError(f"instances[{number}] must be an object with a value for each column")
        absent = [name for name in (*schema.numeric, *schema.categorical) if name not in row]
        if absent:
            more = f" and {len(absent) - 1} more" if len(absent) > 1 else ""
            raise UnusableInputError(
                f"instances[{number}] lacks the column {absent[0]}{more}; give it, or null where there is no value"
            )
    columns: dict[str, pd.Series] = {}
    for name in schema.numeric:
        numbers = [read_number(row[name], schema, f"instances[{n}], column {name}") for n, row in enumerate(rows)]
        columns[name] = pd.Series(numbers, dtype="float64")
    for name in schema.categorical:
        texts = [read_category(row[name], schema, f"instances[{n}], column {name}") for n, row in enumerate(rows)]
        columns[name] = pd.Series(texts, dtype="object")
    return pd.DataFrame(columns)


def read_number(value: object, schema: Schema, where: str) -> float:
    """A numeric cell; NaN where there is no value. Raises UnusableInputError for what is no finite number."""
    if value is None or (isinstance(value, str) and value.strip() in schema.missing_values | {NO_VALUE}):
        return math.nan
    number = math.nan  # what no comparison holds for
    # Python reads 1_000 as a number, nobody's table means one by it.
    if isinstance(value, (int, float, str)) and not isinstance(value, bool) and "_" not in str(value):
        with contextlib.suppress(ValueError, OverflowError):
            number = float(value)
    if not abs(number) <= GREATEST_NUMBER:
        raise UnusableInputError(f"{where}: {shown(value)} is no finite number; give one, or null where there is none")
    return number


def read_category(value: object, schema: Schema, where: str) -> str:
    """A categorical cell as training saw it; NO_VALUE where there is no value. A number is taken as it is written."""
    if value is None:
        return NO_VALUE
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise UnusableInputError(f"{where}: {shown(value)} is no text; give one, or null where there is none")
    text = str(value).strip()
    return NO_VALUE if text in schema.missing_values else text


def shown(value: object) -> str:
    """A value in a message, in quotes, not longer than SHOWN_CHARACTERS."""
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return repr(text if len(text) <= SHOWN_CHARACTERS else f"{text[: SHOWN_CHARACTERS - 1]}…")


def _document(text: str) -> Any:  # noqa: ANN401 - JSON
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnusableInputError(f"the body is no JSON: {error}") from error


def _csv_rows(text: str) -> list[Any]:
    reader = csv.reader(io.StringIO(text), strict=True)
    try:
        lines = [line for line in reader if line]
    except csv.Error as error:
        raise UnusableInputError(f"the body is no CSV: {error}") from error
    if not lines:
        raise UnusableInputError("the body is empty; it must begin with the names of the columns")
    header, *cells = lines
    wrong = next((n for n, line in enumerate(cells) if len(line) != len(header)), None)
    if wrong is not None:
        raise UnusableInputError(
            f"instances[{wrong}] has {len(cells[wrong])} cells, but the header names {len(header)} columns"
        )
    return [dict(zip(header, line, strict=True)) for line in cells]
