"""Dark lines in lesions: how long, deep, wide and dark each is.

Dark-line voxels (:mod:`lesionaid.features.vessels`) of a lesion are joined to tracks, and each
track is measured against its lesion. Every number is proposed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lesionaid.features.places import places_mm
from lesionaid.features.vessels import dark_lines
from lesionaid.features.voxels import LesionVoxels, connected_parts

__all__ = ["LINE_Z", "Track", "find_tracks"]

LINE_Z = 3.0
"""Curvature across a line, in standard deviations of its noise (proposed)."""

STRAIGHT, ROUND = 0.5, 0.35
"""Least likeness to a line (proposed): a sheet has a ratio near 0, a blob is not straight."""

LEAST_TRACK_MM, TRACK_SHARE = 3.0, 0.5
"""A vein runs through at least half of the lesion and is longer than wide (proposed)."""

SAME_LINE_MM = 1.5
"""Pieces within this of one straight line are one vein (proposed)."""

ONE_PLACE_MM = 2.5
"""Voxels of a line at the edge within this of one another are one place (proposed)."""

BESIDE_MM = 3.0
"""Tissue this far from a line's axis may belong to it (proposed: half as much again as a vein)."""

UPPER_QUARTER_SD = 0.674
"""Upper quartile of a normal distribution, in standard deviations."""


@dataclass(frozen=True, slots=True, eq=False)
class _Image:
    """Voxels of lesions: place and depth in mm, and how much darker than its lesion each is."""

    voxels: LesionVoxels
    xyz: NDArray[np.float64]
    depth: NDArray[np.float64]
    deficit: NDArray[np.float64]
    noise: float


@dataclass(frozen=True, slots=True)
class Track:
    """A dark line in a lesion.

    Parameters
    ----------
    length_mm : float
    share : float
        Length over the lesion's extent in the same direction.
    depth : float
        Greatest depth over that of the lesion.
    offset : float
        Distance to the lesion's centre, over the lesion's greatest depth.
    width_mm : float
        Diameter of a cylinder as long and dark.
    z : float
        Median darkness, in standard deviations of the noise.
    centre, direction : ndarray of shape (3,)
        In RAS+ mm.
    edge_places : int
        Where it meets the lesion's edge.
    """

    length_mm: float
    share: float
    depth: float
    offset: float
    width_mm: float
    z: float
    centre: NDArray[np.float64]
    direction: NDArray[np.float64]
    edge_places: int

    @property
    def long_enough(self) -> bool:
        """Whether it runs through enough of its lesion to be a vein."""
        return self.length_mm >= LEAST_TRACK_MM and self.share >= TRACK_SHARE

    def continues(self, other: Track) -> bool:
        """Whether the other lies on the same straight line."""
        apart = other.centre - self.centre
        across = apart - np.dot(apart, self.direction) * self.direction
        return float(np.linalg.norm(across)) <= SAME_LINE_MM


def find_tracks(
    volume: NDArray[np.float32], voxels: LesionVoxels, depth: NDArray[np.float64], noise: float
) -> list[list[Track]]:
    """Dark lines of every lesion, the longest first.

    Parameters
    ----------
    volume : ndarray of shape grid.shape
    voxels : LesionVoxels
    depth : ndarray of shape (n,)
        Distance of each voxel to its lesion's edge, in mm.
    noise : float
        Standard deviation of a voxel's signal.

    Returns
    -------
    list of list of Track
        One list an id of ``voxels.ids``.
    """
    tracks: list[list[Track]] = [[] for _ in voxels.ids]
    if not voxels.ids.size:
        return tracks
    level = voxels.quantile(voxels.take(volume), 0.5)
    lines = dark_lines(volume, voxels, level)
    deficit = np.repeat(level, voxels.counts) - voxels.take(volume)
    # Where a broad band fills most of a lesion, the upper quarter is still its tissue.
    tissue = voxels.quantile(voxels.take(volume), 0.75) - UPPER_QUARTER_SD * noise
    missing = deficit + np.repeat(np.maximum(tissue - level, 0.0), voxels.counts)
    dark = (
        lines.line_like(STRAIGHT, ROUND)
        & (lines.across >= LINE_Z * noise * lines.noise)
        & (deficit > noise)
    )
    xyz = places_mm(voxels, voxels.index)
    image = _Image(voxels, xyz, depth, missing, noise)
    for row, members in _parts(voxels, dark):
        own = slice(int(voxels.starts[row]), int(voxels.starts[row] + voxels.counts[row]))
        tracks[row].append(_track(image, members, own))
    for found in tracks:
        found.sort(key=lambda track: (-track.length_mm, *track.centre))
    return tracks


def _parts(
    voxels: LesionVoxels, inside: NDArray[np.bool_]
) -> Iterator[tuple[int, NDArray[np.intp]]]:
    """Row of the lesion, and places in ``voxels.index``, of every connected part of two or more."""
    places = np.flatnonzero(inside)
    if not places.size:
        return
    part = connected_parts(voxels.index[places], voxels.owner[places], voxels.grid)
    order = np.argsort(part, kind="stable")
    for members in np.split(places[order], np.flatnonzero(np.diff(part[order])) + 1):
        if members.size > 1:
            yield int(voxels.owner[members[0]]), members


def _track(image: _Image, members: NDArray[np.intp], own: slice) -> Track:
    """Measure one line: its voxels are `members`, its lesion's are `own`."""
    grid, lesion, line = image.voxels.grid, image.xyz[own], image.xyz[members]
    deepest = float(image.depth[own].max())
    centre = line.mean(axis=0)
    direction = np.linalg.svd(line - centre, full_matrices=False)[2][0]
    # From the centres of the voxels at its ends to their faces.
    voxel_mm = 1.0 / float(np.abs(np.linalg.inv(grid.affine[:3, :3]) @ direction).max())
    length = float(np.ptp(line @ direction)) + voxel_mm
    extent = float(np.ptp(lesion @ direction)) + voxel_mm
    along = (lesion - centre) @ direction
    radial = np.linalg.norm(lesion - centre - along[:, None] * direction, axis=1)
    beside = (radial <= BESIDE_MM) & (np.abs(along) <= length / 2)
    peak = float(np.quantile(image.deficit[members], 0.9))
    volume = float(image.deficit[own][beside].sum()) / peak * grid.voxel_volume_mm3
    at_edge = image.depth[members] <= max(grid.spacing_mm) / 2 + 1e-3
    return Track(
        length_mm=length,
        share=min(length / extent, 1.0),
        depth=float(image.depth[members].max()) / deepest,
        offset=float(np.linalg.norm(line - lesion.mean(axis=0), axis=1).min()) / deepest,
        width_mm=2 * float(np.sqrt(max(volume, 0.0) / (np.pi * length))),
        z=float(np.median(image.deficit[members])) / image.noise,
        centre=centre,
        direction=direction,
        edge_places=_places(line[at_edge]),
    )


def _places(points: NDArray[np.float64]) -> int:
    """Number of clusters of points, further apart than :data:`ONE_PLACE_MM`."""
    from scipy.cluster.hierarchy import fclusterdata

    if len(points) < 2:
        return len(points)
    return int(fclusterdata(points, ONE_PLACE_MM, criterion="distance", method="single").max())
