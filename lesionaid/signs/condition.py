"""The closed grammar of a sign's operational definition.

A leaf holds one measurement against one threshold, asks for a category, for another sign
or for a key of the clinical context; branches are ``all``, ``any``, ``none`` and
``at_least``; ``count`` counts lesions. There are no expression strings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from lesionaid.context import context_keys, serostatus_keys
from lesionaid.errors import RuleError
from lesionaid.quantity import Unit
from lesionaid.strict_yaml import Key, Loaded

__all__ = [
    "AtLeast",
    "Combined",
    "Compared",
    "Condition",
    "ContextIs",
    "Counted",
    "NamedIs",
    "SignIs",
    "Threshold",
    "leaves",
    "parse_condition",
    "signs_in",
    "threshold_in",
    "uses_context",
    "uses_measurements",
]

Operator = Literal[">", ">=", "<", "<="]
OPERATORS: tuple[Operator, ...] = (">", ">=", "<", "<=")


@dataclass(frozen=True, slots=True)
class Threshold:
    """A measurement held against a number: ``{measurement, op, value, unit}``."""

    measurement: str
    op: Operator
    value: float
    unit: Unit


@dataclass(frozen=True, slots=True)
class Compared:
    """A measurement held against another of the same unit: ``{measurement, op, than}``."""

    measurement: str
    op: Operator
    than: str


@dataclass(frozen=True, slots=True)
class NamedIs:
    """A category: true for `yes`, false for `no`, unknown for `unsure`."""

    measurement: str
    yes: tuple[str, ...]
    no: tuple[str, ...]
    unsure: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SignIs:
    """Another sign."""

    sign: str


@dataclass(frozen=True, slots=True)
class ContextIs:
    """A key of the clinical context has one of the values `yes`; unknown for `unsure`."""

    key: str
    yes: tuple[str | bool, ...]
    unsure: tuple[str | bool, ...] = ()


@dataclass(frozen=True, slots=True)
class Combined:
    """All, any or none of several conditions."""

    how: Literal["all", "any", "none"]
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AtLeast:
    """At least `k` of several conditions."""

    k: int
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Counted:
    """How many lesions meet a condition on their signs; limits are inclusive."""

    condition: Condition
    at_least: int | None
    at_most: int | None


Condition = Threshold | Compared | NamedIs | SignIs | ContextIs | Combined | AtLeast | Counted


def leaves(condition: Condition) -> Iterator[Condition]:
    """Every part of a definition that is no branch; a count, and what it counts, too."""
    if isinstance(condition, Combined | AtLeast):
        for part in condition.parts:
            yield from leaves(part)
    else:
        yield condition
        if isinstance(condition, Counted):
            yield from leaves(condition.condition)


def signs_in(condition: Condition | None) -> frozenset[str]:
    """Ids of the signs that a definition refers to."""
    if condition is None:
        return frozenset()
    return frozenset(leaf.sign for leaf in leaves(condition) if isinstance(leaf, SignIs))


def threshold_in(condition: Condition | None, unit: Unit) -> Threshold:
    """The first threshold in a unit: what a typed number of that unit is held against.

    Raises
    ------
    RuleError
        ``E63`` when the definition has none.
    """
    for leaf in leaves(condition) if condition is not None else ():
        if isinstance(leaf, Threshold) and leaf.unit is unit:
            return leaf
    raise RuleError("E63", value=f"no threshold in {unit}")


def uses_measurements(condition: Condition) -> bool:
    """Whether a definition rests on measurements."""
    return any(isinstance(leaf, Threshold | Compared | NamedIs) for leaf in leaves(condition))


def uses_context(condition: Condition) -> bool:
    """Whether a definition rests on the clinical context."""
    return any(isinstance(leaf, ContextIs) for leaf in leaves(condition))


def parse_condition(loaded: Loaded, path: Key, raw: object) -> Condition:
    """Read a definition.

    Parameters
    ----------
    loaded : Loaded
        The file, for line numbers.
    path : tuple
        Where `raw` stands in it.
    raw : mapping

    Raises
    ------
    RuleError
        ``E61`` field missing or unknown, ``E62`` value not allowed.
    """
    if not isinstance(raw, Mapping):
        raise _refuse("E62", loaded, path, f"a condition is a mapping, not '{raw}'")
    for form, parse in _FORMS.items():
        if form in raw:
            return parse(loaded, path, raw)
    raise _refuse("E61", loaded, path, f"a condition has one of the keys {', '.join(_FORMS)}")


def _refuse(code: str, loaded: Loaded, path: Key, found: str) -> RuleError:
    return RuleError(code, file=loaded.where(path), value=found)


def _only(
    loaded: Loaded, path: Key, raw: Mapping[str, Any], needed: set[str], optional: set[str]
) -> None:
    for name in sorted(raw.keys() - needed - optional):
        names = ", ".join(sorted(needed | optional))
        raise _refuse("E61", loaded, (*path, name), f"unknown field '{name}'; known: {names}")
    for name in sorted(needed - raw.keys()):
        raise _refuse("E61", loaded, path, f"the field '{name}' is missing")


def _measured(loaded: Loaded, path: Key, raw: Mapping[str, Any]) -> Condition:
    if "is" in raw:
        return _named(loaded, path, raw)
    compared = "than" in raw
    needed = {"than"} if compared else {"value", "unit"}
    _only(loaded, path, raw, {"measurement", "op", *needed}, set())
    if raw["op"] not in OPERATORS:
        found = f"op '{raw['op']}'; allowed: {', '.join(OPERATORS)}"
        raise _refuse("E62", loaded, (*path, "op"), found)
    if compared:
        return Compared(str(raw["measurement"]), raw["op"], str(raw["than"]))
    if isinstance(raw["value"], bool) or not isinstance(raw["value"], int | float):
        raise _refuse("E62", loaded, (*path, "value"), f"'{raw['value']}' is not a number")
    try:
        unit = Unit(str(raw["unit"]))
    except ValueError:
        found = f"unit '{raw['unit']}'; allowed: {', '.join(Unit)}"
        raise _refuse("E62", loaded, (*path, "unit"), found) from None
    return Threshold(str(raw["measurement"]), raw["op"], float(raw["value"]), unit)


def _named(loaded: Loaded, path: Key, raw: Mapping[str, Any]) -> NamedIs:
    _only(loaded, path, raw, {"measurement", "is", "is_not"}, {"unsure"})
    words = {name: _words(loaded, (*path, name), raw.get(name, [])) for name in _NAMED}
    flat = [word for group in words.values() for word in group]
    if len(set(flat)) != len(flat):
        raise _refuse("E62", loaded, path, "a category stands in two lists")
    return NamedIs(str(raw["measurement"]), words["is"], words["is_not"], words["unsure"])


_NAMED = ("is", "is_not", "unsure")


def _words(loaded: Loaded, path: Key, raw: object) -> tuple[str, ...]:
    if not isinstance(raw, list) or not all(isinstance(word, str) for word in raw):
        raise _refuse("E62", loaded, path, "a list of words is needed")
    return tuple(raw)


def _sign(loaded: Loaded, path: Key, raw: Mapping[str, Any]) -> SignIs:
    _only(loaded, path, raw, {"sign"}, set())
    return SignIs(str(raw["sign"]))


def _context(loaded: Loaded, path: Key, raw: Mapping[str, Any]) -> ContextIs:
    _only(loaded, path, raw, {"context", "is"}, {"unsure"})
    key = {**context_keys(), **serostatus_keys()}.get(str(raw["context"]))
    if key is None:
        found = f"'{raw['context']}' is not a key of rules/context.yaml"
        raise _refuse("E62", loaded, (*path, "context"), found)
    allowed: set[str | bool] = {True, False} if key.kind == "boolean" else set(key.values)
    values: dict[str, tuple[str | bool, ...]] = {}
    for name in ("is", "unsure"):
        given = raw.get(name, [])
        values[name] = tuple(given) if isinstance(given, list) else (given,)
        for value in values[name]:
            if value not in allowed:
                found = f"'{value}' is not a value of {key.name}; allowed: {key.allowed}"
                raise _refuse("E62", loaded, (*path, name), found)
    return ContextIs(key.name, values["is"], values["unsure"])


def _parts(loaded: Loaded, path: Key, raw: object) -> tuple[Condition, ...]:
    if not isinstance(raw, list) or not raw:
        raise _refuse("E62", loaded, path, "a list of conditions is needed")
    return tuple(parse_condition(loaded, (*path, i), part) for i, part in enumerate(raw))


def _combined(
    how: Literal["all", "any", "none"],
) -> Callable[[Loaded, Key, Mapping[str, Any]], Combined]:
    def parse(loaded: Loaded, path: Key, raw: Mapping[str, Any]) -> Combined:
        _only(loaded, path, raw, {how}, set())
        return Combined(how, _parts(loaded, (*path, how), raw[how]))

    return parse


def _counted(loaded: Loaded, path: Key, raw: Mapping[str, Any]) -> Counted:
    _only(loaded, path, raw, {"count"}, {"at_least", "at_most"})
    limits = {name: _count(loaded, path, raw, name) for name in ("at_least", "at_most")}
    if limits["at_least"] is None and limits["at_most"] is None:
        raise _refuse("E61", loaded, path, "a count needs 'at_least' or 'at_most'")
    condition = parse_condition(loaded, (*path, "count"), raw["count"])
    return Counted(condition, limits["at_least"], limits["at_most"])


def _at_least(loaded: Loaded, path: Key, raw: Mapping[str, Any]) -> AtLeast:
    _only(loaded, path, raw, {"at_least", "of"}, set())
    k = _count(loaded, path, raw, "at_least")
    return AtLeast(k or 0, _parts(loaded, (*path, "of"), raw["of"]))


def _count(loaded: Loaded, path: Key, raw: Mapping[str, Any], name: str) -> int | None:
    k = raw.get(name)
    if k is not None and (isinstance(k, bool) or not isinstance(k, int) or k < 0):
        raise _refuse("E62", loaded, (*path, name), f"'{k}' is not a count")
    return k


_FORMS: Mapping[str, Callable[[Loaded, Key, Mapping[str, Any]], Condition]] = {
    "measurement": _measured,
    "sign": _sign,
    "context": _context,
    "all": _combined("all"),
    "any": _combined("any"),
    "none": _combined("none"),
    "count": _counted,
    "at_least": _at_least,
}
