"""Phantoms of shape: ovoids, fingers at the ventricle, bands along the cortex, confluence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lesionaid.anatomy.map import SITES, AnatomyMap
from lesionaid.quantity import Reason
from lesionaid.truth import Truth
from tests.signs.kit import (
    PhantomStudy,
    SignPhantom,
    Spacing,
    ball,
    brain,
    ellipsoid,
    positions,
    slab,
    study,
)

BORDER = 24.0
"""Inner face of the cortex."""

SITE_CODES = {name: code for code, name in SITES.items()}
WHITE, CORTEX = SITE_CODES["white_matter"], SITE_CODES["cortex"]


def finger(spacing: Spacing) -> PhantomStudy:
    """14 x 6 x 6 mm, 20 degrees off the normal of the wall."""
    return study(spacing, ellipsoid(spacing, (10, 0, 0), (7, 3, 3), 20))


def flat_ovoid(spacing: Spacing) -> PhantomStudy:
    """The same, 60 degrees off."""
    return study(spacing, ellipsoid(spacing, (8, 0, 0), (7, 3, 3), 60))


def finger_without_a_brain(spacing: Spacing) -> PhantomStudy:
    return study(spacing, ellipsoid(spacing, (10, 0, 0), (7, 3, 3), 20), anatomy=None)


def fused_fingers(spacing: Spacing) -> PhantomStudy:
    """Two fingers of 16 x 9 x 9 mm that stand on the wall, joined by a bridge of 3 x 3 mm."""
    one = ellipsoid(spacing, (10, -6, 1.5), (8, 4.5, 4.5))
    other = ellipsoid(spacing, (10, 6, 1.5), (8, 4.5, 4.5))
    return study(spacing, one | other | slab(spacing, (10, -6, 0), (13, 6, 3)))


def fused_along_the_wall(spacing: Spacing) -> PhantomStudy:
    """Two ovoids end to end along the wall: as many lobes, none across it."""
    one = ellipsoid(spacing, (8, -9, 1.5), (4, 9.5, 4))
    return study(spacing, one | ellipsoid(spacing, (8, 9, 1.5), (4, 9.5, 4)))


def round_lesion(spacing: Spacing) -> PhantomStudy:
    """7 x 6 x 6: not one and a half times as long as wide."""
    return study(spacing, ellipsoid(spacing, (15, 14, 0), (7, 6, 6), 30))


def ovoid_of_unknown_size(spacing: Spacing) -> PhantomStudy:
    return study(spacing, ellipsoid(spacing, (10, 0, 0), (7, 3, 3), 20), space="mni")


def band(spacing: Spacing) -> PhantomStudy:
    """3 mm thick and 18 mm long below the cortex."""
    return study(spacing, slab(spacing, (BORDER - 3, -9, -6), (BORDER, 9, 6)))


def block(spacing: Spacing) -> PhantomStudy:
    """As long along the cortex, and too thick for a band."""
    return study(spacing, slab(spacing, (BORDER - 9, -9, -6), (BORDER, 9, 6)))


def touching_ball(spacing: Spacing) -> PhantomStudy:
    """It reaches the cortex and follows nothing."""
    return study(spacing, ball(spacing, (BORDER - 6, 0, 1.5), 6.5))


def gyrus(spacing: Spacing) -> AnatomyMap:
    """A blade of white matter, 6 mm wide, between two banks of cortex."""
    x = positions(spacing)[..., 0]
    banks = [np.maximum(low - x, x - low - 3) for low in (14.0, 23.0)]
    distance = np.minimum(*banks).astype(np.float32)
    whole = brain(spacing)
    sites = np.full_like(whole.sites, WHITE)
    sites[distance < 0] = CORTEX
    return replace(whole, sites=sites, distances_mm={**whole.distances_mm, "cortex": distance})


def plug(spacing: Spacing) -> PhantomStudy:
    """A ball of 10 mm between the banks of a gyrus: it lines both of them, and goes nowhere."""
    mask = ball(spacing, (20, 0, 1.5), 5) & slab(spacing, (17, -9, -9), (23, 9, 9))
    return study(spacing, mask, anatomy=gyrus(spacing))


def band_up_a_gyrus(spacing: Spacing) -> PhantomStudy:
    """As thick, and 30 mm long."""
    return study(spacing, ellipsoid(spacing, (20, 0, 1.5), (3, 15, 5)), anatomy=gyrus(spacing))


def band_on_a_border_that_is_off(spacing: Spacing) -> PhantomStudy:
    mask = slab(spacing, (BORDER - 3, -9, -6), (BORDER, 9, 6))
    return study(spacing, mask, anatomy=replace(brain(spacing), error_mm=3.0))


def confluent_mass(spacing: Spacing) -> PhantomStudy:
    """Two plates at a right angle, 8.6 ml, half of their hull empty."""
    one = slab(spacing, (4, -24, -15), (20, -12, 15))
    return study(spacing, one | slab(spacing, (8, -24, -15), (20, 12, -3)))


def compact_mass(spacing: Spacing) -> PhantomStudy:
    """As large, and one block."""
    return study(spacing, slab(spacing, (4, -12, -12), (20, 12, 12)))


def mass_of_unknown_size(spacing: Spacing) -> PhantomStudy:
    one = slab(spacing, (4, -24, -15), (20, -12, 15))
    return study(spacing, one | slab(spacing, (8, -24, -15), (20, 12, -3)), space="mni")


T, F, U = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN
MISSING, SCALE, QUALITY = Reason.ANATOMY_MISSING, Reason.SCALE_UNKNOWN, Reason.LOW_QUALITY

PHANTOMS = (
    SignPhantom("ovoid", "an egg", T, finger),
    SignPhantom("ovoid", "nearly round", F, round_lesion),
    SignPhantom("ovoid", "two in one", F, fused_fingers),
    SignPhantom("ovoid", "of unknown size", U, ovoid_of_unknown_size, reason=SCALE),
    SignPhantom("dawson_fingers", "20 degrees off the normal", T, finger),
    SignPhantom("dawson_fingers", "two, fused", T, fused_fingers),
    SignPhantom("dawson_fingers", "60 degrees off the normal", F, flat_ovoid),
    SignPhantom("dawson_fingers", "two, fused along the wall", F, fused_along_the_wall),
    SignPhantom("dawson_fingers", "no brain", U, finger_without_a_brain, reason=MISSING),
    SignPhantom("periventricular_ovoid", "a finger", T, finger),
    SignPhantom("periventricular_ovoid", "two fingers, fused", T, fused_fingers),
    SignPhantom("periventricular_ovoid", "away from the ventricle", F, round_lesion),
    SignPhantom("periventricular_ovoid", "no brain", U, finger_without_a_brain, reason=MISSING),
    SignPhantom("juxtacortical_ufibre", "a band", T, band),
    SignPhantom("juxtacortical_ufibre", "along a gyrus", T, band_up_a_gyrus),
    SignPhantom("juxtacortical_ufibre", "a plug in a gyrus", F, plug),
    SignPhantom("juxtacortical_ufibre", "a block", F, block),
    SignPhantom("juxtacortical_ufibre", "a ball that touches", F, touching_ball),
    SignPhantom(
        "juxtacortical_ufibre",
        "a border off by 3 mm",
        U,
        band_on_a_border_that_is_off,
        reason=QUALITY,
    ),
    SignPhantom("touches_juxtacortical", "a ball that touches", T, touching_ball),
    SignPhantom("touches_juxtacortical", "a finger at the ventricle", F, finger),
    SignPhantom("touches_juxtacortical", "no brain", U, finger_without_a_brain, reason=MISSING),
    SignPhantom("confluent", "plates at a right angle", T, confluent_mass),
    SignPhantom("confluent", "a block", F, compact_mass),
    SignPhantom("confluent", "of unknown size", U, mass_of_unknown_size, reason=SCALE),
    SignPhantom("focal", "a block", T, compact_mass),
    SignPhantom("focal", "plates at a right angle", F, confluent_mass),
    SignPhantom("focal", "of unknown size", U, mass_of_unknown_size, reason=SCALE),
    SignPhantom("diffuse", "plates at a right angle", T, confluent_mass),
    SignPhantom("diffuse", "a block", F, compact_mass),
    SignPhantom("diffuse", "of unknown size", U, mass_of_unknown_size, reason=SCALE),
)
