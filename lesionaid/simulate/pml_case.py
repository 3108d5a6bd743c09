"""One patient with PML: what stays the same over the years.

Place, borders, the way of the front and old plaques are drawn once, in :func:`draw_case`; what
a date adds is in :mod:`lesionaid.simulate.pml_date`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lesionaid.simulate.brain import Brain
from lesionaid.simulate.frequencies import draw_signs
from lesionaid.simulate.lesions import SimulatedLesion, occupied_by
from lesionaid.simulate.pml import crescent_course, deep_course, pml_course
from lesionaid.simulate.pml_front import ILL_DEFINED_MM, SHARP_MM, Border, PmlCourse
from lesionaid.simulate.pml_sites import LOBES, draw_site, lobe_cores
from lesionaid.simulate.tissue import Appearance

__all__ = ["PmlCase", "draw_case"]

Placed = tuple[SimulatedLesion, Appearance]

BLURRED_CORTEX_MM = 4.0
"""Width of a border that is ill-defined towards grey matter (proposed)."""

SECOND_SHARE, DEEP_SHARE, CRESCENT_SHARE = 0.4, 0.12, 0.25
"""Volumes of further foci over that of the main one (proposed)."""

LARGEST_MM = 70.0
"""Longest side of a focus (proposed, above the 35 mm of a ball of the 22.9 ml that PML whose
virus was found has in the median; PMC5885213)."""

LARGEST_CRESCENT_MM3 = 4_500.0
"""Of a crescent: white matter round one dentate nucleus holds hardly more."""


@dataclass(frozen=True, slots=True, eq=False)
class PmlCase:
    """What stays the same.

    Parameters
    ----------
    brain : Brain
    old : tuple of (SimulatedLesion, Appearance)
        Plaques.
    courses : tuple of PmlCourse
        The main focus first.
    shares : tuple of float
        Volume of each focus over that of the main one.
    volume_mm3 : float
        Of the main focus at the last date.
    drawn : mapping of str to bool
        Signs that were drawn; what is true is measured afterwards.
    """

    brain: Brain
    old: tuple[Placed, ...]
    courses: tuple[PmlCourse, ...]
    shares: tuple[float, ...]
    volume_mm3: float
    drawn: Mapping[str, bool]

    @property
    def border(self) -> Border:
        """Widths that the draw asks for."""
        return Border(
            ILL_DEFINED_MM if self.drawn["border_white_matter_ill_defined"] else SHARP_MM,
            BLURRED_CORTEX_MM if self.drawn["border_grey_matter_ill_defined"] else SHARP_MM,
        )


def draw_case(
    brain: Brain,
    rng: np.random.Generator,
    old: Sequence[Placed],
    volume_mm3: float,
    *,
    active: bool = False,
) -> PmlCase:
    """Draw the signs and find room for the foci.

    Parameters
    ----------
    brain : Brain
        With MNI coordinates.
    rng : numpy.random.Generator
    old : sequence of (SimulatedLesion, Appearance)
        Plaques, kept clear of.
    volume_mm3 : float
        Of the main focus at the last date; a cerebellar crescent has at most 4.5 ml.
    active : bool
        Frequencies of clinically active PML; otherwise those of early PML.

    Raises
    ------
    ValueError
        When the brain has no room for the main focus.
    """
    drawn = draw_signs("pml_active" if active else "pml", rng)
    taken = occupied_by(brain.grid.shape, [plaque for plaque, _ in old])
    site = _main_site(rng, drawn, active=active)
    main = _focus(brain, rng, site, volume_mm3, taken, cortical=drawn["cortical_gm"])
    if main is None:
        raise ValueError(f"no room for a focus of {volume_mm3:.0f} mm3 in {site}")
    largest = min(volume_mm3, LARGEST_CRESCENT_MM3) if site == "cerebellum" else volume_mm3
    courses, shares = [main], [1.0]
    for other, part in _others(rng, drawn, site, active=active):
        view = courses[-1].lesion(largest * shares[-1])
        taken[view.box] |= view.mask
        further = _focus(brain, rng, other, largest * part, taken, cortical=drawn["cortical_gm"])
        if further is not None:
            courses.append(further)
            shares.append(part)
    return PmlCase(brain, tuple(old), tuple(courses), tuple(shares), largest, drawn)


def _focus(
    brain: Brain,
    rng: np.random.Generator,
    site: str,
    volume_mm3: float,
    taken: NDArray[np.bool_],
    *,
    cortical: bool,
) -> PmlCourse | None:
    if site == "cerebellum":
        volume = min(volume_mm3, LARGEST_CRESCENT_MM3)
        return crescent_course(brain, rng, volume, occupied=taken)
    if site in ("putamen", "thalamus"):
        return deep_course(brain, rng, volume_mm3, site, occupied=taken)
    return pml_course(
        brain,
        rng,
        volume_mm3,
        occupied=taken,
        cortical=cortical,
        seeds=lobe_cores(brain)[site],
        along_tracts=True,
        largest_mm=LARGEST_MM,
        tries=20,
    )


def _main_site(rng: np.random.Generator, drawn: Mapping[str, bool], *, active: bool) -> str:
    """Where the main focus starts; in active PML in the cerebellum only with its crescent."""
    site = draw_site(rng)
    while active and site == "cerebellum" and not drawn["cerebellar_crescent"]:
        site = draw_site(rng)
    return site


def _others(
    rng: np.random.Generator, drawn: Mapping[str, bool], site: str, *, active: bool
) -> list[tuple[str, float]]:
    """Further foci: another lobe, deep grey matter, and in active PML a crescent."""
    others: list[tuple[str, float]] = []
    if drawn["widespread"]:
        lobes = [lobe for lobe in LOBES if lobe != site]
        others.append((lobes[int(rng.integers(len(lobes)))], SECOND_SHARE))
    if drawn["deep_gm"]:
        others.append(("putamen" if rng.random() < 0.5 else "thalamus", DEEP_SHARE))
    if active and drawn["cerebellar_crescent"] and site != "cerebellum":
        others.append(("cerebellum", CRESCENT_SHARE))
    return others
