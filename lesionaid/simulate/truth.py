"""What is true of each simulated lesion, counted on the brain's own grid.

Counted from the anatomy without noise and from the label map, before any scan is made, and
without the code that measures: it is what that code is tested with. A voxel belongs to a
lesion or not (the half level). Lengths run between voxel centres and so fall short of the
body's own by up to a voxel. Where the brain cannot say, a value is None.

:data:`lesionaid.simulate.truth_columns.DESCRIPTIONS` defines every value; it is written
beside ``truth.tsv``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lesionaid.simulate.brain import Brain
from lesionaid.simulate.contact import caliper_mm, contact_with, longest_part_mm
from lesionaid.simulate.evolution import Before, Change, Evolution, changes_since, gone_since
from lesionaid.simulate.fields import FloatArray
from lesionaid.simulate.lesions import Box, Mechanism, Role, SimulatedLesion
from lesionaid.simulate.tissue import Appearance
from lesionaid.simulate.truth_sites import LOBES, NamedSites, named_sites

__all__ = ["BAND_MM", "Before", "LesionTruth", "resolved_truth", "truth_of"]

Mask = NDArray[np.bool_]

BAND_MM = 3.0
"""Width of the band below the cortex and of the one round the ventricles (proposed; the
widths of the signs ``juxtacortical_ufibre`` and ``periventricular`` in ``rules/signs``)."""

SIDE_SHARE = 0.1
"""A lesion is on a side that holds this share of it (``rules/signs/hemisphere_left.yaml``)."""

SPARE_VOXELS = 6
"""Room round a lesion's box for the surfaces next to it."""


@dataclass(frozen=True, slots=True)
class LesionTruth:
    """What is true of one lesion at one date.

    Parameters
    ----------
    label : int
        In the label map that was written; 0 for a lesion that is gone.
    mechanism, role, site : str
        As the generator named them.
    n_voxels : int
    volume_mm3 : float
    centroid_mm : tuple of float, or None
        Scanner RAS+ mm; None for a lesion that is gone.

    Notes
    -----
    The other values are defined in
    :data:`lesionaid.simulate.truth_columns.DESCRIPTIONS`, each with its unit.
    """

    label: int
    mechanism: Mechanism
    role: Role
    site: str
    n_voxels: int
    volume_mm3: float
    centroid_mm: tuple[float, float, float] | None = None
    equivalent_diameter_mm: float | None = None
    diameter_mm: float | None = None
    extent_right_mm: float | None = None
    extent_anterior_mm: float | None = None
    extent_superior_mm: float | None = None
    ventricle_mm: float | None = None
    ventricle_contact_mm2: float | None = None
    ventricle_contact_mm: float | None = None
    periventricular_mm3: float | None = None
    cortex_mm: float | None = None
    cortex_contact_mm2: float | None = None
    cortex_contact_mm: float | None = None
    subcortical_mm3: float | None = None
    subcortical_mm: float | None = None
    share_subcortical: float | None = None
    share_cortex: float | None = None
    share_white_matter: float | None = None
    share_callosum: float | None = None
    share_deep_gray: float | None = None
    share_infratentorial: float | None = None
    lobe: str | None = None
    side: str | None = None
    touches_third_ventricle: bool | None = None
    touches_fourth_ventricle: bool | None = None
    enhancement: str | None = None
    enhancing_mm3: float | None = None
    central_vein: bool | None = None
    paramagnetic_rim: bool | None = None
    change: Change | None = None
    prior_label: int | None = None
    prior_volume_mm3: float | None = None
    growth_percent_per_month: float | None = None


def truth_of(
    brain: Brain,
    labels: NDArray[np.int32],
    lesions: Sequence[SimulatedLesion],
    looks: Sequence[Appearance] | None = None,
    before: Before | None = None,
) -> tuple[LesionTruth, ...]:
    """Count what is true of every lesion on the label map.

    Parameters
    ----------
    brain : Brain
        Its grid gives the millimetres; axes at right angles.
    labels : ndarray of shape brain.grid.shape, int32
        The first lesion has label 1.
    lesions : sequence of SimulatedLesion
    looks : sequence of Appearance, optional
        Without them nothing is said of enhancement, vein and rim.
    before : Before, optional
        Without the date before nothing is said of change.

    Returns
    -------
    tuple of LesionTruth
        In the order of `lesions`.
    """
    changes = {} if before is None else changes_since(before, labels)
    rows = []
    for number, lesion in enumerate(lesions, start=1):
        place = _Place.of(brain, labels, number, lesion.box)
        counted = {
            **_size(place),
            **_surfaces(place),
            **_tissues(place),
            **_sites(place, named_sites(brain, place.box)),
            **({} if looks is None else _signal(place, lesion, looks[number - 1])),
            **_changed(changes.get(number), place.voxel_mm3),
        }
        rows.append(LesionTruth(number, lesion.mechanism, lesion.role, lesion.site, **counted))
    return tuple(rows)


def resolved_truth(
    before: Before,
    labels: NDArray[np.int32],
    lesions: Sequence[SimulatedLesion],
    voxel_mm3: float,
) -> tuple[LesionTruth, ...]:
    """Lesions of the date before on whose voxels nothing lies now.

    Parameters
    ----------
    before : Before
    labels : ndarray of int32
        Of the date now.
    lesions : sequence of SimulatedLesion
        Of the date before.
    voxel_mm3 : float

    Returns
    -------
    tuple of LesionTruth
        With label 0 and without volume.
    """
    rows = []
    for old in gone_since(before, labels):
        lesion = lesions[old - 1]
        count = int(np.count_nonzero(before.labels == old))
        then = _changed(Evolution("resolved", old, count, None), voxel_mm3)
        rows.append(LesionTruth(0, lesion.mechanism, lesion.role, lesion.site, 0, 0.0, **then))
    return tuple(rows)


@dataclass(frozen=True, slots=True, eq=False)
class _Place:
    """One lesion and the brain round it."""

    brain: Brain
    box: Box
    mask: Mask

    @classmethod
    def of(cls, brain: Brain, labels: NDArray[np.int32], number: int, box: Box) -> _Place:
        i, j, k = (
            slice(max(0, side.start - SPARE_VOXELS), side.stop + SPARE_VOXELS) for side in box
        )
        return cls(brain, (i, j, k), labels[i, j, k] == number)

    @property
    def voxel_mm3(self) -> float:
        return self.brain.grid.voxel_volume_mm3

    def voxels(self) -> NDArray[np.int64]:
        """On the brain's grid."""
        places: NDArray[np.int64] = np.argwhere(self.mask) + [side.start for side in self.box]
        return places

    def share(self, where: Mask) -> float:
        return round(float(where[self.mask].mean()), 4) if self.mask.any() else 0.0

    def volume(self, where: Mask) -> float:
        return round(float(np.count_nonzero(where & self.mask) * self.voxel_mm3), 3)

    def length(self, where: Mask) -> float:
        return round(longest_part_mm(where & self.mask, self.brain.grid), 3)


def _size(place: _Place) -> dict[str, Any]:
    voxels, grid = place.voxels(), place.brain.grid
    volume = place.volume(place.mask)
    found = {"n_voxels": len(voxels), "volume_mm3": volume}
    if not len(voxels):
        return found
    mm = grid.to_mm(voxels)
    # A voxel reaches half its shadow beyond its centre on either side.
    extent = np.ptp(mm, axis=0) + np.abs(grid.affine[:3, :3]).sum(axis=1)
    names = ("extent_right_mm", "extent_anterior_mm", "extent_superior_mm")
    return {
        **found,
        "centroid_mm": tuple(round(float(value), 3) for value in mm.mean(axis=0)),
        "equivalent_diameter_mm": round(float((6 * volume / np.pi) ** (1 / 3)), 3),
        "diameter_mm": round(caliper_mm(voxels, grid), 3),
        **{name: round(float(value), 3) for name, value in zip(names, extent, strict=True)},
    }


def _surfaces(place: _Place) -> dict[str, Any]:
    """Distances and contacts: of the ventricle, and of the cortex's inner surface."""
    brain = place.brain
    found: dict[str, Any] = {}
    if not place.mask.any():
        return {}
    ventricle, cortex = brain.ventricle_mm[place.box], brain.cortex_mm[place.box]
    if np.isfinite(ventricle).all():
        found |= _surface(place, "ventricle", ventricle, None)
        found["periventricular_mm3"] = place.volume(ventricle <= BAND_MM)
    if np.isfinite(cortex).all():
        white = brain.white[place.box] > brain.csf[place.box]
        beside = white & ~brain.infratentorial[place.box]
        found |= _surface(place, "cortex", cortex, beside)
    return found


def _surface(
    place: _Place, name: str, distance: FloatArray, beside: Mask | None
) -> dict[str, float]:
    grid = place.brain.grid
    contact = contact_with(place.mask, distance < 0, distance, grid, beside)
    return {
        f"{name}_mm": round(float(distance[place.mask].min()), 3),
        f"{name}_contact_mm2": round(contact.area_mm2, 2),
        f"{name}_contact_mm": round(contact.length_mm, 3),
    }


def _tissues(place: _Place) -> dict[str, Any]:
    """Shares by the brain's own tissues, which every brain has."""
    brain, box = place.brain, place.box
    below = brain.infratentorial[box]
    white = (brain.white[box] >= 0.5) & ~below
    found: dict[str, Any] = {"share_white_matter": place.share(white)}
    if brain.infratentorial.any():
        found["share_infratentorial"] = place.share(below)
    cortex = brain.cortex_mm[box]
    if np.isfinite(cortex).all():
        band = white & (cortex > 0) & (cortex <= BAND_MM)
        found |= {
            "share_cortex": place.share(cortex < 0),
            "share_subcortical": place.share(band),
            "subcortical_mm3": place.volume(band),
            "subcortical_mm": place.length(band),
        }
    return found


def _sites(place: _Place, sites: NamedSites | None) -> dict[str, Any]:
    if sites is None or not place.mask.any():
        return {}
    return {
        "share_callosum": place.share(sites.callosum),
        "share_deep_gray": place.share(sites.deep_gray),
        "lobe": _lobe(place, sites),
        "side": _side(place, sites),
        **{f"touches_{name}": _touches(place.mask, fluid) for name, fluid in sites.fluid.items()},
    }


def _lobe(place: _Place, sites: NamedSites) -> str | None:
    counts = np.bincount(sites.lobe[place.mask], minlength=len(LOBES) + 1)[1:]
    return LOBES[int(np.argmax(counts))] if counts.any() else None


def _side(place: _Place, sites: NamedSites) -> str:
    right = place.share(sites.right)
    if SIDE_SHARE <= right <= 1 - SIDE_SHARE:
        return "both"
    return "right" if right > 0.5 else "left"


def _touches(lesion: Mask, fluid: Mask) -> bool:
    """Whether a voxel of the lesion lies in the fluid or shares a face with it."""
    from scipy.ndimage import binary_dilation

    return bool(np.any(binary_dilation(fluid) & lesion))


def _signal(place: _Place, lesion: SimulatedLesion, look: Appearance) -> dict[str, Any]:
    enhances = look.enhances > 0
    return {
        "enhancement": look.enhancement if enhances else "none",
        "enhancing_mm3": place.volume(_uptake(place, lesion, look)) if enhances else 0.0,
        "central_vein": look.vein or lesion.vein is not None,
        # PML's iron is a band in the cortex beside it.
        "paramagnetic_rim": look.iron_rim
        or (lesion.iron is not None and lesion.mechanism != "pml"),
    }


def _uptake(place: _Place, lesion: SimulatedLesion, look: Appearance) -> Mask:
    """Voxels of the box that take up at least half of what the lesion takes up."""
    share: FloatArray | float = 1.0
    if lesion.uptake is not None:
        share = lesion.uptake
    elif look.enhancement == "ring":
        share = lesion.rim
    inner = tuple(
        slice(side.start - wide.start, side.stop - wide.start)
        for side, wide in zip(lesion.box, place.box, strict=True)
    )
    taken = np.zeros(place.mask.shape, dtype=bool)
    taken[inner] = np.broadcast_to(share, lesion.fraction.shape) >= 0.5
    return taken


def _changed(evolution: Evolution | None, voxel_mm3: float) -> dict[str, Any]:
    if evolution is None:
        return {}
    return {
        "change": evolution.change,
        "prior_label": evolution.label_before,
        "prior_volume_mm3": round(evolution.voxels_before * voxel_mm3, 3),
        "growth_percent_per_month": evolution.percent_per_month,
    }
