"""Conditions read from a file: the closed grammar, checked word by word."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, NoReturn

from lesionaid.context import ContextKey, context_keys, serostatus_keys
from lesionaid.criteria.expression import Combination, Condition, ContextIs, Count, SignIs
from lesionaid.errors import RuleError
from lesionaid.strict_yaml import Key, Loaded

__all__ = ["Source", "nearest"]

WORDS = ("sign", "context", "all", "any", "none", "at_least", "count")


def nearest(name: str, known: Collection[str]) -> str:
    """``"nearest: a, b"``, or a hint where nothing is near."""
    near = get_close_matches(name, sorted(known), n=3, cutoff=0.6)
    return f"nearest: {', '.join(near)}" if near else "no name is near it"


@dataclass(frozen=True, slots=True)
class Source:
    """A file of the knowledge, with what its conditions may name.

    Parameters
    ----------
    loaded : Loaded
    sign_ids : collection of str
    """

    loaded: Loaded
    sign_ids: Collection[str]

    def refuse(self, code: str, at: Key, found: str, mend: str) -> NoReturn:
        """Stop with the file, the line, what is wrong and how to mend it."""
        raise RuleError(code, file=self.loaded.where(at), value=f"{found}; {mend}")

    def condition(self, node: Any, at: Key) -> Condition:
        """Read one condition.

        Raises
        ------
        RuleError
            ``E66`` outside the grammar, ``E67`` unknown sign, context key or value.
        """
        if not isinstance(node, Mapping) or not node:
            self.refuse("E66", at, f"'{node}' is no condition", "write {sign: some_sign}")
        word = next((word for word in WORDS if word in node), None)
        if word is None:
            found = ", ".join(map(str, node))
            self.refuse("E66", at, f"'{found}' begins no condition", f"use {', '.join(WORDS)}")
        read = {"sign": self._sign, "context": self._context, "count": self._count}.get(word)
        if read is not None:
            return read(node, at)
        self._only(node, at, {word})
        if word == "at_least":
            return self._at_least(node[word], (*at, word))
        parts = self._parts(node[word], (*at, word))
        return Combination(word, parts)  # type: ignore[arg-type]  # one of WORDS

    def _only(self, node: Mapping[str, Any], at: Key, allowed: set[str]) -> None:
        for name in node:
            if name not in allowed:
                self.refuse(
                    "E66", (*at, name), f"'{name}' does not belong here", "one word a condition"
                )

    def _parts(self, node: Any, at: Key) -> tuple[Condition, ...]:
        if not isinstance(node, list) or not node:
            self.refuse("E66", at, "no list of conditions", "write [{sign: a}, {sign: b}]")
        return tuple(self.condition(part, (*at, index)) for index, part in enumerate(node))

    def _sign(self, node: Mapping[str, Any], at: Key) -> Condition:
        self._only(node, at, {"sign"})
        sign = str(node["sign"])
        if sign not in self.sign_ids:
            mend = nearest(sign, self.sign_ids)
            self.refuse("E67", (*at, "sign"), f"no sign is called '{sign}'", mend)
        return SignIs(sign)

    def _at_least(self, node: Any, at: Key) -> Condition:
        if not isinstance(node, Mapping) or set(node) != {"k", "of"}:
            self.refuse("E66", at, "'at_least' needs k and of", "write {k: 2, of: [...]}")
        parts = self._parts(node["of"], (*at, "of"))
        k = self._whole(node["k"], (*at, "k"))
        if k > len(parts):
            self.refuse("E66", (*at, "k"), f"{k} of {len(parts)} can never hold", "lower k")
        return Combination("at_least", parts, k)

    def _count(self, node: Mapping[str, Any], at: Key) -> Condition:
        self._only(node, at, {"count"})
        at = (*at, "count")
        body = node["count"]
        if not isinstance(body, Mapping) or set(body) != {"where", "at_least"}:
            mend = "write {where: {sign: a}, at_least: 3}"
            self.refuse("E66", at, "'count' needs where and at_least", mend)
        where = self.condition(body["where"], (*at, "where"))
        return Count(where, self._whole(body["at_least"], (*at, "at_least")))

    def _whole(self, value: Any, at: Key) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            self.refuse("E66", at, f"'{value}' is no count", "write a whole number from 1")
        return value

    def _context(self, node: Mapping[str, Any], at: Key) -> Condition:
        self._only(node, at, {"context", "is", "in", "from", "to"})
        keys = {**context_keys(), **serostatus_keys()}
        name = str(node["context"])
        key = keys.get(name)
        if key is None:
            mend = nearest(name, keys)
            self.refuse("E67", (*at, "context"), f"no context key is called '{name}'", mend)
        if key.kind == "number":
            return self._range(node, at, name)
        if "in" in node and (not isinstance(node["in"], list) or not node["in"]):
            self.refuse("E66", (*at, "in"), "no list of values", "write [a, b]")
        values = node["in"] if "in" in node else [node["is"]] if "is" in node else []
        if not values or "from" in node or "to" in node:
            self.refuse("E66", at, f"'{name}' is held against nothing", "add 'is' or 'in'")
        for value in values:
            self._check_value(key, value, (*at, "in" if "in" in node else "is"))
        return ContextIs(name, tuple(values))

    def _range(self, node: Mapping[str, Any], at: Key, name: str) -> Condition:
        low, high = node.get("from"), node.get("to")
        numbers = [bound for bound in (low, high) if bound is not None]
        if not numbers or "is" in node or "in" in node:
            self.refuse("E66", at, f"'{name}' is a number", "give 'from', 'to' or both")
        for bound in numbers:
            if isinstance(bound, bool) or not isinstance(bound, int | float):
                self.refuse("E66", at, f"'{bound}' is no number", "write it in digits")
        return ContextIs(name, low=low, high=high)

    def _check_value(self, key: ContextKey, value: Any, at: Key) -> None:
        allowed = (True, False) if key.kind == "boolean" else tuple(key.values)
        if value not in allowed:
            self.refuse("E67", at, f"'{value}' is no value of '{key.name}'", f"use {key.allowed}")
