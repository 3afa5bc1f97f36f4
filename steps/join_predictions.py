"""JoinPredictions: put each answer beside its row, in the order of the file.

Reads   --rows DIR     the CSV that SplitRows read
        --card FILE    the version's ModelCard
        --answers DIR  sent.csv and set_aside.csv (SplitRows), and part-00000.jsonl.out … (the transform job)
Writes  --output DIR   piece-00000.csv …  one CSV in pieces: the file's columns, then the answer's
                       report.json        BatchReport
Run     python -m steps.join_predictions --rows DIR --card FILE --answers DIR --output DIR

Rows, answers and what was set aside are read side by side, each once, so a file may be larger than memory.
"""

from __future__ import annotations

import argparse
import csv
import logging
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from steps.answers import Answer, Output, read_answer
from steps.batch_contracts import BatchReport
from steps.csv_rows import CsvRows
from steps.errors import PredictionError
from steps.exit_message import own_error_as_exit_message
from steps.json_documents import json_documents
from steps.model_card import ModelCard
from steps.pieces import PIECE_BYTES, PieceWriter, open_pieces, pieces_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

logger = logging.getLogger("join_predictions")

PROBABILITY_DIGITS = 6
# Between the labels of one row; a comma would need quotes.
LABELS_BETWEEN = ";"
NO_ANSWER = "The model's answer is none of this task; look at its log."
PROGRESS_ROWS = 50_000


class AnswerColumns:
    """The columns that are added, and an answer's cells in their order.

    A column that the file has already is added as `predicted_<name>`, so that nothing of the file is lost.
    """

    def __init__(self, card: ModelCard, header: Sequence[str]) -> None:
        self._card = card
        own = {
            "regression": ["value"],
            "multi_label": ["labels"],
        }.get(card.task, ["label", "probability"])
        probabilities = [f"probability_{name}" for name in card.class_names] if card.task != "regression" else []
        taken = set(header)
        self.names: list[str] = []
        for wanted in [*own, *probabilities, "warning", "error", "model_version"]:
            name = wanted
            while name in taken:
                name = f"predicted_{name}"
            taken.add(name)
            self.names.append(name)

    def answered(self, answer: Answer) -> list[str]:
        """The cells of a row with an answer."""
        probabilities = [_digits(value) for value in (answer.probabilities or {}).values()]
        if self._card.task == "regression":
            own = [repr(answer.value)]
        elif self._card.task == "multi_label":
            own = [LABELS_BETWEEN.join(answer.labels or [])]
        else:
            own = [answer.label or "", _digits(answer.probability or 0.0)]
        return [*own, *probabilities, " ".join(answer.warnings or []), "", self._card.model_version]

    def without(self, sentence: str) -> list[str]:
        """The cells of a row without one."""
        return [*[""] * (len(self.names) - 2), sentence, self._card.model_version]


def join_predictions(
    stream: BinaryIO, card: ModelCard, answers: Path, output: Path, *, piece_bytes: int = PIECE_BYTES
) -> BatchReport:
    """Write the result; raises PredictionError when the answers are not those of the rows."""
    lines = CsvRows(stream, "The file")
    columns = AnswerColumns(card, lines.header)
    errors: Counter[str] = Counter()
    rows = warnings = 0
    outputs = answers_in_order(answers)
    bad_rows = set_aside(answers)
    next_bad = next(bad_rows, None)
    with PieceWriter(output, "piece", ".csv", piece_bytes) as pieces:
        write = csv.writer(pieces, lineterminator="\n").writerow
        write([*lines.header, *columns.names])
        for line in lines:
            rows += 1
            if next_bad is not None and next_bad[0] == line.place.row:
                errors[next_bad[1]] += 1
                cells = columns.without(next_bad[2])
                next_bad = next(bad_rows, None)
            elif (given := next(outputs, None)) is None:
                raise PredictionError(f"there is no answer for {line.place}; start the batch again")
            elif (answer := read_answer(card.task, card.class_names, given, card.thresholds)) is None:
                errors["no_answer"] += 1
                cells = columns.without(NO_ANSWER)
            else:
                warnings += bool(answer.warnings)
                cells = columns.answered(answer)
            write([*(line.fields or [""] * len(lines.header)), *cells])
            if rows % PROGRESS_ROWS == 0:
                logger.info("%s rows joined", f"{rows:,}")
    if next(outputs, None) is not None or next_bad is not None:
        raise PredictionError(f"there are answers for more than the {rows} rows of the file; start the batch again")
    return BatchReport(
        recipe=card.recipe,
        model_version=card.model_version,
        rows=rows,
        answered=rows - errors.total(),
        errors=dict(sorted(errors.items())),
        warnings=warnings,
        columns=columns.names,
    )


def answers_in_order(folder: Path) -> Iterator[Output]:
    """What the model gave for each row that was sent; raises PredictionError when a part of it is missing or wrong."""
    files = {path.name.removesuffix(".out"): path for path in folder.rglob("*.out")}
    current, documents = "", iter(())
    for number, (part, rows) in enumerate(_records(folder / "sent.csv"), start=1):
        if part != current:
            _require_end(documents, current)
            if part not in files:
                raise PredictionError(f"the transform job wrote no answers to {part}; look at its log")
            current, documents = part, _documents(files[part])
        yield from _outputs(next(documents, None), int(rows), f"request {number}, in {part}.out")
    _require_end(documents, current)


def set_aside(folder: Path) -> Iterator[tuple[int, str, str]]:
    """Row, reason and sentence of what was never sent, in the order of the rows."""
    for row, reason, sentence in _records(folder / "set_aside.csv"):
        yield int(row), reason, sentence


def _records(file: Path) -> Iterator[list[str]]:
    with file.open(encoding="utf-8", newline="") as stream:
        yield from csv.reader(stream)


def _documents(file: Path) -> Iterator[Any]:
    with file.open(encoding="utf-8") as stream:
        try:
            yield from json_documents(stream)
        except ValueError as error:
            raise PredictionError(f"{file.name} is not the JSON that a model answers with") from error


def _require_end(documents: Iterator[Any], part: str) -> None:
    if next(documents, None) is not None:
        raise PredictionError(f"{part}.out holds more answers than requests were sent")


def _outputs(document: Mapping[str, Any] | None, rows: int, where: str) -> Iterator[Output]:
    predictions = document.get("predictions") if isinstance(document, dict) else None
    if not isinstance(predictions, list) or len(predictions) != rows:
        found = len(predictions) if isinstance(predictions, list) else "no"
        raise PredictionError(f"{rows} rows were sent and {found} predictions came back: {where}")
    warnings = document.get("warnings") if document else None
    for number, values in enumerate(predictions):
        yield _output(values, warnings[number] if isinstance(warnings, list) and len(warnings) == rows else [])


def _output(values: Any, warnings: Any) -> Output:  # noqa: ANN401 - whatever a model answers
    # A model of one number may answer with the bare number.
    listed = values if isinstance(values, list) else [values]
    if not all(isinstance(value, int | float) for value in listed):
        listed = [float("nan")]
    return Output([float(value) for value in listed], [str(each) for each in warnings])


def _digits(value: float) -> str:
    return repr(round(value, PROBABILITY_DIGITS))


def main(argv: Sequence[str] | None = None) -> None:
    """Run the step on folders, as a processing container does."""
    parser = argparse.ArgumentParser(description="Put each answer beside its row.")
    parser.add_argument("--rows", type=Path, required=True, help="folder that holds the CSV or its pieces")
    parser.add_argument("--card", type=Path, required=True, help="model_card.json")
    parser.add_argument("--answers", type=Path, required=True, help="folder with what was set aside and answered")
    parser.add_argument("--output", type=Path, required=True, help="folder to write into")
    args = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    args.output.mkdir(parents=True, exist_ok=True)
    card = ModelCard.model_validate_json(args.card.read_bytes())
    with open_pieces(pieces_of(args.rows)) as stream:
        report = join_predictions(stream, card, args.answers, args.output)
    (args.output / "report.json").write_text(report.model_dump_json(indent=2), encoding="utf-8")
    logger.info("%s rows joined, %s answered", f"{report.rows:,}", f"{report.answered:,}")


if __name__ == "__main__":
    with own_error_as_exit_message():
        main()
