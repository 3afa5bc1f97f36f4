"""A few words beside a finished state: the number or the name that matters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from steps.metric_words import number_text

Result = dict[str, Any]


def state_note(state: str, document: dict[str, Any]) -> str:
    """What the state's result says in a few words; empty when there is nothing worth saying."""
    key, words = _WORDS.get(state, ("", None))
    result = document.get(key)
    return words(result) if words and isinstance(result, dict) else ""


def _data(result: Result) -> str:
    return f"{result['rows']:,} rows{_broken(result)}"


def _broken(result: Result) -> str:
    rules: dict[str, list[str]] = {"broke": [], "warned": []}
    for finding in result.get("findings", []):
        if finding["verdict"] != "passed":
            rules["broke" if finding["verdict"] == "failed" else "warned"].append(finding["rule"])
    # A rule about each label may be broken by several.
    return "".join(f", {word} {', '.join(dict.fromkeys(names))}" for word, names in rules.items() if names)


def _metrics(result: Result) -> str:
    champion = result.get("champion_metrics") or {}
    measured = ", ".join(
        f"{name} {number_text(value)}" + (f" (live {number_text(champion[name])})" if name in champion else "")
        for name, value in list(result["metrics"].items())[:2]
    )
    return measured + _broken(result) + (", overridden" if result.get("overridden") else "")


def _smoke(result: Result) -> str:
    answers, evaluated = result["answers"], result.get("evaluated_rows", 0)
    right = sum(answer["passed"] for answer in answers)
    words = [f"{right} of {len(answers)} answers right"] if answers or not evaluated else []
    if evaluated:
        words.append(f"{result['evaluated_rows_alike']} of {evaluated} rows answered as evaluated")
    return ", ".join(words)


def _rows(result: Result) -> str:
    aside = result["rows"] - result["answerable"]
    return f"{result['answerable']:,} of {result['rows']:,} rows" + (f", {aside:,} set aside" if aside else "")


_WORDS: dict[str, tuple[str, Callable[[Result], str]]] = {
    "PrepareBatch": ("prepare_batch", lambda result: str(result["reason"])),
    "CheckRows": ("check_rows", _rows),
    "ValidateData": ("validate_data", _data),
    "AdoptModel": ("adopt_model", lambda result: str(result["reason"])),
    "CheckMetrics": ("check_metrics", _metrics),
    "RegisterModel": ("register_model", lambda result: f"version {result['model_version']}"),
    "RequestApproval": ("request_approval", lambda result: str(result["decision"])),
    "DecideAtDeadline": ("decide_at_deadline", lambda result: str(result["outcome"])),
    "UpdateEndpoint": ("update_endpoint", lambda result: f"{result['endpoint_name']} {result['action']}"),
    "RunSmokeTests": ("run_smoke_tests", _smoke),
    "RollBackEndpoint": ("roll_back_endpoint", lambda result: str(result["action"])),
    "RecordRelease": ("record_release", lambda result: f"version {result['model_version']} is live"),
}
