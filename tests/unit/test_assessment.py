"""Provenance: what was used, without dates or folders."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from lesionaid.assessment import provenance, rule_set_hash
from tests.unit.report_phantom import study


def test_rule_set_hash_depends_on_names_and_contents_alone(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder / "pml").mkdir(parents=True)
        (tmp_path / folder / "pml" / "one.yaml").write_text("x: 1")
        (tmp_path / folder / "notes.txt").write_text(folder)
    first = rule_set_hash(tmp_path / "a")
    assert first == rule_set_hash(tmp_path / "b")
    (tmp_path / "b" / "pml" / "one.yaml").write_text("x: 2")
    assert first != rule_set_hash(tmp_path / "b")
    (tmp_path / "a" / "pml" / "one.yaml").rename(tmp_path / "a" / "pml" / "two.yaml")
    assert first != rule_set_hash(tmp_path / "a")


def test_inputs_of_the_study_and_its_prior_are_named(tmp_path: Path) -> None:
    whole = replace(study(), prior=study("earlier.nii.gz"))
    used = provenance(whole, tmp_path, {"space": "native"})
    roles = [item.role for item in used.inputs]
    assert roles[:3] == ["FLAIR", "T1w", "lesions"]
    assert roles[3:] == ["prior FLAIR", "prior T1w", "prior lesions"]
    assert used.versions["lesionaid"]
    assert used.versions["numpy"]
