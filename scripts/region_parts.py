"""Named parts and zones of the region map; :mod:`build_regions` gives the sites they lie in.

Parts divide sites by planes and outlines; zones are geometric proxies about traced lines and
surfaces. All marks stand in ``region_landmarks.yaml``.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from lesionaid.anatomy.map import LOBES, PARTS, SITES, ZONES

if TYPE_CHECKING:
    from build_regions import Builder

Mask = NDArray[np.bool_]

SITE = {name: code for code, name in SITES.items()}
LOBE = {name: code for code, name in LOBES.items()}
PART = {name: code for code, name in PARTS.items()}
ZONE = {name: code for code, name in ZONES.items()}

NUCLEI = ("thalamus", "caudate", "putamen", "pallidum", "hippocampus", "amygdala")

LINING_MM = 3.0
"""Tissue this close to the third or the fourth ventricle is its lining."""

PERIAQUEDUCTAL_MM = 6.0
"""The grey matter about the aqueduct reaches some 5 mm from its middle line (Mai 2016)."""

OPTIC = 150.0
"""T1 signal above which the band about the traced line is chiasm or tract: partial volume of white
matter and the fluid of the cistern."""

OBEX_MM, BACK_MM = 8.0, 5.0
"""The dorsal medulla: this close to the obex, and to the back of the medulla."""


def parts(
    builder: Builder, sites: NDArray[np.uint8], lobes: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """Codes of PARTS in the right half; later parts give way to earlier ones."""
    result = np.zeros(sites.shape, dtype=np.uint8)
    for name, where in _parts(builder, sites, lobes):
        result[where & (result == 0)] = PART[name]
    return result


def zones(builder: Builder, sites: NDArray[np.uint8], part: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Codes of ZONES in the right half."""
    fluid = [
        SITE[name] for name in ("lateral_ventricle", "third_ventricle", "fourth_ventricle", "csf")
    ]
    tissue = (sites > 0) & ~np.isin(sites, fluid)
    _, _, z = builder.xyz
    medulla = part == PART["medulla"]
    near_obex = _distance(builder, [builder.marks["obex"]]) <= OBEX_MM
    behind = _depth_from_behind(sites == SITE["brainstem"]) <= BACK_MM
    midbrain = part == PART["midbrain"]
    about_aqueduct = tube(builder, "aqueduct", PERIAQUEDUCTAL_MM)
    third = ndi.distance_transform_edt(sites != SITE["third_ventricle"]) <= LINING_MM
    fourth = ndi.distance_transform_edt(sites != SITE["fourth_ventricle"]) <= LINING_MM
    path = tube(builder, "corticospinal") | tube(builder, "corticospinal_low")
    white = np.isin(sites, [SITE["white_matter"], SITE["brainstem"]])
    result = np.zeros(sites.shape, dtype=np.uint8)
    for name, where in (
        ("dorsal_medulla", medulla & near_obex & behind),
        ("periaqueductal", midbrain & about_aqueduct & (part != PART["aqueduct"])),
        ("fourth_ventricle_lining", tissue & fourth),
        ("third_ventricle_lining", tissue & third & (z < 14)),
        ("corticospinal", white & path),
    ):
        result[where & (result == 0)] = ZONE[name]
    return result


def _parts(
    builder: Builder, sites: NDArray[np.uint8], lobes: NDArray[np.uint8]
) -> list[tuple[str, Mask]]:
    marks = builder.marks
    x, y, z = builder.xyz
    site = {name: sites == code for name, code in SITE.items()}
    horn = site["lateral_ventricle"] & builder.temporal_horn()
    monro, trigone = marks["ventricle_planes"]["monro"], marks["ventricle_planes"]["trigone"]
    genu, splenium = marks["callosum_planes"]["genu"], marks["callosum_planes"]["splenium"]
    above_pons, above_medulla = above(builder, "pons_top"), above(builder, "medulla_top")
    temporal = lobes == LOBE["temporal_right"]
    sulcus = np.asarray(marks["superior_temporal_sulcus"], dtype=float)[::-1]
    below_sulcus = z < np.interp(y, sulcus[:, 0], sulcus[:, 1])
    anterior = y > marks["anterior_temporal_from"]
    nuclei = {name: builder.nucleus(name) & site["deep_gray_matter"] for name in NUCLEI}
    no_nucleus = ~np.logical_or.reduce(list(nuclei.values()))
    between_nuclei = builder.outline("central_core") & site["white_matter"] & no_nucleus
    capsule = between_nuclei & (z > -6) & (x > 7)
    walls = builder.outline("hypothalamus") & builder.brain & no_nucleus
    walls &= site["white_matter"] | site["deep_gray_matter"] | site["cortex"]
    optic = tube(builder, "optic_pathway") & builder.brain & (builder.t1w > OPTIC)
    peduncle = tube(builder, "middle_cerebellar_peduncle") & (builder.white > 0.5)
    hind = site["cerebellum"] | site["brainstem"]
    tissue = builder.gray + builder.white > 0.5
    return [
        ("ventricle_temporal_horn", horn),
        ("ventricle_frontal_horn", site["lateral_ventricle"] & (y >= monro)),
        ("ventricle_body", site["lateral_ventricle"] & (y >= trigone)),
        ("ventricle_atrium", site["lateral_ventricle"]),
        ("aqueduct", tube(builder, "aqueduct") & site["brainstem"]),
        ("callosum_genu", site["corpus_callosum"] & (y >= genu)),
        ("callosum_splenium", site["corpus_callosum"] & (y < splenium)),
        ("callosum_body", site["corpus_callosum"]),
        ("optic_pathway", optic & ~site["brainstem"]),
        *nuclei.items(),
        ("hypothalamus", walls),
        ("internal_capsule", capsule),
        ("middle_cerebellar_peduncle", peduncle & hind & (x >= 14)),
        ("midbrain", site["brainstem"] & above_pons),
        ("pons", site["brainstem"] & above_medulla),
        ("medulla", site["brainstem"]),
        ("cerebellar_white_matter", site["cerebellum"] & tissue & (builder.white > builder.gray)),
        ("cerebellar_gray_matter", site["cerebellum"] & tissue),
        ("anterior_temporal", temporal & anterior),
        ("inferior_temporal", temporal & below_sulcus),
    ]


def above(builder: Builder, plane: str) -> Mask:
    """Above a line through two points of the mid-sagittal plane."""
    (y0, z0), (y1, z1) = builder.marks["planes"][plane]
    _, y, z = builder.xyz
    side: Mask = z > z0 + (y - y0) * (z1 - z0) / (y1 - y0)
    return side


def tube(builder: Builder, name: str, radius: float | None = None) -> Mask:
    """Within a radius of traced lines, by default their own."""
    mark = builder.marks["tracts"][name]
    points = np.concatenate([polyline(line) for line in mark["lines"]])
    inside: Mask = _distance(builder, points) <= (mark["radius"] if radius is None else radius)
    return inside


def polyline(points: list[list[float]]) -> NDArray[np.float64]:
    """Points every 0.5 mm along a polyline."""
    pieces = []
    for start, end in pairwise(points):
        a, b = np.asarray(start, dtype=float), np.asarray(end, dtype=float)
        steps = max(2, int(np.linalg.norm(b - a) * 2))
        pieces.append(a + np.linspace(0, 1, steps)[:, None] * (b - a))
    return np.concatenate(pieces)


def _distance(builder: Builder, points: object) -> NDArray[np.float64]:
    """Distance in mm of every voxel to the nearest of some points."""
    from scipy.spatial import cKDTree

    tree = cKDTree(np.asarray(points, dtype=float))
    where = np.moveaxis(builder.xyz, 0, -1).reshape(-1, 3)
    distance, _ = tree.query(where, distance_upper_bound=20.0)
    return np.asarray(distance.reshape(builder.xyz.shape[1:]))


def _depth_from_behind(mask: Mask) -> NDArray[np.int64]:
    """How many mm a voxel of a mask lies before the mask's back, along y."""
    return np.cumsum(mask, axis=1)
