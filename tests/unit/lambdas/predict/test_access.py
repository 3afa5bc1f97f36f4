"""Nobody is answered whom neither a signature nor a key vouches for, on any address, with any method."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lambdas.observed import logger
from lambdas.predict.composition import PredictSettings
from lambdas.predict.paths import OPEN, PATHS, is_page
from steps.api_keys import ApiKey
from tests.unit.lambdas.predict.calls import KEY, LINK_KEY, SECRET, FakeModel, ask, call, document, send_form

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
EVERY_PATH = [path.replace("{recipe}", "reviews") for path in PATHS] + ["/nowhere", "/health/", "//health", "/Health"]
BY_KEY = pytest.mark.parametrize("access", ["API_KEY"], indirect=True)
WRONG_KEYS = ["", "x", f"gl_app_{'x' * 43}", f"gl_nobody_{SECRET}", f"{KEY}x", f"{KEY}\n", f"Bearer {KEY}"]


def every_request(path: str, method: str, **options: Any) -> list[dict[str, Any]]:
    """The request as a program and as a browser sends it, with a body that would be answered."""
    json_body, form = '{"instances": ["Wonderful."]}', b"text=Wonderful."
    headers = options.pop("headers", {})
    return [
        call(method, path, json_body, headers={"content-type": "application/json", **headers}, **options),
        call(method, path, form, headers={"content-type": "application/x-www-form-urlencoded", **headers}, **options),
    ]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("path", EVERY_PATH)
def test_without_a_signature_only_the_health_check_answers(path: str, method: str, model: FakeModel) -> None:
    for response in every_request(path, method, signed=False, headers={"x-api-key": KEY}, cookie=KEY):
        if path in OPEN:
            assert response["statusCode"] in {200, 405}
        else:
            assert response["statusCode"] == 403
            assert "reviews" not in response["body"]
    assert model.asked == []


@BY_KEY
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("path", EVERY_PATH)
def test_without_a_key_only_the_health_check_and_the_sign_in_page_answer(
    path: str, method: str, model: FakeModel
) -> None:
    # A signature that API Gateway did not ask for is none.
    for response in every_request(path, method, signed=True):
        if path in OPEN:
            assert response["statusCode"] in {200, 405}
        elif path == "/sign-in":
            assert response["statusCode"] in {200, 401, 405, 415}
            assert "Judging people" not in response["body"]
        else:
            assert response["statusCode"] == 401
            assert "Judging people" not in response["body"]
            assert ("<h1>Sign in</h1>" in response["body"]) is is_page(path)
    assert model.asked == []


@BY_KEY
@pytest.mark.parametrize("key", WRONG_KEYS)
def test_a_key_that_is_none_opens_nothing(key: str, model: FakeModel) -> None:
    assert ask({"instances": ["Fine."]}, headers={"x-api-key": key})["statusCode"] == 401
    assert call("GET", "/recipes/reviews", cookie=key)["statusCode"] == 401
    assert model.asked == []


@BY_KEY
def test_a_key_opens_every_address(model: FakeModel) -> None:
    by_header = {"x-api-key": KEY}
    assert ask({"instances": ["Fine."]}, headers=by_header)["statusCode"] == 200
    assert ask({"instances": ["Fine."]}, headers={"X-Api-Key": KEY})["statusCode"] == 200
    for path in ("/models", "/models/reviews", "/openapi.json"):
        assert call("GET", path, headers=by_header)["statusCode"] == 200
    for path in ("/", "/recipes/reviews"):
        assert call("GET", path, cookie=KEY)["statusCode"] == 200
    assert len(model.asked) == 2


@BY_KEY
def test_a_cookie_lets_no_program_in_and_a_header_no_browser() -> None:
    """So that no other site can have a browser ask the API, and there is one way in for each."""
    assert ask({"instances": ["Fine."]}, cookie=KEY)["statusCode"] == 401
    assert call("GET", "/recipes/reviews", headers={"x-api-key": KEY})["statusCode"] == 401


@BY_KEY
@pytest.mark.parametrize(
    "change",
    [
        {"revoked_at": datetime(2026, 1, 1, tzinfo=UTC)},
        {"expires_at": datetime.now(UTC) - timedelta(seconds=1)},
    ],
)
def test_a_revoked_or_expired_key_works_no_longer(api_keys: dict[str, ApiKey], change: dict[str, Any]) -> None:
    assert ask({"instances": ["Fine."]}, headers={"x-api-key": KEY})["statusCode"] == 200
    api_keys["app"] = api_keys["app"].model_copy(update=change)
    refused = ask({"instances": ["Fine."]}, headers={"x-api-key": KEY})
    assert refused["statusCode"] == 401
    assert "WWW-Authenticate" in refused["headers"]
    assert document(refused)["detail"] == "The key is none, or works no longer."


@BY_KEY
def test_the_log_names_the_key_but_never_holds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    log = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", log)
    ask({"instances": ["Fine."]}, headers={"x-api-key": KEY})
    send_form("/recipes/reviews", {"text": "Fine."}, cookie=LINK_KEY)
    call("GET", "/sign-in", query={"key": LINK_KEY})
    assert '"caller":"app"' in log.getvalue()
    assert '"caller":"link"' in log.getvalue()
    assert SECRET not in log.getvalue()


@pytest.mark.parametrize("given", [None, "", "NONE", "iam", "OPEN"])
def test_a_function_that_is_not_told_who_may_ask_answers_nobody(
    given: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RELEASE_TABLE", "table")
    monkeypatch.delenv("API_ACCESS", raising=False)
    if given is not None:
        monkeypatch.setenv("API_ACCESS", given)
    with pytest.raises(ValueError, match="API_ACCESS"):
        PredictSettings.from_environment()


@pytest.mark.parametrize("path", ["/sign-in", "/sign-out"])
def test_there_is_no_way_in_by_key_where_requests_are_signed(path: str) -> None:
    assert send_form(path, {"key": KEY})["statusCode"] == 404
    assert call("GET", "/sign-in", query={"key": LINK_KEY})["statusCode"] == 404


# --- signing in ---


def cookies(response: dict[str, Any]) -> str:
    return ", ".join(response.get("cookies", []))


@BY_KEY
def test_a_key_is_kept_in_a_cookie_that_no_script_and_no_other_site_can_use() -> None:
    response = send_form("/sign-in", {"key": f" {KEY} ", "page": "recipes/reviews"})
    assert (response["statusCode"], response["headers"]["Location"]) == (303, "./recipes/reviews")
    assert cookies(response) == f"greenlight-key={KEY}; HttpOnly; Secure; SameSite=Strict"


@BY_KEY
def test_on_a_laptop_without_tls_the_cookie_is_kept_too() -> None:
    response = send_form("/sign-in", {"key": KEY}, headers={"x-forwarded-proto": "http"})
    assert "Secure" not in cookies(response)


@BY_KEY
def test_after_a_wrong_key_the_page_that_was_asked_for_is_still_the_one_to_go_on_to() -> None:
    response = send_form("/sign-in", {"key": "gl_wrong_key", "page": "recipes/reviews"})
    assert response["statusCode"] == 401
    assert "That did not work." in response["body"]
    assert 'name="page" value="recipes/reviews"' in response["body"]


@BY_KEY
def test_a_link_signs_in_for_as_long_as_its_key_works() -> None:
    response = call("GET", "/sign-in", query={"key": LINK_KEY, "page": "recipes/reviews"})
    assert (response["statusCode"], response["headers"]["Location"]) == (303, "./recipes/reviews")
    [age] = [part for part in cookies(response).split("; ") if part.startswith("MaxAge=") or "Max-Age" in part]
    assert 3500 < int(age.partition("=")[2]) <= 3600


@BY_KEY
def test_no_other_key_may_stand_in_a_link() -> None:
    response = call("GET", "/sign-in", query={"key": KEY})
    assert response["statusCode"] == 403
    assert cookies(response) == ""
    assert KEY not in response["body"]


@BY_KEY
def test_another_site_cannot_sign_a_browser_in() -> None:
    foreign = {"sec-fetch-site": "cross-site"}
    followed = call("GET", "/sign-in", query={"key": LINK_KEY}, headers=foreign)
    assert (followed["statusCode"], cookies(followed)) == (200, "")
    assert "Go on to the models" in followed["body"]
    posted = send_form("/sign-in", {"key": KEY}, headers=foreign)
    assert (posted["statusCode"], cookies(posted)) == (403, "")


@BY_KEY
@pytest.mark.parametrize("page", ["//evil.example.com", "https://evil.example.com", "../x", "recipes/../..", "models"])
def test_signing_in_leads_to_no_other_place(page: str) -> None:
    assert send_form("/sign-in", {"key": KEY, "page": page})["headers"]["Location"] == "./"
    assert call("GET", "/sign-in", query={"key": LINK_KEY, "page": page})["headers"]["Location"] == "./"


@BY_KEY
def test_signing_out_forgets_the_key() -> None:
    response = send_form("/sign-out", {}, cookie=KEY)
    assert (response["statusCode"], response["headers"]["Location"]) == (303, "./sign-in")
    assert cookies(response).startswith("greenlight-key=; Max-Age=0")


@BY_KEY
def test_who_is_not_signed_in_comes_back_to_the_page_that_was_asked_for() -> None:
    page = call("GET", "/recipes/reviews")
    assert (page["statusCode"], 'name="page" value="recipes/reviews"' in page["body"]) == (401, True)
    assert 'action="./../sign-in"' in page["body"]
    assert "That did not work" not in page["body"]
    assert "That did not work" in call("GET", "/recipes/reviews", cookie="gone")["body"]
