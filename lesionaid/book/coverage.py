"""Which signs the knowledge uses, how each can be known, and which rules weigh nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from lesionaid.context import ClinicalContext
from lesionaid.criteria.evaluate import run_rules
from lesionaid.criteria.expression import Condition, sign_leaves
from lesionaid.criteria.model import RuleSet
from lesionaid.criteria.strength import SMALLEST, Strength
from lesionaid.signs.catalogue import SignCatalogue
from lesionaid.signs.condition import signs_in, uses_context, uses_measurements
from lesionaid.signs.spec import SignSpec
from lesionaid.tables import SignTable

__all__ = ["Coverage", "SignUse", "cover", "coverage_text", "strengths"]

How = Literal["measured", "context", "other signs", "typed in"]


@dataclass(frozen=True, slots=True)
class SignUse:
    """One sign and who uses it.

    Parameters
    ----------
    sign, title : str
    how : {"measured", "context", "other signs", "typed in"}
        How it can be known: from the images, the clinical context, other signs, or a reader.
    weighed_by, shown_by : tuple of str
        Rules in whose condition it stands, those that weigh and those that do not.
    gates : tuple of str
        Rules that it opens or closes.
    criteria, alerts : tuple of str
    through : tuple of str
        Signs that are used and are defined by this one, or follow from it.
    information : bool
        The catalogue says that it weighs nothing.
    """

    sign: str
    title: str
    how: How
    weighed_by: tuple[str, ...]
    shown_by: tuple[str, ...]
    gates: tuple[str, ...]
    criteria: tuple[str, ...]
    alerts: tuple[str, ...]
    through: tuple[str, ...]
    information: bool

    @property
    def direct(self) -> bool:
        """Whether a rule, criteria set or alert names it."""
        named = (self.weighed_by, self.shown_by, self.gates, self.criteria, self.alerts)
        return any(named)

    @property
    def used(self) -> bool:
        """Whether it reaches any of them, by itself or through another sign."""
        return self.direct or bool(self.through)


@dataclass(frozen=True, slots=True)
class Coverage:
    """The signs in the order of the catalogue, and why rules weigh nothing."""

    signs: tuple[SignUse, ...]
    silent: Mapping[str, str]

    def where(self, how: How) -> tuple[SignUse, ...]:
        """Signs that can be known in one way."""
        return tuple(use for use in self.signs if use.how == how)


def strengths(rules: RuleSet) -> dict[str, Strength]:
    """Weight of every rule, by id, as it is on a patient of whom nothing is known."""
    rows = run_rules(rules, SignTable({}, {}, lesions_known=False), ClinicalContext())
    return {row.rule.id: row.strength for row in rows.every}


def cover(catalogue: SignCatalogue, rules: RuleSet) -> Coverage:
    """Work out who uses which sign.

    Parameters
    ----------
    catalogue : SignCatalogue
    rules : RuleSet
    """
    silent = _silent(rules)
    direct = {
        "weighed_by": _users(
            (rule.id, (rule.when,)) for rule in rules.rules if rule.id not in silent
        ),
        "shown_by": _users((rule.id, (rule.when,)) for rule in rules.rules if rule.id in silent),
        "gates": _users(
            (rule.id, (rule.gate, rule.population_gate, rule.unless)) for rule in rules.rules
        ),
        "criteria": _users(
            (item.id, (item.when, item.requires, item.undefined_when)) for item in rules.criteria
        ),
        "alerts": _users(
            (alert.code, (alert.when_new, alert.when_novelty_unknown)) for alert in rules.alerts
        ),
    }
    named = {sign for users in direct.values() for sign in users}
    return Coverage(
        signs=tuple(
            SignUse(
                sign=spec.id,
                title=spec.title,
                how=_how(spec),
                through=_through(spec.id, catalogue, named),
                information=spec.information,
                **{name: users.get(spec.id, ()) for name, users in direct.items()},
            )
            for spec in catalogue.signs.values()
        ),
        silent=silent,
    )


def _silent(rules: RuleSet) -> dict[str, str]:
    """Why rules weigh nothing, by id."""
    found = {}
    for name, strength in strengths(rules).items():
        if strength.silent:
            found[name] = strength.silent
        elif max(strength.present, strength.absent) < SMALLEST:
            found[name] = f"weighs under {SMALLEST}: shown, not solved"
    return found


def _users(
    parts: Iterable[tuple[str, tuple[Condition | None, ...]]],
) -> dict[str, tuple[str, ...]]:
    users: dict[str, dict[str, None]] = {}
    for name, conditions in parts:
        for condition in conditions:
            for sign in sign_leaves(condition) if condition is not None else ():
                users.setdefault(sign, {})[name] = None
    return {sign: tuple(sorted(names)) for sign, names in users.items()}


def _how(spec: SignSpec) -> How:
    if spec.measure is None:
        return "typed in"
    if uses_measurements(spec.measure):
        return "measured"
    return "context" if uses_context(spec.measure) else "other signs"


def _through(sign: str, catalogue: SignCatalogue, named: set[str]) -> tuple[str, ...]:
    """Signs in use that are defined by `sign`, or that it implies or excludes."""
    spec = catalogue.signs[sign]
    reached = {*spec.implies, *spec.excludes}
    for other in catalogue.signs.values():
        if sign in signs_in(other.measure) or other.reads_as == sign or sign in other.implies:
            reached.add(other.id)
    return tuple(sorted(reached & named - {sign}))


def coverage_text(coverage: Coverage) -> str:
    """The coverage for a terminal."""
    return "\n".join(_lines(coverage)) + "\n"


def _lines(coverage: Coverage) -> Iterator[str]:
    used = [use for use in coverage.signs if use.direct]
    only_through = [use for use in coverage.signs if use.used and not use.direct]
    unused = [use for use in coverage.signs if not use.used]
    yield (
        f"{len(coverage.signs)} signs: {len(used)} named by a rule, criteria set or alert, "
        f"{len(only_through)} only through another sign, {len(unused)} used by none"
    )
    ways: tuple[How, ...] = ("measured", "context", "other signs", "typed in")
    counts = ", ".join(f"{way} {len(coverage.where(way))}" for way in ways)
    yield f"How they can be known: {counts}"
    for title, uses in (
        ("Named by a rule, criteria set or alert", used),
        ("Used only through another sign", only_through),
        ("Used by none", unused),
    ):
        yield ""
        yield title
        for use in uses:
            yield f"  {use.sign:<38} {use.how:<12} {_told(use)}"
    yield ""
    yield f"Rules that weigh nothing, and why ({len(coverage.silent)})"
    for name, why in sorted(coverage.silent.items()):
        yield f"  {name:<38} {why}"


def _told(use: SignUse) -> str:
    counted = (
        ("rules", use.weighed_by),
        ("shown only", use.shown_by),
        ("gates", use.gates),
        ("criteria", use.criteria),
        ("alerts", use.alerts),
    )
    parts = [f"{name} {len(users)}" for name, users in counted if users]
    if not parts and use.through:
        parts = [f"through {', '.join(use.through)}"]
    if use.information:
        parts.append("information only")
    return ", ".join(parts) or "none"
