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
    (tmp_path / "data").mkdir()
    with gzip.open(tmp_path / "data" / "f.csv.gz", "wt") as stream:
        stream.write("text,label\n")
        for number in range(2000):
            stream.write(f"{number} {'many words ' * 1000},{number % 2}\n")
    tracemalloc.start()
    profile = preprocess(tmp_path / "data", make_recipe(), tmp_path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert profile.usable_rows == 2000
    assert peak < 3_000_000  # the texts are 22 MB


def test_the_script_writes_the_profile_and_ends_well_even_for_bad_data(tmp_path: Path, make_recipe: MakeRecipe) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "f.csv").write_bytes(b"nothing,of,use\n")
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(yaml.safe_dump(make_recipe().model_dump(mode="json")))
    main(["--data", str(tmp_path / "data"), "--recipe", str(recipe), "--output", str(tmp_path / "out")])
    profile = DataProfile.model_validate_json((tmp_path / "out" / "profile.json").read_text())
    assert profile.problems[0].kind == "no_column"
