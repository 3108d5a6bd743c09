"""Signs of the second family: the published frequencies, drawn together.

Each sign keeps the share that the evidence table gives it, but one hidden severity of the
patient stands behind them all (a one-factor Gaussian copula), where the first family draws
each on its own. The shared part is proposed.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from lesionaid.simulate.frequencies import frequencies

__all__ = ["SHARED", "Draw", "draw_together", "happens"]

SHARED = 0.35
"""Part of the variance of each hidden variable that is the patient's severity (proposed)."""


@dataclass(frozen=True, slots=True)
class Draw:
    """What one patient shows.

    Parameters
    ----------
    signs : dict of str to bool
    severity : float
        Standard normal; above 0 means more signs than usual.
    """

    signs: dict[str, bool]
    severity: float

    def __getitem__(self, sign: str) -> bool:
        return self.signs[sign]


def draw_together(
    disease: str,
    rng: np.random.Generator,
    *,
    severity: float | None = None,
    only: Collection[str] | None = None,
) -> Draw:
    """Draw the signs of a disease with their correlation.

    Parameters
    ----------
    disease : str
    rng : numpy.random.Generator
    severity : float, optional
        Of the patient, where it was drawn before; for two tables or many lesions of one
        patient.
    only : collection of str, optional

    Raises
    ------
    KeyError
        When the table has no row of the disease.
    """
    rows = [row for row in frequencies().values() if row.disease == disease]
    if not rows:
        raise KeyError(disease)
    hidden = float(rng.standard_normal()) if severity is None else severity
    signs = {}
    for row in rows:
        if only is not None and row.sign not in only:
            continue
        signs[row.sign] = happens(rng, row.share, hidden)
    return Draw(signs, hidden)


def happens(rng: np.random.Generator, share: float, severity: float) -> bool:
    """Whether a thing of a published share happens to a patient, or to one of his lesions.

    Over all patients it does so in the share; the more severe, the more often.
    """
    level = np.sqrt(SHARED) * severity + np.sqrt(1 - SHARED) * float(rng.standard_normal())
    return bool(NormalDist().cdf(level) > 1 - share)
