from __future__ import annotations

from typing import Any

import pytest

from serving.model import load_model
from serving.unusable_input import UnusableInputError


def test_bug_a_category_never_seen_silently_became_a_missing_value(houses: Any) -> None:
    known, unseen, missing = load_model(houses.model).predict(
        [
            {"area": 120, "street": "Paved"},
            {"area": 120, "street": "Cobbled"},
            {"area": 120, "street": None},
        ]
    )
    assert list(known.warnings) == []
    (warning,) = unseen.warnings
    assert "street" in warning
    assert "Cobbled" in warning
    assert list(missing.warnings) == []
    assert len(unseen.values) == 1, "it is answered all the same"


def test_bug_a_row_that_lacks_a_column_was_answered(houses: Any) -> None:
    with pytest.raises(UnusableInputError, match="street"):
        load_model(houses.model).predict([{"area": 120}])


def test_the_price_follows_from_area_and_street(houses: Any) -> None:
    report = houses.evaluate()
    assert report["candidate"]["r2"] > 0.9
    assert report["candidate"]["root_mean_squared_error"] < report["mean_baseline_root_mean_squared_error"] / 3
    assert not [name for name in houses.members() if name.endswith((".pkl", ".joblib"))]
