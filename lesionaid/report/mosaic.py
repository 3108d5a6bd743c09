"""Mosaics: rows of slices of one volume with lines, fills and numbers, as one picture.

Every tile has its letters burnt in. Grey is kept to few levels, so that a mosaic is a small
paletted PNG; what was drawn in colour keeps its colour to the bit.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from lesionaid.anatomy.colours import RGB
from lesionaid.geometry import Grid
from lesionaid.report.letters import stamp
from lesionaid.report.slices import Plane, face, rim

__all__ = ["Layers", "Mosaic", "Tile", "mosaic", "with_key"]

LINE_LEVELS, FILL_LEVELS = 32, 9
"""Levels of grey under lines and under fills: few, since a PNG's palette holds 256 colours."""
FILL_SHARE = 0.45
"""How much of a filled pixel is colour."""
GAP = 9
"""Pixels between tiles, so that one's L and the next one's R stay apart."""
_TOP = 200
"""The brightest level of :func:`~lesionaid.report.pictures.display_window`."""
_WORTH_A_NUMBER = 50
"""Pixels that a patch must have for its number to stand in it."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One slice: a plane and the voxel index along its axis."""

    plane: Plane
    index: int


@dataclass(frozen=True, slots=True, eq=False)
class Layers:
    """What is drawn, all on one grid.

    Parameters
    ----------
    levels : ndarray of shape grid.shape, uint8
        From :func:`~lesionaid.report.pictures.display_window`.
    grid : Grid
        RAS+.
    lines : sequence of (ndarray of bool, RGB)
        Masks whose border is drawn just outside them, the later over the earlier.
    fill : ndarray of shape grid.shape, or None
        Labels that are tinted.
    colours : mapping of int to RGB
        Of `fill`.
    numbers : ndarray of shape grid.shape, or None
        Labels whose number is written: into the patch, or beside it where `beside` is true.
    beside : bool
    """

    levels: NDArray[np.uint8]
    grid: Grid
    lines: Sequence[tuple[NDArray[np.bool_], RGB]] = ()
    fill: NDArray[np.integer[Any]] | None = None
    colours: Mapping[int, RGB] = field(default_factory=dict)
    numbers: NDArray[np.integer[Any]] | None = None
    beside: bool = False


@dataclass(frozen=True, slots=True)
class Mosaic:
    """A finished picture.

    Parameters
    ----------
    png : bytes
    size : tuple of int
        Width and height in pixels.
    """

    png: bytes
    size: tuple[int, int]


def mosaic(layers: Layers, rows: Sequence[Sequence[Tile]], pixels_per_mm: float) -> Mosaic:
    """Draw rows of slices side by side, all at one scale.

    Parameters
    ----------
    layers : Layers
    rows : sequence of sequence of Tile
    pixels_per_mm : float
    """
    drawn = [_joined([_tile(layers, one, pixels_per_mm) for one in row], 1) for row in rows if row]
    return _finished(_joined(drawn, 0))


def with_key(picture: Mosaic, key: Sequence[tuple[str, RGB]]) -> Mosaic:
    """The same picture with its key underneath, to stand alone as a file.

    Names are written with Pillow's own bitmap letters: the same pixels on every machine.
    """
    if not key:
        return picture
    width, height = picture.size
    column, line = 190, 16
    across = max(1, width // column)
    canvas = Image.new("RGB", (width, height + line * -(-len(key) // across) + 2 * GAP))
    canvas.paste(Image.open(io.BytesIO(picture.png)).convert("RGB"))
    pen = ImageDraw.Draw(canvas)
    pen.fontmode = "1"
    letters = ImageFont.load_default_imagefont()
    for position, (name, colour) in enumerate(key):
        left = GAP + column * (position % across)
        top = height + GAP + line * (position // across)
        pen.rectangle((left, top + 2, left + 10, top + 11), fill=colour)
        pen.text((left + 15, top + 1), name, fill=(255, 255, 255), font=letters)
    return _finished(np.asarray(canvas))


def _tile(layers: Layers, one: Tile, pixels_per_mm: float) -> NDArray[np.uint8]:
    across, up = one.plane.across_up
    shape, spacing = layers.grid.shape, layers.grid.spacing_mm
    size = (
        max(16, round(shape[across] * spacing[across] * pixels_per_mm)),
        max(16, round(shape[up] * spacing[up] * pixels_per_mm)),
    )
    grey = _scaled(face(layers.levels, one.plane, one.index), size, Image.Resampling.BICUBIC)
    count = LINE_LEVELS if layers.fill is None else FILL_LEVELS
    step = np.rint(np.minimum(grey, _TOP) / _TOP * (count - 1)) / (count - 1) * 255
    tile = np.repeat(np.rint(step)[..., None], 3, axis=2)
    if layers.fill is not None:
        tinted = _labels(layers.fill, one, size)
        for number, colour in layers.colours.items():
            here = tinted == number
            tile[here] = (1 - FILL_SHARE) * tile[here] + FILL_SHARE * np.asarray(colour)
    painted: NDArray[np.uint8] = np.rint(tile).astype(np.uint8)
    for mask, colour in layers.lines:
        painted[rim(_labels(mask, one, size) > 0)] = colour
    _write(painted, layers, one, size)
    return painted


def _write(tile: NDArray[np.uint8], layers: Layers, one: Tile, size: tuple[int, int]) -> None:
    """The letters of the sides, then the numbers wherever there is room."""
    ink = np.zeros(tile.shape[:2], dtype=np.uint8)
    left, right, top, bottom = one.plane.sides
    width, height = size
    for letter, row, column in (
        (left, height // 2, 0),
        (right, height // 2, width),
        (top, 0, width // 2),
        (bottom, height, width // 2),
    ):
        stamp(ink, letter, row=row, column=column, ink=2, ground=1, scale=1)
    if layers.numbers is not None:
        labels = _labels(layers.numbers, one, size)
        for number in np.unique(labels[labels > 0]):
            patch = labels == number
            taken = (ink > 0) | (labels > 0) if layers.beside else ink > 0
            places = _places_beside(patch) if layers.beside else _places_inside(patch)
            _number(ink, taken, places, str(number), must=layers.beside)
    tile[ink == 1] = 0
    tile[ink == 2] = 255


def _number(
    ink: NDArray[np.uint8],
    taken: NDArray[np.bool_],
    places: Sequence[tuple[int, int]],
    word: str,
    *,
    must: bool,
) -> None:
    """Write a number at the first place that is free; where none is, at the first or nowhere."""
    high, wide = 5, 3 * len(word) + 1  # half of the plate that stamp draws
    for row, column in places:
        inside = high <= row < ink.shape[0] - high and wide <= column < ink.shape[1] - wide
        above, before = max(row - high - 1, 0), max(column - wide - 2, 0)
        around = taken[above : row + high + 1, before : column + wide + 2]
        if inside and not around.any():
            break
    else:
        if not must:
            return
        row, column = places[0]
    stamp(ink, word, row=row, column=column, ink=2, ground=1, scale=1)


def _places_beside(patch: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Places round the largest piece of a lesion that hide none of it."""
    from scipy.ndimage import label

    pieces, _ = label(patch, structure=np.ones((3, 3)))
    rows, columns = np.nonzero(pieces == 1 + int(np.argmax(np.bincount(pieces.ravel())[1:])))
    above, below = int(rows.min()) - 7, int(rows.max()) + 8
    before, behind = int(columns.min()) - 9, int(columns.max()) + 10
    middle, centre = int(rows.mean()), int(columns.mean())
    return [
        (above, behind), (below, behind), (above, before), (below, before),
        (middle, behind), (middle, before), (above, centre), (below, centre),
    ]  # fmt: skip


def _places_inside(patch: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """The deepest point of a patch that is large enough to carry a number."""
    from scipy.ndimage import distance_transform_edt

    if np.count_nonzero(patch) < _WORTH_A_NUMBER:
        return []
    depth = distance_transform_edt(np.pad(patch, 1))[1:-1, 1:-1]
    row, column = np.unravel_index(int(np.argmax(depth)), depth.shape)
    return [(int(row), int(column))]


def _labels(
    volume: NDArray[Any], one: Tile, size: tuple[int, int]
) -> NDArray[np.signedinteger[Any]]:
    labels = face(volume, one.plane, one.index).astype(np.int32)
    return np.array(Image.fromarray(labels).resize(size, Image.Resampling.NEAREST), dtype=np.int32)


def _scaled(
    image: NDArray[np.uint8], size: tuple[int, int], how: Image.Resampling
) -> NDArray[np.uint8]:
    return np.array(Image.fromarray(image).resize(size, how), dtype=np.uint8)


def _joined(parts: Sequence[NDArray[np.uint8]], axis: int) -> NDArray[np.uint8]:
    """Pictures in a row (axis 1) or a column (axis 0), on black, a gap between them."""
    other = 1 - axis
    size = max(part.shape[other] for part in parts)
    padded = []
    for part in parts:
        room = size - part.shape[other]
        pad = [(0, 0), (0, 0), (0, 0)]
        pad[other] = (room // 2, room - room // 2)
        pad[axis] = (0, GAP)
        padded.append(np.pad(part, pad))
    return np.asarray(np.concatenate(padded, axis=axis), dtype=np.uint8)


def _finished(pixels: NDArray[np.uint8]) -> Mosaic:
    """As PNG, with a palette where 256 colours are enough."""
    height, width = pixels.shape[:2]
    packed = pixels.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], dtype=np.uint32)
    colours, index = np.unique(packed, return_inverse=True)
    if len(colours) <= 256:
        image = Image.frombytes("P", (width, height), index.astype(np.uint8).tobytes())
        image.putpalette([(int(c) >> shift) & 255 for c in colours for shift in (16, 8, 0)])
    else:
        image = Image.fromarray(np.ascontiguousarray(pixels))
    stream = io.BytesIO()
    image.save(stream, format="PNG", compress_level=9)
    return Mosaic(stream.getvalue(), (width, height))
