"""CheckRows: is there anything in a batch to ask the model about?"""

from __future__ import annotations

from steps.batch_contracts import CheckRowsResult, SplitReport


def check_rows(report: SplitReport) -> CheckRowsResult:
    """The verdict on what SplitRows found."""
    if report.problem is not None:
        verdict, reason = "rejected", report.problem
    elif report.answerable == 0:
        verdict, reason = "none_answerable", f"None of the {report.rows:,} rows can be answered: {_counted(report)}."
    else:
        aside = f"; set aside: {_counted(report)}" if report.set_aside else ""
        verdict, reason = "answerable", f"{report.answerable:,} of {report.rows:,} rows can be answered{aside}."
    return CheckRowsResult.model_validate(
        {
            "verdict": verdict,
            "reason": reason,
            "rows": report.rows,
            "answerable": report.answerable,
            "parts": report.parts,
        }
    )


def _counted(report: SplitReport) -> str:
    return ", ".join(f"{count:,} {reason}" for reason, count in report.set_aside.items())
