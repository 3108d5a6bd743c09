"""What a simulated MS patient shows, measured on the lesions that were placed.

The definitions are those of the evidence behind the sign catalogue (thresholds proposed
there): nothing is true because it was asked for.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lesionaid.simulate.brain import Brain
from lesionaid.simulate.lesions import SimulatedLesion
from lesionaid.simulate.ms_regions import callosum, fossa, inferior_temporal
from lesionaid.simulate.ms_sites import FOSSA
from lesionaid.simulate.patient import structure_signs
from lesionaid.simulate.tissue import Appearance

__all__ = ["finger_shape", "ms_signs"]

TOUCHES_MM, VENTRICLE_TOUCHES_MM = 1.0, 1.5
"""A lesion touches the cortex, or the ventricle, from this distance."""

ELONGATED, STEEP_DEG, LONG_MM = 1.5, 30.0, 5.0
"""A finger: long over second axis, angle to the ventricle's normal, length."""

CALLOSAL_MM3, CORTEX_SHARE, CORTEX_MM3, CORTEX_DEPTH_MM = 14.0, 0.05, 50.0, 0.5
INFERIOR_TEMPORAL_SHARE, FOSSA_SHARE = 0.5, 0.25
"""As in the sign catalogue: callosal volume; share and volume in cortex, and how deep in it."""

RUN_MM, BAND_MM = 10.0, 3.0
"""A lesion that runs so far within so thin a band under the cortex may be read as U-fibre
involvement though none was put there: the sign is then left out."""


def ms_signs(
    brain: Brain, lesions: Sequence[tuple[SimulatedLesion, Appearance]]
) -> Mapping[str, Any]:
    """Signs of the catalogue that the placed lesions show, and the labels that show them.

    Signs that need MNI coordinates are left out where the brain knows none.
    """
    shapes = [lesion for lesion, _ in lesions]
    shown = _by_shape(brain, shapes)
    if brain.mni_mm is not None:
        shown |= _by_site(brain, shapes)
    for pattern in ("nodular", "ring", "open_ring"):
        shown[f"enhancement_{pattern}"] = [
            n
            for n, (_, look) in enumerate(lesions, 1)
            if look.enhances > 0 and look.enhancement == pattern
        ]
    structures = structure_signs(tuple(lesions))
    signs = {sign: bool(labels) for sign, labels in shown.items()}
    curved = [n for n, one in enumerate(shapes, 1) if one.site == "ufibre"]
    if curved or not any(_run_mm(brain, one) >= RUN_MM for one in shapes):
        signs["juxtacortical_ufibre"] = bool(curved)  # else a reader might see one or not
    return {
        **signs,
        "contrast_enhancement": bool(structures["enhancing_lesions"]),
        "central_vein": bool(structures["central_vein_lesions"]),
        "paramagnetic_rim": bool(structures["paramagnetic_rim_lesions"]),
        "dawson_finger_lesions": shown["dawson_fingers"],
        "ufibre_lesions": curved,
        "cortical_lesions": shown["cortical_gm"],
        "callosal_lesions": shown.get("corpus_callosum", []),
        **structures,
    }


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


def _by_shape(brain: Brain, shapes: Sequence[SimulatedLesion]) -> dict[str, list[int]]:
    return {
        "periventricular": _labels(shapes, lambda one: _touches_ventricle(brain, one)),
        "dawson_fingers": _labels(shapes, lambda one: _is_finger(brain, one)),
        "touches_juxtacortical": _labels(
            shapes, lambda one: _nearest(brain.cortex_mm, one) <= TOUCHES_MM
        ),
        "cortical_gm": _labels(shapes, lambda one: _is_cortical(brain, one)),
        "infratentorial": _labels(
            shapes, lambda one: _share(brain.infratentorial, one) >= FOSSA_SHARE
        ),
    }


def _by_site(brain: Brain, shapes: Sequence[SimulatedLesion]) -> dict[str, list[int]]:
    arch, lobe = callosum(brain), inferior_temporal(brain)
    shown = {
        "corpus_callosum": _labels(
            shapes, lambda one: _inside_mm3(brain, arch, one) >= CALLOSAL_MM3
        ),
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


def _inside_mm3(brain: Brain, area: NDArray[np.bool_], lesion: SimulatedLesion) -> float:
    inside = np.count_nonzero(area[lesion.box] & lesion.mask)
    return float(inside * brain.grid.voxel_volume_mm3)


def _touches_ventricle(brain: Brain, lesion: SimulatedLesion) -> bool:
    return _nearest(brain.ventricle_mm, lesion) <= VENTRICLE_TOUCHES_MM


def _is_finger(brain: Brain, lesion: SimulatedLesion) -> bool:
    elongation, angle, length = finger_shape(brain, lesion)
    steep = elongation >= ELONGATED and angle <= STEEP_DEG and length >= LONG_MM
    return steep and _touches_ventricle(brain, lesion)


def _is_cortical(brain: Brain, lesion: SimulatedLesion) -> bool:
    core = (brain.gray > 0.5) & (brain.cortex_mm <= -CORTEX_DEPTH_MM)
    return _share(core, lesion) >= CORTEX_SHARE and _inside_mm3(brain, core, lesion) >= CORTEX_MM3


def _run_mm(brain: Brain, lesion: SimulatedLesion) -> float:
    """Longest side of a connected part of the lesion that lies 0 to 3 mm under the cortex."""
    from scipy.ndimage import find_objects, label

    depth = brain.cortex_mm[lesion.box]
    band = lesion.mask & (depth > 0) & (depth <= BAND_MM)
    parts, _ = label(band, structure=np.ones((3, 3, 3)))
    steps = brain.grid.spacing_mm
    runs = [
        math.hypot(*((s.stop - s.start) * step for s, step in zip(part, steps, strict=True)))
        for part in find_objects(parts)
    ]
    return max(runs, default=0.0)


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
