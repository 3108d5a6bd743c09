"""A site's prior: one file with the share of each pattern among the patients it sees."""

from __future__ import annotations

from pathlib import Path

from lesionaid.errors import FormError
from lesionaid.strict_yaml import load_strict_file
from lesionaid.verdict.model import PATTERNS, Prior

__all__ = ["read_prior"]


def read_prior(path: Path) -> Prior:
    """Read ``prior.yaml``: a share for each pattern, and where they come from.

    ::

        pml_like: 0.02
        ms_like: 0.90
        nmosd_like: 0.05
        mogad_like: 0.03
        source: our clinic, first scans of 2023

    Raises
    ------
    FormError
        ``E01`` not there, ``E50`` unreadable, ``E56`` wrong shape, ``E73`` not one share above
        zero for each pattern, together one.
    """
    loaded = load_strict_file(path)
    if not isinstance(loaded.value, dict):
        raise FormError("E56", file=loaded.where(), value="a prior holds patterns with shares")
    given = {name: value for name, value in loaded.value.items() if name != "source"}
    for name, value in given.items():
        good = name in PATTERNS and isinstance(value, int | float) and not isinstance(value, bool)
        if not good:
            raise FormError("E73", file=loaded.where((name,)), value=f"{name}: {value}")
    source = str(loaded.value.get("source") or path.name)
    return Prior({name: float(value) for name, value in given.items()}, source)
