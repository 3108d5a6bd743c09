"""Pictures of lesions: three planes in millimetres, radiological, with letters burnt in.

A picture has two layers, so that the page can show the border of a lesion bare: the slice
itself, and a transparent one with the outlines. Both are paletted PNG with fixed bytes.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lesionaid.geometry import Grid
from lesionaid.report.letters import stamp
from lesionaid.report.slices import PATIENT_RIGHT_IS_LEFT, Plane, face, flips, rim

__all__ = ["PATIENT_RIGHT_IS_LEFT", "Picture", "Plane", "View", "display_window", "draw"]

OUTLINE_RGB = (255, 176, 0)
"""The lesion that the picture is about (amber and blue stay apart in colour blindness)."""
OTHER_RGB = (100, 181, 246)
"""Any other lesion in the slice."""
_INK_RGB = (255, 255, 255)
_GREYS = 200
_INK, _PLATE = 201, 0
_OUTLINE, _OTHER = 1, 2


@dataclass(frozen=True, slots=True)
class View:
    """What part of a slice is drawn, and how large.

    Parameters
    ----------
    pixels_per_mm : float
    width_mm : float or None
        Edge of the square round the lesion; None for the whole slice.
    """

    pixels_per_mm: float
    width_mm: float | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """One plane through one lesion.

    Parameters
    ----------
    plane : Plane
    slice_png, outline_png : bytes
        The two layers, same size.
    size : tuple of int
        Width and height in pixels.
    position_mm : float
        Where the slice lies along its axis, scanner RAS+ mm.
    """

    plane: Plane
    slice_png: bytes
    outline_png: bytes
    size: tuple[int, int]
    position_mm: float


def display_window(
    data: NDArray[np.floating[Any]], inside: NDArray[np.bool_] | None = None
) -> NDArray[np.uint8]:
    """Grey levels of an image: its 1st to 99.7th percentile inside the brain.

    The upper end is high because lesions on FLAIR are the brightest tissue.

    Parameters
    ----------
    data : ndarray of shape (I, J, K)
    inside : ndarray of bool, same shape, or None
        Where percentiles are taken; None for voxels above zero.

    Returns
    -------
    ndarray of shape (I, J, K), uint8
        0 to 200, 0 for what is not finite.
    """
    finite = np.isfinite(data)
    chosen = finite & (inside if inside is not None and inside.any() else data > 0)
    if not chosen.any():
        return np.zeros(data.shape, dtype=np.uint8)
    low, high = np.percentile(data[chosen], (1.0, 99.7))
    spread = max(float(high) - float(low), 1e-12)
    level = np.clip((np.where(finite, data, low) - low) / spread, 0.0, 1.0)
    return np.asarray(np.rint(level * _GREYS), dtype=np.uint8)


def draw(
    levels: NDArray[np.uint8],
    labels: NDArray[np.integer[Any]],
    grid: Grid,
    *,
    lesion: int,
    centre_mm: tuple[float, float, float],
    plane: Plane,
    view: View,
) -> Picture:
    """Draw one plane through a point, with the lesion and its neighbours outlined.

    Parameters
    ----------
    levels : ndarray of shape grid.shape, uint8
        From :func:`display_window`.
    labels : ndarray of shape grid.shape
        Lesion ids, 0 for background.
    grid : Grid
        RAS+.
    lesion : int
        The id that gets the first colour.
    centre_mm : tuple of float
        Scanner RAS+ mm; the slice nearest to it is drawn.
    plane : Plane
    view : View
    """
    axis = plane.value
    voxel = grid.to_voxel(np.asarray(centre_mm))
    index = int(np.clip(np.rint(voxel[axis]), 0, grid.shape[axis] - 1))
    across, up = plane.across_up
    down, back = flips(plane)
    box = _box(
        (_seen(voxel[across], grid.shape[across], back), grid.shape[across]),
        (_seen(voxel[up], grid.shape[up], down), grid.shape[up]),
        (grid.spacing_mm[across], grid.spacing_mm[up]),
        view.width_mm,
    )
    size = _size(box, (grid.spacing_mm[across], grid.spacing_mm[up]), view.pixels_per_mm)
    pixels = _scaled(face(levels, plane, index), size, box, Image.Resampling.BICUBIC)
    np.minimum(pixels, _GREYS, out=pixels)
    _burn(pixels, plane, view.pixels_per_mm)
    point = grid.to_mm(_slice_centre(grid, axis, index))
    return Picture(
        plane=plane,
        slice_png=_png(pixels, _slice_palette()),
        outline_png=_png(
            _outlines(face(labels, plane, index), lesion, size, box),
            _OUTLINE_PALETTE,
            transparent=0,
        ),
        size=size,
        position_mm=float(point[axis]),
    )


def _seen(voxel: float, n: int, flipped: bool) -> float:
    """Coordinate of a voxel centre in picture pixels of the slice, whose edges are 0 and n."""
    return (n - 1 - voxel if flipped else voxel) + 0.5


def _box(
    across: tuple[float, int],
    up: tuple[float, int],
    spacing: tuple[float, float],
    width_mm: float | None,
) -> tuple[float, float, float, float]:
    """Part of the slice to draw: left, top, right, bottom in its own pixels."""

    def span(centre: float, n: int, edge: float) -> tuple[float, float]:
        if width_mm is None or width_mm / edge >= n:
            return 0.0, float(n)
        width = width_mm / edge
        start = min(max(centre - width / 2, 0.0), n - width)
        return start, start + width

    left, right = span(*across, spacing[0])
    top, bottom = span(*up, spacing[1])
    return left, top, right, bottom


def _size(
    box: tuple[float, float, float, float], spacing: tuple[float, float], pixels_per_mm: float
) -> tuple[int, int]:
    """Width and height in picture pixels: the same scale both ways, whatever the voxels."""
    width = round((box[2] - box[0]) * spacing[0] * pixels_per_mm)
    height = round((box[3] - box[1]) * spacing[1] * pixels_per_mm)
    return max(width, 16), max(height, 16)


def _scaled(
    image: NDArray[np.uint8],
    size: tuple[int, int],
    box: tuple[float, float, float, float],
    how: Image.Resampling,
) -> NDArray[np.uint8]:
    return np.array(Image.fromarray(image).resize(size, how, box=box), dtype=np.uint8)


def _outlines(
    ids: NDArray[np.integer[Any]],
    lesion: int,
    size: tuple[int, int],
    box: tuple[float, float, float, float],
) -> NDArray[np.uint8]:
    """A line just outside every lesion, so that the line hides none of it."""
    kinds = np.where(ids == lesion, 2, np.where(ids > 0, 1, 0)).astype(np.uint8)
    scaled = _scaled(kinds, size, box, Image.Resampling.NEAREST)
    line = np.zeros_like(scaled)
    line[rim(scaled == 1)] = _OTHER
    line[rim(scaled == 2)] = _OUTLINE
    return line


def _burn(pixels: NDArray[np.uint8], plane: Plane, pixels_per_mm: float) -> None:
    """Letters at the four edges and a bar of 10 mm."""
    height, width = pixels.shape
    left, right, top, bottom = plane.sides
    for letter, row, column in (
        (left, height // 2, 0),
        (right, height // 2, width),
        (top, 0, width // 2),
        (bottom, height, width // 2),
    ):
        stamp(pixels, letter, row=row, column=column, ink=_INK, ground=_PLATE)
    bar = min(round(10 * pixels_per_mm), width - 12)
    pixels[height - 7 : height - 4, 5 : 7 + bar] = _PLATE
    pixels[height - 6 : height - 5, 6 : 6 + bar] = _INK


def _slice_centre(grid: Grid, axis: int, index: int) -> NDArray[np.float64]:
    centre = (np.asarray(grid.shape, dtype=float) - 1) / 2
    centre[axis] = index
    return centre


def _slice_palette() -> list[int]:
    greys = [round(255 * level / _GREYS) for level in range(_GREYS + 1)]
    return [channel for grey in greys for channel in (grey, grey, grey)] + list(_INK_RGB)


_OUTLINE_PALETTE = [0, 0, 0, *OUTLINE_RGB, *OTHER_RGB]


def _png(indices: NDArray[np.uint8], palette: list[int], transparent: int | None = None) -> bytes:
    height, width = indices.shape
    image = Image.frombytes("P", (width, height), np.ascontiguousarray(indices).tobytes())
    image.putpalette(palette)
    stream = io.BytesIO()
    options: dict[str, Any] = {} if transparent is None else {"transparency": transparent}
    image.save(stream, format="PNG", compress_level=9, **options)
    return stream.getvalue()
