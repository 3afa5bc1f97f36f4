from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
from bs4 import BeautifulSoup, Tag

from steps.answers import Answer
from steps.errors import PredictionError
from steps.model_card import ModelCard
from steps.pages.model_page import MEANINGS, bars, said
from steps.ports import ReleaseRecords
from steps.recipe_sections.metrics import MetricName
from tests.unit.lambdas.predict.calls import FakeModel, call, send_form

PROJECT = Path(__file__).parents[4]


@pytest.fixture
def access() -> str:
    return "IAM"


def page(path: str, **options: Any) -> BeautifulSoup:
    response = call("GET", path, **options)
    assert response["statusCode"] == 200
    return BeautifulSoup(response["body"], "html.parser")


def answered(recipe: str, fields: dict[str, str], *, status: int = 200) -> BeautifulSoup:
    response = send_form(f"/recipes/{recipe}", fields)
    assert response["statusCode"] == status
    return BeautifulSoup(response["body"], "html.parser")


def words(found: BeautifulSoup | Tag | None) -> str:
    assert found is not None
    return " ".join(found.get_text(" ").split())


def test_the_list_leads_to_every_live_model() -> None:
    found = page("/")
    assert [str(link["href"]) for link in found.select("h2 a")] == [
        "./recipes/comments",
        "./recipes/houses",
        "./recipes/reviews",
    ]
    assert "Judging people." in words(found)


def test_a_single_model_is_gone_to_at_once(records: ReleaseRecords) -> None:
    for recipe in ("comments", "houses"):
        records.set_live(recipe, None)
    response = call("GET", "/")
    assert (response["statusCode"], response["headers"]["Location"]) == (303, "./recipes/reviews")
    records.set_live("reviews", None)
    assert "Nothing is live yet" in words(page("/"))


def test_a_page_says_what_the_model_does_how_good_it_is_and_what_it_is_not_for() -> None:
    text = words(page("/recipes/reviews").main)
    for said_there in (
        "Is a review positive?",
        "Not for everything. Judging people.",
        "Measured on 1,279 rows that it never saw",
        "Accuracy 78.4 % of the rows were answered correctly",
        "Version 1",
        "Sunday 1 February 2026, 08:30 UTC",
        "Approved on 1 February 2026: fine.",
    ):
        assert said_there in text


def test_a_text_is_answered_with_its_probabilities_and_stays_in_the_box() -> None:
    found = answered("reviews", {"text": "Fine & <b>bold</b>\r\nfilm."})
    assert words(found.select_one(".answer .said")) == "positive"
    assert [words(item) for item in found.select(".bars li")] == ["positive 90.0 %", "negative 10.0 %"]
    assert found.select_one("title").get_text() == "positive \N{EN DASH} reviews"  # type: ignore[union-attr]  # it is there
    assert found.select_one("textarea").get_text().strip() == "Fine & <b>bold</b>\nfilm."  # type: ignore[union-attr]
    assert "Not for everything." in words(found)


def test_a_short_text_has_one_line_and_stays_in_it(
    publish: Callable[[ModelCard], None], cards: dict[str, ModelCard]
) -> None:
    short = cards["reviews"].input.model_copy(update={"max_text_characters": 100})
    publish(cards["reviews"].model_copy(update={"input": short}))
    found = answered("reviews", {"text": '"Zoë" <i>'})
    assert found.select_one("textarea") is None
    assert found.select_one("input#text")["value"] == '"Zoë" <i>'  # type: ignore[index]  # it is there


def test_a_version_with_thresholds_names_them_and_answers_by_them(
    publish: Callable[[ModelCard], None], cards: dict[str, ModelCard]
) -> None:
    publish(cards["comments"].model_copy(update={"thresholds": {"rude": 0.95, "spam": 0.125}}))
    found = answered("comments", {"text": "Hm."})
    assert words(found.select_one(".answer .said")) == "spam"
    assert [words(item) for item in found.select(".bars li")] == ["rude: no 90.0 %", "spam: yes 20.0 %"]
    assert "Answered from rude 0.95, spam 0.125 (probability)" in words(found)


def test_labels_say_yes_and_no_in_words_too() -> None:
    found = answered("comments", {"text": "Hm."})
    assert words(found.select_one(".answer .said")) == "rude"
    assert [words(item) for item in found.select(".bars li")] == ["rude: yes 90.0 %", "spam: no 20.0 %"]


def test_a_tables_form_holds_an_example_and_its_answer_what_the_model_warns_of(model: FakeModel) -> None:
    form = page("/recipes/houses")
    fields = {str(each["name"]): str(each["value"]) for each in form.select("fieldset input")}
    assert fields == {"column:LotArea": "8450", "column:Street": "Pave"}
    model.warnings = ["Street '<Gold>' was never seen."]
    found = answered("houses", {**fields, "column:LotArea": "", "column:Street": "<Gold>"})
    assert model.asked == [[{"LotArea": None, "Street": "<Gold>"}]]
    assert words(found.select_one(".answer .said")) == "181,234"
    assert "Careful: Street '<Gold>' was never seen." in words(found)
    assert "it was off by" in words(found)
    assert found.select_one('input[name="column:Street"]')["value"] == "<Gold>"  # type: ignore[index]


def test_an_example_may_be_chosen_by_its_link() -> None:
    found = page("/recipes/houses", query={"example": "1"})
    assert found.select_one('input[name="column:Street"]')["value"] == "<Grvl>"  # type: ignore[index]
    texts = page("/recipes/reviews", query={"example": "0"})
    assert words(texts.select_one("textarea")) == "Wonderful."


@pytest.mark.parametrize("number", ["9", "-1", "x", "", "\u0661", "99999999999999999999"])
def test_an_example_that_is_none_is_as_if_none_was_chosen(number: str) -> None:
    assert words(page("/recipes/reviews", query={"example": number}).select_one("textarea")) == ""


@pytest.mark.parametrize(
    ("recipe", "fields", "sentence"),
    [
        ("reviews", {"text": "  "}, "There is no answer. What you entered is an empty text."),
        ("reviews", {}, "What you entered is an empty text."),
        ("reviews", {"text": "x" * 301}, "What you entered has 301 characters; at most 300 are taken."),
        ("houses", {"column:LotArea": "many", "column:Street": ""}, "Column LotArea is a text that is no number"),
        ("houses", {"column:LotArea": "1"}, "A column is missing: Street"),
    ],
)
def test_what_cannot_be_answered_is_said_at_the_form_which_keeps_what_was_entered(
    recipe: str, fields: dict[str, str], sentence: str
) -> None:
    found = answered(recipe, fields, status=422)
    assert sentence in words(found.select_one("[role=alert]"))
    assert found.select_one(".answer") is None
    if "column:LotArea" in fields:
        assert found.select_one('input[name="column:LotArea"]')["value"] == fields["column:LotArea"]  # type: ignore[index]


def test_a_model_that_does_not_answer_is_said_at_the_form(model: FakeModel) -> None:
    model.fault = PredictionError("words", "busy")
    assert "too much to do" in words(answered("reviews", {"text": "Fine."}, status=503).select_one("[role=alert]"))


def test_an_unknown_recipe_and_a_broken_form_get_a_page_too() -> None:
    missing = call("GET", "/recipes/names")
    assert (missing["statusCode"], "<h1>Not Found</h1>" in missing["body"]) == (404, True)
    broken = call("POST", "/recipes/reviews", b"\xff", headers={"content-type": "application/x-www-form-urlencoded"})
    assert (broken["statusCode"], "<h1>Bad Request</h1>" in broken["body"]) == (400, True)


def test_another_sites_form_asks_nothing(model: FakeModel) -> None:
    response = send_form("/recipes/reviews", {"text": "Fine."}, headers={"sec-fetch-site": "cross-site"})
    assert response["statusCode"] == 403
    assert model.asked == []


def test_a_page_runs_no_script_fetches_nothing_and_stands_in_no_frame() -> None:
    response = call("GET", "/recipes/reviews")
    html, headers = response["body"], response["headers"]
    [style] = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert headers["Content-Security-Policy"] == (
        f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    assert (headers["Cache-Control"], headers["Referrer-Policy"]) == ("no-store", "no-referrer")
    for forbidden in ("<script", "http://", "https://", "url(", "@import", " style=", " on"):
        assert forbidden not in html.replace(" one", "").replace(" on ", ""), forbidden


@pytest.mark.parametrize("path", ["/", "/recipes/reviews", "/recipes/houses", "/recipes/comments"])
def test_a_page_can_be_read_out_and_used_without_a_mouse(path: str) -> None:
    found = page(path)
    assert found.html is not None
    assert found.html["lang"] == "en"
    assert len(found.select("h1")) == 1
    ids = [str(each["id"]) for each in found.select("[id]")]
    assert len(ids) == len(set(ids))
    for field in found.select("input:not([type=hidden]), textarea"):
        assert found.select_one(f'label[for="{field["id"]}"]'), field
    for described in found.select("[aria-describedby], [aria-labelledby]"):
        for name in str(described.get("aria-describedby") or described.get("aria-labelledby")).split():
            assert name in ids
    assert not found.select("[tabindex]")


def test_every_metric_is_explained() -> None:
    assert set(MEANINGS) == set(get_args(MetricName))


def test_many_classes_are_shown_a_few_at_first(
    publish: Callable[[ModelCard], None], cards: dict[str, ModelCard], model: FakeModel
) -> None:
    names = [f"class {number}" for number in range(20)]
    publish(cards["reviews"].model_copy(update={"task": "multi_class", "class_names": names}))
    model.numbers = {"Fine.": [0.05] * 20}
    found = answered("reviews", {"text": "Fine."})
    assert len(found.select(".answer > .bars li")) == 8
    assert len(found.select("details .bars li")) == 12


@pytest.mark.parametrize(
    ("probability", "percent"),
    [(0.0, "0.0 %"), (0.0004, "< 0.1 %"), (0.5, "50.0 %"), (0.9996, "> 99.9 %"), (1.0, "100.0 %")],
)
def test_what_is_not_certain_never_looks_so(probability: float, percent: str) -> None:
    [bar] = bars(Answer(labels=[], probabilities={"rude": probability}))
    assert bar.percent == percent


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (Answer(value=208500.4), "208,500"),
        (Answer(value=-0.01234567), "-0.01235"),
        (Answer(value=0.0), "0"),
        (Answer(labels=[], probabilities={}), "none of the labels"),
        (Answer(labels=["rude", "spam"], probabilities={}), "rude, spam"),
    ],
)
def test_an_answer_in_a_few_words(answer: Answer, text: str) -> None:
    assert said(answer) == text


def luminance(colour: str) -> float:
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Web Content Accessibility Guidelines 2.2, contrast ratio."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_text_stands_out_from_its_ground_by_day_and_by_night() -> None:
    css = (PROJECT / "steps/pages/shared/base.css").read_text()
    for scheme in css.split("prefers-color-scheme: dark")[:2]:
        colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", scheme))
        for text, ground in [
            *(("text", ground) for ground in ("ground", "sheet", "warn")),
            *(("soft", ground) for ground in ("ground", "sheet")),
            *(("go", ground) for ground in ("ground", "sheet")),
            ("go-text", "go"),
            ("no", "no-ground"),
        ]:
            assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
