"""How a metric's number is written for people."""

from __future__ import annotations

_MANY = 1000
_TOO_LONG = 1e15
# A p-value below this is not told exactly.
_SMALL_P = 0.001


def number_text(value: float) -> str:
    """Three decimals, or from a thousand on none, with separators: `0.912`, `22,346`, and at last `1.23e+20`."""
    if abs(value) >= _TOO_LONG:
        return f"{value:.2e}"
    return f"{value:,.0f}" if abs(value) >= _MANY else f"{value:.3f}"


def signed_text(value: float) -> str:
    """As number_text, with its sign."""
    return f"{'-' if value < 0 else '+'}{number_text(abs(value))}"


def p_value_text(p_value: float) -> str:
    """`= 0.031`, or `< 0.001`."""
    return "< 0.001" if p_value < _SMALL_P else f"= {p_value:.3f}"


def value_text(value: float) -> str:
    """A column's number, whole ones without decimals: `7`, `7.250`, `22,346`."""
    return f"{value:,.0f}" if value.is_integer() and abs(value) < _TOO_LONG else number_text(value)
