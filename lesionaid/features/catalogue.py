"""The catalogue of measurements, and the one function that makes them all.

A new measurement is one function, one line here, one phantom test.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from lesionaid.anatomy.map import AnatomyMap
from lesionaid.features.border import BORDER_SPECS, border_measurements
from lesionaid.features.burden import BURDEN_SPECS, burden_measurements, voxel_max_mm
from lesionaid.features.callosal_underside import (
    UNDERSIDE_SPECS,
    UNDERSIDE_STUDY_SPECS,
    underside_measurements,
    underside_of_study,
)
from lesionaid.features.confluence import CONFLUENCE_SPECS, confluence_measurements, split
from lesionaid.features.enhancement import ENHANCEMENT_SPECS, enhancement_measurements
from lesionaid.features.focality import FOCALITY_SPECS, focality_measurements
from lesionaid.features.halo import HALO_SPECS, halo_measurements
from lesionaid.features.location import LOCATION_SPECS, location_measurements
from lesionaid.features.mass import MASS_SPECS, mass_measurements
from lesionaid.features.mirror import MIRROR_SPECS, mirror_measurements
from lesionaid.features.ovoid import OVOID_SPECS, ovoid_measurements
from lesionaid.features.parts import PART_SPECS, part_measurements
from lesionaid.features.reference_tissue import normal_white_matter
from lesionaid.features.satellites import SATELLITE_SPECS, satellite_measurements
from lesionaid.features.shape import SHAPE_SPECS, shape_measurements, total_measurements
from lesionaid.features.signal import SIGNAL_SPECS, signal_measurements
from lesionaid.features.study_quality import QUALITY_SPECS, quality_measurements
from lesionaid.features.surroundings import surroundings
from lesionaid.features.susceptibility import SUSCEPTIBILITY_SPECS, susceptibility_measurements
from lesionaid.features.ufibre import UFIBRE_SPECS, ufibre_measurements
from lesionaid.features.ventricle_wall import WALL_SPECS, wall_measurements
from lesionaid.features.voxels import lesion_voxels, merge
from lesionaid.lesions.lesion_map import LesionMap
from lesionaid.lesions.scale import SizeScale
from lesionaid.quantity import Reason, Unknown, Value
from lesionaid.study.scan import Study
from lesionaid.tables import Level, MeasurementSpec, MeasurementTable

__all__ = ["FEATURES", "measure", "unmeasured", "with_extra"]

FEATURES: tuple[MeasurementSpec, ...] = (
    *SHAPE_SPECS,
    *FOCALITY_SPECS,
    *CONFLUENCE_SPECS,
    *LOCATION_SPECS,
    *PART_SPECS,
    *UNDERSIDE_SPECS,
    *WALL_SPECS,
    *OVOID_SPECS,
    *UFIBRE_SPECS,
    *SATELLITE_SPECS,
    *SIGNAL_SPECS,
    *BORDER_SPECS,
    *HALO_SPECS,
    *MASS_SPECS,
    *ENHANCEMENT_SPECS,
    *SUSCEPTIBILITY_SPECS,
    *BURDEN_SPECS,
    *MIRROR_SPECS,
    *UNDERSIDE_STUDY_SPECS,
    *QUALITY_SPECS,
)
"""Every measurement of this wing, in the order of columns; change adds its own."""


def measure(study: Study, anatomy: AnatomyMap | None, lesions: LesionMap) -> MeasurementTable:
    """Measure every lesion and the study.

    Parameters
    ----------
    study : Study
        Aligned: every scan on ``anatomy.grid``.
    anatomy : AnatomyMap or None
        None makes location and every intensity ``ANATOMY_MISSING``; size and shape stay.
    lesions : LesionMap
        On the mask's own grid.

    Returns
    -------
    MeasurementTable
        Every name of :data:`FEATURES`, for every lesion (specks included) or the study.
    """
    scale = SizeScale(study.space, study.native_scale)
    grid = anatomy.grid if anatomy else study.reference or lesions.grid
    voxels = lesion_voxels(lesions, grid)
    around = surroundings(voxels)
    lobes = split(around, scale)
    tissue = normal_white_matter(anatomy, voxels) if anatomy else None
    enhancement, noise = enhancement_measurements(study, anatomy, tissue, lesions, around, scale)
    voxel_mm = voxel_max_mm(study, lesions)
    mass, midline = mass_measurements(anatomy, lesions, around, scale)
    shape = shape_measurements(lesions, space=study.space, native_scale=study.native_scale)
    rows = merge(
        {lesion: dict(row) for lesion, row in shape.items()},
        focality_measurements(lesions, scale),
        confluence_measurements(voxels, lobes, voxel_mm),
        location_measurements(lesions, voxels, anatomy, scale),
        part_measurements(lesions, voxels, anatomy, scale),
        underside_measurements(lesions, voxels, anatomy, scale),
        wall_measurements(lesions, around, anatomy, scale, voxel_mm),
        ovoid_measurements(lesions, voxels, lobes, anatomy, scale),
        ufibre_measurements(lesions, voxels, anatomy, scale),
        satellite_measurements(lesions, anatomy, scale, voxel_mm),
        border_measurements(study, anatomy, lesions, around, scale),
        halo_measurements(study, anatomy, tissue, around, lesions),
        mass,
        signal_measurements(study, anatomy, tissue, lesions, voxels, around, scale),
        enhancement,
    )
    susceptibility, veins = susceptibility_measurements(
        study, anatomy, tissue, lesions, around, rows, scale
    )
    rows = merge(rows, susceptibility)
    whole = {
        **total_measurements(lesions, space=study.space, native_scale=study.native_scale),
        **burden_measurements(study, lesions, rows, voxels, anatomy, scale),
        **mirror_measurements(lesions, voxels, anatomy),
        **midline,
        **underside_of_study(voxels, anatomy, scale, voxel_mm),
        **quality_measurements(study, anatomy, tissue),
        **noise,
        **veins,
    }
    return MeasurementTable(
        specs=MappingProxyType({spec.name: spec for spec in FEATURES}),
        lesions={
            lesion.id: _ordered(rows[lesion.id], FEATURES, "lesion") for lesion in lesions.lesions
        },
        study=_ordered(whole, FEATURES, "study"),
        groups=lesions.groups,
        specks=frozenset(lesion.id for lesion in lesions.lesions if lesion.speck),
    )


def unmeasured(extra: Sequence[MeasurementSpec] = ()) -> MeasurementTable:
    """Table of a study without a lesion mask: no lesion is known, and none is ruled out.

    Parameters
    ----------
    extra : sequence of MeasurementSpec
        Rows made elsewhere, as for :func:`with_extra`.
    """
    specs = (*FEATURES, *extra)
    why = Unknown(Reason.LESIONS_MISSING, "no lesion mask", ("lesions",))
    return MeasurementTable(
        specs=MappingProxyType({spec.name: spec for spec in specs}),
        lesions={},
        study={spec.name: why for spec in specs if spec.level == "study"},
    )


def with_extra(
    table: MeasurementTable,
    specs: Sequence[MeasurementSpec],
    lesion_values: Mapping[int, Mapping[str, Value]],
    study_values: Mapping[str, Value],
) -> MeasurementTable:
    """Append measurements made elsewhere, such as the change against a prior study.

    Parameters
    ----------
    table : MeasurementTable
    specs : sequence of MeasurementSpec
        Rows of the catalogue that are added, after those of `table`.
    lesion_values : mapping of int to mapping of str to Value
        A value for every lesion of `table` and every lesion-level spec.
    study_values : mapping of str to Value
        A value for every study-level spec.

    Raises
    ------
    ValueError
        If a name is there already, or values and specs do not match: a mistake in the
        program, never in the input.
    """
    twice = [spec.name for spec in specs if spec.name in table.specs]
    if twice:
        raise ValueError(f"measured twice: {', '.join(twice)}")
    if set(lesion_values) != set(table.lesions):
        raise ValueError("extra measurements are not of the same lesions")
    return MeasurementTable(
        specs=MappingProxyType({**table.specs, **{spec.name: spec for spec in specs}}),
        lesions={
            lesion: {**row, **_ordered(lesion_values[lesion], specs, "lesion")}
            for lesion, row in table.lesions.items()
        },
        study={**table.study, **_ordered(study_values, specs, "study")},
        groups=table.groups,
        specks=table.specks,
    )


def _ordered(
    row: Mapping[str, Value], specs: Sequence[MeasurementSpec], level: Level
) -> dict[str, Value]:
    """A row in the order of the catalogue; it must hold every name of its level and no other."""
    names = [spec.name for spec in specs if spec.level == level]
    if set(names) != set(row):
        odd = ", ".join(sorted(set(names) ^ set(row)))
        raise ValueError(f"measured and catalogued {level} values differ: {odd}")
    return {name: row[name] for name in names}
