"""Signs that several lesions or two dates make, satellites, and the darkness of T1w."""

from __future__ import annotations

import numpy as np

from lesionaid.quantity import Reason
from lesionaid.study.scan import Contrast
from lesionaid.truth import Truth
from tests.signs.kit import PhantomStudy, SignPhantom, Spacing, ball, image, study

__all__ = ["PHANTOMS"]

RIGHT, LEFT = ((14.0, 16.0, 4.0), 8.0), ((-14.0, 16.0, 4.0), 7.0)

STEPS = ((0, -9, 0), (0, -9, 6), (4, -8, -6), (-3, -7, 9), (4, -4, 10), (-3, -11, -3))
"""Where the dots lie beside the main lesion, in mm from its centre."""


def two(spacing: Spacing, *hot: bool, prior: bool = False) -> PhantomStudy:
    """A lesion a side; `hot` says of each whether it takes up contrast."""
    right, left = ball(spacing, *RIGHT), ball(spacing, *LEFT)
    before = image(spacing, Contrast.T1W, (right | left, 80.0))
    gain = 50.0 * (right * hot[0] + left * hot[1])
    rng = np.random.default_rng(0)
    scans = {
        contrast: data + rng.normal(0.0, 1.5, before.shape)
        for contrast, data in ((Contrast.T1W, before), (Contrast.T1W_CE, before + gain))
    }
    return study(spacing, right | left, scans, prior=(right | left) if prior else None)


def one_hot(spacing: Spacing) -> PhantomStudy:
    return two(spacing, True, False)


def both_hot(spacing: Spacing) -> PhantomStudy:
    return two(spacing, True, True, prior=True)


def not_scanned(spacing: Spacing) -> PhantomStudy:
    return study(spacing, ball(spacing, *RIGHT) | ball(spacing, *LEFT))


def dark(spacing: Spacing, signal: float) -> PhantomStudy:
    lesion = ball(spacing, *RIGHT)
    t1w = image(spacing, Contrast.T1W, (lesion, signal), noise_sd=3.0)
    return study(spacing, lesion, {Contrast.T1W: t1w})


def of_80_percent(spacing: Spacing) -> PhantomStudy:
    return dark(spacing, 80.0)


def of_90_percent(spacing: Spacing) -> PhantomStudy:
    return dark(spacing, 90.0)


def main_with(spacing: Spacing, count: int) -> PhantomStudy:
    """A main lesion and some dots beside it."""
    centre = np.array((14.0, 4.0, 4.0))
    lesions = ball(spacing, centre, 5.5)
    for step in STEPS[:count]:
        lesions |= ball(spacing, centre + step, 1.4)
    return study(spacing, lesions)


def crowd(spacing: Spacing) -> PhantomStudy:
    return main_with(spacing, 6)


def pair(spacing: Spacing) -> PhantomStudy:
    return main_with(spacing, 2)


def crowd_without_a_brain(spacing: Spacing) -> PhantomStudy:
    drawn = crowd(spacing)
    return PhantomStudy(drawn.study, None, drawn.lesions)


PHANTOMS = (
    SignPhantom("enhancing_and_not_enhancing", "one of two", Truth.TRUE, one_hot),
    SignPhantom("enhancing_and_not_enhancing", "both", Truth.FALSE, both_hot),
    SignPhantom("enhancing_and_not_enhancing", "no contrast", Truth.UNKNOWN, not_scanned),
    SignPhantom("dissemination_in_time", "one of two enhances", Truth.TRUE, one_hot),
    SignPhantom("dissemination_in_time", "both, none new", Truth.FALSE, both_hot),
    SignPhantom("dissemination_in_time", "no contrast, no prior", Truth.UNKNOWN, not_scanned),
    SignPhantom("t1_hypointense", "a signal of 80", Truth.TRUE, of_80_percent),
    SignPhantom("t1_hypointense", "a signal of 90", Truth.FALSE, of_90_percent),
    SignPhantom(
        "t1_hypointense", "two, no T1w", Truth.UNKNOWN, not_scanned, reason=Reason.IMAGE_MISSING
    ),
    SignPhantom("punctate_satellites", "six dots in one crowd", Truth.TRUE, crowd, Truth.UNKNOWN),
    SignPhantom("punctate_satellites", "two dots and no crowd", Truth.FALSE, pair, Truth.UNKNOWN),
    SignPhantom("punctate_satellites", "a crowd, no brain", Truth.UNKNOWN, crowd_without_a_brain),
)
