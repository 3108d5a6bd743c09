"""What a simulated MS patient shows, measured on the lesions that were placed.

The definitions are those of the evidence behind the sign catalogue (thresholds proposed
there): nothing is true because it was asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lesionaid.simulate.brain import Brain
from lesionaid.simulate.lesions import SimulatedLesion, label_map
from lesionaid.simulate.ms_regions import fossa, inferior_temporal
from lesionaid.simulate.ms_sites import FOSSA
from lesionaid.simulate.patient import structure_signs
from lesionaid.simulate.tissue import Appearance
from lesionaid.simulate.truth import LesionTruth, truth_of
from lesionaid.simulate.truth_signs import declared_signs, lesion_signs

__all__ = ["finger_shape", "ms_signs"]

VENTRICLE_TOUCHES_MM = 1.5
"""A finger touches the ventricle from this distance."""

ELONGATED, STEEP_DEG, LONG_MM = 1.5, 30.0, 5.0
"""A finger: long over second axis, angle to the ventricle's normal, length."""

INFERIOR_TEMPORAL_SHARE, FOSSA_SHARE = 0.5, 0.25
"""Share of a lesion in a site (the second as in the sign catalogue)."""


def ms_signs(
    brain: Brain, lesions: Sequence[tuple[SimulatedLesion, Appearance]]
) -> Mapping[str, Any]:
    """Signs of the catalogue that the placed lesions show, and the labels that show them.

    Signs that need MNI coordinates are left out where the brain knows none.
    """
    shapes = [lesion for lesion, _ in lesions]
    shown = {"dawson_fingers": _labels(shapes, lambda one: _is_finger(brain, one))}
    if brain.mni_mm is not None:
        shown |= _by_site(brain, shapes)
    for pattern in ("nodular", "ring", "open_ring"):
        shown[f"enhancement_{pattern}"] = [
            n
            for n, (_, look) in enumerate(lesions, 1)
            if look.enhances > 0 and look.enhancement == pattern
        ]
    rows = truth_of(brain, label_map(brain, shapes), shapes, [look for _, look in lesions])
    return {
        **{sign: bool(labels) for sign, labels in shown.items()},
        **declared_signs(brain, lesions),
        "dawson_finger_lesions": shown["dawson_fingers"],
        "ufibre_lesions": [n for n, one in enumerate(shapes, 1) if one.site == "ufibre"],
        "cortical_lesions": _with_sign(rows, "cortical_gm"),
        "callosal_lesions": _with_sign(rows, "corpus_callosum"),
        **structure_signs(tuple(lesions)),
    }


def _with_sign(rows: Sequence[LesionTruth], sign: str) -> list[int]:
    return [row.label for row in rows if row.n_voxels and lesion_signs(row)[sign]]


def finger_shape(brain: Brain, lesion: SimulatedLesion) -> tuple[float, float, float]:
    """Elongation, angle to the ventricle's normal in degrees, and length in mm.

    Elongation is long over second axis of the voxels' spread (a solid ellipsoid's variance
    along a semi-axis a is a2 / 5); the normal is the mean slope of the distance to the
    ventricle over the lesion's voxels.
    """
    voxels = np.argwhere(lesion.mask) + [side.start for side in lesion.box]
    if len(voxels) < 4:
        return 1.0, 90.0, 0.0
    points = brain.grid.to_mm(voxels)
    centred = points - points.mean(axis=0)
    spread = np.einsum("ni,nj->ij", centred, centred) / len(points)
    sizes, axes = np.linalg.eigh(spread)
    sizes = np.sqrt(np.maximum(sizes, 0) + (brain.grid.spacing_mm[0] ** 2) / 12)
    normal = _normal(brain, lesion)
    cosine = abs(float(normal @ axes[:, 2])) if normal is not None else 0.0
    return (
        float(sizes[2] / sizes[1]),
        float(np.degrees(np.arccos(min(1.0, cosine)))),
        float(2 * np.sqrt(5) * sizes[2]),
    )


def _by_site(brain: Brain, shapes: Sequence[SimulatedLesion]) -> dict[str, list[int]]:
    lobe = inferior_temporal(brain)
    shown = {
        "inferior_temporal": _labels(
            shapes, lambda one: _share(lobe, one) >= INFERIOR_TEMPORAL_SHARE
        ),
    }
    for site in FOSSA:
        area = fossa(brain, site)
        shown[site] = [n for n, one in enumerate(shapes, 1) if _share(area, one) >= FOSSA_SHARE]
    return shown


def _labels(
    shapes: Sequence[SimulatedLesion], shows: Callable[[SimulatedLesion], bool]
) -> list[int]:
    return [number for number, lesion in enumerate(shapes, start=1) if shows(lesion)]


def _nearest(distance: NDArray[np.float32], lesion: SimulatedLesion) -> float:
    return float(distance[lesion.box][lesion.mask].min())


def _share(area: NDArray[np.bool_], lesion: SimulatedLesion) -> float:
    return float(area[lesion.box][lesion.mask].mean())


def _touches_ventricle(brain: Brain, lesion: SimulatedLesion) -> bool:
    return _nearest(brain.ventricle_mm, lesion) <= VENTRICLE_TOUCHES_MM


def _is_finger(brain: Brain, lesion: SimulatedLesion) -> bool:
    elongation, angle, length = finger_shape(brain, lesion)
    steep = elongation >= ELONGATED and angle <= STEEP_DEG and length >= LONG_MM
    return steep and _touches_ventricle(brain, lesion)


def _normal(brain: Brain, lesion: SimulatedLesion) -> NDArray[np.float64] | None:
    """Mean direction away from the ventricle over a lesion, a unit vector."""
    distance = brain.ventricle_mm[lesion.box]
    if min(distance.shape) < 2 or not np.isfinite(distance).all():
        return None
    slopes = (
        np.gradient(distance, step, axis=axis) for axis, step in enumerate(brain.grid.spacing_mm)
    )
    along = np.array([float(slope[lesion.mask].mean()) for slope in slopes])
    turn = brain.grid.affine[:3, :3] / np.array(brain.grid.spacing_mm)
    along = np.einsum("ij,j->i", turn, along)
    length = float(np.linalg.norm(along))
    return along / length if length > 0 else None
