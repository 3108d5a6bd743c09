"""One simulated examination: anatomy and lesions with their truth, scanned when asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lesionaid.geometry import Grid
from lesionaid.simulate.acquisition import (
    SCANNER,
    Acquisition,
    acquired_grid,
    average,
    render,
    voxel_mm,
)
from lesionaid.simulate.brain import Brain
from lesionaid.simulate.lesions import SimulatedLesion, label_map
from lesionaid.simulate.patient import Patient
from lesionaid.simulate.tissue import Appearance
from lesionaid.simulate.truth import Before, LesionTruth, resolved_truth, truth_of
from lesionaid.study.scan import Contrast

__all__ = [
    "ALL_CONTRASTS",
    "DAYS_PER_MONTH",
    "PRIOR_CONTRASTS",
    "SimulatedStudy",
    "dates",
    "examine",
    "examined",
    "head_position",
]

ALL_CONTRASTS = (
    Contrast.FLAIR,
    Contrast.T1W,
    Contrast.T1W_CE,
    Contrast.T2W,
    Contrast.DWI,
    Contrast.ADC,
)
"""What is scanned when nobody asks otherwise; SWI and phase must be asked for."""

PRIOR_CONTRASTS = (Contrast.FLAIR, Contrast.T1W)
"""Of an earlier date, unless its patient asks for all."""

DAYS_PER_MONTH = 30.4
"""Of a year of 365 days."""


# Without slots: the scans are kept once they have been computed.
@dataclass(frozen=True, eq=False)
class SimulatedStudy:
    """One examination.

    Parameters
    ----------
    brain : Brain
    position : ndarray of shape (4, 4)
        Rigid motion of the head in the scanner, applied to every affine.
    lesions : tuple of (SimulatedLesion, Appearance)
    labels : ndarray of shape brain.grid.shape, int32
        Lesion n of `lesions` has label n.
    contrasts : tuple of Contrast
    noise_seed : int
        Of everything random that scanning adds.
    context : mapping
        Clinical context, made up.
    signs : mapping
        What is true of the patient by construction.
    expected : mapping
        What lesionaid should say.
    prior : SimulatedStudy or None
    acquisition : Acquisition
    """

    brain: Brain
    position: NDArray[np.float64]
    lesions: tuple[tuple[SimulatedLesion, Appearance], ...]
    labels: NDArray[np.int32]
    contrasts: tuple[Contrast, ...]
    noise_seed: int
    context: Mapping[str, Any]
    signs: Mapping[str, Any]
    expected: Mapping[str, Any]
    prior: SimulatedStudy | None = None
    acquisition: Acquisition = field(default=SCANNER)

    @cached_property
    def scans(self) -> Mapping[Contrast, NDArray[np.integer[Any]]]:
        """Stored values by contrast, each on :meth:`grid_of` its contrast.

        Every contrast has its own stream of noise, so that a scan does not depend on which
        others are made.
        """
        order = list(Contrast)
        return {
            contrast: _stored(
                render(
                    self.brain,
                    self.lesions,
                    contrast,
                    np.random.default_rng([self.noise_seed, order.index(contrast)]),
                    self.acquisition,
                )
            )
            for contrast in self.contrasts
        }

    @property
    def grid(self) -> Grid:
        """The grid of brain and labels, with the head where it lay."""
        return _moved(self.brain.grid, self.position)

    def grid_of(self, contrast: Contrast) -> Grid:
        """The grid of a scan, with the head where it lay."""
        size = voxel_mm(self.brain.grid, self.acquisition, contrast)
        return _moved(acquired_grid(self.brain.grid, size, self.acquisition.gap_mm), self.position)

    @cached_property
    def mask(self) -> NDArray[np.bool_]:
        """Lesion mask on the grid of the FLAIR: voxels that are at least half lesion."""
        size = voxel_mm(self.brain.grid, self.acquisition, Contrast.FLAIR)
        share = (self.labels > 0).astype(np.float32)
        half: NDArray[np.bool_] = (
            average(share, self.brain.grid, size, self.acquisition.gap_mm) >= 0.5
        )
        return half

    @cached_property
    def truth(self) -> tuple[LesionTruth, ...]:
        """What is true of each lesion, centroids in scanner mm."""
        here = replace(self.brain, grid=self.grid)
        lesions, looks = zip(*self.lesions, strict=True) if self.lesions else ((), ())
        return truth_of(here, self.labels, lesions, looks, self._before)

    @property
    def resolved(self) -> tuple[LesionTruth, ...]:
        """Lesions of the date before that are gone."""
        before = self._before
        if before is None or self.prior is None:
            return ()
        then = [lesion for lesion, _ in self.prior.lesions]
        return resolved_truth(before, self.labels, then, self.brain.grid.voxel_volume_mm3)

    @property
    def _before(self) -> Before | None:
        if self.prior is None:
            return None
        days = self.context.get("prior_interval_days")
        return Before(self.prior.labels, days / DAYS_PER_MONTH if days else None)


def examine(
    brain: Brain,
    lesions: Sequence[tuple[SimulatedLesion, Appearance]],
    rng: np.random.Generator,
    contrasts: Sequence[Contrast] = ALL_CONTRASTS,
    *,
    context: Mapping[str, Any],
    signs: Mapping[str, Any],
    expected: Mapping[str, Any],
    position: NDArray[np.float64] | None = None,
    prior: SimulatedStudy | None = None,
) -> SimulatedStudy:
    """Put a patient into the scanner; one number is drawn from `rng`, for the noise.

    Parameters
    ----------
    brain : Brain
    lesions : sequence of (SimulatedLesion, Appearance)
        Where two overlap the first keeps the voxel.
    rng : numpy.random.Generator
    contrasts : sequence of Contrast
    context, signs, expected : mapping
        See :class:`SimulatedStudy`.
    position : ndarray of shape (4, 4), optional
        From :func:`head_position`; None for the brain's own axes.
    prior : SimulatedStudy, optional
    """
    return SimulatedStudy(
        brain=brain,
        position=np.eye(4) if position is None else position,
        lesions=tuple(lesions),
        labels=label_map(brain, [lesion for lesion, _ in lesions]),
        contrasts=tuple(contrasts),
        noise_seed=int(rng.integers(2**32)),
        context=context,
        signs=signs,
        expected=expected,
        prior=prior,
    )


def examined(patient: Patient, rng: np.random.Generator) -> SimulatedStudy:
    """Put a patient into the scanner at each of his dates, the earliest first.

    Parameters
    ----------
    patient : Patient
        `earlier` may have an earlier date itself; each gets a head position of its own, and
        its distance from the date before stands in the context, ``prior_interval_days``.
    rng : numpy.random.Generator

    Raises
    ------
    ValueError
        When the last date has no lesions and no date before it: no place was found for any.
    """
    if not patient.lesions and patient.earlier is None:
        raise ValueError(f"no room for a lesion of {patient.disease}")
    return _examined(patient, rng, last=True)


def _examined(patient: Patient, rng: np.random.Generator, *, last: bool) -> SimulatedStudy:
    prior, interval = None, {}
    if patient.earlier is not None:
        prior = _examined(patient.earlier, rng, last=False)
        interval = {"prior_interval_days": round(patient.months * DAYS_PER_MONTH)}
    return examine(
        patient.brain,
        patient.lesions,
        rng,
        ALL_CONTRASTS if last or patient.all_contrasts else PRIOR_CONTRASTS,
        context={**patient.context, **interval},
        signs=patient.signs,
        expected=patient.expected,
        position=None if last else head_position(rng),
        prior=prior,
    )


def head_position(rng: np.random.Generator) -> NDArray[np.float64]:
    """Where the head lay at another date: turned a few degrees, shifted a few mm."""
    angle = np.deg2rad(rng.uniform(2.0, 4.0))
    motion = np.eye(4)
    motion[0, 0] = motion[1, 1] = np.cos(angle)
    motion[0, 1], motion[1, 0] = -np.sin(angle), np.sin(angle)
    motion[:3, 3] = rng.uniform(-4.0, 4.0, 3)
    return np.round(motion, 6)


def dates(study: SimulatedStudy) -> tuple[SimulatedStudy, ...]:
    """The examinations of a patient, the earliest first."""
    earlier = () if study.prior is None else dates(study.prior)
    return (*earlier, study)


def _stored(image: NDArray[np.float32]) -> NDArray[np.integer[Any]]:
    """Whole numbers, in one byte where they fit: sample files stay small."""
    rounded = np.rint(image)
    byte = rounded.min() >= 0 and rounded.max() <= 255
    return rounded.astype(np.uint8 if byte else np.int16)


def _moved(grid: Grid, position: NDArray[np.float64]) -> Grid:
    """The grid after the head moved; written out, as products may round with threads."""
    return Grid(grid.shape, np.einsum("ij,jk->ik", position, grid.affine))
