"""Where each lesion lies: fractions, distances, one name.

A confluent lesion lies in several places at once, so fractions come first; the one name
(`location`) is for tables and pictures, and no rule reads it.

Distances are signed, in mm of the images, from voxel centres to the surface of a
structure: positive outside, negative inside. They serve touch tests and are not scaled
in MNI152: the factor moves them by less than the error of a registered border, 1 to 2 mm.
Extents and volumes are sizes and are scaled.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.map import LOBES, SITES, AnatomyMap
from lesionaid.features.reference_tissue import site_code
from lesionaid.features.ufibre import subcortical_runs_mm
from lesionaid.features.voxels import LesionVoxels, Rows, merge, whole_column
from lesionaid.lesions.lesion_map import LesionMap
from lesionaid.lesions.scale import SizeScale
from lesionaid.quantity import Category, Quantity, Reason, Unit, Unknown, Value
from lesionaid.tables import MeasurementSpec

__all__ = ["LOCATION_SPECS", "ZONES", "location_measurements"]

ZONES = (
    "periventricular",
    "juxtacortical",
    "infratentorial",
    "deep_white_matter",
    "deep_gray_matter",
    "cortical",
    "callosal",
)
"""Exclusive zones in the order in which ties are broken (DESIGN)."""

BAND_MM = 3.0
"""Width of the periventricular and of the juxtacortical zone (proposed: a voxel or two
beyond the 1.8 mm used by LST-AI and in the trial on three scans, for template borders)."""

RIBBON_DEPTH_MM = 0.5
"""The ribbon is eroded by this much before a voxel counts as cortex (proposed)."""

RIBBON_MM = 2.5
"""Mean thickness of the human cortex (Fischl and Dale 2000, PNAS 97:11050, PMID 10984517):
where the map is off by more, it cannot tell cortex from what lies beside it."""

LOBE_FRACTION = 0.10
LOBE_MM3 = 500.0
"""A lesion is in a lobe that holds 10 % of it or 0.5 ml (proposed)."""

INFRATENTORIAL_SITES = ("brainstem", "cerebellum", "fourth_ventricle")

_FRACTION = "Fraction of the lesion's voxels in"
_NEEDS = ("anatomy",)


_IN_RIBBON = ("fraction_cortex_core", "cortex_volume_mm3")


def _spec(name: str, unit: Unit | None, description: str, reference: str = "") -> MeasurementSpec:
    return MeasurementSpec(name, unit, "lesion", description, _NEEDS, reference)


LOCATION_SPECS: tuple[MeasurementSpec, ...] = (
    _spec(
        "location",
        None,
        "Zone that holds most of the lesion; for display, no rule reads it. Ties in the order "
        + ", ".join(ZONES)
        + ".",
    ),
    *(
        _spec(f"fraction_{zone}", Unit.NONE, f"{_FRACTION} the site {zone}.")
        for zone in SITES.values()
    ),
    _spec(
        "fraction_infratentorial",
        Unit.NONE,
        f"{_FRACTION} brainstem, cerebellum or fourth ventricle.",
    ),
    *(
        _spec(f"fraction_lobe_{lobe}", Unit.NONE, f"{_FRACTION} the lobe {lobe}.")
        for lobe in LOBES.values()
    ),
    _spec(
        "fraction_cortex_core",
        Unit.NONE,
        f"{_FRACTION} cerebral cortex, at least 0.5 mm inside the ribbon.",
        "proposed",
    ),
    _spec(
        "cortex_volume_mm3",
        Unit.MM3,
        "Volume of the lesion inside cerebral cortex, at least 0.5 mm inside the ribbon.",
        "proposed",
    ),
    _spec("deep_gray_volume_mm3", Unit.MM3, "Volume of the lesion in deep grey matter."),
    _spec("callosal_volume_mm3", Unit.MM3, "Volume of the lesion in the corpus callosum."),
    _spec("cerebellum_volume_mm3", Unit.MM3, "Volume of the lesion in the cerebellum."),
    _spec(
        "distance_lateral_ventricle_mm",
        Unit.MM,
        "Smallest signed distance of a voxel of the lesion to the lateral ventricle.",
    ),
    _spec(
        "distance_cortex_mm",
        Unit.MM,
        "Smallest signed distance of a voxel of the lesion to the cerebral cortex.",
    ),
    _spec(
        "centroid_distance_lateral_ventricle_mm",
        Unit.MM,
        "Mean signed distance of the lesion's voxels to the lateral ventricle (the centroid "
        "itself of a curved lesion can lie outside it).",
    ),
    _spec(
        "centroid_distance_cortex_mm",
        Unit.MM,
        "Mean signed distance of the lesion's voxels to the cerebral cortex.",
    ),
    _spec(
        "periventricular_fraction",
        Unit.NONE,
        "Fraction of the lesion's voxels within 3 mm of the lateral ventricle or inside it.",
        "proposed",
    ),
    _spec(
        "periventricular_volume_mm3",
        Unit.MM3,
        "Volume of the lesion within 3 mm of the lateral ventricle or inside it.",
        "proposed",
    ),
    _spec(
        "ufibre_contact_mm",
        Unit.MM,
        "Longest run of the lesion along the subcortical white matter: greatest extent of a "
        "connected part of the lesion that lies 0 to 3 mm below the cortex.",
        "proposed, for the U-fibre sign of Hodel et al. 2016, PMID 26436861",
    ),
    _spec(
        "lobe_count",
        Unit.COUNT,
        "Lobes, left and right apart, that hold at least 10 % or 0.5 ml of the lesion.",
        "proposed",
    ),
    *(
        _spec(f"centroid_mni_{axis}_mm", Unit.MM, f"Mean MNI152 {axis} of the lesion's voxels.")
        for axis in "xyz"
    ),
)


def location_measurements(
    lesions: LesionMap, voxels: LesionVoxels, anatomy: AnatomyMap | None, scale: SizeScale
) -> Rows:
    """Locate every lesion.

    Parameters
    ----------
    lesions : LesionMap
    voxels : LesionVoxels
        On ``anatomy.grid``.
    anatomy : AnatomyMap or None
        None makes every location ``ANATOMY_MISSING``.
    scale : SizeScale

    Returns
    -------
    dict of int to dict of str to Value
        Every lesion, every name of :data:`LOCATION_SPECS`.
    """
    names = tuple(spec.name for spec in LOCATION_SPECS)
    if anatomy is None:
        return whole_column(lesions, names, Unknown(Reason.ANATOMY_MISSING, "not registered"))
    mm3 = np.array([lesions.by_id[int(lesion)].volume_mm3 for lesion in voxels.ids])
    site = voxels.take(anatomy.sites)
    ventricle = voxels.take(anatomy.distances_mm["lateral_ventricle"])
    cortex = voxels.take(anatomy.distances_mm["cortex"])
    fractions = _site_fractions(voxels, site)
    runs = subcortical_runs_mm(voxels, anatomy, BAND_MM)
    core = voxels.mean(cortex <= -RIBBON_DEPTH_MM)
    at_ventricle = voxels.mean(ventricle <= BAND_MM)
    tables = [
        _location(voxels, zones(site, ventricle, cortex)),
        *(
            voxels.quantities(f"fraction_{name}", share, Unit.NONE)
            for name, share in fractions.items()
        ),
        voxels.quantities("fraction_cortex_core", core, Unit.NONE),
        *(
            voxels.sizes(name, share * mm3, Unit.MM3, scale)
            for name, share in (
                ("cortex_volume_mm3", core),
                ("deep_gray_volume_mm3", fractions["deep_gray_matter"]),
                ("callosal_volume_mm3", fractions["corpus_callosum"]),
                ("cerebellum_volume_mm3", fractions["cerebellum"]),
                ("periventricular_volume_mm3", at_ventricle),
            )
        ),
        *_distances(voxels, "lateral_ventricle", ventricle),
        *_distances(voxels, "cortex", cortex),
        voxels.quantities("periventricular_fraction", at_ventricle, Unit.NONE),
        voxels.sizes("ufibre_contact_mm", runs, Unit.MM, scale),
        _lobes(voxels, anatomy, mm3, scale),
        _mni(lesions, voxels, anatomy),
    ]
    rows = merge(*tables)
    if anatomy.error_mm is not None and anatomy.error_mm > RIBBON_MM:
        off = f"regions are off by {anatomy.error_mm:g} mm, the cortical ribbon is {RIBBON_MM:g} mm"
        for row in rows.values():
            row |= dict.fromkeys(_IN_RIBBON, Unknown(Reason.LOW_QUALITY, off))
    # Back into the order of the catalogue.
    return {lesion: {name: row[name] for name in names} for lesion, row in rows.items()}


def zones(
    site: NDArray[np.uint8], ventricle: NDArray[np.float32], cortex: NDArray[np.float32]
) -> NDArray[np.int64]:
    """Index into :data:`ZONES` of each voxel; -1 where no zone applies.

    White matter within 3 mm of both ventricle and cortex goes to the nearer one. A voxel
    inside the ventricles of the map is periventricular: lesions end at the ependyma, maps
    do not quite. Cerebrospinal fluid and what lies outside the brain have no zone.
    """
    zone = np.full(site.shape, -1, dtype=np.int64)
    white = site == site_code("white_matter")
    zone[white] = ZONES.index("deep_white_matter")
    near_cortex = white & (cortex <= BAND_MM)
    near_ventricle = white & (ventricle <= BAND_MM)
    zone[near_cortex] = ZONES.index("juxtacortical")
    zone[near_ventricle & ~(near_cortex & (cortex < ventricle))] = ZONES.index("periventricular")
    for name, sites in (
        ("periventricular", ("lateral_ventricle", "third_ventricle")),
        ("infratentorial", INFRATENTORIAL_SITES),
        ("deep_gray_matter", ("deep_gray_matter",)),
        ("cortical", ("cortex",)),
        ("callosal", ("corpus_callosum",)),
    ):
        zone[np.isin(site, [site_code(one) for one in sites])] = ZONES.index(name)
    return zone


def _location(voxels: LesionVoxels, zone: NDArray[np.int64]) -> Rows:
    shares = [voxels.total(zone == index) for index in range(len(ZONES))]
    if not voxels.ids.size:
        return voxels.column("location", np.zeros(0), lambda _: Category(""))
    most = np.argmax(shares, axis=0)  # the first of equals, which is the order of ties
    most[np.max(shares, axis=0) == 0] = -1
    return voxels.column("location", most, _zone_name)


def _zone_name(index: float) -> Value:
    if index < 0:
        return Unknown(Reason.ANATOMY_MISSING, "outside every site of the region map")
    return Category(ZONES[int(index)])


def _site_fractions(
    voxels: LesionVoxels, site: NDArray[np.uint8]
) -> dict[str, NDArray[np.float64]]:
    fractions = {name: voxels.mean(site == code) for code, name in SITES.items()}
    fractions["infratentorial"] = np.sum([fractions[name] for name in INFRATENTORIAL_SITES], axis=0)
    return fractions


def _distances(
    voxels: LesionVoxels, structure: str, distance: NDArray[np.float32]
) -> Sequence[Rows]:
    """Infinite where the map holds no such structure."""
    columns = (
        (f"distance_{structure}_mm", voxels.minimum(distance)),
        (f"centroid_distance_{structure}_mm", voxels.mean(distance)),
    )
    absent = Unknown(Reason.ANATOMY_MISSING, f"no {structure.replace('_', ' ')} in the region map")
    return [
        voxels.column(
            name,
            values,
            lambda value: Quantity(value, Unit.MM) if np.isfinite(value) else absent,
        )
        for name, values in columns
    ]


def _lobes(
    voxels: LesionVoxels, anatomy: AnatomyMap, mm3: NDArray[np.float64], scale: SizeScale
) -> Rows:
    lobe = voxels.take(anatomy.lobes)
    shares = {name: voxels.mean(lobe == code) for code, name in LOBES.items()}
    tables = [
        voxels.quantities(f"fraction_lobe_{name}", share, Unit.NONE)
        for name, share in shares.items()
    ]
    # Without the scale 0.5 ml has no meaning, and the share alone decides: the two differ
    # for lesions over 5 ml only.
    limit = np.inf if scale.factor is None else LOBE_MM3 / scale.factor**3
    held = [(share >= LOBE_FRACTION) | (share * mm3 >= limit) for share in shares.values()]
    count = np.sum(held, axis=0)
    return merge(*tables, voxels.quantities("lobe_count", count, Unit.COUNT))


def _mni(lesions: LesionMap, voxels: LesionVoxels, anatomy: AnatomyMap) -> Rows:
    names = tuple(f"centroid_mni_{axis}_mm" for axis in "xyz")
    if anatomy.mni_mm is None:
        why = Unknown(Reason.ANATOMY_MISSING, "no registration to MNI152 was run")
        return whole_column(lesions, names, why)
    xyz = voxels.take(anatomy.mni_mm)
    return merge(
        *(
            voxels.quantities(name, voxels.mean(xyz[:, axis]), Unit.MM)
            for axis, name in enumerate(names)
        )
    )
