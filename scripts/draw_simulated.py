"""Draw simulated patients for the docs: ``python scripts/draw_simulated.py [FOLDER]``.

One picture a disease: FLAIR and T1w after gadolinium, each captioned "simulated". Needs
matplotlib, from the notebook extra.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from lesionaid.simulate.acquisition import render
from lesionaid.simulate.brain import BrainSettings, make_brain
from lesionaid.simulate.iris import pml_patient
from lesionaid.simulate.mogad import mogad_patient
from lesionaid.simulate.nmosd import nmosd_patient
from lesionaid.simulate.patient import Patient
from lesionaid.simulate.tumefactive import tumefactive_patient
from lesionaid.simulate.vascular import vascular_patient
from lesionaid.study.scan import Contrast

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "simulator"
SEED = 4

PATIENTS: Mapping[str, Callable[..., Patient]] = {
    "nmosd": nmosd_patient,
    "mogad": mogad_patient,
    "tumefactive": tumefactive_patient,
    "vascular": vascular_patient,
    "pml_early": pml_patient,
    "pml_iris": partial(pml_patient, stage="iris"),
}


def main(folder: Path = FOLDER) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in PATIENTS.items():
        rng = np.random.default_rng(SEED)
        brain = make_brain(rng, BrainSettings(spacing_mm=1.5))
        draw(make(brain, rng), rng, name, folder / f"{name}.png")


def draw(patient: Patient, rng: np.random.Generator, name: str, path: Path) -> None:
    """Axial and sagittal slices through the two largest lesions."""
    volumes = sorted(patient.truth, key=lambda lesion: -lesion.volume_mm3)[:2]
    figure, axes = plt.subplots(2, 4, figsize=(8, 4.6), facecolor="black")
    for row, contrast in zip(axes, (Contrast.FLAIR, Contrast.T1W_CE), strict=True):
        image = render(patient.brain, patient.lesions, contrast, rng)
        for n, lesion in enumerate(volumes):
            at = np.rint(patient.brain.grid.to_voxel(np.array(lesion.centroid_mm))).astype(int)
            for axis, plane in ((row[2 * n], image[:, :, at[2]]), (row[2 * n + 1], image[at[0]])):
                axis.imshow(plane.T, origin="lower", cmap="gray", vmin=0, vmax=190)
    for axis in axes.flat:
        axis.axis("off")
    figure.suptitle(f"{name}: simulated, no patient", color="white", fontsize=9)
    figure.tight_layout()
    figure.savefig(path, dpi=60, metadata={"Software": None})
    plt.close(figure)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
