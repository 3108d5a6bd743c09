"""How satellites lie: which way, how far, in clusters, in rows along veins.

Readers speak of a "milky way" (Hodel et al. 2016, PMID 27009257) and of dots that follow
vessels. Medullary veins of the hemispheres run to the ventricle's wall at a right angle, so a
row of dots along the gradient of the distance to the ventricle is called perivascular here; a
vein itself is seen on SWI only. Nobody has published these as numbers: no sign reads them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.map import AnatomyMap
from lesionaid.features.background import nearest_voxels
from lesionaid.lesions.lesion_map import LesionMap
from lesionaid.lesions.scale import SizeScale
from lesionaid.quantity import Quantity, Reason, Unit, Unknown, Value
from lesionaid.tables import MeasurementSpec

__all__ = ["PATTERN_SPECS", "pattern_of"]

LINK_MM = 8.0
"""Dots this close, centre to centre, are one cluster (proposed: one dot of room between two)."""

MIN_DIRECTIONS = 3
"""Fewer have no common direction (proposed)."""

MIN_ROW = 4
"""Any two dots make a line, and three nearly always (proposed)."""

STRAIGHT = 0.9
"""Share of the variance along the first axis from which dots lie in a row (proposed: of four
dots drawn at random in a ball, 7 % of 20000 sets reach it, and 28 % reach 0.8)."""

PROBE_MM = 2.0
"""Step over which the slope of the distance to the ventricle is taken."""


def _spec(name: str, unit: Unit, description: str, *needs: str) -> MeasurementSpec:
    reference = "proposed, after Hodel et al. 2016, PMID 27009257"
    return MeasurementSpec(
        name, unit, "lesion", description, ("lesions", *needs), reference, validated=False
    )


PATTERN_SPECS: tuple[MeasurementSpec, ...] = (
    _spec("satellite_distance_mm", Unit.MM, "Median distance of a satellite's edge to this one's."),
    *(
        _spec(
            f"satellite_direction_{name}",
            Unit.NONE,
            f"Mean of the unit vectors from this lesion's centre to its satellites, its part "
            f"towards {name}; unknown of fewer than three.",
        )
        for name in ("right", "anterior", "superior")
    ),
    _spec(
        "satellite_one_sidedness",
        Unit.NONE,
        "Length of the mean of those unit vectors: 1 where all satellites lie one way, 0 where "
        "they lie all round.",
    ),
    _spec(
        "satellite_cluster_count",
        Unit.COUNT,
        "Satellites in the largest cluster: each within 8 mm of another, centre to centre.",
    ),
    _spec(
        "satellite_linearity",
        Unit.NONE,
        "Share of the variance of the centres of the largest cluster along its first axis; "
        "unknown of fewer than four.",
    ),
    _spec(
        "satellite_vein_angle_deg",
        Unit.DEGREE,
        "Angle between the row of the largest cluster and the way to the lateral ventricle, that "
        "of medullary veins; unknown where the cluster is no row (linearity under 0.9).",
        "anatomy",
    ),
)


def pattern_of(
    lesions: LesionMap,
    main: int,
    satellites: list[tuple[int, float]],
    anatomy: AnatomyMap | None,
    scale: SizeScale,
) -> dict[str, Value]:
    """Describe how the satellites of one lesion lie.

    Parameters
    ----------
    lesions : LesionMap
    main : int
        Id of the lesion.
    satellites : list of (int, float)
        Id of each satellite and the distance of its edge, in mm of the images.
    anatomy : AnatomyMap or None
    scale : SizeScale

    Returns
    -------
    dict of str to Value
        Every name of :data:`PATTERN_SPECS`.
    """
    few = Unknown(Reason.TOO_FEW_VOXELS, f"{len(satellites)} satellites")
    values: dict[str, Value] = {spec.name: few for spec in PATTERN_SPECS}
    if not satellites:
        return values
    centres = np.array([lesions.by_id[small].centroid_mm for small, _ in satellites])
    cluster = _largest_cluster(centres, scale)
    values |= {
        "satellite_distance_mm": scale.size(
            float(np.median([mm for _, mm in satellites])), Unit.MM
        ),
        "satellite_cluster_count": Quantity(len(cluster), Unit.COUNT),
    }
    if len(centres) >= MIN_DIRECTIONS:
        values |= _direction(centres - np.asarray(lesions.by_id[main].centroid_mm))
    few = Unknown(Reason.TOO_FEW_VOXELS, f"the largest cluster holds {len(cluster)} satellites")
    values |= dict.fromkeys(("satellite_linearity", "satellite_vein_angle_deg"), few)
    if len(cluster) >= MIN_ROW:
        values |= _row(cluster, anatomy)
    return values


def _largest_cluster(centres: NDArray[np.float64], scale: SizeScale) -> NDArray[np.float64]:
    """Members of the largest cluster, shape (k, 3); of equals the first by its centre."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import KDTree

    link = LINK_MM / (scale.factor or 1.0)
    pairs = KDTree(centres).query_pairs(link * (1 + 1e-9), output_type="ndarray")
    n = len(centres)
    graph = coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    _, label = connected_components(graph, directed=False)
    clusters = [centres[label == one] for one in np.unique(label)]
    largest = max(map(len, clusters))
    equal = [one for one in clusters if len(one) == largest]
    return min(equal, key=lambda one: tuple(np.round(one.mean(axis=0), 6)))


def _direction(offsets: NDArray[np.float64]) -> dict[str, Value]:
    unit = offsets / np.maximum(np.linalg.norm(offsets, axis=1, keepdims=True), 1e-6)
    mean = unit.mean(axis=0)
    named = zip(("right", "anterior", "superior"), mean.tolist(), strict=True)
    values: dict[str, Value] = {
        f"satellite_direction_{name}": Quantity(part, Unit.NONE) for name, part in named
    }
    length = float(np.linalg.norm(mean))
    return values | {"satellite_one_sidedness": Quantity(length, Unit.NONE)}


def _row(cluster: NDArray[np.float64], anatomy: AnatomyMap | None) -> dict[str, Value]:
    spread, axes = np.linalg.eigh(np.cov(cluster.T))
    linearity = float(spread[-1] / max(spread.sum(), 1e-12))
    angle: Value
    if anatomy is None:
        angle = Unknown(Reason.ANATOMY_MISSING, "not registered")
    elif linearity < STRAIGHT:
        angle = Unknown(Reason.DEGENERATE_SHAPE, "the satellites lie in no row")
    else:
        angle = _vein_angle(cluster.mean(axis=0), axes[:, -1], anatomy)
    return {
        "satellite_linearity": Quantity(linearity, Unit.NONE),
        "satellite_vein_angle_deg": angle,
    }


def _vein_angle(
    place: NDArray[np.float64], axis: NDArray[np.float64], anatomy: AnatomyMap
) -> Value:
    ends = place + PROBE_MM * np.concatenate([np.eye(3), -np.eye(3)])
    voxel = nearest_voxels(anatomy.grid, ends)
    distance = anatomy.distances_mm["lateral_ventricle"][tuple(voxel.T)].astype(float)
    if not np.isfinite(distance).all():
        return Unknown(Reason.ANATOMY_MISSING, "no lateral ventricle in the region map")
    slope = distance[:3] - distance[3:]
    length = float(np.linalg.norm(slope))
    if length == 0.0:
        return Unknown(Reason.DEGENERATE_SHAPE, "no one way to the ventricle")
    along = min(1.0, abs(float(slope @ axis)) / length)
    return Quantity(float(np.degrees(np.arccos(along))), Unit.DEGREE)
