"""What the scikit-learn and xgboost images do with `serve`: the inference toolkit runs the archive's own script.

Reads   SAGEMAKER_BASE_DIR (an /opt/ml) and below it model/
        SAGEMAKER_SUBMIT_DIRECTORY, SAGEMAKER_PROGRAM: the folder and the script with model_fn and its siblings
        SAGEMAKER_BIND_TO_PORT
Serves  on 127.0.0.1 until SIGTERM
Run     python toolkit_inference.py sagemaker-scikit-learn

Both images call model_fn, then input_fn, predict_fn and output_fn, or transform_fn. The xgboost image does so through
sagemaker-inference, which is used here for both; the scikit-learn image through sagemaker-containers, which is Flask
and so takes a response with a status of its own too. Source: serving.py and handler_service.py of the two images.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterable
from http import HTTPStatus
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

SCIKIT_LEARN = "sagemaker-scikit-learn"


class Context:
    """One request as the toolkit wants to see it, and the status and type that it gives the answer."""

    def __init__(self, model_dir: str, headers: dict[str, str]) -> None:
        self.system_properties = {"model_dir": model_dir}
        self.request_processor = [self]
        self.status = HTTPStatus.OK.value
        self.content_type = "text/plain"
        self._headers = headers

    def get_request_properties(self) -> dict[str, str]:
        """The request's headers."""
        return self._headers

    def set_response_status(self, code: int, phrase: str) -> None:  # noqa: ARG002 - the toolkit's own call
        """Take the status of an error."""
        self.status = code

    def set_response_content_type(self, _request: int, content_type: str) -> None:
        """Take the answer's type."""
        self.content_type = content_type


class ToolkitServer:
    """The WSGI application of one script."""

    def __init__(self, transformer: Any, model_dir: str, *, takes_responses: bool) -> None:  # noqa: ANN401 - the toolkit's
        self._transformer = transformer
        self._model_dir = model_dir
        self._takes_responses = takes_responses

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        return self.answer(Request(environ))(environ, start_response)

    def answer(self, request: Request) -> Response:
        """GET /ping and POST /invocations, as the images answer them."""
        if request.path == "/ping" and request.method in {"GET", "HEAD"}:
            return Response(status=HTTPStatus.OK)
        if request.path != "/invocations" or request.method != "POST":
            return Response(status=HTTPStatus.NOT_FOUND)
        headers = {"Content-Type": "application/json", **dict(request.headers)}
        context = Context(self._model_dir, headers)
        [result] = self._transformer.transform([{"body": request.get_data()}], context)
        if isinstance(result, Response) and self._takes_responses:
            return result
        return Response(result, status=context.status, content_type=context.content_type)


class QuietHandler(WSGIRequestHandler):
    """A request handler that leaves no line for each request; what failed is logged by the server itself."""

    # Connections are kept, as the images keep them.
    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log nothing."""


def main() -> None:
    """Load the script and its model, then listen."""
    model = Path(os.environ["SAGEMAKER_BASE_DIR"]) / "model"
    code = os.environ.get("SAGEMAKER_SUBMIT_DIRECTORY", str(model / "code"))
    program = os.environ.get("SAGEMAKER_PROGRAM", "")
    if not program or not (Path(code) / program).is_file():
        sys.exit(f"SAGEMAKER_PROGRAM is '{program}', but SAGEMAKER_SUBMIT_DIRECTORY holds no such script.")
    sys.path.insert(0, code)
    from sagemaker_inference.transformer import Transformer  # noqa: PLC0415 - reads SAGEMAKER_BASE_DIR when imported

    transformer = Transformer()
    transformer.validate_and_initialize(str(model))
    application = ToolkitServer(transformer, str(model), takes_responses=sys.argv[1:] == [SCIKIT_LEARN])
    port = int(os.environ["SAGEMAKER_BIND_TO_PORT"])
    server = make_server("127.0.0.1", port, application, threaded=True, request_handler=QuietHandler)

    def stop(_number: int, _frame: FrameType | None) -> None:
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    server.serve_forever()


if __name__ == "__main__":
    main()
