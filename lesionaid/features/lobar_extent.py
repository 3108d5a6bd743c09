"""Lobes that the lesions take in: one, several that adjoin, or lobes apart.

Studies of PML on natalizumab call it unilobar, multilobar or widespread (Dong-Si et al.,
PMC4241803; Wijburg et al. 2016, doi 10.1136/jnnp-2016-313772): one lobe, two or more contiguous
lobes, lobes that are not contiguous. What makes a lobe involved is given nowhere and is proposed
here.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lesionaid.anatomy.map import LOBES, AnatomyMap
from lesionaid.features.location import LOBE_FRACTION, LOBE_MM3
from lesionaid.features.reference_tissue import site_code
from lesionaid.features.voxels import LesionVoxels
from lesionaid.lesions.lesion_map import LesionMap
from lesionaid.lesions.scale import SizeScale
from lesionaid.quantity import Category, Quantity, Reason, Unit, Unknown, Value
from lesionaid.tables import MeasurementSpec

__all__ = ["ADJOINING", "EXTENT_SPECS", "extent_measurements", "extent_of"]

ADJOINING = frozenset(
    frozenset(pair)
    for pair in (
        ("frontal", "parietal"),
        ("frontal", "temporal"),
        ("frontal", "insula"),
        ("parietal", "temporal"),
        ("parietal", "occipital"),
        ("parietal", "insula"),
        ("temporal", "occipital"),
        ("temporal", "insula"),
    )
)
"""Lobes of one hemisphere that share a border; the two hemispheres do not count as adjoining
(proposed)."""

EXTENT_SPECS: tuple[MeasurementSpec, ...] = (
    MeasurementSpec(
        "lobes_involved_count",
        Unit.COUNT,
        "study",
        "Lobes, left and right apart, that hold 10 % or 0.5 ml of a lesion from 3 mm.",
        ("lesions", "anatomy"),
        "proposed",
    ),
    MeasurementSpec(
        "lobar_extent",
        None,
        "study",
        "Lobes that the lesions from 3 mm take in: none, infratentorial (and no lobe), unilobar, "
        "multilobar (several of one hemisphere, each adjoining another) or widespread.",
        ("lesions", "anatomy"),
        "Dong-Si, PMC4241803; when a lobe is involved is proposed",
    ),
)

INFRATENTORIAL = ("brainstem", "cerebellum")


def extent_measurements(
    counted: Sequence[int] | Unknown,
    lesions: LesionMap,
    voxels: LesionVoxels,
    anatomy: AnatomyMap | None,
    scale: SizeScale,
) -> dict[str, Value]:
    """Lobar extent of the lesions together.

    Parameters
    ----------
    counted : sequence of int, or Unknown
        Ids of the lesions from 3 mm.
    lesions : LesionMap
    voxels : LesionVoxels
        On ``anatomy.grid``.
    anatomy : AnatomyMap or None
    scale : SizeScale

    Returns
    -------
    dict of str to Value
        Every name of :data:`EXTENT_SPECS`.
    """
    names = [spec.name for spec in EXTENT_SPECS]
    if anatomy is None:
        return dict.fromkeys(names, Unknown(Reason.ANATOMY_MISSING, "not registered"))
    if isinstance(counted, Unknown):
        return dict.fromkeys(names, counted)
    if not anatomy.lobes.any():
        why = Unknown(Reason.ANATOMY_MISSING, "no lobes in the region map")
        return dict.fromkeys(names, why)
    mm3 = np.array([lesions.by_id[int(lesion)].volume_mm3 for lesion in voxels.ids])
    own = np.isin(voxels.ids, list(counted))
    limit = np.inf if scale.factor is None else LOBE_MM3 / scale.factor**3
    lobe = voxels.take(anatomy.lobes)
    involved = []
    for code, name in LOBES.items():
        share = voxels.mean(lobe == code)
        if np.any(own & ((share >= LOBE_FRACTION) | (share * mm3 >= limit))):
            involved.append(name)
    below = np.isin(voxels.take(anatomy.sites), [site_code(name) for name in INFRATENTORIAL])
    fossa = bool(np.any(own & (voxels.mean(below) >= LOBE_FRACTION)))
    return {
        "lobes_involved_count": Quantity(len(involved), Unit.COUNT),
        "lobar_extent": Category(extent_of(involved, fossa)),
    }


def extent_of(lobes: Sequence[str], infratentorial: bool) -> str:
    """Extent by the names of the lobes involved.

    Parameters
    ----------
    lobes : sequence of str
        Values of :data:`lesionaid.anatomy.map.LOBES`.
    infratentorial : bool
        Whether brainstem or cerebellum hold lesions besides: they adjoin no lobe.
    """
    if not lobes:
        return "infratentorial" if infratentorial else "none"
    if infratentorial or len({side for _, side in map(_split, lobes)}) > 1:
        return "widespread"
    left = {name for name, _ in map(_split, lobes)}
    if len(left) == 1:
        return "unilobar"
    reached = {min(left)}
    while more := {x for x in left - reached if any({x, y} in ADJOINING for y in reached)}:
        reached |= more
    return "multilobar" if reached == left else "widespread"


def _split(lobe: str) -> tuple[str, str]:
    name, _, side = lobe.partition("_")
    return name, side
