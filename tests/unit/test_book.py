"""The knowledge for people: words, coverage, surveillance facts, and a chapter kept up to date."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path

import pytest

from lesionaid.book.chapter import chapter
from lesionaid.book.coverage import Coverage, cover, coverage_text, strengths
from lesionaid.book.signs import measure_words, sign_chapter
from lesionaid.book.surveillance import load_surveillance, surveillance_text
from lesionaid.book.words import condition_words, evidence_words, ratio_words
from lesionaid.criteria.expression import Combination, ContextIs, Count, SignIs
from lesionaid.criteria.likelihood import Ratio
from lesionaid.criteria.strength import SMALLEST
from lesionaid.errors import RuleError
from lesionaid.reading.judge import Knowledge, load_knowledge
from lesionaid.rules_path import rules_dir
from tests.shared_data import ROOT


@cache
def knowledge() -> Knowledge:
    return load_knowledge()


@cache
def coverage() -> Coverage:
    return cover(knowledge().catalogue, knowledge().rules)


@cache
def book() -> str:
    return chapter(knowledge().catalogue, knowledge().rules, load_surveillance())


def test_the_chapter_is_up_to_date() -> None:
    written = (ROOT / "rules" / "README.md").read_text(encoding="utf-8")
    assert written == book(), "run: lesionaid rules book -o rules/README.md"


def test_the_chapter_of_signs_is_up_to_date() -> None:
    written = (ROOT / "rules" / "signs" / "README.md").read_text(encoding="utf-8")
    found = sign_chapter(knowledge().catalogue)
    assert written == found, "run: lesionaid rules book --signs -o rules/signs/README.md"


def test_every_sign_and_picture_is_in_the_chapter_of_signs() -> None:
    text = sign_chapter(knowledge().catalogue)
    for sign in knowledge().catalogue.signs.values():
        assert f"`{sign.id}`, of the {sign.level}" in text
    pictures = sorted((rules_dir() / "signs" / "pictures").glob("*.png"))
    assert pictures
    assert {picture.stem for picture in pictures} <= set(knowledge().catalogue.signs)
    for picture in pictures:
        assert f"(pictures/{picture.name})" in text
    assert sum(picture.stat().st_size for picture in pictures) < 2_000_000


def test_definitions_in_words() -> None:
    signs = knowledge().catalogue.signs
    assert measure_words(signs["size_over_30mm"].measure) == "`body_diameter_mm` > 30 mm"
    assert measure_words(signs["multifocal"].measure) == "at least 2 lesions with `size_over_3mm`"
    assert "(unknown at possible)" in measure_words(signs["contrast_enhancement"].measure)
    assert measure_words(signs["bilateral"].measure) == "`hemisphere_left` and `hemisphere_right`"


def test_the_chapter_names_every_rule_set_and_source_and_leads_to_each() -> None:
    text = book()
    for rule in knowledge().rules.rules:
        assert f"(`{rule.id}`, grade {rule.grade}" in text
    for item in knowledge().rules.criteria:
        assert f"(`{item.id}`, {item.version}" in text
    for key in knowledge().rules.references:
        assert text.count(f'<a id="{key}"></a>') == 1
    targets = {part.split(")")[0] for part in text.split("](#")[1:]}
    assert targets <= set(knowledge().rules.references)
    assert "PML is never excluded" in text


def test_priors_and_quoted_risks_are_told_with_their_sources() -> None:
    text = book().partition("## Before the images")[2].partition("\n## ")[0]
    for row in knowledge().rules.priors:
        assert row.title in text
    assert text.count("per 1000 ([uptodate_pml](#uptodate_pml)") == len(knowledge().rules.risks)
    assert "not used as a prior" in text


def test_a_rule_is_told_with_counts_ratio_weight_and_limits() -> None:
    text = book().partition("(`pml.punctate_lesions`")[2].partition("\n**")[0]
    assert "56 of 105 ratings in PML, 1 of 110 in MS (21 and 20 patients)" in text
    assert "LR+ 58.7" in text
    assert "published OR 135.6 (18.9 to 974.7)" in text
    assert "for PML over MS with weight 2.00" in text
    assert "Limits:" in text


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (SignIs("ovoid"), "ovoid lesion"),
        (
            Combination("all", (SignIs("ovoid"), Combination("any", (SignIs("confluent"),)))),
            "ovoid lesion and large confluent lesion",
        ),
        (Combination("none", (SignIs("ovoid"),)), "no ovoid lesion"),
        (
            Combination("at_least", (SignIs("ovoid"), SignIs("confluent")), 2),
            "at least 2 of (ovoid lesion; large confluent lesion)",
        ),
        (Count(SignIs("ovoid"), 3), "at least 3 lesions with ovoid lesion"),
        (ContextIs("drug", ("natalizumab",)), "natalizumab"),
        (ContextIs("days_since_stop", low=14, high=120), "from 14 to 120"),
    ],
)
def test_conditions_in_words(condition: SignIs, words: str) -> None:
    assert words in condition_words(condition, knowledge().catalogue)


def test_a_ratio_without_an_interval_says_so() -> None:
    assert "no interval" in ratio_words(Ratio(4.0, None, 4.0))
    assert ratio_words(Ratio(2.0, 0.0, 2.0)) == "2 (2 to 2)"
    assert "bound by patients" in ratio_words(Ratio(2.3, 0.5, 70.0, bounded=True))


def test_every_kind_of_evidence_has_words() -> None:
    seen = set()
    for rule in knowledge().rules.rules:
        for evidence in rule.evidence:
            seen.add(evidence.kind)
            told = evidence_words(evidence, rule.toward, rule.against)
            assert ": ." not in told, rule.id
    assert {"table", "consensus"} <= seen


def test_coverage_counts_each_sign_once_and_agrees_with_the_rules() -> None:
    found = {use.sign: use for use in coverage().signs}
    assert set(found) == set(knowledge().catalogue.signs)
    assert "pml.punctate_lesions" in found["punctate_satellites"].weighed_by
    assert "pml_review" in found["punctate_satellites"].alerts
    assert "pml.punctate_lesions" in found["new_or_enlarging"].gates
    assert found["punctate_satellites"].how == "measured"
    assert found["spinal"].how == "typed in"
    assert not found["new_or_enlarging"].weighed_by
    for use in coverage().signs:
        assert not set(use.weighed_by) & set(use.shown_by)


def test_silent_rules_say_why() -> None:
    weights = strengths(knowledge().rules)
    assert set(weights) == {rule.id for rule in knowledge().rules.rules}
    for name, strength in weights.items():
        weighs = not strength.silent and max(strength.present, strength.absent) >= SMALLEST
        assert weighs == (name not in coverage().silent)
    assert all(coverage().silent.values())


def test_coverage_is_told() -> None:
    text = coverage_text(coverage())
    assert f"{len(knowledge().catalogue.signs)} signs" in text
    assert "Rules that weigh nothing, and why" in text


def test_surveillance_facts_have_sources_and_give_no_advice() -> None:
    page = load_surveillance()
    told = surveillance_text(page)
    assert "never advice" in told
    for section in page.sections:
        for fact in section.facts:
            assert fact.reference.address in told
            assert " should " not in f" {fact.says} "
            assert " must " not in f" {fact.says} "
    silent = page.section("silent_lesions")
    assert any("7 of 269" in fact.says for fact in silent.facts)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("cite: trust2016", "cite: trusted2016", "E69"),
        ("read: secondary", "read: guessed", "E65"),
        ("published; never advice", "published; advice", "E65"),
        ("schema: lesionaid-surveillance/1", "schema: lesionaid-surveillance/2", "E65"),
        ("    title: After", "    title: After\n    title: Again", "E71"),
    ],
)
def test_broken_facts_are_refused(tmp_path: Path, old: str, new: str, code: str) -> None:
    for name in ("surveillance.yaml", "references.yaml"):
        shutil.copy(rules_dir() / name, tmp_path / name)
    text = (tmp_path / "surveillance.yaml").read_text()
    assert old in text
    (tmp_path / "surveillance.yaml").write_text(text.replace(old, new, 1))
    with pytest.raises(RuleError) as caught:
        load_surveillance(tmp_path)
    assert caught.value.code == code
    assert caught.value.file.startswith("surveillance.yaml:")
