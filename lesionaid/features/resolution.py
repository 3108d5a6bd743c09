"""Whether a scan is fine enough for what is looked for in it."""

from __future__ import annotations

from lesionaid.quantity import Reason, Unknown
from lesionaid.study.scan import Scan

__all__ = ["too_coarse"]


def too_coarse(scan: Scan, in_plane_mm: float, through_mm: float) -> Unknown | None:
    """Why a scan cannot show a small structure, or None where it can.

    Both grids count: the one the scan was stored on, and the reference grid that it was
    resampled to, which can be thicker.

    Parameters
    ----------
    scan : Scan
    in_plane_mm : float
        Longest edge allowed of the two shorter edges of a voxel.
    through_mm : float
        Longest edge allowed of the longest.

    Returns
    -------
    Unknown or None
        ``LOW_RESOLUTION``.
    """
    for grid in (scan.source.grid, scan.grid):
        edges = sorted(grid.spacing_mm)
        # A header's float32 makes 1.2 mm a hair more.
        if edges[1] > in_plane_mm + 1e-3 or edges[2] > through_mm + 1e-3:
            voxel = " x ".join(f"{edge:.3g}" for edge in edges)
            return Unknown(Reason.LOW_RESOLUTION, f"{scan.contrast} voxels of {voxel} mm")
    return None
