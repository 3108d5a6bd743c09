"""Speed of ``lesionaid simulate`` and size of what it writes.

    python benchmarks/simulate_speed.py [--n 300] [--nprocs 2] [--voxel 2.5] [--slices MM]

Every disease of the first family in turn, as BIDS, at the sizes given. Beside the
CPU seconds, which another load on the machine hardly changes, stands the ratio to a peer in the
same run: nibabel writing the same arrays, gzipped, which is the least that any tool must do to
hand over the same studies.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nibabel as nib
import numpy as np

from lesionaid.simulate.diseases import GENERATORS

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
"""Processes share the cores; threads within them would only get into one another's way."""


def simulate(out: Path, arguments: argparse.Namespace, each: int) -> tuple[float, float]:
    """Wall and CPU seconds of the whole command, template and interpreters included."""
    command = [sys.executable, "-m", "lesionaid", "simulate", str(out), "--disease", "all"]
    command += ["--n", str(each), "--nprocs", str(arguments.nprocs), "--quiet"]
    command += ["--voxel", str(arguments.voxel), "--family", arguments.family]
    if arguments.slices is not None:
        command += ["--slices", str(arguments.slices)]
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, env={**os.environ, **ONE_THREAD})
    seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, cpu


def write_with_nibabel(images: list[Path], folder: Path) -> float:
    """CPU seconds to write the same arrays; reading them is not counted."""
    seconds = 0.0
    for number, path in enumerate(images):
        image = nib.load(path)
        copy = nib.Nifti1Image(np.asanyarray(image.dataobj.get_unscaled()), image.affine)
        start = time.process_time()
        nib.save(copy, folder / f"{number}.nii.gz")
        seconds += time.process_time() - start
        (folder / f"{number}.nii.gz").unlink()
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=300, help="patients, at least one a disease")
    parser.add_argument("--nprocs", type=int, default=2)
    parser.add_argument("--voxel", type=float, default=2.5, help="mm")
    parser.add_argument("--slices", type=float, default=None, help="mm")
    parser.add_argument("--family", default="first", choices=("first", "second"))
    arguments = parser.parse_args()
    each = -(-arguments.n // len(GENERATORS))
    patients = each * len(GENERATORS)

    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "dataset"
        seconds, cpu = simulate(out, arguments, each)
        files = [path for path in out.rglob("*") if path.is_file()]
        images = [path for path in files if path.name.endswith(".nii.gz")]
        sessions = len(list(out.glob("sub-*/ses-*")))
        size = sum(path.stat().st_size for path in files)
        peer = write_with_nibabel(images, Path(folder))

    print(f"{patients} patients, {sessions} sessions, {len(images)} images; {arguments.nprocs} "
          f"processes, voxels of {arguments.voxel:g} mm, family {arguments.family}")  # fmt: skip
    print(f"simulate          {seconds:8.1f} s   {60 * patients / seconds:6.1f} patients a minute, "
          f"{cpu / patients:.2f} s of CPU a patient")  # fmt: skip
    print(f"size              {size / patients / 1e6:8.2f} MB a patient, "
          f"{size / sessions / 1e6:.2f} MB a session")  # fmt: skip
    print(f"nibabel writes it {peer:8.1f} s of CPU   simulate takes {cpu / peer:.1f} times as much")


if __name__ == "__main__":
    main()
