"""Cases beside a rule: signs that must make it true, false and unknown."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lesionaid.context import parse_context
from lesionaid.criteria.evaluate import criteria_outcomes
from lesionaid.criteria.expression import Scope, evaluate
from lesionaid.criteria.grammar import Source, nearest
from lesionaid.criteria.model import Alert, CriteriaSet, Rule
from lesionaid.errors import RuleError
from lesionaid.strict_yaml import load_strict_file
from lesionaid.tables import SignTable, SignValue
from lesionaid.truth import Truth

__all__ = ["CaseResult", "cases_file", "run_cases"]

Expected = bool | Literal["unknown"]


class _Case(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    name: str = Field(min_length=1)
    signs: dict[str, Expected] = {}
    lesions: list[dict[str, Expected]] | None = None
    context: dict[str, Any] = {}
    expect: Expected


class _CasesFile(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    schema_: Literal["lesionaid-rule-cases/1"] = Field(alias="schema")
    cases: list[_Case] = Field(min_length=3)


@dataclass(frozen=True, slots=True)
class CaseResult:
    """One case: what was expected and what came out."""

    name: str
    expected: Truth
    found: Truth

    @property
    def passed(self) -> bool:
        """Whether both agree."""
        return self.expected is self.found


def cases_file(rules_dir: Path, rule: Rule | CriteriaSet | Alert) -> Path:
    """Path of the cases of a rule."""
    return rules_dir / rule.file.replace(".yaml", ".cases.yaml")


def run_cases(
    rules_dir: Path, rule: Rule | CriteriaSet, sign_ids: frozenset[str]
) -> tuple[CaseResult, ...]:
    """Hold a rule or criteria set against the cases beside it.

    Raises
    ------
    RuleError
        ``E72`` when there are none, or not one each for true, false and unknown.
    """
    path = cases_file(rules_dir, rule)
    if not path.is_file():
        raise RuleError("E72", file=path.name, value=f"missing; {rule.id} needs cases")
    source = Source(load_strict_file(path, error=RuleError, code="E71"), sign_ids)
    try:
        cases = _CasesFile.model_validate(source.loaded.value).cases
    except ValidationError as failure:
        first = failure.errors()[0]
        at = tuple(part for part in first["loc"] if part not in ("bool", "literal['unknown']"))
        source.refuse("E72", at, f"'{at[-1] if at else ''}': {first['msg']}", "see another file")
    for index, case in enumerate(cases):
        for signs in (case.signs, *(case.lesions or ())):
            for sign in signs:
                if sign not in sign_ids:
                    mend = nearest(sign, sign_ids)
                    source.refuse("E67", ("cases", index), f"no sign is called '{sign}'", mend)
    missing = set(Truth) - {_truth(case.expect) for case in cases}
    if missing:
        names = ", ".join(sorted(truth.value for truth in missing))
        source.refuse("E72", ("cases",), f"no case comes out {names}", "add one")
    return tuple(
        CaseResult(case.name, _truth(case.expect), _found(rule, case, source.loaded.name))
        for case in cases
    )


def _truth(value: Expected) -> Truth:
    return Truth.of(None if value == "unknown" else bool(value))


def _values(signs: dict[str, Expected]) -> dict[str, SignValue]:
    return {name: SignValue(_truth(value)) for name, value in signs.items()}


def _found(rule: Rule | CriteriaSet, case: _Case, file: str) -> Truth:
    context = parse_context(case.context, file=file)
    lesions = {index: _values(signs) for index, signs in enumerate(case.lesions or (), start=1)}
    signs = _values(case.signs)
    if isinstance(rule, Rule):
        known = case.lesions is not None
        return evaluate(rule.when, Scope(signs, tuple(lesions.values()), known, context)).truth
    table = SignTable(lesions, signs, lesions_known=case.lesions is not None)
    return criteria_outcomes((rule,), table, context)[rule.id].truth
