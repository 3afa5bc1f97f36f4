"""The report as a file: what it says first, what it never holds, and that nothing in it comes from elsewhere."""

from __future__ import annotations

import re
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser
from typing import Any

import pytest

from steps.contracts import CheckMetricsResult, Finding, ValidateDataResult
from steps.profile import DataProfile, FileProblem
from steps.report.document import ReportUnreadableError, read_document
from steps.report.verdict import verdict_of
from steps.report.write import write_report
from tests.full_report import CHECKED, EXAMPLES, FACTS, LIVE, MEASURED, NASTY, full_facts

TWO_MEGABYTES = 2_000_000


def html_of(**changes: Any) -> str:
    return write_report(full_facts(**changes)).decode()


class Headings(HTMLParser):
    """Headings in order, and every address that a browser would ask for."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.levels: list[int] = []
        self.addresses: list[str] = []
        self.ids: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if re.fullmatch("h[1-6]", tag):
            self.levels.append(int(tag[1]))
        for name, value in attrs:
            if name in {"src", "href", "action", "data", "srcset"}:
                self.addresses.append(value or "")
            if name == "id":
                self.ids.append(value or "")


def test_the_verdict_comes_first_and_then_what_changed_and_the_numbers() -> None:
    html = html_of()
    words = ["Passed: a person decides now", "What changed", "How good it is", "Where it errs", "For whom", "How it"]
    places = [html.index(word, html.index("<h1>")) for word in words]
    assert places == sorted(places)


def test_nothing_is_asked_of_any_other_place() -> None:
    html = html_of()
    assert all(address.startswith("#") for address in Headings(html).addresses)
    assert "<script" not in html
    assert "@import" not in html
    assert "url(" not in html


def test_the_file_is_small() -> None:
    assert len(write_report(full_facts())) < TWO_MEGABYTES


def test_headings_leave_no_level_out_and_ids_are_there_once() -> None:
    page = Headings(html_of())
    assert page.levels[0] == 1
    assert all(below <= above + 1 for above, below in zip(page.levels, page.levels[1:], strict=False))
    assert len(set(page.ids)) == len(page.ids)
    assert {address.removeprefix("#") for address in page.addresses} <= set(page.ids)


def test_every_drawing_that_says_something_says_it_in_words_too() -> None:
    html = html_of()
    drawings = re.findall(r"<svg.*?</svg>", html, re.DOTALL)
    spoken = [drawing for drawing in drawings if 'role="img"' in drawing]
    assert len(spoken) == 6
    assert all("<title" in drawing and "<desc" in drawing for drawing in spoken)
    assert all('aria-hidden="true"' in drawing for drawing in drawings if drawing not in spoken)
    # The bars of drift say their numbers beside them, and in their description.
    assert html.count("<summary>The numbers</summary>") == len(spoken) - 1


def test_metrics_stand_with_their_ranges_beside_the_live_versions() -> None:
    html = html_of()
    for words in ("78.4 %", "76.1 % to 80.5 %", "75.0 %", "72.6 % to 77.3 %", "+3.4 points", "+1.2 to +5.6 points"):
        assert words in html
    assert html.count("<small>more than chance</small>") == 2
    assert html.count("<small>could be chance</small>") == 2


def test_no_row_of_the_data_stands_in_the_file() -> None:
    html = html_of(measured=MEASURED.model_copy(update={"behaviour": None}))
    assert "A text of a reviewer" not in html
    assert "Another text" not in html
    assert "812" in html
    assert EXAMPLES.mistakes[0].row_number == 812


def test_what_people_wrote_is_text_and_never_code() -> None:
    html = html_of()
    assert NASTY not in html
    assert "&lt;b onclick=" in html


def test_a_first_release_compares_with_nothing() -> None:
    measured = MEASURED.model_copy(update={"champion": None, "paired": {}, "slices": [], "disagreements": None})
    checked = CHECKED.model_copy(update={"champion_metrics": None})
    html = write_report(full_facts(replace(FACTS, live=None), measured=measured, checked=checked)).decode()
    assert "first release" in html
    assert "Live (version" not in html
    assert "Live version</th>" not in html


def test_a_live_version_that_cannot_be_compared_is_named() -> None:
    html = html_of(measured=MEASURED.model_copy(update={"champion": None, "paired": {}}))
    assert f"Version {LIVE.model_version} cannot be compared with it" in html


def failed(sentence: str) -> Finding:
    return Finding(rule="accuracy_floor", verdict="failed", observed=0.6, limit=0.68, sentence=sentence)


def test_a_refusal_says_which_number_failed_and_what_stays() -> None:
    sentence = "Accuracy 0.600 is below its floor 0.680 by 0.080."
    rejected = CHECKED.model_copy(update={"verdict": "rejected", "findings": [failed(sentence)]})
    html = html_of(checked=rejected)
    assert "Refused: not good enough" in html
    assert f"Version {LIVE.model_version} stays live." in html
    assert html.index(sentence) < html.index("What changed")


def test_a_clear_win_that_asks_nobody_says_so() -> None:
    checked = CheckMetricsResult.model_validate({**CHECKED.model_dump(), "needs_approval": False})
    assert "Passed: it goes live without asking" in html_of(checked=checked)


def test_refused_data_leave_a_report_without_a_model() -> None:
    data = ValidateDataResult(verdict="rejected", findings=[failed("3 rows of 1,000.")], rows=3)
    html = html_of(data=data, checked=None, measured=None, examples=None)
    assert "Refused: the data broke a rule" in html
    assert "How good it is" not in html
    assert "The data</h2>" in html


def test_a_refused_archive_leaves_a_report_with_the_reason() -> None:
    html = html_of(refused_model="The archive holds a link.", checked=None, measured=None, examples=None)
    assert "Refused: the model may not be taken" in html
    assert "The archive holds a link." in html


def test_a_run_that_nothing_judged_has_no_report() -> None:
    with pytest.raises(ValueError, match="metrics checked"):
        html_of(checked=None, measured=None)


def test_a_part_of_the_file_can_be_shown_elsewhere_with_its_style() -> None:
    body = write_report(full_facts())
    digest = sha256(body).hexdigest()
    document = read_document(body, digest)
    assert document.html.encode() == body
    assert document.part.strip().startswith('<div class="report">')
    assert document.part.strip().endswith("</div>")
    assert ".report .judged" in document.style
    assert "<h1" not in document.part


def test_a_changed_file_is_not_shown() -> None:
    body = write_report(full_facts())
    with pytest.raises(ReportUnreadableError, match="changed after it was written"):
        read_document(body + b" ", sha256(body).hexdigest())


def test_a_file_without_the_part_is_not_shown() -> None:
    body = b"<style></style>"
    with pytest.raises(ReportUnreadableError, match="another form"):
        read_document(body, sha256(body).hexdigest())


def test_a_sentence_of_a_rule_stands_once_above_the_parts() -> None:
    warned = failed("behaviour typos: 61 of 500 cases fail.").model_copy(update={"verdict": "warned"})
    checked = CHECKED.model_copy(
        update={"findings": [warned], "reason": f"accuracy is as good as the live version. {warned.sentence}"}
    )
    verdict = verdict_of(full_facts(checked=checked))
    assert verdict.reason == "Accuracy is as good as the live version."
    assert verdict.warned[-1].sentence == warned.sentence


def test_an_override_is_no_praise() -> None:
    sentence = "accuracy 0.600 is below its floor 0.680 by 0.080."
    checked = CHECKED.model_copy(
        update={"overridden": True, "findings": [failed(sentence)], "reason": f"{sentence} Overridden by ann: urgent."}
    )
    html = html_of(checked=checked)
    assert "Not good enough, but overridden: a person is asked" in html
    assert "Overridden by ann: urgent." in html
    assert "Passed" not in html


def test_a_file_that_cannot_be_read_leaves_a_report_that_says_so() -> None:
    problem = FileProblem(kind="not_text", sentence="da7a.csv is no text; save it as CSV in UTF-8.")
    profile = DataProfile(file="da7a.csv", rows_per_label={}, rows_per_split={}, problems=(problem,))
    data = ValidateDataResult(verdict="rejected", findings=[failed(problem.sentence)], rows=0)
    html = html_of(data=data, profile=profile, drift=None, checked=None, measured=None, examples=None)
    assert "Da7a.csv is no text; save it as CSV in UTF-8." in html
    assert "0, of which 0 can be used" in html
