"""What a user may decide about reading files; everything else is read as the file says."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Literal

from lesionaid.errors import UsageError

__all__ = ["MAX_BYTES", "GateOptions"]

MAX_BYTES = 1_000_000_000
"""Limit of an uncompressed image (proposed): a 0.5 mm whole head in float64 has 0.6 GB."""

_ORIENTATIONS = frozenset(
    "".join(codes)
    for axes in itertools.permutations(("LR", "PA", "IS"))
    for codes in itertools.product(*axes)
)


@dataclass(frozen=True, slots=True)
class GateOptions:
    """Decisions that the gate does not take by itself.

    Parameters
    ----------
    prefer : {"sform", "qform"} or None
        Which form to use where the two differ; also leaves the other one unread.
    assume_orientation : str or None
        Axis codes such as ``"LAS"``, used only where a header holds no orientation.
    volume : int or None
        Volume of a 4-D file, counted from 0.
    resample_mask : bool
        The user vouches that a mask on another grid shares the scan's space.
    mask_threshold : float or None
        Probability from which a voxel is lesion, in (0, 1]; None is 0.5, and is stated.
    labels : {"instances", "lst-ai"} or tuple of int or None
        What the numbers of a multi-label mask mean; a tuple selects the lesion labels.
    max_bytes : int
        Limit of an image's uncompressed bytes.

    Raises
    ------
    UsageError
        ``E45`` when a value is outside what is listed here.
    """

    prefer: Literal["sform", "qform"] | None = None
    assume_orientation: str | None = None
    volume: int | None = None
    resample_mask: bool = False
    mask_threshold: float | None = None
    labels: Literal["instances", "lst-ai"] | tuple[int, ...] | None = None
    max_bytes: int = MAX_BYTES

    def __post_init__(self) -> None:
        for name, valid in (
            ("prefer", self.prefer in (None, "sform", "qform")),
            (
                "assume_orientation",
                self.assume_orientation is None or self.assume_orientation in _ORIENTATIONS,
            ),
            ("volume", self.volume is None or self.volume >= 0),
            ("mask_threshold", self.mask_threshold is None or 0 < self.mask_threshold <= 1),
            ("labels", _labels_valid(self.labels)),
            ("max_bytes", self.max_bytes > 0),
        ):
            if not valid:
                raise UsageError("E45", value=f"{name} {getattr(self, name)!r}")


def _labels_valid(labels: str | tuple[int, ...] | None) -> bool:
    if isinstance(labels, tuple):
        return bool(labels) and all(label > 0 for label in labels)
    return labels in (None, "instances", "lst-ai")
