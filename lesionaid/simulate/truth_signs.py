"""Signs of simulated patients by the definitions of :mod:`lesionaid.simulate.sign_definitions`.

:func:`signs_of` is what lesionaid should find. :func:`declared_signs` is what a generator says
of the patient that it placed: the same, but only where a quarter of a voxel more or less would say
so too.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lesionaid.simulate.brain import Brain
from lesionaid.simulate.lesions import SimulatedLesion, label_map
from lesionaid.simulate.sign_definitions import (
    FEW,
    LESION_SIGNS,
    MEASURED,
    MULTIFOCAL,
    SATELLITE_MM,
    SATELLITES,
    AnyOf,
    Compare,
    Condition,
)
from lesionaid.simulate.tissue import Appearance
from lesionaid.simulate.truth import LesionTruth, truth_of

__all__ = ["Margin", "declared_signs", "lesion_signs", "signs_of"]

Truth = bool | None
"""None: the brain cannot say."""


@dataclass(frozen=True, slots=True)
class Margin:
    """How near a threshold a value may lie for nobody to say on which side it is.

    Parameters
    ----------
    mm : float
        Of lengths and distances, where `part` of the threshold is not less.
    part : float
        Of volumes and shares, over their threshold. Ratios of lengths go by `mm`.
    """

    mm: float = 0.0
    part: float = 0.0

    def about(self, condition: Compare) -> float:
        """The margin about the threshold of a condition."""
        if condition.measurement in LENGTH_RATIOS:
            return self.mm * LENGTH_RATIOS[condition.measurement] * condition.value
        length = condition.measurement.endswith("_mm")
        part = self.part * condition.value
        return min(self.mm, part) if length else part


LENGTH_RATIOS = {"ufibre_run_ratio": 0.25}
"""Ratios of two lengths, and by what part a millimetre in both changes them: a run of 10 mm by a
tenth, the diameter of 10 / 1.5 mm that it is held against by three twentieths."""

EXACT = Margin()

PART = 0.5
"""Of volumes and shares that are declared (proposed: a border that lies half a millimetre
elsewhere changes the share in a ribbon or a band by as much)."""


_COMPARE = {"<=": operator.le, "<": operator.lt, ">=": operator.ge, ">": operator.gt}


def declared_signs(
    brain: Brain, lesions: Sequence[tuple[SimulatedLesion, Appearance]]
) -> dict[str, bool]:
    """What may be said of a patient as he is placed, by definition and without doubt.

    Parameters
    ----------
    brain : Brain
    lesions : sequence of (SimulatedLesion, Appearance)

    Returns
    -------
    dict of str to bool
        :func:`signs_of` of their truth, without what the brain cannot say, without what a quarter
        of a voxel would change, and without the signs that one voxel decides (those over 0).
    """
    shapes, looks = zip(*lesions, strict=True) if lesions else ((), ())
    rows = truth_of(brain, label_map(brain, shapes), shapes, looks)
    signs = signs_of(rows, Margin(max(brain.grid.spacing_mm) / 4, PART))
    return {
        sign: truth
        for sign, truth in signs.items()
        if truth is not None and sign not in DECIDED_BY_A_VOXEL
    }


DECIDED_BY_A_VOXEL = frozenset(
    name
    for name, condition in LESION_SIGNS.items()
    if isinstance(condition, Compare) and condition.value == 0
)


def lesion_signs(row: LesionTruth, margin: Margin = EXACT) -> dict[str, Truth]:
    """Signs of one lesion.

    Parameters
    ----------
    row : LesionTruth
        Of a lesion that is there.
    margin : Margin

    Returns
    -------
    dict of str to bool or None
        By ids of the catalogue; None where the brain cannot say, or within the margin.
    """
    signs = {name: _holds(condition, row, margin) for name, condition in LESION_SIGNS.items()}
    changed = row.change
    known = changed is not None
    return signs | {
        "hemisphere_left": _on_side(row, "left", margin),
        "hemisphere_right": _on_side(row, "right", margin),
        "contrast_enhancement": None if row.enhancement is None else row.enhancement != "none",
        "central_vein": row.central_vein,
        "paramagnetic_rim": row.paramagnetic_rim,
        "new_vs_prior": changed == "new" if known else None,
        "enlarging": changed == "grown" if known else None,
        "regressing": changed == "shrunk" if known else None,
        "new_or_enlarging": changed in ("new", "grown") if known else None,
    }


def signs_of(rows: Sequence[LesionTruth], margin: Margin = EXACT) -> dict[str, Truth]:
    """Signs of a patient: those of any lesion, and those of their number and spread.

    Parameters
    ----------
    rows : sequence of LesionTruth
        Of one date, resolved lesions included.
    margin : Margin

    Returns
    -------
    dict of str to bool or None
        By ids of the catalogue; None where no lesion has the sign and one cannot say.
    """
    there = [row for row in rows if row.change != "resolved" and row.n_voxels]
    by_lesion = [lesion_signs(row, margin) for row in there]
    names = by_lesion[0] if by_lesion else ()
    signs = {name: _any(one[name] for one in by_lesion) for name in names}
    counted = [one["size_over_3mm"] for one in by_lesion]
    dots = [row for row in there if row.role == "satellite"]
    small = [row for row in dots if (row.equivalent_diameter_mm or 0.0) < SATELLITE_MM]
    signs["punctate_satellites"] = len(small) >= SATELLITES
    signs["multifocal"] = _at_least(counted, MULTIFOCAL)
    signs["fewer_than_ten_lesions"] = _not(_at_least(counted, FEW + 1))
    sides = [signs.get(f"hemisphere_{side}", False) for side in ("left", "right")]
    signs["bilateral"] = _not(_any(_not(one) for one in sides))
    cortical = ("touches_juxtacortical", "cortical_gm", "juxtacortical_ufibre")
    signs["juxtacortical_or_cortical"] = _any(signs.get(name, False) for name in cortical)
    if any(row.change is not None for row in rows):
        signs["resolved"] = any(row.change == "resolved" for row in rows)
    return signs


def _holds(condition: Condition, row: LesionTruth, margin: Margin) -> Truth:
    if isinstance(condition, Compare):
        value = MEASURED[condition.measurement](row)
        if value is None:
            return None
        near = margin.about(condition)
        either = {
            bool(_COMPARE[condition.op](value + moved, condition.value)) for moved in (-near, near)
        }
        return either.pop() if len(either) == 1 else None
    if isinstance(condition, AnyOf):
        return _any(_holds(one, row, margin) for one in condition.of)
    return _not(_any(_not(_holds(one, row, margin)) for one in condition.of))


def _any(truths: Iterable[Truth]) -> Truth:
    """Kleene's or."""
    known = list(truths)
    return True if True in known else None if None in known else False


def _not(truth: Truth) -> Truth:
    return None if truth is None else not truth


def _at_least(truths: Sequence[Truth], count: int) -> Truth:
    """Whether so many are true; None where those that nobody can say decide."""
    if sum(one is True for one in truths) >= count:
        return True
    return None if sum(one is not False for one in truths) >= count else False


def _on_side(row: LesionTruth, side: str, margin: Margin) -> Truth:
    """In the lobes of a hemisphere; one in the posterior fossa is in neither.

    With a margin, one that crosses the midline or lies outside the lobes says nothing.
    """
    if row.side is None:
        return None
    if row.side not in (side, "both") or row.share_infratentorial == 1:
        return False
    if margin != EXACT and (row.side == "both" or row.lobe is None):
        return None
    return row.lobe is not None
