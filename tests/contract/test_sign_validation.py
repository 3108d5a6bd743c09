"""What a sign says of its validation is what its measurements say of theirs."""

from __future__ import annotations

import pytest

from lesionaid.change.match import CHANGE_SPECS
from lesionaid.features.catalogue import FEATURES
from lesionaid.lesions.search import CANDIDATE_SPECS
from lesionaid.signs.catalogue import load_catalogue
from lesionaid.signs.condition import Compared, NamedIs, Threshold, leaves, signs_in

CATALOGUE = load_catalogue()
SPECS = {spec.name: spec for spec in (*FEATURES, *CHANGE_SPECS, *CANDIDATE_SPECS)}
MEASURED = [sign.id for sign in CATALOGUE.signs.values() if sign.measure is not None]


def measurements_of(sign: str) -> set[str]:
    """Every measurement that a sign rests on, through other signs too."""
    measure = CATALOGUE.signs[sign].measure
    if measure is None:
        return set()
    found = set()
    for leaf in leaves(measure):
        if isinstance(leaf, Threshold | NamedIs | Compared):
            found.add(leaf.measurement)
        if isinstance(leaf, Compared):
            found.add(leaf.than)
    return found.union(*(measurements_of(other) for other in signs_in(measure)))


@pytest.mark.parametrize("sign", MEASURED)
def test_a_sign_is_as_validated_as_what_it_reads(sign: str) -> None:
    """It may claim less than its measurements, as a combination that nobody tried; never more."""
    unchecked = [name for name in measurements_of(sign) if not SPECS[name].validated]
    said = CATALOGUE.signs[sign].validation
    assert said == "unvalidated" or not unchecked, f"rests on {', '.join(sorted(unchecked))}"


def test_a_validated_sign_says_against_what() -> None:
    for sign in CATALOGUE.signs.values():
        assert sign.validation != "validated" or sign.references, sign.id
