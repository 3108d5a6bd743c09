"""Where MS lesions lie and what they look like there: one recipe a site.

Fingers and ovoids at the lateral ventricles, the calloso-septal interface, juxtacortical
ovoids and curved lesions along U-fibres, cortical lesions, the inferior temporal lobe, and
the posterior fossa (pons near its surface, middle peduncle, cerebellum, midbrain, medulla).

References
----------
Descriptions: Filippi M et al., Brain 2019;142:1858 (MAGNIMS, as summarised elsewhere);
fingers, U-fibres and inferior temporal lobe: Matthews L et al., Neurology 2013;80:1330
(PMC3656462); callosal lesions small at the lower margin: Nakamura M et al., Mult Scler
2009;15:695; cortical lesions mostly reach into white matter: Mike A et al., AJNR
2011;32:515. Every width in mm is proposed unless it says otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lesionaid.simulate.brain import Brain
from lesionaid.simulate.lesions import (
    SimulatedLesion,
    box_around,
    largest_component,
    offsets_mm,
)
from lesionaid.simulate.ms import away_from_ventricle, ovoid
from lesionaid.simulate.ms_regions import (
    FOSSA_BOXES,
    callosum,
    fossa,
    from_midline_mm,
    inferior_temporal,
)
from lesionaid.simulate.shapes import Look, cloud

__all__ = [
    "FOSSA",
    "GROUP",
    "NAMED",
    "draw_lesion",
    "places",
]

GROUP: Mapping[str, str] = {
    "dawson_finger": "periventricular",
    "periventricular": "periventricular",
    "callosal": "periventricular",
    "deep_white_matter": "deep_white_matter",
    "inferior_temporal": "deep_white_matter",
    "juxtacortical": "juxtacortical",
    "ufibre": "juxtacortical",
    "leukocortical": "juxtacortical",
    "intracortical": "juxtacortical",
    "pons": "infratentorial",
    "cerebellar_peduncle": "infratentorial",
    "cerebellum": "infratentorial",
    "midbrain": "infratentorial",
    "medulla": "infratentorial",
}
"""Every site, and the group that published shares count it in."""

FOSSA = tuple(site for site, group in GROUP.items() if group == "infratentorial")

NAMED = frozenset(("callosal", "inferior_temporal", *FOSSA))
"""Sites that need MNI coordinates."""

FINGER_ELONGATION = (1.8, 2.8)
"""Long over short axis; 1.5 is where lesionaid's definition of a finger begins."""

ABUTS_MM = 2.0
"""A lesion that grey matter cut off from the ventricle by more is not periventricular."""

CALLOSAL_HALF_MM = 10.0
"""How far from the midline the calloso-septal interface reaches."""

CORTICAL_MM, INTRACORTICAL_MM = 8.0, 6.0
"""Largest diameters of leukocortical and intracortical lesions."""

UFIBRE_LENGTH_MM, UFIBRE_WIDTH_MM, UFIBRE_DEPTH_MM = (12.0, 24.0), (4.0, 6.0), 4.0
"""Length along the cortex and width of a curved lesion, and how deep its middle line lies."""

CURVED = 1.2
"""Way from end to end over the straight way, from which a lesion counts as curved (an arc of
a third of a circle, the way along voxels being a twentieth too long)."""

SHORE_MM = 4.0
"""Depth under the surface of the brainstem to which its lesions lie."""


def places(brain: Brain, site: str) -> NDArray[np.intp]:
    """Voxels that a lesion of a site may be centred on or grow from, shape (n, 3)."""
    return np.argwhere(_where(brain, site))


def draw_lesion(
    brain: Brain,
    rng: np.random.Generator,
    site: str,
    voxel: NDArray[np.intp],
    diameter_mm: float,
) -> SimulatedLesion | None:
    """One lesion of a site at a voxel of its :func:`places`; None where it cannot be there.

    Parameters
    ----------
    brain : Brain
    rng : numpy.random.Generator
    site : str
        Key of :data:`GROUP`.
    voxel : ndarray of shape (3,)
    diameter_mm : float
        Of the ball of the same volume, before anatomy cuts it; curved and cortical lesions
        are no larger than their tissue allows.
    """
    if site == "ufibre":
        return _curved(brain, rng, voxel)
    centre = brain.grid.to_mm(voxel + rng.uniform(-0.5, 0.5, 3))
    if site in ("leukocortical", "intracortical"):
        return _cortical(brain, rng, centre, site, diameter_mm)
    if site in ("dawson_finger", "callosal", "periventricular"):
        return _periventricular(brain, rng, voxel, centre, site, diameter_mm)
    drawn = rng.standard_normal(3)
    elongation = float(rng.uniform(1.0, 1.6))
    direction = drawn / np.linalg.norm(drawn)
    return ovoid(brain, centre, direction, diameter_mm, elongation, site=site, rng=rng)


def _where(brain: Brain, site: str) -> NDArray[np.bool_]:
    white = brain.white > 0.7
    if GROUP[site] == "infratentorial":
        near = _shore(brain) if site in FOSSA_BOXES else True
        return np.asarray(white & fossa(brain, site) & near)
    above = white & ~brain.infratentorial
    cortex, ventricle = brain.cortex_mm, brain.ventricle_mm
    if site == "callosal":
        half = from_midline_mm(brain) <= CALLOSAL_HALF_MM
        return callosum(brain) & (ventricle > 0) & (ventricle <= 2.0) & half
    if site == "inferior_temporal":
        return inferior_temporal(brain) & above & (cortex > 2.0)
    if site in ("dawson_finger", "periventricular"):
        return above & (ventricle > 0) & (ventricle <= 2.0)
    far = ventricle > 8.0
    if site == "juxtacortical":
        return above & (cortex <= 2.5) & far
    if site == "ufibre":
        return (brain.white > 0.5) & ~brain.infratentorial & (cortex > 0) & (cortex <= 3.0) & far
    if site == "leukocortical":
        seam = (brain.white > 0.2) & (brain.gray > 0.2) & (np.abs(cortex) <= 1.0)
        return seam & ~brain.infratentorial & far
    if site == "intracortical":
        return (brain.gray > 0.7) & (cortex <= -0.5) & far
    return above & (cortex > 4.0) & (ventricle > 6.0)


def _periventricular(
    brain: Brain,
    rng: np.random.Generator,
    voxel: NDArray[np.intp],
    centre: NDArray[np.float64],
    site: str,
    diameter_mm: float,
) -> SimulatedLesion | None:
    """An ovoid that abuts the ventricle, its long axis along the veins: away from the wall."""
    spread = FINGER_ELONGATION if site == "dawson_finger" else (1.0, 1.4)
    elongation = float(rng.uniform(*spread))
    direction = away_from_ventricle(brain, voxel)
    if direction is None:
        return None
    long = diameter_mm / 2 * elongation ** (2 / 3)
    centre = centre + direction * (0.9 * long - float(brain.ventricle_mm[tuple(voxel)]))
    lesion = ovoid(brain, centre, direction, diameter_mm, elongation, site=site, rng=rng)
    wall = brain.ventricle_mm[lesion.box][lesion.mask]
    return lesion if wall.size and wall.min() <= ABUTS_MM else None


def _cortical(
    brain: Brain,
    rng: np.random.Generator,
    centre: NDArray[np.float64],
    site: str,
    diameter_mm: float,
) -> SimulatedLesion:
    """A ball that fills grey matter as it fills white; intracortical ones stay in the ribbon."""
    largest = CORTICAL_MM if site == "leukocortical" else INTRACORTICAL_MM
    look = Look("ms", site, edge_mm=1.0, gray=1.0, roughness=0.15)
    lesion = cloud(brain, rng, centre, min(diameter_mm, largest), look)
    if site == "leukocortical":
        return lesion
    ribbon = (brain.gray[lesion.box] > 0.5) & (brain.cortex_mm[lesion.box] <= 0)
    cut = np.where(ribbon, lesion.fraction, np.float32(0))
    return replace(lesion, fraction=largest_component(cut))


def _curved(
    brain: Brain, rng: np.random.Generator, voxel: NDArray[np.intp]
) -> SimulatedLesion | None:
    """A tube in the white matter under the cortex that follows its folds (U-fibres).

    Its middle line is the shortest way, within 4 mm of the cortex and within a slab that is
    tilted a little from the axial plane, between the two voxels that lie farthest apart.
    """
    from scipy.ndimage import distance_transform_edt
    from skimage.graph import MCP_Geometric

    length, width = rng.uniform(*UFIBRE_LENGTH_MM), rng.uniform(*UFIBRE_WIDTH_MM)
    across = np.array([0.0, 0.0, 1.0]) + rng.normal(0.0, 0.3, 3)
    across /= np.linalg.norm(across)
    steps = brain.grid.spacing_mm
    box = box_around(brain.grid, voxel, length / 2 + width)
    x, y, z = offsets_mm(brain.grid, box, brain.grid.to_mm(voxel))
    slab = np.abs(x * across[0] + y * across[1] + z * across[2]) <= width / 2
    depth, white = brain.cortex_mm[box], brain.white[box]
    band = (depth > 0) & (depth <= UFIBRE_DEPTH_MM) & (white > 0.5) & slab
    end = tuple(int(v) - side.start for v, side in zip(voxel, box, strict=True))
    if not band[end]:
        return None
    for farthest in (length / 2, length):
        ways = MCP_Geometric(np.where(band, 1.0, -1.0), sampling=steps)
        along, _ = ways.find_costs([end])
        reached = np.where(along <= farthest, along, -1.0)
        begin, end = end, tuple(np.unravel_index(int(np.argmax(reached)), band.shape))
    straight = math.hypot(*((a - b) * step for a, b, step in zip(begin, end, steps, strict=True)))
    if reached[end] < UFIBRE_LENGTH_MM[0] or reached[end] < CURVED * straight:
        return None  # short or straight: no place for a curved lesion
    line = np.ones(band.shape, dtype=bool)
    line[tuple(np.array(ways.traceback(end)).T)] = False
    outside = distance_transform_edt(line, sampling=steps) - width / 2
    share = np.clip(0.5 - outside / max(1.0, *steps), 0, 1) * np.clip(white + 0.2, 0, 1)
    fraction = largest_component(share.astype(np.float32))
    volume = np.count_nonzero(fraction >= 0.5) * brain.grid.voxel_volume_mm3
    size = float((6 * volume / np.pi) ** (1 / 3))
    return SimulatedLesion(box, fraction, np.zeros_like(fraction), "ms", "lesion", "ufibre", size)


def _shore(brain: Brain) -> NDArray[np.bool_]:
    """Within some 4 mm of fluid or of the outside: brainstem lesions lie near the surface."""
    from scipy.ndimage import maximum_filter

    size = [2 * int(np.ceil(SHORE_MM / step)) + 1 for step in brain.grid.spacing_mm]
    near: NDArray[np.bool_] = maximum_filter((brain.csf > 0.5) | ~brain.inside, size=size)
    return near
