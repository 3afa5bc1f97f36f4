from __future__ import annotations

import pytest
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from steps.profile import Place
from steps.recipe_sections.languages import LANGUAGES
from steps.text_checks import Languages, Words, has_broken_encoding, has_markup

ENGLISH = "The meeting was moved to the afternoon because several of the guests had missed their train."
GERMAN = "Die Besprechung wurde auf den Nachmittag verlegt, weil mehrere Gäste ihren Zug verpasst hatten."
FRENCH = "La réunion a été reportée à l'après-midi parce que plusieurs invités avaient manqué leur train."


def place(row: int) -> Place:
    return Place(row=row, line=row + 1)


@pytest.mark.parametrize(
    ("text", "is_broken"),
    [
        ("café, naïve, Straße, 電影, Ελλάδα, «так»", False),
        ("“quoted” — and so on… £5 €7 😀", False),
        ("café".encode().decode("latin-1"), True),
        ("A “fine” day".encode().decode("cp1252", errors="replace"), True),
        ("a lost \ufffd character", True),
        ("plain ASCII, Ã is not here", False),
        ("nothing", False),
    ],
)
def test_bytes_that_were_read_in_an_encoding_that_is_not_theirs_are_seen(text: str, *, is_broken: bool) -> None:
    assert has_broken_encoding(text) == is_broken


@pytest.mark.parametrize(
    ("text", "is_markup"),
    [
        ("A <b>bold</b> claim", True),
        ("Line<br />break", True),
        ('<a href="https://example.com">here</a>', True),
        ("Fish &amp; chips", True),
        ("&#39;quoted&#39; or &#x27;quoted&#x27;", True),
        ("<!-- a note --> <p>", True),
        ("3 < 4 and 5 > 2", False),
        ("I <3 this & that; really", False),
        ("R&D; AT&T", False),
        ("x <- y", False),
    ],
)
def test_tags_and_entities_are_markup(text: str, *, is_markup: bool) -> None:
    assert has_markup(text) == is_markup


def test_the_language_of_most_texts_is_expected_when_none_is_named() -> None:
    languages = Languages()
    for row, text in enumerate([ENGLISH, GERMAN, ENGLISH, FRENCH, ENGLISH], 1):
        languages.add(place(row), text)
    found = languages.profile([])
    assert (found.texts, found.expected, found.counts) == (5, ("en",), {"en": 3, "de": 1, "fr": 1})
    assert (found.others.count, [each.row for each in found.others.places]) == (2, [2, 4])
    assert languages.profile(["de", "en"]).others.count == 1
    assert languages.profile(["zh"]).others.count == 5


@pytest.mark.parametrize(
    "text",
    [
        "Short text",
        "12345 67890 " * 10,
        "https://example.com/a/long/path/without/any/words/in/it @somebody #something",
        "lol ok haha wow omg brb idk tbh imo " * 2,
    ],
)
def test_texts_without_a_clear_language_are_not_told(text: str) -> None:
    languages = Languages()
    languages.add(place(1), text)
    assert languages.profile([]).texts == 0
    assert languages.profile([]).expected == ()


def test_markup_and_links_are_no_language() -> None:
    languages = Languages()
    languages.add(place(1), '<p class="klasse"><br />' * 20 + GERMAN + " https://example.com/the-english-words" * 5)
    assert languages.profile([]).counts == {"de": 1}


def test_of_many_texts_some_are_told_evenly_whatever_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("steps.text_checks.LANGUAGE_TEXTS", 100)
    languages = Languages()
    for row in range(1, 1501):
        languages.add(place(row), GERMAN if row % 2 else ENGLISH)
    found = languages.profile([])
    assert 50 <= found.texts <= 100
    assert abs(found.counts["de"] / found.texts - 0.5) < 0.1
    last = languages.profile(["xh"]).others
    assert last.count == found.texts


def test_unclear_texts_cost_no_more_than_clear_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("steps.text_checks.LANGUAGE_TEXTS", 100)
    identified: list[str] = []

    class Unclear:
        def classify(self, text: str) -> tuple[str, float]:
            identified.append(text)
            return "en", 0.4

    monkeypatch.setattr("steps.text_checks._identifier", Unclear)
    languages = Languages()
    for row in range(1, 3001):
        languages.add(place(row), ENGLISH)
    assert len(identified) < 500
    assert languages.profile([]).texts == 0


def test_every_language_that_a_recipe_may_name_can_be_told() -> None:
    assert set(LanguageIdentifier.from_model_file(MODEL_FILE).labels) == LANGUAGES


def test_words_are_counted_once_across_what_is_put_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("steps.text_checks._WORDS_IN_A_SET", 10)
    words = Words()
    for number in range(200):
        words.add(f"word {number % 90} word")
    assert words.count() == 91


def test_words_are_counted_to_one_beyond_the_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("steps.text_checks.MOST_WORDS", 20)
    monkeypatch.setattr("steps.text_checks._WORDS_IN_A_SET", 10)
    words = Words()
    for number in range(200):
        words.add(f"word{number}")
    assert words.count() == 21
