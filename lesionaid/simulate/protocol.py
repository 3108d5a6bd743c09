"""How a simulated patient is scanned: contrasts, slices, dates, a change of scanner.

A generator makes the patient; what is asked of the scanner is laid over its study here, so
that every generator can be scanned every way.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from lesionaid.simulate.acquisition import OTHER_SCANNER, Acquisition
from lesionaid.simulate.lesions import label_map
from lesionaid.simulate.study import (
    ALL_CONTRASTS,
    DAYS_PER_MONTH,
    PRIOR_CONTRASTS,
    SimulatedStudy,
    dates,
    head_position,
)
from lesionaid.study.scan import Contrast

__all__ = ["Protocol", "add_prior", "scanned"]

PRIOR_MONTHS = 6.0
"""Between the dates of a patient whose generator makes one alone (proposed: a usual interval
of follow-up in MS)."""


@dataclass(frozen=True, slots=True)
class Protocol:
    """What is asked of the scanner.

    Parameters
    ----------
    contrasts : tuple of Contrast or None
        At every date; None for what the generator's patient had.
    sessions : int or None
        Dates; None for as many as the generator makes.
    slice_mm : float or None
        Thickness of axial slices; None for that of the voxel.
    gap_mm : float
        Between slices.
    ghost : float
        Share of the signal in motion ghosts.
    noise : float or None
        Share of white matter; None for the scanner's own.
    scanner_change : bool
        The date before last was scanned by another protocol.
    """

    contrasts: tuple[Contrast, ...] | None = None
    sessions: int | None = None
    slice_mm: float | None = None
    gap_mm: float = 0.0
    ghost: float = 0.0
    noise: float | None = None
    scanner_change: bool = False

    def acquisition(self, scanner: Acquisition) -> Acquisition:
        """The scanner as this protocol runs it."""
        noise = scanner.noise if self.noise is None else self.noise
        return replace(
            scanner, slice_mm=self.slice_mm, gap_mm=self.gap_mm, ghost=self.ghost, noise=noise
        )


def scanned(study: SimulatedStudy, protocol: Protocol, seed: int) -> SimulatedStudy:
    """The same patient, scanned as the protocol says.

    Parameters
    ----------
    study : SimulatedStudy
    protocol : Protocol
    seed : int
        For the head's position at dates that are added.

    Returns
    -------
    SimulatedStudy
        `expected` is emptied where the patient was not examined as the generator meant:
        what lesionaid should say was only thought through for that.
    """
    rng = np.random.default_rng(seed)
    made = len(dates(study))
    wanted = protocol.sessions or made
    for _ in range(wanted - made):
        study = _with_earliest(study, rng)
    kept = dates(study)[-wanted:]
    as_meant = wanted == made and protocol == Protocol(sessions=protocol.sessions)
    earlier: SimulatedStudy | None = None
    for number, one in enumerate(kept):
        last = number == len(kept) - 1
        scanner = OTHER_SCANNER if protocol.scanner_change and not last else one.acquisition
        earlier = replace(
            one,
            contrasts=protocol.contrasts or one.contrasts,
            acquisition=protocol.acquisition(scanner),
            expected=one.expected if as_meant else {},
            prior=earlier,
        )
    assert earlier is not None
    return earlier


def add_prior(study: SimulatedStudy, rng: np.random.Generator) -> SimulatedStudy:
    """A patient with one date more: before it, what enhances now was not there.

    Enhancement is gone within six months in 93 % of new lesions (He et al., AJNR 2001;22:664),
    so that half a year earlier they did not exist; everything else is as it was.
    """
    old = [pair for pair in study.lesions if pair[1].enhances == 0]
    new = [n for n, (_, how) in enumerate(study.lesions, start=1) if how.enhances > 0]
    prior = replace(
        study,
        position=head_position(rng),
        lesions=tuple(old),
        labels=label_map(study.brain, [lesion for lesion, _ in old]),
        contrasts=tuple(c for c in PRIOR_CONTRASTS if c in (*ALL_CONTRASTS, *study.contrasts)),
        noise_seed=int(rng.integers(2**32)),
        signs={},
        expected={},
    )
    days = round(PRIOR_MONTHS * DAYS_PER_MONTH)
    return replace(
        study,
        prior=prior,
        context={**study.context, "prior_interval_days": days},
        signs={**study.signs, "new_or_enlarging": new},
    )


def _with_earliest(study: SimulatedStudy, rng: np.random.Generator) -> SimulatedStudy:
    if study.prior is None:
        return add_prior(study, rng)
    return replace(study, prior=_with_earliest(study.prior, rng))
