"""The study as a whole: counts, sides, and what it was seen on."""

from __future__ import annotations

import numpy as np

from lesionaid.anatomy.map import LOBES, AnatomyMap
from lesionaid.features.lobar_extent import EXTENT_SPECS, extent_measurements
from lesionaid.features.location import LOBE_FRACTION, LOBE_MM3, ZONES
from lesionaid.features.voxels import LesionVoxels, Rows
from lesionaid.lesions.lesion_map import LesionMap
from lesionaid.lesions.scale import SizeScale
from lesionaid.quantity import Category, Quantity, Reason, Unit, Unknown, Value
from lesionaid.study.scan import Contrast, Study
from lesionaid.tables import MeasurementSpec

__all__ = ["BURDEN_SPECS", "burden_measurements", "voxel_max_mm"]

LONG_AXIS_MM = 3.0
"""Lesions count towards criteria from this long axis (Filippi et al. 2019, doi
10.1093/brain/awz144)."""

ZONE_COUNTS = tuple(f"lesion_count_{zone}" for zone in ZONES)


def _spec(
    name: str, unit: Unit | None, description: str, needs: tuple[str, ...] = ("lesions",)
) -> MeasurementSpec:
    return MeasurementSpec(name, unit, "study", description, needs)


BURDEN_SPECS: tuple[MeasurementSpec, ...] = (
    _spec(
        "lesion_count_3mm",
        Unit.COUNT,
        "Lesions with a maximum diameter of at least 3 mm, specks left out: those that count "
        "towards criteria.",
    ),
    _spec("largest_lesion_mm3", Unit.MM3, "Volume of the largest lesion; 0 without lesions."),
    *(
        _spec(
            name,
            Unit.COUNT,
            f"Lesions from 3 mm whose main location is {zone}.",
            ("lesions", "anatomy"),
        )
        for name, zone in zip(ZONE_COUNTS, ZONES, strict=True)
    ),
    _spec(
        "hemispheres",
        None,
        "Cerebral hemispheres that hold lesions (10 % or 0.5 ml of one from 3 mm): left, right, "
        "bilateral or none.",
        ("lesions", "anatomy"),
    ),
    *EXTENT_SPECS,
    _spec(
        "voxel_max_mm",
        Unit.MM,
        "Longest voxel edge of what the lesions were seen on: the mask or, where longer, the "
        "finer of FLAIR and T2w as they were stored.",
    ),
    _spec(
        "slice_thickness_mm", Unit.MM, "Longest voxel edge of FLAIR, or else T2w, as stored.", ()
    ),
    _spec("contrasts", None, "Contrasts given, in order, joined by '+'.", ()),
)


def voxel_max_mm(study: Study, lesions: LesionMap) -> float:
    """Longest voxel edge of what the lesions were seen on, in mm of the files.

    A mask is often drawn on 3D FLAIR and used with thicker T2w, or resampled finer than
    any scan: so the mask's edge counts, and so does the finer of the two scans.
    """
    edges = [
        max(study.scans[contrast].source.grid.spacing_mm)
        for contrast in (Contrast.FLAIR, Contrast.T2W)
        if contrast in study.scans
    ]
    return max(max(lesions.grid.spacing_mm), min(edges, default=0.0))


def burden_measurements(
    study: Study,
    lesions: LesionMap,
    rows: Rows,
    voxels: LesionVoxels,
    anatomy: AnatomyMap | None,
    scale: SizeScale,
) -> dict[str, Value]:
    """Measure the study.

    Parameters
    ----------
    study : Study
    lesions : LesionMap
    rows : dict of int to dict of str to Value
        What was measured of the lesions, size and location among it.
    voxels : LesionVoxels
    anatomy : AnatomyMap or None
    scale : SizeScale

    Returns
    -------
    dict of str to Value
        Every name of :data:`BURDEN_SPECS`.
    """
    counted = _counted(lesions, rows)
    largest = max((lesion.volume_mm3 for lesion in lesions.lesions), default=0.0)
    values: dict[str, Value] = {
        "lesion_count_3mm": counted
        if isinstance(counted, Unknown)
        else Quantity(len(counted), Unit.COUNT),
        "largest_lesion_mm3": scale.size(largest, Unit.MM3),
        **_zone_counts(counted, rows, anatomy),
        "hemispheres": _hemispheres(counted, voxels, anatomy, scale, lesions),
        **extent_measurements(counted, lesions, voxels, anatomy, scale),
        "voxel_max_mm": Quantity(voxel_max_mm(study, lesions), Unit.MM),
        "slice_thickness_mm": _slice_thickness(study),
        "contrasts": _contrasts(study),
    }
    return values


def _counted(lesions: LesionMap, rows: Rows) -> list[int] | Unknown:
    counted = []
    for lesion in lesions.lesions:
        diameter = rows[lesion.id]["diameter_max_mm"]
        if lesion.speck:
            continue
        if isinstance(diameter, Unknown):
            return diameter
        if isinstance(diameter, Quantity) and diameter.value >= LONG_AXIS_MM:
            counted.append(lesion.id)
    return counted


def _zone_counts(
    counted: list[int] | Unknown, rows: Rows, anatomy: AnatomyMap | None
) -> dict[str, Value]:
    if anatomy is None:
        why = Unknown(Reason.ANATOMY_MISSING, "not registered")
        return dict.fromkeys(ZONE_COUNTS, why)
    if isinstance(counted, Unknown):
        return dict.fromkeys(ZONE_COUNTS, counted)
    found = [rows[lesion]["location"] for lesion in counted]
    return {
        name: Quantity(found.count(Category(zone)), Unit.COUNT)
        for name, zone in zip(ZONE_COUNTS, ZONES, strict=True)
    }


def _hemispheres(
    counted: list[int] | Unknown,
    voxels: LesionVoxels,
    anatomy: AnatomyMap | None,
    scale: SizeScale,
    lesions: LesionMap,
) -> Value:
    if anatomy is None:
        return Unknown(Reason.ANATOMY_MISSING, "not registered")
    if isinstance(counted, Unknown):
        return counted
    lobe = voxels.take(anatomy.lobes)
    mm3 = np.array([lesions.by_id[int(lesion)].volume_mm3 for lesion in voxels.ids])
    counts = np.isin(voxels.ids, counted)
    limit = np.inf if scale.factor is None else LOBE_MM3 / scale.factor**3
    sides = []
    for side in ("left", "right"):
        codes = [code for code, name in LOBES.items() if name.endswith(side)]
        share = voxels.mean(np.isin(lobe, codes))
        if np.any(counts & ((share >= LOBE_FRACTION) | (share * mm3 >= limit))):
            sides.append(side)
    return Category("bilateral" if len(sides) == 2 else (sides or ["none"])[0])


def _slice_thickness(study: Study) -> Value:
    for contrast in (Contrast.FLAIR, Contrast.T2W):
        if contrast in study.scans:
            return Quantity(max(study.scans[contrast].source.grid.spacing_mm), Unit.MM)
    return Unknown(Reason.IMAGE_MISSING, "no FLAIR and no T2w", needs=("FLAIR", "T2w"))


def _contrasts(study: Study) -> Value:
    given = [contrast.value for contrast in Contrast if contrast in study.scans]
    return Category("+".join(given) if given else "none")
