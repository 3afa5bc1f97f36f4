"""How a metric's number is written for people."""

from __future__ import annotations

_MANY = 1000
_TOO_LONG = 1e15


def number_text(value: float) -> str:
    """Three decimals, or from a thousand on none, with separators: `0.912`, `22,346`, and at last `1.23e+20`."""
    if abs(value) >= _TOO_LONG:
        return f"{value:.2e}"
    return f"{value:,.0f}" if abs(value) >= _MANY else f"{value:.3f}"
