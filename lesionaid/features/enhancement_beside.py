"""Enhancement beside lesions: sulcal sheets, foci in white matter, satellites.

Outside the lesion mask every brain has hot vessels, so nothing here is taken at face value:
each lesion's neighbourhood (8 mm) is held against the rest of the same brain. Nothing here
could be validated: no scan with such a pattern was at hand.
"""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.map import AnatomyMap
from lesionaid.features.hot_shape import axis_lengths_mm
from lesionaid.features.reference_tissue import in_sites, site_code
from lesionaid.features.subtraction import Difference
from lesionaid.features.surroundings import Surroundings
from lesionaid.features.voxels import LesionVoxels, Rows, connected_parts, merge
from lesionaid.geometry import Grid
from lesionaid.lesions.lesion_map import LesionMap
from lesionaid.lesions.scale import SizeScale
from lesionaid.quantity import Quantity, Reason, Unit, Unknown, Value
from lesionaid.tables import MeasurementSpec

__all__ = ["BESIDE_SPECS", "beside_measurements"]

SULCUS_MM3 = 100.0
"""Less cerebrospinal fluid beside a lesion tells nothing of a sulcus (proposed)."""

USUAL_MAX = 0.1
"""Where more of all sulcal fluid than this is hot, one hot sulcus cannot stand out (proposed: veins
and the mismatch of dark fluid made it 0.28 in an MS scan without known enhancement)."""

THICK_MM = 2.0
"""Thicker slices mix sulcus and cortex (proposed)."""

FOCUS_MM3 = (3.0, 65.0)
"""Volume of a focus: from a few voxels to a ball of 5 mm (proposed)."""

FOCUS_VOXELS = 3
FOCUS_SITES = ("white_matter", "corpus_callosum", "deep_gray_matter", "brainstem")

SATELLITE_VOXELS = 3

_NEEDS = ("T1w", "T1w_ce", "anatomy")


def _spec(name: str, unit: Unit, description: str) -> MeasurementSpec:
    return MeasurementSpec(name, unit, "lesion", description, _NEEDS, "proposed", validated=False)


BESIDE_SPECS: tuple[MeasurementSpec, ...] = (
    _spec(
        "enhancement_sulcal_fraction",
        Unit.NONE,
        "Hot share of the cerebrospinal fluid within 8 mm of the lesion; unknown with voxels over "
        "2 mm and with under 100 mm3 of it.",
    ),
    _spec(
        "enhancement_sulcal_excess",
        Unit.NONE,
        "That share over the hot share of all cerebrospinal fluid outside the ventricles; unknown "
        "where a tenth of all is hot.",
    ),
    _spec(
        "enhancement_sulcal_width_mm",
        Unit.MM,
        "Width of the largest hot part of that fluid: middle edge of the box with its second "
        "moments; a vessel is narrow, a sheet is wide.",
    ),
    _spec(
        "enhancing_focus_near_count",
        Unit.COUNT,
        "Hot foci in white or deep grey matter outside every lesion, within 8 mm of this one: at "
        "least 3 voxels and 3 mm3, at most 65 mm3, touching nothing hot outside that tissue; "
        "unknown with voxels over 2 mm.",
    ),
    _spec(
        "enhancing_focus_ratio",
        Unit.NONE,
        "Those foci over as many as the rest of that tissue, with one focus added to it, predicts.",
    ),
    _spec(
        "enhancing_satellite_count",
        Unit.COUNT,
        "Satellites of this main lesion of at least 3 voxels that gain, on average, more than the "
        "least that is hot.",
    ),
    MeasurementSpec(
        "enhancing_focus_count",
        Unit.COUNT,
        "study",
        "Hot foci in white or deep grey matter outside every lesion; mostly veins, so it means "
        "something only beside a count of the same patient or scanner.",
        _NEEDS,
        "proposed",
        validated=False,
    ),
)


def beside_measurements(
    gain: Difference,
    floor: float,
    anatomy: AnatomyMap,
    around: Surroundings,
    lesions: LesionMap,
    scale: SizeScale,
    voxel_mm: float,
) -> tuple[Rows, dict[str, Value]]:
    """What enhances beside every lesion.

    Parameters
    ----------
    gain : Difference
        Signal gained, in percent of white matter.
    floor : float
        Above it a voxel is hot.
    anatomy : AnatomyMap
    around : Surroundings
    lesions : LesionMap
    scale : SizeScale
    voxel_mm : float
        Longest voxel edge of what the enhancement was seen on.

    Returns
    -------
    rows : dict of int to dict of str to Value
    study : dict of str to Value
    """
    sulci = _sulci(gain, floor, anatomy, around, scale)
    near, count = _foci(gain, floor, anatomy, around)
    rows = merge(sulci, near, _satellites(gain, floor, around, lesions))
    whole: dict[str, Value] = {"enhancing_focus_count": Quantity(float(count), Unit.COUNT)}
    if voxel_mm > THICK_MM:
        why = Unknown(Reason.LOW_RESOLUTION, f"voxels of {voxel_mm:.3g} mm")
        blurred = [spec.name for spec in BESIDE_SPECS if "satellite" not in spec.name]
        for row in rows.values():
            row |= {name: why for name in blurred if name in row}
        whole = dict.fromkeys(whole, why)
    return rows, whole


def _sulci(
    gain: Difference,
    floor: float,
    anatomy: AnatomyMap,
    around: Surroundings,
    scale: SizeScale,
) -> Rows:
    names = (
        "enhancement_sulcal_fraction",
        "enhancement_sulcal_excess",
        "enhancement_sulcal_width_mm",
    )
    grid, code = around.voxels.grid, site_code("csf")
    fluid = (around.voxels.take(anatomy.sites) == code) & ~around.inside & ~around.other
    hot = fluid.copy()
    hot[fluid] = gain.at(around.voxels.index[fluid]) > floor
    everywhere = anatomy.sites[gain.box] == code
    total = max(int(np.count_nonzero(everywhere)), 1)
    usual = max(int(np.count_nonzero(gain.percent[everywhere] > floor)), 1) / total
    volume = around.voxels.total(fluid)
    share = around.voxels.total(hot) / np.maximum(volume, 1.0)
    width = _widths(around, hot)
    busy = Unknown(Reason.BELOW_NOISE, f"{usual:.0%} of all sulcal fluid is hot")
    few = Unknown(Reason.TOO_FEW_VOXELS, "hardly any cerebrospinal fluid beside the lesion")
    rows: Rows = {
        lesion: dict.fromkeys(names, why) for lesion, why in around.voxels.missing.items()
    }
    for row, lesion in enumerate(around.voxels.ids.tolist()):
        rows[lesion] = dict.fromkeys(names, few)
        if volume[row] * grid.voxel_volume_mm3 >= SULCUS_MM3:
            rows[lesion] = {
                names[0]: Quantity(float(share[row]), Unit.NONE),
                names[1]: busy
                if usual > USUAL_MAX
                else Quantity(float(share[row] / usual), Unit.NONE),
                names[2]: scale.size(float(width[row]), Unit.MM),
            }
    return rows


def _widths(around: Surroundings, hot: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Width of the largest connected hot part, per lesion; 0 where there is none."""
    width = np.zeros(around.voxels.ids.size)
    places = np.flatnonzero(hot)
    if not places.size:
        return width
    owner = around.voxels.owner_at(places)
    part = connected_parts(around.voxels.index[places], owner, around.voxels.grid)
    _, first, number, counts = np.unique(
        part, return_index=True, return_inverse=True, return_counts=True
    )
    # Ascending by size: the largest part of each lesion is written last.
    for which in np.argsort(counts, kind="stable"):
        largest = counts[owner[first] == owner[first[which]]].max()
        if counts[which] == largest:
            index = around.voxels.index[places[number == which]]
            width[owner[first[which]]] = axis_lengths_mm(index, around.voxels.grid)[1]
    return width


def _foci(
    gain: Difference, floor: float, anatomy: AnatomyMap, around: Surroundings
) -> tuple[Rows, int]:
    grid = anatomy.grid
    tissue = in_sites(anatomy.sites, FOCUS_SITES).reshape(-1)
    tissue[around.voxels.index[around.inside]] = False
    hot = np.nonzero((gain.percent > floor) & tissue.reshape(grid.shape)[gain.box])
    place = tuple(axis + side.start for axis, side in zip(hot, gain.box, strict=True))
    index = np.ravel_multi_index(place, grid.shape)
    focus = _separate(index, gain, floor, tissue, grid)
    count = int(focus.max(initial=-1)) + 1
    pairs = np.unique(_beside(around, index[focus >= 0], focus[focus >= 0]), axis=1)
    near = np.bincount(pairs[0], minlength=around.voxels.ids.size).astype(float)
    here = around.voxels.total(tissue[around.voxels.index])
    there = np.maximum(np.count_nonzero(tissue) - here, 1.0)
    expected = (count - near + 1.0) * here / there
    ratio = np.where(expected > 0, near / np.where(expected > 0, expected, 1.0), 0.0)
    rows = merge(
        around.voxels.quantities("enhancing_focus_near_count", near, Unit.COUNT),
        around.voxels.quantities("enhancing_focus_ratio", ratio, Unit.NONE),
    )
    return rows, count


def _beside(
    around: Surroundings, index: NDArray[np.intp], focus: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Row of the lesion and number of the focus for every voxel of a focus about a lesion."""
    marked = np.zeros(int(np.prod(around.voxels.grid.shape)), dtype=bool)
    marked[index] = True
    places = np.flatnonzero(around.voxels.take(marked))
    which = np.searchsorted(index, around.voxels.index[places])
    return np.stack([around.voxels.owner_at(places), focus[which]])


def _separate(
    index: NDArray[np.intp],
    gain: Difference,
    floor: float,
    tissue: NDArray[np.bool_],
    grid: Grid,
) -> NDArray[np.int64]:
    """Number of the focus that each hot voxel belongs to, from 0; -1 where it is none."""
    if not index.size:
        return np.zeros(0, dtype=np.int64)
    part = connected_parts(index, np.zeros(index.size, dtype=np.intp), grid)
    _, number, counts = np.unique(part, return_inverse=True, return_counts=True)
    touches = np.zeros(index.size, dtype=bool)
    ijk = np.stack(np.unravel_index(index, grid.shape), axis=1)
    last = np.asarray(grid.shape) - 1
    for step in product((-1, 0, 1), repeat=3):
        beside = np.ravel_multi_index(tuple(np.clip(ijk + step, 0, last).T), grid.shape)
        touches |= (gain.at(beside) > floor) & ~tissue[beside]
    low, high = (mm3 / grid.voxel_volume_mm3 * (1 - 1e-6) for mm3 in FOCUS_MM3)
    good = (counts >= max(FOCUS_VOXELS, low)) & (counts <= high)
    good &= np.bincount(number, weights=touches, minlength=counts.size) == 0
    renumbered = np.where(good, np.cumsum(good) - 1, -1)
    return np.asarray(renumbered[number])


def _satellites(gain: Difference, floor: float, around: Surroundings, lesions: LesionMap) -> Rows:
    name = "enhancing_satellite_count"
    own: LesionVoxels = around.chosen(around.inside)
    gained = dict(zip(own.ids.tolist(), own.mean(gain.at(own.index)).tolist(), strict=True))
    counts = dict(zip(own.ids.tolist(), own.counts.tolist(), strict=True))
    none = Unknown(Reason.NOT_MEASURED, "not the main lesion of a group")
    small = Unknown(Reason.TOO_FEW_VOXELS, f"satellites under {SATELLITE_VOXELS} voxels")
    rows: Rows = {lesion.id: {name: none} for lesion in lesions.lesions}
    for group in lesions.groups:
        seen = [one for one in group.satellites if counts.get(one, 0) >= SATELLITE_VOXELS]
        hot = sum(gained[one] > floor for one in seen)
        blind = hot == 0 and len(seen) < len(group.satellites)
        rows[group.main] = {name: small if blind else Quantity(float(hot), Unit.COUNT)}
    return rows
