"""Quantities are finite, unknowns carry a reason."""

from __future__ import annotations

import math

import pytest

from lesionaid.quantity import Category, Quantity, Reason, Unit, Unknown


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_quantity_is_finite(value: float) -> None:
    with pytest.raises(ValueError, match="Unknown"):
        Quantity(value, Unit.MM)


def test_text_of_values() -> None:
    assert str(Quantity(12.345678, Unit.MM)) == "12.35 mm"
    assert str(Quantity(3, Unit.COUNT)) == "3"
    assert str(Category("periventricular")) == "periventricular"
    unknown = Unknown(Reason.IMAGE_MISSING, "no DWI", ("DWI",))
    assert str(unknown) == "unknown (image_missing: no DWI)"
