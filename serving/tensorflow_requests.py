"""How the TensorFlow inference image reads a request body and writes its answer.

Source: nginx script and Python service of the image `tensorflow-inference`; TensorFlow Serving's REST API.
"""

from __future__ import annotations

import csv
import io
import json
import re
from typing import Any

JSON_TYPES = frozenset({"application/json", "application/jsonlines", "application/jsons"})
TENSORFLOW_SERVING_KEYS = frozenset({"instances", "inputs"})

# Two documents with nothing but white space between them: one JSON document to a line, or just one after the other.
SEVERAL_DOCUMENTS = re.compile(r"[}\]]\s*[\[{]")


class UnsupportedContentTypeError(ValueError):
    """The image does not read bodies of this type."""


class UnreadableBodyError(ValueError):
    """The body is not what its content type says."""


def read_request(body: bytes, content_type: str) -> dict[str, Any]:
    """The body as TensorFlow Serving's request, {"instances": […]} or {"inputs": …}; bare bodies become instances.

    Raises UnsupportedContentTypeError or UnreadableBodyError.
    """
    media_type = content_type.partition(";")[0].strip().lower()
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise UnreadableBodyError(f"The body is not UTF-8: {error}") from error
    if media_type == "text/csv":
        return {"instances": _csv_rows(text)}
    if media_type not in JSON_TYPES:
        raise UnsupportedContentTypeError(f"Unsupported Media Type: {media_type or 'Unknown'}")
    try:
        return _read_json(text)
    except UnreadableBodyError:
        raise
    except (ValueError, RecursionError) as error:
        # Beside what is no JSON: numbers of too many digits, and what is nested too deeply.
        raise UnreadableBodyError(f"JSON Parse error: {error}") from error


def write_answer(answer: dict[str, Any], accept: str) -> tuple[bytes, str]:
    """Body and content type of an answer; JSON, or JSON lines for a client that asks for them."""
    if accept in {"application/jsonlines", "application/jsons"}:
        return json.dumps(answer).encode(), accept
    return json.dumps(answer).encode(), "application/json"


def _read_json(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except json.JSONDecodeError:
        if not SEVERAL_DOCUMENTS.search(text):
            raise
        return {"instances": _documents(text)}
    if isinstance(document, dict) and TENSORFLOW_SERVING_KEYS & document.keys():
        return document
    if isinstance(document, dict) and "examples" in document:
        raise UnreadableBodyError("'examples' belong to classify and regress; this server predicts.")
    is_batch = isinstance(document, list) and document and isinstance(document[0], list)
    return {"instances": document if is_batch else [document]}


def _documents(text: str) -> list[Any]:
    decoder, documents, rest = json.JSONDecoder(), [], text.strip()
    while rest:
        document, end = decoder.raw_decode(rest)
        documents.append(document)
        rest = rest[end:].lstrip()
    return documents


def _csv_rows(text: str) -> list[Any]:
    """A value or a list of values for each line; what looks like a number is one."""
    try:
        rows = [[_cell(cell) for cell in row] for row in csv.reader(io.StringIO(text)) if row]
    except csv.Error as error:
        raise UnreadableBodyError(f"CSV Parse error: {error}") from error
    return [row[0] if len(row) == 1 else row for row in rows]


def _cell(cell: str) -> float | str:
    try:
        return float(cell)
    except ValueError:
        return cell.strip()
