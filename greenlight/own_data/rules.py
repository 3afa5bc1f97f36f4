"""Data rules and metric gates for a recipe that nobody has written yet: what the file shows, with room to move.

A rule is set where the file of today passes and one that went wrong does not: half of its rows, half of its rarest
class, somewhat more duplicates. What is wrong with the file already is no rule but an error.
"""

from __future__ import annotations

import math
from typing import Any

from steps.profile import DataProfile, TextProfile
from steps.recipe import Task
from steps.recipe_sections.data_rules import DataRules

MOST_BAD_SHARE = 0.05
LONGEST_TEXT_FACTOR = 2
SHORTEST_TEXT_LIMIT = 1000


def data_rules(profile: DataProfile, task: Task) -> dict[str, Any]:
    """The data_rules section; profile: of the whole file under the recipe's other sections."""
    usable, texts = profile.usable_rows, max(profile.distinct_texts, 1)
    bad = (profile.unreadable_rows.count + profile.unknown_labels.count) / max(profile.rows, 1)
    rules: dict[str, Any] = {"min_rows": max(10, usable // 2)}
    if task != "regression":
        rarest = min(profile.rows_per_label.values(), default=0)
        rules["min_rows_per_label"] = max(2, rarest // 2)
        rules["min_label_share"] = math.floor(rarest / max(usable, 1) / 2 * 1000) / 1000
    rules["max_bad_row_share"] = _room(bad, 0.0) if bad else 0.0
    rules["max_empty_text_share"] = _room(profile.empty_texts.count / max(profile.rows, 1), 0.01)
    rules["max_duplicate_share"] = _room(profile.duplicates.count / max(usable, 1), 0.05)
    rules["max_conflicting_label_share"] = _room(profile.conflicting_labels.count / texts, 0.01)
    if profile.texts is not None:
        rules |= _text_rules(profile.texts, usable)
    if profile.text_lengths.maximum:
        longest = profile.text_lengths.maximum * LONGEST_TEXT_FACTOR
        rules["max_text_characters"] = max(SHORTEST_TEXT_LIMIT, math.ceil(longest / 1000) * 1000)
    return rules


def _text_rules(texts: TextProfile, usable: int) -> dict[str, Any]:
    """Those rules about texts that this file would break by their defaults."""
    shares = {
        "max_near_duplicate_share": texts.near_duplicates.count / max(texts.compared, 1),
        "max_leaked_share": texts.leaked.count / max(texts.compared_held_back, 1),
        "max_other_language_share": texts.languages.others.count / max(texts.languages.texts, 1),
        "max_broken_encoding_share": texts.broken_encoding.count / max(usable, 1),
        "max_markup_share": texts.markup.count / max(usable, 1),
    }
    default = DataRules()
    return {
        name: {"limit": _room(share, 0.01), "severity": "warn"}
        for name, share in shares.items()
        if share > getattr(default, name).limit
    }


def metric_gates(profile: DataProfile, task: Task) -> list[dict[str, Any]]:
    """Floors that only a model better than guessing passes."""
    if task == "regression":
        return [{"name": "r2", "floor": 0.1, "margin": 0.02}]
    gates = [{"name": "roc_auc", "floor": 0.6, "margin": 0.02}]
    if task != "multi_label":
        always = max(profile.rows_per_label.values(), default=0) / max(profile.usable_rows, 1)
        # Always answering the most frequent class reaches this without having learned anything.
        floor = max(math.floor((always - 0.02) * 100) / 100, 0.01)
        gates.append({"name": "accuracy", "floor": floor, "margin": 0.02})
    return gates


def _room(share: float, least: float) -> float:
    """Half as much again and the least, rounded up to a thousandth; at most everything."""
    return min(1.0, math.ceil((share * 1.5 + least) * 1000) / 1000)
