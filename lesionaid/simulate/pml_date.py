"""One date of a patient with PML: how far the fronts have run, and what the stage adds.

Dots that the growing lesion reaches have fused with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lesionaid.simulate.brain import Brain
from lesionaid.simulate.halo import with_oedema
from lesionaid.simulate.lesions import SimulatedLesion, clear_of, occupied_by
from lesionaid.simulate.patient import structure_signs
from lesionaid.simulate.pml_case import PmlCase
from lesionaid.simulate.pml_dots import GAP_MM, satellites
from lesionaid.simulate.pml_look import pml_look, with_band, with_cysts
from lesionaid.simulate.pml_truth import pml_signs
from lesionaid.simulate.tissue import Appearance
from lesionaid.simulate.truth_signs import declared_signs
from lesionaid.simulate.uptake import border_pieces, soft_patches, spots

__all__ = ["DateLook", "PmlDate", "at_date"]

Placed = tuple[SimulatedLesion, Appearance]

DOTS, ROW_DOTS, ROWS = (4, 9), (4, 8), 3
"""Satellites asked for; dots along vessels, and how many vessels (proposed)."""

SPOTS = (5, 12)
"""Enhancing spots at the border (proposed)."""


@dataclass(frozen=True, slots=True)
class DateLook:
    """What a stage adds.

    Parameters
    ----------
    enhances : float
        Share of full enhancement; 0 for none.
    patterns : collection of str
        ``enhancement_patchy``, ``enhancement_punctate``, ``enhancement_peripheral``,
        ``enhancement_perivascular``, ``enhancing_punctate_satellites``.
    t1_dark, oedema, burnt_out, band : bool
        See :mod:`lesionaid.simulate.pml_look` and :mod:`lesionaid.simulate.halo`.
    """

    enhances: float = 0.0
    patterns: frozenset[str] = frozenset()
    t1_dark: bool = False
    oedema: bool = False
    burnt_out: bool = False
    band: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class PmlDate:
    """One date.

    Parameters
    ----------
    lesions : tuple of (SimulatedLesion, Appearance)
        In the order of their labels: plaques, foci, dots.
    signs : mapping
        What is true of them.
    dots : tuple of SimulatedLesion
    """

    lesions: tuple[Placed, ...]
    signs: Mapping[str, Any]
    dots: tuple[SimulatedLesion, ...]


def at_date(
    case: PmlCase,
    rng: np.random.Generator,
    volume_mm3: float,
    stage: DateLook,
    dots: Sequence[SimulatedLesion] = (),
    *,
    new_dots: bool = True,
) -> PmlDate:
    """The patient when the main focus has grown to a volume.

    Parameters
    ----------
    case : PmlCase
    rng : numpy.random.Generator
    volume_mm3 : float
    stage : DateLook
    dots : sequence of SimulatedLesion
        Those of the date before; the ones that the lesion has reached are gone.
    new_dots : bool
        Whether dots are added, where the case has them.
    """
    brain, drawn = case.brain, case.drawn
    plain = [
        course.lesion(volume_mm3 * part, None if course.site == "cerebellar" else case.border)
        for course, part in zip(case.courses, case.shares, strict=True)
    ]
    taken = occupied_by(brain.grid.shape, [lesion for lesion, _ in case.old])
    foci = occupied_by(brain.grid.shape, plain)
    kept = [dot for dot in dots if clear_of(brain, dot, foci, GAP_MM)]
    taken |= foci | occupied_by(brain.grid.shape, kept)
    if drawn["punctate_satellites"] and new_dots:
        rows = ROWS if drawn["perivascular_rows"] else 0
        count = int(rng.integers(*DOTS, endpoint=True))
        kept += satellites(brain, rng, plain[0], count, occupied=taken, vessels=rows)
        taken |= occupied_by(brain.grid.shape, kept)
    vessels: tuple[SimulatedLesion, ...] = ()
    if stage.enhances and "enhancement_perivascular" in stage.patterns:
        count = int(rng.integers(*ROW_DOTS, endpoint=True))
        vessels = satellites(brain, rng, plain[0], count, occupied=taken, vessels=2)
    shown = [_shown(case, rng, lesion, stage) for lesion in plain]
    dot_uptake = "enhancing_punctate_satellites" in stage.patterns
    quiet, bright = (_look(case, stage, share) for share in (0.0, stage.enhances))
    dark = _look(case, replace(stage, t1_dark=True), stage.enhances)
    new = (
        *((lesion, dark if lesion.site == "cerebellar" else bright) for lesion in shown),
        *((dot, bright if dot_uptake else quiet) for dot in kept),
        *((dot, bright) for dot in vessels),
    )
    new = tuple((_lit(lesion), look) for lesion, look in new)
    lesions = (*case.old, *new)
    signs = _signs(case, stage, lesions, len(shown), len(kept), len(vessels))
    return PmlDate(lesions, signs, (*kept, *vessels))


def _look(case: PmlCase, stage: DateLook, enhances: float) -> Appearance:
    return pml_look(
        dwi_bright=case.drawn["dwi_hyperintense"],
        t1_dark=stage.t1_dark,
        enhances=enhances,
        burnt_out=stage.burnt_out,
    )


def _shown(
    case: PmlCase, rng: np.random.Generator, lesion: SimulatedLesion, stage: DateLook
) -> SimulatedLesion:
    """A focus with cysts, uptake, halo and band as the case and the stage have them."""
    if case.drawn["microcyst"]:
        lesion = with_cysts(case.brain, rng, lesion)
    if stage.enhances:
        lesion = replace(lesion, uptake=_uptake(case.brain, rng, lesion, stage.patterns))
    if stage.band:
        lesion = with_band(case.brain, lesion)
    return with_oedema(case.brain, lesion) if stage.oedema else lesion


def _uptake(
    brain: Brain, rng: np.random.Generator, lesion: SimulatedLesion, patterns: frozenset[str]
) -> NDArray[np.float32]:
    """What the patterns name, the strongest where they overlap."""
    where = np.zeros_like(lesion.fraction)
    if "enhancement_patchy" in patterns:
        where = np.maximum(where, soft_patches(brain, rng, lesion))
    if "enhancement_punctate" in patterns:
        count = int(rng.integers(*SPOTS, endpoint=True))
        where = np.maximum(where, spots(brain, rng, lesion, count))
    if "enhancement_peripheral" in patterns:
        where = np.maximum(where, np.float32(0.7) * border_pieces(brain, rng, lesion))
    return where


def _lit(lesion: SimulatedLesion) -> SimulatedLesion:
    """A dot takes up contrast as a whole."""
    whole = lesion.role == "satellite"
    return replace(lesion, uptake=np.ones_like(lesion.fraction)) if whole else lesion


def _signs(
    case: PmlCase,
    stage: DateLook,
    lesions: tuple[Placed, ...],
    n_foci: int,
    n_dots: int,
    n_vessels: int,
) -> dict[str, Any]:
    old = len(case.old)
    foci = lesions[old : old + n_foci]
    structure = structure_signs(lesions)
    banded = [n for n in range(old + 1, old + n_foci + 1) if lesions[n - 1][0].iron is not None]
    rims = [n for n in structure["paramagnetic_rim_lesions"] if n not in banded]
    named = ("enhancement_patchy", "enhancement_punctate", "enhancement_peripheral")
    enhances = stage.enhances > 0
    return {
        **pml_signs(case.brain, foci, plaques=old > 0),
        **declared_signs(case.brain, lesions),
        **{name: enhances and name in stage.patterns for name in named},
        "enhancement_perivascular": n_vessels >= 3,
        "enhancing_punctate_satellites": enhances
        and n_dots >= 3
        and "enhancing_punctate_satellites" in stage.patterns,
        "oedema": stage.oedema,
        "swi_hypointense_rim": bool(banded),
        "pml_lesion": old + 1,
        "new_or_enlarging_lesions": list(range(old + 1, len(lesions) + 1)),
        **structure,
        "paramagnetic_rim_lesions": rims,
    }
