"""Every rule and criteria set against the cases beside it."""

from __future__ import annotations

import pytest

from lesionaid.criteria.cases import run_cases
from lesionaid.criteria.load import load_rules
from lesionaid.criteria.model import CriteriaSet, Rule
from lesionaid.rules_path import rules_dir

SIGNS = frozenset(path.stem for path in (rules_dir() / "signs").glob("*.yaml"))
RULE_SET = load_rules(rules_dir(), SIGNS)
BOTH: tuple[Rule | CriteriaSet, ...] = (*RULE_SET.rules, *RULE_SET.criteria)


@pytest.mark.parametrize("rule", BOTH, ids=lambda rule: rule.id)
def test_cases_come_out_as_written(rule: Rule | CriteriaSet) -> None:
    results = run_cases(rules_dir(), rule, SIGNS)
    wrong = [
        f"{case.name}: expected {case.expected.value}, found {case.found.value}"
        for case in results
        if not case.passed
    ]
    assert not wrong


def test_no_cases_without_a_rule() -> None:
    known = {rule.file.replace(".yaml", ".cases.yaml") for rule in BOTH}
    found = {path.relative_to(rules_dir()).as_posix() for path in rules_dir().rglob("*.cases.yaml")}
    assert found <= known
