"""Which named sites the placed lesions lie in, by the brain's own MNI coordinates.

As in :mod:`lesionaid.simulate.observed`: true where a lesion meets the definition, false where
none comes near, left out in between. Places were read off the template, apart from the map that
lesionaid measures with.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lesionaid.simulate.brain import Brain
from lesionaid.simulate.landmarks import PATHS, POINTS, Point, fluid_mm
from lesionaid.simulate.lesions import SimulatedLesion
from lesionaid.simulate.observed import span_mm, tell
from lesionaid.simulate.truth_sites import in_callosum

__all__ = ["mni_of", "site_signs"]

Coordinates = NDArray[np.float64]

SEEN_MM3 = 14.0
"""A ball of 3 mm: the least that lies in a site, as in the catalogue's callosal sign."""

REGIONS: Mapping[str, tuple[Point, Point]] = {
    "medulla": ((0.0, -50.0, -72.0), (11.0, -24.0, -49.0)),
    "pons": ((0.0, -42.0, -46.0), (16.0, -12.0, -20.0)),
    "midbrain": ((0.0, -38.0, -18.0), (16.0, -12.0, -6.0)),
    "deep_gm_thalamus": ((2.0, -30.0, 1.0), (15.0, -5.0, 14.0)),
    "hypothalamus": ((0.0, -12.0, -16.0), (7.0, 4.0, -6.0)),
}
"""Opposite corners in MNI mm, the same on both sides; read off the template."""

DORSAL_MEDULLA_MM = 5.0
"""From the floor of the fourth ventricle between z -54 and -64 (proposed)."""

TRACT_MM, CAPSULE_Z, PEDUNCLE_Z, TRACT_GAP_MM = 7.0, 4.0, -11.0, 4.0
"""A long corticospinal lesion lies this near the tract's middle line, from the posterior limb
down into the peduncle, without a gap (proposed; the sign asks for capsule and peduncle)."""

PEDUNCLE_RADIUS_MM, PEDUNCLE_MM3 = 11.0, 600.0
"""A diffuse peduncle lesion fills this much of a ball round the middle peduncle (proposed)."""

TOUCHES_MM, LINING_MM, LINING_LENGTH_MM = 1.5, 3.0, 14.0
"""A lining touches the fluid, and runs this far within this distance of it (proposed)."""

BAND_MM, BAND_SHARE = 6.0, 0.8
"""A band along a lateral ventricle has this share of its volume this near (proposed)."""

FULL_THICKNESS, SPLENIUM_Y = 0.7, -28.0
"""Share of the splenium in the midline that a full-thickness lesion fills (proposed)."""


def mni_of(brain: Brain, lesion: SimulatedLesion) -> Coordinates:
    """MNI mm of the lesion's voxels, shape (n, 3).

    Raises
    ------
    ValueError
        When the brain knows no MNI coordinates.
    """
    if brain.mni_mm is None:
        raise ValueError("this brain knows no MNI coordinates, so it has no named sites")
    return np.asarray(brain.mni_mm[lesion.box][lesion.mask], dtype=float)


def site_signs(brain: Brain, lesions: Sequence[SimulatedLesion]) -> dict[str, bool]:
    """Signs of the catalogue that name a place.

    Parameters
    ----------
    brain : Brain
        With MNI coordinates.
    lesions : sequence of SimulatedLesion

    Returns
    -------
    dict
        Without the signs that are neither plainly true nor plainly false.
    """
    points = [mni_of(brain, lesion) for lesion in lesions]
    voxel = brain.grid.voxel_volume_mm3
    signs: dict[str, bool] = {}
    for sign, inside in _places().items():
        tell(signs, sign, (float(inside(at).sum()) * voxel for at in points), SEEN_MM3)
    tell(signs, "callosal_acute_oedematous", _splenium_filled(brain, lesions), FULL_THICKNESS)
    peduncle = [float(_in_peduncle(at).sum()) * voxel for at in points]
    tell(signs, "cerebellar_peduncle", peduncle, SEEN_MM3)
    tell(signs, "cerebellar_peduncle_diffuse", peduncle, PEDUNCLE_MM3)
    signs["corticospinal_tract_long"] = any(_follows_tract(at) for at in points)
    return {**signs, **_linings(brain, lesions)}


def _places() -> Mapping[str, Callable[[Coordinates], NDArray[np.bool_]]]:
    def boxed(low: Point, high: Point) -> Callable[[Coordinates], NDArray[np.bool_]]:
        def inside(at: Coordinates) -> NDArray[np.bool_]:
            folded = np.column_stack([np.abs(at[:, 0]), at[:, 1], at[:, 2]])
            return np.asarray(((folded >= low) & (folded <= high)).all(axis=1))

        return inside

    def dorsal(at: Coordinates) -> NDArray[np.bool_]:
        line = np.array([point for point in PATHS["area_postrema"] if point[2] >= -64.0])
        return _to_line(at, line) <= DORSAL_MEDULLA_MM

    named = {sign: boxed(*corners) for sign, corners in REGIONS.items()}
    return {**named, "area_postrema": dorsal}


def _to_line(at: Coordinates, line: Coordinates) -> Coordinates:
    """Distance of points to a broken line."""
    best = np.full(len(at), np.inf)
    for start, end in pairwise(line):
        step = end - start
        along = np.clip(((at - start) * step).sum(axis=1) / (step * step).sum(), 0, 1)
        best = np.minimum(best, np.linalg.norm(at - start - along[:, None] * step, axis=1))
    return best


def _follows_tract(at: Coordinates) -> bool:
    folded = np.column_stack([np.abs(at[:, 0]), at[:, 1], at[:, 2]])
    sides = (at[:, 0] > 0, at[:, 0] < 0)
    near = _to_line(folded, np.array(PATHS["corticospinal"])) <= TRACT_MM
    for side in sides:
        heights = np.sort(at[near & side, 2])
        if len(heights) and heights[0] <= PEDUNCLE_Z and heights[-1] >= CAPSULE_Z:
            within = heights[(heights >= PEDUNCLE_Z - 2) & (heights <= CAPSULE_Z + 2)]
            if np.diff(within).max(initial=0.0) <= TRACT_GAP_MM:
                return True
    return False


def _in_peduncle(at: Coordinates) -> NDArray[np.bool_]:
    folded = np.column_stack([np.abs(at[:, 0]), at[:, 1], at[:, 2]])
    away = np.linalg.norm(folded - np.array(POINTS["middle_peduncle"]), axis=1)
    return np.asarray(away <= PEDUNCLE_RADIUS_MM)


def _splenium_filled(brain: Brain, lesions: Sequence[SimulatedLesion]) -> list[float]:
    """Share of the splenium's midline voxels in each lesion."""
    assert brain.mni_mm is not None
    middle = (np.abs(brain.mni_mm[..., 0]) <= 2.0) & (brain.white > 0.5)
    places = np.argwhere(middle)
    at = np.asarray(brain.mni_mm[middle], dtype=float)
    here = places[in_callosum(at) & (at[:, 1] < SPLENIUM_Y)]
    shares = []
    for one in lesions:
        start = np.array([side.start for side in one.box])
        local = here - start
        inside = ((local >= 0) & (local < one.mask.shape)).all(axis=1)
        hit = one.mask[tuple(local[inside].T)].sum() if inside.any() else 0
        shares.append(float(hit) / max(len(here), 1))
    return shares


def _linings(brain: Brain, lesions: Sequence[SimulatedLesion]) -> dict[str, bool]:
    """Linings of the third and fourth ventricle with the aqueduct, and of the lateral ones."""
    signs: dict[str, bool] = {}
    midline = fluid_mm(brain, "third_ventricle", "aqueduct", "fourth_ventricle")
    aqueduct = fluid_mm(brain, "aqueduct")
    tell(signs, "periependymal_3rd_4th", [_run(brain, midline, o) for o in lesions], 1.0)
    tell(signs, "periaqueductal", [_amount(brain, aqueduct, o) for o in lesions], SEEN_MM3)
    side = brain.ventricle_mm
    bands = []
    for one in lesions:
        near = side[one.box][one.mask] <= BAND_MM
        bands.append(_run(brain, side, one) * float(near.mean() >= BAND_SHARE))
    touched = any(_run(brain, side, one) > 0 for one in lesions)
    if max(bands, default=0.0) >= 1.0 or not touched:
        signs["periependymal_lateral_ventricle"] = max(bands, default=0.0) >= 1.0
    return signs


def _amount(brain: Brain, away: NDArray[np.float32], lesion: SimulatedLesion) -> float:
    """Volume within the thickness of a lining, where the lesion touches the fluid."""
    depth = away[lesion.box][lesion.mask]
    if depth.min() > TOUCHES_MM:
        return 0.0
    return float((depth <= LINING_MM).sum()) * brain.grid.voxel_volume_mm3


def _run(brain: Brain, away: NDArray[np.float32], lesion: SimulatedLesion) -> float:
    """How far it runs along the fluid, over the length of a lining; 0 where it touches none."""
    depth = away[lesion.box]
    if depth[lesion.mask].min() > TOUCHES_MM:
        return 0.0
    return span_mm(brain, np.argwhere(lesion.mask & (depth <= LINING_MM))) / LINING_LENGTH_MM
