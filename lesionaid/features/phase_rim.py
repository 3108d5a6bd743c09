"""The paramagnetic rim of each lesion on phase.

A paramagnetic rim lesion has a rim, along its edge, that is paramagnetic on phase or QSM about a
core like white matter (Bagnato et al. 2024, doi 10.1093/brain/awae013: only its abstract was
read; radiopaedia). The rim must go round two thirds of the lesion's edge in white matter, which
was recalled (one source asks for half), so the share itself is the measurement. Bands at the cortex
do not count: they are seen in PML too.

Phase is no map of susceptibility. In a thin paramagnetic sheet it is raised by a third of the
susceptibility where the sheet runs along the field and lowered by two thirds where it lies
across it (Schenck 1996, doi 10.1118/1.597854), and a lesion paramagnetic all through shows a step
at its edge but no rim. So the rim is read where the edge faces away from the field, as on an axial
slice: in 12 sectors about the lesion, each against the core and against the tissue outside.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.map import AnatomyMap
from lesionaid.features.intensity import NO_ANATOMY, Reference
from lesionaid.features.phase_sign import phase_sign
from lesionaid.features.places import places_mm
from lesionaid.features.reference_tissue import MAD_TO_SD, site_code
from lesionaid.features.resolution import too_coarse
from lesionaid.features.surroundings import Surroundings
from lesionaid.features.voxels import Rows, whole_column
from lesionaid.lesions.lesion_map import LesionMap
from lesionaid.quantity import Quantity, Reason, Unit, Unknown, Value
from lesionaid.study.scan import Contrast, Scan, Study
from lesionaid.tables import MeasurementSpec

__all__ = ["PHASE_RIM_SPECS", "phase_rim_measurements"]

IN_PLANE_MM, THROUGH_MM = 1.2, 2.0
"""Coarsest voxels (proposed): a rim is one or two millimetres wide."""

SECTORS = 12
RIM_MM = ((-2.0, -0.75), (-1.25, -0.1), (-0.6, 0.75))
"""A rim lies in one of three layers, by signed distance to the edge (proposed: one voxel wide)."""

CORE_MM, OUTSIDE_MM = -2.5, (1.5, 5.0)
"""Core (this deep and deeper) and outside (proposed)."""

LEAST_CORE, LEAST_RIM, LEAST_SECTORS = 8, 3, 8
"""Voxels of a core and of a sector's rim, and sectors that must be seen (proposed)."""

FACING = 0.5
"""Edge within 30 degrees of the plane across the field (proposed; the shift of a sheet turns
over where its normal is 54.7 degrees from the field)."""

FREE_MM = 1.5
"""The edge this near to cortex or ventricle is not an edge in white matter (proposed)."""

STEP_SD, STEP_ERRORS = 1.0, 3.0
"""A rim stands out by this many SD of the phase around the lesion, and by so many standard
errors of the sector (proposed)."""

CLOSED = 2 / 3
"""Share of the edge from which the sign of the phase matters."""

WRAPPED = 0.01
"""Share of neighbours that jump by half the range of the image: a wrapped phase (proposed)."""

_NEEDS = ("phase", "lesions", "anatomy")

PHASE_RIM_SPECS: tuple[MeasurementSpec, ...] = (
    MeasurementSpec(
        "phase_rim_share",
        Unit.NONE,
        "lesion",
        "Share of the lesion's edge in white matter, in 12 sectors about the field, where the "
        "outer 2 mm are more paramagnetic than both core and surroundings by 1 SD of the "
        "phase there. Unknown where the sign of the phase decides and no vein tells it.",
        _NEEDS,
        "proposed; after Bagnato et al. 2024, doi 10.1093/brain/awae013",
        validated=False,
    ),
)
_NAME = PHASE_RIM_SPECS[0].name


@dataclass(frozen=True, slots=True, eq=False)
class _Lesion:
    """A lesion and what lies about it, in mm from its centre."""

    xyz: NDArray[np.float64]
    signed: NDArray[np.float64]
    phase: NDArray[np.float64]
    free: NDArray[np.bool_]
    """White matter away from cortex and ventricle, or this lesion, and no other lesion."""


def phase_rim_measurements(
    study: Study,
    anatomy: AnatomyMap | None,
    lesions: LesionMap,
    around: Surroundings,
    white: Reference,
) -> Rows:
    """Closure of the paramagnetic rim of every lesion.

    Parameters
    ----------
    study : Study
        Aligned.
    anatomy : AnatomyMap or None
    lesions : LesionMap
    around : Surroundings
    white : ReferenceTissue or Unknown
        Normal-appearing white matter of the SWI, if any.

    Returns
    -------
    dict of int to dict of str to Value
    """
    scan = study.scans.get(Contrast.PHASE)
    if scan is None:
        missing = Unknown(Reason.IMAGE_MISSING, "no phase", ("phase",))
        return whole_column(lesions, (_NAME,), missing)
    why = too_coarse(scan, IN_PLANE_MM, THROUGH_MM)
    if why is None and study.space == "mni":
        why = Unknown(Reason.LOW_QUALITY, "brain normalised: the field's direction is lost")
    if why is None and anatomy is None:
        why = NO_ANATOMY
    if why is None and _wrapped(scan, around):
        why = Unknown(Reason.LOW_QUALITY, "phase is wrapped: give a filtered phase", ("phase",))
    if why is not None or anatomy is None:
        return whole_column(lesions, (_NAME,), why or NO_ANATOMY)
    sign = phase_sign(scan, study.scans.get(Contrast.SWI), anatomy, white)
    rows: Rows = {lesion: {_NAME: reason} for lesion, reason in around.voxels.missing.items()}
    phase = around.voxels.take(scan.data).astype(float)
    free = _free(scan, anatomy, around)
    xyz = places_mm(around.voxels, around.voxels.index)
    ends = around.voxels.starts + around.voxels.counts
    for lesion, start, end in zip(around.voxels.ids, around.voxels.starts, ends, strict=True):
        run = slice(int(start), int(end))
        centre = xyz[run][around.inside[run]].mean(axis=0)
        signed = around.signed_mm[run].astype(float)
        one = _Lesion(xyz[run] - centre, signed, phase[run], free[run])
        rows[int(lesion)] = {_NAME: _rim(one, sign)}
    return rows


def _wrapped(scan: Scan, around: Surroundings) -> bool:
    """Whether phase jumps by half its range between neighbours, about the lesions."""
    places = np.stack(np.unravel_index(around.voxels.index, scan.data.shape), axis=1)
    if not places.size:
        return False
    here = around.voxels.take(scan.data).astype(float)
    half = float(np.ptp(here)) / 2
    jumps = []
    for axis in range(3):
        inner = places[:, axis] + 1 < scan.data.shape[axis]
        beyond = places[inner] + np.eye(3, dtype=int)[axis]
        jumps.append(np.abs(scan.data[tuple(beyond.T)] - here[inner]) > half)
    return bool(np.mean(np.concatenate(jumps)) > WRAPPED)


def _free(scan: Scan, anatomy: AnatomyMap, around: Surroundings) -> NDArray[np.bool_]:
    voxels = around.voxels
    free: NDArray[np.bool_] = voxels.take(anatomy.sites) == site_code("white_matter")
    for distance in anatomy.distances_mm.values():
        free &= voxels.take(distance) > FREE_MM
    if scan.valid is not None:
        free &= voxels.take(scan.valid)
    return free & ~around.other


def _rim(lesion: _Lesion, sign: int | Unknown) -> Value:
    core = lesion.free & (lesion.signed <= CORE_MM)
    if np.count_nonzero(core) < LEAST_CORE:
        return Unknown(Reason.TOO_FEW_VOXELS, "no core inside a rim: the lesion is too small")
    outside = lesion.free & (lesion.signed >= OUTSIDE_MM[0]) & (lesion.signed < OUTSIDE_MM[1])
    if np.count_nonzero(outside) < 4 * LEAST_CORE:
        return Unknown(Reason.ANATOMY_MISSING, "hardly any white matter about the lesion")
    phase, noise = _flattened(lesion, outside)
    middle = float(np.median(phase[core]))
    radius = np.linalg.norm(lesion.xyz, axis=1)
    facing = lesion.free & (np.abs(lesion.xyz[:, 2]) <= FACING * np.maximum(radius, 1e-6))
    angle = np.arctan2(lesion.xyz[:, 1], lesion.xyz[:, 0])
    sector = np.floor((angle + np.pi) / (2 * np.pi) * SECTORS).astype(int) % SECTORS
    layers = [facing & (lesion.signed >= low) & (lesion.signed < high) for low, high in RIM_MM]
    beyond = facing & outside
    steps = []
    for one in range(SECTORS):
        here = sector == one
        rims = [phase[layer & here] for layer in layers]
        at_outside = phase[beyond & here]
        if at_outside.size >= LEAST_RIM and min(rim.size for rim in rims) >= LEAST_RIM:
            steps.append(_steps(rims, (middle, float(np.median(at_outside))), noise))
    if len(steps) < LEAST_SECTORS:
        return Unknown(Reason.ANATOMY_MISSING, "too little of the edge lies in white matter")
    up, down = (float(np.mean([step[side] for step in steps])) for side in (0, 1))
    if isinstance(sign, int):
        return Quantity(up if sign > 0 else down, Unit.NONE)
    if max(up, down) >= CLOSED:
        return Unknown(sign.reason, f"a rim, but {sign.detail}", sign.needs)
    return Quantity(max(up, down), Unit.NONE)


def _steps(
    rims: list[NDArray[np.float64]], others: tuple[float, float], noise: float
) -> tuple[bool, bool]:
    """Whether a layer of the rim stands above, and whether one stands below, both others."""
    above = below = False
    for rim in rims:
        height = float(np.median(rim))
        least = max(STEP_SD * noise, STEP_ERRORS * noise * 1.25 / np.sqrt(rim.size))
        above |= height - max(others) >= least
        below |= min(others) - height >= least
    return above, below


def _flattened(lesion: _Lesion, outside: NDArray[np.bool_]) -> tuple[NDArray[np.float64], float]:
    """Phase less the plane through the tissue outside, and its robust SD there."""
    design = np.column_stack([np.ones(len(lesion.xyz)), lesion.xyz])
    plane, *_ = np.linalg.lstsq(design[outside], lesion.phase[outside], rcond=None)
    rest = lesion.phase - design @ plane
    centre = float(np.median(rest[outside]))
    noise = MAD_TO_SD * float(np.median(np.abs(rest[outside] - centre)))
    # A phantom without noise: rounding is no rim.
    return rest, max(noise, 1e-3 * float(np.ptp(rest)), 1e-12)
