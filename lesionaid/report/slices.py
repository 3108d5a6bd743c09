"""Slices as they are looked at: the convention of sides, faces of a volume, lines round a mask."""

from __future__ import annotations

from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["PATIENT_RIGHT_IS_LEFT", "Plane", "face", "flips", "rim"]

PATIENT_RIGHT_IS_LEFT = True
"""The one constant of convention: radiological, the patient's right on the picture's left."""


class Plane(Enum):
    """A plane and the RAS+ axis it is perpendicular to."""

    AXIAL = 2
    CORONAL = 1
    SAGITTAL = 0

    @property
    def word(self) -> str:
        """Lower-case name."""
        return self.name.lower()

    @property
    def sides(self) -> tuple[str, str, str, str]:
        """Letters at the left, right, top and bottom edge."""
        left, right = ("R", "L") if PATIENT_RIGHT_IS_LEFT else ("L", "R")
        if self is Plane.AXIAL:
            return left, right, "A", "P"
        if self is Plane.CORONAL:
            return left, right, "S", "I"
        return "A", "P", "S", "I"

    @property
    def across_up(self) -> tuple[int, int]:
        """RAS+ axes that run along the picture's rows and columns."""
        across, up = (axis for axis in range(3) if axis != self.value)
        return across, up


def flips(plane: Plane) -> tuple[bool, bool]:
    """Whether rows and columns run against the axes.

    Rows always do (anterior or superior is up). Columns do where the patient's right goes
    to the left; a sagittal slice looks to the left, as on film.
    """
    return True, PATIENT_RIGHT_IS_LEFT or plane is Plane.SAGITTAL


def face(volume: NDArray[Any], plane: Plane, index: int) -> NDArray[Any]:
    """One slice of a RAS+ volume as picture rows and columns.

    Parameters
    ----------
    volume : ndarray of shape (I, J, K)
    plane : Plane
    index : int
        Along the plane's axis.
    """
    rows = np.take(volume, index, axis=plane.value).T
    down, back = flips(plane)
    rows = rows[::-1] if down else rows
    return np.ascontiguousarray(rows[:, ::-1] if back else rows)


def rim(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Pixels just outside a mask, one thick, so that a line hides none of it."""
    padded = np.pad(mask, 1)
    grown = (
        padded[:-2, 1:-1]
        | padded[2:, 1:-1]
        | padded[1:-1, :-2]
        | padded[1:-1, 2:]
        | padded[1:-1, 1:-1]
    )
    return np.asarray(grown & ~mask)
