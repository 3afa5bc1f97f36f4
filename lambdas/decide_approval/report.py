"""The run's report as an approver sees it: the very file that the request names, and the rows that it only counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from lambdas.observed import logger
from steps.answers import Row
from steps.approval import ApprovalFacts
from steps.errors import ArtifactMissingError, ReleaseError, ServiceRefusedError
from steps.evaluation_report import EvaluatedExample, EvaluatedExamples
from steps.ports import ArtifactStore
from steps.report.document import ReportDocument, ReportUnreadableError, read_document
from steps.report.quality import answer_text

# A row may be long; its beginning says what it is about.
_SHOWN_CHARACTERS = 600
# Lambda answers with 6 MB at most, and the report takes its share.
_SHOWN_CELLS = 60
_UNREACHABLE = "The report cannot be read just now. Please open the page again in a minute."


@dataclass(frozen=True)
class ShownExample:
    """One row and what was answered. cells: column and value, the column empty for a text"""

    row_number: int
    cells: Sequence[tuple[str, str]]
    expected: str
    candidate: str
    champion: str


@dataclass(frozen=True)
class ShownReport:
    """What the page shows beside the question; problem: why there is no report, empty when there is one."""

    part: Markup
    style: Markup
    mistakes: Sequence[ShownExample] = ()
    disagreements: Sequence[ShownExample] = ()
    problem: str = ""


def shown_report(facts: ApprovalFacts, artifacts: ArtifactStore) -> ShownReport:
    """The report of a request, or why it is not there. Never raises: people can decide without it."""
    try:
        document = whole_report(facts, artifacts)
        examples = _read_examples(facts, artifacts)
    except ReportUnreadableError as error:
        logger.error("report not shown", reason=str(error))  # noqa: TRY400 - the sentence says it all
        return ShownReport(Markup(), Markup(), problem=str(error))
    except ReleaseError as error:
        logger.error("report not shown", reason=str(error))  # noqa: TRY400 - the sentence says it all
        return ShownReport(Markup(), Markup(), problem=_UNREACHABLE)
    return ShownReport(
        # The digest has shown that these are our own templates' bytes.
        part=Markup(document.part),  # noqa: S704
        style=Markup(document.style),  # noqa: S704
        mistakes=_examples(examples.mistakes) if examples else (),
        disagreements=_examples(examples.disagreements) if examples else (),
    )


def whole_report(facts: ApprovalFacts, artifacts: ArtifactStore) -> ReportDocument:
    """The file; raises ReportUnreadableError when it is not what the run wrote, ReleaseError as the store does."""
    if facts.report_uri is None or facts.report_digest is None:
        raise ReportUnreadableError("This request is from before there were reports.")
    return read_document(artifacts.read(facts.report_uri), facts.report_digest)


def _read_examples(facts: ApprovalFacts, artifacts: ArtifactStore) -> EvaluatedExamples | None:
    """The rows; None when somebody removed them, which S3 tells as a refusal to who may not list its bucket."""
    if facts.examples_uri is None:
        return None
    try:
        return EvaluatedExamples.model_validate_json(artifacts.read(facts.examples_uri))
    except (ArtifactMissingError, ServiceRefusedError) as error:
        logger.warning("rows not shown", reason=str(error))
        return None


def _examples(examples: Sequence[EvaluatedExample]) -> list[ShownExample]:
    return [
        ShownExample(
            row_number=each.row_number,
            cells=_cells(each.row),
            expected=each.expected,
            candidate=answer_text(each.candidate, each.candidate_probability),
            champion=answer_text(each.champion, each.champion_probability),
        )
        for each in examples
    ]


def _cells(row: Row) -> list[tuple[str, str]]:
    if isinstance(row, str):
        return [("", _beginning(row))]
    cells = [(column, "no value" if value is None else _beginning(str(value))) for column, value in row.items()]
    left_out = len(cells) - _SHOWN_CELLS
    return [*cells[:_SHOWN_CELLS], ("…", f"and {left_out:,} more columns")] if left_out > 0 else cells


def _beginning(text: str) -> str:
    if len(text) <= _SHOWN_CHARACTERS:
        return text
    return f"{text[:_SHOWN_CHARACTERS]}… ({len(text):,} characters in all)"
