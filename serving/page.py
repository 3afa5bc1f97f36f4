"""The model's page for people with a browser: the same as the prediction API's, and the way in with a key."""

from __future__ import annotations

from functools import cache, partial
from http import HTTPStatus
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from serving.access import KEY_COOKIE, sent_key
from serving.answering import predict
from serving.served import Served, ServedModel
from steps.pages.form import OTHER_FIELDS, FormError, example_of, instance_of, most_fields, read_fields
from steps.pages.model_page import PAGES, page_values, reason_of
from steps.pages.web_pages import WebPages, is_cross_site
from steps.predictions import PredictionRequest, RowError
from steps.problem import Problem

router = APIRouter(include_in_schema=False)
# Reached without a key: they ask for it themselves.
OPEN = frozenset({"/", "/sign-in", "/sign-out"})


@cache
def _pages() -> WebPages:
    return WebPages(PAGES)


@router.get("/")
async def root(request: Request, served: ServedModel) -> Response:
    """On to the one page there is."""
    return _go_to(_page_of(served) if _is_signed_in(request, served) else "sign-in")


@router.get("/recipes/{recipe}")
async def show(recipe: str, served: ServedModel, example: str = "") -> Response:
    """The page with its form."""
    _require(recipe, served)
    return _model_page(served, example_of(served.card, example))


@router.post("/recipes/{recipe}")
async def ask(recipe: str, request: Request, served: ServedModel) -> Response:
    """The same page with the answer to what its form sent."""
    _require(recipe, served)
    fields = await _fields(request, most_fields(served.card))
    instance = instance_of(fields, served.card)
    asked = PredictionRequest(instances=[instance])
    request.state.rows = 1
    try:
        result = await served.turns.take(partial(predict, asked, served.model, served.card))
    except Problem as problem:
        return _model_page(served, instance, problem=problem)
    values = page_values(
        served.card, instance, by_key=served.keys is not None, has_others=False, answer=result.predictions[0]
    )
    return _page("recipe.html", values)


@router.get("/sign-in")
async def show_sign_in(served: ServedModel) -> Response:
    """The form for a key."""
    return _sign_in_page() if served.keys else _go_to(_page_of(served))


@router.post("/sign-in")
async def take_sign_in(request: Request, served: ServedModel) -> Response:
    """Keep the key that the form sent in a cookie."""
    if served.keys is None:
        return _go_to(_page_of(served))
    key = (await _fields(request, OTHER_FIELDS)).get("key", "").strip()
    if not served.keys.hold(key):
        return _sign_in_page(HTTPStatus.UNAUTHORIZED, "This is no key of this server.")
    response = _go_to(_page_of(served))
    # A key holds what a header may hold, a cookie less.
    response.set_cookie(KEY_COOKIE, quote(key), httponly=True, samesite="strict", secure=_is_secure(request))
    return response


@router.post("/sign-out")
async def sign_out(request: Request) -> Response:
    """Forget the key."""
    await _fields(request, OTHER_FIELDS)
    response = _go_to("sign-in")
    response.delete_cookie(KEY_COOKIE, httponly=True, samesite="strict", secure=_is_secure(request))
    return response


def _model_page(served: Served, instance: object, *, problem: Problem | None = None) -> Response:
    by_key, sentence, status = served.keys is not None, None, HTTPStatus.OK
    if problem is not None:
        errors = problem.members.get("errors")
        rows = [RowError.model_validate(each) for each in errors] if isinstance(errors, list) else []
        sentence, status = reason_of(problem.detail, rows), problem.status
    values = page_values(served.card, instance, by_key=by_key, has_others=False, problem=sentence)
    return _page("recipe.html", values, status)


def _sign_in_page(status: HTTPStatus = HTTPStatus.OK, problem: str | None = None) -> Response:
    values: dict[str, object] = {"page": "", "key": "", "problem": problem, "root": "", "has_links": False}
    return _page("sign_in.html", values, status)


def _page(template: str, values: dict[str, object], status: HTTPStatus = HTTPStatus.OK) -> Response:
    return HTMLResponse(_pages().html(template, values), status, dict(_pages().security_headers))


def _go_to(page: str) -> Response:
    # Relative, since the server may stand below an address that it does not know.
    return RedirectResponse(f"./{page}", HTTPStatus.SEE_OTHER, {"Cache-Control": "no-store"})


def _page_of(served: Served) -> str:
    return f"recipes/{served.card.recipe}"


def _require(recipe: str, served: Served) -> None:
    if recipe != served.card.recipe:
        raise Problem(HTTPStatus.NOT_FOUND, f"The page of {served.card.recipe} is the only one here.")


async def _fields(request: Request, most: int) -> dict[str, str]:
    """The fields of a form of this page; raises Problem."""
    if is_cross_site(request.headers, request.url.netloc):
        raise Problem(HTTPStatus.FORBIDDEN, "The form came from another site. Please use the one on the page.")
    try:
        body = (await request.body()).decode()
        return read_fields(request.headers.get("content-type", ""), body, most_fields=most)
    except UnicodeDecodeError as error:
        raise Problem(HTTPStatus.BAD_REQUEST, "The form is no text in UTF-8.") from error
    except FormError as error:
        raise Problem(error.status, str(error)) from error


def _is_signed_in(request: Request, served: Served) -> bool:
    return served.keys is None or served.keys.hold(sent_key(request))


def _is_secure(request: Request) -> bool:
    return request.url.scheme == "https" or request.headers.get("x-forwarded-proto") == "https"
