"""Rim and core: what a lesion looks like along its depth and round its edge."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lesionaid.features.places import places_mm
from lesionaid.features.surroundings import Surroundings
from lesionaid.features.voxels import LesionVoxels, Rows, connected_parts
from lesionaid.lesions.scale import SizeScale
from lesionaid.quantity import Reason, Unit, Unknown, Value
from lesionaid.study.scan import Scan

__all__ = [
    "HOLE",
    "N_SECTORS",
    "Sectors",
    "explain",
    "largest_part",
    "mean_where",
    "no_value",
    "not_deep",
    "of_lesions",
    "own_mm",
    "quantile_where",
    "sectors",
    "usable",
    "within",
]

HOLE = Unknown(Reason.NOT_FINITE, "voxels of the lesion have no value in this scan")

N_SECTORS = 24
"""Directions that the edge is divided into (proposed): a sector is about 47 degrees wide, so
that the 3 mm rim of a lesion of 8 mm radius has some 60 mm3 in each."""


@dataclass(frozen=True, slots=True, eq=False)
class Sectors:
    """Means of an image by lesion and by direction seen from the lesion's centre.

    Parameters
    ----------
    mean : ndarray of shape (m, N_SECTORS)
        0 where a sector holds no voxel.
    count : ndarray of shape (m, N_SECTORS)
        Voxels in each.
    """

    mean: NDArray[np.float64]
    count: NDArray[np.float64]

    def share(self, hit: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Share of the sectors with voxels that are hit, a value a lesion; 0 without any.

        Parameters
        ----------
        hit : ndarray of shape (m, N_SECTORS), bool
        """
        seen = self.count > 0
        return np.asarray((hit & seen).sum(axis=1) / np.maximum(seen.sum(axis=1), 1))


def mean_where(
    around: Surroundings, values: NDArray[np.floating], mask: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean of an image over some of the voxels of every run, and how many they are.

    Parameters
    ----------
    around : Surroundings
    values : ndarray of shape (n,)
    mask : ndarray of shape (n,), bool

    Returns
    -------
    mean, count : ndarray of shape (m,)
        0 and 0 for a lesion without any.
    """
    row = around.voxels.owner[mask]
    rows = around.voxels.ids.size
    count = np.bincount(row, minlength=rows).astype(float)
    total = np.bincount(row, weights=values[mask], minlength=rows)
    return total / np.maximum(count, 1), count


def quantile_where(
    around: Surroundings, values: NDArray[np.floating], mask: NDArray[np.bool_], q: float
) -> NDArray[np.float64]:
    """Quantile of an image over some of the voxels of every run; 0 for a lesion without any."""
    chosen = around.chosen(mask)
    found = np.zeros(around.voxels.ids.size)
    found[np.searchsorted(around.voxels.ids, chosen.ids)] = chosen.quantile(values[mask], q)
    return found


def own_mm(scale: SizeScale, mm: float) -> float:
    """A length of the patient in mm of the images; as it is where the scale is not known."""
    return mm / (scale.factor or 1.0)


def no_value(around: Surroundings, valid: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], Unknown]:
    """Lesions with a voxel that the scan has no value for, and what to say of them."""
    lost, _ = mean_where(around, (~valid).astype(float), around.inside)
    return lost > 0, HOLE


def largest_part(around: Surroundings, mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Voxels of the largest connected part of the chosen voxels of every lesion."""
    largest = np.zeros(around.voxels.ids.size)
    if mask.any():
        index, owner = around.voxels.index[mask], around.voxels.owner[mask]
        part = connected_parts(index, owner, around.voxels.grid)
        _, first, size = np.unique(part, return_index=True, return_counts=True)
        np.maximum.at(largest, owner[first], size)
    return largest


def sectors(around: Surroundings, values: NDArray[np.floating], mask: NDArray[np.bool_]) -> Sectors:
    """Average an image by direction from each lesion's centre.

    Parameters
    ----------
    around : Surroundings
    values : ndarray of shape (n,)
    mask : ndarray of shape (n,), bool
        Voxels that count, a shell for example.
    """
    voxels = around.voxels
    row = voxels.owner[mask]
    sector = np.argmax(_from_centre(around, mask) @ _directions().T, axis=1)
    cell = row * N_SECTORS + sector
    size = voxels.ids.size * N_SECTORS
    count = np.bincount(cell, minlength=size).reshape(-1, N_SECTORS).astype(float)
    total = np.bincount(cell, weights=values[mask], minlength=size).reshape(-1, N_SECTORS)
    return Sectors(total / np.maximum(count, 1), count)


def within(around: Surroundings, reach_mm: float) -> Surroundings:
    """The lesions with less about them, for what looks inside only."""
    return _part(around, around.signed_mm <= reach_mm, np.ones(around.voxels.ids.size, dtype=bool))


def of_lesions(around: Surroundings, keep: NDArray[np.bool_]) -> Surroundings:
    """Some of the lesions, for what only these can show.

    Parameters
    ----------
    around : Surroundings
    keep : ndarray of shape (m,), bool
    """
    return _part(around, keep[around.voxels.owner], keep)


def _part(around: Surroundings, mask: NDArray[np.bool_], keep: NDArray[np.bool_]) -> Surroundings:
    boxes = tuple(box for box, kept in zip(around.boxes, keep, strict=True) if kept)
    return Surroundings(
        around.chosen(mask),
        around.signed_mm[mask],
        around.inside[mask],
        around.other[mask],
        boxes,
    )


def usable(around: Surroundings, scan: Scan) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Values of a scan at the voxels about lesions, and where it has one.

    Returns
    -------
    values : ndarray of shape (n,), float64
        0 where the scan has no value.
    valid : ndarray of shape (n,), bool
    """
    values = around.voxels.take(scan.data).astype(float)
    if scan.valid is None:
        return values, np.ones(values.size, dtype=bool)
    valid = around.voxels.take(scan.valid)
    return np.where(valid, values, 0.0), valid


def not_deep(
    around: Surroundings, scale: SizeScale, least_mm: float
) -> tuple[NDArray[np.bool_], Unknown]:
    """Lesions without a core, and what to say of them.

    Parameters
    ----------
    around : Surroundings
    scale : SizeScale
    least_mm : float
        Radius of the largest inscribed ball that is asked for, in mm of the patient.

    Returns
    -------
    shallow : ndarray of shape (m,), bool
        All of them where the scale of the brain is not known.
    why : Unknown
    """
    deepest = -around.voxels.minimum(around.signed_mm)
    if scale.factor is None:
        unknown = scale.size(0.0, Unit.MM)
        assert isinstance(unknown, Unknown)
        return np.ones(deepest.size, dtype=bool), unknown
    why = Unknown(Reason.TOO_FEW_VOXELS, f"no core: radius under {least_mm:g} mm")
    # The deepest voxel's centre is up to half a voxel away from the deepest point.
    half = 0.5 * min(around.voxels.grid.spacing_mm)
    return (deepest + half) * scale.factor < least_mm, why


def explain(
    voxels: LesionVoxels,
    name: str,
    values: NDArray[np.float64],
    make: Callable[[float], Value],
    *but: tuple[NDArray[np.bool_], Unknown],
) -> Rows:
    """A value a lesion, except where it cannot be had; the first reason that holds is given.

    Parameters
    ----------
    voxels : LesionVoxels
    name : str
    values : ndarray of shape (m,)
        May be anything where unknown.
    make : callable
        From a number to a value.
    *but : (ndarray of shape (m,) bool, Unknown)
        Lesions that the value is unknown for, and why.
    """
    missing = np.zeros(voxels.ids.size, dtype=bool)
    rows: Rows = {}
    for mask, why in but:
        for lesion in voxels.ids[mask & ~missing]:
            rows[int(lesion)] = {name: why}
        missing |= mask
    for lesion, value in zip(voxels.ids[~missing], values[~missing], strict=True):
        rows[int(lesion)] = {name: make(float(value))}
    rows.update({lesion: {name: why} for lesion, why in voxels.missing.items()})
    return rows


def _from_centre(around: Surroundings, mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Vectors from the lesion's centroid to the chosen voxels, in mm, shape (k, 3)."""
    voxels = around.voxels
    row, inner = voxels.owner, around.inside
    rows = voxels.ids.size
    counts = np.maximum(np.bincount(row[inner], minlength=rows), 1)
    own = places_mm(voxels, voxels.index[inner])
    centre = np.stack(
        [np.bincount(row[inner], own[:, axis], minlength=rows) / counts for axis in range(3)],
        axis=1,
    )
    return np.asarray(places_mm(voxels, voxels.index[mask]) - centre[row[mask]])


def _directions() -> NDArray[np.float64]:
    """Unit vectors spread evenly over the sphere (a Fibonacci lattice), RAS+."""
    step = np.arange(N_SECTORS)
    z = 1.0 - (2.0 * step + 1.0) / N_SECTORS
    angle = step * np.pi * (3.0 - np.sqrt(5.0))
    flat = np.sqrt(1.0 - z**2)
    return np.stack([flat * np.cos(angle), flat * np.sin(angle), z], axis=1)
