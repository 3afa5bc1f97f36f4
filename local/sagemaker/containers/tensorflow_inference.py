"""What the TensorFlow inference image does with `serve`: one SavedModel behind /ping and /invocations.

Reads   SAGEMAKER_BASE_DIR (an /opt/ml) and below it model/<N>/saved_model.pb
        SAGEMAKER_BIND_TO_PORT, SAGEMAKER_TFS_INTRA_OP_PARALLELISM, SAGEMAKER_TFS_INTER_OP_PARALLELISM
Serves  on 127.0.0.1 until SIGTERM
Run     python tensorflow_inference.py
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Iterable
from http import HTTPStatus
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from serving.saved_model import NoSavedModelError, SavedModel, find_saved_model
from serving.tensorflow_requests import (
    UnreadableBodyError,
    UnsupportedContentTypeError,
    read_request,
    write_answer,
)
from serving.unusable_input import UnusableInputError

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

DEFAULT_THREADS = 2


class InferenceServer:
    """The WSGI application of one model."""

    def __init__(self, model: SavedModel) -> None:
        self._model = model

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        return self.answer(Request(environ))(environ, start_response)

    def answer(self, request: Request) -> Response:
        """GET /ping and POST /invocations, as the image answers them."""
        if request.path == "/ping" and request.method in {"GET", "HEAD"}:
            return Response(status=HTTPStatus.OK)
        if request.path != "/invocations" or request.method != "POST":
            return _error(HTTPStatus.NOT_FOUND, f"Not Found: {request.method} {request.path}")
        try:
            asked = read_request(request.get_data(), request.content_type or "")
            if "instances" in asked:
                answer = {"predictions": self._model.predict_rows(asked["instances"])}
            else:
                answer = {"outputs": self._model.predict_columns(asked["inputs"])}
        except UnsupportedContentTypeError as error:
            return _error(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, str(error))
        except (UnreadableBodyError, UnusableInputError) as error:
            return _error(HTTPStatus.BAD_REQUEST, str(error))
        body, content_type = write_answer(answer, request.headers.get("Accept", ""))
        return Response(body, content_type=content_type)


class QuietHandler(WSGIRequestHandler):
    """A request handler that leaves no line for each request; what failed is logged by the server itself."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log nothing."""


def _error(status: HTTPStatus, message: str) -> Response:
    return Response(json.dumps({"error": message}), status=status, content_type="application/json")


def main() -> None:
    """Load the model, then listen."""
    base = Path(os.environ["SAGEMAKER_BASE_DIR"])
    if (base / "model" / "code").is_dir():
        sys.exit("The archive holds code/, which the laptop's TensorFlow inference container does not run.")
    try:
        directory = find_saved_model(base / "model")
    except NoSavedModelError as error:
        sys.exit(str(error))
    _limit_threads()
    server = make_server(
        "127.0.0.1",
        int(os.environ["SAGEMAKER_BIND_TO_PORT"]),
        InferenceServer(SavedModel(directory)),
        threaded=True,
        request_handler=QuietHandler,
    )

    def stop(_number: int, _frame: FrameType | None) -> None:
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    server.serve_forever()


def _limit_threads() -> None:
    """A laptop runs more than this one server; TensorFlow alone would take every core for each request."""
    import tensorflow as tf  # noqa: PLC0415 - after the checks that need no TensorFlow

    intra = int(os.environ.get("SAGEMAKER_TFS_INTRA_OP_PARALLELISM", DEFAULT_THREADS))
    inter = int(os.environ.get("SAGEMAKER_TFS_INTER_OP_PARALLELISM", DEFAULT_THREADS))
    tf.config.threading.set_intra_op_parallelism_threads(intra)
    tf.config.threading.set_inter_op_parallelism_threads(inter)


if __name__ == "__main__":
    main()
