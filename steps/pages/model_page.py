"""A model's page in words and numbers: the answer, its bars, and what the templates in `model/` are filled with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from steps.answers import Answer
from steps.model_card import ModelCard
from steps.pages.form import fields_of
from steps.predictions import RowError

PAGES = Path(__file__).parent / "model"
_SHOWN_BARS = 8
# Texts that fit into one line, such as names.
_SHORT_TEXT_CHARACTERS = 100
_MANY = 1000

# What a metric says, for people who have never heard its name.
MEANINGS = {
    "accuracy": "of the rows were answered correctly",
    "balanced_accuracy": "were answered correctly, with each class counting the same",
    "f1": "finds what is there without false alarms; 1 is perfect",
    "roc_auc": "ranks right above wrong; 1 is perfect, 0.5 is guessing",
    "average_precision": "puts right answers on top; 1 is perfect",
    "log_loss": "how wrong its probabilities are; 0 is perfect",
    "subset_accuracy": "of the rows got exactly the right labels",
    "r2": "of the differences are explained; 1 is perfect, 0 is guessing the mean",
    "mean_absolute_error": "off on average",
    "root_mean_squared_error": "off, with great errors counting more",
    "root_mean_squared_log_error": "off in proportion to the true number; 0 is perfect",
}


@dataclass(frozen=True)
class Bar:
    """One class or label of an answer."""

    name: str
    probability: float
    is_answer: bool

    @property
    def percent(self) -> str:
        """The probability as people read it; what is not certain never looks it."""
        if 0 < self.probability < 0.001:  # noqa: PLR2004 - one decimal of a percentage
            return "< 0.1 %"
        return "> 99.9 %" if 0.999 < self.probability < 1 else f"{self.probability * 100:.1f} %"  # noqa: PLR2004

    @property
    def width(self) -> str:
        """The bar's length, for SVG."""
        return f"{self.probability * 100:.2f}%"


def page_values(
    card: ModelCard,
    instance: object,
    *,
    by_key: bool,
    has_others: bool,
    answer: Answer | None = None,
    problem: str | None = None,
) -> dict[str, object]:
    """What recipe.html is filled with.

    instance: what its form holds;  by_key: whether there is a key to sign out with;  has_others: whether there is a
    list of models to go to;  answer: of the model to that row;  problem: why there is none
    """
    return {
        "card": card,
        "by_key": by_key,
        "has_others": has_others,
        "text": instance if isinstance(instance, str) else "",
        "fields": fields_of(instance, card),
        "answer": answer,
        "said": said(answer) if answer else None,
        "bars": bars(answer) if answer else [],
        "shown_bars": _SHOWN_BARS,
        "short_text": _SHORT_TEXT_CHARACTERS,
        "problem": problem,
        "meanings": MEANINGS,
    }


def said(answer: Answer) -> str:
    """An answer in a few words."""
    if answer.label is not None:
        return answer.label
    if answer.labels is not None:
        return ", ".join(answer.labels) or "none of the labels"
    value = answer.value or 0.0
    return f"{value:,.0f}" if abs(value) >= _MANY else f"{value:,.4g}"


def bars(answer: Answer) -> list[Bar]:
    """The probabilities of an answer: classes by likelihood, labels in their own order."""
    given = answer.probabilities or {}
    if answer.labels is not None:
        return [Bar(name, value, name in answer.labels) for name, value in given.items()]
    found = [Bar(name, value, name == answer.label) for name, value in given.items()]
    return sorted(found, key=lambda bar: -bar.probability)


def reason_of(detail: str, errors: Sequence[RowError]) -> str:
    """Why there is no answer, in the words for the one row of a form.

    detail: what a program is told;  errors: of the row, if something is wrong with it
    """
    if not errors:
        return detail
    reason = errors[0].reason
    if reason.startswith(("is ", "has ")):
        return f"What you entered {reason}."
    return f"{reason[0].upper()}{reason[1:]}."
