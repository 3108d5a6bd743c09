"""Phantoms of size, extent, place and parts: the signs that a mask and a brain suffice for."""

from __future__ import annotations

from lesionaid.quantity import Reason
from lesionaid.study.scan import Contrast
from lesionaid.truth import Truth
from tests.signs.kit import PhantomStudy, SignPhantom, Spacing, ball, image, study

LESION = ((14, 14, 0), 6.0)


def lesion_of_signal(spacing: Spacing, signal: float) -> PhantomStudy:
    mask = ball(spacing, *LESION)
    t1w = image(spacing, Contrast.T1W, (mask, signal), noise_sd=3.0)
    return study(spacing, mask, {Contrast.T1W: t1w})


def dark(spacing: Spacing) -> PhantomStudy:
    return lesion_of_signal(spacing, 80.0)


def just_not_dark(spacing: Spacing) -> PhantomStudy:
    return lesion_of_signal(spacing, 88.0)


def no_t1w(spacing: Spacing) -> PhantomStudy:
    return study(spacing, ball(spacing, *LESION))


PHANTOMS = (
    SignPhantom("t1_hypointense", "dark", Truth.TRUE, dark),
    SignPhantom("t1_hypointense", "just not dark", Truth.FALSE, just_not_dark),
    SignPhantom("t1_hypointense", "no T1w", Truth.UNKNOWN, no_t1w, reason=Reason.IMAGE_MISSING),
)
