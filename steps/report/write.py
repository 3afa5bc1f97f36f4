"""WriteReport: the whole report as the bytes of one HTML file, which asks nothing of any other place."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment
from markupsafe import Markup

from steps.pages.rendering import templates
from steps.pages.web_pages import SHARED
from steps.report import lineage, metrics, plots
from steps.report.facts import ReportFacts
from steps.report.verdict import verdict_of

PAGES = Path(__file__).parent / "pages"


@cache
def _environment() -> Environment:
    environment = templates(PAGES)
    environment.globals["RANGE_WIDTH"] = plots.RANGE_WIDTH
    return environment


def write_report(facts: ReportFacts) -> bytes:
    """The file; the same facts give the same bytes."""
    recipe, plan, measured = facts.recipe, facts.plan, facts.measured
    values = {
        "facts": facts,
        "recipe": recipe,
        "plan": plan,
        "live": plan.champion,
        "checked": facts.checked,
        "measured": measured,
        "verdict": verdict_of(facts),
        "changes": lineage.changes(plan),
        "steps": lineage.reused(plan),
        "lineage": lineage.lineage(recipe, plan),
        "parameters": lineage.parameters(recipe, plan),
        "metric_rows": metrics.metric_rows(recipe, measured) if measured else [],
        "thresholds": metrics.threshold_rows(measured) if measured else [],
    }
    # Files of this project, not anybody's input.
    style = "".join(file.read_text(encoding="utf-8") for file in (SHARED / "base.css", PAGES / "report.css"))
    html = _environment().get_template("report.html").render({**values, "style": Markup(style)})  # noqa: S704
    return html.encode()
