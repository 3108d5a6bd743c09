"""Letters burnt into pictures, from a bitmap in this file: the same pixels on every machine."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["stamp"]

_GLYPHS = {
    "R": ("####.", "#...#", "#...#", "####.", "#.#..", "#..#.", "#...#"),
    "L": ("#....", "#....", "#....", "#....", "#....", "#....", "#####"),
    "A": (".###.", "#...#", "#...#", "#####", "#...#", "#...#", "#...#"),
    "P": ("####.", "#...#", "#...#", "####.", "#....", "#....", "#...."),
    "S": (".####", "#....", "#....", ".###.", "....#", "....#", "####."),
    "I": ("#####", "..#..", "..#..", "..#..", "..#..", "..#..", "#####"),
}


def stamp(
    pixels: NDArray[np.uint8],
    letter: str,
    *,
    row: int,
    column: int,
    ink: int,
    ground: int,
    scale: int = 2,
) -> None:
    """Write one letter on a dark plate into `pixels`, centred at a row and column, in place.

    Parameters
    ----------
    pixels : ndarray of shape (H, W), uint8
    letter : {"R", "L", "A", "P", "S", "I"}
    row, column : int
        Centre; moved inside the picture when the plate would stick out.
    ink, ground : int
        Values of the letter and of its plate.
    scale : int
        Pixels per dot.
    """
    dots = np.array([[dot == "#" for dot in line] for line in _GLYPHS[letter]])
    plate = np.pad(np.kron(dots, np.ones((scale, scale), dtype=bool)), scale)
    height, width = plate.shape
    top = min(max(row - height // 2, 0), max(pixels.shape[0] - height, 0))
    left = min(max(column - width // 2, 0), max(pixels.shape[1] - width, 0))
    window = pixels[top : top + height, left : left + width]
    window[...] = np.where(plate, ink, ground)[: window.shape[0], : window.shape[1]]
