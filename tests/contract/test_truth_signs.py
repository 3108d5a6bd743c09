"""The simulator states the catalogue's definitions again; the two must say the same."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from lesionaid.simulate.sign_definitions import (
    FEW,
    LESION_SIGNS,
    MULTIFOCAL,
    SATELLITE_MM,
    SATELLITES,
    All,
    AnyOf,
    Compare,
    Condition,
)
from lesionaid.simulate.truth_counts import BAND_MM, SIDE_SHARE
from tests.shared_data import ROOT


def measure_of(sign: str) -> Any:
    path = ROOT / "rules" / "signs" / f"{sign}.yaml"
    return yaml.safe_load(path.read_text())["measure"]


def as_data(condition: Condition) -> dict[str, Any]:
    """The condition as a rule file writes it, without its unit."""
    if isinstance(condition, Compare):
        measurement, op, value = condition.measurement, condition.op, condition.value
        return {"measurement": measurement, "op": op, "value": value}
    word = {All: "all", AnyOf: "any"}[type(condition)]
    return {word: [as_data(one) for one in condition.of]}


def without_units(measure: Any) -> Any:
    if isinstance(measure, dict):
        return {key: without_units(value) for key, value in measure.items() if key != "unit"}
    if isinstance(measure, list):
        return [without_units(one) for one in measure]
    return measure


@pytest.mark.parametrize("sign", LESION_SIGNS)
def test_definitions_are_those_of_the_catalogue(sign: str) -> None:
    assert as_data(LESION_SIGNS[sign]) == without_units(measure_of(sign))


def test_counts_are_those_of_the_catalogue() -> None:
    limits = {one["measurement"]: one["value"] for one in measure_of("punctate_satellites")["all"]}
    assert limits["equivalent_diameter_mm"] == SATELLITE_MM
    assert limits["satellite_count"] == SATELLITES
    assert measure_of("multifocal")["at_least"] == MULTIFOCAL
    assert measure_of("fewer_than_ten_lesions")["at_most"] == FEW
    shares = {one["value"] for one in measure_of("hemisphere_left")["any"]}
    assert shares == {SIDE_SHARE}


def test_bands_are_those_that_are_measured() -> None:
    from lesionaid.features import location

    assert location.BAND_MM == BAND_MM
