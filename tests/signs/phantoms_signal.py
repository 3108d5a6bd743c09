"""Phantoms of signal: darkness on T1, evenness, fluid and rings on T2, diffusion."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.map import SITES
from lesionaid.quantity import Reason
from lesionaid.study.scan import Contrast
from lesionaid.truth import Truth
from tests.signs.kit import (
    PhantomStudy,
    SignPhantom,
    Spacing,
    ball,
    brain,
    image,
    positions,
    study,
)

CENTRE = (14.0, 14.0, 0.0)
ON_SLICE = (14.0, 14.0, 1.5)
"""In the middle of a slice of either spacing, so that a ball is as deep as it is drawn."""
NOISE = 3.0
SEEDS = {contrast: number for number, contrast in enumerate(Contrast)}

FLUID = tuple(code for code, name in SITES.items() if name in ("csf", "lateral_ventricle"))
CORTEX = tuple(code for code, name in SITES.items() if name == "cortex")
T2W_FLUID, FLAIR_FLUID, T1W_FLUID = 320.0, 20.0, 30.0
BRIGHT = 160.0

Drawn = tuple[NDArray[np.bool_], float]
Images = Mapping[Contrast, NDArray[np.float64]]


def scan(spacing: Spacing, contrast: Contrast, *drawn: Drawn) -> NDArray[np.float64]:
    """White matter of 100 with noise of 3; fluid and cortex as the contrast has them."""
    tissues: tuple[Drawn, ...] = ()
    if contrast is Contrast.T2W:
        sites = brain(spacing).sites
        tissues = ((np.isin(sites, FLUID), T2W_FLUID), (np.isin(sites, CORTEX), 130.0))
    return image(spacing, contrast, *tissues, *drawn, noise_sd=NOISE, seed=SEEDS[contrast])


def adc_map(spacing: Spacing, *drawn: Drawn) -> NDArray[np.float64]:
    """ADC in 10-3 mm2/s, white matter 0.8."""
    scaled = tuple((mask, value / 0.008) for mask, value in drawn)
    return 0.008 * image(spacing, Contrast.ADC, *scaled, noise_sd=NOISE, seed=SEEDS[Contrast.ADC])


def beside(spacing: Spacing, dx: float, dy: float, dz: float, radius: float) -> NDArray[np.bool_]:
    """A ball off the lesion's centre."""
    return ball(spacing, (CENTRE[0] + dx, CENTRE[1] + dy, CENTRE[2] + dz), radius)


def shells(spacing: Spacing, radius: float, *bands: tuple[float, float, float]) -> list[Drawn]:
    """Bands of a ball: from and to a depth in mm, and their signal."""
    r = np.linalg.norm(positions(spacing) - np.asarray(CENTRE), axis=-1)
    return [
        ((radius - deep < r) & (r <= radius - shallow), signal) for shallow, deep, signal in bands
    ]


# Darkness on T1: white matter 100, cortex 75, fluid 30


def on_t1(spacing: Spacing, signal: float) -> PhantomStudy:
    mask = ball(spacing, CENTRE, 7.0)
    return study(spacing, mask, {Contrast.T1W: scan(spacing, Contrast.T1W, (mask, signal))})


def as_dark_as_cortex(spacing: Spacing) -> PhantomStudy:
    return on_t1(spacing, 72.0)


def as_dark_as_fluid(spacing: Spacing) -> PhantomStudy:
    return on_t1(spacing, 35.0)


def dark_and_brighter_than_cortex(spacing: Spacing) -> PhantomStudy:
    return on_t1(spacing, 79.0)


# Evenness on T2


def of_spread(spacing: Spacing, spread: float) -> PhantomStudy:
    mask = ball(spacing, CENTRE, 7.0)
    t2w = scan(spacing, Contrast.T2W, (mask, BRIGHT))
    t2w[mask] += np.random.default_rng(11).normal(0.0, spread, int(mask.sum()))
    flair = scan(spacing, Contrast.FLAIR, (mask, BRIGHT))
    return study(spacing, mask, {Contrast.T2W: t2w, Contrast.FLAIR: flair})


def mottled(spacing: Spacing) -> PhantomStudy:
    return of_spread(spacing, 30.0)


def even(spacing: Spacing) -> PhantomStudy:
    return of_spread(spacing, 18.0)


def without_scans(spacing: Spacing) -> PhantomStudy:
    return study(spacing, ball(spacing, CENTRE, 9.0))


# Fluid


def with_holes(spacing: Spacing, *holes: NDArray[np.bool_]) -> PhantomStudy:
    mask = ball(spacing, CENTRE, 8.0)
    fluid = np.logical_or.reduce(holes) if holes else np.zeros_like(mask)
    images = {
        Contrast.T2W: scan(spacing, Contrast.T2W, (mask, BRIGHT), (fluid, T2W_FLUID)),
        Contrast.FLAIR: scan(spacing, Contrast.FLAIR, (mask, BRIGHT), (fluid, FLAIR_FLUID)),
        Contrast.T1W: scan(spacing, Contrast.T1W, (mask, 80.0), (fluid, T1W_FLUID)),
    }
    return study(spacing, mask, images)


def three_microcysts(spacing: Spacing) -> PhantomStudy:
    places = ((4.0, 0.0, 0.5), (-4.0, 0.0, 0.5), (0.0, 4.0, 0.5))
    return with_holes(spacing, *(beside(spacing, *place, 1.2) for place in places))


def two_microcysts_and_one_open(spacing: Spacing) -> PhantomStudy:
    closed = [beside(spacing, x, 0.0, 0.5, 1.2) for x in (4.0, -4.0)]
    return with_holes(spacing, *closed, beside(spacing, 0.0, 7.8, 0.5, 1.2))


def three_open_microcysts(spacing: Spacing) -> PhantomStudy:
    places = ((7.8, 0.0, 0.5), (-7.8, 0.0, 0.5), (0.0, 7.8, 0.5))
    return with_holes(spacing, *(beside(spacing, *place, 1.2) for place in places))


def cavity(spacing: Spacing) -> PhantomStudy:
    return with_holes(spacing, ball(spacing, CENTRE, 3.0))


def small_cavity(spacing: Spacing) -> PhantomStudy:
    return with_holes(spacing, beside(spacing, 0.0, 0.0, 1.5, 2.1))


# Rings and mismatch on T2


def banded(spacing: Spacing, *bands: tuple[float, float, float]) -> PhantomStudy:
    mask = ball(spacing, CENTRE, 9.0)
    t2w = scan(spacing, Contrast.T2W, (mask, BRIGHT), *shells(spacing, 9.0, *bands))
    return study(spacing, mask, {Contrast.T2W: t2w})


def two_dark_bands(spacing: Spacing) -> PhantomStudy:
    return banded(spacing, (2.0, 4.0, 110.0), (6.0, 7.5, 110.0))


def one_dark_band(spacing: Spacing) -> PhantomStudy:
    return banded(spacing, (3.0, 5.0, 110.0))


def dark_rim(spacing: Spacing, share: float) -> PhantomStudy:
    mask = ball(spacing, CENTRE, 7.0)
    line = ball(spacing, CENTRE, 8.5) & ~mask
    # By height on a sphere, areas are proportional to heights.
    height = (positions(spacing)[..., 1] - CENTRE[1]) / 8.5
    line &= height <= 2 * share - 1
    t2w = scan(spacing, Contrast.T2W, (mask, BRIGHT), (line, 70.0))
    return study(spacing, mask, {Contrast.T2W: t2w})


def whole_dark_rim(spacing: Spacing) -> PhantomStudy:
    return dark_rim(spacing, 1.0)


def third_of_a_dark_rim(spacing: Spacing) -> PhantomStudy:
    return dark_rim(spacing, 0.3)


def core_on_flair(spacing: Spacing, signal: float) -> PhantomStudy:
    mask = ball(spacing, CENTRE, 8.0)
    images = {
        Contrast.T2W: scan(spacing, Contrast.T2W, (mask, BRIGHT)),
        Contrast.FLAIR: scan(
            spacing, Contrast.FLAIR, (mask, BRIGHT), (ball(spacing, CENTRE, 5.5), signal)
        ),
    }
    return study(spacing, mask, images)


def core_suppressed(spacing: Spacing) -> PhantomStudy:
    return core_on_flair(spacing, 110.0)


def core_dimmer(spacing: Spacing) -> PhantomStudy:
    return core_on_flair(spacing, 145.0)


# Diffusion


def on_dwi(spacing: Spacing, radius: float, rim: float, core: float) -> PhantomStudy:
    mask, inner = ball(spacing, ON_SLICE, radius), ball(spacing, ON_SLICE, radius - 4.0)
    dwi = scan(spacing, Contrast.DWI, (mask, rim), (inner, core))
    return study(spacing, mask, {Contrast.DWI: dwi})


def bright_rim(spacing: Spacing) -> PhantomStudy:
    return on_dwi(spacing, 9.0, 160.0, 90.0)


def rim_round_a_black_core(spacing: Spacing) -> PhantomStudy:
    return on_dwi(spacing, 9.0, 115.0, 10.0)


def rim_hardly_brighter(spacing: Spacing) -> PhantomStudy:
    return on_dwi(spacing, 9.0, 160.0, 140.0)


def rim_of_a_small_lesion(spacing: Spacing) -> PhantomStudy:
    return on_dwi(spacing, 6.0, 160.0, 90.0)


def rim_on_one_side(spacing: Spacing) -> PhantomStudy:
    mask, inner = ball(spacing, ON_SLICE, 9.0), ball(spacing, ON_SLICE, 5.0)
    side = mask & ~inner & (positions(spacing)[..., 1] > CENTRE[1] + 3.0)
    dwi = scan(spacing, Contrast.DWI, (mask, 110.0), (side, 190.0))
    return study(spacing, mask, {Contrast.DWI: dwi})


def all_as_white_matter(spacing: Spacing) -> PhantomStudy:
    return on_dwi(spacing, 9.0, 104.0, 104.0)


def of_adc(spacing: Spacing, adc: float | None) -> PhantomStudy:
    mask = ball(spacing, CENTRE, 7.0)
    images = {Contrast.DWI: scan(spacing, Contrast.DWI, (mask, 150.0))}
    if adc is not None:
        images[Contrast.ADC] = adc_map(spacing, (mask, adc))
    return study(spacing, mask, images)


def restricted(spacing: Spacing) -> PhantomStudy:
    return of_adc(spacing, 0.55)


def shine_through(spacing: Spacing) -> PhantomStudy:
    return of_adc(spacing, 0.75)


def without_adc(spacing: Spacing) -> PhantomStudy:
    return of_adc(spacing, None)


def with_dots(spacing: Spacing, count: int) -> PhantomStudy:
    mask = ball(spacing, CENTRE, 6.0)
    places = ((0.0, 0.0, 10.5), (0.0, 0.0, -10.5), (0.0, 9.0, 1.5))[:count]
    dots = np.logical_or.reduce([beside(spacing, *place, 1.3) for place in places])
    dwi = scan(spacing, Contrast.DWI, (mask, 130.0), (dots, 160.0))
    return study(spacing, mask, {Contrast.DWI: dwi})


def three_dots(spacing: Spacing) -> PhantomStudy:
    return with_dots(spacing, 3)


def two_dots(spacing: Spacing) -> PhantomStudy:
    return with_dots(spacing, 2)


def _phantom(
    sign: str,
    expect: Truth,
    build: Callable[[Spacing], PhantomStudy],
    *,
    thick: Truth | None = None,
    reason: Reason | None = None,
) -> SignPhantom:
    return SignPhantom(
        sign, build.__name__.replace("_", " "), expect, build, thick=thick, reason=reason
    )


MISSING = Reason.IMAGE_MISSING
UNSEEN = {"thick": Truth.UNKNOWN, "reason": Reason.LOW_RESOLUTION}

PHANTOMS = (
    _phantom("t1_black_hole", Truth.TRUE, as_dark_as_cortex),
    _phantom("t1_black_hole", Truth.TRUE, as_dark_as_fluid),
    _phantom("t1_black_hole", Truth.FALSE, dark_and_brighter_than_cortex),
    _phantom("t1_black_hole", Truth.UNKNOWN, without_scans, reason=MISSING),
    _phantom("t1_hypointense", Truth.TRUE, dark_and_brighter_than_cortex),
    _phantom("t2_heterogeneous", Truth.TRUE, mottled),
    _phantom("t2_heterogeneous", Truth.FALSE, even, **UNSEEN),
    _phantom("t2_heterogeneous", Truth.UNKNOWN, without_scans, reason=MISSING),
    _phantom("microcyst", Truth.TRUE, three_microcysts, **UNSEEN),
    _phantom("microcyst", Truth.FALSE, three_open_microcysts, **UNSEEN),
    _phantom("microcyst", Truth.FALSE, even, **UNSEEN),
    _phantom("microcyst", Truth.UNKNOWN, two_microcysts_and_one_open),
    _phantom("microcyst", Truth.UNKNOWN, without_scans, reason=MISSING),
    _phantom("necrotic_or_cavitary", Truth.TRUE, cavity),
    _phantom("necrotic_or_cavitary", Truth.FALSE, small_cavity),
    _phantom("necrotic_or_cavitary", Truth.UNKNOWN, even, reason=MISSING),
    _phantom("concentric_rings", Truth.TRUE, two_dark_bands, **UNSEEN),
    _phantom("concentric_rings", Truth.FALSE, one_dark_band, **UNSEEN),
    _phantom("concentric_rings", Truth.UNKNOWN, mottled, thick=Truth.UNKNOWN),
    _phantom("t2_hypointense_rim", Truth.TRUE, whole_dark_rim),
    _phantom("t2_hypointense_rim", Truth.FALSE, third_of_a_dark_rim),
    _phantom("t2_hypointense_rim", Truth.UNKNOWN, without_scans, reason=MISSING),
    _phantom("t2_flair_mismatch", Truth.TRUE, core_suppressed),
    _phantom("t2_flair_mismatch", Truth.FALSE, core_dimmer),
    _phantom("t2_flair_mismatch", Truth.UNKNOWN, two_dark_bands, reason=MISSING),
    _phantom("dwi_hyperintense", Truth.TRUE, bright_rim),
    _phantom("dwi_hyperintense", Truth.TRUE, rim_round_a_black_core),
    _phantom("dwi_hyperintense", Truth.FALSE, all_as_white_matter),
    _phantom("dwi_hyperintense", Truth.UNKNOWN, without_scans, reason=MISSING),
    _phantom("dwi_rim", Truth.TRUE, bright_rim),
    _phantom("dwi_rim", Truth.TRUE, rim_round_a_black_core),
    _phantom("dwi_rim", Truth.FALSE, rim_hardly_brighter),
    _phantom("dwi_rim", Truth.FALSE, rim_on_one_side),
    _phantom("dwi_rim", Truth.UNKNOWN, rim_of_a_small_lesion, reason=Reason.TOO_FEW_VOXELS),
    _phantom("restricted_diffusion", Truth.TRUE, restricted),
    _phantom("restricted_diffusion", Truth.FALSE, shine_through),
    _phantom("restricted_diffusion", Truth.UNKNOWN, without_adc, reason=MISSING),
    _phantom("dwi_punctate", Truth.TRUE, three_dots),
    _phantom("dwi_punctate", Truth.FALSE, two_dots),
    _phantom("dwi_punctate", Truth.UNKNOWN, without_scans, reason=MISSING),
)
