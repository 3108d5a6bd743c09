"""What a reader typed, turned into three-valued signs: words, sizes and lists included."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from lesionaid.context import context_keys, plain_name
from lesionaid.errors import FormError
from lesionaid.quantity import Category, Quantity, Unit, Value
from lesionaid.signs.catalogue import SignCatalogue
from lesionaid.signs.condition import threshold_in
from lesionaid.signs.evaluate import Scope, evaluate
from lesionaid.signs.spec import Expansion, InputSpec, SignSpec
from lesionaid.strict_yaml import Key, Loaded
from lesionaid.truth import Truth

__all__ = ["Answers", "expand"]

_TRUTHS = {
    "true": Truth.TRUE,
    "false": Truth.FALSE,
    "unknown": Truth.UNKNOWN,
    "n/a": Truth.UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class Answers:
    """Signs that a form answers, and the values behind them.

    Parameters
    ----------
    signs : mapping of str to Truth
        By canonical id; only what was answered (an explicit unknown included).
    extras : mapping of str to Value
        Words and sizes as typed, by id of the input.
    """

    signs: Mapping[str, Truth]
    extras: Mapping[str, Value]


def expand(
    given: Mapping[str, object],
    catalogue: SignCatalogue,
    *,
    loaded: Loaded,
    at: Key = (),
    level: Literal["lesion", "patient"] = "patient",
) -> Answers:
    """Check names and values, and expand words, sizes and lists.

    Parameters
    ----------
    given : mapping
        Names or aliases of signs and inputs, with what was typed.
    loaded, at : Loaded, tuple
        The file and the path of `given` in it, for messages.
    level : {"lesion", "patient"}
        ``"lesion"`` refuses what can only be said of a patient.

    Raises
    ------
    FormError
        ``E53`` unknown name, with the nearest right names; ``E54`` value not allowed, or
        two answers that contradict one another.
    """
    reader = _Reader(catalogue, loaded, at, level)
    for name, value in given.items():
        reader.take(str(name), value)
    return reader.answers()


class _Reader:
    """Collects answers: said outright, through a word, and ruled out by a word."""

    def __init__(
        self, catalogue: SignCatalogue, loaded: Loaded, at: Key, level: Literal["lesion", "patient"]
    ) -> None:
        self.catalogue, self.loaded, self.at, self.level = catalogue, loaded, at, level
        self.outright: dict[str, Truth] = {}
        self.present: dict[str, str] = {}
        self.absent: dict[str, str] = {}
        self.extras: dict[str, Value] = {}

    def answers(self) -> Answers:
        signs: dict[str, Truth] = {}
        for name in self.catalogue.signs:
            if name in self.outright:
                signs[name] = self.outright[name]
            elif name in self.present:
                signs[name] = Truth.TRUE
            elif name in self.absent:
                signs[name] = Truth.FALSE
        for name, key in (*self.present.items(), *self.absent.items()):
            said = self.outright.get(name)
            opposite = Truth.FALSE if name in self.present else Truth.TRUE
            if said is opposite:
                raise self.refuse("E54", key, f"'{key}' contradicts '{name}: {said.value}'")
        return Answers(signs, self.extras)

    def refuse(self, code: str, name: str, found: str) -> FormError:
        return FormError(code, file=self.loaded.where((*self.at, name)), value=found)

    def take(self, name: str, value: object) -> None:
        found = self.catalogue.find(name)
        if found is None:
            raise self.refuse("E53", name, f"'{name}'; {self._hint(name)}")
        spec = self.catalogue.signs.get(found) or self.catalogue.inputs[found]
        if self.level == "lesion" and spec.level == "patient":
            raise self.refuse("E54", name, f"'{name}' is said of the patient, not of a lesion")
        if value is None:
            return  # left blank
        if isinstance(spec, SignSpec):
            self._sign(spec, name, value)
        elif _word(value) not in ("unknown", "n/a"):
            self._input(spec, name, value)

    def _hint(self, name: str) -> str:
        if plain_name(name) in context_keys():
            return "it belongs under 'context'"
        near = self.catalogue.nearest(name)
        return f"nearest: {', '.join(near)}" if near else "see 'lesionaid read --template'"

    def _sign(self, spec: SignSpec, name: str, value: object) -> None:
        word = _word(value)
        if word in spec.values:
            self._expansion(name, spec.values[word])
            self.extras[spec.id] = Category(word)
            return
        truth = _TRUTHS.get(word)
        if truth is None or not isinstance(value, str | bool):
            allowed = ", ".join(["true", "false", "unknown", *spec.values])
            raise self.refuse("E54", name, f"{name}: '{value}'; allowed: {allowed}")
        if self.outright.setdefault(spec.id, truth) is not truth:
            raise self.refuse("E54", name, f"'{spec.id}' is answered twice, differently")

    def _input(self, spec: InputSpec, name: str, value: object) -> None:
        if spec.kind == "number":
            self._number(spec, name, value)
            return
        words = value if spec.kind == "list" and isinstance(value, list) else [value]
        for item in words:
            word = _word(item)
            if spec.kind == "text" and isinstance(item, str):
                self._expansion(name, spec.values.get(word, Expansion()))
            elif word in spec.values and isinstance(item, str | bool):
                self._expansion(name, spec.values[word])
            else:
                allowed = ", ".join([*spec.values, "unknown"])
                raise self.refuse("E54", name, f"{name}: '{item}'; allowed: {allowed}")
        self.extras[spec.id] = Category(", ".join(str(item) for item in words))

    def _number(self, spec: InputSpec, name: str, value: object) -> None:
        low, high = spec.low or 0.0, spec.high or float("inf")
        number = value if isinstance(value, int | float) and not isinstance(value, bool) else None
        if number is None or not low <= number <= high:
            allowed = f"a number from {low:g} to {high:g} ({spec.unit})"
            raise self.refuse("E54", name, f"{name}: '{value}'; allowed: {allowed}")
        quantity = Quantity(float(number), spec.unit or Unit.NONE)
        self.extras[spec.id] = quantity
        for sign in spec.signs:
            # Whoever gives a size has seen one lesion: what tells one mass from several on a
            # mask is settled, and the number is held against the threshold itself.
            threshold = threshold_in(self.catalogue.signs[sign].measure, quantity.unit)
            truth = evaluate(threshold, Scope(values={threshold.measurement: quantity})).truth
            (self.present if truth is Truth.TRUE else self.absent)[sign] = name

    def _expansion(self, name: str, answer: Expansion) -> None:
        self.present.update(dict.fromkeys(answer.present, name))
        self.absent.update(dict.fromkeys(answer.absent, name))


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return plain_name(value)
