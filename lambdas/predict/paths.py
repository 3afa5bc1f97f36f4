"""Every address of the prediction API, and who may come there."""

from __future__ import annotations

import re

# Address -> the methods it answers; HEAD is answered wherever GET is. infra/sam/serving.yaml has the same addresses.
PATHS: dict[str, tuple[str, ...]] = {
    "/": ("GET",),
    "/health": ("GET",),
    "/models": ("GET",),
    "/models/{recipe}": ("GET",),
    "/models/{recipe}/predictions": ("POST",),
    "/openapi.json": ("GET",),
    "/recipes/{recipe}": ("GET", "POST"),
    "/sign-in": ("GET", "POST"),
    "/sign-out": ("POST",),
}
# Answered to anybody. The page that takes a key is too, where there are keys; every other address asks who is there.
OPEN = frozenset({"/health"})
SIGN_IN = "/sign-in"
_PAGES = ("/", "/recipes/{recipe}", "/sign-in", "/sign-out")


def template_of(path: str) -> str | None:
    """The address that a request's path is one of."""
    return next((template for template in PATHS if _pattern(template).fullmatch(path)), None)


def is_page(path: str) -> bool:
    """Whether a person with a browser is there, not a program."""
    return template_of(path) in _PAGES


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{\w+\}", "[^/]+", template))
