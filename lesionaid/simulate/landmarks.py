"""Named sites of the simulated brain, in MNI mm, drawn apart from the map that measures.

Points and boxes were read off the template (ICBM 2009a nonlinear symmetric; Fonov et al.,
NeuroImage 2011;54:313) by the tissue that lies there: ventricles, aqueduct and callosum by
their outline in the midline, thalamus, putamen and middle peduncle by axial slices. The
corticospinal tract takes the posterior half of the posterior limb (Kim YH et al.,
NeuroReport 2008;19:817; Zarei et al., J Magn Reson Imaging 2007;25:48). Good to some 3 mm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from lesionaid.geometry import Grid
from lesionaid.simulate.brain import Brain
from lesionaid.simulate.fields import FloatArray, signed_distance_mm

__all__ = ["BOXES", "PATHS", "POINTS", "fluid_mm", "path_mm", "point_mm", "within_box"]

Point = tuple[float, float, float]

NEAR_MM = 25.0
"""As far as distances to a ventricle are computed."""

POINTS: Mapping[str, Point] = {
    "area_postrema": (0.0, -46.0, -58.0),
    "aqueduct": (0.0, -32.0, -9.0),
    "third_ventricle": (0.0, -8.0, -2.0),
    "fourth_ventricle": (0.0, -41.0, -36.0),
    "hypothalamus": (4.0, -4.0, -11.0),
    "thalamus": (12.0, -18.0, 8.0),
    "putamen": (27.0, 2.0, 4.0),
    "middle_peduncle": (21.0, -45.0, -37.0),
    "pons": (0.0, -25.0, -31.0),
    "midbrain": (8.0, -20.0, -12.0),
    "medulla": (3.0, -35.0, -52.0),
    "splenium": (0.0, -37.0, 14.0),
}
"""Right of the midline or on it; the left is the mirror image."""

PATHS: Mapping[str, Sequence[Point]] = {
    "corticospinal": (
        (27.0, -22.0, 42.0),
        (26.0, -20.0, 28.0),
        (23.0, -18.0, 14.0),
        (20.0, -17.0, 2.0),
        (15.0, -18.0, -11.0),
        (12.0, -19.0, -17.0),
        (7.0, -23.0, -29.0),
        (5.0, -27.0, -40.0),
    ),
    "aqueduct": (
        (0.0, -28.0, -4.0),
        (0.0, -29.0, -6.0),
        (0.0, -32.0, -9.0),
        (0.0, -34.0, -12.0),
        (0.0, -35.0, -15.0),
    ),
    "area_postrema": (
        (0.0, -44.0, -54.0),
        (0.0, -45.5, -57.0),
        (0.0, -47.0, -60.0),
        (0.0, -49.0, -64.0),
        (0.0, -50.0, -68.0),
    ),
    "splenium": (
        (-18.0, -44.0, 20.0),
        (-10.0, -41.0, 17.0),
        (0.0, -37.0, 14.0),
        (10.0, -41.0, 17.0),
        (18.0, -44.0, 20.0),
    ),
}
"""Middle lines: corona radiata to the lower pons on the right, the aqueduct, the floor of the
fourth ventricle from above the obex into the cord, and the splenium's arch."""

BOXES: Mapping[str, tuple[Point, Point]] = {
    "third_ventricle": ((-5.0, -26.0, -10.0), (5.0, 3.0, 8.0)),
    "aqueduct": ((-3.0, -36.0, -14.0), (3.0, -26.0, -5.0)),
    "fourth_ventricle": ((-13.0, -50.0, -54.0), (13.0, -33.0, -14.0)),
    "callosum": ((-12.0, -48.0, 0.0), (12.0, 36.0, 34.0)),
    "frontal": ((15.0, 5.0, 10.0), (50.0, 55.0, 60.0)),
    "brainstem": ((-18.0, -45.0, -64.0), (18.0, -12.0, -8.0)),
}
"""Opposite corners."""


def within_box(brain: Brain, name: str, *, mirrored: bool = False) -> NDArray[np.bool_]:
    """Voxels of a box of :data:`BOXES`; mirrored, of its image on the left.

    Raises
    ------
    ValueError
        When the brain knows no MNI coordinates.
    """
    low, high = BOXES[name]
    mni = _mni(brain)
    inside = np.ones(brain.grid.shape, dtype=bool)
    for axis in range(3):
        at = -mni[..., 0] if mirrored and axis == 0 else mni[..., axis]
        inside &= (at >= low[axis]) & (at <= high[axis])
    return inside


def point_mm(brain: Brain, point: Point, *, left: bool = False) -> NDArray[np.float64]:
    """The brain's own mm of a point in MNI mm: the voxel that comes from nearest to it."""
    x, y, z = point
    mni = _mni(brain)
    away = (
        (mni[..., 0] - (-x if left else x)) ** 2 + (mni[..., 1] - y) ** 2 + (mni[..., 2] - z) ** 2
    )
    voxel = np.unravel_index(int(np.argmin(away)), brain.grid.shape)
    return np.asarray(brain.grid.to_mm(np.array(voxel)), dtype=float)


def path_mm(brain: Brain, name: str, *, left: bool = False) -> NDArray[np.float64]:
    """Points of a middle line, shape (n, 3), in the brain's own mm."""
    place = partial(point_mm, brain, left=left)
    return np.stack([place(point) for point in PATHS[name]])


def fluid_mm(brain: Brain, *names: str) -> FloatArray:
    """Signed distance to the CSF of boxes, such as the third and the fourth ventricle.

    Exact to 25 mm; infinite farther away, which no lesion of a lining needs.
    """
    fluid = np.zeros(brain.grid.shape, dtype=bool)
    for name in names:
        fluid |= (brain.csf > 0.5) & within_box(brain, name)
    away: FloatArray = np.full(brain.grid.shape, np.inf, dtype=np.float32)
    if not fluid.any():
        return away
    found = np.argwhere(fluid)
    reach = np.ceil(NEAR_MM / np.array(brain.grid.spacing_mm)).astype(int)
    low, high = np.maximum(found.min(axis=0) - reach, 0), found.max(axis=0) + reach + 1
    box = tuple(slice(int(start), int(stop)) for start, stop in zip(low, high, strict=True))
    part = fluid[box]
    away[box] = signed_distance_mm(part, Grid(part.shape, brain.grid.affine))
    return away


def _mni(brain: Brain) -> NDArray[np.float32]:
    if brain.mni_mm is None:
        raise ValueError("this brain knows no MNI coordinates, so it has no named sites")
    return brain.mni_mm
