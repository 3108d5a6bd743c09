"""Simulated studies with known answers: relapsing MS, and MS with one PML focus."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lesionaid.geometry import Grid
from lesionaid.simulate.brain import Brain, BrainSettings, make_brain
from lesionaid.simulate.contrast import render
from lesionaid.simulate.lesions import (
    LesionTruth,
    SimulatedLesion,
    label_map,
    occupied_by,
    truth_of,
)
from lesionaid.simulate.ms import ms_lesions
from lesionaid.simulate.pml import GROWTH_PER_MONTH, pml_course, satellites, volume_before
from lesionaid.simulate.tissue import Appearance, ms_appearance, pml_appearance
from lesionaid.study.scan import Contrast

__all__ = ["DIFFUSION_VOXEL", "SimulatedStudy", "simulate_ms", "simulate_pml"]

DIFFUSION_VOXEL = 2
"""Voxels of the brain's grid to one voxel of DWI and ADC, per axis."""

WHITE_MATTER_LEVEL = 60.0
"""Stored signal of white matter: noise of 3 % spans two units, CSF on T2w fits a byte."""

ALL_CONTRASTS = (
    Contrast.FLAIR,
    Contrast.T1W,
    Contrast.T1W_CE,
    Contrast.T2W,
    Contrast.DWI,
    Contrast.ADC,
)
PRIOR_CONTRASTS = (Contrast.FLAIR, Contrast.T1W)


@dataclass(frozen=True, slots=True, eq=False)
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
    scans : mapping of Contrast to ndarray
        Stored values; DWI and ADC on :func:`~lesionaid.simulate.contrast.coarse_grid`.
    context : mapping
        Clinical context, made up.
    signs : mapping
        What is true of the patient by construction.
    expected : mapping
        What lesionaid should say.
    prior : SimulatedStudy or None
    """

    brain: Brain
    position: NDArray[np.float64]
    lesions: tuple[tuple[SimulatedLesion, Appearance], ...]
    labels: NDArray[np.int32]
    scans: Mapping[Contrast, NDArray[np.integer[Any]]]
    context: Mapping[str, Any]
    signs: Mapping[str, Any]
    expected: Mapping[str, Any]
    prior: SimulatedStudy | None = None

    @property
    def grid(self) -> Grid:
        """The grid of mask and structural scans, with the head where it lay."""
        return _moved(self.brain.grid, self.position)

    @property
    def truth(self) -> tuple[LesionTruth, ...]:
        """What is true of each lesion, centroids in scanner mm."""
        here = replace(self.brain, grid=self.grid)
        return truth_of(here, self.labels, [lesion for lesion, _ in self.lesions])


def simulate_ms(
    seed: int, *, count: int = 22, settings: BrainSettings | None = None
) -> SimulatedStudy:
    """A patient with relapsing MS; one plaque enhances as a nodule, one as a ring.

    Parameters
    ----------
    seed : int
    count : int
        Plaques.
    settings : BrainSettings, optional
    """
    rng = np.random.default_rng(seed)
    brain = make_brain(rng, settings or BrainSettings(ventricle_mm=1.5))
    plaques = ms_lesions(brain, rng, count)
    by_size = sorted(range(len(plaques)), key=lambda n: -plaques[n].diameter_mm)
    enhancing = dict(zip(by_size[1:3], ("nodular", "ring"), strict=False))
    lesions = tuple(
        (_with_ring(plaque, brain), ms_appearance(rng, enhancement=enhancing.get(n, "none")))
        for n, plaque in enumerate(plaques)
    )
    return _examine(
        brain,
        lesions,
        rng,
        ALL_CONTRASTS,
        context={"host": "ms", "drug": "none"},
        signs={
            "punctate_satellites_of_pml": False,
            "enhancing_lesions": sorted(n + 1 for n in enhancing),
        },
        expected={"pattern_is_not": "pml_like", "alert_lesions": []},
    )


def simulate_pml(
    seed: int,
    *,
    volume_mm3: float = 10_000.0,
    months: float = 3.0,
    plaques: int = 8,
    dots: int = 7,
    settings: BrainSettings | None = None,
) -> SimulatedStudy:
    """A patient with old MS plaques and one PML focus, and the examination before.

    Parameters
    ----------
    seed : int
    volume_mm3 : float
        Of the PML focus now.
    months : float
        Since the prior, at which the focus was smaller by :data:`GROWTH_PER_MONTH` a month
        and had no satellites.
    plaques, dots : int
        MS plaques, the same at both dates; satellites.
    settings : BrainSettings, optional

    Raises
    ------
    ValueError
        When the brain has no room for the focus: choose another seed or a smaller volume.
    """
    rng = np.random.default_rng(seed)
    brain = make_brain(rng, settings or BrainSettings(ventricle_mm=1.0))
    old = ms_lesions(brain, rng, plaques)
    occupied = occupied_by(brain.grid.shape, old)
    course = pml_course(brain, rng, volume_mm3, occupied=occupied, cortical=True)
    if course is None:
        raise ValueError(f"seed {seed}: no room for a focus of {volume_mm3:g} mm3")
    focus = course.lesion(volume_mm3)
    around = satellites(brain, rng, focus, dots, occupied=occupied)
    earlier = course.lesion(volume_before(volume_mm3, months))
    ms = tuple((plaque, ms_appearance(rng)) for plaque in old)
    context = {"host": "ms", "drug": "natalizumab"}
    prior = _examine(
        brain,
        (*ms, (earlier, pml_appearance())),
        rng,
        PRIOR_CONTRASTS,
        position=_head_position(rng),
        context={**context, "drug_months": 30 - months},
        signs={"pml_lesion": len(ms) + 1},
        expected={},
    )
    pml = len(ms) + 1
    return replace(
        _examine(
            brain,
            (*ms, (focus, pml_appearance()), *((dot, pml_appearance()) for dot in around)),
            rng,
            ALL_CONTRASTS,
            context={**context, "drug_months": 30, "prior_interval_days": round(months * 30.4)},
            signs={
                "pml_lesion": pml,
                "satellites": [pml + 1 + n for n in range(len(around))],
                "new_or_enlarging": [pml, *(pml + 1 + n for n in range(len(around)))],
                "unchanged": [n + 1 for n in range(len(ms))],
                "juxtacortical": True,
                "periventricular": False,
                "mass_effect": False,
                "contrast_enhancement": False,
                "dwi_rim": True,
                "growth_percent_per_month": round(100 * GROWTH_PER_MONTH, 1),
            },
            expected={"pattern": "pml_like", "alert_lesions": [pml]},
        ),
        prior=prior,
    )


def _examine(
    brain: Brain,
    lesions: tuple[tuple[SimulatedLesion, Appearance], ...],
    rng: np.random.Generator,
    contrasts: Sequence[Contrast],
    *,
    context: Mapping[str, Any],
    signs: Mapping[str, Any],
    expected: Mapping[str, Any],
    position: NDArray[np.float64] | None = None,
) -> SimulatedStudy:
    scans = {}
    for contrast in contrasts:
        coarser = DIFFUSION_VOXEL if contrast in (Contrast.DWI, Contrast.ADC) else 1
        image = render(
            brain,
            lesions,
            contrast,
            rng,
            white_matter_level=WHITE_MATTER_LEVEL,
            coarser=coarser,
        )
        scans[contrast] = _stored(image)
    return SimulatedStudy(
        brain=brain,
        position=np.eye(4) if position is None else position,
        lesions=lesions,
        labels=label_map(brain, [lesion for lesion, _ in lesions]),
        scans=scans,
        context=context,
        signs=signs,
        expected=expected,
    )


def _stored(image: NDArray[np.float32]) -> NDArray[np.integer[Any]]:
    """Whole numbers, in one byte where they fit: sample files stay small."""
    rounded = np.rint(image)
    return rounded.astype(np.uint8 if rounded.max() <= 255 else np.int16)


def _with_ring(plaque: SimulatedLesion, brain: Brain) -> SimulatedLesion:
    """A plaque whose outer 2 mm are its rim, for ring enhancement."""
    from scipy.ndimage import distance_transform_edt

    depth = distance_transform_edt(plaque.mask, sampling=brain.grid.spacing_mm)
    rim = np.clip(3.0 - depth, 0, 1).astype(np.float32)
    return replace(plaque, rim=rim)


def _head_position(rng: np.random.Generator) -> NDArray[np.float64]:
    """Where the head lay at another date: turned a few degrees, shifted a few mm."""
    angle = np.deg2rad(rng.uniform(2.0, 4.0))
    motion = np.eye(4)
    motion[0, 0] = motion[1, 1] = np.cos(angle)
    motion[0, 1], motion[1, 0] = -np.sin(angle), np.sin(angle)
    motion[:3, 3] = rng.uniform(-4.0, 4.0, 3)
    return np.round(motion, 6)


def _moved(grid: Grid, position: NDArray[np.float64]) -> Grid:
    """The grid after the head moved; written out, as products may round with threads."""
    return Grid(grid.shape, np.einsum("ij,jk->ik", position, grid.affine))
