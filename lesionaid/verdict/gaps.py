"""What could not be assessed, and which scan or fact would settle most."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lesionaid.criteria.evaluate import Row, Rows
from lesionaid.criteria.expression import sign_leaves
from lesionaid.criteria.model import NOVELTY, Disease, RuleSet
from lesionaid.quantity import Reason, Unknown
from lesionaid.tables import SignTable
from lesionaid.truth import Truth
from lesionaid.verdict.model import NotAssessable, Settles

__all__ = ["not_assessable", "would_settle"]

MISSING = Unknown(Reason.NOT_MEASURED)


def not_assessable(rule_set: RuleSet, signs: SignTable) -> tuple[NotAssessable, ...]:
    """Signs that a rule, criteria set or alert asks for and that are unknown on the patient."""
    return tuple(
        NotAssessable(sign, unknown.reason.value, unknown.detail, unknown.needs)
        for sign in sorted(_used_signs(rule_set))
        if (unknown := _unknown(sign, signs)) is not None
    )


def would_settle(rows: Rows, signs: SignTable, pair: frozenset[Disease]) -> tuple[Settles, ...]:
    """Missing scans and facts by how far they could move one pattern against another.

    Parameters
    ----------
    rows : Rows
    signs : SignTable
    pair : frozenset of Disease
        Leader and runner-up.

    Returns
    -------
    tuple of Settles
        Largest first. The weight is the width between the two ends that the unknown signs
        could reach, strongest row of each group, largest over lesion groups.
    """
    spans: dict[str, dict[int | None, dict[str, float]]] = {}
    names: dict[str, set[str]] = {}
    for row in rows.every:
        if frozenset(row.rule.compares) != pair:
            continue
        for name in _open_names(row):
            for need in _needs(name, signs):
                names.setdefault(need, set()).add(name)
                groups = spans.setdefault(need, {}).setdefault(row.unit, {})
                groups[row.rule.group] = max(groups.get(row.rule.group, 0.0), _span(row))
    found = [
        Settles(need, tuple(sorted(names[need])), _reach(spans[need]))
        for need in names
        if _reach(spans[need]) > 0
    ]
    return tuple(sorted(found, key=lambda one: (-round(one.weight, 9), one.needs)))


def _reach(units: Mapping[int | None, Mapping[str, float]]) -> float:
    patient = sum(units.get(None, {}).values())
    lesions = [sum(groups.values()) for unit, groups in units.items() if unit is not None]
    return patient + max(lesions, default=0.0)


def _open_names(row: Row) -> Iterable[str]:
    """Unknown names that keep a row from counting, or could still silence it."""
    if row.silence == "closed" and "population not known" not in row.why_not:
        return ()
    names = set(row.missing)
    if row.silence != "open":
        names |= {
            leaf
            for gate in (row.rule.gate, row.rule.population_gate)
            if gate is not None
            for leaf in sign_leaves(gate)
        }
        if "context:" in row.why_not:
            names |= {part for part in row.why_not.replace(",", " ").split() if ":" in part[:-1]}
    return sorted(names)


def _span(row: Row) -> float:
    values = {0.0, row.present, row.absent} if not row.truth.known else {0.0, _settled(row)}
    return max(values) - min(values)


def _settled(row: Row) -> float:
    return row.present if row.truth is Truth.TRUE else row.absent


def _needs(name: str, signs: SignTable) -> tuple[str, ...]:
    if name.startswith("context:"):
        return (name,)
    unknown = _unknown(name, signs)
    if unknown is None:  # known on the patient, unknown on a lesion
        unknown = next((own[name].unknown for own in signs.lesions.values() if name in own), None)
    if unknown is None:
        return ()
    return unknown.needs or (("prior",) if name == NOVELTY else ())


def _unknown(sign: str, signs: SignTable) -> Unknown | None:
    value = signs.patient.get(sign)
    if value is None:
        return MISSING
    if value.truth.known:
        return None
    return value.unknown or MISSING


def _used_signs(rule_set: RuleSet) -> set[str]:
    conditions = [
        part
        for rule in rule_set.rules
        for part in (rule.when, rule.gate, rule.population_gate, rule.unless)
    ]
    conditions += [part for item in rule_set.criteria for part in (item.when, item.requires)]
    for alert in rule_set.alerts:
        conditions += [alert.when_new, alert.when_novelty_unknown]
    return {sign for part in conditions if part is not None for sign in sign_leaves(part)}
