"""Which signs a simulated patient shows: drawn by published frequencies.

The table is ``data/frequencies.yaml``: sign, disease, k of n, source, status. Signs are
drawn independently of one another, which patients' signs are not.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import numpy as np

from lesionaid.strict_yaml import load_strict

__all__ = ["Frequency", "draw_signs", "frequencies", "share"]

STATUSES = ("seen", "derived", "proposed")


@dataclass(frozen=True, slots=True)
class Frequency:
    """One row: k of n with the sign.

    Parameters
    ----------
    disease, sign : str
    k, n : int
    cite : str
    status : {"seen", "derived", "proposed"}
    note : str
    """

    disease: str
    sign: str
    k: int
    n: int
    cite: str
    status: str
    note: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.k <= self.n or self.n == 0:
            raise ValueError(f"{self.disease} {self.sign}: {self.k} of {self.n}")
        if self.status not in STATUSES:
            raise ValueError(f"{self.disease} {self.sign}: status {self.status}")

    @property
    def share(self) -> float:
        """The published share."""
        return self.k / self.n


@lru_cache(maxsize=1)
def frequencies() -> Mapping[tuple[str, str], Frequency]:
    """The table, by disease and sign."""
    name = "frequencies.yaml"
    text = files("lesionaid.simulate").joinpath("data", name).read_text(encoding="utf-8")
    rows = [Frequency(**row) for row in load_strict(text, name=name).value["signs"]]
    table = {(row.disease, row.sign): row for row in rows}
    if len(table) != len(rows):
        raise ValueError(f"{name}: a sign stands twice for one disease")
    return table


def share(disease: str, sign: str) -> float:
    """Share of patients (or lesions, where the row says so) with the sign."""
    return frequencies()[disease, sign].share


def draw_signs(
    disease: str, rng: np.random.Generator, *, only: Collection[str] | None = None
) -> dict[str, bool]:
    """Draw each sign of a disease once, in the order of the table.

    Parameters
    ----------
    disease : str
    rng : numpy.random.Generator
    only : collection of str, optional
        Draw these alone; by default every sign of the disease.

    Raises
    ------
    KeyError
        When the table has no row of the disease.
    """
    rows = [row for row in frequencies().values() if row.disease == disease]
    if not rows:
        raise KeyError(disease)
    return {
        row.sign: bool(rng.random() < row.share) for row in rows if only is None or row.sign in only
    }
