"""Rule files: the real ones load; broken ones are refused with file, line and mend."""

from __future__ import annotations

from pathlib import Path

import pytest

from lesionaid.criteria.cases import run_cases
from lesionaid.criteria.load import load_rules
from lesionaid.criteria.model import Disease, RuleSet
from lesionaid.errors import RuleError
from lesionaid.rules_path import rules_dir

SIGNS = frozenset({"dots", "cortex", "enhancing", "ring", "new_or_enlarging"})

RULE = """\
schema: lesionaid-rule/1
id: pml.dots
title: Dots
status: draft
compares: [pml, ms]
level: lesion
gate: {sign: new_or_enlarging}
population_gate: {context: drug, is: natalizumab}
when: {all: [{sign: dots}, {none: [{sign: cortex}]}]}
toward: pml
group: satellites
grade: A
evidence:
  - cite: someone2016
    kind: table
    table: {target_yes: 56, target_n: 105, other_yes: 1, other_n: 110}
    counts: ratings
    patients: {target: 21, other: 20}
    published_or: {value: 135.6, low: 18.9, high: 974.7}
    read: derived
    population: twenty patients
limits: [judgement of readers]
"""

REFERENCES = """\
someone2016:
  title: A title
  journal: A journal
  year: 2016
  doi: "10.1136/jnnp-2016-313772"
"""

CASES = """\
schema: lesionaid-rule-cases/1
cases:
  - {name: yes, signs: {dots: true, cortex: false}, expect: true}
  - {name: no, signs: {dots: false}, expect: false}
  - {name: open, signs: {dots: true}, expect: unknown}
"""


def write(folder: Path, rule: str = RULE, references: str = REFERENCES) -> Path:
    (folder / "pml").mkdir(exist_ok=True)
    (folder / "pml" / "dots.yaml").write_text(rule)
    (folder / "references.yaml").write_text(references)
    return folder


def test_a_good_rule_loads(tmp_path: Path) -> None:
    rule_set = load_rules(write(tmp_path), SIGNS)
    rule = rule_set.rules[0]
    assert rule.compares == (Disease.PML, Disease.MS)
    assert rule.against is Disease.MS
    assert rule.evidence[0].patients == (21, 20)
    assert rule_set.references["someone2016"].address == (
        "https://doi.org/10.1136/jnnp-2016-313772"
    )


def test_pairs_are_put_in_order(tmp_path: Path) -> None:
    rule_set = load_rules(write(tmp_path, RULE.replace("[pml, ms]", "[ms, pml]")), SIGNS)
    assert rule_set.rules[0].compares == (Disease.PML, Disease.MS)


BROKEN = {
    # what is replaced, by what, code, line, part of the message
    "schema": ("lesionaid-rule/1", "lesionaid-rule/9", "E65", 1, "begin with 'schema:'"),
    "id and file": ("id: pml.dots", "id: pml.spots", "E70", 2, "write 'pml.dots'"),
    "unknown field": ("title: Dots", "title: Dots\ntilte: x", "E65", 4, "nearest: title"),
    "missing field": ("group: satellites\n", "", "E65", 1, "'group' is missing; add it"),
    "empty field": ("title: Dots", "title: ''", "E65", 3, "'title' is empty"),
    "status": ("status: draft", "status: final", "E65", 4, "'draft', 'reviewed' or 'retired'"),
    "one disease": ("[pml, ms]", "[pml]", "E65", 5, "'compares' is empty; fill it"),
    "itself": ("[pml, ms]", "[pml, pml]", "E65", 5, "name two diseases"),
    "unknown disease": ("[pml, ms]", "[pml, cidp]", "E65", 5, "'cidp'"),
    "toward a third": ("toward: pml", "toward: mogad", "E65", 10, "write pml or ms"),
    "unknown sign": ("{sign: dots}", "{sign: dost}", "E67", 9, "nearest: dots"),
    "expression string": ("{all: [", "{expr: [", "E66", 9, "use sign, context, all"),
    "two words": ("{sign: dots}", "{sign: dots, not: 1}", "E66", 9, "'not' does not belong here"),
    "no list": (
        "{all: [{sign: dots}, {none: [{sign: cortex}]}]}",
        "{all: {sign: dots}}",
        "E66",
        9,
        "write [{sign: a}, {sign: b}]",
    ),
    "never met": (
        "{all: [{sign: dots}, {none: [{sign: cortex}]}]}",
        "{at_least: {k: 3, of: [{sign: dots}]}}",
        "E66",
        9,
        "lower k",
    ),
    "context key": ("context: drug", "context: drgu", "E67", 8, "nearest: drug"),
    "context value": ("is: natalizumab", "is: natalizumob", "E67", 8, "use none, natalizumab"),
    "impossible counts": ("target_yes: 56", "target_yes: 156", "E68", 16, "check the counts"),
    "wrong way": ("target_yes: 56", "target_yes: 0", "E68", 16, "that 'toward' names"),
    "empty cell without patients": (
        "other_yes: 1, other_n: 110}\n    counts: ratings\n    patients: {target: 21, other: 20}",
        "other_yes: 0, other_n: 110}\n    counts: ratings",
        "E68",
        16,
        "add 'patients'",
    ),
    "kind without numbers": ("kind: table", "kind: rates", "E68", 14, "without 'rates'"),
    "interval": ("low: 18.9", "low: 180.9", "E68", 19, "low, value and high"),
    "cross-study and A": ("counts: ratings", "cross_study: true", "E68", 12, "grade C at best"),
    "text for a number": ("target_n: 105", 'target_n: "105"', "E65", 16, "'target_n' is '105'"),
    "no population": ("    population: twenty patients\n", "", "E65", 14, "'population'"),
    "no limits": ("limits: [judgement of readers]", "limits: []", "E65", 22, "'limits' is empty"),
    "unknown reference": ("someone2016", "somebody2016", "E69", 14, "nearest: someone2016"),
    "unknown parent": (
        "grade: A",
        "grade: A\nreplaces: [pml.spots]",
        "E70",
        13,
        "no rule is called 'pml.spots'",
    ),
    "key twice": ("grade: A", "grade: A\ngrade: B", "E71", 13, "stands twice"),
    "alias": ("group: satellites", "group: *g", "E71", 11, "alias"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_rule_names_file_line_and_mend(tmp_path: Path, name: str) -> None:
    old, new, code, line, mend = BROKEN[name]
    assert old in RULE
    write(tmp_path, RULE.replace(old, new, 1))
    with pytest.raises(RuleError) as caught:
        load_rules(tmp_path, SIGNS)
    assert caught.value.code == code
    assert caught.value.file == f"dots.yaml:{line}"
    assert mend in caught.value.value


@pytest.mark.parametrize(
    ("old", "new", "line", "mend"),
    [
        ('  doi: "10.1136/jnnp-2016-313772"\n', "", 1, "add doi, pmid or url"),
        ("10.1136/jnnp-2016-313772", "doi.org/10.1136", 5, "is no doi"),
    ],
)
def test_broken_reference(tmp_path: Path, old: str, new: str, line: int, mend: str) -> None:
    write(tmp_path, references=REFERENCES.replace(old, new))
    with pytest.raises(RuleError) as caught:
        load_rules(tmp_path, SIGNS)
    assert caught.value.code == "E69"
    assert caught.value.file == f"references.yaml:{line}"
    assert mend in caught.value.value


def loaded(folder: Path) -> RuleSet:
    return load_rules(write(folder), SIGNS)


def test_cases_run(tmp_path: Path) -> None:
    rule = loaded(tmp_path).rules[0]
    (tmp_path / "pml" / "dots.cases.yaml").write_text(CASES)
    assert all(case.passed for case in run_cases(tmp_path, rule, SIGNS))
    wrong = CASES.replace("expect: unknown", "expect: true").replace(
        "{name: no,", "{name: open too, signs: {}, expect: unknown}\n  - {name: no,"
    )
    (tmp_path / "pml" / "dots.cases.yaml").write_text(wrong)
    failed = [case.name for case in run_cases(tmp_path, rule, SIGNS) if not case.passed]
    assert failed == ["open"]


@pytest.mark.parametrize(
    ("old", "new", "code", "mend"),
    [
        ("expect: unknown", "expect: true", "E72", "no case comes out unknown"),
        ("expect: unknown", "expect: maybe", "E72", "'expect'"),
        ("{dots: false}", "{dost: false}", "E67", "nearest: dots"),
        (CASES, "", "E72", "missing; pml.dots needs cases"),
    ],
)
def test_broken_cases(tmp_path: Path, old: str, new: str, code: str, mend: str) -> None:
    rule = loaded(tmp_path).rules[0]
    text = CASES.replace(old, new)
    if text:
        (tmp_path / "pml" / "dots.cases.yaml").write_text(text)
    with pytest.raises(RuleError) as caught:
        run_cases(tmp_path, rule, SIGNS)
    assert caught.value.code == code
    assert mend in caught.value.value


def test_the_rules_of_the_house_load_in_one_order() -> None:
    signs = frozenset(path.stem for path in (rules_dir() / "signs").glob("*.yaml"))
    rule_set = load_rules(rules_dir(), signs)
    assert [rule.id for rule in rule_set.rules] == sorted(rule.id for rule in rule_set.rules)
    assert any(alert.code == "pml_review" for alert in rule_set.alerts)
    cited = {cite for rule in rule_set.rules for cite in rule.cites}
    cited |= {cite for item in rule_set.criteria for cite in item.cite}
    cited |= {entry.cite for item in rule_set.criteria for entry in item.performance}
    cited |= {cite for alert in rule_set.alerts for cite in alert.cite}
    assert cited <= set(rule_set.references)
