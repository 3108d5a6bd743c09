"""MS lesions: ovoids by site, at right angles to the ventricle, log-normal in size.

References
----------
Wang L et al., J Neurol Neurosurg Psychiatry 1997;63:452: 80 % of lesion cross-sections
under 80 mm2 and about 20 % under 10 mm2; the log-normal through these two quantiles has a
median diameter of 6.0 mm and sigma 0.62 (derived).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from lesionaid.geometry import Grid
from lesionaid.simulate.brain import Brain
from lesionaid.simulate.fields import smooth_noise
from lesionaid.simulate.lesions import (
    Box,
    SimulatedLesion,
    box_around,
    clear_of,
    largest_component,
    offsets_mm,
)

__all__ = [
    "MEDIAN_MM",
    "SIGMA",
    "SITE_SHARES",
    "away_from_ventricle",
    "draw_diameter",
    "ms_lesions",
    "ovoid",
]

MEDIAN_MM, SIGMA = 6.0, 0.62
"""Log-normal of lesion diameters (module references)."""

SMALLEST_MM, LARGEST_MM = 3.0, 20.0
"""Limits of the draw: 3 mm is the smallest lesion that counts towards criteria; 2.6 % of
the log-normal lies above 20 mm (tumefactive lesions are another mechanism)."""

SITE_SHARES: Mapping[str, float] = {
    "periventricular": 0.40,
    "deep_white_matter": 0.30,
    "juxtacortical": 0.20,
    "infratentorial": 0.10,
}
"""Shares of lesions by site (proposed: periventricular first, then deep white matter, so
that a patient with some twenty lesions has every site of the McDonald criteria)."""

ELONGATION: Mapping[str, float] = {"periventricular": 1.9, "deep_white_matter": 1.3}
"""Long over short axis (proposed); other sites 1.1."""

ROUGHNESS, BUMP_MM = 0.15, 5.0
"""Unevenness of the surface: its size as a share of the radius, its length (proposed)."""

GAP_MM = 2.5
"""Lesions keep this distance, so that each is one component of the mask."""

SURVIVES = 0.6
"""A place is refused where less than this share of the lesion lies in white matter."""


def ms_lesions(
    brain: Brain,
    rng: np.random.Generator,
    count: int,
    *,
    occupied: NDArray[np.bool_] | None = None,
) -> tuple[SimulatedLesion, ...]:
    """Draw lesions by site and size and put them where there is room.

    Parameters
    ----------
    brain : Brain
    rng : numpy.random.Generator
    count : int
        Lesions asked for; those for which no place is found in 300 tries are left out.
    occupied : ndarray of bool, shape brain.grid.shape, or None
        Voxels of other lesions.

    Returns
    -------
    tuple of SimulatedLesion
    """
    taken = np.zeros(brain.grid.shape, bool) if occupied is None else occupied.copy()
    places = {site: np.argwhere(_where(brain, site)) for site in SITE_SHARES}
    placed: list[SimulatedLesion] = []
    for site in _draw_sites(rng, count):
        lesion = _place(brain, rng, site, places[site], taken)
        if lesion is not None:
            placed.append(lesion)
            taken[lesion.box] |= lesion.mask
    return tuple(placed)


def ovoid(
    brain: Brain,
    centre_mm: NDArray[np.float64],
    direction: NDArray[np.float64],
    diameter_mm: float,
    elongation: float,
    *,
    site: str,
    edge_mm: float = 1.0,
    rng: np.random.Generator | None = None,
) -> SimulatedLesion:
    """An ellipsoid of revolution, cut by CSF and, softly, by grey matter.

    Parameters
    ----------
    brain : Brain
    centre_mm : ndarray of shape (3,)
    direction : ndarray of shape (3,)
        Unit vector of the long axis.
    diameter_mm : float
        Of the ball of the same volume: semi-axes are ``r q^(2/3)`` and twice
        ``r q^(-1/3)`` for radius r and elongation q.
    elongation : float
    site : str
    edge_mm : float
        Width of the edge, from all lesion to none.
    rng : numpy.random.Generator, optional
        Makes the surface uneven; without it the ovoid is smooth.
    """
    radius = diameter_mm / 2
    long, short = radius * elongation ** (2 / 3), radius * elongation ** (-1 / 3)
    centre_voxel = np.rint(brain.grid.to_voxel(centre_mm)).astype(int)
    box = box_around(brain.grid, centre_voxel, 1.3 * long + edge_mm + 1.0)
    x, y, z = offsets_mm(brain.grid, box, centre_mm)
    along = x * direction[0] + y * direction[1] + z * direction[2]
    across = np.sqrt(np.maximum(x * x + y * y + z * z - along * along, 0.0))
    level = np.sqrt((along / long) ** 2 + (across / short) ** 2)
    # Distance to the surface, to first order: the level over the length of its gradient.
    slope = np.sqrt((along / long**2) ** 2 + (across / short**2) ** 2) / np.maximum(level, 1e-6)
    outside_mm = np.where(level > 0.1, (level - 1) / np.maximum(slope, 1e-6), -short)
    if rng is not None:
        shape = (level.shape[0], level.shape[1], level.shape[2])
        bumps = smooth_noise(rng, Grid(shape, brain.grid.affine), knot_mm=BUMP_MM)
        outside_mm = outside_mm + ROUGHNESS * radius * bumps
    fraction = np.clip(0.5 - outside_mm / edge_mm, 0, 1).astype(np.float32)
    fraction *= _room(brain, box)
    fraction = largest_component(fraction)
    return SimulatedLesion(
        box, fraction, np.zeros_like(fraction), "ms", "lesion", site, diameter_mm
    )


def _room(brain: Brain, box: Box) -> NDArray[np.float32]:
    """Where a plaque may lie: white matter, hardly grey matter, never CSF."""
    white, gray = brain.white[box], brain.gray[box]
    room: NDArray[np.float32] = np.clip(white + np.float32(0.35) * gray, 0, 1)
    return room


def _draw_sites(rng: np.random.Generator, count: int) -> list[str]:
    """Every site its whole share, what is left over at random, in random order."""
    sites = [site for site, share in SITE_SHARES.items() for _ in range(int(share * count))]
    left = count - len(sites)
    names = list(SITE_SHARES)
    drawn = rng.choice(len(names), size=left, p=list(SITE_SHARES.values()))
    sites += [names[int(number)] for number in drawn]
    return [sites[int(number)] for number in rng.permutation(count)]


def _where(brain: Brain, site: str) -> NDArray[np.bool_]:
    """Voxels that a lesion of the site may be centred on or start from."""
    white = brain.white > 0.7
    if site == "infratentorial":
        return white & brain.infratentorial
    above = white & ~brain.infratentorial
    if site == "periventricular":
        return above & (brain.ventricle_mm > 0) & (brain.ventricle_mm <= 2.0)
    if site == "juxtacortical":
        return above & (brain.cortex_mm <= 2.5) & (brain.ventricle_mm > 8.0)
    return above & (brain.cortex_mm > 4.0) & (brain.ventricle_mm > 6.0)


def _place(
    brain: Brain,
    rng: np.random.Generator,
    site: str,
    places: NDArray[np.intp],
    taken: NDArray[np.bool_],
    tries: int = 300,
) -> SimulatedLesion | None:
    if len(places) == 0:
        return None
    for _ in range(tries):
        diameter = draw_diameter(rng)
        voxel = places[int(rng.integers(len(places)))]
        direction = _direction(brain, rng, site, voxel)
        elongation = ELONGATION.get(site, 1.1)
        centre = brain.grid.to_mm(voxel)
        if site == "periventricular":
            # Abut the ventricle: half a long axis further out, less the step to the wall.
            centre = centre + direction * (0.45 * diameter * elongation ** (2 / 3) - 1.0)
        lesion = ovoid(brain, centre, direction, diameter, elongation, site=site, rng=rng)
        if _fits(brain, lesion, taken):
            return lesion
    return None


def draw_diameter(rng: np.random.Generator) -> float:
    """A diameter in mm from the log-normal, within its limits."""
    while True:
        diameter = float(rng.lognormal(np.log(MEDIAN_MM), SIGMA))
        if SMALLEST_MM <= diameter <= LARGEST_MM:
            return diameter


def _direction(
    brain: Brain, rng: np.random.Generator, site: str, voxel: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Away from the ventricle for periventricular lesions (along veins), else at random."""
    if site == "periventricular":
        away = away_from_ventricle(brain, voxel)
        if away is not None:
            return away
    drawn = rng.standard_normal(3)
    return drawn / np.linalg.norm(drawn)


def away_from_ventricle(brain: Brain, voxel: NDArray[np.intp]) -> NDArray[np.float64] | None:
    """Unit vector at right angles to the wall of the lateral ventricle, pointing away.

    None where the slope of the distance is weak, as half way between two walls.
    """
    away = _gradient(brain, voxel)
    length = float(np.linalg.norm(away))
    return away / length if 0.3 < length < np.inf else None


def _gradient(brain: Brain, voxel: NDArray[np.intp], step: int = 2) -> NDArray[np.float64]:
    """Gradient of the distance to the ventricle, in RAS+ mm per mm."""
    slope = np.zeros(3)
    for axis in range(3):
        ahead, behind = voxel.copy(), voxel.copy()
        ahead[axis] = min(ahead[axis] + step, brain.grid.shape[axis] - 1)
        behind[axis] = max(behind[axis] - step, 0)
        rise = float(brain.ventricle_mm[tuple(ahead)] - brain.ventricle_mm[tuple(behind)])
        run = (ahead[axis] - behind[axis]) * brain.grid.spacing_mm[axis]
        slope += rise / run * brain.grid.affine[:3, axis] / brain.grid.spacing_mm[axis]
    return slope


def _fits(brain: Brain, lesion: SimulatedLesion, taken: NDArray[np.bool_]) -> bool:
    mask = lesion.mask
    asked = np.pi / 6 * lesion.diameter_mm**3
    if np.count_nonzero(mask) * brain.grid.voxel_volume_mm3 < SURVIVES * asked:
        return False
    return clear_of(brain, lesion, taken, GAP_MM)
