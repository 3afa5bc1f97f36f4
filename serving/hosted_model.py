"""What POST /invocations answers for any recipe's model, as its SageMaker endpoint would."""

from __future__ import annotations

from typing import Any

from serving.hosting import Invoke, tensorflow_invocations
from serving.model import Model, TextModel
from serving.table_rows import UnsupportedContentTypeError as UnsupportedTableError
from serving.table_rows import read_body
from serving.tensorflow_requests import UnreadableBodyError, UnsupportedContentTypeError


def invocations_of(model: Model) -> Invoke:
    """A SavedModel answers as the TensorFlow image does, every other model as an inference pipeline."""
    return tensorflow_invocations(model.saved_model) if isinstance(model, TextModel) else row_invocations(model)


def row_invocations(model: Model) -> Invoke:
    """{"instances": [row, …]}, a row a line or CSV with a header to {"predictions": …, "warnings": …}."""

    def invoke(body: bytes, content_type: str) -> dict[str, Any]:
        try:
            rows = read_body(body.decode(), content_type)
        except UnicodeDecodeError as error:
            raise UnreadableBodyError("the body is not UTF-8 text") from error
        except UnsupportedTableError as error:
            raise UnsupportedContentTypeError(str(error)) from error
        outputs = model.predict(rows)
        return {
            "predictions": [list(output.values) for output in outputs],
            "warnings": [list(output.warnings) for output in outputs],
        }

    return invoke
