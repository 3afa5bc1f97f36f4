from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from steps.recipe_sections.approval import ApprovalSection

TWO = ["ann@example.com", "bob@example.com"]


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"quorum": 3}, "quorum is 3, but approvers names 2; lower it, or name more people"),
        ({"approvers": ["ann@example.com", "Ann@example.com"]}, "Ann@example.com is named twice"),
        ({"escalate_to": ["bob@example.com"]}, "bob@example.com is named twice"),
        ({"reminder_seconds": 604800}, "reminder_seconds is 604800, so it would lie before the question is asked"),
        ({"escalation_seconds": 60}, "escalation_seconds has no meaning without escalate_to"),
        ({"escalate_to": ["c@example.com"], "escalation_seconds": 0}, "nobody would be asked in time"),
    ],
)
def test_a_policy_that_cannot_work_is_refused_with_what_to_do(keys: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError) as caught:
        ApprovalSection.model_validate({"approvers": TWO, **keys})
    assert sentence in str(caught.value)


def test_without_a_word_one_answer_in_a_week_decides_and_nobody_else_is_asked() -> None:
    section = ApprovalSection(approvers=TWO)
    assert (section.policy, section.quorum, section.at_deadline) == ("always", 1, "expire")
    assert (section.reminder_before, section.escalation_before) == (151_200, 0)
    assert section.everybody == TWO
