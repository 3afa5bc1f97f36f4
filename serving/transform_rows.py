"""First container of a table's inference pipeline (image sagemaker-scikit-learn): raw rows to a matrix and warnings.

Reads   {"instances": [{"column": value, …}, …]}, one such row a line, or CSV with a header
Writes  {"matrix": [[number, …], …], "warnings": [[sentence, …], …]}; 400 or 415 with {"error": sentence}

The image calls model_fn once and transform_fn for each request. It answers 500 for whatever is raised here, so a
request's own mistakes are answered with a response instead.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from pathlib import Path

from werkzeug.wrappers import Response

from serving.table_rows import JSON, UnsupportedContentTypeError, read_body
from serving.table_transformer import TableTransformer
from serving.unusable_input import UnusableInputError


def model_fn(model_dir: str) -> TableTransformer:
    """Load the transformer."""
    return TableTransformer.load(Path(model_dir))


def transform_fn(
    model: TableTransformer, body: str | bytes, content_type: str, _accept: str
) -> tuple[str, str] | Response:
    """Transform one request's rows."""
    try:
        text = body if isinstance(body, str) else body.decode()
        transformed = model.transform(read_body(text, content_type))
    except UnsupportedContentTypeError as error:
        return _refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, str(error))
    except UnicodeDecodeError:
        return _refusal(HTTPStatus.BAD_REQUEST, "the body is not UTF-8 text")
    except UnusableInputError as error:
        return _refusal(HTTPStatus.BAD_REQUEST, str(error))
    # Most numbers are 0 or 1, and two characters of JSON instead of four.
    matrix = [[int(value) if value.is_integer() else value for value in row] for row in transformed.matrix.tolist()]
    return json.dumps({"matrix": matrix, "warnings": transformed.warnings}, separators=(",", ":")), JSON


def _refusal(status: HTTPStatus, sentence: str) -> Response:
    return Response(json.dumps({"error": sentence}), status=status, content_type=JSON)
