from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steps.contracts import Finding, RunInput
from steps.errors import MailError
from steps.shortened import MESSAGE_BYTES, SENTENCE_BYTES, shortened


@pytest.mark.parametrize(
    ("text", "limit", "cut"),
    [
        ("", 50, ""),
        ("a" * 50, 50, "a" * 50),
        ("a" * 51, 50, "a" * 19 + "… (cut: 51 characters in all)"),
        ("ü" * 26, 50, "ü" * 9 + "… (cut: 26 characters in all)"),
        ("x" * 1234, 50, "x" * 16 + "… (cut: 1,234 characters in all)"),
    ],
)
def test_a_text_is_cut_by_its_bytes_and_says_so(text: str, limit: int, cut: str) -> None:
    assert shortened(text, limit) == cut


@given(st.text(), st.integers(min_value=60, max_value=300))
def test_no_text_is_longer_than_the_limit(text: str, limit: int) -> None:
    assert len(shortened(text, limit).encode(errors="backslashreplace")) <= limit


def test_a_contract_cuts_a_sentence_and_never_refuses_it() -> None:
    finding = Finding(rule="r", verdict="failed", observed=1, limit=0, sentence="é" * 10_000)
    assert len(finding.sentence.encode()) <= SENTENCE_BYTES
    assert finding.sentence.endswith("… (cut: 10,000 characters in all)")
    assert Finding.model_validate(finding.model_dump()) == finding


def test_an_error_s_message_is_cut() -> None:
    assert str(MailError("no mail")) == "no mail"
    assert len(str(MailError("x" * 100_000)).encode()) == MESSAGE_BYTES


def test_an_input_that_no_state_could_hold_is_refused() -> None:
    with pytest.raises(ValueError, match="data_uri"):
        RunInput(recipe="r", data_uri="s3://" + "x" * 1024)
    with pytest.raises(ValueError, match="recipe_uri"):
        RunInput(recipe="r", recipe_uri="s3://bucket/" + "x" * 201)
