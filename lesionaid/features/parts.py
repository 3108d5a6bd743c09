"""Named parts and zones of the region map that a lesion lies in.

Parts (a thalamus, the splenium, a peduncle) are places of the region map; zones (the
corticospinal corridor, the lining of a ventricle) are geometric proxies laid over them. A part
that the map does not hold, as in a user's labels without it, makes its measurements unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.map import PARTS, ZONES, AnatomyMap
from lesionaid.features.callosum import callosal_length, callosal_thickness
from lesionaid.features.places import nearest, standard_mm
from lesionaid.features.reference_tissue import site_code
from lesionaid.features.runs import longest_runs_mm
from lesionaid.features.voxels import LesionVoxels, Rows, merge, whole_column
from lesionaid.lesions.lesion_map import LesionMap
from lesionaid.lesions.scale import SizeScale
from lesionaid.quantity import Reason, Unit, Unknown
from lesionaid.tables import MeasurementSpec

__all__ = ["PART_SPECS", "STRUCTURES", "part_measurements"]

SMALL_MM = 2.5
"""Where the map is off by more than this, small structures are seen with a margin (proposed: the
deepest points of the shipped map's small structures lie 2.0 to 3.2 mm inside them)."""


@dataclass(frozen=True, slots=True)
class _Structure:
    """Parts or zones of the map under one name."""

    words: str
    codes: frozenset[int]
    zone: bool = False
    small: bool = False

    def volume(self, anatomy: AnatomyMap) -> NDArray[np.uint8] | None:
        return anatomy.zones if self.zone else anatomy.parts

    def within(self, values: NDArray[np.uint8]) -> NDArray[np.bool_]:
        return np.isin(values, list(self.codes))


def _codes(table: Mapping[int, str], *names: str) -> frozenset[int]:
    return frozenset(code for code, name in table.items() if name in names)


def _part(words: str, *names: str, small: bool = False) -> _Structure:
    return _Structure(words, _codes(PARTS, *names), small=small)


def _zone(words: str, *names: str, small: bool = True) -> _Structure:
    return _Structure(words, _codes(ZONES, *names), zone=True, small=small)


STRUCTURES: Mapping[str, _Structure] = {
    "callosal_genu": _part("genu of the callosum", "callosum_genu"),
    "callosal_body": _part("body of the callosum", "callosum_body"),
    "callosal_splenium": _part("splenium of the callosum", "callosum_splenium"),
    "thalamus": _part("thalamus", "thalamus"),
    "basal_ganglia": _part("caudate, putamen or pallidum", "caudate", "putamen", "pallidum"),
    "hypothalamus": _part("hypothalamus", "hypothalamus", small=True),
    "internal_capsule": _part("internal capsule", "internal_capsule"),
    "midbrain": _part("midbrain", "midbrain"),
    "pons": _part("pons", "pons"),
    "medulla": _part("medulla", "medulla"),
    "middle_peduncle": _part("middle cerebellar peduncle", "middle_cerebellar_peduncle"),
    "inferior_temporal": _part("inferior temporal lobe", "inferior_temporal"),
    "corticospinal": _zone("corticospinal corridor", "corticospinal", small=False),
    "periaqueductal": _zone("tissue about the aqueduct", "periaqueductal"),
    "dorsal_medulla": _zone("dorsal medulla about the obex", "dorsal_medulla"),
    "third_ventricle_lining": _zone("lining of the third ventricle", "third_ventricle_lining"),
    "fourth_ventricle_lining": _zone("lining of the fourth ventricle", "fourth_ventricle_lining"),
}
"""Structures by the name that stands in ``fraction_NAME`` and ``NAME_volume_mm3``."""

_LINING = ("third_ventricle_lining", "fourth_ventricle_lining")
_PROXY = "proposed: a geometric proxy"
_MARGIN = (
    " Where the map is off by more than 2.5 mm: 0 for a lesion that stays further away than that "
    "error, else unknown."
)


def _spec(name: str, unit: Unit, description: str, reference: str = "") -> MeasurementSpec:
    return MeasurementSpec(name, unit, "lesion", description, ("anatomy",), reference)


def _structure_specs(name: str, structure: _Structure) -> tuple[MeasurementSpec, ...]:
    margin = _MARGIN if structure.small else ""
    proxy = _PROXY if structure.zone else ""
    share = f"Fraction of the lesion's voxels in the {structure.words}.{margin}"
    volume = f"Volume of the lesion in the {structure.words}.{margin}"
    return (
        _spec(f"fraction_{name}", Unit.NONE, share, proxy),
        _spec(f"{name}_volume_mm3", Unit.MM3, volume, proxy),
    )


PART_SPECS: tuple[MeasurementSpec, ...] = (
    *(spec for name, one in STRUCTURES.items() for spec in _structure_specs(name, one)),
    _spec(
        "callosal_length_share",
        Unit.NONE,
        "Front-to-back extent of a connected part of the lesion in the callosum / that of the "
        "whole callosum.",
        "half the length: Nakamura 2009, PMID 19435750; the straight extent is a proxy",
    ),
    _spec(
        "callosal_thickness_share",
        Unit.NONE,
        "Largest share of a coronal slab of the callosum, 3 mm wide and within 5 mm of the "
        "midline, that the lesion fills; 1 is full thickness.",
        _PROXY,
    ),
    _spec(
        "corticospinal_length_mm",
        Unit.MM,
        "Longest run of the lesion along the corticospinal corridor: greatest extent of a "
        "connected part of it in there.",
        _PROXY,
    ),
    _spec(
        "fraction_corticospinal_capsule",
        Unit.NONE,
        "Fraction of the lesion's voxels where the corticospinal corridor passes the internal "
        "capsule.",
        _PROXY,
    ),
    _spec(
        "fraction_corticospinal_peduncle",
        Unit.NONE,
        "Fraction of the lesion's voxels where the corticospinal corridor passes the midbrain.",
        _PROXY,
    ),
    _spec(
        "middle_peduncle_filled_fraction",
        Unit.NONE,
        "Share of the middle cerebellar peduncle that the lesion fills, on the side with more.",
        "proposed",
    ),
    _spec(
        "third_fourth_lining_length_mm",
        Unit.MM,
        "Longest run of the lesion along the third or fourth ventricle: greatest extent of a "
        "connected part of it within 3 mm of their walls." + _MARGIN,
        _PROXY,
    ),
)


def part_measurements(
    lesions: LesionMap, voxels: LesionVoxels, anatomy: AnatomyMap | None, scale: SizeScale
) -> Rows:
    """Locate every lesion among the named parts and zones.

    Parameters
    ----------
    lesions : LesionMap
    voxels : LesionVoxels
        On ``anatomy.grid``.
    anatomy : AnatomyMap or None
        None makes every value ``ANATOMY_MISSING``, as does a part that the map does not hold.
    scale : SizeScale

    Returns
    -------
    dict of int to dict of str to Value
        Every lesion, every name of :data:`PART_SPECS`.
    """
    names = tuple(spec.name for spec in PART_SPECS)
    if anatomy is None:
        return whole_column(lesions, names, Unknown(Reason.ANATOMY_MISSING, "not registered"))
    mm3 = np.array([lesions.by_id[int(lesion)].volume_mm3 for lesion in voxels.ids])
    inside = {name: _inside(voxels, anatomy, one) for name, one in STRUCTURES.items()}
    shares = {name: voxels.mean(here) for name, here in inside.items()}
    peduncle = inside["corticospinal"] & inside["midbrain"]
    capsule = inside["corticospinal"] & inside["internal_capsule"]
    lining = inside[_LINING[0]] | inside[_LINING[1]]
    columns: dict[str, Rows] = {}
    for name, share in shares.items():
        columns[f"fraction_{name}"] = voxels.quantities(f"fraction_{name}", share, Unit.NONE)
        volume = f"{name}_volume_mm3"
        columns[volume] = voxels.sizes(volume, share * mm3, Unit.MM3, scale)
    for name, values in (
        ("callosal_length_share", callosal_length(voxels, anatomy)),
        ("callosal_thickness_share", callosal_thickness(voxels, anatomy)),
        ("fraction_corticospinal_capsule", voxels.mean(capsule)),
        ("fraction_corticospinal_peduncle", voxels.mean(peduncle)),
        ("middle_peduncle_filled_fraction", _filled(voxels, anatomy, inside["middle_peduncle"])),
    ):
        columns[name] = voxels.quantities(name, values, Unit.NONE)
    for name, here in (
        ("corticospinal_length_mm", inside["corticospinal"]),
        ("third_fourth_lining_length_mm", lining),
    ):
        runs = longest_runs_mm(voxels, here)
        columns[name] = voxels.sizes(name, runs, Unit.MM, scale)
    rows = merge(*columns.values())
    for name, why in _not_in_map(anatomy).items():
        for row in rows.values():
            row[name] = why
    _blur(rows, voxels, anatomy)
    return {lesion: {name: row[name] for name in names} for lesion, row in rows.items()}


def _inside(voxels: LesionVoxels, anatomy: AnatomyMap, structure: _Structure) -> NDArray[np.bool_]:
    volume = structure.volume(anatomy)
    if volume is None:
        return np.zeros(voxels.index.size, dtype=bool)
    return structure.within(voxels.take(volume))


def _present(volume: NDArray[np.uint8] | None) -> NDArray[np.bool_]:
    """Which codes a volume holds."""
    found = np.zeros(256, dtype=bool)
    for plane in volume if volume is not None else ():
        found |= np.bincount(plane.reshape(-1), minlength=256) > 0
    return found


_RESTS_ON: Mapping[str, tuple[str, ...]] = {
    "corticospinal_length_mm": ("corticospinal",),
    "fraction_corticospinal_capsule": ("corticospinal", "internal_capsule"),
    "fraction_corticospinal_peduncle": ("corticospinal", "midbrain"),
    "middle_peduncle_filled_fraction": ("middle_peduncle",),
    "third_fourth_lining_length_mm": _LINING,
}


def _not_in_map(anatomy: AnatomyMap) -> dict[str, Unknown]:
    """Measurements of structures that the map does not hold."""
    parts, zones = _present(anatomy.parts), _present(anatomy.zones)
    missing: dict[str, Unknown] = {}
    for name, one in STRUCTURES.items():
        if not (zones if one.zone else parts)[list(one.codes)].any():
            why = Unknown(Reason.ANATOMY_MISSING, f"no {one.words} in the region map")
            missing |= {f"fraction_{name}": why, f"{name}_volume_mm3": why}
            missing |= {key: why for key, needed in _RESTS_ON.items() if name in needed}
    if not _present(anatomy.sites)[site_code("corpus_callosum")]:
        why = Unknown(Reason.ANATOMY_MISSING, "no corpus callosum in the region map")
        missing |= {"callosal_length_share": why, "callosal_thickness_share": why}
    if anatomy.mni_mm is None:
        why = Unknown(Reason.ANATOMY_MISSING, "the midline is not known: not registered to MNI152")
        missing |= {"callosal_thickness_share": why, "middle_peduncle_filled_fraction": why}
    return missing


def _blur(rows: Rows, voxels: LesionVoxels, anatomy: AnatomyMap) -> None:
    """Make unknown what a map with a large error cannot tell of a small structure."""
    error = anatomy.error_mm
    if error is None or error <= SMALL_MM:
        return
    for name, one in STRUCTURES.items():
        volume = one.volume(anatomy)
        if not one.small or volume is None:
            continue
        why = Unknown(
            Reason.LOW_QUALITY,
            f"regions are off by {error:g} mm: too much to tell the {one.words} from what is "
            "beside it",
        )
        held = [f"fraction_{name}", f"{name}_volume_mm3"]
        held += ["third_fourth_lining_length_mm"] if name in _LINING else []
        distance, _ = nearest(voxels, one.within(volume), error)
        for row in np.flatnonzero(voxels.total(np.isfinite(distance))):
            rows[int(voxels.ids[row])] |= dict.fromkeys(held, why)


def _filled(
    voxels: LesionVoxels, anatomy: AnatomyMap, inside: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Share of the middle peduncle that each lesion fills, on the side with more."""
    peduncle = STRUCTURES["middle_peduncle"]
    volume = peduncle.volume(anatomy)
    if volume is None:
        return np.zeros(voxels.ids.size)
    where = np.flatnonzero(peduncle.within(volume))
    right = standard_mm(voxels, anatomy, where)[:, 0] > 0
    on_right = standard_mm(voxels, anatomy, voxels.index)[:, 0] > 0
    filled = np.zeros(voxels.ids.size)
    for side in (False, True):
        size = float(np.count_nonzero(right == side))
        if size:
            filled = np.maximum(filled, voxels.total(inside & (on_right == side)) / size)
    return filled
