"""What SageMaker asks of a container that serves: GET /ping and POST /invocations, as routes of a FastAPI application.

Bodies are read and answers written as the TensorFlow inference image does it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from serving.saved_model import SavedModel
from serving.tensorflow_requests import (
    UnreadableBodyError,
    UnsupportedContentTypeError,
    read_request,
    write_answer,
)
from serving.unusable_input import UnusableInputError

# A body and its content type to the answer; raises UnusableInputError and what read_request raises.
Invoke = Callable[[bytes, str], dict[str, Any]]

router = APIRouter()


def tensorflow_invocations(model: SavedModel) -> Invoke:
    """What the TensorFlow inference image answers for a SavedModel."""

    def invoke(body: bytes, content_type: str) -> dict[str, Any]:
        asked = read_request(body, content_type)
        if "instances" in asked:
            return {"predictions": model.predict_rows(asked["instances"])}
        return {"outputs": model.predict_columns(asked["inputs"])}

    return invoke


def hosted(request: Request) -> Invoke:
    """The model that the application was made for; a test may put another in its place."""
    invoke: Invoke = request.app.state.invoke
    return invoke


Hosted = Annotated[Invoke, Depends(hosted)]


@router.api_route("/ping", methods=["GET", "HEAD"], include_in_schema=False)
async def ping() -> Response:
    """Answers once the model is loaded: nothing listens before."""
    return Response(status_code=HTTPStatus.OK)


@router.post("/invocations", include_in_schema=False)
async def invocations(request: Request, invoke: Hosted) -> Response:
    """Ask the model."""
    # A model takes its time and must not hold up /ping.
    return await run_in_threadpool(
        answer_invocation,
        invoke,
        await request.body(),
        content_type=request.headers.get("content-type", ""),
        accept=request.headers.get("accept", ""),
    )


def answer_invocation(invoke: Invoke, body: bytes, *, content_type: str, accept: str) -> Response:
    """The answer to one body, or {"error": …} with the status that the image would give."""
    try:
        answer = invoke(body, content_type)
    except UnsupportedContentTypeError as error:
        return error_response(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, str(error))
    except (UnreadableBodyError, UnusableInputError) as error:
        return error_response(HTTPStatus.BAD_REQUEST, str(error))
    content, media_type = write_answer(answer, accept)
    return Response(content, media_type=media_type)


def error_response(status: HTTPStatus, message: str) -> Response:
    """An error in the image's words."""
    return Response(json.dumps({"error": message}), status_code=status, media_type="application/json")


def create_hosting_app(invoke: Invoke) -> FastAPI:
    """An application with nothing but SageMaker's two routes."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.state.invoke = invoke
    app.include_router(router)
    app.exception_handler(HTTPException)(_no_such_address)
    return app


async def _no_such_address(request: Request, _error: Exception) -> Response:
    return error_response(HTTPStatus.NOT_FOUND, f"Not Found: {request.method} {request.url.path}")
