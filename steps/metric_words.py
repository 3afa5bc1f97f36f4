"""How a metric's number is written for people."""

from __future__ import annotations

_MANY = 1000


def number_text(value: float) -> str:
    """Three decimals, or from a thousand on none, with separators: `0.912`, `22,346`."""
    return f"{value:,.0f}" if abs(value) >= _MANY else f"{value:.3f}"
