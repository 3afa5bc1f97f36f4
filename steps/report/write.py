"""WriteReport: the whole report as the bytes of one HTML file, which asks nothing of any other place."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment
from markupsafe import Markup

from steps.pages.rendering import templates
from steps.pages.web_pages import SHARED
from steps.report import drift, lineage, metrics, plots, quality
from steps.report.confusion import confusion_of
from steps.report.data import data_view
from steps.report.drawn import line_plots
from steps.report.facts import ReportFacts
from steps.report.verdict import verdict_of

PAGES = Path(__file__).parent / "pages"


@cache
def _environment() -> Environment:
    environment = templates(PAGES)
    environment.filters["sentence"] = lambda text: text[:1].upper() + text[1:]
    names = ("RANGE_WIDTH", "WIDTH", "HEIGHT", "LEFT", "RIGHT", "TOP", "BOTTOM")
    environment.globals |= {name: getattr(plots, name) for name in names}
    environment.globals |= {"DRIFT_WIDTH": drift.WIDTH, "DRIFT_BARS": drift.BARS}
    return environment


def write_report(facts: ReportFacts) -> bytes:
    """The file; the same facts give the same bytes."""
    recipe, plan = facts.recipe, facts.plan
    values = {
        "facts": facts,
        "recipe": recipe,
        "plan": plan,
        "live": plan.champion,
        "checked": facts.checked,
        "verdict": verdict_of(facts),
        "changes": lineage.changes(plan),
        "steps": lineage.reused(plan),
        "lineage": lineage.lineage(recipe, plan),
        "parameters": lineage.parameters(recipe, plan),
        **_measured(facts),
        "data": data_view(facts.profile, facts.drift) if facts.profile else None,
        "drift": drift.drift_view(facts.drift) if facts.drift else None,
    }
    # Files of this project, not anybody's input.
    style = "".join(file.read_text(encoding="utf-8") for file in (SHARED / "base.css", PAGES / "report.css"))
    html = _environment().get_template("report.html").render({**values, "style": Markup(style)})  # noqa: S704
    return html.encode()


def _measured(facts: ReportFacts) -> dict[str, object]:
    """The parts of a candidate that was measured; without one, only that there are none."""
    recipe, measured = facts.recipe, facts.measured
    if measured is None:
        return {"measured": None}
    examples = facts.examples
    return {
        "measured": measured,
        "metric_rows": metrics.metric_rows(recipe, measured),
        "thresholds": metrics.threshold_rows(measured),
        "label_metrics": sorted({name for values in measured.per_label.values() for name in values}),
        "plots": line_plots(measured),
        "confusion": confusion_of(measured),
        "slices": quality.slice_rows(recipe, measured),
        "slice_metric": quality.metric_name(recipe),
        "behaviour": quality.behaviour_rows(measured),
        "check_words": quality.CHECKS,
        "serving": quality.serving_rows(measured),
        "mistakes": quality.example_rows(examples.mistakes) if examples else [],
        "disagreements": quality.example_rows(examples.disagreements) if examples else [],
    }
