"""Pictures: sides, letters, aspect, outlines, same bytes."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from lesionaid.geometry import Grid
from lesionaid.report.letters import stamp
from lesionaid.report.pictures import (
    OTHER_RGB,
    OUTLINE_RGB,
    PATIENT_RIGHT_IS_LEFT,
    Picture,
    Plane,
    View,
    display_window,
    draw,
)

SHAPE = (40, 50, 20)
SPACING = (1.0, 1.0, 3.0)


def grid(spacing: tuple[float, float, float] = SPACING) -> Grid:
    affine = np.diag([*spacing, 1.0])
    affine[:3, 3] = (-20.0, -25.0, -30.0)
    return Grid(SHAPE, affine)


def rgb(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def phantom() -> tuple[np.ndarray, np.ndarray]:
    """Bright towards the patient's right, anterior and superior; a lesion at that corner."""
    x, y, z = np.meshgrid(*(np.linspace(0, 1, n) for n in SHAPE), indexing="ij")
    data = 10 + 30 * x + 20 * y + 25 * z
    labels = np.zeros(SHAPE, dtype=np.int32)
    labels[30:34, 36:40, 13:15] = 1
    labels[5:8, 36:40, 13:15] = 2
    return data.astype(np.float32), labels


def picture(plane: Plane, view: View | None = None, lesion: int = 1) -> Picture:
    data, labels = phantom()
    where = grid()
    centre = where.to_mm(np.argwhere(labels == lesion).mean(axis=0))
    return draw(
        display_window(data),
        labels,
        where,
        lesion=lesion,
        centre_mm=tuple(float(value) for value in centre),
        plane=plane,
        view=view or View(4.0),
    )


def has(png: bytes, colour: tuple[int, int, int]) -> np.ndarray:
    return np.all(rgb(png) == np.array(colour), axis=2)


def centre_of(mask: np.ndarray) -> tuple[float, float]:
    rows, columns = np.nonzero(mask)
    return float(rows.mean()), float(columns.mean())


def test_convention_is_radiological() -> None:
    assert PATIENT_RIGHT_IS_LEFT
    assert Plane.AXIAL.sides == ("R", "L", "A", "P")
    assert Plane.CORONAL.sides == ("R", "L", "S", "I")
    assert Plane.SAGITTAL.sides == ("A", "P", "S", "I")


def test_patients_right_is_drawn_on_the_left() -> None:
    for plane in (Plane.AXIAL, Plane.CORONAL):
        drawn = picture(plane)
        grey = rgb(drawn.slice_png)[..., 0]
        width = drawn.size[0]
        middle = slice(grey.shape[0] // 4, grey.shape[0] // 3)
        # The phantom is brighter to the patient's right, and the lesion lies there.
        assert grey[middle, 20 : width // 3].mean() > grey[middle, -width // 3 : -20].mean() + 20
        assert centre_of(has(drawn.outline_png, OUTLINE_RGB))[1] < width / 2
        assert centre_of(has(drawn.outline_png, OTHER_RGB))[1] > width / 2


def test_anterior_and_superior_are_up_and_the_nose_points_left() -> None:
    axial, coronal, sagittal = (
        centre_of(has(picture(plane).outline_png, OUTLINE_RGB)) for plane in Plane
    )
    assert axial[0] < picture(Plane.AXIAL).size[1] / 2  # anterior
    assert coronal[0] < picture(Plane.CORONAL).size[1] / 2  # superior
    assert sagittal[0] < picture(Plane.SAGITTAL).size[1] / 2
    assert sagittal[1] < picture(Plane.SAGITTAL).size[0] / 2  # anterior on the left


def test_letters_stand_at_the_edges_they_name() -> None:
    drawn = picture(Plane.AXIAL)
    ink = has(drawn.slice_png, (255, 255, 255))
    height = ink.shape[0]
    plate = np.zeros((40, 40), dtype=np.uint8)
    for letter, corner in (
        ("R", ink[height // 2 - 8 : height // 2 + 8, :15]),
        ("L", ink[height // 2 - 8 : height // 2 + 8, -15:]),
    ):
        plate[:] = 0
        stamp(plate, letter, row=20, column=20, ink=1, ground=0)
        assert corner.sum() == plate.sum(), letter


def test_aspect_is_in_millimetres() -> None:
    assert picture(Plane.AXIAL).size == (160, 200)
    assert picture(Plane.CORONAL).size == (160, 240)
    assert picture(Plane.SAGITTAL).size == (200, 240)


def test_close_up_keeps_its_scale_and_holds_the_lesion() -> None:
    drawn = picture(Plane.CORONAL, View(5.0, width_mm=12.0))
    assert drawn.size == (60, 60)
    rows, columns = np.nonzero(has(drawn.outline_png, OUTLINE_RGB))
    # 4 mm across and 6 mm high at 5 pixels per mm, plus the line outside either edge.
    assert columns.max() - columns.min() + 1 == 4 * 5 + 2
    assert rows.max() - rows.min() + 1 == 6 * 5 + 2
    assert abs(columns.mean() - 29.5) < 1.5


def test_close_up_at_the_edge_moves_inside() -> None:
    data, labels = phantom()
    labels[:] = 0
    labels[0, 0, 0] = 7
    drawn = draw(
        display_window(data),
        labels,
        grid(),
        lesion=7,
        centre_mm=(-20.0, -25.0, -30.0),
        plane=Plane.AXIAL,
        view=View(4.0, width_mm=20.0),
    )
    assert drawn.size == (80, 80)
    assert has(drawn.outline_png, OUTLINE_RGB).any()


def test_outline_lies_outside_the_lesion() -> None:
    drawn = picture(Plane.AXIAL)
    rows, columns = np.nonzero(has(drawn.outline_png, OUTLINE_RGB))
    inside = np.s_[rows.min() + 1 : rows.max(), columns.min() + 1 : columns.max()]
    assert not has(drawn.outline_png, OUTLINE_RGB)[inside].any()


def test_same_input_same_bytes() -> None:
    assert picture(Plane.AXIAL) == picture(Plane.AXIAL)


def test_slice_position_is_scanner_mm() -> None:
    assert picture(Plane.AXIAL).position_mm == pytest.approx(-30 + 3 * 14)


def test_window_does_not_trip_over_bad_voxels() -> None:
    data = np.full((3, 3, 3), np.nan, dtype=np.float32)
    assert not display_window(data).any()
    data[1, 1, 1] = 5.0
    assert display_window(data).dtype == np.uint8
    assert not display_window(np.zeros((2, 2, 2), dtype=np.float32)).any()
