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
    "0": (".###.", "#...#", "#..##", "#.#.#", "##..#", "#...#", ".###."),
    "1": ("..#..", ".##..", "..#..", "..#..", "..#..", "..#..", ".###."),
    "2": (".###.", "#...#", "....#", "..##.", ".#...", "#....", "#####"),
    "3": (".###.", "#...#", "....#", "..##.", "....#", "#...#", ".###."),
    "4": ("...#.", "..##.", ".#.#.", "#..#.", "#####", "...#.", "...#."),
    "5": ("#####", "#....", "####.", "....#", "....#", "#...#", ".###."),
    "6": (".###.", "#....", "#....", "####.", "#...#", "#...#", ".###."),
    "7": ("#####", "....#", "...#.", "...#.", "..#..", "..#..", "..#.."),
    "8": (".###.", "#...#", "#...#", ".###.", "#...#", "#...#", ".###."),
    "9": (".###.", "#...#", "#...#", ".####", "....#", "....#", ".###."),
}


def stamp(
    pixels: NDArray[np.uint8],
    word: str,
    *,
    row: int,
    column: int,
    ink: int,
    ground: int,
    scale: int = 2,
) -> None:
    """Write letters or digits on a dark plate into `pixels`, centred at a place, in place.

    Parameters
    ----------
    pixels : ndarray of shape (H, W), uint8
    word : str
        Of ``R L A P S I`` and digits.
    row, column : int
        Centre; moved inside the picture when the plate would stick out.
    ink, ground : int
        Values of the letter and of its plate.
    scale : int
        Pixels per dot.
    """
    lines = [".".join(row) for row in zip(*(_GLYPHS[letter] for letter in word), strict=True)]
    dots = np.array([[dot == "#" for dot in line] for line in lines])
    plate = np.pad(np.kron(dots, np.ones((scale, scale), dtype=bool)), scale)
    height, width = plate.shape
    top = min(max(row - height // 2, 0), max(pixels.shape[0] - height, 0))
    left = min(max(column - width // 2, 0), max(pixels.shape[1] - width, 0))
    window = pixels[top : top + height, left : left + width]
    window[...] = np.where(plate, ink, ground)[: window.shape[0], : window.shape[1]]
