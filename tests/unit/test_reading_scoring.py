"""Verdicts against published diagnoses: the counting, the stress test, the page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import published_cases
from lesionaid.criteria.model import NOVELTY
from lesionaid.reading.judge import judge_case, load_knowledge
from lesionaid.reading.scoring import (
    Scored,
    balanced_accuracy,
    pattern_of,
    score,
    tally,
    unreported_false,
)
from lesionaid.reading.use import Use
from lesionaid.signs.cases import Case, read_cases
from lesionaid.truth import Truth
from tests.shared_data import shared_root

CASES = """
- id: a
  tier: A
  final_diagnosis: pml_iris
  features: {new_or_enlarging: true, punctate_satellites: true, cortical_gm: true}
- id: b
  tier: C
  final_diagnosis: pml
  features: {new_or_enlarging: true, periventricular: true, punctate_satellites: false}
- id: c
  tier: B
  final_diagnosis: nmosd
  features: {}
"""


def cases(folder: Path) -> tuple[Case, ...]:
    path = folder / "cases.yaml"
    path.write_text(CASES, encoding="utf-8")
    return read_cases(path, load_knowledge().catalogue, use=frozenset({"signs"}))


def scored(folder: Path) -> list[Scored]:
    known = load_knowledge()
    return [score(judge_case(case, Use.SIGNS, known), case.label) for case in cases(folder)]


def test_pml_iris_counts_as_pml_and_nonsense_is_refused() -> None:
    assert pattern_of("pml_iris") == pattern_of("PML") == "pml_like"
    with pytest.raises(ValueError, match="glioma"):
        pattern_of("glioma")


def test_hits_misses_and_their_reasons(tmp_path: Path) -> None:
    hit, miss, empty = scored(tmp_path)
    assert hit.right
    assert hit.alerted
    assert hit.miss == ""
    assert (miss.first, miss.right) == ("ms_like", False)
    assert "pml.periventricular" in miss.miss
    assert empty.first == ""  # a tie is no hit
    assert not empty.right
    assert empty.in_possible
    assert "no sign that was reported" in empty.miss


def one(case: str, truth: str, first: str, *, alerted: bool = False) -> Scored:
    return Scored(case, truth, first, first == truth, True, alerted, False, "")


def test_counts_have_the_right_denominators() -> None:
    found = tally(
        [
            one("1", "pml_like", "pml_like"),
            one("2", "pml_like", "ms_like", alerted=True),
            one("3", "pml_like", "ms_like"),
            one("4", "ms_like", "pml_like", alerted=True),
            one("5", "nmosd_like", "nmosd_like"),
        ]
    )
    assert found.count("rank_1") == (2, 5)
    assert found.count("pml_found") == (2, 3)
    assert found.count("pml_first") == (1, 3)
    assert found.count("false_pml_first") == (1, 2)
    assert found.count("false_alert") == (1, 2)
    assert found.estimate("rank_1").value == pytest.approx(0.4)


def test_always_one_pattern_is_no_better_than_chance() -> None:
    always = [one(str(i), truth, "pml_like") for i, truth in enumerate(["pml_like"] * 8)]
    always += [one(name, f"{name}_like", "pml_like") for name in ("ms", "nmosd", "mogad")]
    assert balanced_accuracy(always) == pytest.approx(0.25)
    assert balanced_accuracy([]) is None


def test_the_stress_test_closes_what_was_open_but_novelty(tmp_path: Path) -> None:
    case = cases(tmp_path)[2]
    closed = unreported_false(case)
    open_before = {name for name, value in case.signs.patient.items() if not value.truth.known}
    for name, value in closed.signs.patient.items():
        expected = Truth.UNKNOWN if name == NOVELTY else Truth.FALSE
        assert name not in open_before or value.truth is expected
    first = cases(tmp_path)[0]
    kept = unreported_false(first).signs.patient
    assert kept["punctate_satellites"].truth is Truth.TRUE
    assert unreported_false(replace(first)).signs == unreported_false(first).signs


def test_the_page_tells_everything(tmp_path: Path) -> None:
    cases(tmp_path)
    text = published_cases.page(tmp_path / "cases.yaml", load_knowledge())
    assert "Self-consistency" in text
    assert "Confirmed (tiers A and B): 2 cases, 1 of them PML" in text
    assert "Weakly confirmed" in text
    assert text == published_cases.page(tmp_path / "cases.yaml", load_knowledge())
    misses = text.partition("## Every miss")[2]
    assert "| b |" in misses
    assert "| c |" in misses
    assert "| a |" not in misses


@pytest.mark.real
@pytest.mark.slow
def test_the_committed_page_is_what_the_script_writes() -> None:
    if shared_root() is None:
        pytest.skip("published cases are not here (set LESIONAID_SHARED)")
    made = published_cases.page(published_cases.default_cases(), load_knowledge())
    assert published_cases.PAGE.read_text(encoding="utf-8") == made
