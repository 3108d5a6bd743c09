"""Sizes of lesions in the patient's mm, or unknown where the brain was normalised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lesionaid.quantity import Quantity, Reason, Unit, Unknown, Value

__all__ = ["SizeScale", "Space"]

Space = Literal["native", "mni"]

_POWER = {Unit.MM: 1, Unit.MM2: 2, Unit.MM3: 3}


@dataclass(frozen=True, slots=True)
class SizeScale:
    """What one mm of the mask is in the patient.

    An affinely normalised brain is enlarged, often by a third to two thirds in volume, so
    a size measured there is not the patient's unless the factor is given (DESIGN, Space).

    Parameters
    ----------
    space : {"native", "mni"}
    native_scale : float or None
        Patient's mm for one mm of the mask; looked at for ``"mni"`` only.
    """

    space: Space = "native"
    native_scale: float | None = None

    @property
    def factor(self) -> float | None:
        """Factor of lengths; None when it is not known."""
        return 1.0 if self.space == "native" else self.native_scale

    def size(self, value: float, unit: Unit) -> Value:
        """Scale a length, area or volume of the mask, or say that it is not known.

        Parameters
        ----------
        value : float
        unit : Unit
            mm, mm2 or mm3.
        """
        if self.factor is None:
            return Unknown(
                Reason.SCALE_UNKNOWN,
                "brain normalised to MNI152: its size is not the patient's",
                ("native_scale",),
            )
        return Quantity(value * self.factor ** _POWER[unit], unit)
