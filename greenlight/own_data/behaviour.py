"""Behavioural tests for a recipe that nobody has written yet: what holds for texts of any subject and language."""

from __future__ import annotations

from typing import Any

TEST_ROWS = 100


def text_behaviour() -> dict[str, Any]:
    """The section behaviour of texts; its tests warn, since nobody has said yet that they must hold."""
    common = {"kind": "invariance", "test_rows": TEST_ROWS}
    mild = {"tolerance": 0.1, "limit": 0.1, "severity": "warn"}
    return {
        "tests": [
            {"name": "typos", **common, "change": {"typos": 1}, **mild},
            {"name": "capitals", **common, "change": {"case": "upper"}, **mild},
            {"name": "final-mark", **common, "change": {"punctuation": "final"}, **mild},
        ]
    }
