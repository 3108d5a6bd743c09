"""Every generator by family and disease: what ``lesionaid simulate`` can make.

A generator takes a seed and, by keyword, ``settings`` (:class:`BrainSettings` or None), and
returns a :class:`SimulatedStudy`. It raises ValueError where the brain that it drew has no
room; the next seed may. What is scanned, and how, is decided afterwards
(:func:`lesionaid.simulate.protocol.scanned`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lesionaid.simulate.dataset import simulate_ms, simulate_pml
from lesionaid.simulate.study import SimulatedStudy

__all__ = ["FAMILIES", "GENERATORS", "Generator"]

Generator = Callable[..., SimulatedStudy]

GENERATORS: Mapping[str, Generator] = {
    "ms": simulate_ms,
    "pml": simulate_pml,
}
"""The first family: the one that settings are chosen with and models are trained on."""

FAMILIES: Mapping[str, Mapping[str, Generator]] = {"first": GENERATORS}
