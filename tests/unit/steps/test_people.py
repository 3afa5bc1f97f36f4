from __future__ import annotations

import pytest

from steps.people import is_same_person, why_nobody_can_approve


@pytest.mark.parametrize(
    ("started_by", "same"),
    [
        ("ann@example.com", True),
        ("Ann@Example.com ", True),
        ("ann", True),
        ("arn:aws:iam::123456789012:user/ann", True),
        ("arn:aws:sts::123456789012:assumed-role/Developer/ann@example.com", True),
        ("bob", False),
        ("ann@elsewhere.com", False),
        ("arn:aws:sts::123456789012:assumed-role/ann/bob", False),
        ("example.com", False),
        ("schedule", False),
        ("", False),
    ],
)
def test_who_started_a_run_is_known_by_address_login_or_arn(started_by: str, same: bool) -> None:
    assert is_same_person("ann@example.com", started_by) is same


def test_somebody_else_must_be_among_those_who_may_be_asked() -> None:
    assert why_nobody_can_approve(["ann@example.com", "bob@example.com"], "ann") is None
    assert why_nobody_can_approve(["ann@example.com"], "schedule") is None
    problem = why_nobody_can_approve(["ann@example.com"], "ann")
    assert problem is not None
    assert "ann@example.com started this run" in problem
    assert "approval.escalate_to" in problem
