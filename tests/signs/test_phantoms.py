"""Every phantom of the folder, at 1 mm and in thick slices, however it is stored."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

from lesionaid.signs.catalogue import load_catalogue
from lesionaid.truth import Truth
from tests.signs.kit import (
    FINE,
    SPACINGS,
    THICK,
    SignPhantom,
    answer,
    moved,
    pick,
    renumbered,
    reoriented,
    signs_of,
)
from tests.unit.lesion_phantoms import ORIENTATIONS


def collect() -> tuple[SignPhantom, ...]:
    """Phantoms of every ``phantoms_*.py``, in order of file."""
    files = sorted(Path(__file__).parent.glob("phantoms_*.py"))
    modules = [import_module(f"tests.signs.{file.stem}") for file in files]
    return tuple(phantom for module in modules for phantom in module.PHANTOMS)


PHANTOMS = collect()
BUILDS = list(dict.fromkeys(phantom.build for phantom in PHANTOMS))
"""Each study once; the order picks another orientation for each."""

SHIFT_MM = (13.7, -48.25, 61.5)


@pytest.mark.parametrize("spacing", SPACINGS.values(), ids=SPACINGS)
@pytest.mark.parametrize("phantom", PHANTOMS, ids=str)
def test_the_sign_is_what_was_drawn(phantom: SignPhantom, spacing: tuple) -> None:
    found = answer(phantom, spacing)
    assert found.truth is phantom.expected(spacing), found
    if phantom.reason is not None and found.truth is Truth.UNKNOWN:
        assert found.unknown is not None
        assert found.unknown.reason is phantom.reason, found.unknown


def asked(build: object) -> list[SignPhantom]:
    return [phantom for phantom in PHANTOMS if phantom.build is build]


def check_told_otherwise(build, spacing: tuple, codes: str, seed: int) -> None:
    told = renumbered(moved(reoriented(build(spacing), codes), SHIFT_MM), seed)
    signs = signs_of(told)
    for phantom in asked(build):
        assert pick(signs, phantom).truth is phantom.expected(spacing), phantom


@pytest.mark.parametrize("number", range(len(BUILDS)), ids=lambda n: BUILDS[n].__name__)
def test_storage_place_and_labels_leave_no_trace(number: int) -> None:
    codes = ORIENTATIONS[(number * 19 + 5) % len(ORIENTATIONS)]
    check_told_otherwise(BUILDS[number], FINE if number % 2 else THICK, codes, number)


@pytest.mark.slow
@pytest.mark.parametrize("codes", ORIENTATIONS)
def test_every_orientation(codes: str) -> None:
    """Spacings take turns: a study is seen in every orientation, half of them in thick slices."""
    turn = ORIENTATIONS.index(codes)
    for number, build in enumerate(BUILDS):
        check_told_otherwise(build, FINE if (number + turn) % 2 else THICK, codes, 0)


def test_names_are_of_the_catalogue_and_say_something_once() -> None:
    catalogue = load_catalogue()
    for phantom in PHANTOMS:
        assert phantom.sign in catalogue.signs, phantom
        assert phantom.reason is None or Truth.UNKNOWN in (phantom.expect, phantom.thick)
    assert len({str(phantom) for phantom in PHANTOMS}) == len(PHANTOMS)
