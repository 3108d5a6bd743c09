"""A pair of images inside greedy: in memory, one thread, seeded, silent."""

from __future__ import annotations

import ctypes
import io
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.volume import Volume
from lesionaid.geometry import Grid

__all__ = ["Session"]

SEED = 7
_STDOUT = threading.Lock()


class Session:
    """One pair of images inside greedy.

    Greedy cannot take a starting matrix from memory, so the start is given by moving the moving
    image's own grid, and taken out of the result again.
    """

    def __init__(
        self,
        fixed: Volume,
        moving: Volume,
        start: NDArray[np.float64],
        exclude: NDArray[np.bool_] | None = None,
    ) -> None:
        from picsl_greedy import Greedy3D

        self.start = start
        near = Grid(moving.grid.shape, np.linalg.inv(start) @ moving.grid.affine)
        self.greedy = Greedy3D()
        self.images = {"fixed": _image(fixed.data, fixed.grid), "moving": _image(moving.data, near)}
        self.read = ""
        if exclude is not None:
            self.images["seen"] = _image(~exclude, fixed.grid)
            self.read = "-gm seen "

    def affine(self, freedom: int, schedule: str) -> NDArray[np.float64] | None:
        """Fixed to moving mm. Greedy's line search can end in an exception: then try shorter."""
        for steps in (schedule, schedule.rsplit("x", 1)[0] + "x0"):
            matrix = self.run(f"-a -dof {freedom} -m NMI -n {steps} -ia-identity", "matrix")
            if matrix is not None and np.isfinite(matrix).all():
                return np.asarray(self.start @ matrix, dtype=np.float64)
        return None

    def deformation(self, schedule: str) -> NDArray[np.float32] | None:
        """Displacement in RAS+ mm of every fixed voxel, by local correlation; None for failure."""
        field = self.run(f"-m WNCC 2x2x2 -n {schedule}", "field")
        if field is None:
            return None
        import SimpleITK

        lps = SimpleITK.GetArrayFromImage(field).transpose(2, 1, 0, 3)
        return np.asarray(lps * np.array([-1.0, -1.0, 1.0]), dtype=np.float32)

    def run(self, options: str, result: str) -> Any:
        """One command, without a word on the terminal; None where greedy threw."""
        silent = io.StringIO()
        command = f"-threads 1 -seed {SEED} -V 0 {options} {self.read}-i fixed moving -o {result}"
        try:
            with _quiet_stdout():
                self.greedy.execute(
                    command, out=silent, err=silent, **self.images, **{result: None}
                )
            return self.greedy[result]
        except RuntimeError:
            return None


@contextmanager
def _quiet_stdout() -> Iterator[None]:
    """Send what compiled code writes to standard output to nowhere.

    Greedy's optimiser reports failed line searches there, past Python, where they would spoil
    output that a program reads. Standard error, which carries the progress, is left alone.
    """
    sys.stdout.flush()
    try:
        kept = os.dup(1)
    except OSError:  # no standard output to protect
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    with _STDOUT:
        try:
            os.dup2(nowhere, 1)
            yield
        finally:
            with suppress(OSError, TypeError, AttributeError):
                ctypes.CDLL(None).fflush(None)
            os.dup2(kept, 1)
            os.close(kept)
            os.close(nowhere)


def _image(data: NDArray[Any], grid: Grid) -> Any:
    """An image of SimpleITK (LPS) from an array in RAS+."""
    import SimpleITK

    spacing = np.asarray(grid.spacing_mm)
    flip = np.diag([-1.0, -1.0, 1.0])
    image = SimpleITK.GetImageFromArray(np.ascontiguousarray(data.T, dtype=np.float32))
    image.SetSpacing(spacing.tolist())
    image.SetDirection((flip @ grid.affine[:3, :3] / spacing).ravel().tolist())
    image.SetOrigin((flip @ grid.affine[:3, 3]).tolist())
    return image
