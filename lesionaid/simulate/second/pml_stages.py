"""Patients with PML of the second family: early, inflammatory, IRIS, and beside many plaques.

Each is a series of three or four dates: before the focus, growing, and now. Uptake of
contrast is drawn with the other signs; it lies in segments of the border, in soft patches
and in dots. Swelling and perivascular uptake outside the lesion are not modelled.

References
----------
Frequencies: ``data/frequencies.yaml``, rows ``pml``, ``pml_active``, ``pml_inflammatory`` and
``pml_iris``. Volumes, strengths and intervals are proposed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from lesionaid.simulate.brain import Brain
from lesionaid.simulate.lesions import SimulatedLesion
from lesionaid.simulate.patient import Patient, structure_signs
from lesionaid.simulate.second.latent import Draw, draw_together
from lesionaid.simulate.second.ms import add_plaques, draw_count
from lesionaid.simulate.second.placing import Canvas
from lesionaid.simulate.second.pml import Focus, dots_about, draw_growth, grow_focus
from lesionaid.simulate.second.texture import cloudy, dotted, segments, varied
from lesionaid.simulate.second.truth import measured_signs
from lesionaid.simulate.tissue import Appearance, Tissue

__all__ = ["Stage", "pml_patient"]

Stage = Literal["early", "inflammatory", "iris"]
Placed = tuple[tuple[SimulatedLesion, Appearance], ...]

CORE, FRONT = Tissue(1500.0, 200.0, 0.87, 1.7), Tissue(1280.0, 180.0, 0.82, 0.88)
"""Proposed, for the reasons of :mod:`lesionaid.simulate.tissue`."""

FAINT_T1_MS = 1080.0
"""T1 of a focus that is not called T1-dark (proposed)."""

VOLUME_MM3: dict[Stage, tuple[float, float]] = {
    "early": (2.2, 2600.0),
    "inflammatory": (3.0, 3000.0),
    "iris": (4.0, 3000.0),
}
"""Gamma law of the volume now: shape and scale (proposed, about the 6.7 ml of PCR-negative PML,
PMC5885213)."""

SMALLEST_MM3, LARGEST_MM3 = 1500.0, 24000.0

STRENGTH: dict[Stage, tuple[float, float]] = {
    "early": (3.0, 5.0),
    "inflammatory": (6.0, 5.0),
    "iris": (9.0, 2.0),
}
"""Beta law of the share of full enhancement."""

FEWEST_DOTS = 3
"""The catalogue's satellites."""

HEAVY_LOAD = 24
"""Fewest plaques asked for where many are (proposed)."""

ACTIVE = ("dwi_hyperintense", "t1_hypointense", "border_white_matter_ill_defined")


@dataclass(frozen=True, slots=True)
class _Look:
    """What the drawn signs make of the tissue."""

    plain: Appearance
    enhances: float


def pml_patient(
    brain: Brain,
    rng: np.random.Generator,
    *,
    stage: Stage = "early",
    heavy: bool = False,
) -> Patient:
    """MS on natalizumab with a new PML focus.

    Parameters
    ----------
    brain : Brain
    rng : numpy.random.Generator
    stage : {"early", "inflammatory", "iris"}
    heavy : bool
        Many old plaques; otherwise as many as the patient's severity gives.

    Raises
    ------
    ValueError
        When the brain has no room for the focus.
    """
    drawn = _draw(rng, stage)
    canvas = Canvas(brain)
    burden = drawn.severity if heavy else drawn.severity - 0.8
    count = max(draw_count(rng, burden), HEAVY_LOAD if heavy else 0)
    add_plaques(canvas, rng, count, burden)
    old = canvas.lesions
    shape, scale = VOLUME_MM3[stage]
    volume = float(np.clip(rng.gamma(shape, scale), SMALLEST_MM3, LARGEST_MM3))
    focus = grow_focus(
        brain,
        rng,
        volume,
        canvas.taken,
        cortical=drawn["cortical_gm"],
        border_mm=_width(rng, ill_defined=drawn["border_white_matter_ill_defined"]),
        cortex_border_mm=_width(rng, ill_defined=drawn["border_grey_matter_ill_defined"]) / 2,
    )
    look = _look(rng, drawn, stage)
    main = len(old) + 1
    shown = _taking_up(brain, rng, focus.at(volume), look, drawn)
    canvas.add(shown, replace(look.plain, enhances=look.enhances), survives=0.0)
    if drawn["punctate_satellites"]:
        _add_dots(canvas, rng, shown, look, drawn)
    signs = _signs(canvas, drawn, main, look.enhances)
    context = {"host": "ms", "drug": "natalizumab", "drug_months": int(rng.integers(14, 70))}
    earlier, months = _series(brain, rng, old, focus, volume, look, canvas, context)
    return Patient(
        "mixed" if heavy else ("pml" if stage == "early" else f"pml_{stage}"),
        brain,
        canvas.lesions,
        signs,
        context,
        {"alert_lesions": [main]},
        earlier,
        months,
    )


def _draw(rng: np.random.Generator, stage: Stage) -> Draw:
    """The early rows; those of active PML and of the stage in their place where it is later."""
    early = draw_together("pml", rng)
    signs = dict(early.signs)
    if stage != "early":
        signs |= draw_together("pml_active", rng, severity=early.severity).signs
        signs |= draw_together(f"pml_{stage}", rng, severity=early.severity).signs
    iris = draw_together("pml_iris", rng, severity=early.severity).signs
    signs |= {name: value for name, value in iris.items() if name not in signs}
    return Draw(signs, early.severity)


def _width(rng: np.random.Generator, *, ill_defined: bool) -> float:
    """Border from 80 to 20 per cent in mm: about 6.5 where a reader calls it ill-defined."""
    return float(rng.gamma(16.0, 6.5 / 16) if ill_defined else rng.gamma(16.0, 1.8 / 16))


def _look(rng: np.random.Generator, drawn: Draw, stage: Stage) -> _Look:
    core, front = varied(rng, CORE, 0.06), varied(rng, FRONT, 0.05)
    if not drawn["t1_hypointense"]:
        core, front = (replace(one, t1_ms=FAINT_T1_MS) for one in (core, front))
    if not drawn["dwi_hyperintense"]:
        front = replace(front, adc=core.adc, t2_ms=0.8 * front.t2_ms)
    enhances = float(rng.beta(*STRENGTH[stage])) if drawn["contrast_enhancement"] else 0.0
    return _Look(Appearance(core, front, enhancement="uptake"), enhances)


def _taking_up(
    brain: Brain, rng: np.random.Generator, focus: SimulatedLesion, look: _Look, drawn: Draw
) -> SimulatedLesion:
    """Pieces of the border, patches and dots, as drawn; pieces where nothing was."""
    if look.enhances == 0:
        return focus
    parts = []
    edge = segments(brain, rng, focus, 4.0, covered=0.7, grain_mm=12.0)
    if drawn["enhancement_patchy"]:
        near = np.clip(0.25 + focus.rim, 0, 1) if drawn["enhancement_peripheral"] else 1.0
        parts.append(0.9 * cloudy(brain, rng, focus, 0.35) * near)
    if drawn["enhancement_punctate"]:
        mean = 3.0 + 0.002 * float(np.count_nonzero(focus.mask)) * brain.grid.voxel_volume_mm3
        parts.append(dotted(brain, rng, focus, focus.mask & (focus.rim > 0.5), mean))
    if drawn["enhancement_peripheral"] or not parts:
        parts.append(edge if not drawn["enhancement_patchy"] else 0.7 * edge)
    return replace(focus, uptake=np.maximum.reduce(parts).astype(np.float32))


def _add_dots(
    canvas: Canvas, rng: np.random.Generator, focus: SimulatedLesion, look: _Look, drawn: Draw
) -> None:
    """Clusters until three dots stand; those of IRIS enhance as often as published.

    Where twenty rounds find no room for three, those that stand stay.
    """
    enhances = look.enhances if drawn["enhancing_punctate_satellites"] else 0.0
    dot_look = Appearance(look.plain.core, look.plain.rim, enhances)
    before = len(canvas.lesions)
    for _ in range(20):
        for dot in dots_about(canvas.brain, rng, focus, int(rng.integers(2, 4)), 5.0):
            canvas.add(dot, dot_look, least_mm3=3.1, survives=0.8)
        if len(canvas.lesions) - before >= FEWEST_DOTS:
            return


def _signs(canvas: Canvas, drawn: Draw, main: int, enhances: float) -> dict[str, Any]:
    lesions = canvas.lesions
    patterns = ("enhancement_patchy", "enhancement_punctate", "enhancement_peripheral")
    measured = measured_signs(canvas.brain, lesions)
    # Faint uptake is in the margin: neither pattern nor presence is said then.
    shown = measured.get("contrast_enhancement", False)
    said = {name: bool(shown and drawn[name]) for name in patterns if shown or not enhances}
    return {
        **measured,
        **said,
        **{name: drawn[name] for name in (*ACTIVE, "border_grey_matter_ill_defined")},
        "dwi_rim": drawn["dwi_hyperintense"],
        "oedema": False,
        "mass_effect": False,
        "pml_lesion": main,
        "new_or_enlarging": True,
        "new_or_enlarging_lesions": list(range(main, len(lesions) + 1)),
        **structure_signs(lesions),
    }


def _series(
    brain: Brain,
    rng: np.random.Generator,
    old: Placed,
    focus: Focus,
    volume: float,
    look: _Look,
    canvas: Canvas,
    context: dict[str, Any],
) -> tuple[Patient, float]:
    """Dates before now, the focus smaller at each by its growth, the first without it.

    Dots come in the order in which they were placed.
    """
    dots = canvas.lesions[len(old) + 1 :]
    intervals = rng.gamma(9.0, 2.5 / 9, int(rng.integers(2, 4)))
    growth = draw_growth(rng)
    sizes = volume / (1 + growth) ** np.cumsum(intervals[:-1])
    earlier: Patient | None = None
    gap, drug = 0.0, float(context["drug_months"]) - float(intervals.sum())
    for number, interval in enumerate(reversed(intervals)):
        size = 0.0 if number == 0 else float(sizes[len(sizes) - number])
        lesions = old
        if size > 100.0:
            part = len(dots) * number // (2 * len(intervals))
            plain = replace(look.plain, enhances=0.0)
            lesions = (*old, (focus.at(size), plain), *_plain(dots[:part]))
        signs = {"pml_lesion": len(old) + 1} if len(lesions) > len(old) else {}
        earlier = Patient(
            "pml",
            brain,
            lesions,
            {**measured_signs(brain, lesions), **signs, **structure_signs(lesions)},
            {**context, "drug_months": max(1, round(drug))},
            {},
            earlier,
            gap,
        )
        gap = round(float(interval), 2)
        drug += float(interval)
    assert earlier is not None
    return earlier, gap


def _plain(lesions: Sequence[tuple[SimulatedLesion, Appearance]]) -> Placed:
    return tuple((lesion, replace(how, enhances=0.0)) for lesion, how in lesions)
