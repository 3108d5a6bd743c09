"""Phantoms of size, extent, number, place, parts and change: a mask and a brain suffice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from lesionaid.quantity import Reason
from lesionaid.truth import Truth
from tests.signs.kit import (
    PhantomStudy,
    SignPhantom,
    Spacing,
    ball,
    brain,
    ellipsoid,
    grid,
    slab,
    study,
)
from tests.unit.anatomy_phantom import LOBE
from tests.unit.test_parts import PLACES

Corners = tuple[tuple[float, float, float], tuple[float, float, float]]

AT_THE_WALL: Corners = ((4, -3, -6), (10, 3, 6))
OFF_THE_WALL: Corners = ((6, -3, -6), (12, 3, 6))
UNDER_CORTEX: Corners = ((18, 8, -5), (24, 22, 5))
OFF_THE_CORTEX: Corners = ((14, 8, -5), (22, 22, 5))
DEEP: Corners = ((9, 8, -5), (18, 18, 5))
IN_CORTEX: Corners = ((21, 8, -5), (27, 16, 5))
BAND_UNDER_CORTEX: Corners = ((21, 8, -5), (24, 22, 5))
SMALL_UNDER_CORTEX: Corners = ((22, 9, -1.5), (24, 14, 1.5))
CALLOSAL: Corners = ((-3, -6, 18), (3, 6, 24))
CEREBELLAR: Corners = ((8, 11, -28), (14, 17, -22))
OVER_THE_TENTORIUM: Corners = ((5, 18, -21), (11, 26, -12))
IN_BRAINSTEM: Corners = ((5, -4, -28), (9, 4, -22))
IN_DEEP_GREY: Corners = ((8, -6, -6), (14, 0, 6))
BESIDE_DEEP_GREY: Corners = ((15, -4, -6), (19, 4, 6))
FRONTAL_RIGHT: Corners = ((10, 8, -3), (20, 16, 9))
FRONTAL_LEFT: Corners = ((-20, 8, -3), (-10, 16, 9))
PARIETAL_RIGHT: Corners = ((10, -16, -3), (20, -8, 9))
TEMPORAL: Corners = ((14, -24, -18), (20, -18, -9))

Build = Callable[[Spacing], PhantomStudy]

_BOXES: dict[Corners, Build] = {}


def box(corners: Corners) -> Build:
    """A study with one lesion between two corners; the same function for the same corners."""

    def boxed(spacing: Spacing) -> PhantomStudy:
        return study(spacing, slab(spacing, *corners))

    return _BOXES.setdefault(corners, boxed)


def not_registered(spacing: Spacing) -> PhantomStudy:
    return study(spacing, slab(spacing, *DEEP), anatomy=None)


def placed(sign: str, there: Corners, beside: Corners) -> tuple[SignPhantom, ...]:
    """A sign of place: a lesion that has it, its neighbour, and one in an unknown place."""
    return (
        SignPhantom(sign, "there", Truth.TRUE, box(there)),
        SignPhantom(sign, "just beside", Truth.FALSE, box(beside)),
        SignPhantom(
            sign, "no anatomy", Truth.UNKNOWN, not_registered, reason=Reason.ANATOMY_MISSING
        ),
    )


IN_SITES = (
    ("touches_periventricular", AT_THE_WALL, OFF_THE_WALL),
    ("periventricular", AT_THE_WALL, OFF_THE_WALL),
    ("touches_juxtacortical", UNDER_CORTEX, OFF_THE_CORTEX),
    ("juxtacortical_ufibre", BAND_UNDER_CORTEX, SMALL_UNDER_CORTEX),
    ("juxtacortical_or_cortical", UNDER_CORTEX, DEEP),
    ("subcortical", OFF_THE_CORTEX, DEEP),
    ("deep_wm", DEEP, OFF_THE_CORTEX),
    ("cortical_gm", IN_CORTEX, UNDER_CORTEX),
    ("touches_cortical", IN_CORTEX, UNDER_CORTEX),
    ("corpus_callosum", CALLOSAL, AT_THE_WALL),
    ("touches_callosal", CALLOSAL, AT_THE_WALL),
    ("infratentorial", CEREBELLAR, OVER_THE_TENTORIUM),
    ("touches_infratentorial", CEREBELLAR, OVER_THE_TENTORIUM),
    ("cerebellum", CEREBELLAR, OVER_THE_TENTORIUM),
    ("brainstem", IN_BRAINSTEM, CEREBELLAR),
    ("deep_gm", IN_DEEP_GREY, BESIDE_DEEP_GREY),
    ("touches_deep_gray_matter", IN_DEEP_GREY, BESIDE_DEEP_GREY),
    ("lobe_frontal", FRONTAL_RIGHT, PARIETAL_RIGHT),
    ("lobe_parietal", PARIETAL_RIGHT, FRONTAL_RIGHT),
    ("lobe_temporal", TEMPORAL, PARIETAL_RIGHT),
    ("hemisphere_left", FRONTAL_LEFT, FRONTAL_RIGHT),
    ("hemisphere_right", FRONTAL_RIGHT, FRONTAL_LEFT),
    ("supratentorial", FRONTAL_RIGHT, CEREBELLAR),
)


# Lobes that the brain of boxes lacks


def other_lobes(spacing: Spacing, name: str) -> PhantomStudy:
    """The parietal box, in another lobe."""
    anatomy, lesion = brain(spacing), slab(spacing, *PARIETAL_RIGHT)
    lobes = np.where(lesion, LOBE[name], anatomy.lobes).astype(np.uint8)
    return study(spacing, lesion, anatomy=replace(anatomy, lobes=lobes))


def occipital(spacing: Spacing) -> PhantomStudy:
    return other_lobes(spacing, "occipital_right")


def insular(spacing: Spacing) -> PhantomStudy:
    return other_lobes(spacing, "insula_right")


LOBES = tuple(
    phantom
    for sign, there in (("lobe_occipital", occipital), ("lobe_insula", insular))
    for phantom in (
        SignPhantom(sign, "there", Truth.TRUE, there),
        *placed(sign, PARIETAL_RIGHT, PARIETAL_RIGHT)[1:],
    )
)


# Sides and number


def one(spacing: Spacing) -> PhantomStudy:
    return study(spacing, ball(spacing, (14, 8, 0), 4))


def mirrored(spacing: Spacing) -> PhantomStudy:
    return study(spacing, ball(spacing, (14, 8, 0), 4) | ball(spacing, (-14, 8, 0), 4))


def two_apart(spacing: Spacing) -> PhantomStudy:
    return study(spacing, ball(spacing, (14, 10, 0), 4) | ball(spacing, (14, -10, 12), 4))


def not_mirrored(spacing: Spacing) -> PhantomStudy:
    return study(spacing, ball(spacing, (14, 10, 0), 4) | ball(spacing, (-14, -10, 12), 4))


def no_midline(spacing: Spacing) -> PhantomStudy:
    unmapped = replace(brain(spacing), mni_mm=None)
    return replace(mirrored(spacing), anatomy=unmapped)


def without_scale(phantom: PhantomStudy) -> PhantomStudy:
    """The same in MNI space, where sizes are not the patient's."""
    return replace(phantom, study=replace(phantom.study, space="mni"))


def two_without_scale(spacing: Spacing) -> PhantomStudy:
    return without_scale(two_apart(spacing))


def ten(spacing: Spacing) -> PhantomStudy:
    lesions = np.zeros(grid(spacing).shape, dtype=bool)
    for y in (-16, -8, 0, 8, 16):
        for z in (-9, 12):
            lesions |= ball(spacing, (17, y, z), 2.6)
    return study(spacing, lesions)


def nine(spacing: Spacing) -> PhantomStudy:
    whole = ten(spacing)
    return study(spacing, (whole.lesions.labels > 0) & (whole.lesions.labels != 10))


def ten_without_scale(spacing: Spacing) -> PhantomStudy:
    return without_scale(ten(spacing))


NUMBER = (
    SignPhantom("bilateral", "one a side", Truth.TRUE, mirrored),
    SignPhantom("bilateral", "two on one side", Truth.FALSE, two_apart),
    SignPhantom("bilateral", "no anatomy", Truth.UNKNOWN, not_registered),
    SignPhantom("symmetric", "mirror images", Truth.TRUE, mirrored),
    SignPhantom("symmetric", "one a side, elsewhere", Truth.FALSE, not_mirrored),
    SignPhantom("symmetric", "no midline", Truth.UNKNOWN, no_midline),
    SignPhantom("multifocal", "two", Truth.TRUE, two_apart),
    SignPhantom("multifocal", "one", Truth.FALSE, one),
    SignPhantom("multifocal", "no scale", Truth.UNKNOWN, two_without_scale),
    SignPhantom("fewer_than_ten_lesions", "nine", Truth.TRUE, nine),
    SignPhantom("fewer_than_ten_lesions", "ten", Truth.FALSE, ten),
    SignPhantom("fewer_than_ten_lesions", "no scale", Truth.UNKNOWN, ten_without_scale),
)


# Size and extent


def of_20_mm(spacing: Spacing) -> PhantomStudy:
    return study(spacing, ellipsoid(spacing, (14, 0, 3), (6, 11, 8)))


def of_18_mm(spacing: Spacing) -> PhantomStudy:
    return study(spacing, ellipsoid(spacing, (14, 0, 3), (6, 9, 8)))


def of_34_mm(spacing: Spacing) -> PhantomStudy:
    return study(spacing, ellipsoid(spacing, (14, 0, 3), (6, 17, 8)))


def of_28_mm(spacing: Spacing) -> PhantomStudy:
    return study(spacing, ellipsoid(spacing, (14, 0, 3), (6, 14, 8)))


def of_unknown_size(spacing: Spacing) -> PhantomStudy:
    return without_scale(of_20_mm(spacing))


def of_2_mm(spacing: Spacing) -> PhantomStudy:
    """No 3 voxels of 1 mm are under 3 mm long, so the patient's own are 0.85 of these."""
    return study(spacing, slab(spacing, (14, 14, 0), (16, 16, 1.6)), space="mni", native_scale=0.85)


def angle_iron(spacing: Spacing) -> PhantomStudy:
    """Two plates that share an edge, 10 ml."""
    one_arm = slab(spacing, (9, -25, -20), (21, 25, -8))
    return study(spacing, one_arm | slab(spacing, (9, -25, -8), (21, -13, 14)))


def plate(spacing: Spacing) -> PhantomStudy:
    return study(spacing, slab(spacing, (9, -25, -8), (21, 20, 8)))


def angle_iron_without_scale(spacing: Spacing) -> PhantomStudy:
    return without_scale(angle_iron(spacing))


SIZE = tuple(
    phantom
    for sign, there, beside in (
        ("size_over_20mm", of_20_mm, of_18_mm),
        ("size_over_30mm", of_34_mm, of_28_mm),
    )
    for phantom in (
        SignPhantom(sign, "longer", Truth.TRUE, there),
        SignPhantom(sign, "just shorter", Truth.FALSE, beside),
        SignPhantom(sign, "no scale", Truth.UNKNOWN, of_unknown_size, reason=Reason.SCALE_UNKNOWN),
    )
)


# At the wall of the ventricle


def finger(spacing: Spacing) -> PhantomStudy:
    return study(spacing, ellipsoid(spacing, (10, 0, 0), (6.5, 3.2, 3.2)))


def finger_somewhere(spacing: Spacing) -> PhantomStudy:
    return replace(finger(spacing), anatomy=None)


def finger_along_the_wall(spacing: Spacing) -> PhantomStudy:
    return study(spacing, ellipsoid(spacing, (7, 0, 0), (3.2, 7, 3.2)))


def lining(spacing: Spacing) -> PhantomStudy:
    return study(spacing, slab(spacing, (4, -16, -3), (6, 16, 3)))


WALL = (
    SignPhantom("dawson_fingers", "across the wall", Truth.TRUE, finger),
    SignPhantom("dawson_fingers", "along the wall", Truth.FALSE, finger_along_the_wall),
    SignPhantom("dawson_fingers", "no anatomy", Truth.UNKNOWN, finger_somewhere),
    SignPhantom("periventricular_ovoid", "across the wall", Truth.TRUE, finger),
    SignPhantom("periventricular_ovoid", "a lining", Truth.FALSE, lining),
    SignPhantom("periventricular_ovoid", "no anatomy", Truth.UNKNOWN, not_registered),
    SignPhantom("periependymal_lateral_ventricle", "a lining", Truth.TRUE, lining),
    SignPhantom("periependymal_lateral_ventricle", "a finger", Truth.FALSE, finger),
    SignPhantom("periependymal_lateral_ventricle", "no anatomy", Truth.UNKNOWN, not_registered),
)


def at_the_wall_and_below(spacing: Spacing) -> PhantomStudy:
    return study(spacing, slab(spacing, *AT_THE_WALL) | slab(spacing, *CEREBELLAR))


# Change


def grown_from(spacing: Spacing, before: float | None, now: float) -> PhantomStudy:
    prior = np.zeros(grid(spacing).shape, dtype=bool)
    if before is not None:
        prior = ball(spacing, (14, 12, 0), before)
    return study(spacing, ball(spacing, (14, 12, 0), now), prior=prior)


def new(spacing: Spacing) -> PhantomStudy:
    return grown_from(spacing, None, 5)


def grown(spacing: Spacing) -> PhantomStudy:
    return grown_from(spacing, 4, 7)


def unchanged(spacing: Spacing) -> PhantomStudy:
    return grown_from(spacing, 6, 6)


def shrunk(spacing: Spacing) -> PhantomStudy:
    return grown_from(spacing, 7, 4)


CHANGE = tuple(
    phantom
    for sign, there in (
        ("new_vs_prior", new),
        ("enlarging", grown),
        ("new_or_enlarging", grown),
        ("regressing", shrunk),
    )
    for phantom in (
        SignPhantom(sign, there.__name__, Truth.TRUE, there),
        SignPhantom(sign, "unchanged", Truth.FALSE, unchanged),
        SignPhantom(sign, "no prior", Truth.UNKNOWN, one, reason=Reason.PRIOR_MISSING),
    )
)

PHANTOMS = (
    *(phantom for row in (*IN_SITES, *PLACES) for phantom in placed(*row)),
    *LOBES,
    *NUMBER,
    *SIZE,
    *WALL,
    *CHANGE,
    SignPhantom("size_over_3mm", "8 mm", Truth.TRUE, one),
    SignPhantom("size_over_3mm", "2.9 mm, a slice of 3 mm", Truth.FALSE, of_2_mm, Truth.TRUE),
    SignPhantom("size_over_3mm", "no scale", Truth.UNKNOWN, of_unknown_size),
    SignPhantom("confluent", "an angle iron", Truth.TRUE, angle_iron),
    SignPhantom("confluent", "a plate", Truth.FALSE, plate),
    SignPhantom("confluent", "no scale", Truth.UNKNOWN, angle_iron_without_scale),
    SignPhantom("non_focal", "an angle iron", Truth.TRUE, angle_iron),
    SignPhantom("non_focal", "a ball", Truth.FALSE, one),
    SignPhantom("non_focal", "no scale", Truth.UNKNOWN, angle_iron_without_scale),
    SignPhantom("focal", "a ball", Truth.TRUE, one),
    SignPhantom("focal", "an angle iron", Truth.FALSE, angle_iron),
    SignPhantom("focal", "no scale", Truth.UNKNOWN, angle_iron_without_scale),
    SignPhantom("mogad_supporting_feature", "deep grey matter", Truth.TRUE, box(IN_DEEP_GREY)),
    SignPhantom("mogad_supporting_feature", "no optic nerve seen", Truth.UNKNOWN, one),
    SignPhantom("one_topography", "the wall", Truth.UNKNOWN, box(AT_THE_WALL)),
    SignPhantom("one_topography", "wall and cerebellum", Truth.FALSE, at_the_wall_and_below),
    SignPhantom("two_or_three_topographies", "the wall", Truth.UNKNOWN, box(AT_THE_WALL)),
)
