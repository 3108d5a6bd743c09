from __future__ import annotations

import time
from collections.abc import Mapping

import numpy as np
import pytest
from numpy.typing import NDArray

from lesionaid.features.shape import (
    MIN_SHAPE_VOXELS,
    SHAPE_SPECS,
    shape_measurements,
    total_measurements,
)
from lesionaid.features.surface import surface_areas_mm2
from lesionaid.geometry import reorient, to_ras
from lesionaid.lesions.components import lesion_map
from lesionaid.quantity import Quantity, Reason, Unknown, Value
from tests.shared_data import shared_data
from tests.unit.lesion_phantoms import (
    ORIENTATIONS,
    affine,
    ball,
    lesion_mask,
    number,
    printed,
    scattered,
)

GRIDS = {
    "isotropic": affine(),
    "slices of 3 mm": affine((1.0, 1.0, 3.0)),
    "oblique": affine((0.9, 0.9, 5.5), turn_deg=17),
}
FORM = ("axis_major_mm", "axis_middle_mm", "axis_minor_mm")
NEEDS_VOXELS = (*FORM, "elongation", "flatness", "surface_mm2", "sphericity")


def shape_of(
    data: NDArray[np.generic], matrix: NDArray[np.float64] | None = None
) -> Mapping[str, Value]:
    return shape_measurements(lesion_map(lesion_mask(data, matrix)))[1]


def box(*sides: int) -> NDArray[np.bool_]:
    data = np.zeros([side + 4 for side in sides], dtype=bool)
    data[tuple(slice(2, 2 + side) for side in sides)] = True
    return data


@pytest.mark.parametrize("matrix", GRIDS.values(), ids=GRIDS)
@pytest.mark.parametrize(
    "sides", [(1, 1, 1), (7, 1, 1), (1, 1, 2), (4, 5, 1), (2, 2, 2), (6, 4, 3)]
)
def test_a_box_has_its_diagonal_and_no_hollows(
    sides: tuple[int, int, int], matrix: NDArray[np.float64]
) -> None:
    shape = shape_of(box(*sides), matrix)
    edges = np.array(sides) * np.linalg.norm(matrix[:3, :3], axis=0)
    assert number(shape["diameter_max_mm"]) == pytest.approx(np.linalg.norm(edges))
    assert number(shape["volume_mm3"]) == pytest.approx(np.prod(edges))
    assert number(shape["solidity"]) == pytest.approx(1)
    assert number(shape["solidity"]) <= 1
    if np.prod(sides) >= MIN_SHAPE_VOXELS:
        axes = [number(shape[name]) for name in FORM]
        assert axes == pytest.approx(4 * np.sort(edges)[::-1] / np.sqrt(12))
        assert number(shape["elongation"]) == pytest.approx(axes[1] / axes[0])
        assert number(shape["flatness"]) == pytest.approx(axes[2] / axes[0])


def test_one_voxel_of_one_mm() -> None:
    shape = shape_of(box(1, 1, 1))
    assert number(shape["diameter_max_mm"]) == pytest.approx(np.sqrt(3))
    assert number(shape["equivalent_diameter_mm"]) == pytest.approx((6 / np.pi) ** (1 / 3))
    for name in NEEDS_VOXELS:
        value = shape[name]
        assert isinstance(value, Unknown)
        assert value.reason is Reason.TOO_FEW_VOXELS


def test_a_sheared_grid_keeps_its_mm() -> None:
    matrix = affine()
    matrix[0, 2] = 0.4  # the third axis leans over
    shape = shape_of(box(1, 1, 3), matrix)
    assert number(shape["volume_mm3"]) == pytest.approx(3.0)
    assert number(shape["diameter_max_mm"]) == pytest.approx(np.sqrt((1 + 3 * 0.4) ** 2 + 1 + 9))
    assert number(shape["solidity"]) == pytest.approx(1)


def test_a_diagonal_line_is_not_solid() -> None:
    data = np.zeros((12, 12, 12), dtype=bool)
    data[range(2, 9), range(2, 9), range(2, 9)] = True
    shape = shape_of(data)
    assert number(shape["diameter_max_mm"]) == pytest.approx(7 * np.sqrt(3))
    # Hull of a cube swept along its diagonal: the cube, and six steps times its hexagonal
    # shadow of sqrt(3) mm2 across a step of sqrt(3) mm.
    assert number(shape["solidity"]) == pytest.approx(7 / (1 + 6 * 3))


@pytest.mark.parametrize("matrix", GRIDS.values(), ids=GRIDS)
def test_a_ball(matrix: NDArray[np.float64]) -> None:
    radius = 15.0
    shape = shape_of(ball((41, 41, 37), (20, 20, 18), radius, matrix), matrix)
    voxel = np.linalg.norm(matrix[:3, :3].sum(axis=1))
    assert number(shape["equivalent_diameter_mm"]) == pytest.approx(2 * radius, rel=0.02)
    assert 2 * radius - voxel < number(shape["diameter_max_mm"]) < 2 * radius + voxel
    axes = [number(shape[name]) for name in FORM]
    assert axes == pytest.approx([4 * radius / np.sqrt(5)] * 3, rel=0.05)
    assert number(shape["surface_mm2"]) == pytest.approx(4 * np.pi * radius**2, rel=0.04)
    assert number(shape["sphericity"]) > 0.97
    assert number(shape["flatness"]) > 0.95
    assert number(shape["centroid_y_mm"]) == pytest.approx((matrix @ [20, 20, 18, 1])[1])


def test_an_ellipsoid_of_10_7_4_mm() -> None:
    shape = shape_of(ball((31, 31, 31), (15.2, 15.1, 14.9), (10.0, 7.0, 4.0)))
    axes = [number(shape[name]) for name in FORM]
    assert axes == pytest.approx([4 * r / np.sqrt(5) for r in (10, 7, 4)], rel=0.03)
    assert number(shape["elongation"]) == pytest.approx(0.7, rel=0.03)
    assert number(shape["flatness"]) == pytest.approx(0.4, rel=0.05)
    # Knud Thomsen's formula for the area, good to 1 %
    powers = [(a * b) ** 1.6075 for a, b in ((10, 7), (10, 4), (7, 4))]
    area = 4 * np.pi * (sum(powers) / 3) ** (1 / 1.6075)
    assert number(shape["surface_mm2"]) == pytest.approx(area, rel=0.04)


def test_a_slab_is_less_like_a_ball_than_a_cube_is() -> None:
    cube = number(shape_of(box(12, 12, 12))["sphericity"])
    slab = number(shape_of(box(24, 24, 3))["sphericity"])
    assert slab < 0.7 * cube < 0.95


@pytest.mark.parametrize(("thickness", "stated"), [(1.0, -0.07), (3.0, -0.16)])
def test_flat_faces_along_the_grid_are_too_small_as_stated(thickness: float, stated: float) -> None:
    linear = np.diag([1.0, 1.0, thickness])
    two, four = (
        surface_areas_mm2(np.ones((120, 120, layers), dtype=np.int32), linear)[1]
        for layers in (2, 4)
    )
    faces = two - (four - two)  # the sides taken off
    assert faces / (2 * 120**2) - 1 == pytest.approx(stated, abs=0.02)


@pytest.mark.parametrize("radius", [2.0, 3.0, 6.0, 12.0])
def test_the_bias_of_the_surface_is_as_stated(radius: float) -> None:
    rng = np.random.default_rng(0)
    stated = {2.0: -0.04, 3.0: -0.02, 6.0: 0.0, 12.0: 0.0}[radius]
    side = int(2 * radius) + 5
    ratios = []
    for _ in range(20):
        phantom = ball((side, side, side), side / 2 - rng.random(3), radius)
        area = surface_areas_mm2(phantom.astype(np.int32), np.eye(3))[1]
        ratios.append(area / (4 * np.pi * radius**2))
    assert np.mean(ratios) - 1 == pytest.approx(stated, abs=0.012)


def test_the_surfaces_of_touching_labels_are_their_own() -> None:
    together = np.zeros((8, 8, 12), dtype=np.int32)
    together[2:6, 2:6, 2:6] = 1
    together[2:6, 2:6, 6:10] = 2
    alone = np.where(together == 1, 1, 0)
    linear = np.eye(3)
    assert surface_areas_mm2(together, linear)[1] == surface_areas_mm2(alone, linear)[1]


def test_sphericity_never_exceeds_one() -> None:
    for matrix in GRIDS.values():
        rows = shape_measurements(lesion_map(lesion_mask(scattered(), matrix)))
        values = [row["sphericity"] for row in rows.values()]
        known = [value.value for value in values if isinstance(value, Quantity)]
        assert known
        assert all(0 < value <= 1 for value in known)
        assert all(0 < number(row["solidity"]) <= 1 for row in rows.values())


def test_the_diameter_is_the_largest_distance_of_all_corners() -> None:
    from scipy.spatial.distance import pdist

    matrix = affine((0.8, 1.1, 2.5), turn_deg=31)
    lesions = lesion_map(lesion_mask(scattered(), matrix))
    rows = shape_measurements(lesions)
    unit = np.indices((2, 2, 2)).reshape(3, 8).T - 0.5
    for lesion in lesions.lesions[1:40]:
        corners = (np.argwhere(lesions.labels == lesion.id)[:, None] + unit).reshape(-1, 3)
        exact = pdist(lesions.grid.to_mm(corners)).max()
        assert number(rows[lesion.id]["diameter_max_mm"]) == pytest.approx(exact, rel=1e-12)


def test_agrees_with_simpleitk_where_definitions_agree() -> None:
    import SimpleITK as sitk  # noqa: N813

    spacing = (1.0, 1.0, 1.0)
    lesions = lesion_map(lesion_mask(scattered((60, 64, 56)), affine(spacing, origin=(0, 0, 0))))
    rows = shape_measurements(lesions)
    image = sitk.GetImageFromArray(lesions.labels.transpose(2, 1, 0))
    image.SetSpacing(spacing)
    peer = sitk.LabelShapeStatisticsImageFilter()
    peer.ComputeFeretDiameterOn()
    peer.ComputePerimeterOn()
    peer.Execute(image)
    assert set(peer.GetLabels()) == set(rows)
    for number_of, row in rows.items():
        assert number(row["voxel_count"]) == peer.GetNumberOfPixels(number_of)
        assert number(row["volume_mm3"]) == pytest.approx(peer.GetPhysicalSize(number_of))
        radius = peer.GetEquivalentSphericalRadius(number_of)
        assert number(row["equivalent_diameter_mm"]) == pytest.approx(2 * radius)
        centroid = [number(row[f"centroid_{axis}_mm"]) for axis in "xyz"]
        assert centroid == pytest.approx(peer.GetCentroid(number_of))
        # between voxel centres there, between corners here
        feret = peer.GetFeretDiameter(number_of)
        assert feret < number(row["diameter_max_mm"]) <= feret + np.sqrt(3) + 1e-9
        if number(row["voxel_count"]) < MIN_SHAPE_VOXELS:
            continue
        moments = np.array(sorted(peer.GetPrincipalMoments(number_of), reverse=True))
        axes = [number(row[name]) for name in FORM]
        assert axes == pytest.approx(4 * np.sqrt(moments + 1 / 12))  # boxes, not points
        assert number(row["surface_mm2"]) == pytest.approx(peer.GetPerimeter(number_of), rel=0.02)


def test_all_48_orientations_print_the_same_table() -> None:
    data, matrix = scattered((30, 34, 26)).astype(np.int32), affine((1.0, 1.1, 2.5), turn_deg=12)

    def table(data: NDArray[np.int32], matrix: NDArray[np.float64]) -> list[list[str]]:
        rows = shape_measurements(lesion_map(lesion_mask(*to_ras(data, matrix))))
        return [[printed(value) for value in row.values()] for row in rows.values()]

    first = table(data, matrix)
    assert len(first) > 20
    for codes in ORIENTATIONS:
        assert table(*reorient(data, matrix, codes)) == first, codes


def test_no_result_leans_on_the_order_of_axes() -> None:
    """Without going back to RAS+: the same lesion, stored turned and mirrored."""
    matrix = affine((1.0, 1.1, 2.5), turn_deg=12)
    data = ball((20, 20, 20), (9.3, 10.1, 9.8), (8.0, 5.0, 6.0), matrix)
    data[12:16, 4:8, 9] = True
    here = shape_of(data, matrix)
    for codes in ("LAS", "SRP", "AIL"):
        there = shape_of(*reorient(data, matrix, codes))
        for name, value in here.items():
            assert number(there[name]) == pytest.approx(number(value), rel=1e-5), (codes, name)


def test_moving_a_lesion_changes_nothing_but_its_centroid() -> None:
    data = np.zeros((60, 60, 60), dtype=bool)
    data[3:43, 2:46, 4:40] = scattered()
    a, b = (
        shape_measurements(lesion_map(lesion_mask(image)))
        for image in (data, np.roll(data, (14, 13, 17), (0, 1, 2)))
    )
    for n, row in a.items():
        for name, value in row.items():
            if not name.startswith("centroid"):
                assert printed(b[n][name]) == printed(value)


def test_in_mni_space_sizes_are_unknown_and_ratios_stay() -> None:
    lesions = lesion_map(lesion_mask(ball((15, 15, 15), (7, 7, 7), 5.0)))
    native = shape_measurements(lesions)[1]
    rows = shape_measurements(lesions, space="mni")[1]
    for name, value in rows.items():
        spec = next(spec for spec in SHAPE_SPECS if spec.name == name)
        if spec.unit in ("mm", "mm2", "mm3") and not name.startswith("centroid"):
            assert isinstance(value, Unknown)
            assert value.reason is Reason.SCALE_UNKNOWN
            assert value.needs == ("native_scale",)
        else:
            assert value == native[name]
    total = total_measurements(lesions, space="mni")["total_volume_mm3"]
    assert isinstance(total, Unknown)


def test_a_native_scale_multiplies_lengths_areas_and_volumes() -> None:
    lesions = lesion_map(lesion_mask(ball((15, 15, 15), (7, 7, 7), 5.0)))
    native = shape_measurements(lesions)[1]
    scaled = shape_measurements(lesions, space="mni", native_scale=0.5)[1]
    powers = {"mm": 0.5, "mm2": 0.25, "mm3": 0.125}
    for name, value in native.items():
        assert isinstance(value, Quantity)
        factor = 1.0 if name.startswith("centroid") else powers.get(value.unit, 1.0)
        assert number(scaled[name]) == pytest.approx(factor * value.value), name
    assert shape_measurements(lesions, native_scale=0.5)[1] == native  # native is native


def test_totals_take_in_specks_and_counts_leave_them_out() -> None:
    data = np.zeros((12, 4, 4))
    data[0:2, 1, 1] = data[4:9, 1, 1] = data[11, 3, 3] = 1
    totals = total_measurements(lesion_map(lesion_mask(data)))
    assert {name: number(value) for name, value in totals.items()} == {
        "total_volume_mm3": 8.0,
        "lesion_count": 1,
        "speck_count": 2,
    }


def test_no_lesions_give_no_rows_and_known_zeros() -> None:
    lesions = lesion_map(lesion_mask(np.zeros((4, 4, 4))))
    assert shape_measurements(lesions) == {}
    assert all(number(value) == 0 for value in total_measurements(lesions).values())


def test_names_order_and_units_are_those_of_the_catalogue() -> None:
    lesions = lesion_map(lesion_mask(ball((15, 15, 15), (7, 7, 7), 5.0)))
    rows = (shape_measurements(lesions)[1], total_measurements(lesions))
    for level, row in zip(("lesion", "study"), rows, strict=True):
        specs = [spec for spec in SHAPE_SPECS if spec.level == level]
        assert list(row) == [spec.name for spec in specs]
        assert [value.unit for value in row.values() if isinstance(value, Quantity)] == [
            spec.unit for spec in specs
        ]


@pytest.mark.real
def test_the_real_masks_measure_without_exceptions_and_fast() -> None:
    import nibabel

    shape_measurements(lesion_map(lesion_mask(scattered())))  # imports, once
    for file in sorted((shared_data() / "open_ms_masks_mni").glob("*.nii.gz")):
        image = nibabel.load(file)
        mask = lesion_mask(*to_ras(np.asanyarray(image.dataobj) > 0, image.affine))
        lesions = lesion_map(mask)
        start = time.process_time()
        rows = shape_measurements(lesions)
        assert time.process_time() - start < 2.0
        volume = np.count_nonzero(mask.data) * mask.grid.voxel_volume_mm3
        assert number(total_measurements(lesions)["total_volume_mm3"]) == volume
        assert sum(number(row["volume_mm3"]) for row in rows.values()) == pytest.approx(volume)
