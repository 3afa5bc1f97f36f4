from __future__ import annotations

import pytest

from steps.pages.rendering import gain_text, metric_label, metric_text


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("accuracy", 0.7841, "78.4 %"),
        ("subset_accuracy", 0.9, "90.0 %"),
        ("roc_auc", 0.98765, "0.988"),
        ("root_mean_squared_error", 22_345.678, "22,346"),
        ("r2", -0.25, "-0.250"),
        ("r2", -1.2345e300, "-1.23e+300"),
    ],
)
def test_a_metric_is_written_as_people_read_it(name: str, value: float, text: str) -> None:
    assert metric_text(name, value) == text


@pytest.mark.parametrize(
    ("name", "gain", "text"),
    [
        ("accuracy", 0.012, "+1.2 points"),
        ("log_loss", -0.05, "-0.050"),
        ("root_mean_squared_error", 1500.4, "+1,500"),
        ("roc_auc", 0.0004, "none"),
    ],
)
def test_a_gain_is_signed(name: str, gain: float, text: str) -> None:
    assert gain_text(name, gain) == text


def test_metrics_have_readable_names() -> None:
    assert [metric_label(name) for name in ("roc_auc", "r2", "mean_absolute_error")] == [
        "ROC AUC",
        "R²",
        "Mean absolute error",
    ]
