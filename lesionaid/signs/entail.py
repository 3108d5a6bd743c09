"""What follows from known signs by definition: a ring of enhancement enhances.

Only definitions are followed (``implies``, ``excludes`` and ``reads_as`` of the sign
files), never experience, and a sign that is known already is left alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from lesionaid.signs.catalogue import SignCatalogue
from lesionaid.truth import Truth

__all__ = ["answered_too", "entailed"]


@dataclass(frozen=True, slots=True)
class _Relations:
    implied_by: Mapping[str, tuple[str, ...]]
    excludes: Mapping[str, tuple[str, ...]]
    excludes_in_patient: Mapping[str, tuple[str, ...]]


@cache
def _relations(catalogue: SignCatalogue) -> _Relations:
    implied_by: dict[str, list[str]] = {key: [] for key in catalogue.signs}
    excludes: dict[str, dict[str, None]] = {key: {} for key in catalogue.signs}
    in_patient: dict[str, dict[str, None]] = {key: {} for key in catalogue.signs}
    for sign in catalogue.signs.values():
        for other in sign.implies:
            implied_by[other].append(sign.id)
        for other in sign.excludes:
            excludes[sign.id][other] = excludes[other][sign.id] = None
            # Two lesions of one patient may differ; only "all lesions" speaks of every one.
            if "all" in (sign.patient, catalogue.signs[other].patient):
                in_patient[sign.id][other] = in_patient[other][sign.id] = None
    return _Relations(
        {key: tuple(others) for key, others in implied_by.items()},
        {key: tuple(others) for key, others in excludes.items()},
        {key: tuple(others) for key, others in in_patient.items()},
    )


def entailed(
    known: Mapping[str, Truth], catalogue: SignCatalogue, *, one_lesion: bool
) -> dict[str, Truth]:
    """Signs that follow from `known`, itself left out.

    What a present sign implies is present; what it excludes, and whatever implies an
    absent sign, is absent. Presence goes before absence where the two disagree.

    Parameters
    ----------
    known : mapping of str to Truth
        Unknown values are ignored.
    one_lesion : bool
        True for the signs of one lesion; False for a patient's, where two lesions may
        have signs that exclude one another in one.
    """
    relations = _relations(catalogue)
    excludes = relations.excludes if one_lesion else relations.excludes_in_patient
    decided = {key: truth for key, truth in known.items() if truth.known}
    given = set(decided)
    queue = [key for key, truth in decided.items() if truth is Truth.TRUE]
    for key in queue:  # grows while it is walked
        for other in catalogue.signs[key].implies:
            if other not in decided:
                decided[other] = Truth.TRUE
                queue.append(other)
    for key in list(queue):
        for other in excludes[key]:
            decided.setdefault(other, Truth.FALSE)
    queue = [key for key, truth in decided.items() if truth is Truth.FALSE]
    for key in queue:
        for other in relations.implied_by[key]:
            if other not in decided:
                decided[other] = Truth.FALSE
                queue.append(other)
    return {key: decided[key] for key in catalogue.signs if key in decided and key not in given}


def answered_too(typed: Mapping[str, Truth], catalogue: SignCatalogue) -> dict[str, Truth]:
    """Signs whose measured definition differs but that a reader answers with the same word."""
    return {
        sign.id: typed[sign.reads_as]
        for sign in catalogue.signs.values()
        if sign.reads_as in typed and sign.id not in typed
    }
