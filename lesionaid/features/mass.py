"""What a lesion does to its neighbourhood: midline, cerebrospinal fluid beside it, halo.

Each is held against the same patient's other side or normal white matter. Midline: where
registration finds the template's mid-sagittal plane, at the septum, against a plane laid through
its front and back, where the falx holds it. Cerebrospinal fluid: its share within 8 mm of the
lesion, against the mirrored place. Halo: white matter beyond the mask that is brighter than normal.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.map import AnatomyMap
from lesionaid.features.intensity import NO_ANATOMY
from lesionaid.features.reference_tissue import ReferenceTissue, measure_reference, site_code
from lesionaid.features.surroundings import Surroundings
from lesionaid.features.voxels import Rows, merge, whole_column
from lesionaid.lesions.lesion_map import LesionMap
from lesionaid.lesions.scale import SizeScale
from lesionaid.quantity import Quantity, Reason, Unit, Unknown, Value
from lesionaid.study.scan import Contrast, Study
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

HALO_MM = (1.5, 5.0)
"""Shell in which a halo is looked for: clear of the mask's own error (proposed)."""

HALO_SD = 2.0
"""A voxel this many robust standard deviations above normal white matter is bright (proposed)."""

WHITE_MIN = 50
"""Voxels of white matter that a halo is judged on (proposed)."""

FLUID = ("lateral_ventricle", "third_ventricle", "fourth_ventricle", "csf")

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
        "halo_fraction",
        Unit.NONE,
        "lesion",
        "Share of the white matter 1.5 to 5 mm outside the mask whose FLAIR signal is two robust "
        "standard deviations above normal-appearing white matter or more.",
        ("FLAIR", "anatomy"),
        "proposed",
        validated=False,
    ),
)

_LESION_NAMES = tuple(spec.name for spec in MASS_SPECS if spec.level == "lesion")


def mass_measurements(
    study: Study,
    anatomy: AnatomyMap | None,
    tissue: NDArray[np.bool_] | None,
    lesions: LesionMap,
    around: Surroundings,
    scale: SizeScale,
) -> tuple[Rows, dict[str, Value]]:
    """Midline, fluid and halo.

    Parameters
    ----------
    study : Study
        Aligned: every scan on ``around.voxels.grid``.
    anatomy : AnatomyMap or None
    tissue : ndarray of bool or None
        Normal-appearing white matter.
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
        _halo(study, anatomy, tissue, around, lesions),
    )
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


def to_voxel_of_mni(anatomy: AnatomyMap, mni: NDArray[np.float64]) -> NDArray[np.intp]:
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
    aim = mni.copy()
    last = np.asarray(anatomy.grid.shape) - 1
    for _ in range(4):
        found = np.clip(np.rint(np.column_stack([aim, np.ones(len(aim))]) @ affine), 0, last)
        place = found.astype(np.intp)
        aim += 0.8 * (mni - anatomy.mni_mm[tuple(place.T)])
    return place


def _no_coordinates(anatomy: AnatomyMap) -> Unknown | None:
    if anatomy.source == "mni":
        return Unknown(Reason.LOW_QUALITY, "without registration no shift can be seen")
    if anatomy.mni_mm is None:
        return Unknown(Reason.ANATOMY_MISSING, "no registration to MNI152 was run")
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
    fluid = np.isin(anatomy.sites, [site_code(name) for name in FLUID])
    share = beside.mean(beside.take(fluid))
    rows = beside.quantities("csf_beside_fraction", share, Unit.NONE)
    if anatomy.mni_mm is None:
        why = Unknown(Reason.ANATOMY_MISSING, "no registration to MNI152 was run")
        rows = merge(rows, {int(lesion): {"csf_beside_excess": why} for lesion in beside.ids})
    else:
        mirrored = beside.take(anatomy.mni_mm).astype(float) * [-1.0, 1.0, 1.0]
        across = fluid[tuple(to_voxel_of_mni(anatomy, mirrored).T)]
        excess = share - beside.mean(across)
        rows = merge(rows, beside.quantities("csf_beside_excess", excess, Unit.NONE))
    bare = Unknown(Reason.OUTSIDE_FIELD_OF_VIEW, "no brain about the lesion")
    names = ("csf_beside_fraction", "csf_beside_excess")
    return merge({int(i): dict.fromkeys(names, bare) for i in around.voxels.ids}, rows)


def _halo(
    study: Study,
    anatomy: AnatomyMap,
    tissue: NDArray[np.bool_] | None,
    around: Surroundings,
    lesions: LesionMap,
) -> Rows:
    """Share of bright white matter about each lesion; other lesions and their rims left out."""
    name = "halo_fraction"
    scan = study.scans.get(Contrast.FLAIR)
    if scan is None or tissue is None:
        return whole_column(lesions, (name,), Unknown(Reason.IMAGE_MISSING, "no FLAIR", ("FLAIR",)))
    white = measure_reference(scan, tissue)
    if not isinstance(white, ReferenceTissue):
        return whole_column(lesions, (name,), white)
    near_other = _close_to_another(around)
    about = (
        around.shell(*HALO_MM)
        & ~near_other
        & (around.voxels.take(anatomy.sites) == site_code("white_matter"))
    )
    limit = white.median + HALO_SD * white.robust_sd
    chosen = around.chosen(about)
    bright = chosen.mean(chosen.take(scan.data) >= limit)
    rows: Rows = {
        int(lesion): {name: Unknown(Reason.TOO_FEW_VOXELS, "little white matter about the lesion")}
        for lesion in around.voxels.ids
    }
    counts = chosen.counts.tolist()
    for lesion, share, count in zip(chosen.ids.tolist(), bright.tolist(), counts, strict=True):
        if count >= WHITE_MIN:
            rows[lesion] = {name: Quantity(share, Unit.NONE)}
    return rows


def _close_to_another(around: Surroundings) -> NDArray[np.bool_]:
    """Voxels within reach of the halo of a lesion other than the run's own."""
    close = around.signed_mm < HALO_MM[1]
    lesions = np.zeros(int(np.prod(around.voxels.grid.shape)), dtype=np.uint8)
    np.add.at(lesions, around.voxels.index[close], 1)
    return np.asarray(around.voxels.take(lesions) > close.astype(np.uint8))
