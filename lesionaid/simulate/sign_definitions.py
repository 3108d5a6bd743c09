"""Signs that are definitions, lesion by lesion, in the words of the truth.

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

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from lesionaid.simulate.truth import LesionTruth

__all__ = [
    "FEW",
    "LESION_SIGNS",
    "MEASURED",
    "MULTIFOCAL",
    "SATELLITES",
    "SATELLITE_MM",
    "All",
    "AnyOf",
    "Compare",
    "Condition",
]


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
    "touches_juxtacortical": All(
        (
            Compare("distance_cortex_mm", "<=", 1),
            Compare("fraction_infratentorial", "<", 0.5),
        )
    ),
    # rules/signs/juxtacortical_ufibre.yaml
    "juxtacortical_ufibre": All(
        (
            Compare("ufibre_contact_mm", ">=", 10),
            Compare("ufibre_share", ">=", 0.4),
            Compare("ufibre_length_ratio", ">=", 3),
            Compare("ufibre_run_ratio", ">=", 1.5),
        )
    ),
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


def _band(row: LesionTruth) -> float | None:
    """Share of the lesion outside the cortex that lies in the band of U-fibres."""
    band, cortex = row.share_subcortical, row.share_cortex
    return None if band is None or cortex is None or cortex >= 1 else band / (1 - cortex)


def _band_ratio(row: LesionTruth) -> float | None:
    """Run along the cortex over the thickness across it: volume over area of contact."""
    run, area, cortex = row.subcortical_mm, row.cortex_contact_mm2, row.share_cortex
    if run is None or area is None or cortex is None or cortex >= 1:
        return None
    return run * area / (row.volume_mm3 * (1 - cortex))


def _run_ratio(row: LesionTruth) -> float | None:
    """Run along the cortex over the diameter of the ball of the lesion's volume."""
    run = row.subcortical_mm
    return None if run is None else run / float(np.cbrt(6 * row.volume_mm3 / np.pi))


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
    "ufibre_share": _band,
    "ufibre_length_ratio": _band_ratio,
    "ufibre_run_ratio": _run_ratio,
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
