"""Fluid inside a lesion: microcysts and cavities.

Tissue of PML is described as microcystic on T2 (McGuigan et al. 2016, PMC4752634); no definition
in numbers is published. A hole is fluid: on T2 nearer cerebrospinal fluid than the lesion about
it, and on FLAIR as well, both halfway (proposed), which a hole that fills half of its voxels just
reaches. Connected holes under 3 mm are microcysts, larger ones cavities. A hole counts only where
it is closed: connected fluid that reaches the lesion's edge is a sulcus, a ventricle, or the
lesion's border. Perivascular spaces in a lesion look the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lesionaid.features.depth import explain, mean_where, no_value, own_mm, quantile_where, usable
from lesionaid.features.resolution import too_coarse
from lesionaid.features.surroundings import Surroundings
from lesionaid.features.tissue_levels import Levels, TissueLevels
from lesionaid.features.voxels import Rows, connected_parts, merge, whole_column
from lesionaid.lesions.lesion_map import LesionMap
from lesionaid.lesions.scale import SizeScale
from lesionaid.quantity import Category, Quantity, Reason, Unit, Unknown, Value
from lesionaid.study.scan import Contrast, Study
from lesionaid.tables import MeasurementSpec

__all__ = ["CYST_SPECS", "cyst_measurements"]

HALFWAY = 0.5

MICROCYST_MM = 3.0
"""Equivalent diameter below which a hole is a microcyst (the evidence file's proposal)."""

LIKELY = 3
"""The evidence file's proposal. The 47 ml plaque of one MS patient has two."""

MICROCYST_VOXEL_MM = 1.5
"""Two voxels across the largest microcyst (proposed)."""

CAVITY_THROUGH_MM = 3.2
"""Slices of about 3 mm still show a cavity of some millimetres (proposed)."""

LOOK_OUT_MM = 2.0
"""Fluid is followed this far out of the lesion, to see whether a hole is closed (proposed)."""

LIKE_FLUID = 0.2
"""A lesion this close to fluid on T2, as a share of the way from white matter, hides holes
(proposed)."""

MIN_VOXELS = 30
"""A lesion of fewer voxels has no inside to hold a hole (proposed)."""

_NEEDS = ("T2w", "FLAIR", "lesions", "anatomy")
_SOURCE = "proposed, after McGuigan et al. 2016, PMC4752634"


def _spec(
    name: str, unit: Unit | None, description: str, needs: tuple[str, ...] = _NEEDS
) -> MeasurementSpec:
    return MeasurementSpec(name, unit, "lesion", description, needs, _SOURCE, validated=False)


CYST_SPECS: tuple[MeasurementSpec, ...] = (
    _spec(
        "microcyst_count",
        Unit.COUNT,
        "Closed holes under 3 mm in equivalent diameter in the lesion: halfway or more from its "
        "median to cerebrospinal fluid on T2w and FLAIR. Unknown with voxels over 1.5 mm.",
    ),
    _spec(
        "microcyst_class",
        None,
        "likely (3 microcysts or more), possible (1 or 2: no pattern yet, and voxels hide smaller "
        "ones) or none.",
    ),
    _spec("microcyst_volume_mm3", Unit.MM3, "Volume of the microcysts of the lesion."),
    _spec(
        "microcyst_limit_mm",
        Unit.MM,
        "Diameter of the smallest microcyst that these voxels show: a ball of half a voxel.",
    ),
    _spec(
        "cavity_volume_mm3",
        Unit.MM3,
        "Volume of the closed holes from 3 mm on in the lesion: nearer cerebrospinal fluid than "
        "white matter on FLAIR, and than cortex on T1w.",
        ("FLAIR", "T1w", "lesions", "anatomy"),
    ),
    _spec(
        "cavity_fraction",
        Unit.NONE,
        "Share of the lesion that is cavity.",
        ("FLAIR", "T1w", "lesions", "anatomy"),
    ),
)

_MICRO, _CAVITY = (
    tuple(spec.name for spec in CYST_SPECS[:4]),
    ("cavity_volume_mm3", "cavity_fraction"),
)


@dataclass(frozen=True, slots=True, eq=False)
class _Holes:
    """Closed holes: the row of their lesion and their volume in mm3 of the patient."""

    row: NDArray[np.intp]
    mm3: NDArray[np.float64]

    def smaller_than(self, mm: float) -> NDArray[np.bool_]:
        return np.asarray(np.cbrt(6 * self.mm3 / np.pi) < mm)


def cyst_measurements(
    study: Study, lesions: LesionMap, around: Surroundings, levels: Levels, scale: SizeScale
) -> Rows:
    """Microcysts and cavities of every lesion.

    Parameters
    ----------
    study : Study
        Aligned.
    lesions : LesionMap
    around : Surroundings
    levels : mapping of Contrast to TissueLevels or Unknown
    scale : SizeScale

    Returns
    -------
    dict of int to dict of str to Value
        Every lesion, every name of :data:`CYST_SPECS`.
    """
    return merge(
        _microcysts(study, lesions, around, levels, scale),
        _cavities(study, lesions, around, levels, scale),
    )


def _microcysts(
    study: Study, lesions: LesionMap, around: Surroundings, levels: Levels, scale: SizeScale
) -> Rows:
    t2w, flair = levels[Contrast.T2W], levels[Contrast.FLAIR]
    scans = [study.scans[c] for c in (Contrast.T2W, Contrast.FLAIR) if c in study.scans]
    edge = own_mm(scale, MICROCYST_VOXEL_MM)
    for why in (t2w, flair, _unscaled(scale), *(too_coarse(scan, edge, edge) for scan in scans)):
        if isinstance(why, Unknown):
            return whole_column(lesions, _MICRO, why)
    assert not isinstance(t2w, Unknown)
    assert not isinstance(flair, Unknown)
    t2w_values, t2w_valid = usable(around, scans[0])
    flair_values, flair_valid = usable(around, scans[1])
    on_t2w = quantile_where(around, t2w_values, around.inside, 0.5)
    on_flair = quantile_where(around, flair_values, around.inside, 0.5)
    valid = t2w_valid & flair_valid
    row = around.voxels.owner
    fluid = (
        valid
        & (t2w_values >= _halfway(on_t2w, t2w.fluid)[row])
        & (flair_values <= _halfway(on_flair, flair.fluid)[row])
    )
    holes = _closed(around, fluid, scale)
    micro = holes.smaller_than(MICROCYST_MM)
    rows = around.voxels.ids.size
    count = np.bincount(holes.row[micro], minlength=rows).astype(float)
    mm3 = np.bincount(holes.row[micro], weights=holes.mm3[micro], minlength=rows).astype(float)
    bars = (no_value(around, valid), _few(around), _like_fluid(t2w, on_t2w, flair, on_flair))
    half = 0.5 * max(scan.source.grid.voxel_volume_mm3 for scan in scans)
    limit = np.full(rows, np.cbrt(6 * half / np.pi) * (scale.factor or 1.0))
    voxels = around.voxels
    return merge(
        explain(voxels, _MICRO[0], count, lambda value: Quantity(value, Unit.COUNT), *bars),
        explain(voxels, _MICRO[1], count, _class, *bars),
        explain(voxels, _MICRO[2], mm3, lambda value: Quantity(value, Unit.MM3), *bars),
        explain(voxels, _MICRO[3], limit, lambda value: Quantity(value, Unit.MM)),
    )


def _cavities(
    study: Study, lesions: LesionMap, around: Surroundings, levels: Levels, scale: SizeScale
) -> Rows:
    flair, t1w = levels[Contrast.FLAIR], levels[Contrast.T1W]
    scans = [study.scans[c] for c in (Contrast.FLAIR, Contrast.T1W) if c in study.scans]
    plane, through = own_mm(scale, MICROCYST_VOXEL_MM), own_mm(scale, CAVITY_THROUGH_MM)
    coarse = (too_coarse(scan, plane, through) for scan in scans)
    for why in (flair, t1w, _unscaled(scale), *coarse):
        if isinstance(why, Unknown):
            return whole_column(lesions, _CAVITY, why)
    assert not isinstance(flair, Unknown)
    assert not isinstance(t1w, Unknown)
    flair_values, flair_valid = usable(around, scans[0])
    t1w_values, t1w_valid = usable(around, scans[1])
    valid = flair_valid & t1w_valid
    fluid = (
        valid
        & (flair_values <= (flair.white + flair.fluid) / 2)
        & (t1w_values <= (t1w.grey + t1w.fluid) / 2)
    )
    holes = _closed(around, fluid, scale)
    large = ~holes.smaller_than(MICROCYST_MM)
    rows = around.voxels.ids.size
    mm3 = np.bincount(holes.row[large], weights=holes.mm3[large], minlength=rows).astype(float)
    _, inside = mean_where(around, flair_values, around.inside)
    whole = inside * around.voxels.grid.voxel_volume_mm3 * (scale.factor or 1.0) ** 3
    bars = (no_value(around, valid), _few(around))
    return merge(
        explain(around.voxels, _CAVITY[0], mm3, lambda value: Quantity(value, Unit.MM3), *bars),
        explain(
            around.voxels, _CAVITY[1], mm3 / whole, lambda value: Quantity(value, Unit.NONE), *bars
        ),
    )


def _class(count: float) -> Value:
    return Category("likely" if count >= LIKELY else "possible" if count else "none")


def _halfway(lesion: NDArray[np.float64], fluid: float) -> NDArray[np.float64]:
    return lesion + HALFWAY * (fluid - lesion)


def _unscaled(scale: SizeScale) -> Unknown | None:
    known = scale.size(0.0, Unit.MM)
    return known if isinstance(known, Unknown) else None


def _few(around: Surroundings) -> tuple[NDArray[np.bool_], Unknown]:
    _, inside = mean_where(around, around.signed_mm, around.inside)
    return inside < MIN_VOXELS, Unknown(Reason.TOO_FEW_VOXELS, f"fewer than {MIN_VOXELS} voxels")


def _like_fluid(
    t2w: TissueLevels,
    on_t2w: NDArray[np.float64],
    flair: TissueLevels,
    on_flair: NDArray[np.float64],
) -> tuple[NDArray[np.bool_], Unknown]:
    """Lesions in which a hole would not stand out."""
    near = on_t2w >= t2w.fluid - LIKE_FLUID * (t2w.fluid - t2w.white)
    near |= on_flair <= (flair.white + flair.fluid) / 2
    return near, Unknown(Reason.BELOW_NOISE, "the lesion looks like fluid itself")


def _closed(around: Surroundings, fluid: NDArray[np.bool_], scale: SizeScale) -> _Holes:
    """Connected fluid inside its lesion that has no face on the lesion's edge."""
    near = fluid & (around.signed_mm <= own_mm(scale, LOOK_OUT_MM))
    if not near.any():
        return _Holes(np.zeros(0, dtype=np.intp), np.zeros(0))
    voxels = around.voxels
    index, owner = voxels.index[near], voxels.owner[near]
    part = np.unique(connected_parts(index, owner, voxels.grid), return_inverse=True)[1]
    # The centre of a voxel with a face on the edge lies half a voxel inside; with a corner, 0.7.
    edge = around.signed_mm[near] > -0.6 * min(voxels.grid.spacing_mm)
    closed = np.bincount(part, weights=edge) == 0
    first = np.unique(part, return_index=True)[1]
    mm3 = np.bincount(part) * voxels.grid.voxel_volume_mm3 * (scale.factor or 1.0) ** 3
    return _Holes(owner[first][closed], mm3[closed])
