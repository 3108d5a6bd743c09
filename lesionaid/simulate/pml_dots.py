"""Dots of PML: satellites round the main lesion, loose or in rows along vessels.

References
----------
Punctate lesions under 5 mm: Wijburg et al. 2016, doi 10.1136/jnnp-2016-313772. "Milky way" of
dots, perivascular: Hodel et al. 2016, PMID 27009257; one autopsy, PMC6852116.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lesionaid.simulate.brain import Brain
from lesionaid.simulate.lesions import SimulatedLesion, box_around, clear_of, offsets_mm

__all__ = ["GAP_MM", "SMALL_MM3", "satellites"]

GAP_MM = 2.5
"""Distance kept from other lesions, and of satellites from the main lesion."""

SATELLITE_MM = (2.4, 4.7)
"""Diameters of satellites (proposed within "under 5 mm": never a speck under 3 mm3)."""

SATELLITE_REACH_MM = 16.0
"""How far from the main lesion satellites lie (proposed, inside the 20 mm of a group)."""

VESSEL_WIDTH_MM, VESSEL_LENGTH_MM = 1.5, 30.0
"""Half width and length of a row of dots (proposed)."""

LINES_TRIED = 8
"""Lines of which one becomes a row (proposed)."""

SPECK_MM3, SMALL_MM3 = 3.0, np.pi / 6 * 5.0**3
"""A satellite's mask lies between these volumes."""


def satellites(
    brain: Brain,
    rng: np.random.Generator,
    main: SimulatedLesion,
    count: int,
    *,
    occupied: NDArray[np.bool_],
    ventricle_gap_mm: float = 10.0,
    vessels: int = 0,
    tries: int = 400,
) -> tuple[SimulatedLesion, ...]:
    """Dots in white matter round the main lesion, each apart from everything else.

    Parameters
    ----------
    brain : Brain
    rng : numpy.random.Generator
    main : SimulatedLesion
    count : int
        Dots asked for; fewer come back where there is no room.
    occupied : ndarray of bool, shape brain.grid.shape
        Voxels of other lesions; the main lesion need not be among them.
    ventricle_gap_mm : float
    vessels : int
        Lines, from the cortex inwards as medullary vessels run, on which alone dots are put;
        with 0 they lie anywhere near the main lesion.
    tries : int
        Places that are tried in all.
    """
    taken = occupied.copy()
    taken[main.box] |= main.mask
    places = _places_near(brain, main, ventricle_gap_mm)
    if vessels and len(places):
        places = _along_vessels(brain, rng, places, vessels)
    dots: list[SimulatedLesion] = []
    for _ in range(tries):
        if len(dots) == count or len(places) == 0:
            break
        centre = brain.grid.to_mm(
            places[int(rng.integers(len(places)))] + rng.uniform(-0.5, 0.5, 3)
        )
        dot = _dot(brain, centre, float(rng.uniform(*SATELLITE_MM)))
        volume = np.count_nonzero(dot.mask) * brain.grid.voxel_volume_mm3
        if SPECK_MM3 < volume < SMALL_MM3 and clear_of(brain, dot, taken, GAP_MM):
            dots.append(dot)
            taken[dot.box] |= dot.mask
    return tuple(dots)


def _along_vessels(
    brain: Brain, rng: np.random.Generator, places: NDArray[np.intp], count: int
) -> NDArray[np.intp]:
    """Places near lines that run as the distance to the cortex grows fastest.

    Of some lines through random places the one that has most places is taken, so that a row has
    room for several dots.
    """
    at = brain.grid.to_mm(places)
    near = np.zeros(len(places), dtype=bool)
    for _ in range(count):
        lines = [
            _near_line(at, at[start], _away_from_cortex(brain, places[start]))
            for start in rng.integers(len(places), size=LINES_TRIED)
        ]
        near |= max(lines, key=np.count_nonzero)
    return places[near]


def _near_line(
    at: NDArray[np.float64], middle: NDArray[np.float64], direction: NDArray[np.float64]
) -> NDArray[np.bool_]:
    away = at - middle
    along = (away * direction).sum(axis=1)
    aside = np.sqrt(((away - along[:, None] * direction) ** 2).sum(axis=1))
    near: NDArray[np.bool_] = (aside <= VESSEL_WIDTH_MM) & (np.abs(along) <= VESSEL_LENGTH_MM / 2)
    return near


def _away_from_cortex(brain: Brain, voxel: NDArray[np.intp]) -> NDArray[np.float64]:
    """Unit vector along which the distance to the cortex grows."""
    reach = 2
    x, y, z = (
        slice(max(0, int(v) - reach), min(size, int(v) + reach + 1))
        for v, size in zip(voxel, brain.grid.shape, strict=True)
    )
    block = np.clip(brain.cortex_mm[x, y, z], -10, 100)
    slope = np.array([gradient.mean() for gradient in np.gradient(block, *brain.grid.spacing_mm)])
    length = float(np.linalg.norm(slope))
    return slope / length if length > 0 else np.array([0.0, 0.0, 1.0])


def _places_near(brain: Brain, main: SimulatedLesion, ventricle_gap_mm: float) -> NDArray[np.intp]:
    from scipy.ndimage import distance_transform_edt

    apart = np.ones(brain.grid.shape, dtype=bool)
    apart[main.box] &= ~main.mask
    reach = [int(np.ceil(SATELLITE_REACH_MM / step)) for step in brain.grid.spacing_mm]
    wide = tuple(
        slice(max(0, side.start - r), min(size, side.stop + r))
        for side, r, size in zip(main.box, reach, brain.grid.shape, strict=True)
    )
    away = distance_transform_edt(apart[wide], sampling=brain.grid.spacing_mm)
    below = bool(brain.infratentorial[main.box][main.mask].mean() > 0.5)
    good = (
        (away > GAP_MM + SATELLITE_MM[1] / 2)
        & (away <= SATELLITE_REACH_MM)
        & (brain.white[wide] > 0.8)
        & (brain.ventricle_mm[wide] > ventricle_gap_mm)
        & (brain.infratentorial[wide] == below)
    )
    places: NDArray[np.intp] = np.argwhere(good) + np.array([side.start for side in wide])
    return places


def _dot(brain: Brain, centre_mm: NDArray[np.float64], diameter_mm: float) -> SimulatedLesion:
    centre_voxel = np.rint(brain.grid.to_voxel(centre_mm)).astype(int)
    box = box_around(brain.grid, centre_voxel, diameter_mm / 2 + 2 * max(brain.grid.spacing_mm))
    x, y, z = offsets_mm(brain.grid, box, centre_mm)
    depth = diameter_mm / 2 - np.sqrt(x * x + y * y + z * z)
    edge = max(brain.grid.spacing_mm)
    fraction = np.clip(0.5 + depth / edge, 0, 1).astype(np.float32)
    return SimulatedLesion(
        box,
        fraction,
        np.zeros_like(fraction),
        "pml",
        "satellite",
        "white_matter",
        diameter_mm,
    )
