"""What is counted on the voxels of one lesion, subject by subject.

:data:`lesionaid.simulate.truth_columns.DESCRIPTIONS` defines every value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lesionaid.simulate.brain import Brain
from lesionaid.simulate.contact import caliper_mm, contact_with, longest_part_mm
from lesionaid.simulate.evolution import Evolution
from lesionaid.simulate.fields import FloatArray
from lesionaid.simulate.lesions import Box, SimulatedLesion
from lesionaid.simulate.tissue import Appearance
from lesionaid.simulate.truth_sites import LOBES, NamedSites

__all__ = [
    "BAND_MM",
    "SIDE_SHARE",
    "Place",
    "changed",
    "signal",
    "sites",
    "size",
    "surfaces",
    "tissues",
]

Mask = NDArray[np.bool_]

BAND_MM = 3.0
"""Width of the band below the cortex and of the one round the ventricles (proposed; the
widths of the signs ``juxtacortical_ufibre`` and ``periventricular`` in ``rules/signs``)."""

SIDE_SHARE = 0.1
"""A lesion is on a side that holds this share of it (``rules/signs/hemisphere_left.yaml``)."""

SPARE_VOXELS = 6
"""Room round a lesion's box for the surfaces next to it."""


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """One lesion and the brain round it."""

    brain: Brain
    box: Box
    mask: Mask

    @classmethod
    def of(cls, brain: Brain, labels: NDArray[np.int32], number: int, box: Box) -> Place:
        """Where a label lies, with some room."""
        i, j, k = (
            slice(max(0, side.start - SPARE_VOXELS), side.stop + SPARE_VOXELS) for side in box
        )
        return cls(brain, (i, j, k), labels[i, j, k] == number)

    @property
    def voxel_mm3(self) -> float:
        """Volume of a voxel."""
        return self.brain.grid.voxel_volume_mm3

    def voxels(self) -> NDArray[np.int64]:
        """On the brain's grid."""
        places: NDArray[np.int64] = np.argwhere(self.mask) + [side.start for side in self.box]
        return places

    def share(self, where: Mask) -> float:
        """Of the lesion's voxels."""
        return round(float(where[self.mask].mean()), 4) if self.mask.any() else 0.0

    def volume(self, where: Mask) -> float:
        """Of the lesion's voxels there, in mm3."""
        return round(float(np.count_nonzero(where & self.mask) * self.voxel_mm3), 3)

    def length(self, where: Mask) -> float:
        """Longest of the lesion's parts there, in mm."""
        return round(longest_part_mm(where & self.mask, self.brain.grid), 3)


def size(place: Place) -> dict[str, Any]:
    """Count, volume and lengths."""
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


def surfaces(place: Place) -> dict[str, Any]:
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
    place: Place, name: str, distance: FloatArray, beside: Mask | None
) -> dict[str, float]:
    grid = place.brain.grid
    contact = contact_with(place.mask, distance < 0, distance, grid, beside)
    return {
        f"{name}_mm": round(float(distance[place.mask].min()), 3),
        f"{name}_contact_mm2": round(contact.area_mm2, 2),
        f"{name}_contact_mm": round(contact.length_mm, 3),
    }


def tissues(place: Place) -> dict[str, Any]:
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


def sites(place: Place, named: NamedSites | None) -> dict[str, Any]:
    """Shares in named sites, lobe and side; nothing where the brain names none."""
    if named is None or not place.mask.any():
        return {}
    return {
        "share_callosum": place.share(named.callosum),
        "share_deep_gray": place.share(named.deep_gray),
        "lobe": _lobe(place, named),
        "side": _side(place, named),
        **{f"touches_{name}": _touches(place.mask, fluid) for name, fluid in named.fluid.items()},
    }


def _lobe(place: Place, sites: NamedSites) -> str | None:
    counts = np.bincount(sites.lobe[place.mask], minlength=len(LOBES) + 1)[1:]
    return LOBES[int(np.argmax(counts))] if counts.any() else None


def _side(place: Place, sites: NamedSites) -> str:
    right = place.share(sites.right)
    if SIDE_SHARE <= right <= 1 - SIDE_SHARE:
        return "both"
    return "right" if right > 0.5 else "left"


def _touches(lesion: Mask, fluid: Mask) -> bool:
    """Whether a voxel of the lesion lies in the fluid or shares a face with it."""
    from scipy.ndimage import binary_dilation

    return bool(np.any(binary_dilation(fluid) & lesion))


def signal(place: Place, lesion: SimulatedLesion, look: Appearance) -> dict[str, Any]:
    """Uptake, vein and rim."""
    enhances = look.enhances > 0
    # A field of the lesion's own overrides the ring of its appearance, as when it is rendered.
    own = lesion.uptake is not None and look.enhancement == "ring"
    return {
        "enhancement": ("uptake" if own else look.enhancement) if enhances else "none",
        "enhancing_mm3": place.volume(_uptake(place, lesion, look)) if enhances else 0.0,
        "central_vein": look.vein or lesion.vein is not None,
        # PML's iron is a band in the cortex beside it.
        "paramagnetic_rim": look.iron_rim
        or (lesion.iron is not None and lesion.mechanism != "pml"),
    }


def _uptake(place: Place, lesion: SimulatedLesion, look: Appearance) -> Mask:
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


def changed(evolution: Evolution | None, voxel_mm3: float) -> dict[str, Any]:
    """Since the date before; nothing without one."""
    if evolution is None:
        return {}
    return {
        "change": evolution.change,
        "prior_label": evolution.label_before,
        "prior_volume_mm3": round(evolution.voxels_before * voxel_mm3, 3),
        "growth_percent_per_month": evolution.percent_per_month,
    }
