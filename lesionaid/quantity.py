"""Values with a unit, and *unknown* as a value with a reason.

A measurement is a :class:`Quantity`, a :class:`Category` or an :class:`Unknown`;
never a bare float, never NaN, never a sentinel such as -1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Category", "Quantity", "Reason", "Unit", "Unknown", "Value"]


class Unit(StrEnum):
    """Units, spelled after UCUM where UCUM has one."""

    NONE = "1"
    """Dimensionless: ratio, fraction, index."""
    COUNT = "count"
    MM = "mm"
    MM2 = "mm2"
    MM3 = "mm3"
    ML = "ml"
    PERCENT = "%"
    PERCENT_PER_MONTH = "%/month"
    DEGREE = "deg"
    DAY = "day"
    MONTH = "month"
    DIFFUSIVITY = "10-3.mm2/s"
    ROBUST_SD = "robust_sd"
    """Robust standard deviations of normal-appearing white matter."""


class Reason(StrEnum):
    """Why a value is unknown."""

    IMAGE_MISSING = "image_missing"
    """The contrast that the value needs was not given."""
    ANATOMY_MISSING = "anatomy_missing"
    """No anatomy: not registered, or the structure lies outside the region map."""
    PRIOR_MISSING = "prior_missing"
    """No prior study, or a prior without a lesion mask."""
    CONTEXT_MISSING = "context_missing"
    """Clinical context that was not given."""
    LESIONS_MISSING = "lesions_missing"
    """No lesion mask (an empty mask is a known zero, not this)."""
    NOT_REPORTED = "not_reported"
    """The reader left the sign blank."""
    NOT_MEASURED = "not_measured"
    """lesionaid has no measure for it in this version."""
    TOO_FEW_VOXELS = "too_few_voxels"
    DEGENERATE_SHAPE = "degenerate_shape"
    LOW_RESOLUTION = "low_resolution"
    """Slices or voxels too thick for the sign to be seen."""
    LOW_QUALITY = "low_quality"
    """Noise, registration or another quality figure does not allow the measurement."""
    OUTSIDE_FIELD_OF_VIEW = "outside_field_of_view"
    NOT_FINITE = "not_finite"
    """NaN or infinite voxels inside the lesion."""
    SCALE_UNKNOWN = "scale_unknown"
    """A brain normalised to MNI without `--native-scale`: sizes are not the patient's."""
    BELOW_NOISE = "below_noise"
    """The noise floor does not allow a yes or a no."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A finite number with its unit.

    Raises
    ------
    ValueError
        If `value` is NaN or infinite; such a result must become :class:`Unknown`.
    """

    value: float
    unit: Unit

    def __post_init__(self) -> None:
        if not math.isfinite(self.value):
            raise ValueError(
                f"a Quantity must be finite, got {self.value}; use Unknown(reason) instead"
            )

    def __str__(self) -> str:
        number = f"{self.value:.4g}"
        return number if self.unit in (Unit.NONE, Unit.COUNT) else f"{number} {self.unit}"


@dataclass(frozen=True, slots=True)
class Category:
    """A value that is a name, such as the main location of a lesion."""

    value: str

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that could not be had, and why.

    Parameters
    ----------
    reason : Reason
        From the closed list.
    detail : str
        One plain clause for the reader, e.g. ``"slices of 5 mm"``.
    needs : tuple of str
        What would settle it: contrasts (``"T1w_ce"``), ``"prior"``, ``"context:drug"`` …
    """

    reason: Reason
    detail: str = ""
    needs: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"unknown ({self.reason}{': ' + self.detail if self.detail else ''})"


Value = Quantity | Category | Unknown
