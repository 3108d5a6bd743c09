"""How numbers, truths and free text are written: one way for every output."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lesionaid.quantity import Category, Quantity, Unit, Unknown, Value

__all__ = [
    "MISSING",
    "json_bytes",
    "json_number",
    "json_value",
    "number",
    "safe_cell",
    "tsv_bytes",
    "unknown_fields",
    "value_cell",
]

MISSING = "n/a"
"""BIDS: a missing value in a TSV file."""


def number(value: float) -> str:
    """Six significant digits, or a whole number in full.

    Examples
    --------
    >>> number(0.1 + 0.2), number(1234567.0), number(-0.0)
    ('0.3', '1234567', '0')
    """
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return f"{value:.6g}"


def json_number(value: float) -> float | int:
    """The number that :func:`number` writes."""
    text = number(value)
    return int(text) if text.lstrip("-").isdigit() else float(text)


def value_cell(value: Value | None) -> str:
    """A value as a table cell; unknown is ``n/a``."""
    if isinstance(value, Quantity):
        return number(value.value)
    if isinstance(value, Category):
        return value.value
    return MISSING


def json_value(value: Value) -> dict[str, Any]:
    """A value as JSON: with its unit, or the reason why it is unknown."""
    if isinstance(value, Quantity):
        shown = json_number(value.value)
        if value.unit is Unit.COUNT:
            shown = int(shown)
        return {"value": shown, "unit": str(value.unit)}
    if isinstance(value, Category):
        return {"value": value.value, "unit": None}
    return {"value": None, **unknown_fields(value)}


def unknown_fields(unknown: Unknown) -> dict[str, Any]:
    """Reason, detail and needs of an unknown."""
    return {
        "unknown": str(unknown.reason),
        "detail": unknown.detail,
        "needs": list(unknown.needs),
    }


def safe_cell(text: str) -> str:
    r"""Free text that no spreadsheet takes for a formula and no reader for two cells.

    A leading quote is what spreadsheets themselves use to mark text. Numbers stay numbers.

    Examples
    --------
    >>> safe_cell("=HYPERLINK(1)"), safe_cell("-1.5"), safe_cell("a\tb")
    ("'=HYPERLINK(1)", '-1.5', 'a b')
    """
    flat = " ".join(text.split())
    if flat[:1] in {"=", "+", "-", "@"} and not _is_number(flat):
        return f"'{flat}"
    return flat


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def tsv_bytes(columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> bytes:
    """A tab-separated table; an absent or empty cell is ``n/a``."""
    lines = ["\t".join(columns)]
    lines += ["\t".join(safe_cell(row.get(name) or MISSING) for name in columns) for row in rows]
    return ("\n".join(lines) + "\n").encode()


def json_bytes(document: Mapping[str, Any]) -> bytes:
    """JSON in the order of the document, UTF-8, without NaN."""
    return (json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()
