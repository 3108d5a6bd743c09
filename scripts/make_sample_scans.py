"""Rebuild sample_scans/: two simulated studies with known answers.

Run from anywhere: ``python scripts/make_sample_scans.py [FOLDER]``. The same version of
lesionaid, NumPy and SciPy writes the same bytes.
"""

from __future__ import annotations

import sys
from pathlib import Path

from lesionaid.simulate.dataset import simulate_ms, simulate_pml
from lesionaid.simulate.write import write_study

FOLDER = Path(__file__).resolve().parents[1] / "sample_scans"
MS_SEED, PML_SEED = 11, 16


def main(folder: Path = FOLDER) -> None:
    write_study(simulate_ms(MS_SEED), folder / "sub-ms01", "ms01")
    write_study(simulate_pml(PML_SEED), folder / "sub-pml01", "pml01", session="02")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
