"""Registration recovers known transforms, twice the same, in silence."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from numpy.typing import NDArray

from lesionaid.anatomy.register import Warp, register_rigid, warp_onto
from lesionaid.anatomy.template import load_template
from lesionaid.anatomy.volume import Volume, coarsen, mutual_information, without_air
from lesionaid.geometry import Grid, resample

COARSE_MM = 4.0


def transform(
    degrees: float, shift: tuple[float, float, float], scale: float = 1.0
) -> NDArray[np.float64]:
    angle = np.deg2rad(degrees)
    matrix = np.eye(4)
    matrix[1:3, 1:3] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    matrix[:3, :3] *= scale
    matrix[:3, 3] = shift
    return matrix


@pytest.fixture(scope="module")
def template() -> Volume:
    source = load_template()
    return coarsen(Volume(source.t1w, source.grid, source.brain), COARSE_MM)


def moved(volume: Volume, matrix: NDArray[np.float64]) -> Volume:
    """The volume as a patient whose mm are `matrix` away from it."""
    return Volume(volume.data, Grid(volume.grid.shape, np.linalg.inv(matrix) @ volume.grid.affine))


def worst_mm(found: NDArray[np.float64], true: NDArray[np.float64], volume: Volume) -> float:
    points = volume.grid.to_mm(np.argwhere(volume.data > 50)[::50])
    first, second = (points @ m[:3, :3].T + m[:3, 3] for m in (found, true))
    return float(np.linalg.norm(first - second, axis=1).max())


@pytest.mark.parametrize(
    ("degrees", "shift"), [(6.0, (4.0, -7.0, 5.0)), (-22.0, (150.0, -90.0, 60.0))]
)
def test_rigid_finds_its_way_back(
    template: Volume, degrees: float, shift: tuple[float, float, float]
) -> None:
    true = transform(degrees, shift)
    patient = moved(template, true)
    found = register_rigid(patient, template)
    assert found is not None
    assert worst_mm(found.matrix, true, patient) < 0.5
    assert found.similarity > found.header_similarity


def test_rigid_stays_rigid(template: Volume) -> None:
    found = register_rigid(moved(template, transform(5.0, (3.0, 0.0, 0.0), 1.08)), template)
    assert found is not None
    linear = found.matrix[:3, :3]
    np.testing.assert_allclose(linear @ linear.T, np.eye(3), atol=1e-6)


@pytest.fixture(scope="module")
def scaled(template: Volume) -> tuple[Volume, NDArray[np.float64]]:
    true = transform(8.0, (5.0, -6.0, 9.0), 1.15)
    patient = moved(template, true)
    return Volume(patient.data, patient.grid, template.data > 0), true


@pytest.fixture(scope="module")
def warp(template: Volume, scaled: tuple[Volume, NDArray[np.float64]]) -> Warp:
    found = warp_onto(scaled[0], template)
    assert found is not None
    return found


def test_warp_recovers_an_affine(warp: Warp, scaled: tuple[Volume, NDArray[np.float64]]) -> None:
    patient, true = scaled
    brain = patient.data > 50
    expected = patient.grid.to_mm(np.argwhere(brain)) @ true[:3, :3].T + true[:3, 3]
    error = np.linalg.norm(warp.moving_mm(patient.grid)[brain] - expected, axis=1)
    assert np.median(error) < 0.5
    assert np.percentile(error, 99) < 2.0


def test_nothing_folds(warp: Warp) -> None:
    jacobian = warp.jacobian()
    assert jacobian.min() > 0.3
    assert np.median(jacobian) == pytest.approx(1.0, abs=0.05)


def test_jacobian_of_a_known_stretch() -> None:
    grid = Grid((12, 12, 12), np.diag([2.0, 2.0, 2.0, 1.0]))
    displacement = np.zeros((*grid.shape, 3), dtype=np.float32)
    displacement[..., 0] = 0.1 * grid.to_mm(np.indices(grid.shape).reshape(3, -1).T)[:, 0].reshape(
        grid.shape
    )
    np.testing.assert_allclose(Warp(np.eye(4), displacement, grid).jacobian(), 1.1, rtol=1e-5)


def test_twice_the_same_bytes(
    template: Volume, scaled: tuple[Volume, NDArray[np.float64]], warp: Warp
) -> None:
    again = warp_onto(scaled[0], template)
    assert again is not None
    assert again.displacement.tobytes() == warp.displacement.tobytes()
    assert again.matrix.tobytes() == warp.matrix.tobytes()


def test_lesions_can_be_left_out(template: Volume) -> None:
    """A bright ball that only the patient has must pull less when it is masked."""
    patient = Volume(template.data.copy(), template.grid, template.data > 0)
    centre = np.array(template.grid.shape) // 2 + np.array([9, 4, 3])
    ball = np.linalg.norm(np.indices(template.grid.shape).T - centre, axis=-1).T < 4
    patient.data[ball] = 20.0
    true = template.grid.to_mm(np.argwhere(ball))
    errors = []
    for exclude in (None, ball):
        found = warp_onto(patient, template, exclude)
        assert found is not None
        off = found.moving_mm(template.grid)[ball] - true
        errors.append(float(np.linalg.norm(off, axis=1).mean()))
    assert errors[1] < errors[0]
    assert errors[1] < 1.5


def test_mutual_information_is_best_in_place(template: Volume) -> None:
    here = mutual_information(template, template, np.eye(4))
    away = mutual_information(template, template, transform(0.0, (6.0, 0.0, 0.0)))
    far = mutual_information(template, template, transform(0.0, (500.0, 0.0, 0.0)))
    assert here > away > far
    assert far < 1.08


def test_air_is_left_out() -> None:
    rng = np.random.default_rng(1)
    data = rng.gamma(2.0, 3.0, (30, 30, 30)).astype(np.float32)
    data[8:22, 8:22, 8:22] += 200
    data[14:16, 14:16, 14:16] = 0
    head = without_air(Volume(data, Grid(data.shape, np.eye(4))))
    assert head.mask is not None
    assert head.mask[14, 14, 14]
    assert 0.95 * 14**3 < np.count_nonzero(head.mask) <= 14**3  # opening rounds the edges
    assert not head.data[~head.mask].any()


def test_coarse_image_keeps_its_place() -> None:
    grid = Grid(
        (40, 50, 12),
        np.array([[0.9, 0.1, 0, 5], [-0.1, 0.9, 0, 7], [0, 0, 4.0, -20], [0, 0, 0, 1.0]]),
    )
    data = np.zeros(grid.shape, dtype=np.float32)
    data[14:26, 20:34, 4:8] = 100.0
    coarse = coarsen(Volume(data, grid))
    assert coarse.mask is not None
    np.testing.assert_allclose(coarse.grid.spacing_mm, 2.0)
    weights = coarse.data / coarse.data.sum()
    found = (
        coarse.grid.to_mm(np.indices(coarse.grid.shape).reshape(3, -1).T).T * weights.ravel()
    ).sum(axis=1)
    np.testing.assert_allclose(found, grid.to_mm(np.array([19.5, 26.5, 5.5])), atol=0.2)


def test_the_terminal_stays_silent() -> None:
    """Greedy's compiled optimiser writes past Python; nothing of it may reach stdout."""
    code = (
        "import numpy as np\n"
        "from lesionaid.anatomy.greedy import Session\n"
        "from lesionaid.anatomy.volume import Volume\n"
        "from lesionaid.geometry import Grid\n"
        "import os\n"
        "from lesionaid.anatomy.greedy import _quiet_stdout\n"
        "with _quiet_stdout():\n"
        "    os.write(1, b'noise')\n"
        "grid = Grid((16, 16, 16), np.eye(4))\n"
        "data = np.random.default_rng(0).random(grid.shape).astype(np.float32)\n"
        "Session(Volume(data, grid), Volume(data, grid), np.eye(4)).affine(6, '20x10')\n"
        "print('done')\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    assert ran.stdout == "done\n"


def test_resampled_field_is_that_of_the_working_grid(warp: Warp) -> None:
    fine = Grid(
        (warp.grid.shape[0] * 2, warp.grid.shape[1] * 2, warp.grid.shape[2] * 2),
        warp.grid.affine @ np.diag([0.5, 0.5, 0.5, 1.0]),
    )
    coarse, detailed = warp.moving_mm(warp.grid), warp.moving_mm(fine)
    inner = detailed[::2, ::2, ::2]
    np.testing.assert_allclose(inner, coarse, atol=1e-3)
    assert resample(coarse[..., 0], warp.grid, warp.grid, order=1).shape == warp.grid.shape
