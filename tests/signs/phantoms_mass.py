"""Phantoms of mass, oedema, atrophy, crescents, large and fading lesions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.map import PARTS, AnatomyMap
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
    image,
    positions,
    slab,
    study,
)
from tests.unit.anatomy_phantom import SITE

Mask = NDArray[np.bool_]

CENTRE = (14.0, 15.0, 0.0)
WIDTH_OF_SD = 2.5631031310892007


def white_about(spacing: Spacing, radius: float) -> Mask:
    return ball(spacing, CENTRE, radius) & (brain(spacing).sites == SITE["white_matter"])


def with_fluid(spacing: Spacing, where: Mask) -> AnatomyMap:
    sites = np.where(where, SITE["csf"], brain(spacing).sites).astype(np.uint8)
    return replace(brain(spacing), sites=sites)


# Halo


def haloed(spacing: Spacing, radius: float, halo: float) -> PhantomStudy:
    mask = ball(spacing, CENTRE, radius)
    about = white_about(spacing, radius + 6.0) & ~mask
    drawn = ((mask, 190.0), (about, 100.0 + halo))
    flair = image(spacing, Contrast.FLAIR, *drawn, noise_sd=4.0)
    return study(spacing, mask, {Contrast.FLAIR: flair})


def bright_halo(spacing: Spacing) -> PhantomStudy:
    return haloed(spacing, 7.0, 35.0)


def faint_halo(spacing: Spacing) -> PhantomStudy:
    return haloed(spacing, 7.0, 3.0)


def no_flair(spacing: Spacing) -> PhantomStudy:
    return study(spacing, ball(spacing, CENTRE, 7.0))


def mass_with_halo(spacing: Spacing) -> PhantomStudy:
    mask = ellipsoid(spacing, (14.0, 10.0, 0.0), (7.0, 13.0, 9.0))
    about = ellipsoid(spacing, (14.0, 10.0, 0.0), (13.0, 19.0, 15.0)) & ~mask
    about &= brain(spacing).sites == SITE["white_matter"]
    flair = image(spacing, Contrast.FLAIR, (mask, 190.0), (about, 135.0), noise_sd=4.0)
    return study(spacing, mask, {Contrast.FLAIR: flair})


def mass_without_halo(spacing: Spacing) -> PhantomStudy:
    mask = ellipsoid(spacing, (14.0, 10.0, 0.0), (7.0, 13.0, 9.0))
    flair = image(spacing, Contrast.FLAIR, (mask, 190.0), noise_sd=4.0)
    return study(spacing, mask, {Contrast.FLAIR: flair})


# Fluid beside the lesion


def effaced(spacing: Spacing) -> PhantomStudy:
    across = white_about(spacing, 15.0)[::-1]
    return study(spacing, ball(spacing, CENTRE, 7.0), anatomy=with_fluid(spacing, across))


def too_small_to_push(spacing: Spacing) -> PhantomStudy:
    across = white_about(spacing, 15.0)[::-1]
    return study(spacing, ball(spacing, CENTRE, 5.0), anatomy=with_fluid(spacing, across))


def emptied(spacing: Spacing) -> PhantomStudy:
    here = white_about(spacing, 15.0)
    return study(spacing, ball(spacing, CENTRE, 7.0), anatomy=with_fluid(spacing, here))


def nowhere(spacing: Spacing) -> PhantomStudy:
    return study(spacing, ball(spacing, CENTRE, 7.0), anatomy=None)


# Shape and size


def bent(spacing: Spacing, low: float, high: float, **more: object) -> PhantomStudy:
    """Half of a flat ring about the z axis."""
    at = positions(spacing)
    across = np.hypot(at[..., 0], at[..., 1])
    inside = (across > 10.0) & (across < 17.0) & (at[..., 1] > 0)
    return study(spacing, inside & (at[..., 2] > low) & (at[..., 2] < high), **more)  # type: ignore[arg-type]


def cerebellar_bend(spacing: Spacing) -> PhantomStudy:
    return bent(spacing, -29.0, -23.0)


def cerebral_bend(spacing: Spacing) -> PhantomStudy:
    return bent(spacing, -3.0, 3.0)


def bent_nowhere(spacing: Spacing) -> PhantomStudy:
    return bent(spacing, -29.0, -23.0, anatomy=None)


def cerebellar_rod(spacing: Spacing) -> PhantomStudy:
    return study(spacing, slab(spacing, (-14, 4, -29), (14, 9, -23)))


def plain(spacing: Spacing) -> PhantomStudy:
    return study(spacing, ball(spacing, CENTRE, 7.0))


def few_voxels(spacing: Spacing) -> PhantomStudy:
    return study(spacing, ball(spacing, CENTRE, 2.0))


def large(spacing: Spacing) -> PhantomStudy:
    return study(spacing, ellipsoid(spacing, (16.0, 0.0, -2.0), (7.0, 19.0, 11.0)))


def large_at_ventricle(spacing: Spacing) -> PhantomStudy:
    return study(spacing, ellipsoid(spacing, (8.0, 0.0, -2.0), (7.0, 19.0, 11.0)))


def large_without_scale(spacing: Spacing) -> PhantomStudy:
    mask = ellipsoid(spacing, (16.0, 0.0, -2.0), (7.0, 19.0, 11.0))
    return study(spacing, mask, space="mni")


# Fading lesions


def fading(
    spacing: Spacing, width: float, centres: tuple[tuple[float, float, float], ...], **more: object
) -> PhantomStudy:
    """Balls of 7.5 mm radius whose borders are `width` mm wide, in even tissue."""
    from scipy.special import ndtr

    away = np.min(
        [np.linalg.norm(positions(spacing) - np.asarray(at), axis=-1) for at in centres], axis=0
    )
    tissue = np.clip(image(spacing, Contrast.FLAIR), None, 100.0)
    noise = np.random.default_rng(1).normal(0.0, 3.0, away.shape)
    lesion = 90.0 * ndtr((7.5 - away) * WIDTH_OF_SD / width)
    flair = tissue + lesion * (tissue > 50.0) + noise
    return study(spacing, away <= 7.5, {Contrast.FLAIR: flair}, **more)  # type: ignore[arg-type]


def all_pons(spacing: Spacing) -> AnatomyMap:
    white = brain(spacing).sites == SITE["white_matter"]
    sites = np.where(white, SITE["brainstem"], brain(spacing).sites).astype(np.uint8)
    pons = next(code for code, name in PARTS.items() if name == "pons")
    parts = np.where(white, pons, brain(spacing).parts).astype(np.uint8)
    return replace(brain(spacing), sites=sites, parts=parts)


ONE = ((14.0, 17.0, 0.0),)
THREE = ((14.0, 17.0, 0.0), (14.0, -17.0, 0.0), (-14.0, 17.0, 0.0))


def fading_in_pons(spacing: Spacing) -> PhantomStudy:
    return fading(spacing, 5.5, ONE, anatomy=all_pons(spacing))


def crisp_in_pons(spacing: Spacing) -> PhantomStudy:
    return fading(spacing, 2.0, ONE, anatomy=all_pons(spacing))


def pons_without_flair(spacing: Spacing) -> PhantomStudy:
    return study(spacing, ball(spacing, ONE[0], 7.5), anatomy=all_pons(spacing))


def three_fading(spacing: Spacing) -> PhantomStudy:
    return fading(spacing, 5.5, THREE)


def three_crisp(spacing: Spacing) -> PhantomStudy:
    return fading(spacing, 2.0, THREE)


def three_without_flair(spacing: Spacing) -> PhantomStudy:
    mask = np.any([ball(spacing, at, 7.5) for at in THREE], axis=0)
    return study(spacing, mask)


def in_pons(sign: str) -> tuple[SignPhantom, ...]:
    image_missing = Reason.IMAGE_MISSING
    return (
        SignPhantom(sign, "5.5 mm wide", Truth.TRUE, fading_in_pons),
        SignPhantom(sign, "2 mm wide", Truth.FALSE, crisp_in_pons),
        SignPhantom(sign, "no FLAIR", Truth.UNKNOWN, pons_without_flair, reason=image_missing),
    )


PHANTOMS = (
    SignPhantom("oedema", "bright halo", Truth.TRUE, bright_halo),
    SignPhantom("oedema", "halo within the noise", Truth.FALSE, faint_halo),
    SignPhantom("oedema", "no FLAIR", Truth.UNKNOWN, no_flair, reason=Reason.IMAGE_MISSING),
    SignPhantom("mass_effect", "fluid gone on its side", Truth.TRUE, effaced),
    SignPhantom("mass_effect", "half a millilitre", Truth.FALSE, too_small_to_push),
    SignPhantom("mass_effect", "no anatomy", Truth.UNKNOWN, nowhere, reason=Reason.ANATOMY_MISSING),
    SignPhantom("atrophy", "fluid about it", Truth.TRUE, emptied),
    SignPhantom("atrophy", "sides alike", Truth.FALSE, plain),
    SignPhantom("atrophy", "no anatomy", Truth.UNKNOWN, nowhere, reason=Reason.ANATOMY_MISSING),
    SignPhantom("tumefactive", "26 mm with a halo", Truth.TRUE, mass_with_halo),
    SignPhantom("tumefactive", "14 mm with a halo", Truth.FALSE, bright_halo),
    SignPhantom("tumefactive", "26 mm, no contrast given", Truth.UNKNOWN, mass_without_halo),
    SignPhantom("irregular_border", "half a ring", Truth.TRUE, cerebral_bend),
    SignPhantom("irregular_border", "a ball", Truth.FALSE, plain),
    SignPhantom(
        "irregular_border",
        "a dot",
        Truth.UNKNOWN,
        few_voxels,
        reason=Reason.TOO_FEW_VOXELS,
    ),
    SignPhantom("cerebellar_crescent", "half a ring", Truth.TRUE, cerebellar_bend),
    SignPhantom("cerebellar_crescent", "a rod", Truth.FALSE, cerebellar_rod),
    SignPhantom("cerebellar_crescent", "half a ring in the cerebrum", Truth.FALSE, cerebral_bend),
    SignPhantom(
        "cerebellar_crescent",
        "bent, place not known",
        Truth.UNKNOWN,
        bent_nowhere,
        reason=Reason.ANATOMY_MISSING,
    ),
    SignPhantom("large_hemispheric_lesion", "38 mm", Truth.TRUE, large),
    SignPhantom("large_hemispheric_lesion", "38 mm on the wall", Truth.FALSE, large_at_ventricle),
    SignPhantom(
        "large_hemispheric_lesion",
        "no scale",
        Truth.UNKNOWN,
        large_without_scale,
        reason=Reason.SCALE_UNKNOWN,
    ),
    *in_pons("fluffy_infratentorial"),
    *in_pons("ill_defined_brainstem_peduncle"),
    SignPhantom("ill_defined_white_matter_lesions", "three, wide", Truth.TRUE, three_fading),
    SignPhantom("ill_defined_white_matter_lesions", "three, crisp", Truth.FALSE, three_crisp),
    SignPhantom(
        "ill_defined_white_matter_lesions",
        "no FLAIR",
        Truth.UNKNOWN,
        three_without_flair,
        reason=Reason.IMAGE_MISSING,
    ),
)
