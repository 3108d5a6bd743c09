"""Satellites: small lesions beside a main one, told from the everyday small lesions of MS.

Readers saw a punctate pattern ("milky way") beside 18 of 20 PML and none of 80 other
patients (Hodel et al. 2016, PMID 27009257), and in 56 of 105 ratings of new PML lesions
against 1 of 110 of new MS lesions (Wijburg et al. 2016). Counted blindly, though, nearly
every main lesion of MS has three small lesions within 20 mm, for small lesions are
everywhere. What the readers saw is a *crowd*: more small lesions close to this lesion than
the same brain has elsewhere. So besides the count there is ``satellite_excess``:

* background: the patient's own small lesions, per volume of tissue at the same depth (four
  zones of distance to the lateral ventricle, and the infratentorial brain), since everyday
  lesions crowd round the ventricles;
* null hypothesis: close to the lesion (10 mm) they are at most twice as dense as in the
  same zones elsewhere. Twice, not once: everyday lesions cluster too;
* given a zone's total, the number close to the lesion is then binomial (Przyborowski and
  Wilenski 1940, doi 10.2307/2332612); zones add up by convolution;
* every main lesion is a test. They are weighed by size, as readers look at large lesions
  first: the probability is multiplied by the lesion's rank times the sum of 1/rank over all
  of them, which keeps the chance of one false crowd in a brain at p (weighted Bonferroni;
  Roeder and Wasserman 2009, doi 10.1214/09-STS289). It is reported as -log10:
  1.3 is p = 0.05, 2 is p = 0.01.

Where at least three are close, twice as many as expected, and chance is still not ruled
out, the excess is ``BELOW_NOISE``: in a brain full of small lesions a crowd cannot be seen.
Crumbs less than 2.5 mm from a main lesion's edge (one voxel of gap) are not satellites but
the ragged edge of its mask.
"""

from __future__ import annotations

import numpy as np

from lesionaid.anatomy.map import AnatomyMap
from lesionaid.features.background import (
    Background,
    background_of,
    excess_probability,
    nearest_voxels,
)
from lesionaid.features.satellite_pattern import PATTERN_SPECS, pattern_of
from lesionaid.features.voxels import Rows, whole_column
from lesionaid.lesions.groups import SMALL_MM, small_neighbours
from lesionaid.lesions.lesion_map import LesionMap
from lesionaid.lesions.scale import SizeScale
from lesionaid.quantity import Quantity, Reason, Unit, Unknown, Value
from lesionaid.tables import MeasurementSpec

__all__ = ["SATELLITE_SPECS", "satellite_measurements"]

VOXEL_MAX_MM = 1.2
"""Punctate lesions need voxels of about 1 mm (proposed)."""

DETACHED_MM = 2.5
"""Two voxels of 1.2 mm: less is one voxel of gap at most (proposed)."""

CLOSE_MM = 10.0
"""The crowd is looked for within half the reach of a group (proposed)."""

MIN_CROWD = 3
"""Fewer are no pattern (proposed; "at least 3" as the punctate rule)."""

DENSITY_MARGIN = 2.0
"""Excess must beat twice the background (proposed: everyday lesions cluster)."""

CHANCE = 0.05

SUBCORTICAL_MM = 5.0

_HODEL = "proposed, after Hodel et al. 2016, PMID 27009257"


def _spec(name: str, unit: Unit, description: str, *needs: str) -> MeasurementSpec:
    return MeasurementSpec(name, unit, "lesion", description, ("lesions", *needs), _HODEL)


SATELLITE_SPECS: tuple[MeasurementSpec, ...] = (
    _spec(
        "satellite_count",
        Unit.COUNT,
        "Small lesions (equivalent diameter under 5 mm, no specks) whose edge lies 2.5 to 20 mm "
        "from the edge of this main lesion. Unknown with voxels over 1.2 mm.",
    ),
    _spec(
        "satellite_near_count",
        Unit.COUNT,
        "Those of the satellites within 10 mm.",
    ),
    _spec(
        "satellite_near_expected",
        Unit.COUNT,
        "Satellites within 10 mm that the density of small lesions elsewhere in this brain, at "
        "the same depth, predicts.",
        "anatomy",
    ),
    _spec(
        "satellite_excess",
        Unit.NONE,
        "-log10 of the one-sided probability of at least so many satellites within 10 mm when "
        "they are twice as dense there as elsewhere at the same depth, corrected for the number of "
        "main lesions, larger ones first (1.3: p = 0.05); 0 with fewer than three; unknown where "
        "twice as many as expected are still within chance.",
        "anatomy",
    ),
    _spec(
        "satellite_spacing_mm",
        Unit.MM,
        "Median distance between the centre of a satellite and that of its nearest neighbour "
        "among the satellites.",
    ),
    _spec(
        "satellite_subcortical_fraction",
        Unit.NONE,
        "Fraction of the satellites with their centre within 5 mm of the cortex.",
        "anatomy",
    ),
    *PATTERN_SPECS,
)

_NAMES = tuple(spec.name for spec in SATELLITE_SPECS)


def satellite_measurements(
    lesions: LesionMap, anatomy: AnatomyMap | None, scale: SizeScale, voxel_max_mm: float
) -> Rows:
    """Satellites of every main lesion.

    Parameters
    ----------
    lesions : LesionMap
    anatomy : AnatomyMap or None
        Without it satellites are counted, but not held against a background.
    scale : SizeScale
    voxel_max_mm : float
        Longest edge of a voxel of what the lesions were seen on.

    Returns
    -------
    dict of int to dict of str to Value
        Every lesion, every name of :data:`SATELLITE_SPECS`. Small lesions and specks are
        unknown: only main lesions have satellites.
    """
    if round(voxel_max_mm, 3) > VOXEL_MAX_MM:  # a header's 1.2 is a little more, in float32
        why = Unknown(Reason.LOW_RESOLUTION, f"voxels of {voxel_max_mm:.3g} mm")
        return whole_column(lesions, _NAMES, why)
    if scale.factor is None:
        return whole_column(lesions, _NAMES, scale.size(0.0, Unit.MM))
    factor = scale.factor
    beside = small_neighbours(lesions.labels, lesions.grid, lesions.lesions, native_scale=factor)
    crumbs = {small for row in beside.values() for small, mm in row if mm < DETACHED_MM}
    detached = {
        main: [(small, mm) for small, mm in row if small not in crumbs]
        for main, row in beside.items()
    }
    smalls = [x for x in lesions.lesions if not (x.speck or x.id in beside or x.id in crumbs)]
    background = None if anatomy is None else background_of(lesions, anatomy, beside, smalls)
    rows = whole_column(
        lesions,
        _NAMES,
        Unknown(
            Reason.NOT_MEASURED, f"under {SMALL_MM:g} mm: satellites stand beside main lesions only"
        ),
    )
    for main, row in detached.items():
        rows[main] = {
            **_counts(row),
            **_excess(lesions, main, row, background, factor),
            **_arrangement(lesions, [small for small, _ in row], anatomy, scale),
            **pattern_of(lesions, main, row, anatomy, scale),
        }
    return {lesion: {name: row[name] for name in _NAMES} for lesion, row in rows.items()}


def _counts(row: list[tuple[int, float]]) -> dict[str, Value]:
    return {
        "satellite_count": Quantity(len(row), Unit.COUNT),
        "satellite_near_count": Quantity(sum(mm <= CLOSE_MM for _, mm in row), Unit.COUNT),
    }


def _excess(
    lesions: LesionMap,
    main: int,
    row: list[tuple[int, float]],
    background: Background | None,
    factor: float,
) -> dict[str, Value]:
    if background is None:
        why = Unknown(Reason.ANATOMY_MISSING, "no tissue to compare the density with")
        return {"satellite_near_expected": why, "satellite_excess": why}
    close = [small for small, mm in row if mm <= CLOSE_MM]
    shares = background.shares_near(lesions, lesions.by_id[main], CLOSE_MM / factor)
    expected = float(np.sum(background.others(close) * shares / (1.0 - shares)))
    p = excess_probability(len(close), background.totals, shares, DENSITY_MARGIN)
    p = min(1.0, p * background.correction(main))
    excess: Value = Quantity(max(0.0, -float(np.log10(p))), Unit.NONE)
    if len(close) < MIN_CROWD:
        excess = Quantity(0.0, Unit.NONE)
    elif p >= CHANCE and len(close) >= DENSITY_MARGIN * expected:
        excess = Unknown(
            Reason.BELOW_NOISE,
            f"{len(close)} within {CLOSE_MM:g} mm, {expected:.1f} expected, p = {p:.2f}",
        )
    return {
        "satellite_near_expected": Quantity(expected, Unit.COUNT),
        "satellite_excess": excess,
    }


def _arrangement(
    lesions: LesionMap, smalls: list[int], anatomy: AnatomyMap | None, scale: SizeScale
) -> dict[str, Value]:
    from scipy.spatial import KDTree

    few = Unknown(Reason.TOO_FEW_VOXELS, f"{len(smalls)} satellites")
    centres = np.array([lesions.by_id[small].centroid_mm for small in smalls]).reshape(-1, 3)
    spacing: Value = few
    if len(smalls) > 1:
        nearest = KDTree(centres).query(centres, k=2)[0][:, 1]
        spacing = scale.size(float(np.median(nearest)), Unit.MM)
    fraction: Value = few
    if anatomy is None:
        fraction = Unknown(Reason.ANATOMY_MISSING, "not registered")
    elif smalls:
        place = nearest_voxels(anatomy.grid, centres)
        cortex = anatomy.distances_mm["cortex"][tuple(place.T)]
        fraction = Quantity(float(np.mean(cortex <= SUBCORTICAL_MM)), Unit.NONE)
    return {"satellite_spacing_mm": spacing, "satellite_subcortical_fraction": fraction}
