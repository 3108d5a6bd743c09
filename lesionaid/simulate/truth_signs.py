"""Signs that are definitions over the truth: what lesionaid should find, lesion by lesion.

The simulator may not import the sign catalogue, so its definitions are stated here again,
each with the file under ``rules/signs`` that it quotes; a contract test holds the two
together. They are read from the truth of :mod:`lesionaid.simulate.truth` in place of
measurements, so they say where a sign holds by its definition, not what a reader would say.

Three definitions are not the catalogue's own: the truth has no body apart from bridges, so
that sizes are those of the whole lesion; cortex is counted from its surface on (the catalogue
starts half a millimetre deeper, which a grid of 1 mm cannot tell); and satellites are those
that the generator placed as such, without the test against chance.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from lesionaid.simulate.truth import LesionTruth

__all__ = [
    "LESION_SIGNS",
    "MEASURED",
    "All",
    "AnyOf",
    "Compare",
    "Condition",
    "lesion_signs",
    "signs_of",
]

Truth = bool | None
"""None: the brain cannot say."""


@dataclass(frozen=True, slots=True)
class Compare:
    """A measurement of the catalogue against a threshold."""

    measurement: str
    op: Literal["<=", "<", ">=", ">"]
    value: float


@dataclass(frozen=True, slots=True)
class All:
    """Every one of some conditions."""

    of: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of some conditions."""

    of: tuple[Condition, ...]


Condition = Compare | All | AnyOf

LESION_SIGNS: Mapping[str, Condition] = {
    # rules/signs/periventricular.yaml
    "periventricular": All(
        (
            Compare("distance_lateral_ventricle_mm", "<=", 1.5),
            AnyOf(
                (
                    Compare("periventricular_fraction", ">=", 0.1),
                    Compare("periventricular_volume_mm3", ">=", 500),
                )
            ),
        )
    ),
    # rules/signs/touches_periventricular.yaml
    "touches_periventricular": Compare("distance_lateral_ventricle_mm", "<=", 1.5),
    # rules/signs/touches_juxtacortical.yaml
    "touches_juxtacortical": Compare("distance_cortex_mm", "<=", 1),
    # rules/signs/juxtacortical_ufibre.yaml
    "juxtacortical_ufibre": Compare("ufibre_contact_mm", ">=", 10),
    # rules/signs/cortical_gm.yaml
    "cortical_gm": All(
        (
            Compare("fraction_cortex_core", ">=", 0.05),
            Compare("cortex_volume_mm3", ">=", 50),
        )
    ),
    # rules/signs/touches_cortical.yaml
    "touches_cortical": Compare("fraction_cortex", ">", 0),
    # rules/signs/corpus_callosum.yaml
    "corpus_callosum": Compare("callosal_volume_mm3", ">=", 14),
    # rules/signs/touches_callosal.yaml
    "touches_callosal": Compare("callosal_volume_mm3", ">", 0),
    # rules/signs/infratentorial.yaml
    "infratentorial": Compare("fraction_infratentorial", ">=", 0.25),
    # rules/signs/touches_infratentorial.yaml
    "touches_infratentorial": Compare("fraction_infratentorial", ">", 0),
    # rules/signs/deep_gm.yaml
    "deep_gm": Compare("deep_gray_volume_mm3", ">=", 50),
    # rules/signs/touches_deep_gray_matter.yaml
    "touches_deep_gray_matter": Compare("deep_gray_volume_mm3", ">", 0),
    # rules/signs/subcortical.yaml
    "subcortical": All(
        (
            Compare("distance_cortex_mm", "<=", 5),
            Compare("distance_lateral_ventricle_mm", ">", 1.5),
            Compare("fraction_white_matter", ">=", 0.5),
        )
    ),
    # rules/signs/deep_wm.yaml
    "deep_wm": All(
        (
            Compare("distance_cortex_mm", ">", 5),
            Compare("distance_lateral_ventricle_mm", ">", 1.5),
            Compare("fraction_white_matter", ">=", 0.5),
        )
    ),
    # rules/signs/size_over_3mm.yaml
    "size_over_3mm": Compare("diameter_max_mm", ">=", 3),
    # rules/signs/size_over_20mm.yaml
    "size_over_20mm": Compare("body_diameter_mm", ">=", 20),
    # rules/signs/size_over_30mm.yaml
    "size_over_30mm": Compare("body_diameter_mm", ">", 30),
}
"""Signs of one lesion, by the ids of the catalogue."""

SATELLITE_MM, SATELLITES = 5.0, 3
"""Three or more under 5 mm (``rules/signs/punctate_satellites.yaml``)."""

MULTIFOCAL, FEW = 2, 9
"""Lesions of 3 mm or more (``multifocal.yaml``, ``fewer_than_ten_lesions.yaml``)."""


def _times(share: float | None, volume: float) -> float | None:
    return None if share is None else share * volume


def _white(row: LesionTruth) -> float | None:
    """White matter without the callosum, which is a site of its own in the catalogue."""
    white, callosum = row.share_white_matter, row.share_callosum
    return None if white is None or callosum is None else white - callosum


MEASURED: Mapping[str, Callable[[LesionTruth], float | None]] = {
    "distance_lateral_ventricle_mm": lambda row: row.ventricle_mm,
    "periventricular_fraction": lambda row: (
        None if row.periventricular_mm3 is None else row.periventricular_mm3 / row.volume_mm3
    ),
    "periventricular_volume_mm3": lambda row: row.periventricular_mm3,
    "distance_cortex_mm": lambda row: row.cortex_mm,
    "ufibre_contact_mm": lambda row: row.subcortical_mm,
    "fraction_cortex": lambda row: row.share_cortex,
    "fraction_cortex_core": lambda row: row.share_cortex,
    "cortex_volume_mm3": lambda row: _times(row.share_cortex, row.volume_mm3),
    "callosal_volume_mm3": lambda row: _times(row.share_callosum, row.volume_mm3),
    "fraction_infratentorial": lambda row: row.share_infratentorial,
    "deep_gray_volume_mm3": lambda row: _times(row.share_deep_gray, row.volume_mm3),
    "fraction_white_matter": _white,
    "diameter_max_mm": lambda row: row.diameter_mm,
    "body_diameter_mm": lambda row: row.diameter_mm,
}
"""The truth that stands for each measurement."""

_COMPARE = {"<=": operator.le, "<": operator.lt, ">=": operator.ge, ">": operator.gt}


def lesion_signs(row: LesionTruth) -> dict[str, Truth]:
    """Signs of one lesion.

    Parameters
    ----------
    row : LesionTruth
        Of a lesion that is there.

    Returns
    -------
    dict of str to bool or None
        By ids of the catalogue; None where the brain cannot say.
    """
    signs = {name: _holds(condition, row) for name, condition in LESION_SIGNS.items()}
    changed = row.change
    known = changed is not None
    return signs | {
        "contrast_enhancement": None if row.enhancement is None else row.enhancement != "none",
        "central_vein": row.central_vein,
        "paramagnetic_rim": row.paramagnetic_rim,
        "new_vs_prior": changed == "new" if known else None,
        "enlarging": changed == "grown" if known else None,
        "regressing": changed == "shrunk" if known else None,
        "new_or_enlarging": changed in ("new", "grown") if known else None,
    }


def signs_of(rows: Sequence[LesionTruth]) -> dict[str, Truth]:
    """Signs of a patient: those of any lesion, and those of their number and spread.

    Parameters
    ----------
    rows : sequence of LesionTruth
        Of one date, resolved lesions included.

    Returns
    -------
    dict of str to bool or None
        By ids of the catalogue; None where no lesion has the sign and one cannot say.
    """
    there = [row for row in rows if row.change != "resolved" and row.n_voxels]
    by_lesion = [lesion_signs(row) for row in there]
    names = by_lesion[0] if by_lesion else ()
    signs = {name: _any(one[name] for one in by_lesion) for name in names}
    counted = sum(one["size_over_3mm"] is True for one in by_lesion)
    dots = [row for row in there if row.role == "satellite"]
    small = [row for row in dots if (row.equivalent_diameter_mm or 0.0) < SATELLITE_MM]
    signs["punctate_satellites"] = len(small) >= SATELLITES
    signs["multifocal"] = counted >= MULTIFOCAL
    signs["fewer_than_ten_lesions"] = counted <= FEW
    signs["bilateral"] = _bilateral(there)
    cortical = ("touches_juxtacortical", "cortical_gm", "juxtacortical_ufibre")
    signs["juxtacortical_or_cortical"] = _any(signs.get(name, False) for name in cortical)
    if any(row.change is not None for row in rows):
        signs["resolved"] = any(row.change == "resolved" for row in rows)
    return signs


def _holds(condition: Condition, row: LesionTruth) -> Truth:
    if isinstance(condition, Compare):
        value = MEASURED[condition.measurement](row)
        if value is None:
            return None
        return bool(_COMPARE[condition.op](value, condition.value))
    if isinstance(condition, AnyOf):
        return _any(_holds(one, row) for one in condition.of)
    return _not(_any(_not(_holds(one, row)) for one in condition.of))


def _any(truths: Iterable[Truth]) -> Truth:
    """Kleene's or."""
    known = list(truths)
    return True if True in known else None if None in known else False


def _not(truth: Truth) -> Truth:
    return None if truth is None else not truth


def _bilateral(rows: Sequence[LesionTruth]) -> Truth:
    """Lesions of both hemispheres; one in the posterior fossa is in neither."""
    above = [row for row in rows if row.lobe is not None]
    if any(row.side is None for row in rows):
        return None
    sides = {row.side for row in above}
    return "both" in sides or {"left", "right"} <= sides
