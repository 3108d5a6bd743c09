"""Phantoms of SWI and phase: veins in lesions, bands at the cortex, rims.

Slices of 3 mm show none of them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lesionaid.quantity import Reason
from lesionaid.study.scan import Contrast
from lesionaid.truth import Truth
from tests.signs.kit import (
    PhantomStudy,
    SignPhantom,
    Spacing,
    ball,
    image,
    positions,
    slab,
    study,
)

Point = tuple[float, float, float]
Mask = NDArray[np.bool_]

CENTRES: tuple[Point, ...] = (
    (13.5, 20.5, 8.5),
    (-13.5, 20.5, 8.5),
    (13.5, -20.5, 8.5),
    (-13.5, -20.5, 8.5),
    (13.5, 0.5, 18.5),
    (-13.5, 0.5, 18.5),
    (13.5, 20.5, -11.5),
    (-13.5, 20.5, -11.5),
)
RADIUS = 4.0

BAND_LESION = ((14, 6, -6), (24, 26, 6))
BAND = ((22, 4, -6), (24, 28, 6))
SHORT_BAND = ((22, 13, -3), (24, 19, 3))

RIM_CENTRE = (13.5, 12.5, 4.5)
INNER, OUTER = 5.0, 6.5


def line(spacing: Spacing, centre: Point, axis: int = 0) -> Mask:
    """Voxels of a line through a point, a voxel thick at 1 mm."""
    away = np.abs(positions(spacing) - np.asarray(centre))
    return np.all(np.delete(away, axis, axis=-1) < 0.75 * np.delete(spacing, axis), axis=-1)


def veins(
    spacing: Spacing,
    lesions: Sequence[Point],
    with_vein: Sequence[Point],
    offset_mm: float = 0.0,
    double: bool = False,
) -> PhantomStudy:
    """Lesions of 8 mm, and a dark line along x through some of them."""
    mask = np.zeros(positions(spacing).shape[:3], dtype=bool)
    dark = np.zeros_like(mask)
    for centre in lesions:
        own = ball(spacing, centre, RADIUS)
        mask |= own
        if centre in with_vein:
            x, y, z = centre
            dark |= own & line(spacing, (x, y + offset_mm, z))
            if double:
                dark |= own & line(spacing, centre, axis=1)
    swi = image(spacing, Contrast.SWI, (mask, 112.0), (dark, 65.0), noise_sd=2.0)
    return study(spacing, mask, {Contrast.SWI: swi})


def one_vein(spacing: Spacing) -> PhantomStudy:
    return veins(spacing, CENTRES[:1], CENTRES[:1])


def vein_beside(spacing: Spacing) -> PhantomStudy:
    return veins(spacing, CENTRES[:1], CENTRES[:1], offset_mm=2.0)


def two_veins(spacing: Spacing) -> PhantomStudy:
    return veins(spacing, CENTRES[:1], CENTRES[:1], double=True)


def small_lesion(spacing: Spacing) -> PhantomStudy:
    mask = ball(spacing, CENTRES[0], 1.8)
    swi = image(spacing, Contrast.SWI, (mask, 112.0), noise_sd=2.0)
    return study(spacing, mask, {Contrast.SWI: swi})


def three_of_five(spacing: Spacing) -> PhantomStudy:
    return veins(spacing, CENTRES[:5], CENTRES[:3])


def two_of_five(spacing: Spacing) -> PhantomStudy:
    return veins(spacing, CENTRES[:5], CENTRES[:2])


def two_of_six(spacing: Spacing) -> PhantomStudy:
    return veins(spacing, CENTRES[:6], CENTRES[:2])


def six_of_eight(spacing: Spacing) -> PhantomStudy:
    return veins(spacing, CENTRES, CENTRES[:6])


def no_swi(spacing: Spacing) -> PhantomStudy:
    return study(spacing, slab(spacing, *BAND_LESION))


def many_without_swi(spacing: Spacing) -> PhantomStudy:
    mask = np.any([ball(spacing, centre, RADIUS) for centre in CENTRES], axis=0)
    return study(spacing, mask)


def banded(spacing: Spacing, *dark: Mask) -> PhantomStudy:
    """A lesion under the cortex with something dark about it."""
    lesion = slab(spacing, *BAND_LESION)
    swi = image(
        spacing, Contrast.SWI, (lesion, 110.0), *((mask, 70.0) for mask in dark), noise_sd=2.0
    )
    return study(spacing, lesion, {Contrast.SWI: swi})


def band(spacing: Spacing) -> PhantomStudy:
    return banded(spacing, slab(spacing, *BAND))


def short_band(spacing: Spacing) -> PhantomStudy:
    return banded(spacing, slab(spacing, *SHORT_BAND))


def rim_all_round(spacing: Spacing) -> PhantomStudy:
    low, high = np.asarray(BAND_LESION[0]), np.asarray(BAND_LESION[1])
    inner = slab(spacing, (low + 2).tolist(), (high - 2).tolist())
    return banded(spacing, slab(spacing, *BAND_LESION) & ~inner)


def shell_phase(xyz: NDArray[np.float64], inner: float, outer: float) -> NDArray[np.float64]:
    """Shift about a shell of unit susceptibility in a field along z, in closed form.

    A ball shifts nothing inside it (with the sphere of Lorentz) and a dipole outside, so a
    shell is one ball less another.
    """
    radius = np.maximum(np.linalg.norm(xyz, axis=-1), 1e-6)
    angular = 3 * (xyz[..., 2] / radius) ** 2 - 1
    dipoles = [np.where(radius > r, (r / radius) ** 3 / 3, 0.0) for r in (outer, inner)]
    return np.asarray((dipoles[0] - dipoles[1]) * angular)


def rimmed(
    spacing: Spacing, inner: float, gap: bool = False, veins_along_z: bool = True
) -> PhantomStudy:
    """A lesion whose shell is paramagnetic, and veins that tell the sign of the phase."""
    xyz = positions(spacing) - np.asarray(RIM_CENTRE)
    lesion = np.linalg.norm(xyz, axis=-1) <= OUTER
    phase = shell_phase(xyz, inner, OUTER)
    if gap:
        phase[xyz[..., 0] < 0] = 0.0
    columns = np.zeros_like(lesion)
    if veins_along_z:
        for x, y in ((-10.5, -20.5), (-15.5, 10.5)):
            columns |= line(spacing, (x, y, 0.0), axis=2) & (np.abs(xyz[..., 2] + 4.5) < 15)
    phase[columns] = 1 / 3
    phase += np.random.default_rng(0).normal(0, 0.02, phase.shape)
    swi = image(spacing, Contrast.SWI, (lesion, 110.0), (columns, 60.0), noise_sd=2.0)
    return study(spacing, lesion, {Contrast.SWI: swi, Contrast.PHASE: phase})


def rim(spacing: Spacing) -> PhantomStudy:
    return rimmed(spacing, INNER)


def half_a_rim(spacing: Spacing) -> PhantomStudy:
    return rimmed(spacing, INNER, gap=True)


def iron_all_through(spacing: Spacing) -> PhantomStudy:
    return rimmed(spacing, 0.0)


def rim_without_veins(spacing: Spacing) -> PhantomStudy:
    return rimmed(spacing, INNER, veins_along_z=False)


T, F, U = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN

PHANTOMS = (
    SignPhantom("central_vein", "through the middle", T, one_vein, thick=U),
    SignPhantom("central_vein", "2 mm off the middle", F, vein_beside, thick=U),
    SignPhantom("central_vein", "two veins", U, two_veins),
    SignPhantom("central_vein", "no SWI", U, no_swi, reason=Reason.IMAGE_MISSING),
    SignPhantom("central_vein_qualifying", "through the middle", T, one_vein, thick=U),
    SignPhantom("central_vein_qualifying", "two veins", F, two_veins, thick=U),
    SignPhantom("central_vein_qualifying", "under 4.5 mm", F, small_lesion, thick=U),
    SignPhantom("central_vein_qualifying", "no SWI", U, no_swi, reason=Reason.IMAGE_MISSING),
    SignPhantom("central_vein_majority", "three of five", T, three_of_five, thick=U),
    SignPhantom("central_vein_majority", "two of five", F, two_of_five, thick=U),
    SignPhantom("central_vein_majority", "no SWI", U, no_swi, reason=Reason.IMAGE_MISSING),
    SignPhantom("central_vein_over_40_percent", "two of five", T, two_of_five, thick=U),
    SignPhantom("central_vein_over_40_percent", "two of six", F, two_of_six, thick=U),
    SignPhantom("central_vein_over_40_percent", "one lesion", U, one_vein),
    SignPhantom("central_vein_three_or_more", "three", T, three_of_five, thick=U),
    SignPhantom("central_vein_three_or_more", "two", F, two_of_five, thick=U),
    SignPhantom("central_vein_three_or_more", "no SWI in many", U, many_without_swi),
    SignPhantom("central_vein_six_or_more", "six", T, six_of_eight, thick=U),
    SignPhantom("central_vein_six_or_more", "three", F, three_of_five),
    SignPhantom("central_vein_six_or_more", "no SWI in many", U, many_without_swi),
    SignPhantom("central_vein_select6", "three of five", T, three_of_five, thick=U),
    SignPhantom("central_vein_select6", "two of five", F, two_of_five, thick=U),
    SignPhantom("central_vein_select6", "no SWI in many", U, many_without_swi),
    SignPhantom("swi_hypointense_rim", "band of 24 mm", T, band, thick=U),
    SignPhantom("swi_hypointense_rim", "band of 6 mm", F, short_band, thick=U),
    SignPhantom("swi_hypointense_rim", "rim all round", F, rim_all_round, thick=U),
    SignPhantom("swi_hypointense_rim", "no SWI", U, no_swi, reason=Reason.IMAGE_MISSING),
    SignPhantom("paramagnetic_rim", "shell", T, rim, thick=U),
    SignPhantom("paramagnetic_rim", "half a shell", F, half_a_rim, thick=U),
    SignPhantom("paramagnetic_rim", "iron all through", F, iron_all_through, thick=U),
    SignPhantom("paramagnetic_rim", "no vein tells the sign", U, rim_without_veins),
    SignPhantom("paramagnetic_rim", "no phase", U, no_swi, reason=Reason.IMAGE_MISSING),
)
