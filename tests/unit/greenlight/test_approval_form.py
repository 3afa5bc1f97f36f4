from __future__ import annotations

import pytest

from greenlight.approval_form import AlreadyDecidedError, Answers, fill_in, headline
from greenlight.errors import FaultError

URL = "http://127.0.0.1:4747/_api/abc/approvals/17?token=secret"
PAGE = """
<html><body><h1>Release version 3?</h1><p>It is better.</p>
<form method="post" action="{action}">
  <input type="hidden" name="seen" value="abc">
  <input name="code"><textarea name="comment"></textarea>
  <input type="checkbox" name="subscribe" value="yes"><input name="off" value="x" disabled>
  <select name="level"><option value="a">A</option><option value="b" selected>B</option></select>
  <button name="decision" value="approved">Approve</button>
  <button name="decision" value="denied">Reject</button>
</form></body></html>
"""


def _fill(
    decision: str = "approve", action: str = "", policy: str = "", html: str = PAGE
) -> tuple[str, dict[str, str]]:
    answers = Answers("approve" if decision == "approve" else "reject", "123456", "fine\nby me")
    form = fill_in(URL, html.format(action=action), policy, answers)
    return form.url, dict(form.fields)


@pytest.mark.parametrize(("decision", "value"), [("approve", "approved"), ("reject", "denied")])
def test_the_pressed_button_goes_with_what_was_typed_and_what_was_hidden(decision: str, value: str) -> None:
    _, fields = _fill(decision)
    assert fields == {
        "seen": "abc",
        "code": "123456",
        "comment": "fine\r\nby me",
        "level": "b",
        "decision": value,
    }


@pytest.mark.parametrize(
    ("action", "url"),
    [
        ("", URL),
        ("/_api/abc/decide", "http://127.0.0.1:4747/_api/abc/decide"),
        ("decide?token=other", "http://127.0.0.1:4747/_api/abc/approvals/decide?token=other"),
    ],
)
def test_the_action_is_resolved_against_the_page(action: str, url: str) -> None:
    assert _fill(action=action)[0] == url


def test_a_radio_button_can_carry_the_decision() -> None:
    html = (
        '<form><input name="code"><input type="radio" name="decision" value="approve" checked>'
        '<input type="radio" name="decision" value="reject"><button>Send</button></form>'
    )
    assert _fill("reject", html=html)[1] == {"code": "123456", "decision": "reject"}


def test_a_page_says_where_its_form_came_from_unless_it_asks_not_to() -> None:
    answers = Answers("approve", "1", "")
    open_page = fill_in(URL, PAGE.format(action=""), "same-origin", answers).headers
    assert (open_page["Origin"], open_page["Referer"]) == ("http://127.0.0.1:4747", URL)
    discreet = fill_in(URL, PAGE.format(action=""), "no-referrer", answers).headers
    assert discreet["Origin"] == "null"
    assert "Referer" not in discreet


def test_a_page_without_a_form_has_been_decided() -> None:
    with pytest.raises(AlreadyDecidedError, match="Decided: Somebody approved"):
        _fill(html="<h1>Decided</h1><p>Somebody approved.</p>")


def test_a_form_that_offers_no_such_decision_is_a_fault() -> None:
    with pytest.raises(FaultError, match="no button to reject"):
        _fill("reject", html='<form><button name="decision" value="approve">Yes</button></form>')


def test_the_headline_is_heading_and_first_sentence() -> None:
    assert (
        headline("<h1>Approved.</h1><p>The release <b>goes on</b>.</p><p>More.</p>") == "Approved: The release goes on"
    )
    assert headline('<h1>Release?</h1><p role="alert">That was not the code.</p>') == "That was not the code"
    assert headline("plain words") == "plain words"
