from __future__ import annotations

import csv
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from steps.contracts import Finding, LiveVersion
from steps.drift import LiveData, compare_data
from steps.drift_report import DriftReport
from steps.drift_rules import drift_findings
from steps.preprocess import profile_file
from steps.profile import DataProfile
from steps.recipe import Recipe

MakeRecipe = Callable[..., Recipe]
Profiled = Callable[[Recipe, Sequence[Sequence[object]]], DataProfile]
HOUSE_COLUMNS = ("area", "rooms", "street", "fence", "price")


@pytest.fixture
def profiled(tmp_path: Path) -> Profiled:
    """The profile of a file of these rows, in the order of the recipe's columns."""

    def profile(recipe: Recipe, rows: Sequence[Sequence[object]]) -> DataProfile:
        path = tmp_path / "f.csv"
        columns = [*recipe.data.input_columns, *recipe.data.answer_columns]
        lines = [",".join(str(cell) for cell in row) for row in (columns, *rows)]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return profile_file(path, recipe, lambda *_: None)

    return profile


@pytest.fixture
def version(live: LiveVersion) -> Callable[[Recipe], LiveVersion]:
    def of(recipe: Recipe, **changes: Any) -> LiveVersion:
        same = {"task": recipe.task, "class_names": recipe.data.class_names, "model_version": "3"}
        return live.model_copy(update={**same, **changes})

    return of


def houses_rows(rows: int, seed: int, **changes: Callable[[np.random.Generator], object]) -> list[list[object]]:
    generator = np.random.default_rng(seed)
    columns: dict[str, Callable[[np.random.Generator], object]] = {
        "area": lambda draw: round(draw.normal(1500, 300), 1),
        "rooms": lambda draw: int(draw.integers(2, 9)),
        "street": lambda draw: str(draw.choice(["paved", "gravel"], p=[0.8, 0.2])),
        "fence": lambda draw: str(draw.choice(["wood", "wire", ""], p=[0.2, 0.1, 0.7])),
        "price": lambda draw: round(draw.lognormal(12, 0.4)),
    }
    return [[{**columns, **changes}[name](generator) for name in HOUSE_COLUMNS] for _ in range(rows)]


@pytest.fixture
def judged(
    profiled: Profiled, version: Callable[..., LiveVersion]
) -> Callable[..., tuple[DriftReport, dict[str, list[Finding]]]]:
    """The report of new rows against live ones, and the findings by rule."""

    def judge(
        recipe: Recipe, new: Sequence[Sequence[object]], old: Sequence[Sequence[object]], **changes: Any
    ) -> tuple[DriftReport, dict[str, list[Finding]]]:
        live = LiveData(version(recipe, **changes), profiled(recipe, old))
        report = compare_data(profiled(recipe, new), recipe, live)
        findings: dict[str, list[Finding]] = {}
        for finding in drift_findings(report, "f.csv", recipe.data_rules):
            findings.setdefault(finding.rule, []).append(finding)
        return report, findings

    return judge


Judged = Callable[..., tuple[DriftReport, dict[str, list[Finding]]]]


def broken(findings: dict[str, list[Finding]]) -> dict[str, str]:
    return {
        rule: finding.sentence for rule, each in findings.items() for finding in each if finding.verdict != "passed"
    }


def test_two_files_of_one_kind_do_not_differ(judged: Judged, houses: Recipe) -> None:
    report, findings = judged(houses, houses_rows(800, 1), houses_rows(900, 2))
    assert {drift.name for drift in report.comparisons} == set(HOUSE_COLUMNS)
    assert not any(drift.is_drifted for drift in report.comparisons)
    assert set(broken(findings)) <= {"max_out_of_range_share"}
    assert findings["max_feature_drift"][0].sentence == (
        "no column of f.csv differs from the data of version 3 by more than chance explains (at most 0.25 is allowed)."
    )
    assert (report.not_compared, report.live_model_version, report.live_rows) == ("", "3", 900)


def test_chance_alone_drifts_less_often_than_the_significance_says(judged: Judged, houses: Recipe) -> None:
    alarms = 0
    for seed in range(60):
        report, _ = judged(houses, houses_rows(60, seed), houses_rows(60, 1000 + seed))
        alarms += any(drift.p_value < report.significance for drift in report.comparisons)
    # Of 60 files of pure chance at 1 %.
    assert alarms <= 3


def test_a_column_in_another_unit_is_named_with_number_limit_and_medians(judged: Judged, houses: Recipe) -> None:
    metres = houses_rows(500, 1, area=lambda draw: round(draw.normal(140, 28), 1))
    report, findings = judged(houses, metres, houses_rows(500, 2))
    assert [drift.name for drift in report.comparisons if drift.is_drifted] == ["area"]
    assert report.comparisons[0].name == "area"
    [finding] = findings["max_feature_drift"]
    assert (finding.verdict, finding.limit) == ("warned", 0.25)
    assert finding.observed == report.comparisons[0].population_stability_index > 1
    assert finding.sentence.startswith("column 'area' of f.csv differs from the data of version 3 by a population")
    assert re.search(r"\(median 1\d\d\.\d+ instead of 1,\d\d\d; Kolm", finding.sentence)
    assert "Kolmogorov-Smirnov, p-value below 0.0001); at most 0.25 is allowed." in finding.sentence
    assert finding.sentence.endswith("Find out what changed, or change data_rules.max_feature_drift.")


def test_a_difference_too_small_to_mind_passes_however_certain_it_is(judged: Judged, houses: Recipe) -> None:
    streets = houses_rows(20_000, 1, street=lambda draw: str(draw.choice(["paved", "gravel"], p=[0.77, 0.23])))
    report, findings = judged(houses, streets, houses_rows(20_000, 2))
    [street] = [drift for drift in report.comparisons if drift.name == "street"]
    assert street.p_value < 0.0001
    assert not street.is_drifted
    assert findings["max_feature_drift"][0].verdict == "passed"
    assert "column 'street' of f.csv differs" in findings["max_feature_drift"][0].sentence


def test_a_difference_that_few_rows_show_by_chance_passes_however_large_it_is(judged: Judged, houses: Recipe) -> None:
    def streets(paved: int) -> list[list[object]]:
        return [[1, 2, "paved" if number < paved else "gravel", "", number] for number in range(20)]

    report, findings = judged(houses, streets(12), streets(18))
    [street] = [drift for drift in report.comparisons if drift.name == "street"]
    assert street.population_stability_index > street.limit
    assert not street.is_drifted
    assert findings["max_feature_drift"][0].verdict == "passed"


def test_several_drifted_columns_are_named_with_the_worst(judged: Judged, houses: Recipe) -> None:
    new = houses_rows(
        400,
        1,
        area=lambda draw: round(draw.normal(9000, 300), 1),
        rooms=lambda draw: int(draw.integers(6, 20)),
        street=lambda _: "dirt",
        fence=lambda _: "stone",
    )
    _, findings = judged(houses, new, houses_rows(400, 2))
    assert findings["max_feature_drift"][0].sentence.count("and 1 more") == 1


@pytest.mark.parametrize(("severity", "verdict"), [("error", "failed"), ("warn", "warned")])
def test_a_recipe_says_from_where_and_how_badly_drift_counts(
    judged: Judged, houses: Recipe, severity: str, verdict: str
) -> None:
    rules = houses.data_rules.model_dump() | {"max_feature_drift": {"limit": 0.01, "severity": severity}}
    recipe = Recipe.model_validate(houses.model_dump() | {"data_rules": rules})
    new = houses_rows(3000, 1, street=lambda draw: str(draw.choice(["paved", "gravel"], p=[0.7, 0.3])))
    _, findings = judged(recipe, new, houses_rows(3000, 2))
    [finding] = findings["max_feature_drift"]
    assert (finding.verdict, finding.limit) == (verdict, 0.01)


def test_values_that_went_away_stop_a_run(judged: Judged, houses: Recipe) -> None:
    new = houses_rows(500, 1, area=lambda draw: "" if draw.random() < 0.3 else round(draw.normal(1500, 300)))
    report, findings = judged(houses, new, houses_rows(500, 2))
    [finding] = findings["max_missing_rise"]
    assert finding.verdict == "failed"
    assert finding.observed == pytest.approx(report.columns[0].missing_share) == pytest.approx(0.3, abs=0.05)
    assert ", and in the data of version 3 in 0.00%; at most 10.00% of the rows more are allowed." in finding.sentence


def test_fewer_gaps_than_before_are_no_harm(judged: Judged, houses: Recipe) -> None:
    _, findings = judged(houses, houses_rows(500, 1, fence=lambda _: "wood"), houses_rows(500, 2))
    assert findings["max_missing_rise"][0].verdict == "passed"
    assert findings["max_missing_rise"][0].observed == 0


def test_a_column_without_any_value_is_told_without_a_live_version(profiled: Profiled, houses: Recipe) -> None:
    profile = profiled(houses, houses_rows(200, 1, fence=lambda _: ""))
    report = compare_data(profile, houses, "This is the first.")
    findings = {finding.rule: finding for finding in drift_findings(report, "f.csv", houses.data_rules)}
    assert findings["max_missing_share"].verdict == "warned"
    assert "column 'fence' of f.csv has no value in 100.00% of the rows; at most 99.90%" in (
        findings["max_missing_share"].sentence
    )
    assert findings["drift"].sentence == "This is the first."
    assert report.comparisons == []


def test_unseen_categories_are_told_with_their_rows(judged: Judged, houses: Recipe) -> None:
    new = houses_rows(300, 1)
    for number in (5, 17, 90, 120):
        new[number - 1][2] = "a new street"
    report, findings = judged(houses, new, houses_rows(300, 2))
    told = [finding for finding in findings["max_unseen_category_share"] if "version 3" in finding.sentence]
    assert [finding.verdict for finding in told] == ["passed"]
    assert told[0].observed == pytest.approx(4 / 300)
    assert "1.33% of the rows of f.csv have a category in column 'street' that the data of version 3 has not" in (
        told[0].sentence
    )
    assert "(rows 5, 17, 90)" in told[0].sentence
    assert "a new street" not in report.model_dump_json() + told[0].sentence


def test_many_unseen_categories_are_beyond_the_limit(judged: Judged, houses: Recipe) -> None:
    new = houses_rows(300, 1, street=lambda draw: str(draw.choice(["paved", "dirt"])))
    _, findings = judged(houses, new, houses_rows(300, 2))
    assert "max_unseen_category_share" in broken(findings)


def test_a_category_that_no_training_row_has_is_told_in_the_first_release(profiled: Profiled, houses: Recipe) -> None:
    rows = houses_rows(300, 1, fence=lambda draw: f"kind {draw.integers(600)}")
    report = compare_data(profiled(houses, rows), houses, "This is the first.")
    findings = {finding.rule: finding for finding in drift_findings(report, "f.csv", houses.data_rules)}
    finding = findings["max_unseen_category_share"]
    assert (finding.verdict, finding.observed > 0.05) == ("warned", True)
    assert "have a category in column 'fence' that no row of the training part has (rows" in finding.sentence


def test_numbers_beyond_the_range_are_told_with_range_and_rows(judged: Judged, houses: Recipe) -> None:
    new = houses_rows(300, 1)
    for number in (4, 40, 44, 250):
        new[number - 1][1] = 77
    _, findings = judged(houses, new, houses_rows(300, 2, area=lambda _: 1500.5))
    [finding] = findings["max_out_of_range_share"]
    # Every area differs from the only one that there was.
    assert finding.observed > 0.9
    _, findings = judged(houses, new, [*houses_rows(300, 2), [5000, 2, "paved", "", 1], [1, 8, "paved", "", 1]])
    [finding] = findings["max_out_of_range_share"]
    assert finding.verdict == "warned"
    assert finding.observed == pytest.approx(4 / 300)
    assert finding.sentence == (
        "1.33% of the rows of f.csv have a number in column 'rooms' that is not within 2 to 8, as all of the data of "
        "version 3 (rows 4, 40, 44); at most 1.00% are allowed. Correct them, or change "
        "data_rules.max_out_of_range_share."
    )


def test_texts_differ_in_length_and_words(judged: Judged, opinions: Recipe) -> None:
    short = [("good film number " + chr(97 + number % 9), number % 2) for number in range(400)]
    long = [(f"the engine of car {number} runs at {number * 7} turns " * 3, number % 2) for number in range(400)]
    report, findings = judged(opinions, long, short)
    assert [drift.kind for drift in report.comparisons if drift.is_drifted] == ["text_length", "vocabulary"]
    assert {"max_text_length_drift", "max_vocabulary_drift"} == set(broken(findings))
    assert "the length of the texts of f.csv differs" in findings["max_text_length_drift"][0].sentence
    assert "the vocabulary of f.csv differs" in findings["max_vocabulary_drift"][0].sentence
    assert findings["max_label_drift"][0].verdict == "passed"
    assert report.columns == []
    assert "engine" not in report.model_dump_json()


def test_shares_of_labels_have_intervals_and_drift(judged: Judged, opinions: Recipe) -> None:
    old = [(f"text {number}", int(number % 10 == 0)) for number in range(1000)]
    new = [(f"word {number}", int(number % 10 < 4)) for number in range(1000)]
    report, findings = judged(opinions, new, old)
    good = report.labels[1]
    assert (good.label, good.rows, good.share, good.live_share) == ("good", 400, 0.4, 0.1)
    assert (good.interval.low, good.interval.high) == pytest.approx((0.3701, 0.4307), abs=5e-5)
    [finding] = findings["max_label_drift"]
    assert finding.verdict == "warned"
    assert "column 'label' of f.csv differs" in finding.sentence
    assert "(60.00% bad instead of 90.00%; chi-squared, p-value below 0.0001)" in finding.sentence
    [drift] = [drift for drift in report.comparisons if drift.kind == "label"]
    assert [(part.name, part.share, part.live_share) for part in drift.bins] == [("bad", 0.6, 0.9), ("good", 0.4, 0.1)]


def test_each_of_several_labels_is_compared_by_itself(judged: Judged, comments: Recipe) -> None:
    old = [(f"text {number}", int(number % 10 == 0), int(number % 50 == 0)) for number in range(1000)]
    new = [(f"text {number}", int(number % 10 == 0), int(number % 3 == 0)) for number in range(1000)]
    report, findings = judged(comments, new, old)
    drifted = {drift.name: drift.is_drifted for drift in report.comparisons if drift.kind == "label"}
    assert drifted == {"rude": False, "threat": True}
    assert "column 'threat' of f.csv differs" in findings["max_label_drift"][0].sentence


def test_numbers_to_predict_drift_as_labels_do(judged: Judged, houses: Recipe) -> None:
    dearer = houses_rows(500, 1, price=lambda draw: round(draw.lognormal(13, 0.4)))
    report, findings = judged(houses, dearer, houses_rows(500, 2))
    assert report.comparisons[0].kind == "target"
    assert findings["max_label_drift"][0].verdict == "warned"
    assert "column 'price' of f.csv differs" in findings["max_label_drift"][0].sentence
    assert report.labels == []


def test_only_columns_that_both_data_have_are_compared(
    profiled: Profiled, houses: Recipe, version: Callable[..., LiveVersion]
) -> None:
    document = houses.model_dump()
    document["data"]["features"] |= {"numeric": ["area"], "categorical": ["street"]}
    document["smoke"]["cases"][0]["row"] = {"area": 1, "street": "a"}
    before = Recipe.model_validate(document)
    rows = [(area, street, price) for area, _, street, _, price in houses_rows(100, 2)]
    live = LiveData(version(before), profiled(before, rows))
    report = compare_data(profiled(houses, houses_rows(100, 1)), houses, live)
    assert {drift.name for drift in report.comparisons} == {"area", "street", "price"}
    assert {column.name for column in report.columns if column.live_missing_share is None} == {"rooms", "fence"}


def test_labels_of_other_names_are_not_compared(judged: Judged, opinions: Recipe) -> None:
    rows = [(f"text {number}", number % 2) for number in range(100)]
    report, findings = judged(opinions, rows, rows, class_names=["good", "bad"])
    assert {drift.kind for drift in report.comparisons} == {"text_length", "vocabulary"}
    assert "max_label_drift" not in findings
    assert report.labels[0].live_share is None


def test_texts_and_a_table_cannot_be_compared(
    profiled: Profiled, opinions: Recipe, houses: Recipe, version: Callable[..., LiveVersion]
) -> None:
    texts = [(f"text {number}", number % 2) for number in range(100)]
    live = LiveData(version(opinions), profiled(opinions, texts))
    report = compare_data(profiled(houses, houses_rows(100, 1)), houses, live)
    assert report.comparisons == []
    assert report.not_compared == "Version 3 learned from data of another kind, so nothing is compared."


def test_no_usable_row_cannot_be_compared(judged: Judged, opinions: Recipe) -> None:
    report, findings = judged(opinions, [("text", "maybe")], [("text", 0), ("words", 1)])
    assert findings["drift"][0].sentence == "f.csv has no usable row, so nothing is compared."
    assert report.comparisons == []


def test_columns_of_too_many_words_are_compared_by_buckets(judged: Judged, houses: Recipe) -> None:
    old = houses_rows(1500, 2, street=lambda draw: f"street {draw.integers(10**6)}")
    same = houses_rows(1500, 1, street=lambda draw: f"street {draw.integers(10**6)}")
    other = houses_rows(1500, 3, street=lambda draw: f"street {draw.integers(20)}")
    for new, is_drifted in ((same, False), (other, True)):
        report, _ = judged(houses, new, old)
        [street] = [drift for drift in report.comparisons if drift.name == "street"]
        assert (street.is_drifted, street.bins) == (is_drifted, [])
        [column] = [column for column in report.columns if column.name == "street"]
        assert column.unseen_share is None


def test_a_plot_has_few_bars_and_their_shares_are_those_of_all_rows(judged: Judged, houses: Recipe) -> None:
    words = houses_rows(2000, 1, street=lambda draw: f"kind {draw.integers(40)}")
    report, _ = judged(houses, words, words)
    for drift in report.comparisons:
        assert len(drift.bins) <= 12
        assert sum(part.share for part in drift.bins) == pytest.approx(1)
        assert sum(part.live_share for part in drift.bins) == pytest.approx(1)


def real_houses(houses: Recipe, shared_data: Path) -> tuple[Recipe, list[dict[str, str]]]:
    features = {"numeric": ["GrLivArea", "YearBuilt", "YrSold"], "categorical": ["Neighborhood", "Alley", "ExterQual"]}
    document = houses.model_dump() | {"data": {"features": features, "target_column": "SalePrice"}}
    document["smoke"]["cases"][0]["row"] = dict.fromkeys([*features["numeric"], *features["categorical"]])
    with (shared_data / "house-prices/train.csv").open(encoding="utf-8", newline="") as stream:
        return Recipe.model_validate(document), list(csv.DictReader(stream))


@pytest.mark.parametrize(
    ("is_new", "drifted"),
    [
        (lambda number, _: number % 2, set()),
        (lambda _, row: row["YrSold"] >= "2009", {"YrSold"}),
        (
            lambda _, row: row["ExterQual"] in {"Ex", "Gd"},
            {"ExterQual", "YearBuilt", "Neighborhood", "SalePrice", "GrLivArea", "Alley"},
        ),
    ],
    ids=["every other house", "later sales", "better houses"],
)
def test_real_houses_drift_where_they_were_chosen_by(
    judged: Judged,
    houses: Recipe,
    shared_data: Path,
    is_new: Callable[[int, dict[str, str]], bool],
    drifted: set[str],
) -> None:
    recipe, rows = real_houses(houses, shared_data)
    columns = [*recipe.data.input_columns, "SalePrice"]
    parts: dict[bool, list[list[str]]] = {True: [], False: []}
    for number, row in enumerate(rows):
        parts[bool(is_new(number, row))].append([row[name] for name in columns])
    report, _ = judged(recipe, parts[True], parts[False])
    assert {drift.name for drift in report.comparisons if drift.is_drifted} == drifted
