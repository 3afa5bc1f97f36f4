"""Names and addresses of everything a run makes, within the limits of the services that keep it."""

from __future__ import annotations

import hashlib
import json
import re

NAME_LIMIT = 63
# SageMaker adds a number and a digest to the name of each training of a search.
TUNING_NAME_LIMIT = 32
TUNING_SUFFIX = "-tune"
# Two hyphens in a row are in no other name, so a right to names that end so is a right to nothing else.
TRIAL_SUFFIX = "--trial"
# With a hyphen and the longest recipe's name it still fits into NAME_LIMIT, so that no name of a stack is ever cut:
# its roles are allowed what begins with its name.
STACK_NAME_LIMIT = 32
_CUT_DIGEST_CHARACTERS = 8
STACK_TAG = "greenlight:stack"
RECIPE_TAG = "greenlight:recipe"
RUN_TAG = "greenlight:run"


def digest_of(*parts: object) -> str:
    """SHA-256, in hex, of parts that JSON can hold; the order of keys inside a part does not matter."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def stack_name_problem(stack: str) -> str | None:
    """Why a stack cannot have this name, and what to do; None when it can."""
    legal = re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", stack) is not None
    if legal and len(stack) <= STACK_NAME_LIMIT:
        return None
    return (
        f"the stack cannot be named '{stack}': endpoints, models and the rights to them begin with its name, and "
        f"SageMaker keeps those names in lower case and short. Delete this stack and deploy under a name of at most "
        f"{STACK_NAME_LIMIT} small letters, digits and single hyphens that begins with a letter, such as greenlight"
    )


def run_tags(stack: str, recipe: str, run_id: str) -> dict[str, str]:
    """Tags of what a run makes, by which it is found again and a bill is read."""
    return {STACK_TAG: stack, RECIPE_TAG: recipe, RUN_TAG: run_id}


def job_name(run_id: str, step: str) -> str:
    """`<run_id>-<step>`, at most 63 letters, digits and hyphens."""
    return _legal(run_id, suffix=f"-{step}")


def tuning_job_name(run_id: str) -> str:
    """`<run_id>-tune`, at most 32 letters, digits and hyphens, so most often cut and with a digest."""
    return _legal(run_id, suffix=TUNING_SUFFIX, limit=TUNING_NAME_LIMIT)


def model_name(stack: str, run_id: str) -> str:
    """`<stack>-<run_id>` in lower case, also the name of the endpoint configuration.

    SageMaker lower-cases these names in ARNs, so only lower case compares safely.
    """
    return _legal(f"{stack}-{run_id}".lower())


def trial_name(model: str) -> str:
    """`<model>--trial`, at most 63 characters: of a trial's endpoint, its configuration and its model.

    model: what model_name gave for the run
    """
    return _legal(model, suffix=TRIAL_SUFFIX)


def endpoint_name(stack: str, recipe: str) -> str:
    """`<stack>-<recipe>` in lower case."""
    return _legal(f"{stack}-{recipe}".lower())


def run_uri(bucket: str, run_id: str) -> str:
    """Folder of a run's artifacts."""
    return f"s3://{bucket}/runs/{run_id}"


def _legal(name: str, *, suffix: str = "", limit: int = NAME_LIMIT) -> str:
    """The name with every illegal character made a hyphen; a digest keeps two changed names apart."""
    slug = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-") or "run"
    if slug == name and len(slug) + len(suffix) <= limit:
        return slug + suffix
    ending = "-" + digest_of(name)[:_CUT_DIGEST_CHARACTERS] + suffix
    return slug[: limit - len(ending)].rstrip("-") + ending
