"""What the tissue and the fields of one simulated lesion say of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lesionaid.signs.catalogue import load_catalogue
from lesionaid.simulate.brain import Brain
from lesionaid.simulate.lesions import SimulatedLesion
from lesionaid.simulate.tissue import (
    MS_PLAQUE,
    PML_CORE,
    PML_RIM,
    WHITE_MATTER,
    Appearance,
)
from lesionaid.simulate.truth_look import look_signs
from tests.unit.simulate_phantom import ball_brain

BRAIN = ball_brain()
PLAIN = Appearance(MS_PLAQUE, MS_PLAQUE)


def ball_of(brain: Brain, radius: float, edge_mm: float = 1.0) -> SimulatedLesion:
    """A ball in the middle of the grid whose border is a straight edge, its rim 3 mm deep."""
    box = tuple(slice(n // 2 - 14, n // 2 + 14) for n in brain.grid.shape)
    at = np.indices([28, 28, 28]) - 13.5
    depth = radius - np.linalg.norm(at, axis=0) * brain.grid.spacing_mm[0]
    fraction = np.clip(0.5 + depth / edge_mm, 0, 1).astype(np.float32)
    rim = (depth < 3).astype(np.float32)
    return SimulatedLesion(box, fraction, rim, "pml", "main", "frontal", 2 * radius)


def said(look: Appearance = PLAIN, radius: float = 9.0, **changes: object) -> dict:
    lesion = replace(ball_of(BRAIN, radius), **changes)  # type: ignore[arg-type]
    return look_signs(BRAIN, lesion, look)


def test_names_are_of_the_catalogue() -> None:
    assert set(said()) <= set(load_catalogue().signs)


def test_tissue_says_darkness_on_t1w() -> None:
    assert said()["t1_hypointense"] is True
    assert said(Appearance(WHITE_MATTER, WHITE_MATTER))["t1_hypointense"] is False


def test_a_rim_is_judged_where_there_is_a_core() -> None:
    rim = Appearance(PML_CORE, PML_RIM)
    assert said(rim, 10.0)["dwi_rim"] is True
    assert said(PLAIN, 10.0)["dwi_rim"] is False
    assert said(rim, 5.0)["dwi_rim"] is None


@pytest.mark.parametrize("pattern", ["nodular", "ring"])
def test_uptake_has_the_pattern_of_the_look(pattern: str) -> None:
    signs = said(replace(PLAIN, enhances=1.0, enhancement=pattern))
    patterns = {name for name, truth in signs.items() if name.startswith("enh") and truth}
    assert patterns == {f"enhancement_{pattern}"}


def test_no_uptake_has_no_pattern_and_a_field_of_its_own_is_not_named() -> None:
    without = {truth for name, truth in said().items() if name.startswith("enhancement_")}
    assert without == {False}
    field = np.ones((28, 28, 28), dtype=np.float32)
    own = said(replace(PLAIN, enhances=1.0), uptake=field)
    assert {truth for name, truth in own.items() if name.startswith("enhancement_")} == {None}


def test_fluid_in_holes_is_a_microcyst() -> None:
    assert said()["microcyst"] is False
    assert said(cysts=np.zeros((28, 28, 28), dtype=np.float32))["microcyst"] is True
