"""Ids as words: patterns, reasons, needs and signs as a reader says them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping

from lesionaid.quantity import Category, Quantity, Unit, Unknown, Value
from lesionaid.report.text import number

__all__ = [
    "clean",
    "disease_words",
    "listed",
    "needs_words",
    "pattern_words",
    "plain",
    "signed",
    "unknown_words",
    "value_words",
]

_PATTERNS: Mapping[str, str] = {
    "pml_like": "PML-like",
    "ms_like": "MS-like",
    "nmosd_like": "NMOSD-like",
    "mogad_like": "MOGAD-like",
    "indeterminate": "Indeterminate",
    "no_lesions": "No lesions",
    "no_new_lesions": "No new lesions",
    "outside_scope": "Outside the scope of the rules",
    "not_analysable": "Not analysable",
}
_NEEDS: Mapping[str, str] = {
    "T1w_ce": "T1w after gadolinium",
    "SWI": "SWI or T2*",
    "prior": "a prior study with a lesion mask",
    "follow_up": "a follow-up study",
    "spinal_cord": "spinal cord MRI",
    "orbit": "orbital MRI",
    "fundus": "fundoscopy",
    "lesions": "a lesion mask",
    "anatomy": "anatomy (registration or labels)",
    "clinical": "clinical findings",
    "CSF": "cerebrospinal fluid",
    "serum": "serology",
    "phase": "phase images",
    "reader": "a reader's eye (--signs)",
}
_UNITS: Mapping[Unit, str] = {
    Unit.NONE: "",
    Unit.COUNT: "",
    Unit.MM2: "mm²",
    Unit.MM3: "mm³",
    Unit.DEGREE: "°",
    Unit.DIFFUSIVITY: "10⁻³ mm²/s",
    Unit.ROBUST_SD: "SD of NAWM",
}


def pattern_words(pattern: str) -> str:
    """``"pml_like"`` as ``"PML-like"``."""
    return _PATTERNS.get(pattern, plain(pattern))


def disease_words(disease: str) -> str:
    """``"pml"`` as ``"PML-like"``: a finding speaks for a pattern."""
    return pattern_words(f"{disease}_like")


def plain(name: str) -> str:
    """An id with spaces."""
    return name.replace("_", " ")


def needs_words(needs: Iterable[str]) -> str:
    """What would settle a sign, in words."""
    return listed(map(_need, needs))


def _need(need: str) -> str:
    key = need.removeprefix("context:")
    if key != need:
        return f"the clinical context '{key}'"
    return _NEEDS.get(need, plain(need))


def listed(parts: Iterable[str]) -> str:
    """Parts with commas."""
    return ", ".join(parts)


def signed(value: float) -> str:
    """A weight with its sign and a true minus.

    Examples
    --------
    >>> signed(1.0), signed(-0.25), signed(0.001)
    ('+1.00', '−0.25', '0.00')
    """
    text = f"{value:+.2f}"
    return "0.00" if text in ("+0.00", "-0.00") else text.replace("-", "−")


def value_words(value: Value | None, digits: int = 3) -> str:
    """A value with its unit for a reader; volumes from 1 ml on in ml."""
    if isinstance(value, Quantity):
        if value.unit is Unit.MM3 and abs(value.value) >= 1000.0:
            value = Quantity(value.value / 1000.0, Unit.ML)
        whole = value.unit is Unit.COUNT
        shown = value.value if whole else float(f"{value.value:.{digits}g}")
        text = f"{shown:,.0f}" if abs(shown) >= 1e4 else number(shown)
        unit = _UNITS.get(value.unit, str(value.unit))
        return f"{text} {unit}".strip().replace("-", "−", 1 if text.startswith("-") else 0)
    if isinstance(value, Category):
        return plain(value.value)
    return "unknown" if value is None else unknown_words(value)


def unknown_words(unknown: Unknown) -> str:
    """Why something is unknown and what would settle it, as one clause."""
    reason = unknown.detail or plain(str(unknown.reason))
    needs = needs_words(unknown.needs)
    return f"{reason} (needs {needs})" if needs else reason


def clean(text: str) -> str:
    """Text without control and direction characters, which could rearrange what is read."""
    return "".join(
        character
        for character in text
        if character in "\n\t" or unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co")
    )
