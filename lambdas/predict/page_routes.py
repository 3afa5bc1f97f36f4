"""The pages at `/`: what is live, a form for each recipe, and the way in with a key."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import BaseRouter, Router
from aws_lambda_powertools.shared.cookies import Cookie, SameSite
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from lambdas.predict import composition
from lambdas.predict.access import KEY_COOKIE, header_of, valid_key
from lambdas.predict.asked import ask
from lambdas.predict.composition import Services
from lambdas.predict.documents import MAX_BODY_BYTES
from lambdas.predict.pages import models_page, recipe_page, refusal_page, sign_in_page
from lambdas.predict.predict import LiveModel, find_model, live_cards
from lambdas.problems import decoded_body
from steps.api_keys import ApiKey
from steps.pages.form import OTHER_FIELDS, FormError, example_of, instance_of, most_fields, read_fields
from steps.pages.web_pages import is_cross_site
from steps.predictions import PredictionRequest
from steps.problem import Problem

router = Router()  # type: ignore[no-untyped-call]  # its constructor has no types

_OWN_PAGE = re.compile(r"recipes/[a-z0-9-]{1,30}")


def as_page(event: APIGatewayProxyEventV2) -> str:
    """How a page is named in the sign-in form, from the API's own root; empty for the list."""
    page = event.path.lstrip("/")
    return page if _OWN_PAGE.fullmatch(page) else ""


@router.get("/", enable_validation=False, include_in_schema=False)
def list_pages() -> Response[str]:
    """The live models; a single one is gone to at once."""
    services = composition.services()
    cards = live_cards(services.records, services.store)
    if len(cards) == 1:
        return redirect(f"./recipes/{cards[0].recipe}")
    return models_page(cards, by_key=services.access == "API_KEY")


@router.get("/recipes/<recipe>", enable_validation=False, include_in_schema=False)
def show_recipe(recipe: str) -> Response[str]:
    """A recipe's page with its form."""
    services = composition.services()
    model = _model(recipe, services)
    number = (router.current_event.query_string_parameters or {}).get("example", "")
    return recipe_page(model.card, example_of(model.card, number), by_key=services.access == "API_KEY")


@router.post("/recipes/<recipe>", enable_validation=False, include_in_schema=False)
def ask_recipe(recipe: str) -> Response[str]:
    """The same page with the answer to what its form sent."""
    services = composition.services()
    model = _model(recipe, services)
    event = _own_form()
    fields = _fields(event, most_fields=most_fields(model.card))
    instance = instance_of(fields, model.card)
    by_key = services.access == "API_KEY"
    try:
        result = ask(PredictionRequest(instances=[instance]), model, services)
    except Problem as problem:
        return recipe_page(model.card, instance, by_key=by_key, problem=problem)
    return recipe_page(model.card, instance, by_key=by_key, answer=result.predictions[0])


@router.get("/sign-in", enable_validation=False, include_in_schema=False)
def show_sign_in() -> Response[str]:
    """The form for a key; a link of `greenlight page` signs in by itself unless another site has led here."""
    _require_keys()
    event = event_of(router)
    asked = event.query_string_parameters or {}
    key, page = asked.get("key", ""), asked.get("page", "")
    if not key:
        return sign_in_page(page=_checked(page))
    record = valid_key(key, composition.services().keys, now=datetime.now(UTC))
    if not record.is_in_link:
        detail = "A key of this kind may not stand in a link; enter it here."
        return sign_in_page(status=HTTPStatus.FORBIDDEN, page=_checked(page), problem=detail)
    if _is_foreign(event):
        return sign_in_page(page=_checked(page), key=key)
    return _signed_in(key, record, page, event)


@router.post("/sign-in", enable_validation=False, include_in_schema=False)
def take_sign_in() -> Response[str]:
    """Keep the key that the form sent in a cookie."""
    _require_keys()
    event = _own_form()
    fields = _fields(event)
    key, page = fields.get("key", "").strip(), fields.get("page", "")
    try:
        record = valid_key(key, composition.services().keys, now=datetime.now(UTC))
    except Problem as problem:
        # The page that was asked for stays the one to go on to.
        return sign_in_page(status=problem.status, page=_checked(page), problem=problem.detail)
    return _signed_in(key, record, page, event)


@router.post("/sign-out", enable_validation=False, include_in_schema=False)
def sign_out() -> Response[str]:
    """Forget the key."""
    _require_keys()
    response = redirect("./sign-in")
    response.cookies.append(_cookie("", _own_form(), max_age=-1))
    return response


def problem_page(problem: Problem, event: APIGatewayProxyEventV2) -> Response[str]:
    """What was wrong, as a page; who is not signed in is shown the way in."""
    if problem.status == HTTPStatus.UNAUTHORIZED:
        fields = event.query_string_parameters or {}
        came_with_key = event.path == "/sign-in" or bool(event.cookies)
        page = _checked(fields.get("page", "")) or as_page(event)
        return sign_in_page(
            status=problem.status,
            page=page,
            problem=problem.detail if came_with_key else None,
            is_below=event.path.count("/") > 1,
        )
    return refusal_page(problem)


def redirect(location: str) -> Response[str]:
    """Go on to another page. location: relative, since only API Gateway knows below which address it stands"""
    headers: dict[str, str | list[str]] = {"Location": location, "Cache-Control": "no-store"}
    return Response(HTTPStatus.SEE_OTHER, "text/plain; charset=utf-8", "", headers=headers)


def _signed_in(key: str, record: ApiKey, page: str, event: APIGatewayProxyEventV2) -> Response[str]:
    ends_in = (record.expires_at - datetime.now(UTC)).total_seconds() if record.expires_at else None
    response = redirect(f"./{_checked(page)}")
    response.cookies.append(_cookie(key, event, max_age=int(ends_in) if ends_in else None))
    return response


def _cookie(key: str, event: APIGatewayProxyEventV2, *, max_age: int | None) -> Cookie:
    # Without a path it is sent to all below the address that set it: the API, wherever it stands.
    return Cookie(
        name=KEY_COOKIE,
        value=key,
        secure=header_of(event, "x-forwarded-proto") != "http",
        http_only=True,
        same_site=SameSite.STRICT_MODE,
        max_age=max_age,
    )


def _model(recipe: str, services: Services) -> LiveModel:
    return find_model(recipe, services.records, services.store)


def event_of(router_or_app: BaseRouter) -> APIGatewayProxyEventV2:
    """The request that is answered just now."""
    event = router_or_app.current_event
    assert isinstance(event, APIGatewayProxyEventV2)  # noqa: S101 - the resolver makes no other
    return event


def _own_form() -> APIGatewayProxyEventV2:
    event = event_of(router)
    if _is_foreign(event):
        raise Problem(HTTPStatus.FORBIDDEN, "The form came from another site. Please use the one on the page.")
    return event


def _is_foreign(event: APIGatewayProxyEventV2) -> bool:
    headers = {name.lower(): str(value) for name, value in event.headers.items()}
    return is_cross_site(headers, host=event.request_context.domain_name or "")


def _fields(event: APIGatewayProxyEventV2, *, most_fields: int = OTHER_FIELDS) -> dict[str, str]:
    try:
        return read_fields(header_of(event, "content-type"), _body(event), most_fields=most_fields)
    except FormError as error:
        raise Problem(error.status, str(error)) from error


def _body(event: APIGatewayProxyEventV2) -> str:
    body = decoded_body(event)
    if len(body.encode(errors="replace")) > MAX_BODY_BYTES:
        raise Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"That was too much; {MAX_BODY_BYTES:,} bytes are taken.")
    return body


def _checked(page: str) -> str:
    return page if _OWN_PAGE.fullmatch(page) else ""


def _require_keys() -> None:
    if composition.services().access != "API_KEY":
        raise Problem(HTTPStatus.NOT_FOUND, "There are no keys here: requests are signed (AWS Signature Version 4).")
