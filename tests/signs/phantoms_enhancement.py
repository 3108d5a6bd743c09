"""Patterns of enhancement: the gain of each lesion is drawn, so its pattern is known."""

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
    ellipsoid,
    image,
    positions,
    slab,
    study,
)

__all__ = ["PHANTOMS"]

Mask = NDArray[np.bool_]
Gain = NDArray[np.float64]
Point = tuple[float, float, float]

BEFORE = 80.0
GAIN = 50.0
NOISE_SD = 1.5
FRONT_RIGHT: Point = (14, 16, 4)
FRONT_LEFT: Point = (-14, 16, 4)
BACK_RIGHT: Point = (14, -16, 4)
BACK_LEFT: Point = (-14, -16, 4)


def enhanced(spacing: Spacing, lesions: Mask, gain: Gain) -> PhantomStudy:
    """Both T1w scans: lesions dark before, and `gain` added after."""
    before = image(spacing, Contrast.T1W, (lesions, BEFORE))
    rng = np.random.default_rng(0)
    noise = [rng.normal(0.0, NOISE_SD, before.shape) for _ in range(2)]
    images = {Contrast.T1W: before + noise[0], Contrast.T1W_CE: before + gain + noise[1]}
    return study(spacing, lesions, images)


def from_centre(spacing: Spacing, centre: Sequence[float]) -> tuple[Gain, Gain]:
    """Distance from a point, and unit vector away from it."""
    away = positions(spacing) - np.asarray(centre)
    far = np.linalg.norm(away, axis=-1)
    return far, away / np.maximum(far, 1e-6)[..., None]


def shell(spacing: Spacing, centre: Point, inner: float, outer: float) -> Mask:
    return ball(spacing, centre, outer) & ~ball(spacing, centre, inner)


def rings(spacing: Spacing) -> PhantomStudy:
    """Largest first: a closed shell, one open towards the cortex, a ball, and nothing."""
    centres = (FRONT_RIGHT, FRONT_LEFT, BACK_RIGHT, BACK_LEFT)
    lesions = np.any(
        [ball(spacing, at, r) for at, r in zip(centres, (9.7, 9.3, 8.7, 8.2), strict=True)], axis=0
    )
    _, away = from_centre(spacing, FRONT_LEFT)
    opened = shell(spacing, FRONT_LEFT, 5.5, 8.5) & (-away[..., 0] < np.cos(np.radians(60)))
    hot = shell(spacing, FRONT_RIGHT, 5.5, 8.5) | opened | ball(spacing, BACK_RIGHT, 6)
    return enhanced(spacing, lesions, GAIN * hot)


def pieces(spacing: Spacing) -> PhantomStudy:
    """Largest first: a cap at the border, dots, two patches, a rod."""
    centres = (FRONT_RIGHT, FRONT_LEFT, BACK_RIGHT, BACK_LEFT)
    lesions = np.any(
        [ball(spacing, at, r) for at, r in zip(centres, (9.8, 9.4, 9.0, 8.5), strict=True)], axis=0
    )
    far, away = from_centre(spacing, FRONT_RIGHT)
    cap = (far > 8.3) & (far <= 9.8) & (away[..., 2] > np.cos(np.radians(60)))
    steps = ((0, 0, 0), (0, 5, 4), (0, -5, -4), (5, -3, 3), (-5, 3, -3))
    dots = np.any([ball(spacing, np.add(FRONT_LEFT, step), 1.7) for step in steps], axis=0)
    patches = np.any(
        [ball(spacing, np.add(BACK_RIGHT, (0, side, 0)), 3.4) for side in (-5, 5)], axis=0
    )
    rod = slab(spacing, np.add(BACK_LEFT, (-1.6, -7, -1.6)), np.add(BACK_LEFT, (1.6, 7, 1.6)))
    return enhanced(spacing, lesions, GAIN * (cap | dots | patches | rod))


def sheets(spacing: Spacing) -> PhantomStudy:
    """On the ventricle's wall: a sheet of 2 mm, and one of 6 mm in the smaller lesion."""
    right = slab(spacing, (4, -12, -10), (13, 12, 10))
    left = slab(spacing, (-12, -12, -10), (-4, 12, 10))
    thin = slab(spacing, (4, -12, -10), (6, 12, 10))
    thick = slab(spacing, (-10, -12, -10), (-4, 12, 10))
    return enhanced(spacing, right | left, GAIN * (thin | thick))


def uneven(spacing: Spacing) -> PhantomStudy:
    """Gain in waves along y, deep in the larger lesion and shallow in the other."""
    right, left = ball(spacing, FRONT_RIGHT, 9.5), ball(spacing, FRONT_LEFT, 9)
    wave = np.cos(2 * np.pi * (positions(spacing)[..., 1] - 16) / 9)
    gain = right * (45 + 45 * wave) + left * (45 + 12 * wave)
    return enhanced(spacing, right | left, gain)


def clouds(spacing: Spacing) -> PhantomStudy:
    """Two patches each: with edges that fade over 8 mm, and sharp ones in the smaller lesion."""
    right = ellipsoid(spacing, (14, 0, 4), (9.5, 21, 9.5))
    left = ellipsoid(spacing, (-14, 0, 4), (9, 20, 9))
    gain = np.zeros(right.shape)
    for y in (-10, 10):
        far, _ = from_centre(spacing, (14, y, 4))
        gain += right * 60 * np.clip((8.5 - far) / 8, 0, 1)
        gain += 50.0 * ball(spacing, (-14, y, 4), 5)
    return enhanced(spacing, right | left, gain)


def outsiders(spacing: Spacing) -> PhantomStudy:
    """Hot but not their own: dura over the largest lesion, a vein, plexus beside the smallest."""
    cortical = slab(spacing, (14, -20, -8), (27, -4, 12))
    crossed = ball(spacing, FRONT_LEFT, 7)
    periventricular = ball(spacing, (9, 16, 4), 5.6)
    dura = positions(spacing)[..., 0] > 26
    vein = slab(spacing, (-15.6, 2, 2.4), (-12.4, 28, 5.6))
    plexus = slab(spacing, (-3, 8, -2), (4.6, 24, 10))
    gain = 100.0 * (dura | plexus) + 60.0 * vein
    return enhanced(spacing, cortical | crossed | periventricular, gain)


def beside(spacing: Spacing) -> PhantomStudy:
    """A sheet over the right hemisphere's larger lesion, a vein over the left one."""
    right = slab(spacing, (16, -4, -2), (27, 6, 6))
    left = slab(spacing, (-27, -4, -2), (-17, 6, 6))
    sheet = slab(spacing, (27, -10, -6), (30, 12, 10))
    vein = slab(spacing, (-30, -10, 1), (-27, 12, 3))
    return enhanced(spacing, right | left, 60.0 * (sheet | vein))


DOTS = ((10, 0, 0), (-3, 10, 0), (-3, -10, 1), (2, 4, 10), (1, -3, -11), (-4, 4, 9))


def _main_and_dots(spacing: Spacing) -> tuple[Mask, Mask]:
    at = (13, 4, -2)
    dots = np.any([ball(spacing, np.add(at, step), 1.7) for step in DOTS], axis=0)
    return ball(spacing, at, 5), dots


def hot_dots(spacing: Spacing) -> PhantomStudy:
    """A main lesion that does not enhance, with six dots beside it that do."""
    main, dots = _main_and_dots(spacing)
    return enhanced(spacing, main | dots, GAIN * dots)


def plain_dots(spacing: Spacing) -> PhantomStudy:
    """A main lesion that enhances, with six dots beside it that do not."""
    main, dots = _main_and_dots(spacing)
    return enhanced(spacing, main | dots, GAIN * main)


def dots_without_contrast(spacing: Spacing) -> PhantomStudy:
    """The dots, and no T1w at all."""
    main, dots = _main_and_dots(spacing)
    return study(spacing, main | dots)


def small(spacing: Spacing) -> PhantomStudy:
    """A lesion of 5 mm that enhances: no room for a ring, or for a border."""
    lesion = ball(spacing, FRONT_RIGHT, 2.9)
    return enhanced(spacing, lesion, GAIN * lesion)


def possible(spacing: Spacing) -> PhantomStudy:
    """A faint core in a large lesion: whether it enhances is within the noise."""
    core = ball(spacing, FRONT_RIGHT, 2.6)
    return enhanced(spacing, ball(spacing, FRONT_RIGHT, 9), 4.5 * core)


def no_scan_before(spacing: Spacing) -> PhantomStudy:
    """T1w after gadolinium alone."""
    lesion = ball(spacing, FRONT_RIGHT, 9)
    after = image(spacing, Contrast.T1W_CE, (lesion, 160.0), noise_sd=NOISE_SD)
    return study(spacing, lesion, {Contrast.T1W_CE: after})


PATTERNS = (
    "enhancement_ring",
    "enhancement_open_ring",
    "enhancement_nodular",
    "enhancement_punctate",
    "enhancement_patchy",
    "enhancement_linear",
    "enhancement_peripheral",
    "enhancement_heterogeneous",
    "enhancement_cloud_like",
    "enhancement_ependymal",
)

YES, NO, UNKNOWN = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN

PHANTOMS = (
    SignPhantom("contrast_enhancement", "a shell", YES, rings, lesion=1),
    SignPhantom("contrast_enhancement", "nothing", NO, rings, lesion=4),
    SignPhantom("contrast_enhancement", "dura", NO, outsiders, lesion=1),
    SignPhantom("contrast_enhancement", "a vein", NO, outsiders, lesion=2),
    SignPhantom("contrast_enhancement", "plexus", NO, outsiders, lesion=3),
    SignPhantom("contrast_enhancement", "a faint core", UNKNOWN, possible),
    SignPhantom("enhancing_and_not_enhancing", "three do, one does not", YES, rings),
    SignPhantom("enhancing_and_not_enhancing", "both do", NO, uneven),
    SignPhantom("enhancing_and_not_enhancing", "no T1w before", UNKNOWN, no_scan_before),
    SignPhantom("enhancement_ring", "a closed shell", YES, rings, lesion=1),
    SignPhantom("enhancement_ring", "a shell with an opening", NO, rings, lesion=2),
    SignPhantom("enhancement_ring", "a ball", NO, rings, lesion=3),
    SignPhantom("enhancement_ring", "a lesion of 5 mm", UNKNOWN, small),
    SignPhantom("enhancement_open_ring", "a shell with an opening", YES, rings, lesion=2),
    SignPhantom("enhancement_open_ring", "a closed shell", NO, rings, lesion=1),
    SignPhantom("enhancement_open_ring", "a ball", NO, rings, lesion=3),
    SignPhantom("enhancement_open_ring", "a lesion of 5 mm", UNKNOWN, small),
    SignPhantom("enhancement_nodular", "a ball", YES, rings, lesion=3),
    SignPhantom("enhancement_nodular", "a closed shell", NO, rings, lesion=1),
    SignPhantom("enhancement_nodular", "a lesion of 5 mm", UNKNOWN, small),
    SignPhantom("enhancement_punctate", "five dots", YES, pieces, UNKNOWN, lesion=2),
    SignPhantom("enhancement_punctate", "two patches", NO, pieces, UNKNOWN, lesion=3),
    SignPhantom("enhancement_patchy", "two patches", YES, pieces, lesion=3),
    SignPhantom("enhancement_patchy", "five dots", NO, pieces, lesion=2),
    SignPhantom("enhancement_linear", "a rod", YES, pieces, lesion=4),
    SignPhantom("enhancement_linear", "two patches", NO, pieces, lesion=3),
    SignPhantom("enhancement_peripheral", "a cap", YES, pieces, UNKNOWN, lesion=1),
    SignPhantom("enhancement_peripheral", "five dots", NO, pieces, lesion=2),
    SignPhantom("enhancement_peripheral", "a lesion of 5 mm", UNKNOWN, small),
    SignPhantom("enhancement_heterogeneous", "deep waves", YES, uneven, lesion=1),
    SignPhantom("enhancement_heterogeneous", "shallow waves", NO, uneven, lesion=2),
    SignPhantom("enhancement_heterogeneous", "a lesion of 5 mm", UNKNOWN, small),
    SignPhantom("enhancement_cloud_like", "fading patches", YES, clouds, UNKNOWN, lesion=1),
    SignPhantom("enhancement_cloud_like", "sharp patches", NO, clouds, UNKNOWN, lesion=2),
    SignPhantom("enhancing_punctate_satellites", "hot dots", YES, hot_dots, UNKNOWN),
    SignPhantom("enhancing_punctate_satellites", "plain dots", NO, plain_dots),
    SignPhantom("enhancing_punctate_satellites", "no T1w", UNKNOWN, dots_without_contrast),
    SignPhantom("enhancement_leptomeningeal", "a sheet", YES, beside, UNKNOWN, lesion=1),
    SignPhantom("enhancement_leptomeningeal", "a vein", NO, beside, UNKNOWN, lesion=2),
    SignPhantom("enhancement_leptomeningeal", "deep in white matter", UNKNOWN, small),
    SignPhantom("enhancement_ependymal", "a thin sheet", YES, sheets, UNKNOWN, lesion=1),
    SignPhantom("enhancement_ependymal", "a thick sheet", NO, sheets, lesion=2),
    *(SignPhantom(sign, "nothing", NO, rings, lesion=4) for sign in PATTERNS),
    *(
        SignPhantom(sign, "a faint core", UNKNOWN, possible, reason=Reason.BELOW_NOISE)
        for sign in PATTERNS
    ),
    *(
        SignPhantom(sign, "no T1w before", UNKNOWN, no_scan_before, reason=Reason.IMAGE_MISSING)
        for sign in (
            "contrast_enhancement",
            "enhancement_leptomeningeal",
            *PATTERNS,
        )
    ),
)
