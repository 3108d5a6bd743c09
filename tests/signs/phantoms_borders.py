"""Phantoms of borders: lesions whose edge is blurred by a known width, wholly or on one side."""

from __future__ import annotations

import numpy as np

from lesionaid.quantity import Reason
from lesionaid.study.scan import Contrast
from lesionaid.truth import Truth
from tests.signs.kit import PhantomStudy, SignPhantom, Spacing, image, positions, study

RADIUS = 7.5
DEEP, AT_CORTEX = (14.0, 17.0, 0.0), (18.0, 17.0, 0.0)
WIDTH_OF_SD = 2.5631031310892007


def half_plane_ball(
    spacing: Spacing, centre: tuple[float, float, float], widths: tuple[float, float]
) -> PhantomStudy:
    """A bright ball with one border width for y above its centre, and another below."""
    from scipy.special import ndtr

    offset = positions(spacing) - np.asarray(centre)
    radius = np.linalg.norm(offset, axis=-1)
    width = np.where(offset[..., 1] > 0, *widths)
    share = ndtr((RADIUS - radius) * WIDTH_OF_SD / width)
    # Grey and white matter alike: only the lesion has an edge, as in heavily T2-weighted FLAIR.
    tissue = np.clip(image(spacing, Contrast.FLAIR), None, 100.0)
    noise = np.random.default_rng(1).normal(0.0, 3.0, radius.shape)
    flair = tissue + 90.0 * share * (tissue > 50.0) + noise
    return study(spacing, radius <= RADIUS, {Contrast.FLAIR: flair})


def crisp(spacing: Spacing) -> PhantomStudy:
    return half_plane_ball(spacing, DEEP, (1.0, 1.0))


def just_crisp(spacing: Spacing) -> PhantomStudy:
    return half_plane_ball(spacing, DEEP, (2.5, 2.5))


def fading(spacing: Spacing) -> PhantomStudy:
    return half_plane_ball(spacing, DEEP, (5.5, 5.5))


def half_fading(spacing: Spacing) -> PhantomStudy:
    return half_plane_ball(spacing, DEEP, (1.0, 7.0))


def crisp_at_cortex(spacing: Spacing) -> PhantomStudy:
    return half_plane_ball(spacing, AT_CORTEX, (1.0, 1.0))


def fading_at_cortex(spacing: Spacing) -> PhantomStudy:
    return half_plane_ball(spacing, AT_CORTEX, (5.5, 5.5))


def too_small(spacing: Spacing) -> PhantomStudy:
    mask = np.linalg.norm(positions(spacing) - np.asarray(DEEP), axis=-1) <= 2.0
    return study(
        spacing, mask, {Contrast.FLAIR: image(spacing, Contrast.FLAIR, (mask, 180.0), noise_sd=3.0)}
    )


def no_contrast(spacing: Spacing) -> PhantomStudy:
    mask = np.linalg.norm(positions(spacing) - np.asarray(DEEP), axis=-1) <= RADIUS
    flair = image(spacing, Contrast.FLAIR, (mask, 101.0), noise_sd=5.0)
    return study(spacing, mask, {Contrast.FLAIR: flair})


def no_flair(spacing: Spacing) -> PhantomStudy:
    return study(spacing, np.linalg.norm(positions(spacing), axis=-1) <= RADIUS)


PHANTOMS: tuple[SignPhantom, ...] = (
    SignPhantom("sharp_border", "1 mm wide", Truth.TRUE, crisp),
    SignPhantom("sharp_border", "2.5 mm wide", Truth.TRUE, just_crisp),
    SignPhantom("sharp_border", "5.5 mm wide", Truth.FALSE, fading),
    SignPhantom("sharp_border", "wide on one half", Truth.UNKNOWN, half_fading),
    SignPhantom(
        "sharp_border", "4 mm ball", Truth.UNKNOWN, too_small, reason=Reason.TOO_FEW_VOXELS
    ),
    SignPhantom("ill_defined_border", "5.5 mm wide", Truth.TRUE, fading),
    SignPhantom("ill_defined_border", "2.5 mm wide", Truth.FALSE, just_crisp),
    SignPhantom(
        "ill_defined_border", "no edge", Truth.UNKNOWN, no_contrast, reason=Reason.BELOW_NOISE
    ),
    SignPhantom("border_white_matter_ill_defined", "5.5 mm wide", Truth.TRUE, fading),
    SignPhantom("border_white_matter_ill_defined", "2.5 mm wide", Truth.FALSE, just_crisp),
    SignPhantom(
        "border_white_matter_ill_defined",
        "no FLAIR",
        Truth.UNKNOWN,
        no_flair,
        reason=Reason.IMAGE_MISSING,
    ),
    SignPhantom("border_grey_matter_ill_defined", "5.5 mm", Truth.TRUE, fading_at_cortex),
    SignPhantom("border_grey_matter_ill_defined", "1 mm", Truth.FALSE, crisp_at_cortex),
    SignPhantom(
        "border_grey_matter_ill_defined",
        "away from grey matter",
        Truth.UNKNOWN,
        fading,
        reason=Reason.TOO_FEW_VOXELS,
    ),
    SignPhantom("border_grey_matter_sharp", "1 mm", Truth.TRUE, crisp_at_cortex),
    SignPhantom("border_grey_matter_sharp", "5.5 mm", Truth.FALSE, fading_at_cortex),
    SignPhantom(
        "border_grey_matter_sharp",
        "away from grey matter",
        Truth.UNKNOWN,
        crisp,
        reason=Reason.TOO_FEW_VOXELS,
    ),
)
