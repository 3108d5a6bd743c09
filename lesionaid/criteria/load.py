"""Reads ``rules/``: strictly, and saying what, where and how to mend."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lesionaid.criteria.expression import Condition
from lesionaid.criteria.grammar import Source, nearest
from lesionaid.criteria.model import (
    Alert,
    CriteriaSet,
    Disease,
    Evidence,
    Interval,
    Pair,
    Performance,
    Reference,
    Rule,
    RuleSet,
    Table,
)
from lesionaid.criteria.references import check_cite, load_priors, load_references, parse
from lesionaid.criteria.schema import (
    AlertFile,
    CriteriaFile,
    EvidenceEntry,
    RuleFile,
)
from lesionaid.errors import RuleError
from lesionaid.strict_yaml import Key, load_strict_file

__all__ = ["load_references", "load_rules", "rule_files"]

SKIPPED_FOLDERS = frozenset({"signs"})
"""Folders under ``rules/`` that another room reads."""

_SCHEMAS = {
    "lesionaid-rule/1": "rule",
    "lesionaid-criteria/1": "criteria",
    "lesionaid-alert/1": "alert",
}
_NUMBERS = {
    "table": ("table",),
    "rates": ("rates",),
    "odds_ratio": ("published_or", "odds_ratio"),
    "frequency": ("frequency",),
    "consensus": (),
}
"""The fields of which one holds the numbers, by kind of evidence."""


def rule_files(rules_dir: Path) -> Iterator[Path]:
    """Rule, criteria and alert files under a folder, in sorted order, their cases left out."""
    for path in sorted(rules_dir.glob("*/**/*.yaml")):
        inside = path.relative_to(rules_dir).parts
        if inside[0] not in SKIPPED_FOLDERS and not path.name.endswith(".cases.yaml"):
            yield path


def load_rules(rules_dir: Path, sign_ids: Collection[str]) -> RuleSet:
    """Read every rule, criteria set, alert and reference.

    Parameters
    ----------
    rules_dir : Path
    sign_ids : collection of str
        Names that conditions may use.

    Raises
    ------
    RuleError
        ``E65`` shape, ``E66`` grammar, ``E67`` unknown name, ``E68`` evidence that does not
        hold together, ``E69`` reference, ``E70`` id, ``E71`` not strict YAML.
    """
    references = load_references(rules_dir / "references.yaml")
    priors, risks = load_priors(rules_dir / "priors.yaml", references)
    rules: dict[str, Rule] = {}
    criteria: dict[str, CriteriaSet] = {}
    alerts: dict[str, Alert] = {}
    sources: dict[str, Source] = {}
    for path in rule_files(rules_dir):
        source = Source(load_strict_file(path, error=RuleError, code="E71"), sign_ids)
        name = path.relative_to(rules_dir).as_posix()
        kind = _kind(source)
        if kind == "rule":
            rule = _rule(source, name, references)
            rules[rule.id] = rule
            sources[rule.id] = source
        elif kind == "criteria":
            item = _criteria(source, name, references)
            criteria[item.id] = item
        else:
            alert = _alert(source, name, references)
            alerts[alert.code] = alert
    for rule in rules.values():
        _check_replaced(rule, rules, sources[rule.id])
    return RuleSet(
        rules=tuple(rules[name] for name in sorted(rules)),
        criteria=tuple(criteria[name] for name in sorted(criteria)),
        alerts=tuple(alerts[name] for name in sorted(alerts)),
        references=references,
        priors=priors,
        risks=risks,
    )


def _kind(source: Source) -> str:
    value = source.loaded.value
    schema = value.get("schema") if isinstance(value, Mapping) else None
    if schema not in _SCHEMAS:
        mend = f"begin with 'schema:' and one of {', '.join(_SCHEMAS)}"
        source.refuse("E65", ("schema",), f"schema '{schema}' is not known", mend)
    return _SCHEMAS[str(schema)]


def _rule(source: Source, name: str, references: Mapping[str, Reference]) -> Rule:
    parsed = parse(RuleFile, source.loaded.value, source)
    _check_id(source, parsed.id, name)
    compares = _pair(parsed.compares, source)
    toward = Disease(parsed.toward)
    if toward not in compares:
        mend = f"write {compares[0]} or {compares[1]}"
        source.refuse("E65", ("toward",), f"'{toward}' is not compared here", mend)
    for index, entry in enumerate(parsed.evidence):
        check_cite(source, entry.cite, ("evidence", index, "cite"), references)
        _check_evidence(source, entry, ("evidence", index))
    if parsed.grade in "AB" and all(entry.cross_study for entry in parsed.evidence):
        found = f"nothing but cross-study evidence, of grade {parsed.grade}"
        source.refuse("E68", ("grade",), found, "grade C at best")
    return Rule(
        id=parsed.id,
        title=parsed.title,
        status=parsed.status,
        compares=compares,
        level=parsed.level,
        when=source.condition(parsed.when, ("when",)),
        toward=toward,
        group=parsed.group,
        grade=parsed.grade,
        evidence=tuple(_evidence(entry) for entry in parsed.evidence),
        limits=tuple(parsed.limits),
        gate=_optional(source, parsed.gate, "gate"),
        population_gate=_optional(source, parsed.population_gate, "population_gate"),
        unless=_optional(source, parsed.unless, "unless"),
        replaces=tuple(parsed.replaces),
        shown_only=parsed.shown_only,
        file=name,
    )


def _pair(names: Sequence[str], source: Source) -> Pair:
    first, second = sorted((Disease(name) for name in names), key=list(Disease).index)
    if first is second:
        source.refuse("E65", ("compares",), f"'{first}' against itself", "name two diseases")
    return first, second


def _optional(source: Source, node: Any, field: str) -> Condition | None:
    return None if node is None else source.condition(node, (field,))


def _evidence(entry: EvidenceEntry) -> Evidence:
    return Evidence(
        cite=entry.cite,
        kind=entry.kind,
        read=entry.read,
        population=entry.population,
        table=None if entry.table is None else Table(**entry.table.model_dump()),
        counts=entry.counts,
        patients=None if entry.patients is None else (entry.patients.target, entry.patients.other),
        rates=None if entry.rates is None else (entry.rates.sensitivity, entry.rates.specificity),
        published_or=None
        if entry.published_or is None
        else Interval(**entry.published_or.model_dump()),
        odds_ratio=entry.odds_ratio,
        frequency=entry.frequency,
        cross_study=entry.cross_study,
        chronic=entry.chronic,
        absence_weighs=entry.absence_weighs,
        stage=entry.stage,
        note=entry.note,
    )


def _check_evidence(source: Source, entry: EvidenceEntry, at: Key) -> None:
    """Numbers belong to the kind, counts are possible and point where the rule says."""
    fields = _NUMBERS[entry.kind]
    if fields and all(getattr(entry, field) is None for field in fields):
        found = f"kind '{entry.kind}' without '{' or '.join(fields)}'"
        source.refuse("E68", at, found, "give the numbers")
    allowed = {*fields, *(("published_or",) if entry.kind == "table" else ())}
    for field in sorted({name for names in _NUMBERS.values() for name in names} - allowed):
        if getattr(entry, field) is not None:
            found = f"kind '{entry.kind}' with '{field}'"
            source.refuse("E68", (*at, field), found, "remove it or change the kind")
    interval = entry.published_or
    if interval is not None and not interval.low <= interval.value <= interval.high:
        mend = "low, value and high in this order"
        source.refuse("E68", (*at, "published_or"), "the value lies outside its interval", mend)
    if entry.rates is not None and entry.rates.sensitivity + entry.rates.specificity <= 1:
        mend = "turn the rule round"
        source.refuse("E68", (*at, "rates"), "the rates point the other way", mend)
    if entry.table is not None:
        _check_table(source, entry, (*at, "table"))


def _check_table(source: Source, entry: EvidenceEntry, at: Key) -> None:
    table = entry.table
    assert table is not None
    if table.target_yes > table.target_n or table.other_yes > table.other_n:
        source.refuse("E68", at, "more patients with the sign than patients", "check the counts")
    if table.target_yes * table.other_n <= table.other_yes * table.target_n:
        mend = "'target' is the disease that 'toward' names"
        source.refuse("E68", at, "the counts do not point toward the target", mend)
    empty = table.other_yes == 0 or table.target_yes == table.target_n
    if empty and entry.counts != "patients" and entry.patients is None:
        mend = "add 'patients', on which its bound rests"
        source.refuse("E68", at, f"an empty cell counted in {entry.counts}", mend)


def _criteria(source: Source, name: str, references: Mapping[str, Reference]) -> CriteriaSet:
    parsed = parse(CriteriaFile, source.loaded.value, source)
    _check_id(source, parsed.id, name)
    for index, cite in enumerate(parsed.cite):
        check_cite(source, cite, ("cite", index), references)
    for index, entry in enumerate(parsed.performance):
        check_cite(source, entry.cite, ("performance", index, "cite"), references)
    return CriteriaSet(
        id=parsed.id,
        title=parsed.title,
        target=parsed.target,
        version=parsed.version,
        when=source.condition(parsed.when, ("when",)),
        cite=tuple(parsed.cite),
        needs=tuple(parsed.needs),
        limits=tuple(parsed.limits),
        requires=_optional(source, parsed.requires, "requires"),
        undefined_when=_optional(source, parsed.undefined_when, "undefined_when"),
        performance=tuple(Performance(**entry.model_dump()) for entry in parsed.performance),
        recalled=tuple(parsed.recalled),
        file=name,
    )


def _alert(source: Source, name: str, references: Mapping[str, Reference]) -> Alert:
    parsed = parse(AlertFile, source.loaded.value, source)
    for index, cite in enumerate(parsed.cite):
        check_cite(source, cite, ("cite", index), references)
    return Alert(
        code=parsed.code,
        title=parsed.title,
        text=parsed.text,
        when_new=source.condition(parsed.when_new, ("when_new",)),
        when_novelty_unknown=source.condition(
            parsed.when_novelty_unknown, ("when_novelty_unknown",)
        ),
        cite=tuple(parsed.cite),
        limits=tuple(parsed.limits),
        file=name,
    )


def _check_id(source: Source, found: str, name: str) -> None:
    expected = name.removesuffix(".yaml").replace("/", ".")
    if found != expected:
        source.refuse("E70", ("id",), f"id '{found}' in {name}", f"write '{expected}'")


def _check_replaced(rule: Rule, rules: Mapping[str, Rule], source: Source) -> None:
    for index, name in enumerate(rule.replaces):
        at: Key = ("replaces", index)
        parent = rules.get(name)
        if parent is None:
            source.refuse("E70", at, f"no rule is called '{name}'", nearest(name, rules))
        if parent.compares != rule.compares:
            mend = "a subtype replaces its parent within one pair"
            source.refuse("E70", at, f"'{name}' compares another pair", mend)
