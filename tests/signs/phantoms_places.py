"""Phantoms of the callosum's edge and extent, of lobes, and of a brain without typical lesions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lesionaid.anatomy.distances import signed_distance_mm
from lesionaid.quantity import Reason
from lesionaid.study.scan import Contrast
from lesionaid.truth import Truth
from tests.signs.kit import (
    PhantomStudy,
    SignPhantom,
    Spacing,
    ball,
    brain,
    ellipsoid,
    grid,
    image,
    slab,
    study,
)

Box = tuple[Sequence[float], Sequence[float]]

UNDERSIDE: Box = ((-3, -6, 15), (3, 6, 18))
"""In the body of the callosum (y from -10 to 10), which begins at z = 15 over the ventricles."""


def boxes(spacing: Spacing, *drawn: Box, **more: object) -> PhantomStudy:
    mask = np.zeros(grid(spacing).shape, dtype=bool)
    for low, high in drawn:
        mask |= slab(spacing, low, high)
    return study(spacing, mask, **more)  # type: ignore[arg-type]


def not_registered(spacing: Spacing) -> PhantomStudy:
    return boxes(spacing, UNDERSIDE, anatomy=None)


def without_midline(spacing: Spacing) -> PhantomStudy:
    return boxes(spacing, UNDERSIDE, anatomy=replace(brain(spacing), mni_mm=None))


# The callosum


def at_the_underside(spacing: Spacing) -> PhantomStudy:
    return boxes(spacing, UNDERSIDE)


def through_half_the_thickness(spacing: Spacing) -> PhantomStudy:
    """A third of it within 3 mm of the ventricles."""
    return boxes(spacing, ((-3, -6, 15), (3, 6, 24)))


def in_the_genu(spacing: Spacing) -> PhantomStudy:
    return boxes(spacing, ((-3, 12, 15), (3, 20, 18)))


def long_in_the_callosum(spacing: Spacing) -> PhantomStudy:
    """32 of 60 mm."""
    return boxes(spacing, ((-3, -16, 18), (3, 16, 24)))


def not_quite_half_as_long(spacing: Spacing) -> PhantomStudy:
    """28 of 60 mm."""
    return boxes(spacing, ((-3, -14, 18), (3, 14, 24)))


def full_thickness(spacing: Spacing) -> PhantomStudy:
    return boxes(spacing, ((-4, -4, 15), (4, 4, 30)))


def marbled_callosum(spacing: Spacing) -> PhantomStudy:
    """40 of 60 mm, its edge fading over 6 mm, mottled."""
    return callosal_scans(spacing, 6.0, 30.0)


def even_sharp_callosum(spacing: Spacing) -> PhantomStudy:
    return callosal_scans(spacing, 1.0, 0.0)


def callosal_scans(spacing: Spacing, width_mm: float, mottling: float) -> PhantomStudy:
    """A long lesion with a border of a width (10 to 90 %) and a spread of signal inside."""
    from scipy.special import ndtr

    mask = ellipsoid(spacing, (0, 0, 21), (12, 20, 8))
    share = ndtr(-signed_distance_mm(mask, grid(spacing)) * 2.563 / width_mm)
    rng = np.random.default_rng(5)
    tissue = np.clip(image(spacing, Contrast.FLAIR), None, 100.0)
    flair = tissue + 90.0 * share * (tissue > 50.0) + rng.normal(0.0, 3.0, mask.shape)
    # Upside down, the order of tissues in T1w is that of T2w: white 100, grey 125, fluid 170.
    t2w = 200.0 - image(spacing, Contrast.T2W, (mask, 50.0), noise_sd=3.0)
    t2w[mask] += rng.normal(0.0, mottling, int(mask.sum()))
    return study(spacing, mask, {Contrast.FLAIR: flair, Contrast.T2W: t2w})


def dots(spacing: Spacing, *at_y: float) -> PhantomStudy:
    return boxes(spacing, *(((-2, y - 2, 15), (2, y + 2, 18)) for y in at_y))


def three_dots(spacing: Spacing) -> PhantomStudy:
    return dots(spacing, -18, 0, 18)


def two_dots(spacing: Spacing) -> PhantomStudy:
    return dots(spacing, -18, 18)


def one_dash(spacing: Spacing) -> PhantomStudy:
    """24 mm: it may be dots that have run together."""
    return boxes(spacing, ((-2, -12, 15), (2, 12, 18)))


# Satellites


def crowd(spacing: Spacing, count: int, **more: object) -> PhantomStudy:
    """A main lesion of 10 mm with dots of 2.6 mm on a circle about it, 6 mm off its edge."""
    x, y, z = 16.5, 0.5, 1.5
    mask = ball(spacing, (x, y, z), 5.0)
    for angle in np.arange(count) * 2 * np.pi / max(count, 1):
        mask |= ball(spacing, (x, y + 11 * np.cos(angle), z + 11 * np.sin(angle)), 1.4)
    return study(spacing, mask, **more)  # type: ignore[arg-type]


def six_dots(spacing: Spacing) -> PhantomStudy:
    return crowd(spacing, 6)


def two_dots_beside(spacing: Spacing) -> PhantomStudy:
    return crowd(spacing, 2)


def dots_not_registered(spacing: Spacing) -> PhantomStudy:
    return crowd(spacing, 6, anatomy=None)


# Lobes: frontal before y = 0, parietal behind


def in_one_lobe(spacing: Spacing) -> PhantomStudy:
    return boxes(spacing, ((14, 10, -3), (20, 16, 3)), ((14, 20, 9), (20, 26, 15)))


def in_two_lobes_of_a_side(spacing: Spacing) -> PhantomStudy:
    return boxes(spacing, ((14, 10, -3), (20, 16, 3)), ((14, -26, 9), (20, -20, 15)))


def on_both_sides(spacing: Spacing) -> PhantomStudy:
    return boxes(spacing, ((14, 10, -3), (20, 16, 3)), ((-20, 10, -3), (-14, 16, 3)))


def just_over_the_border(spacing: Spacing) -> PhantomStudy:
    """A sixteenth of it in the next lobe: under 10 %."""
    return boxes(spacing, ((14, -1, 9), (18, 15, 12)))


# The brain as a whole


def small_and_deep(spacing: Spacing) -> PhantomStudy:
    return study(spacing, ball(spacing, (17, 14, 10.5), 1.6))


def clean(spacing: Spacing) -> PhantomStudy:
    return study(spacing, np.zeros(grid(spacing).shape))


def not_so_small(spacing: Spacing) -> PhantomStudy:
    return study(spacing, ball(spacing, (17, 14, 10.5), 4.0))


def small_not_registered(spacing: Spacing) -> PhantomStudy:
    return study(spacing, ball(spacing, (17, 14, 10.5), 1.6), anatomy=None)


def of_unknown_size(spacing: Spacing) -> PhantomStudy:
    return study(spacing, ball(spacing, (17, 14, 10.5), 4.0), space="mni")


def along_the_ribbon(spacing: Spacing) -> PhantomStudy:
    return boxes(spacing, ((24, -14, -9), (27, 14, 9)))


def ribbon_not_registered(spacing: Spacing) -> PhantomStudy:
    return boxes(spacing, ((24, -14, -9), (27, 14, 9)), anatomy=None)


def ribbon_and_white_matter(spacing: Spacing) -> PhantomStudy:
    return boxes(spacing, ((23, -14, -9), (27, 14, 9)))


def short_ribbon(spacing: Spacing) -> PhantomStudy:
    return boxes(spacing, ((24, -6, -6), (27, 6, 6)))


def three(
    sign: str, there: object, beside: object, unknown: object, reason: Reason
) -> tuple[SignPhantom, ...]:
    return (
        SignPhantom(sign, "there", Truth.TRUE, there),  # type: ignore[arg-type]
        SignPhantom(sign, "just not", Truth.FALSE, beside),  # type: ignore[arg-type]
        SignPhantom(sign, "cannot be told", Truth.UNKNOWN, unknown, reason=reason),  # type: ignore[arg-type]
    )


NO_MAP = Reason.ANATOMY_MISSING

PHANTOMS = (
    *three("callosal_body", at_the_underside, in_the_genu, not_registered, NO_MAP),
    *three(
        "calloso_septal_interface",
        at_the_underside,
        through_half_the_thickness,
        without_midline,
        NO_MAP,
    ),
    *three(
        "callosal_extensive", long_in_the_callosum, not_quite_half_as_long, not_registered, NO_MAP
    ),
    SignPhantom("callosal_extensive", "full thickness", Truth.TRUE, full_thickness),
    SignPhantom("callosal_acute_oedematous", "blurred and mottled", Truth.TRUE, marbled_callosum),
    SignPhantom("callosal_acute_oedematous", "sharp and even", Truth.FALSE, even_sharp_callosum),
    SignPhantom("callosal_acute_oedematous", "short", Truth.FALSE, not_quite_half_as_long),
    SignPhantom("callosal_acute_oedematous", "long, no scan", Truth.UNKNOWN, long_in_the_callosum),
    SignPhantom("subcallosal_dot_dash", "three", Truth.TRUE, three_dots, Truth.UNKNOWN),
    SignPhantom("subcallosal_dot_dash", "two", Truth.FALSE, two_dots, Truth.UNKNOWN),
    SignPhantom("subcallosal_dot_dash", "one long dash", Truth.UNKNOWN, one_dash),
    SignPhantom("punctate_satellites", "six dots", Truth.TRUE, six_dots, Truth.UNKNOWN),
    SignPhantom("punctate_satellites", "two dots", Truth.FALSE, two_dots_beside, Truth.UNKNOWN),
    SignPhantom("punctate_satellites", "no tissue map", Truth.UNKNOWN, dots_not_registered),
    *three("unilobar", in_one_lobe, in_two_lobes_of_a_side, not_registered, NO_MAP),
    SignPhantom("unilobar", "just over the border", Truth.TRUE, just_over_the_border),
    *three("multilobar", in_two_lobes_of_a_side, in_one_lobe, not_registered, NO_MAP),
    *three("widespread", on_both_sides, in_two_lobes_of_a_side, not_registered, NO_MAP),
    *three(
        "brain_normal_or_nonspecific", small_and_deep, not_so_small, small_not_registered, NO_MAP
    ),
    SignPhantom("brain_normal_or_nonspecific", "no lesion", Truth.TRUE, clean),
    *three("size_over_6mm", not_so_small, small_and_deep, of_unknown_size, Reason.SCALE_UNKNOWN),
    *three(
        "cortical_without_juxtacortical",
        along_the_ribbon,
        ribbon_and_white_matter,
        ribbon_not_registered,
        NO_MAP,
    ),
    SignPhantom("cortical_without_juxtacortical", "short", Truth.FALSE, short_ribbon),
)
