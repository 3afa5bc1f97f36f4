"""SplitRows and JoinPredictions: files of every kind go through both, with a model between them that counts letters."""

from __future__ import annotations

import csv
import gzip
import io
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from steps import join_predictions as joining
from steps import split_rows as splitting
from steps.batch_contracts import BatchReport, SplitReport
from steps.errors import PredictionError
from steps.model_card import ModelCard, ModelInput
from steps.pieces import open_pieces
from steps.recipe_sections.data import FeaturesSection

PROJECT = Path(__file__).parents[3]
Answer = Callable[[list[Any]], dict[str, Any]]


def card(task: str = "binary", class_names: tuple[str, ...] = ("bad", "good"), **changes: Any) -> ModelCard:
    return ModelCard.model_validate(
        {
            "recipe": "opinions",
            "description": "Opinions.",
            "task": task,
            "class_names": list(class_names),
            "input": ModelInput(text_column="text", features=None, max_text_characters=100),
            "model_version": "7",
            "model_package_arn": "arn:aws:sagemaker:us-east-1:123456789012:model-package/greenlight-opinions/7",
            "model_data_uri": "s3://bucket/model.tar.gz",
            "model_digest": "1" * 64,
            "run_id": "run",
            "released_at": datetime(2026, 3, 1, tzinfo=UTC),
            "metrics": {},
            "test_rows": 1,
            "training_rows": 1,
            "data_digest": "2" * 64,
            "recipe_digest": "3" * 64,
            "code_digest": "4" * 64,
            "approval": "Approved by hand.",
            **changes,
        }
    )


def by_length(instances: list[Any]) -> dict[str, Any]:
    """Good with a probability of as many hundredths as the text has letters."""
    return {"predictions": [[1 - len(text) / 100, len(text) / 100] for text in instances]}


def answer_requests(folder: Path, answer: Answer) -> None:
    """What the transform job does, with the line breaks that TensorFlow Serving puts into its answers."""
    for part in sorted((folder / "requests").iterdir()):
        answers = [json.dumps(answer(json.loads(line)["instances"]), indent=4) for line in part.open()]
        (folder / "answers" / f"{part.name}.out").write_text("".join(f"{each}\n" for each in answers))


def split(file: bytes, folder: Path, model: ModelCard, **arguments: Any) -> SplitReport:
    with open_pieces(pieces(file, folder)) as stream:
        return splitting.split_rows(stream, model, folder, **{"file_name": "rows.csv", **arguments})


def pieces(file: bytes, folder: Path, size: int = 50) -> list[Path]:
    """The file, cut anywhere."""
    (folder / "rows").mkdir(exist_ok=True, parents=True)
    parts = [file[start : start + size] for start in range(0, len(file), size)] or [b""]
    for number, part in enumerate(parts):
        (folder / "rows" / f"piece-{number:05}").write_bytes(part)
    return sorted((folder / "rows").iterdir())


def join(folder: Path, model: ModelCard, **arguments: Any) -> tuple[BatchReport, list[dict[str, str]]]:
    output = folder / "predictions"
    output.mkdir(exist_ok=True)
    with open_pieces(sorted((folder / "rows").iterdir())) as stream:
        report = joining.join_predictions(stream, model, folder / "answers", output, **arguments)
    text = "".join(piece.read_text() for piece in sorted(output.glob("piece-*.csv")))
    return report, list(csv.DictReader(io.StringIO(text, newline="")))


def through(
    file: bytes, folder: Path, answer: Answer = by_length, model: ModelCard | None = None, **arguments: Any
) -> tuple[BatchReport, list[dict[str, str]]]:
    model = model or card()
    assert split(file, folder, model, **arguments).problem is None
    answer_requests(folder, answer)
    return join(folder, model)


def test_every_row_comes_back_in_its_place_with_all_that_it_had(tmp_path: Path) -> None:
    file = b'\xef\xbb\xbfid,text,note\r\n1,"one\nline, ""two""",a\r\n2,fine,\r\n\r\n3,gut \xe2\x80\xa8 so,c\r\n'
    report, rows = through(file, tmp_path)
    assert rows == [
        {
            "id": "1",
            "text": 'one\nline, "two"',
            "note": "a",
            "label": "bad",
            "probability": "0.85",
            "probability_bad": "0.85",
            "probability_good": "0.15",
            "warning": "",
            "error": "",
            "model_version": "7",
        },
        {**rows[1], "id": "2", "text": "fine", "note": "", "probability": "0.96"},
        {**rows[2], "id": "3", "text": "gut \u2028 so", "note": "c", "probability": "0.92"},
    ]
    assert report == BatchReport(
        recipe="opinions",
        model_version="7",
        rows=3,
        answered=3,
        errors={},
        warnings=0,
        columns=list(rows[0])[3:],
    )


def test_a_batch_answers_with_the_thresholds_of_its_version(tmp_path: Path) -> None:
    _, rows = through(b"text\nfour\nfive!\n", tmp_path, model=card(thresholds={"good": 0.05}))
    assert [(row["label"], row["probability"]) for row in rows] == [("bad", "0.96"), ("good", "0.05")]


def test_bad_rows_in_the_middle_keep_their_place_and_never_reach_the_model(tmp_path: Path) -> None:
    asked: list[str] = []

    def answer(instances: list[Any]) -> dict[str, Any]:
        asked.extend(instances)
        return by_length(instances)

    file = b"id,text\n1,first\n2,\n3,a,b\n4,\xff\xfe\n5," + b"x" * 101 + b"\n6,last\n"
    report, rows = through(file, tmp_path, answer)
    assert asked == ["first", "last"]
    assert [(row["id"], row["label"], row["error"] != "") for row in rows] == [
        ("1", "bad", False),
        ("2", "", True),
        ("", "", True),
        ("", "", True),
        ("5", "", True),
        ("6", "bad", False),
    ]
    assert (report.rows, report.answered) == (6, 2)
    assert report.errors == {"empty_text": 1, "not_utf8": 1, "text_too_long": 1, "unreadable": 1}


def test_requests_are_bounded_in_rows_and_bytes_and_parts_follow_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(splitting, "REQUEST_ROWS", 3)
    monkeypatch.setattr(splitting, "REQUEST_BYTES", 60)
    monkeypatch.setattr(splitting, "PART_BYTES", 100)
    texts = ["x" * (number % 40 + 1) for number in range(100)]
    file = "\n".join(["text", *texts]).encode()
    report, rows = through(file, tmp_path)
    assert [row["text"] for row in rows] == texts
    assert [float(row["probability_good"]) for row in rows] == [len(text) / 100 for text in texts]
    lines = [line for part in sorted((tmp_path / "requests").iterdir()) for line in part.open()]
    sizes = [len(json.loads(line)["instances"]) for line in lines]
    assert max(sizes) == 3
    assert max(map(len, lines)) < 100
    assert len(list((tmp_path / "requests").iterdir())) > 10
    assert report.answered == 100


def test_a_result_is_written_in_pieces_that_are_one_file(tmp_path: Path) -> None:
    file = "\n".join(["text", *(f"row {number}" for number in range(50))]).encode()
    split(file, tmp_path, card())
    answer_requests(tmp_path, by_length)
    _report, rows = join(tmp_path, card(), piece_bytes=200)
    assert len(list((tmp_path / "predictions").iterdir())) > 5
    assert [row["text"] for row in rows] == [f"row {number}" for number in range(50)]


def test_a_packed_file_is_unpacked(tmp_path: Path) -> None:
    _report, rows = through(gzip.compress(b"text\nfine\n"), tmp_path)
    assert rows[0]["label"] == "bad"


def test_a_column_that_the_file_has_already_is_added_under_another_name(tmp_path: Path) -> None:
    report, rows = through(b"text,label,error\nfine,1,none\n", tmp_path)
    assert (rows[0]["label"], rows[0]["error"]) == ("1", "none")
    assert (rows[0]["predicted_label"], rows[0]["predicted_error"]) == ("bad", "")
    assert report.columns[0] == "predicted_label"


def test_several_labels_a_number_and_warnings_have_their_columns(tmp_path: Path) -> None:
    labels = card("multi_label", ("rude", "loud", "long"))
    _report, rows = through(
        b"text\nfine\n", tmp_path / "labels", lambda rows: {"predictions": [[0.5, 0.2, 0.9]] * len(rows)}, labels
    )
    assert rows[0] == {
        "text": "fine",
        "labels": "rude;long",
        "probability_rude": "0.5",
        "probability_loud": "0.2",
        "probability_long": "0.9",
        "warning": "",
        "error": "",
        "model_version": "7",
    }
    house = card(
        "regression",
        (),
        input=ModelInput(
            text_column=None, features=FeaturesSection(numeric=["area"], categorical=[]), max_text_characters=9
        ),
    )
    report, rows = through(
        b"area\n12.5\nwide\n",
        tmp_path / "number",
        lambda rows: {"predictions": [[row["area"] * 2] for row in rows], "warnings": [["Small.", "Old."]] * len(rows)},
        house,
    )
    assert rows[0] == {"area": "12.5", "value": "25.0", "warning": "Small. Old.", "error": "", "model_version": "7"}
    assert (rows[1]["value"], rows[1]["error"] != "", report.warnings) == ("", True, 1)


def test_an_answer_that_is_none_of_the_task_is_an_error_of_its_row(tmp_path: Path) -> None:
    report, rows = through(
        b"text\nfine\nodd\n",
        tmp_path,
        lambda rows: {"predictions": [[0.9, 0.9] if r == "odd" else [0, 1] for r in rows]},
    )
    assert [row["label"] for row in rows] == ["good", ""]
    assert report.errors == {"no_answer": 1}


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (b"", "rows.csv is empty"),
        (b"text\n", "has a header but no rows"),
        (b"id\n1\n", "has no column 'text'"),
        (b'text\nfine\n"open\nand\nso on\n', "quotes of row 2 (line 3) do not match"),
    ],
)
def test_a_file_that_cannot_be_used_is_a_result(tmp_path: Path, file: bytes, words: str) -> None:
    report = split(file, tmp_path, card())
    assert report.problem is not None
    assert words in report.problem


def test_a_file_of_bad_rows_alone_has_no_requests_and_a_result_all_the_same(tmp_path: Path) -> None:
    report = split(b"id,text\n1,\n2,\n", tmp_path, card())
    assert (report.answerable, report.parts, report.set_aside) == (0, 0, {"empty_text": 2})
    joined, rows = join(tmp_path, card())
    assert (joined.answered, [row["error"] for row in rows]) == (0, ["The text is empty."] * 2)


def lose_answers(folder: Path) -> None:
    next((folder / "answers").glob("*.out")).unlink()


def lose_a_row(folder: Path) -> None:
    part = next((folder / "answers").glob("*.out"))
    part.write_text(json.dumps({"predictions": [[0, 1]]}))


def repeat_answers(folder: Path) -> None:
    part = next((folder / "answers").glob("*.out"))
    part.write_text(part.read_text() * 2)


def spoil_answers(folder: Path) -> None:
    next((folder / "answers").glob("*.out")).write_text('{"predictions": [[0, 1]')


def lose_a_request(folder: Path) -> None:
    (folder / "answers" / "sent.csv").write_text("")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lose_answers, "wrote no answers to part-00000.jsonl"),
        (lose_a_row, "2 rows were sent and 1 predictions came back: request 1, in part-00000.jsonl.out"),
        (repeat_answers, "part-00000.jsonl.out holds more answers than requests were sent"),
        (spoil_answers, "is not the JSON that a model answers with"),
        (lose_a_request, "there is no answer for row 1"),
    ],
)
def test_answers_that_are_not_those_of_the_rows_are_a_fault(
    tmp_path: Path, spoil: Callable[[Path], None], words: str
) -> None:
    split(b"text\nfine\nbad\n", tmp_path, card())
    answer_requests(tmp_path, by_length)
    spoil(tmp_path)
    with pytest.raises(PredictionError) as fault:
        join(tmp_path, card())
    assert words in str(fault.value)


# Far below the file's size, and enough for what a step holds at once.
MEMORY_BYTES = 16 * 1024 * 1024
LIMITED = """
import resource, runpy, sys
from steps import join_predictions, split_rows
with open("/proc/self/statm") as statm:
    used = int(statm.read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + {memory}, used + {memory}))
module = {{"split": split_rows, "join": join_predictions}}[sys.argv[1]]
module.main(sys.argv[2:])
"""


def in_little_memory(*arguments: str) -> None:
    """Run a step in a process of its own that may take no more than MEMORY_BYTES beside its libraries."""
    ran = subprocess.run(
        [sys.executable, "-c", LIMITED.format(memory=MEMORY_BYTES), *arguments],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc, and other systems do not keep the limit")
def test_a_file_larger_than_memory_goes_through_both_steps(tmp_path: Path) -> None:
    rows = tmp_path / "rows"
    rows.mkdir()
    text = "a remark of sixty characters that is as short as any of them" * 3
    count = 130_000
    with (rows / "piece-00000").open("w") as file:
        file.write("id,text\n")
        file.writelines(f"{number},{text}\n" if number % 1000 else f"{number},\n" for number in range(count))
    assert (rows / "piece-00000").stat().st_size > MEMORY_BYTES * 1.4
    card_file = tmp_path / "model_card.json"
    roomy = ModelInput(text_column="text", features=None, max_text_characters=1000)
    card_file.write_text(card(input=roomy).model_dump_json())
    common = ["--rows", str(rows), "--card", str(card_file)]
    in_little_memory("split", *common, "--output", str(tmp_path))
    report = SplitReport.model_validate_json((tmp_path / "answers" / "split.json").read_bytes())
    assert (report.rows, report.set_aside) == (count, {"empty_text": count // 1000})
    for part in (tmp_path / "requests").iterdir():
        with part.open() as lines, (tmp_path / "answers" / f"{part.name}.out").open("w") as out:
            for line in lines:
                out.write(json.dumps({"predictions": [[0.25, 0.75]] * len(json.loads(line)["instances"])}) + "\n")
    in_little_memory("join", *common, "--answers", str(tmp_path / "answers"), "--output", str(tmp_path / "out"))
    done = BatchReport.model_validate_json((tmp_path / "out" / "report.json").read_bytes())
    assert (done.rows, done.answered) == (count, count - count // 1000)
    with (tmp_path / "out" / "piece-00000.csv").open(newline="") as first:
        records = csv.reader(first)
        assert next(records)[:3] == ["id", "text", "label"]
        assert [next(records)[2] for _ in range(3)] == ["", "good", "good"]
