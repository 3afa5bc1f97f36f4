"""Mistakes in words and as a grid."""

from __future__ import annotations

from steps.evaluation_report import MetricsReport
from steps.report.confusion import MOST_CLASSES, confusion_of


def measured(counts: list[list[int]]) -> MetricsReport:
    names = [f"class {index}" for index in range(len(counts))]
    return MetricsReport(rows=1, candidate={}, champion=None, confusion=counts, class_names=names)


def test_the_most_frequent_mistake_is_named() -> None:
    found = confusion_of(measured([[50, 3, 1], [0, 40, 7], [2, 2, 30]]))
    assert found is not None
    assert found.takeaway == "Most often mistaken: class 1 for class 2, 7 times."
    assert found.mistakes[:2] == [("class 1", "class 2", 7), ("class 0", "class 1", 3)]
    assert found.grid is not None
    assert len(found.grid.cells) == 9
    assert [cell.share for cell in found.grid.cells if cell.is_right] == ["93 %", "85 %", "88 %"]


def test_many_classes_are_a_list_of_mistakes() -> None:
    size = MOST_CLASSES + 1
    found = confusion_of(measured([[1] * size for _ in range(size)]))
    assert found is not None
    assert found.grid is None
    assert len(found.mistakes) == 10
    assert found.left_out == size * (size - 1) - 10


def test_a_class_without_rows_divides_nothing_by_nothing() -> None:
    found = confusion_of(measured([[4, 0], [0, 0]]))
    assert found is not None
    assert found.takeaway == "No row was answered wrongly."
    assert "class 1: 0 of 0 found" in found.description


def test_without_classes_there_is_no_confusion() -> None:
    assert confusion_of(measured([])) is None
