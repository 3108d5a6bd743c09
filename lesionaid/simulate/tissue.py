"""Tissues of simulated brains and lesions: relaxation, water, diffusion, at 3 T.

References
----------
Wansapura JP et al. NMR relaxation times in the human brain at 3.0 tesla. J Magn Reson
Imaging 1999;9:531 (white matter 832 and 79.6 ms, grey matter 1331 and 110 ms).
Lu H et al. J Magn Reson Imaging 2005;22:13 (CSF T1 3817 ms); Piechnik SK et al. Magn
Reson Med 2009;61:579 (CSF T2 503 ms).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

__all__ = [
    "CSF",
    "CYST",
    "ENHANCED_T1_MS",
    "GRAY_MATTER",
    "MS_PLAQUE",
    "PML_CORE",
    "PML_RIM",
    "WHITE_MATTER",
    "Appearance",
    "Tissue",
    "ms_appearance",
    "pml_appearance",
]


@dataclass(frozen=True, slots=True)
class Tissue:
    """What a sequence sees of a tissue at 3 T.

    Parameters
    ----------
    t1_ms, t2_ms : float
        Relaxation times.
    proton_density : float
        Against water.
    adc : float
        Apparent diffusion coefficient in 10-3 mm2/s.
    """

    t1_ms: float
    t2_ms: float
    proton_density: float
    adc: float


# Proton densities are rounded water contents (0.70, 0.83, 1); ADC of white and grey matter
# lies between 0.7 and 0.9 in adults, free water at 37 degrees at 3.
WHITE_MATTER = Tissue(832.0, 79.6, 0.70, 0.72)
GRAY_MATTER = Tissue(1331.0, 110.0, 0.83, 0.85)
CSF = Tissue(3817.0, 503.0, 1.0, 3.0)

MS_PLAQUE = Tissue(1250.0, 150.0, 0.80, 1.15)
"""Proposed: T2 between the two components of plaques (82 and over 200 ms, review of
relaxation in MS) and intermediate ADC elevation of chronic plaques (Tievsky et al., AJNR
1999;20:1491). Gives FLAIR, T1w and T2w of 1.5, 0.67 and 2.0 times white matter; one
openly published scan (doi 10.1007/s12021-017-9348-7, patient 19) has 1.4, 0.64 and 2.1."""

PML_CORE = Tissue(1450.0, 190.0, 0.86, 1.60)
"""Proposed: dark on DWI with high ADC in the centre (Godi et al., Eur Radiol 2017,
PMID 28168372), T1-dark and T2-bright (McGuigan et al. 2016, PMC4752634)."""

PML_RIM = Tissue(1250.0, 170.0, 0.82, 0.90)
"""Proposed: bright on DWI, ADC on average not restricted (PMID 28168372)."""

CYST = Tissue(3000.0, 400.0, 0.97, 2.40)
"""Proposed: fluid a little short of CSF, so that microcysts are bright on T2w and dark on FLAIR
(McGuigan et al. 2016, PMC4752634)."""

ENHANCED_T1_MS = 560.0
"""T1 of tissue that took up gadolinium (proposed: plainly brighter than white matter)."""


@dataclass(frozen=True, slots=True)
class Appearance:
    """Tissues of one lesion: its core, its outer rim, and whether it takes up contrast.

    Parameters
    ----------
    core, rim : Tissue
    enhances : float
        Share of full enhancement, 0 to 1.
    enhancement : {"nodular", "ring"}
        The whole lesion or its rim.
    vein, iron_rim : bool
        A central vein, and a paramagnetic rim, on SWI and phase.
    """

    core: Tissue
    rim: Tissue
    enhances: float = 0.0
    enhancement: str = "nodular"
    vein: bool = False
    iron_rim: bool = False


VEIN_SHARE = 0.73
"""Share of MS lesions with a central vein (pooled; Castellaro M et al., Diagnostics 2020;10:1025;
recalled)."""

RIM_SHARE = 0.10
"""Share of MS lesions with a paramagnetic rim (pooled 9.8 %; Ng Kee Kwong KC et al., PLoS One
2021;16:e0256845)."""


def ms_appearance(rng: np.random.Generator, *, enhancement: str = "none") -> Appearance:
    """Tissue of one MS plaque, varied from lesion to lesion.

    ADC runs from 1.0 to 1.4, so that some plaques are bright on DWI and most are not
    (18 of 94, PMID 10566514, to 158 of 384, PMC4036427).
    """
    severity = float(rng.normal(0.0, 0.08))
    tissue = Tissue(
        MS_PLAQUE.t1_ms * (1 + severity),
        MS_PLAQUE.t2_ms * (1 + severity),
        MS_PLAQUE.proton_density,
        float(rng.uniform(1.0, 1.4)),
    )
    vein, rim = (bool(draw) for draw in rng.random(2) < (VEIN_SHARE, RIM_SHARE))
    plain = Appearance(tissue, tissue, vein=vein, iron_rim=rim)
    if enhancement == "none":
        return plain
    return replace(plain, enhances=1.0, enhancement=enhancement)


def pml_appearance(*, enhances: float = 0.0) -> Appearance:
    """Tissue of a PML lesion: a rim that is bright on DWI round a core that is not."""
    return Appearance(PML_CORE, PML_RIM, enhances=enhances, enhancement="ring")
