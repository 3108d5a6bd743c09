"""Every sign that an image measures has a phantom with it, one just without, one unknown."""

from __future__ import annotations

from collections.abc import Mapping

from lesionaid.signs.catalogue import load_catalogue
from lesionaid.signs.condition import Counted, leaves, signs_in, uses_measurements
from lesionaid.truth import Truth
from tests.signs.test_phantoms import PHANTOMS

CATALOGUE = load_catalogue()

MISSING: Mapping[str, tuple[set[Truth], str]] = {
    "mogad_supporting_feature": (
        {Truth.FALSE},
        "no scan of a brain says that cord and optic nerves are free",
    ),
    "one_topography": (
        {Truth.TRUE},
        "no scan of a brain says that cord and optic nerves are free",
    ),
    "two_or_three_topographies": (
        {Truth.TRUE, Truth.FALSE},
        "cord and optic nerves may make two more, whatever the brain shows",
    ),
}
"""What no phantom shows, and why. It may only shrink: a row that is no longer so fails."""


def is_of_images(sign: str) -> bool:
    """Whether measurements decide it, by itself or through the signs that it is made of."""
    measure = CATALOGUE.signs[sign].measure
    if measure is None:
        return False
    if uses_measurements(measure) or any(isinstance(leaf, Counted) for leaf in leaves(measure)):
        return True
    return any(is_of_images(other) for other in signs_in(measure))


def test_every_measured_sign_is_shown_true_false_and_unknown() -> None:
    shown: dict[str, set[Truth]] = {
        sign: set() for sign in sorted(CATALOGUE.signs) if is_of_images(sign)
    }
    for phantom in PHANTOMS:
        shown.setdefault(phantom.sign, set()).add(phantom.expect)
    lacking = {sign: set(Truth) - found for sign, found in shown.items() if set(Truth) - found}
    assert lacking == {sign: truths for sign, (truths, _) in MISSING.items()}


def test_what_is_missing_has_a_reason() -> None:
    assert all(reason for _, reason in MISSING.values())
