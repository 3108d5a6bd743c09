"""How wide the border of each lesion is, towards white matter, grey matter and ventricle.

The border is cut into patches of about 6 mm. In each, the signal along the distance to the
mask's edge is fitted by a blurred step whose centre is free, so a mask that is drawn a voxel too
wide does not blur the border of the image. What lies just outside decides the side; voxels
further out count only while they are of that side, and other lesions never. Patches where no
plateau, no contrast or no fine enough voxel shows an edge are left out, and a side that is mostly
left out is unknown.

Scans differ in sharpness more than lesions do: in two open MS scans the same measure read 1 and 4
mm for the typical border. So the width of the sharpest natural edge of the same scan, the wall of
the lateral ventricle, is taken off (in squares, as blurs add); the voxels' own blur is taken off
where there is no wall to be read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.map import AnatomyMap
from lesionaid.features.border_patches import SIDES, Patches, border_patches
from lesionaid.features.border_reference import sharpest_edge_mm
from lesionaid.features.edge_fit import WIDTH_OF_SD, fit_edges
from lesionaid.features.surroundings import Surroundings
from lesionaid.features.voxels import Rows, merge, whole_column
from lesionaid.lesions.lesion_map import LesionMap
from lesionaid.lesions.scale import SizeScale
from lesionaid.quantity import Category, Quantity, Reason, Unit, Unknown, Value
from lesionaid.study.scan import Contrast, Scan, Study
from lesionaid.tables import MeasurementSpec

__all__ = ["BORDER_SPECS", "border_measurements"]

WIDE_MM = 4.0
"""A border this wide from 10 to 90 % fades (proposed in the project's evidence file; four voxels
of a 3-D FLAIR, where a sharp edge takes one to two)."""

SLICE_MAX_MM = 3.5
"""In thicker slices a surface that slants fades whatever its border (proposed)."""

BLUR_MAX_MM = 2.0
"""Patches that the voxels alone widen by more than half of WIDE_MM tell nothing (proposed)."""

WALL_MAX_MM = 3.5
"""A scan whose sharpest edges are wider cannot show which border fades (proposed)."""

DEPTH_MM, OUTSIDE_MM, THIN_OUTSIDE_MM = 2.0, 2.5, 1.5
"""How far a profile must reach to show its plateaus: into the lesion, into white matter, and into
cortex or ventricle, which are thin (proposed)."""

EXPLAINED_MIN = 0.8
"""A profile that a blurred step explains less is no single edge (proposed)."""

CONTRAST_MIN = 1.5
"""Least step over the scatter within a bin of distance (proposed)."""

MIXED_SHARE, ILL_DEFINED_SHARE = 0.25, 0.5
"""Share of a border that is wide from which it is mixed, and from which it is ill-defined
(proposed). The evidence file proposes a quarter for ill-defined or mixed; the confluent lesions of
one open MS scan reach 0.3 to 0.45, so between the two a reader is not sure."""

SHARE_MIN = 0.1
"""A side that takes up less of the border is not one that the lesion faces (proposed)."""

SEEN_MIN = 0.3
"""Least share of a side's border that must be readable (proposed)."""

_NAMES: Mapping[str, str] = {
    "white": "white_matter",
    "gray": "grey_matter",
    "ventricle": "ventricle",
}
_READ = ("white", "gray", "ventricle", "infratentorial")
_WORDS = {"white": "white matter", "gray": "grey matter", "ventricle": "a ventricle"}
_REFERENCE = (
    "proposed; after the borders to white and grey matter of Wijburg et al. 2016, "
    "doi 10.1136/jnnp-2016-313772"
)


def _spec(name: str, unit: Unit, description: str) -> MeasurementSpec:
    return MeasurementSpec(name, unit, "lesion", description, ("FLAIR", "anatomy"), _REFERENCE)


def _side_specs(suffix: str, where: str) -> tuple[MeasurementSpec, ...]:
    return (
        _spec(
            f"border_width{suffix}_mm",
            Unit.MM,
            f"Median width from 10 to 90 % of the FLAIR signal (else T2w) across the border {where}"
            ", over patches of 6 mm that show an edge; the blur of the voxels is taken off.",
        ),
        _spec(
            f"border_wide_fraction{suffix}",
            Unit.NONE,
            f"Share of the readable border {where} that is at least 4 mm wide.",
        ),
        MeasurementSpec(
            f"border_class{suffix}",
            None,
            "lesion",
            f"The border {where}: sharp (under a quarter of it is 4 mm wide or more), mixed, or "
            "ill_defined (half of it or more).",
            ("FLAIR", "anatomy"),
            _REFERENCE,
        ),
    )


BORDER_SPECS: tuple[MeasurementSpec, ...] = (
    *_side_specs("", "on all sides"),
    *(
        spec
        for name in _NAMES.values()
        for spec in (
            *_side_specs(f"_{name}", f"towards {name.replace('_', ' ')}"),
            _spec(
                f"border_fraction_{name}",
                Unit.NONE,
                f"Share of the lesion's border that faces {name.replace('_', ' ')}.",
            ),
        )
    ),
)


@dataclass(frozen=True, slots=True, eq=False)
class _Widths:
    """Width of each patch, and which of them can be read."""

    patches: Patches
    width_mm: NDArray[np.float64]
    shallow: NDArray[np.bool_]
    coarse: NDArray[np.bool_]
    faint: NDArray[np.bool_]

    @property
    def readable(self) -> NDArray[np.bool_]:
        return ~(self.shallow | self.coarse | self.faint)


def border_measurements(
    study: Study,
    anatomy: AnatomyMap | None,
    lesions: LesionMap,
    around: Surroundings,
    scale: SizeScale,
) -> Rows:
    """Border of every lesion.

    Parameters
    ----------
    study : Study
        Aligned: every scan on ``around.voxels.grid``.
    anatomy : AnatomyMap or None
        None makes every border ``ANATOMY_MISSING``.
    lesions : LesionMap
    around : Surroundings
    scale : SizeScale

    Returns
    -------
    dict of int to dict of str to Value
        Every lesion, every name of :data:`BORDER_SPECS`.
    """
    names = tuple(spec.name for spec in BORDER_SPECS)
    scan = study.scans.get(Contrast.FLAIR) or study.scans.get(Contrast.T2W)
    why = _not_at_all(scan, anatomy, scale)
    if why is not None or scan is None or anatomy is None:
        return whole_column(lesions, names, why or Unknown(Reason.IMAGE_MISSING))
    wall = sharpest_edge_mm(scan, anatomy, around)
    if wall is not None and wall > WALL_MAX_MM:
        detail = f"the wall of the ventricle itself is {wall:.2g} mm wide"
        return whole_column(lesions, names, Unknown(Reason.LOW_RESOLUTION, detail))
    patches = border_patches(scan, anatomy, around)
    widths = _widths(patches, wall or 0.0, scale.factor or 1.0)
    rows: Rows = {lesion: dict.fromkeys(names, gone) for lesion, gone in _missing(around).items()}
    for row, lesion in enumerate(around.voxels.ids.tolist()):
        rows[lesion] = _of_lesion(widths, row)
    return merge(rows)


def _missing(around: Surroundings) -> Mapping[int, Unknown]:
    return around.voxels.missing


def _not_at_all(scan: Scan | None, anatomy: AnatomyMap | None, scale: SizeScale) -> Unknown | None:
    """Why no border of the study can be measured."""
    if scan is None:
        return Unknown(Reason.IMAGE_MISSING, "no FLAIR and no T2w", ("FLAIR",))
    if anatomy is None:
        return Unknown(Reason.ANATOMY_MISSING, "not registered")
    if scale.factor is None:
        return Unknown(Reason.SCALE_UNKNOWN, "brain normalised to MNI152", ("native_scale",))
    edge = max(*scan.grid.spacing_mm, *scan.source.grid.spacing_mm)
    if edge > SLICE_MAX_MM:
        return Unknown(Reason.LOW_RESOLUTION, f"slices of {edge:.3g} mm")
    return None


def _widths(patches: Patches, wall_mm: float, factor: float) -> _Widths:
    edges = fit_edges(patches.count, patches.total, patches.square)
    blur = WIDTH_OF_SD * np.sqrt(patches.blur_mm2)
    sharp = np.maximum(blur, wall_mm)
    width = np.sqrt(np.maximum(edges.width_mm**2 - sharp**2, 0.0)) * factor
    thick = np.isin(patches.side, _codes("white", "infratentorial"))
    needed = np.where(thick, OUTSIDE_MM, THIN_OUTSIDE_MM)
    shallow = (patches.depth_mm < DEPTH_MM) | (patches.reach_mm < needed)
    faint = (edges.explained < EXPLAINED_MIN) | (edges.step < CONTRAST_MIN * edges.noise)
    return _Widths(patches, width, shallow, blur > BLUR_MAX_MM, faint)


def _codes(*names: str) -> list[int]:
    return [SIDES.index(name) for name in names]


def _of_lesion(widths: _Widths, row: int) -> dict[str, Value]:
    own = widths.patches.row == row
    whole = float(widths.patches.weight[own].sum())
    values: dict[str, Value] = {}
    values |= _of_side(widths, own & np.isin(widths.patches.side, _codes(*_READ)), "")
    for side, name in _NAMES.items():
        facing = own & (widths.patches.side == SIDES.index(side))
        share = float(widths.patches.weight[facing].sum()) / whole if whole else 0.0
        if not whole or share < SHARE_MIN:
            detail = f"hardly any border faces {_WORDS[side]}"
            values |= _named(f"_{name}", *3 * (Unknown(Reason.TOO_FEW_VOXELS, detail),))
        else:
            values |= _of_side(widths, facing, f"_{name}")
        small = Unknown(Reason.TOO_FEW_VOXELS, "too thin to have a border apart from its middle")
        values[f"border_fraction_{name}"] = Quantity(share, Unit.NONE) if whole else small
    return values


def _of_side(widths: _Widths, chosen: NDArray[np.bool_], suffix: str) -> dict[str, Value]:
    """Median width of some patches, the share of them that is wide, and the word for it."""
    weight = widths.patches.weight
    total = float(weight[chosen].sum())
    read = chosen & widths.readable
    seen = float(weight[read].sum())
    if not total or seen < SEEN_MIN * total:
        return _named(suffix, *3 * (_why_unread(widths, chosen),))
    width, heavy = widths.width_mm[read], weight[read]
    order = np.argsort(width, kind="stable")
    middle = order[np.searchsorted(np.cumsum(heavy[order]), 0.5 * seen)]
    wide = float(heavy[width >= WIDE_MM].sum()) / seen
    word = "sharp" if wide < MIXED_SHARE else "mixed"
    word = "ill_defined" if wide >= ILL_DEFINED_SHARE else word
    return _named(
        suffix, Quantity(float(width[middle]), Unit.MM), Quantity(wide, Unit.NONE), Category(word)
    )


def _named(suffix: str, width: Value, wide: Value, word: Value) -> dict[str, Value]:
    return {
        f"border_width{suffix}_mm": width,
        f"border_wide_fraction{suffix}": wide,
        f"border_class{suffix}": word,
    }


def _why_unread(widths: _Widths, chosen: NDArray[np.bool_]) -> Unknown:
    weight = widths.patches.weight[chosen]
    reasons = (
        (widths.shallow, Reason.TOO_FEW_VOXELS, "too thin to have a border apart from its middle"),
        (widths.coarse, Reason.LOW_RESOLUTION, "voxels too thick across the border"),
        (widths.faint, Reason.BELOW_NOISE, "no clear edge in the signal"),
    )
    shares = [float(weight[flags[chosen]].sum()) for flags, _, _ in reasons]
    _, reason, detail = reasons[int(np.argmax(shares))]
    return Unknown(reason, detail)
