"""What a lesion does to its neighbourhood: the midline, and cerebrospinal fluid beside it.

Both are held against the same patient's other side. Midline: where
registration finds the template's mid-sagittal plane, at the septum, against a plane laid through
its front and back, where the falx holds it. Cerebrospinal fluid: its share within 8 mm of the
lesion, against the mirrored place. No real scan with a shifted midline was at hand: on nine brains
without one, the enhancing glioma's among them, the measure is quiet, which is all that is known.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.map import AnatomyMap
from lesionaid.features.intensity import NO_ANATOMY
from lesionaid.features.reference_tissue import in_sites
from lesionaid.features.surroundings import Surroundings
from lesionaid.features.voxels import Rows, merge, whole_column
from lesionaid.lesions.lesion_map import LesionMap
from lesionaid.lesions.scale import SizeScale
from lesionaid.quantity import Category, Quantity, Reason, Unit, Unknown, Value
from lesionaid.tables import MeasurementSpec

__all__ = ["MASS_SPECS", "mass_measurements", "midline_shift_mm", "to_voxel_of_mni"]

MIDLINE_MM = 0.75
"""Half the thickness of the sheet of voxels that stands for the midline (proposed)."""

MIDDLE_Y, MIDDLE_Z = (-25.0, 25.0), (-2.0, 25.0)
"""Where the septum and the third ventricle lie in MNI152, and a shift is read."""

HELD_Y = (-60.0, 45.0)
"""In front of and behind these the falx is deep, and holds the midline (proposed)."""

SHEET_MIN = 50
"""Voxels of midline that a reading needs (proposed)."""

FLUID = ("lateral_ventricle", "third_ventricle", "fourth_ventricle", "csf")

SLICE_MAX_MM = 3.5
"""Thicker slices average sulci away (proposed)."""

MASS_MM3 = 1000.0
"""Smaller lesions push nothing that can be seen (proposed; a ball of 12 mm)."""

SHIFT_MM, NO_SHIFT_MM = 4.0, 2.0
"""Shift that is one, and shift that is none (proposed): 0.1 to 1.6 mm in eight brains without one,
2.4 mm in another, all by this measure; the evidence file proposes 2 mm."""

EFFACED, NOT_EFFACED = -0.1, -0.05
"""Less fluid than on the other side (proposed): a patient with 98 MS lesions has -0.06 at the
second percentile."""

CHUNK, STEPS = 100_000, 4
"""Points at a time, and steps that turn the map of coordinates round to within a voxel."""

SIDE_MM = 10.0
"""A lesion centred closer to the midline pushes to neither side (proposed)."""

MASS_SPECS: tuple[MeasurementSpec, ...] = (
    MeasurementSpec(
        "midline_shift_mm",
        Unit.MM,
        "study",
        "Distance of the midline at the septum from the plane through its front and back, as "
        "registration to the template finds it.",
        ("anatomy",),
        "proposed",
        validated=False,
    ),
    MeasurementSpec(
        "midline_shift_away_mm",
        Unit.MM,
        "lesion",
        "The same, positive where the midline is pushed away from the lesion's side.",
        ("anatomy",),
        "proposed",
        validated=False,
    ),
    MeasurementSpec(
        "csf_beside_fraction",
        Unit.NONE,
        "lesion",
        "Share of cerebrospinal fluid, ventricles included, within 8 mm of the lesion.",
        ("anatomy",),
        "proposed",
        validated=False,
    ),
    MeasurementSpec(
        "csf_beside_excess",
        Unit.NONE,
        "lesion",
        "The same minus that of the mirrored place: positive where sulci or ventricle are wider "
        "beside the lesion, negative where they are narrower.",
        ("anatomy",),
        "proposed",
        validated=False,
    ),
    MeasurementSpec(
        "mass_effect",
        None,
        "lesion",
        "yes: the midline is 4 mm off to the other side, or the share of fluid is 0.1 under the "
        "mirrored one; none: both are quiet, or the lesion is under 1 ml; possible in between.",
        ("anatomy",),
        "proposed",
        validated=False,
    ),
)

_LESION_NAMES = tuple(spec.name for spec in MASS_SPECS if spec.level == "lesion")


def mass_measurements(
    anatomy: AnatomyMap | None,
    lesions: LesionMap,
    around: Surroundings,
    scale: SizeScale,
) -> tuple[Rows, dict[str, Value]]:
    """Midline and fluid.

    Parameters
    ----------
    anatomy : AnatomyMap or None
    lesions : LesionMap
    around : Surroundings
    scale : SizeScale

    Returns
    -------
    rows : dict of int to dict of str to Value
    whole : dict of str to Value
        Every name of :data:`MASS_SPECS`.
    """
    if anatomy is None:
        return whole_column(lesions, _LESION_NAMES, NO_ANATOMY), {"midline_shift_mm": NO_ANATOMY}
    shift = _no_coordinates(anatomy) or midline_shift_mm(anatomy)
    rows = merge(
        {lesion: dict.fromkeys(_LESION_NAMES, gone) for lesion, gone in _gone(around).items()},
        _away(anatomy, around, shift, scale),
        _fluid(anatomy, around),
    )
    for lesion, row in rows.items():
        row["mass_effect"] = _mass_effect(lesions.by_id[lesion].volume_mm3, row, scale)
    size = shift if isinstance(shift, Unknown) else scale.size(abs(shift), Unit.MM)
    return rows, {"midline_shift_mm": size}


def midline_shift_mm(anatomy: AnatomyMap) -> float | Unknown:
    """Signed shift of the septum from the plane of the falx, positive to the right.

    Parameters
    ----------
    anatomy : AnatomyMap
        With MNI152 coordinates.

    Returns
    -------
    float or Unknown
        In mm of the images.
    """
    assert anatomy.mni_mm is not None
    place = np.flatnonzero((np.abs(anatomy.mni_mm[..., 0]) <= MIDLINE_MM) & (anatomy.sites > 0))
    mni = anatomy.mni_mm.reshape(-1, 3)[place]
    mm = anatomy.grid.to_mm(np.stack(np.unravel_index(place, anatomy.grid.shape), axis=1))
    y, z = mni[:, 1], mni[:, 2]
    held = (y < HELD_Y[0]) | (y > HELD_Y[1])
    middle = (y > MIDDLE_Y[0]) & (y < MIDDLE_Y[1]) & (z > MIDDLE_Z[0]) & (z < MIDDLE_Z[1])
    ends = (y < HELD_Y[0], y > HELD_Y[1], middle)
    if min(np.count_nonzero(end) for end in ends) < SHEET_MIN:
        return Unknown(Reason.OUTSIDE_FIELD_OF_VIEW, "too little of the midline is in the image")
    # Distance from the template's own plane is taken off: the sheet is one voxel thick.
    plane = np.column_stack([mm[held, 1:], np.ones(np.count_nonzero(held))])
    answer, *_ = np.linalg.lstsq(plane, mm[held, 0] - mni[held, 0], rcond=None)
    at = np.column_stack([mm[middle, 1:], np.ones(np.count_nonzero(middle))])
    off = mm[middle, 0] - mni[middle, 0] - at @ answer
    return float(np.median(off) / np.sqrt(1.0 + answer[0] ** 2 + answer[1] ** 2))


def to_voxel_of_mni(anatomy: AnatomyMap, mni: NDArray[np.floating]) -> NDArray[np.intp]:
    """Voxels at some MNI152 points: the map of coordinates turned round by fixed-point steps.

    Parameters
    ----------
    anatomy : AnatomyMap
        With MNI152 coordinates.
    mni : ndarray of shape (n, 3)

    Returns
    -------
    ndarray of int, shape (n, 3)
        Nearest voxel, within the grid.
    """
    assert anatomy.mni_mm is not None
    brain = np.flatnonzero(anatomy.sites)
    some = brain[:: max(1, brain.size // 20_000)]
    voxel = np.stack(np.unravel_index(some, anatomy.grid.shape), axis=1).astype(float)
    known = np.column_stack([anatomy.mni_mm.reshape(-1, 3)[some], np.ones(some.size)])
    affine, *_ = np.linalg.lstsq(known, voxel, rcond=None)
    place = np.empty(mni.shape, dtype=np.intp)
    for start in range(0, len(mni), CHUNK):
        part = slice(start, start + CHUNK)
        place[part] = _turned(anatomy, mni[part], affine)
    return place


def _mass_effect(volume_mm3: float, row: Mapping[str, Value], scale: SizeScale) -> Value:
    """One word for midline and fluid together."""
    if scale.factor is not None and volume_mm3 * scale.factor**3 < MASS_MM3:
        return Category("none")
    shift, excess = row["midline_shift_away_mm"], row["csf_beside_excess"]
    pushed = isinstance(shift, Quantity) and shift.value >= SHIFT_MM
    effaced = isinstance(excess, Quantity) and excess.value <= EFFACED
    if pushed or effaced:
        return Category("yes")
    if not isinstance(shift, Quantity):
        return shift if isinstance(shift, Unknown) else Unknown(Reason.NOT_MEASURED)
    if not isinstance(excess, Quantity):
        return excess if isinstance(excess, Unknown) else Unknown(Reason.NOT_MEASURED)
    quiet = shift.value < NO_SHIFT_MM and excess.value > NOT_EFFACED
    return Category("none" if quiet else "possible")


def _turned(
    anatomy: AnatomyMap, mni: NDArray[np.floating], affine: NDArray[np.float64]
) -> NDArray[np.intp]:
    """Start at the affine's voxel, and walk by what the map still lacks there."""
    assert anatomy.mni_mm is not None
    aim = mni.astype(float)
    last = np.asarray(anatomy.grid.shape) - 1
    place: NDArray[np.intp] = np.zeros(mni.shape, dtype=np.intp)
    for _ in range(STEPS):
        place[:] = np.clip(np.rint(aim @ affine[:3] + affine[3]), 0, last)
        aim += 0.8 * (mni - anatomy.mni_mm[tuple(place.T)])
    return place


def _no_coordinates(anatomy: AnatomyMap) -> Unknown | None:
    if anatomy.source == "mni":
        return Unknown(Reason.LOW_QUALITY, "without registration the map is not the patient's")
    if anatomy.mni_mm is None:
        return Unknown(Reason.ANATOMY_MISSING, "no registration to MNI152 was run")
    return None


def _too_thick(anatomy: AnatomyMap) -> Unknown | None:
    edge = max(anatomy.grid.spacing_mm)
    if edge > SLICE_MAX_MM:
        return Unknown(Reason.LOW_RESOLUTION, f"slices of {edge:.3g} mm")
    return None


def _gone(around: Surroundings) -> Mapping[int, Unknown]:
    return around.voxels.missing


def _away(
    anatomy: AnatomyMap, around: Surroundings, shift: float | Unknown, scale: SizeScale
) -> Rows:
    """The shift, positive away from each lesion's side."""
    name, rows = "midline_shift_away_mm", {}
    if isinstance(shift, Unknown) or anatomy.mni_mm is None:
        why = shift if isinstance(shift, Unknown) else Unknown(Reason.ANATOMY_MISSING)
        return {int(lesion): {name: why} for lesion in around.voxels.ids}
    own = around.chosen(around.inside)
    side = own.mean(own.take(anatomy.mni_mm)[:, 0])
    for lesion, x in zip(own.ids.tolist(), side.tolist(), strict=True):
        central = Unknown(Reason.NOT_MEASURED, "lesion at the midline")
        away = scale.size(-shift * float(np.sign(x)), Unit.MM)
        rows[lesion] = {name: central if abs(x) < SIDE_MM else away}
    return rows


def _fluid(anatomy: AnatomyMap, around: Surroundings) -> Rows:
    """Share of fluid about each lesion, and how much more that is than on the other side."""
    beside = around.chosen(~around.inside & (around.voxels.take(anatomy.sites) > 0))
    fluid = in_sites(anatomy.sites, FLUID)
    share = beside.mean(beside.take(fluid))
    rows = beside.quantities("csf_beside_fraction", share, Unit.NONE)
    why = _no_coordinates(anatomy) or _too_thick(anatomy)
    if why is not None or anatomy.mni_mm is None:
        why = why or Unknown(Reason.ANATOMY_MISSING)
        rows = merge(rows, {int(lesion): {"csf_beside_excess": why} for lesion in beside.ids})
    else:
        mirrored = beside.take(anatomy.mni_mm) * np.array([-1, 1, 1], dtype=np.float32)
        across = fluid[tuple(to_voxel_of_mni(anatomy, mirrored).T)]
        excess = share - beside.mean(across)
        rows = merge(rows, beside.quantities("csf_beside_excess", excess, Unit.NONE))
    bare = Unknown(Reason.OUTSIDE_FIELD_OF_VIEW, "no brain about the lesion")
    names = ("csf_beside_fraction", "csf_beside_excess")
    return merge({int(i): dict.fromkeys(names, bare) for i in around.voxels.ids}, rows)
