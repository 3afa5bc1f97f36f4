"""Recipes for CSV files that nobody wrote one for: what is worked out, and what is said when it cannot be."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pytest

from greenlight.errors import WrongUseError
from greenlight.own_data.draft import draft_recipe
from greenlight.own_data.wishes import Wishes

Write = Callable[..., Path]
APPROVER = "approver@example.com"
WITHOUT_TEXT = Wishes(text_column="body", label_columns=("label",))
TEXTS = Wishes(text_column="text", label_columns=("label",))


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_csv(header: Sequence[str], rows: Iterable[Sequence[object]], name: str = "mine.csv") -> Path:
        file = tmp_path / name
        with file.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(header)
            writer.writerows(rows)
        return file

    return write_csv


def texts(labels: Iterable[object]) -> list[list[object]]:
    return [[f"number {number} of the texts", label] for number, label in enumerate(labels)]


def table(rows: int = 200, seed: int = 7) -> list[list[object]]:
    dice = random.Random(seed)  # noqa: S311 - rows to learn from, no secret
    return [
        [
            number + 1,
            dice.choice([dice.randint(30, 300), "NA"]) if number % 9 == 0 else dice.randint(30, 300),
            dice.choice(["North", "South", ""]),
            "same",
            f"remark {number}",
            50_000 + dice.random() * 700_000,
        ]
        for number in range(rows)
    ]


TABLE = ("Id", "area", "side", "planet", "remark", "price")


def test_two_labels_make_a_binary_recipe_with_rules_the_file_keeps(write: Write) -> None:
    found = draft_recipe(write(["text", "label"], texts([0, 1] * 100)), TEXTS, APPROVER).recipe
    assert (found.name, found.task) == ("mine", "binary")
    assert found.data.labels == {"0": "0", "1": "1"}
    assert found.data_rules.min_rows.limit == 100
    assert found.data_rules.min_rows_per_label.limit == 50
    assert found.data_rules.max_bad_row_share.limit == 0.0
    assert [(gate.name, gate.floor) for gate in found.metrics.gates] == [("roc_auc", 0.6), ("accuracy", 0.48)]
    assert found.smoke.evaluated_rows == 10


def test_texts_get_behavioural_tests_that_only_warn_and_a_table_none(write: Write) -> None:
    found = draft_recipe(write(["text", "label"], texts([0, 1] * 100)), TEXTS, APPROVER).recipe
    assert [(test.name, test.severity) for test in found.behaviour.tests] == [
        ("typos", "warn"),
        ("capitals", "warn"),
        ("final-mark", "warn"),
    ]
    assert not draft_recipe(write(TABLE, table()), Wishes(target_column="price"), APPROVER).recipe.behaviour.tests


def test_twenty_skewed_classes_stay_twenty_in_order_of_their_names(write: Write) -> None:
    labels = [f"class {number:02}" for number in range(20) for _ in range(12 + 10 * number)]
    found = draft_recipe(write(["text", "label"], texts(labels)), TEXTS, APPROVER).recipe
    assert found.task == "multi_class"
    assert found.data.class_names == [f"class {number:02}" for number in range(20)]
    assert found.data_rules.min_rows_per_label.limit == 6


def test_a_seed_is_found_that_puts_a_rare_class_into_every_part(write: Write) -> None:
    file = write(["text", "label"], texts(["often"] * 300 + ["rare"] * 10))
    first = draft_recipe(file, TEXTS, APPROVER)
    assert first.recipe.split.seed > 7


def test_numbered_classes_are_in_the_order_of_their_numbers(write: Write) -> None:
    found = draft_recipe(write(["text", "label"], texts([10, 9, 2] * 40)), TEXTS, APPROVER).recipe
    assert found.data.class_names == ["2", "9", "10"]


def test_rows_without_a_label_are_left_out_and_told(write: Write) -> None:
    found = draft_recipe(write(["text", "label"], texts(["good", "bad", ""] * 60)), TEXTS, APPROVER)
    assert found.recipe.data.ignored_labels == [""]
    assert found.notes == ["60 rows without a value in 'label' are left out"]


def test_a_word_that_means_nothing_elsewhere_may_be_a_class(write: Write) -> None:
    found = draft_recipe(write(["text", "label"], texts(["none", "some"] * 60)), TEXTS, APPROVER).recipe
    assert found.data.class_names == ["none", "some"]


def test_several_label_columns_make_a_multi_label_recipe(write: Write) -> None:
    rows = [[f"text {number}", number % 2, int(number % 5 == 0)] for number in range(200)]
    wishes = Wishes(text_column="text", label_columns=("loud", "rude"))
    found = draft_recipe(write(["text", "loud", "rude"], rows), wishes, APPROVER).recipe
    assert (found.task, found.data.class_names) == ("multi_label", ["loud", "rude"])
    assert [gate.name for gate in found.metrics.gates] == ["roc_auc"]


def test_long_dirty_texts_get_room(write: Write) -> None:
    rows = [["<br />\n" + '"quoted", ' * (number % 400) + str(number), number % 2] for number in range(120)]
    found = draft_recipe(write(["text", "label"], rows), TEXTS, APPROVER).recipe
    assert found.data_rules.max_text_characters.limit == 3000


def test_a_table_with_gaps_becomes_a_regression_on_its_telling_columns(write: Write) -> None:
    found = draft_recipe(write(TABLE, table()), Wishes(target_column="price"), APPROVER)
    features = found.recipe.data.features
    assert found.recipe.task == "regression"
    assert features is not None
    assert (features.numeric, features.categorical) == (["area"], ["side"])
    assert features.missing_values == ["", "NA"]
    assert found.recipe.training.hyperparameters == {"log_target": True}
    assert found.notes == [
        "left out, numbers the rows only: Id",
        "left out, the same in every row: planet",
        "left out, different in too many rows to be a category: remark",
    ]


def test_a_table_with_a_word_to_predict_becomes_classes(write: Write) -> None:
    found = draft_recipe(write(TABLE, table()), Wishes(target_column="side"), APPROVER).recipe
    assert (found.task, found.data.class_names) == ("binary", ["North", "South"])


def test_few_whole_numbers_are_classes_unless_said_otherwise(write: Write) -> None:
    file = write(["stars", "length"], [[number % 5, number * 7 % 100] for number in range(300)])
    as_classes = draft_recipe(file, Wishes(target_column="stars"), APPROVER)
    assert as_classes.recipe.data.class_names == ["0", "1", "2", "3", "4"]
    assert "--task regression takes them as quantities" in as_classes.notes[-1]
    assert draft_recipe(file, Wishes(target_column="stars", task="regression"), APPROVER).recipe.task == "regression"


@pytest.mark.parametrize(
    ("header", "rows", "wishes", "says"),
    [
        (
            ["text", "label"],
            texts([0, 1] * 60),
            Wishes(text_column="body", label_columns=("label",)),
            "no column 'body'",
        ),
        (["text", "label"], texts([0, 1] * 60), Wishes(text_column="text"), "say what the model shall answer"),
        (["text", "label"], texts([0, 1] * 60), Wishes(label_columns=("label",)), "say what the model reads"),
        (["text", "label"], texts([1] * 60), TEXTS, "one value in every row"),
        (
            ["text", "label"],
            texts([0, 1] * 4 + [0] * 90),
            TEXTS,
            "'1' (4 rows); add rows, or leave such rows out: --ig",
        ),
        (["text", "label"], texts(range(500)), TEXTS, "500 different values, and a model tells at most 100"),
        (["text", "label"], texts(n / 7 for n in range(500)), TEXTS, "no model here turns a text into a number"),
        (["text", "label"], texts(["x" * 101, "y"] * 60), TEXTS, "look like texts"),
        (["text", "label"], texts([0, 1] * 12), TEXTS, "24 usable rows, and at least 50 are needed"),
        (["text", "text", "label"], [["a", "b", 1]] * 9, TEXTS, "more than one column 'text'"),
        (["text;label"], [["a;1"]] * 60, TEXTS, "separated by ';'"),
        (TABLE, table(), Wishes(target_column="cost"), "no column 'cost'"),
        (TABLE, table(), Wishes(target_column="price", text_column="remark"), "--target-column is for tables"),
        (TABLE, table(), Wishes(target_column="side", task="regression"), "holds values that are no numbers"),
        (TABLE, table(), Wishes(target_column="planet"), "one value in every row"),
        (
            ["price", "remark"],
            [[n * 1.5, f"r{n}"] for n in range(90)],
            Wishes(target_column="price"),
            "no column beside",
        ),
        (
            ["text", "a", "b"],
            [[f"t{n}", n % 2, n % 3] for n in range(90)],
            Wishes(text_column="text", label_columns=("a", "b")),
            "the column 'b' holds 2; with several label columns each must hold 0 or 1",
        ),
    ],
)
def test_what_cannot_be_learned_from_is_said(
    write: Write, header: Sequence[str], rows: Iterable[Sequence[object]], wishes: Wishes, says: str
) -> None:
    with pytest.raises(WrongUseError) as refused:
        draft_recipe(write(header, rows), wishes, APPROVER)
    assert says in str(refused.value)


def test_a_file_in_another_encoding_is_refused_with_the_place(tmp_path: Path) -> None:
    file = tmp_path / "old.csv"
    file.write_bytes(b"text,label\n" + "caf\xe9 number,1\ncaf\xe9,0\n".encode("latin-1") * 100)
    with pytest.raises(WrongUseError, match="no row that can be read"):
        draft_recipe(file, TEXTS, APPROVER)


def test_too_many_damaged_rows_are_named_not_swallowed(tmp_path: Path) -> None:
    file = tmp_path / "torn.csv"
    lines = [f"text {n},{n % 2}" if n % 8 else f"text {n}" for n in range(200)]
    file.write_text("text,label\n" + "\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(WrongUseError, match=r"25 of 200 rows of torn.csv cannot be used \(row 1 \(line 2\)"):
        draft_recipe(file, TEXTS, APPROVER)


@pytest.mark.parametrize(
    ("file", "name"), [("My Data (2).csv.gz", "my-data-2"), ("Über_uns.csv", "ber-uns"), ("a" * 40 + ".csv", "a" * 30)]
)
def test_a_recipe_is_named_after_its_file(write: Write, file: str, name: str) -> None:
    written = write(["text", "label"], texts([0, 1] * 60), name=file)
    assert draft_recipe(written, TEXTS, APPROVER).recipe.name == name


def test_a_file_that_begins_with_a_digit_needs_a_name(write: Write) -> None:
    file = write(["text", "label"], texts([0, 1] * 60), name="2024.csv")
    with pytest.raises(WrongUseError, match="give a name that begins with a letter: --name"):
        draft_recipe(file, TEXTS, APPROVER)


def test_texts_that_break_a_default_get_room_and_others_keep_it(write: Write) -> None:
    rows = [
        [f"<p>number {number} of the texts</p>" if number % 2 else f"number {number}", number % 3]
        for number in range(300)
    ]
    rules = draft_recipe(write(["text", "label"], rows), TEXTS, APPROVER).document["data_rules"]
    assert rules["max_markup_share"] == {"limit": 0.76, "severity": "warn"}
    assert not {"max_near_duplicate_share", "max_leaked_share", "max_broken_encoding_share"} & set(rules)
