"""Rules about what a Task calls and which of its errors are met: the integrations AWS knows, Retry and Catch."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from typing import Any

from steps import errors
from workflows.integrations import (
    MAX_DELAY_SECONDS,
    MAX_TIMEOUT_SECONDS,
    SERVICE_ERRORS,
    STATES_ERRORS,
    UNCATCHABLE_ERRORS,
)
from workflows.paths import PathError, expression
from workflows.problems import Problem, State
from workflows.resources import Resource, resource_of

TOKEN = ".waitForTaskToken"  # noqa: S105 - a pattern's name
RETRY_FIELDS = {"ErrorEquals", "IntervalSeconds", "MaxAttempts", "BackoffRate", "MaxDelaySeconds", "JitterStrategy"}
CATCH_FIELDS = {"ErrorEquals", "Next", "ResultPath"}
_TAG_KEYS = {"Key", "Value"}
SDK_ERROR = re.compile(r"[A-Z]\w*\.\w+Exception")
# Step Functions matches the class of the exception, never its bases, and nobody raises the base.
OWN_ERRORS = frozenset(
    name for name, item in vars(errors).items() if inspect.isclass(item) and item is not errors.ReleaseError
)


def check_task(name: str, task: State) -> Iterator[Problem]:
    """Every rule about the Task's resource, parameters, retries and catches."""
    resource = resource_of(task)
    if resource is None:
        yield Problem(name, f"Resource '{task.get('Resource')}' is neither a function nor an integration")
        return
    for check in (_check_integration, _check_parameters, _check_token, _check_retries, _check_catches):
        yield from (Problem(name, what) for what in check(task, resource))


def _check_integration(task: State, resource: Resource) -> Iterator[str]:
    called = f"{resource.service}:{resource.action}"
    if resource.is_sdk:
        if resource.pattern not in {"", TOKEN}:
            yield f"no SDK integration has {resource.pattern}"
    elif resource.integration is None:
        yield f"{called} is no optimized integration that this check knows"
    elif resource.pattern == ".sync" and resource.integration.job is None:
        yield f"{called} answers at once, .sync does not exist for it"
    elif resource.pattern == TOKEN and not resource.integration.callback:
        yield f"{called} cannot hand over a task token"
    elif resource.pattern not in {"", ".sync", TOKEN}:
        yield f"{called} knows no pattern {resource.pattern}"
    del task


def _check_parameters(task: State, resource: Resource) -> Iterator[str]:
    parameters: Mapping[str, Any] = task.get("Parameters", {})
    if resource.is_direct:
        return
    fields = resource.integration.fields if resource.integration else None
    for key in parameters:
        field = key.removesuffix(".$")
        if fields is not None and field not in fields:
            yield f'the field "{field}" is not supported by Step Functions for {resource.service}:{resource.action}'
        elif not re.fullmatch(r"[A-Z]\w*", field):
            yield f"{field} must be written as in the API, beginning with a capital"
    if resource.service == "lambda" and resource.function is None:
        yield "FunctionName must be a function's token"
    for tag in parameters.get("Tags", []):
        if {key.removesuffix(".$") for key in tag} != _TAG_KEYS:
            yield f"a tag has exactly Key and Value, not {', '.join(tag) or 'nothing'}"


def _check_token(task: State, resource: Resource) -> Iterator[str]:
    reads_token = ("Task", "Token") in set(_context_reads(task.get("Parameters", {})))
    if resource.pattern == TOKEN and not reads_token:
        yield "it waits for a task token that it hands to nobody: nothing in Parameters reads $$.Task.Token"
    if resource.pattern != TOKEN and reads_token:
        yield f"$$.Task.Token exists only in a task with {TOKEN}"


def _context_reads(value: object) -> Iterator[tuple[str | int, ...]]:
    if isinstance(value, list):
        for item in value:
            yield from _context_reads(item)
    if isinstance(value, Mapping):
        for key, item in value.items():
            if not key.endswith(".$"):
                yield from _context_reads(item)
            elif isinstance(item, str):
                try:
                    yield from expression(item).context
                except PathError:
                    continue  # state_rules says so


def _check_retries(task: State, resource: Resource) -> Iterator[str]:
    rules = task.get("Retry", [])
    yield from _check_errors(rules, resource, "Retry", RETRY_FIELDS)
    for number, rule in enumerate(rules):
        where = f"Retry[{number}]"
        interval, delay = rule.get("IntervalSeconds", 1), rule.get("MaxDelaySeconds")
        if not 1 <= interval <= MAX_TIMEOUT_SECONDS:
            yield f"{where}: IntervalSeconds must be at least 1"
        if not 0 <= rule.get("MaxAttempts", 3) <= MAX_TIMEOUT_SECONDS:
            yield f"{where}: MaxAttempts must be from 0 to {MAX_TIMEOUT_SECONDS}"
        if rule.get("BackoffRate", 2.0) < 1:
            yield f"{where}: BackoffRate must be at least 1.0"
        if delay is not None and not interval < delay <= MAX_DELAY_SECONDS:
            yield f"{where}: MaxDelaySeconds must be greater than IntervalSeconds and at most {MAX_DELAY_SECONDS}"
        if rule.get("JitterStrategy", "NONE") not in {"FULL", "NONE"}:
            yield f"{where}: JitterStrategy must be FULL or NONE"
        if "States.ALL" in rule.get("ErrorEquals", []):
            yield f"{where}: States.ALL repeats bugs as well; name the errors that pass by themselves"


def _check_catches(task: State, resource: Resource) -> Iterator[str]:
    rules = task.get("Catch", [])
    yield from _check_errors(rules, resource, "Catch", CATCH_FIELDS)
    if not rules or rules[-1].get("ErrorEquals") != ["States.ALL"]:
        yield "its last Catch must be for States.ALL, else a fault ends the run without a report and keeps the lock"
    for number, rule in enumerate(rules):
        if "Next" not in rule:
            yield f"Catch[{number}] needs Next"


def _check_errors(rules: list[Mapping[str, Any]], resource: Resource, field: str, known: set[str]) -> Iterator[str]:
    possible = OWN_ERRORS if resource.service == "lambda" else frozenset[str]()
    possible |= STATES_ERRORS | SERVICE_ERRORS.get(resource.service, frozenset())
    seen: set[str] = set()
    for number, rule in enumerate(rules):
        where = f"{field}[{number}]"
        names = rule.get("ErrorEquals", [])
        if not names:
            yield f"{where} needs ErrorEquals"
        for name in names:
            if name in UNCATCHABLE_ERRORS:
                yield f"{where}: {name} ends the execution whatever its definition says"
            elif name not in possible and not (resource.is_sdk and SDK_ERROR.fullmatch(name)):
                yield f"{where}: no {resource.service} task fails with {name}"
            if name in seen:
                yield f"{where}: {name} was met by an earlier entry, this one is never used"
        seen |= set(names)
        if "States.ALL" in names and (len(names) > 1 or number < len(rules) - 1):
            yield f"{where}: States.ALL must stand alone and last"
        yield from (f"{where} has no field {key}" for key in rule if key not in known)
