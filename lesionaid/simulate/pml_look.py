"""How PML tissue looks: diffusion rim or none, T1, microcysts, the band on SWI.

References
----------
Bright rim round a dark core on DWI: Godi et al. 2017, PMID 28168372; 6 of 15 asymptomatic PML
not bright: Wattjes 2015, JNNP 86:793. T1 slightly dark at first, falling; microcysts: McGuigan
et al. 2016, PMC4752634. Band along the cortex on SWI: PMC7028608.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lesionaid.simulate.brain import Brain
from lesionaid.simulate.lesions import SimulatedLesion, offsets_mm
from lesionaid.simulate.tissue import PML_CORE, PML_RIM, Appearance
from lesionaid.simulate.uptake import surface_mm

__all__ = ["CYST_MM", "pml_look", "with_band", "with_cysts"]

SLIGHT_T1_MS, DARK_T1_MS, OLD_T1_MS = 1000.0, 1450.0, 1800.0
"""T1 of a core that is hardly dark, plainly dark, and burnt out (proposed; white matter 832)."""

NOT_BRIGHT_ADC = 1.45
"""ADC of a rim that is as bright as white matter on DWI (proposed)."""

CYST_MM = (1.6, 2.8)
"""Diameters of microcysts (proposed, under the 3 mm of the evidence file's proposal)."""

CYST_DEPTH_MM, CYST_VOLUME_MM3, MOST_CYSTS = 2.5, 250.0, 14
"""They keep this depth; one for so much lesion beyond it, up to a number (proposed)."""

BAND_MM = (-1.0, 2.0)
"""Where the band lies against the inner surface of the cortex (evidence file, proposed)."""


def pml_look(
    *, dwi_bright: bool, t1_dark: bool, enhances: float = 0.0, burnt_out: bool = False
) -> Appearance:
    """Tissue of a PML lesion at one stage.

    Parameters
    ----------
    dwi_bright : bool
        Whether the rim is bright on DWI.
    t1_dark : bool
        Plainly dark on T1w; otherwise slightly.
    enhances : float
        Share of full enhancement.
    burnt_out : bool
        Chronic: no active rim, T1 darker still.
    """
    t1 = DARK_T1_MS if t1_dark else SLIGHT_T1_MS
    core, rim = replace(PML_CORE, t1_ms=t1), replace(PML_RIM, t1_ms=min(t1, PML_RIM.t1_ms))
    if burnt_out:
        core = rim = replace(PML_CORE, t1_ms=OLD_T1_MS)
    elif not dwi_bright:
        rim = replace(rim, adc=NOT_BRIGHT_ADC)
    return Appearance(core, rim, enhances=enhances, enhancement="ring")


def with_cysts(brain: Brain, rng: np.random.Generator, lesion: SimulatedLesion) -> SimulatedLesion:
    """The lesion with tiny holes of fluid, none where it is too thin for them."""
    depth = surface_mm(brain, lesion)
    places = np.argwhere(depth >= CYST_DEPTH_MM)
    room = len(places) * brain.grid.voxel_volume_mm3
    count = min(MOST_CYSTS, int(room / CYST_VOLUME_MM3))
    if count == 0:
        return lesion
    corner = np.array([side.start for side in lesion.box])
    edge = max(brain.grid.spacing_mm)
    holes = np.zeros(lesion.fraction.shape, dtype=np.float32)
    for _ in range(count):
        voxel = places[int(rng.integers(len(places)))] + corner
        x, y, z = offsets_mm(brain.grid, lesion.box, np.asarray(brain.grid.to_mm(voxel)))
        radius = float(rng.uniform(*CYST_MM)) / 2
        ball = np.clip(0.5 + (radius - np.sqrt(x * x + y * y + z * z)) / edge, 0, 1)
        holes = np.maximum(holes, ball.astype(np.float32))
    return replace(lesion, cysts=holes)


def with_band(brain: Brain, lesion: SimulatedLesion) -> SimulatedLesion:
    """The lesion with iron along the inner surface of the cortex that it touches."""
    cortex = brain.cortex_mm[lesion.box]
    low, high = BAND_MM
    band = np.clip(0.5 + cortex - low, 0, 1) * np.clip(0.5 + high - cortex, 0, 1)
    near = np.clip(1 + surface_mm(brain, lesion) / 2, 0, 1)
    return replace(lesion, iron=(band * near).astype(np.float32))
