"""The central vein sign of each lesion on SWI or T2*, and the patient's share of such lesions.

The rules are those of the North American Imaging in MS Cooperative (Sati et al. 2016, doi
10.1038/nrneurol.2016.166), read in a secondary source: a central vein is a thin dark line or
dot, under 2 mm wide, seen in two perpendicular planes, that runs partly or wholly through the
middle of the lesion. Lesions under 3 mm in any plane, confluent lesions, lesions with several
veins and lesions that cannot be seen well are excluded: they are neither with nor without.

Here: dark-line voxels (:mod:`lesionaid.features.vessels`) in the lesion are joined to tracks;
a track counts when it is long enough against the lesion, and is central when it reaches deep
into the lesion and passes near its centre. Every number of this is proposed; no real SWI was
at hand to hold it against.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lesionaid.features.intensity import Reference
from lesionaid.features.resolution import too_coarse
from lesionaid.features.surroundings import Surroundings
from lesionaid.features.vein_tracks import LINE_Z, Track, find_tracks
from lesionaid.features.vessels import line_curvature
from lesionaid.features.voxels import Rows
from lesionaid.lesions.lesion_map import LesionMap
from lesionaid.quantity import Category, Quantity, Reason, Unit, Unknown, Value
from lesionaid.study.scan import Contrast, Study
from lesionaid.tables import Level, MeasurementSpec

__all__ = ["CENTRAL_VEIN_SPECS", "central_vein_measurements"]

IN_PLANE_MM, THROUGH_MM = 1.2, 1.5
"""Coarsest voxels (proposed): a vein under 2 mm must be seen in two perpendicular planes."""

LEAST_DIAMETER_MM = 3.0
"""Sati et al. 2016: lesions under this in any plane are excluded."""

LEAST_DIAMETER_VOXELS = 4.5
"""A line in fewer voxels than this cannot be told from the rest (proposed: on simulated 3 %
noise a vein of 1 mm was missed in most balls of 4 voxels and found in all of 6)."""

WIDEST_MM = 2.5
"""A vein is under 2 mm (Sati et al. 2016); voxels of 1 mm blur it by about half of one."""

TO_DIAMETER = 1.118
"""Diameter over the axis of :mod:`lesionaid.features.shape`: sqrt(20) against 4."""

CONFLUENT_IRREGULARITY, CONFLUENT_SOLIDITY = 0.15, 0.55
"""From here on a lesion is confluent (proposed): two equal balls that touch have an
irregularity of 0.18; digital balls of any size have a solidity over 0.6."""

TOUCHING_MM = 1.5
"""Another lesion this near has merged with this one (proposed: one voxel)."""

DEEP, NEAR = 0.6, 1.0
"""Central: reaches 60 % of the greatest depth, and passes no further from the lesion's centre
than that depth (proposed; in a ball: at most 40 % of the radius off its centre)."""

EDGE_PLACES = 2
"""A vein passes the edge of its lesion in two places at most (Sati et al. 2016)."""

FAINT_VEIN = (0.25, 0.5)
"""Contrast, as a share of white matter, and radius in mm of a vein that a scan must be able to
show (proposed: a quarter darker, 1 mm wide)."""

FEWEST_LESIONS = 3
"""Fewer assessable lesions have no share (proposed)."""

_NAIMS = "Sati et al. 2016, doi 10.1038/nrneurol.2016.166 (read in a secondary source)"
_NEEDS = ("SWI", "lesions", "anatomy")


def _spec(name: str, unit: Unit | None, description: str, study: bool = False) -> MeasurementSpec:
    level: Level = "study" if study else "lesion"
    return MeasurementSpec(name, unit, level, description, _NEEDS, _NAIMS, validated=False)


CENTRAL_VEIN_SPECS: tuple[MeasurementSpec, ...] = (
    _spec(
        "central_vein_class",
        None,
        "central: one dark line under 2 mm wide through at least half of the lesion, within 40 % "
        "of the radius of its centre; off_centre: one elsewhere; wide: a broader dark band; none: "
        "no line. Unknown for excluded lesions.",
    ),
    _spec(
        "central_vein_exclusion",
        None,
        "Why the lesion does not count: small (under 3 mm or 4.5 voxels in a plane), confluent, "
        "several_veins; none: it counts.",
    ),
    _spec("vein_share", Unit.NONE, "Length of the longest dark line over the lesion's extent."),
    _spec("vein_depth", Unit.NONE, "Greatest depth of that line over that of the lesion."),
    _spec("vein_width_mm", Unit.MM, "Diameter of a cylinder as long and dark as that line."),
    _spec(
        "vein_z", Unit.ROBUST_SD, "Median darkness of that line against the lesion, in SD of the "
        "white matter's signal."
    ),
    _spec("central_vein_count", Unit.COUNT, "Lesions with a central vein.", study=True),
    _spec(
        "central_vein_assessable", Unit.COUNT, "Lesions that are not excluded.", study=True
    ),
    _spec(
        "central_vein_fraction",
        Unit.NONE,
        "Lesions with a central vein over assessable lesions, where there are at least three.",
        study=True,
    ),
)  # fmt: skip

_LESION_NAMES = tuple(spec.name for spec in CENTRAL_VEIN_SPECS if spec.level == "lesion")
_STUDY_NAMES = tuple(spec.name for spec in CENTRAL_VEIN_SPECS if spec.level == "study")


def central_vein_measurements(
    study: Study,
    lesions: LesionMap,
    around: Surroundings,
    rows: Rows,
    white: Reference,
) -> tuple[Rows, dict[str, Value]]:
    """Central vein of every lesion, and how many of them have one.

    Parameters
    ----------
    study : Study
        Aligned.
    lesions : LesionMap
    around : Surroundings
    rows : dict of int to dict of str to Value
        Shape and focality of every lesion.
    white : ReferenceTissue or Unknown
        Normal-appearing white matter of the SWI.

    Returns
    -------
    rows : dict of int to dict of str to Value
    study : dict of str to Value
    """
    why = _unusable(study, white)
    if why is not None or isinstance(white, Unknown):
        nothing = why if why is not None else white
        assert isinstance(nothing, Unknown)
        return (
            {one.id: dict.fromkeys(_LESION_NAMES, nothing) for one in lesions.lesions},
            dict.fromkeys(_STUDY_NAMES, nothing),
        )
    scan = study.scans[Contrast.SWI]
    # In a phantom without noise any curvature at all would stand out.
    noise = max(white.robust_sd, 0.005 * white.median)
    found: Rows = {}
    excluded = _excluded(lesions, around, rows)
    for lesion in lesions.lesions:
        exclusion = excluded.get(lesion.id)
        if exclusion is not None:
            found[lesion.id] = _left_out(*exclusion)
    eligible = np.array(
        [lesion.id for lesion in lesions.lesions if lesion.id not in excluded], dtype=np.int32
    )
    kept = around.inside & np.isin(around.voxels.ids, eligible)[around.voxels.owner]
    voxels, depth = around.chosen(kept), -around.signed_mm[kept].astype(float)
    if scan.valid is not None:
        holes = voxels.minimum(voxels.take(scan.valid)) == 0
    else:
        holes = np.zeros(voxels.ids.size, dtype=bool)
    tracks = find_tracks(scan.data, voxels, depth, noise)
    hole = Unknown(Reason.NOT_FINITE, "voxels of the lesion have no value in the SWI")
    for row, lesion_id in enumerate(voxels.ids.tolist()):
        found[lesion_id] = dict.fromkeys(_LESION_NAMES, hole) if holes[row] else _judge(tracks[row])
    return found, _of_study(found, lesions)


def _unusable(study: Study, white: Reference) -> Unknown | None:
    """Why no vein could be seen in this study."""
    scan = study.scans.get(Contrast.SWI)
    if scan is None:
        return Unknown(Reason.IMAGE_MISSING, "no SWI", ("SWI",))
    coarse = too_coarse(scan, IN_PLANE_MM, THROUGH_MM)
    if coarse is not None or isinstance(white, Unknown):
        return coarse
    contrast, radius = FAINT_VEIN
    seen = line_curvature(contrast * white.median, radius)
    if LINE_Z * white.robust_sd * _noise_of_curvature(scan.grid.spacing_mm) > seen:
        return Unknown(Reason.BELOW_NOISE, "noise of the SWI hides veins of 1 mm")
    return None


def _noise_of_curvature(spacing_mm: Sequence[float]) -> float:
    """Noise of a second derivative per noise of a voxel, for a Gaussian of 1 mm.

    The integral of the squared derivative is ``3 / (4 s5 sqrt(pi)) * (1 / (2 s sqrt(pi)))**2``,
    times the volume of a voxel.
    """
    density = 3 / (4 * np.sqrt(np.pi)) / (4 * np.pi)
    return float(np.sqrt(density * np.prod(spacing_mm)))


def _excluded(
    lesions: LesionMap, around: Surroundings, rows: Rows
) -> Mapping[int, tuple[Category | None, Unknown]]:
    """Lesions that do not count, by the mask alone, and why."""
    touching = around.voxels.total(around.other & (around.signed_mm <= TOUCHING_MM)) > 0
    merged = set(around.voxels.ids[touching].tolist())
    excluded: dict[int, tuple[Category | None, Unknown]] = {}
    voxel_mm = around.voxels.grid.voxel_volume_mm3 ** (1 / 3)
    least_mm = max(LEAST_DIAMETER_MM, LEAST_DIAMETER_VOXELS * voxel_mm)
    small = Unknown(Reason.TOO_FEW_VOXELS, f"under {least_mm:.2g} mm in a plane: excluded")
    merges = Unknown(Reason.DEGENERATE_SHAPE, "confluent: excluded by the NAIMS rules")
    for lesion in lesions.lesions:
        row = rows[lesion.id]
        missing = around.voxels.missing.get(lesion.id)
        middle = row["axis_middle_mm"]
        if missing is not None:
            excluded[lesion.id] = (None, missing)
        elif isinstance(middle, Unknown) and middle.reason is not Reason.TOO_FEW_VOXELS:
            excluded[lesion.id] = (None, middle)
        elif lesion.speck or _number(middle) * TO_DIAMETER < least_mm:
            excluded[lesion.id] = (Category("small"), small)
        elif (
            lesion.id in merged
            or _number(row["irregularity"]) > CONFLUENT_IRREGULARITY
            or _number(row["solidity"], 1.0) < CONFLUENT_SOLIDITY
        ):
            excluded[lesion.id] = (Category("confluent"), merges)
    return excluded


def _number(value: Value, otherwise: float = 0.0) -> float:
    return value.value if isinstance(value, Quantity) else otherwise


def _left_out(exclusion: Category | None, why: Unknown) -> dict[str, Value]:
    row: dict[str, Value] = dict.fromkeys(_LESION_NAMES, why)
    if exclusion is not None:
        row["central_vein_exclusion"] = exclusion
    return row


def _judge(tracks: Sequence[Track]) -> dict[str, Value]:
    """Class of a lesion from its dark lines, the longest first."""
    veins = [track for track in tracks if track.long_enough]
    row: dict[str, Value] = {"central_vein_exclusion": Category("none")}
    if not tracks:
        nothing = Unknown(Reason.BELOW_NOISE, "no dark line in the lesion")
        row |= dict.fromkeys(("vein_depth", "vein_width_mm", "vein_z"), nothing)
        row |= {"central_vein_class": Category("none"), "vein_share": Quantity(0.0, Unit.NONE)}
        return {name: row[name] for name in _LESION_NAMES}
    first = tracks[0]
    row["vein_share"] = Quantity(first.share, Unit.NONE)
    row["vein_depth"] = Quantity(first.depth, Unit.NONE)
    row["vein_width_mm"] = Quantity(first.width_mm, Unit.MM)
    row["vein_z"] = Quantity(first.z, Unit.ROBUST_SD)
    others = [track for track in veins[1:] if not first.continues(track)]
    if veins and (others or first.edge_places > EDGE_PLACES):
        row["central_vein_exclusion"] = Category("several_veins")
        row["central_vein_class"] = Unknown(
            Reason.LOW_QUALITY, "several veins: excluded by the NAIMS rules"
        )
    else:
        row["central_vein_class"] = Category(_class(first) if veins else "none")
    return {name: row[name] for name in _LESION_NAMES}


def _class(track: Track) -> str:
    if track.width_mm > WIDEST_MM:
        return "wide"
    return "central" if track.depth >= DEEP and track.offset <= NEAR else "off_centre"


def _of_study(rows: Rows, lesions: LesionMap) -> dict[str, Value]:
    """Counts over the lesions that are not excluded."""
    classes = [rows[lesion.id]["central_vein_class"] for lesion in lesions.lesions]
    assessed = [value.value for value in classes if isinstance(value, Category)]
    central = assessed.count("central")
    fraction: Value = Unknown(
        Reason.LOW_QUALITY, f"{len(assessed)} lesions could be assessed for a central vein"
    )
    if len(assessed) >= FEWEST_LESIONS:
        fraction = Quantity(central / len(assessed), Unit.NONE)
    return {
        "central_vein_count": Quantity(central, Unit.COUNT),
        "central_vein_assessable": Quantity(len(assessed), Unit.COUNT),
        "central_vein_fraction": fraction,
    }
