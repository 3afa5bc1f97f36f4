"""SplitRows: make a file's rows into requests that the model answers one by one, and set bad rows aside.

Reads   --rows DIR          one CSV, plain or gzipped, perhaps in pieces
        --card FILE         the version's ModelCard
        --file-name NAME    what sentences call the CSV
        --text-column NAME  the text's column, when it is not the card's
Writes  --output DIR        requests/part-00000.jsonl …  a request a line, {"instances": [row, …]}
                            answers/sent.csv             part and number of rows of each request, in order
                            answers/set_aside.csv        row, reason and sentence of each row that is in no request
                            answers/split.json           SplitReport
Run     python -m steps.split_rows --rows DIR --card FILE --output DIR

A file that cannot be used is a result: the report says why, and the script still ends with 0. No row is held longer
than its request, so a file may be larger than memory.
"""

from __future__ import annotations

import argparse
import csv
import json
import logging
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from steps.batch_contracts import SplitReport
from steps.batch_rows import BatchRows, SetAside, WrongColumnsError
from steps.csv_rows import CsvRows, UnreadableFileError
from steps.exit_message import own_error_as_exit_message
from steps.model_card import ModelCard
from steps.pieces import PieceWriter, open_pieces, pieces_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from steps.answers import Row
    from steps.profile import Place

logger = logging.getLogger("split_rows")

# A request is answered within seconds even by a slow model, and stays far below what an endpoint takes, 6 MB.
REQUEST_ROWS = 128
REQUEST_BYTES = 256 * 1024
ROW_BYTES = 5 * 1024 * 1024
# One file of answers comes back for each file of requests, so this is also how finely progress is told.
PART_BYTES = 8 * 1024 * 1024
PROGRESS_ROWS = 50_000


class Requests:
    """Gathers rows into requests and writes each as one line."""

    def __init__(self, output: Path) -> None:
        (output / "requests").mkdir(parents=True, exist_ok=True)
        (output / "answers").mkdir(exist_ok=True)
        self.parts = PieceWriter(output / "requests", "part", ".jsonl", PART_BYTES)
        self._sent_file = (output / "answers" / "sent.csv").open("w", encoding="utf-8", newline="")
        self._sent = csv.writer(self._sent_file, lineterminator="\n")
        self._rows: list[str] = []
        self._bytes = 0

    def add(self, row: Row) -> SetAside | None:
        """Take a row into the next request; says why when it is too large for any."""
        # ASCII alone, so that nothing within a row can be taken for the end of a line.
        text = json.dumps(row, separators=(",", ":"))
        if len(text) > ROW_BYTES:
            return SetAside("too_large", f"The row takes {len(text):,} bytes as JSON; a request takes {ROW_BYTES:,}.")
        if self._rows and (len(self._rows) == REQUEST_ROWS or self._bytes + len(text) > REQUEST_BYTES):
            self._send()
        self._rows.append(text)
        self._bytes += len(text)
        return None

    def close(self) -> None:
        """Write what is left."""
        if self._rows:
            self._send()
        self.parts.close()
        self._sent_file.close()

    def _send(self) -> None:
        self.parts.write(f'{{"instances":[{",".join(self._rows)}]}}\n')
        self._sent.writerow([self.parts.names[-1], len(self._rows)])
        self._rows, self._bytes = [], 0


def split_rows(
    stream: BinaryIO, card: ModelCard, output: Path, *, file_name: str, text_column: str | None = None
) -> SplitReport:
    """Write the requests of one CSV and what was set aside; what is wrong with the file is in the report."""
    counted: Counter[str] = Counter()
    requests = Requests(output)
    rows = 0
    problem = None
    with (output / "answers" / "set_aside.csv").open("w", encoding="utf-8", newline="") as file:
        set_aside = csv.writer(file, lineterminator="\n")

        def put_aside(place: Place, bad: SetAside) -> None:
            counted[bad.reason] += 1
            set_aside.writerow([place.row, bad.reason, bad.sentence])

        try:
            lines = CsvRows(stream, file_name)
            reader = BatchRows(card.input, lines.header, file=file_name, text_column=text_column)
            for line in lines:
                rows += 1
                row = reader.read(line)
                bad = row if isinstance(row, SetAside) else requests.add(row)
                if bad is not None:
                    put_aside(line.place, bad)
                if rows % PROGRESS_ROWS == 0:
                    logger.info("%s rows read", f"{rows:,}")
            if not rows:
                problem = f"{file_name} has a header but no rows. Add one row for each answer you want."
        except (UnreadableFileError, WrongColumnsError) as error:
            problem = str(error)
        finally:
            requests.close()
    return SplitReport(
        rows=rows,
        answerable=rows - counted.total(),
        set_aside=dict(sorted(counted.items())),
        parts=len(requests.parts.names),
        problem=problem,
    )


def main(argv: Sequence[str] | None = None) -> None:
    """Run the step on folders, as a processing container does."""
    parser = argparse.ArgumentParser(description="Make a CSV's rows into requests.")
    parser.add_argument("--rows", type=Path, required=True, help="folder that holds the CSV or its pieces")
    parser.add_argument("--card", type=Path, required=True, help="model_card.json")
    parser.add_argument("--file-name", default="The file", help="what sentences call the CSV")
    parser.add_argument("--text-column", help="the text's column, when it is not the card's")
    parser.add_argument("--output", type=Path, required=True, help="folder to write into")
    args = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    card = ModelCard.model_validate_json(args.card.read_bytes())
    with open_pieces(pieces_of(args.rows)) as stream:
        report = split_rows(stream, card, args.output, file_name=args.file_name, text_column=args.text_column)
    (args.output / "answers" / "split.json").write_text(report.model_dump_json(indent=2), encoding="utf-8")
    logger.info("%s rows read, %s can be answered", f"{report.rows:,}", f"{report.answerable:,}")


if __name__ == "__main__":
    with own_error_as_exit_message():
        main()
