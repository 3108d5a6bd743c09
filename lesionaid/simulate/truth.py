"""What is true of each simulated lesion, counted on the brain's own grid.

Counted from the anatomy without noise and from the label map, before any scan is made, and
without the code that measures: it is what that code is tested with. A voxel belongs to a
lesion or not (the half level). Lengths run between voxel centres and so fall short of the
body's own by up to a voxel. Where the brain cannot say, a value is None.

:data:`lesionaid.simulate.truth_columns.DESCRIPTIONS` defines every value; it is written
beside ``truth.tsv``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lesionaid.simulate.brain import Brain
from lesionaid.simulate.evolution import Before, Change, Evolution, changes_since, gone_since
from lesionaid.simulate.lesions import Mechanism, Role, SimulatedLesion
from lesionaid.simulate.tissue import Appearance
from lesionaid.simulate.truth_counts import (
    Place,
    changed,
    signal,
    sites,
    size,
    surfaces,
    tissues,
)
from lesionaid.simulate.truth_sites import named_sites

__all__ = ["Before", "LesionTruth", "resolved_truth", "truth_of"]


@dataclass(frozen=True, slots=True)
class LesionTruth:
    """What is true of one lesion at one date.

    Parameters
    ----------
    label : int
        In the label map that was written; 0 for a lesion that is gone.
    mechanism, role, site : str
        As the generator named them.
    n_voxels : int
    volume_mm3 : float
    centroid_mm : tuple of float, or None
        Scanner RAS+ mm; None for a lesion that is gone.

    Notes
    -----
    The other values are defined in
    :data:`lesionaid.simulate.truth_columns.DESCRIPTIONS`, each with its unit.
    """

    label: int
    mechanism: Mechanism
    role: Role
    site: str
    n_voxels: int
    volume_mm3: float
    centroid_mm: tuple[float, float, float] | None = None
    equivalent_diameter_mm: float | None = None
    diameter_mm: float | None = None
    extent_right_mm: float | None = None
    extent_anterior_mm: float | None = None
    extent_superior_mm: float | None = None
    ventricle_mm: float | None = None
    ventricle_contact_mm2: float | None = None
    ventricle_contact_mm: float | None = None
    periventricular_mm3: float | None = None
    cortex_mm: float | None = None
    cortex_contact_mm2: float | None = None
    cortex_contact_mm: float | None = None
    subcortical_mm3: float | None = None
    subcortical_mm: float | None = None
    share_subcortical: float | None = None
    share_cortex: float | None = None
    share_white_matter: float | None = None
    share_callosum: float | None = None
    share_deep_gray: float | None = None
    share_infratentorial: float | None = None
    lobe: str | None = None
    side: str | None = None
    touches_third_ventricle: bool | None = None
    touches_fourth_ventricle: bool | None = None
    enhancement: str | None = None
    enhancing_mm3: float | None = None
    central_vein: bool | None = None
    paramagnetic_rim: bool | None = None
    change: Change | None = None
    prior_label: int | None = None
    prior_volume_mm3: float | None = None
    growth_percent_per_month: float | None = None


def truth_of(
    brain: Brain,
    labels: NDArray[np.int32],
    lesions: Sequence[SimulatedLesion],
    looks: Sequence[Appearance] | None = None,
    before: Before | None = None,
) -> tuple[LesionTruth, ...]:
    """Count what is true of every lesion on the label map.

    Parameters
    ----------
    brain : Brain
        Its grid gives the millimetres; axes at right angles.
    labels : ndarray of shape brain.grid.shape, int32
        The first lesion has label 1.
    lesions : sequence of SimulatedLesion
    looks : sequence of Appearance, optional
        Without them nothing is said of enhancement, vein and rim.
    before : Before, optional
        Without the date before nothing is said of change.

    Returns
    -------
    tuple of LesionTruth
        In the order of `lesions`.
    """
    changes = {} if before is None else changes_since(before, labels)
    rows = []
    for number, lesion in enumerate(lesions, start=1):
        place = Place.of(brain, labels, number, lesion.box)
        counted = {
            **size(place),
            **surfaces(place),
            **tissues(place),
            **sites(place, named_sites(brain, place.box)),
            **({} if looks is None else signal(place, lesion, looks[number - 1])),
            **changed(changes.get(number), place.voxel_mm3),
        }
        rows.append(LesionTruth(number, lesion.mechanism, lesion.role, lesion.site, **counted))
    return tuple(rows)


def resolved_truth(
    before: Before,
    labels: NDArray[np.int32],
    lesions: Sequence[SimulatedLesion],
    voxel_mm3: float,
) -> tuple[LesionTruth, ...]:
    """Lesions of the date before on whose voxels nothing lies now.

    Parameters
    ----------
    before : Before
    labels : ndarray of int32
        Of the date now.
    lesions : sequence of SimulatedLesion
        Of the date before.
    voxel_mm3 : float

    Returns
    -------
    tuple of LesionTruth
        With label 0 and without volume.
    """
    rows = []
    for old in gone_since(before, labels):
        lesion = lesions[old - 1]
        count = int(np.count_nonzero(before.labels == old))
        then = changed(Evolution("resolved", old, count, None), voxel_mm3)
        rows.append(LesionTruth(0, lesion.mechanism, lesion.role, lesion.site, 0, 0.0, **then))
    return tuple(rows)
