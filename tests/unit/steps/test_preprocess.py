from __future__ import annotations

import csv
import gzip
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import yaml

from steps.preprocess import main, preprocess
from steps.profile import DataProfile
from steps.recipe import Recipe
from steps.recipe_sections.data import DataSection, FeaturesSection

MakeRecipe = Callable[..., Recipe]
HEADER = b"id,text,label\n"


def lines(rows: Sequence[tuple[str, str]]) -> bytes:
    return HEADER + b"".join(f"{number},{text},{label}\n".encode() for number, (text, label) in enumerate(rows, 1))


@pytest.fixture
def profiled(tmp_path: Path, make_recipe: MakeRecipe) -> Callable[[bytes], DataProfile]:
    def run(data: bytes) -> DataProfile:
        (tmp_path / "data").mkdir()
        (tmp_path / "data" / "f.csv").write_bytes(data)
        return preprocess(tmp_path / "data", make_recipe(), tmp_path)

    return run


def written(folder: Path) -> dict[str, list[dict[str, str]]]:
    parts = {}
    for split in ("train", "validation", "test"):
        with (folder / f"{split}.csv").open(encoding="utf-8", newline="") as stream:
            parts[split] = list(csv.DictReader(stream))
    return parts


def test_every_usable_row_is_written_once_as_it_is_with_its_class_name(
    profiled: Callable[[bytes], DataProfile], tmp_path: Path
) -> None:
    texts = [f'"<br /> Text, No {number}"' for number in range(300)]
    profile = profiled(lines([(text, str(number % 2)) for number, text in enumerate(texts)]))
    parts = written(tmp_path)
    rows = [row for part in parts.values() for row in part]
    assert {row["text"] for row in rows} == {text.strip('"') for text in texts}
    assert {(int(row["text"].split()[-1]) % 2, row["label"]) for row in rows} == {(0, "bad"), (1, "good")}
    assert profile.rows == profile.usable_rows == profile.distinct_texts == len(rows) == 300
    assert profile.rows_per_label == {"bad": 150, "good": 150}
    assert {split: sum(counts.values()) for split, counts in profile.rows_per_split.items()} == {
        split: len(part) for split, part in parts.items()
    }
    assert profile.columns == ("id", "text", "label")
    assert profile.problems == ()


def test_rows_that_cannot_be_used_are_counted_with_their_places_and_left_out(
    profiled: Callable[[bytes], DataProfile], tmp_path: Path
) -> None:
    profile = profiled(HEADER + b"1,fine,0\n2,   ,1\n3,maybe so,perhaps\n4,too,many,fields\n5,caf\xe9,1\n6,good, 1 \n")
    assert (profile.rows, profile.usable_rows) == (6, 2)
    assert [place.row for place in profile.empty_texts.places] == [2]
    assert [place.row for place in profile.unknown_labels.places] == [3]
    assert [value.value for value in profile.unknown_label_values] == ["'perhaps'"]
    assert [place.line for place in profile.unreadable_rows.places] == [5, 6]
    assert [place.row for place in profile.not_utf8_rows.places] == [5]
    assert str(profile.first_bad_byte) == "line 6, byte 6 is 0xe9"
    assert sum(len(part) for part in written(tmp_path).values()) == 2


def test_equal_texts_are_duplicates_and_under_two_labels_a_conflict(
    profiled: Callable[[bytes], DataProfile], tmp_path: Path
) -> None:
    profile = profiled(lines([("Same Text", "0"), ("other", "1"), ("same  text", "0"), ("SAME TEXT", "1"), ("x", "0")]))
    assert profile.distinct_texts == 3
    assert [place.row for place in profile.duplicates.places] == [3, 4]
    assert [place.row for place in profile.conflicting_labels.places] == [4]
    homes = [split for split, part in written(tmp_path).items() for row in part if "same" in row["text"].lower()]
    assert len(homes) == 3
    assert len(set(homes)) == 1


def test_at_most_three_places_and_three_unknown_values_are_named(profiled: Callable[[bytes], DataProfile]) -> None:
    profile = profiled(lines([(f"text {number}", f"label {number % 5}") for number in range(50)]))
    assert profile.unknown_labels.count == 50
    assert len(profile.unknown_labels.places) == 3
    assert [(value.value, value.rows.count) for value in profile.unknown_label_values] == [
        (f"'label {number}'", 10) for number in range(3)
    ]


def test_a_text_in_the_place_of_a_label_is_not_repeated(profiled: Callable[[bytes], DataProfile]) -> None:
    profile = profiled(lines([("0", "a secret sentence in the wrong column")]))
    assert "secret" not in profile.model_dump_json()
    assert profile.unknown_label_values[0].value == "a value too long for a label"


def test_lengths_are_nearest_rank_quantiles(profiled: Callable[[bytes], DataProfile]) -> None:
    profile = profiled(lines([("x" * length, "0") for length in range(1, 101)]))
    lengths = profile.text_lengths
    assert (lengths.median, lengths.p95, lengths.p99, lengths.maximum) == (50, 95, 99, 100)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", "empty"),
        (b"text,label\n", "no_rows"),
        (b"text,verdict\na,1\n", "no_column"),
        (b"body,label\na,1\n", "no_column"),
        (b"\x89PNG\r\n\x1a\n", "not_text"),
        (b'{"text": "a"}', "no_column"),
        (b"\x1f\x8bno gzip at all", "unpackable"),
        (b'text,label\n"a,1\nb,0\n', "open_quote"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_result(
    profiled: Callable[[bytes], DataProfile], tmp_path: Path, data: bytes, kind: str
) -> None:
    profile = profiled(data)
    assert [problem.kind for problem in profile.problems] == [kind]
    assert profile.problems[0].sentence.startswith("f.csv")
    assert written(tmp_path) == {"train": [], "validation": [], "test": []}


@pytest.mark.parametrize("names", [[], ["a.csv", "b.csv"]])
def test_anything_but_one_file_is_a_result(tmp_path: Path, make_recipe: MakeRecipe, names: list[str]) -> None:
    (tmp_path / "data").mkdir()
    for name in names:
        (tmp_path / "data" / name).write_bytes(b"text,label\n")
    profile = preprocess(tmp_path / "data", make_recipe(), tmp_path)
    assert [problem.kind for problem in profile.problems] == ["not_one_file"]
    assert f"found {len(names)}" in profile.problems[0].sentence


def test_a_file_uploaded_under_its_digest_is_called_by_its_first_characters(
    tmp_path: Path, make_recipe: MakeRecipe
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / f"{'0123456789abcdef' * 4}.csv").write_bytes(b"")
    assert preprocess(tmp_path / "data", make_recipe(), tmp_path).file == "0123456789ab….csv"


def test_memory_does_not_grow_with_the_length_of_texts(tmp_path: Path, make_recipe: MakeRecipe) -> None:
    prepare(tmp_path, make_recipe(), b"text,label\n" + b"the model of languages is loaded only once " * 3 + b",1\n")
    (tmp_path / "data" / "f.csv").unlink()
    with gzip.open(tmp_path / "data" / "f.csv.gz", "wt") as stream:
        stream.write("text,label\n")
        for number in range(1000):
            stream.write(f"{number} {'a-long-word-among-others-as-long ' * 333},{number % 2}\n")
    tracemalloc.start()
    profile = preprocess(tmp_path / "data", make_recipe(), tmp_path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert profile.usable_rows == 1000
    assert peak < 5_000_000  # the texts are 11 MB


def test_the_script_writes_the_profile_and_ends_well_even_for_bad_data(tmp_path: Path, make_recipe: MakeRecipe) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "f.csv").write_bytes(b"nothing,of,use\n")
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(yaml.safe_dump(make_recipe().model_dump(mode="json")))
    main(["--data", str(tmp_path / "data"), "--recipe", str(recipe), "--output", str(tmp_path / "out")])
    profile = DataProfile.model_validate_json((tmp_path / "out" / "profile.json").read_text())
    assert profile.problems[0].kind == "no_column"


def prepare(folder: Path, recipe: Recipe, data: bytes) -> DataProfile:
    (folder / "data").mkdir()
    (folder / "data" / "f.csv").write_bytes(data)
    return preprocess(folder / "data", recipe, folder)


def test_rows_are_told_alike_however_many_are_checked_at_once(
    tmp_path: Path, make_recipe: MakeRecipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = ["fine {0},0", "fine {0},1", ",1", "odd {0},2", "one,too,many {0}", "same,1", "same,0"]
    rows = "".join(kinds[number % 7].format(number) + "\n" for number in range(100))
    data = f'text,label\n{rows}"never closed,1\nnot read,0\n'.encode()
    (tmp_path / "one").mkdir()
    (tmp_path / "many").mkdir()
    many = prepare(tmp_path / "many", make_recipe(), data)
    monkeypatch.setattr("steps.preprocess.BATCH_ROWS", 3)
    one = prepare(tmp_path / "one", make_recipe(), data)
    assert one == many
    assert (one.rows, one.usable_rows, one.problems[0].kind) == (100, 58, "open_quote")
    assert written(tmp_path / "one") == written(tmp_path / "many")


def header_of(file: Path) -> str:
    return file.read_text().splitlines()[0]


def test_several_labels_are_counted_each_and_written_as_0_and_1(tmp_path: Path, comments: Recipe) -> None:
    kinds = ["0,0", "1,0", "1,1", "1,maybe"]
    rows = [f"{number},comment {number},{kinds[number % 4]}" for number in range(400)]
    profile = prepare(tmp_path, comments, ("id,comment,rude,threat\n" + "\n".join(rows)).encode())
    assert (profile.rows, profile.usable_rows, profile.bad_cells.count) == (400, 300, 100)
    assert profile.rows_per_label == {"rude": 200, "threat": 100}
    assert sum(profile.split_rows.values()) == 300
    [bad] = profile.bad_cell_values
    assert (bad.column, bad.value, bad.wanted, bad.rows.places[0].row) == ("threat", "'maybe'", "neither 0 nor 1", 4)
    assert header_of(tmp_path / "train.csv") == "text,rude,threat"
    parts = [row for part in written(tmp_path).values() for row in part]
    assert {(int(row["text"].split()[1]) % 4, row["rude"], row["threat"]) for row in parts} == {
        (0, "0", "0"),
        (1, "1", "0"),
        (2, "1", "1"),
    }
    assert not (tmp_path / "schema.json").exists()


def test_the_same_text_under_other_labels_is_a_conflict(tmp_path: Path, comments: Recipe) -> None:
    profile = prepare(tmp_path, comments, b"comment,rude,threat\nsame,0,1\nSame,0,1\nsame,1,1\nother,0,0\n")
    assert profile.duplicates.count == 2
    assert [place.row for place in profile.conflicting_labels.places] == [3]


def test_a_table_is_written_with_its_schema_and_its_numbers(tmp_path: Path, houses: Recipe) -> None:
    rows = [f"{number},Pave,{1000 + number % 150},NA,3,{number * 1000}" for number in range(300)]
    profile = prepare(tmp_path, houses, ("id,street,area,fence,rooms,price\n" + "\n".join(rows)).encode())
    assert (profile.usable_rows, profile.distinct_texts, profile.duplicates.count) == (300, 150, 150)
    assert profile.conflicting_labels.count == 0
    assert profile.target is not None
    assert (profile.target.minimum, profile.target.maximum) == (0, 299_000)
    assert header_of(tmp_path / "test.csv") == "area,rooms,street,fence,price"
    schema = FeaturesSection.model_validate_json((tmp_path / "schema.json").read_text())
    assert schema == houses.data.features
    parts = written(tmp_path)
    homes: dict[str, set[str]] = {}
    for split, part in parts.items():
        for row in part:
            homes.setdefault(row["area"], set()).add(split)
    assert all(len(places) == 1 for places in homes.values())  # equal rows never part
    assert all(len(part) > 10 for part in parts.values())
    assert {row["fence"] for part in parts.values() for row in part} == {""}


def test_a_cell_of_a_table_that_is_no_number_is_a_bad_row_with_its_place(tmp_path: Path, houses: Recipe) -> None:
    data = b"street,area,fence,rooms,price\nPave,12,NA,3,100\nPave,secret,NA,3,100\nPave,12,NA,3,\n"
    profile = prepare(tmp_path, houses, data)
    assert [(bad.column, bad.value, str(bad.rows.places[0])) for bad in profile.bad_cell_values] == [
        ("area", "the value", "row 2 (line 3)"),
        ("price", "an empty cell", "row 3 (line 4)"),
    ]
    assert "secret" not in profile.model_dump_json()
    assert profile.usable_rows == 1


def test_ignored_labels_are_left_out_and_not_counted(tmp_path: Path, make_recipe: MakeRecipe) -> None:
    recipe = make_recipe(data={"labels": {"0": "bad", "1": "good"}, "ignored_labels": ["?"]})
    profile = prepare(tmp_path, recipe, b"text,label\na,0\nb,?\nc,1\n,?\n")
    assert (profile.rows, profile.usable_rows, profile.ignored_rows) == (2, 2, 2)
    assert profile.unknown_labels.count == 0


def test_a_file_of_ignored_labels_alone_is_told_so(tmp_path: Path, make_recipe: MakeRecipe) -> None:
    recipe = make_recipe(data={"labels": {"0": "bad", "1": "good"}, "ignored_labels": ["?"]})
    [problem] = prepare(tmp_path, recipe, b"text,label\nb,?\n").problems
    assert (problem.kind, "ignored_labels" in problem.sentence) == ("no_rows", True)


def test_words_are_counted_apart_from_case(tmp_path: Path, make_recipe: MakeRecipe) -> None:
    profile = prepare(tmp_path, make_recipe(), b"text,label\nOne two,0\none THREE,1\n")
    assert profile.vocabulary_words == 3


def test_a_table_has_no_words_to_count(tmp_path: Path, houses: Recipe) -> None:
    profile = prepare(tmp_path, houses, b"street,area,fence,rooms,price\nPave,12,NA,3,100\n")
    assert (profile.vocabulary_words, profile.texts) == (None, None)


def test_short_texts_are_counted_below_the_recipes_length(tmp_path: Path, make_recipe: MakeRecipe) -> None:
    recipe = make_recipe(data_rules={"short_text_characters": 3, "min_short_text_share": 0.5})
    profile = prepare(tmp_path, recipe, b"text,label\nab,0\nabc,1\na,1\n")
    assert profile.short_texts == 2


def test_memory_does_not_grow_with_the_columns_of_a_table(tmp_path: Path, houses: Recipe) -> None:
    rows = "".join(f"{'street name ' * 500},{number},{'fence ' * 100},{number},{number}\n" for number in range(1000))
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "f.csv").write_text("street,area,fence,rooms,price\n" + rows)
    del rows
    tracemalloc.start()
    profile = preprocess(tmp_path / "data", houses, tmp_path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert profile.usable_rows == 1000
    assert peak < 3_000_000  # the cells are 6.6 MB


def test_real_houses_are_all_usable(tmp_path: Path, houses: Recipe, shared_data: Path) -> None:
    features = {
        "numeric": ["LotFrontage", "LotArea", "YearBuilt", "GrLivArea"],
        "categorical": ["Neighborhood", "Alley", "PoolQC"],
    }
    recipe = houses.model_copy(
        update={"data": DataSection.model_validate({"features": features, "target_column": "SalePrice"})}
    )
    data = (shared_data / "house-prices/train.csv").read_bytes()
    profile = prepare(tmp_path, recipe, data)
    assert (profile.rows, profile.usable_rows, profile.bad_cells.count) == (1460, 1460, 0)
    assert profile.target is not None
    assert (profile.target.minimum, profile.target.maximum) == (34_900, 755_000)
    assert not any("NA" in row.values() for part in written(tmp_path).values() for row in part)


def test_real_comments_are_counted_for_each_label(tmp_path: Path, comments: Recipe, shared_data: Path) -> None:
    labels = ["toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate"]
    data = DataSection.model_validate({"text_column": "comment_text", "label_columns": labels})
    profile = prepare(
        tmp_path,
        comments.model_copy(update={"data": data}),
        gzip.decompress((shared_data / "toxic-comments/train.csv.gz").read_bytes()),
    )
    assert profile.usable_rows + profile.empty_texts.count == 9453
    assert list(profile.rows_per_label.values()) == [4354, 1086, 3405, 188, 3300, 957]
