from __future__ import annotations

import hashlib
import re

import pytest
from fastapi.testclient import TestClient

from serving.access import Keys
from serving.app import Options, create_app
from steps.model_card import ModelCard
from tests.unit.serving.fake_models import Areas, Lengths

KEY = "a key; with signs"
KEYS = Keys(frozenset({hashlib.sha256(KEY.encode()).hexdigest()}))
FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture
def client(lengths: Lengths, card: ModelCard) -> TestClient:
    return TestClient(create_app(lengths, card), raise_server_exceptions=False)


def test_the_page_says_what_the_model_is_and_is_not_for(client: TestClient) -> None:
    page = client.get("/")
    assert page.url.path == "/recipes/reviews"
    for words in ("Is a review positive?", "Judging the person who wrote it.", "Version", 'id="text"'):
        assert words in page.text
    assert "All models" not in page.text
    assert "Sign out" not in page.text


def test_nothing_comes_from_elsewhere_and_no_script_runs(client: TestClient) -> None:
    page = client.get("/")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert not re.search(r"<script|https?://|@import|url\(", page.text)


def test_the_form_is_answered_with_probabilities(client: TestClient) -> None:
    page = client.post("/recipes/reviews", data={"text": "12345678"})
    assert page.status_code == 200
    assert re.search(r'role="status">positive<', page.text)
    assert "80.0 %" in page.text
    assert "12345678" in page.text


def test_what_cannot_be_answered_is_said_beside_the_form_and_escaped(client: TestClient) -> None:
    page = client.post("/recipes/reviews", data={"text": "<b>" * 20})
    assert page.status_code == 422
    assert 'role="alert"' in page.text
    assert "60 characters" in page.text
    assert "<b>" not in page.text


def test_a_table_has_a_field_for_each_column_and_its_warnings(table_card: ModelCard) -> None:
    client = TestClient(create_app(Areas(), table_card))
    assert 'value="10"' in client.get("/").text
    page = client.post("/recipes/houses", data={"column:area": "600", "column:garage": "carport"})
    assert "1,200" in page.text
    assert "&#39;carport&#39; was never seen" in page.text


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"text=a", {"content-type": "text/plain"}, 415),
        (b"text=%ff", FORM, 400),
        (b"\xff", FORM, 400),
        (b"&".join(b"a=%d" % number for number in range(100)), FORM, 400),
        (b"text=a", {**FORM, "sec-fetch-site": "cross-site"}, 403),
        (b"", FORM, 422),
    ],
)
def test_forms_of_others_are_refused(client: TestClient, body: bytes, headers: dict[str, str], status: int) -> None:
    assert client.post("/recipes/reviews", content=body, headers=headers).status_code == status


def test_there_is_no_other_page(client: TestClient) -> None:
    assert client.get("/recipes/others").status_code == 404


def test_who_has_the_key_signs_in_asks_and_signs_out(lengths: Lengths, card: ModelCard) -> None:
    client = TestClient(create_app(lengths, card, Options(keys=KEYS)))
    assert client.get("/recipes/reviews").url.path == "/sign-in"
    assert client.post("/recipes/reviews", data={"text": "a"}).status_code == 401
    way_in = client.get("/")
    assert way_in.url.path == "/sign-in"
    assert "Is a review positive?" not in way_in.text
    assert client.post("/sign-in", data={"key": "wrong"}).status_code == 401
    page = client.post("/sign-in", data={"key": KEY})
    assert page.url.path == "/recipes/reviews"
    cookie = page.history[0].headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert client.post("/recipes/reviews", data={"text": "a"}).status_code == 200
    assert client.post("/sign-out", content=b"", headers=FORM).url.path == "/sign-in"
    assert client.get("/recipes/reviews").url.path == "/sign-in"


def test_there_is_nothing_to_sign_in_to_without_keys(client: TestClient) -> None:
    assert client.get("/sign-in").url.path == "/recipes/reviews"
    assert client.post("/sign-in", data={"key": "x"}).url.path == "/recipes/reviews"
