"""``rules/signs/README.md``: every sign with its definitions, its picture and what checked it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lesionaid.signs.catalogue import SignCatalogue
from lesionaid.signs.condition import (
    AtLeast,
    Combined,
    Compared,
    Condition,
    ContextIs,
    Counted,
    NamedIs,
    SignIs,
    Threshold,
)
from lesionaid.signs.spec import SECTIONS, SignSpec

__all__ = ["measure_words", "sign_chapter"]

CHECKED = {
    "validated": "validated against readers or a truth on real scans",
    "self-consistency": "held against phantoms and simulated scans, no reader",
    "unvalidated": "**unvalidated**: held against phantoms alone, no real scan was there",
}

_JOIN = {"all": " and ", "any": " or ", "none": " or "}
_OPERATORS = {">": ">", ">=": "≥", "<": "<", "<=": "≤"}


def sign_chapter(catalogue: SignCatalogue) -> str:
    """The whole catalogue as Markdown; the same files give the same text."""
    signs = catalogue.signs.values()
    measured = [sign for sign in signs if sign.measure is not None]
    unchecked = sum(sign.validation == "unvalidated" for sign in measured)
    lines = [
        "# The signs",
        "",
        "Made by `lesionaid rules book --signs`; do not edit by hand. Research software. Not a "
        "medical device.",
        "",
        f"{len(catalogue.signs)} signs, {len(measured)} of them measured, {unchecked} of these "
        "unvalidated: no real scan was there to check the measure. The others are typed in by a "
        "reader. A sign that cannot be seen is unknown, never absent. Pictures are drawn phantoms "
        "of a brain of boxes, the lesion outlined, axial on the left and coronal on the right, R "
        "the patient's right: nobody's scan.",
    ]
    for section, title in SECTIONS.items():
        own = sorted((sign for sign in signs if sign.section == section), key=lambda s: s.id)
        if own:
            lines += ["", f"## {title}"]
        for sign in own:
            lines += ["", *_sign(sign)]
    return "\n".join(lines) + "\n"


def measure_words(condition: Condition) -> str:
    """An operational definition in words."""
    match condition:
        case Threshold():
            unit = "" if str(condition.unit) == "1" else f" {condition.unit}"
            sign = _OPERATORS[condition.op]
            return f"`{condition.measurement}` {sign} {condition.value:g}{unit}"
        case Compared():
            return f"`{condition.measurement}` {_OPERATORS[condition.op]} `{condition.than}`"
        case NamedIs():
            unsure = f" (unknown at {_or(condition.unsure)})" if condition.unsure else ""
            return f"`{condition.measurement}` is {_or(condition.yes)}{unsure}"
        case SignIs():
            return f"`{condition.sign}`"
        case ContextIs():
            return f"context `{condition.key}` is {_or(map(str, condition.yes))}"
        case Combined():
            joined = _JOIN[condition.how].join(_inner(part) for part in condition.parts)
            return f"not ({joined})" if condition.how == "none" else joined
        case AtLeast():
            parts = ", ".join(measure_words(part) for part in condition.parts)
            return f"at least {condition.k} of ({parts})"
        case Counted():
            return f"{_limits(condition)} lesions with {_inner(condition.condition)}"


def _sign(sign: SignSpec) -> Iterator[str]:
    yield f"### {sign.title}"
    yield ""
    every = ", the patient's if every lesion has it" if sign.patient == "all" else ""
    yield f"`{sign.id}`, of the {sign.level}{every}. {sign.reader}"
    yield ""
    if sign.picture:
        yield f"![{sign.title}: drawn phantom, R is the patient's right]({sign.picture})"
        yield ""
    if sign.measure is None:
        said = f" Answers of `{sign.reads_as}` answer it too." if sign.reads_as else ""
        yield f"- Measured: not in this version; a reader says.{said}"
    else:
        yield f"- Measured: {measure_words(sign.measure)}."
    if sign.threshold is not None:
        yield f"- Threshold: {sign.threshold}; {sign.source}."
    if sign.validation is not None:
        yield f"- Checked: {CHECKED[sign.validation]}."
    for title, words, between in (
        ("Needs", sign.needs, ", "),
        ("Unknown when", sign.unknown_when, "; "),
        ("Limits", sign.limits, "; "),
        ("References", sign.references, "; "),
        ("Also called", sign.aliases, ", "),
    ):
        if words:
            yield f"- {title}: {between.join(words)}."


def _inner(condition: Condition) -> str:
    words = measure_words(condition)
    branches = isinstance(condition, Combined) and condition.how != "none"
    return f"({words})" if branches else words


def _or(words: Iterable[str]) -> str:
    return " or ".join(words)


def _limits(condition: Counted) -> str:
    limits = (("at least", condition.at_least), ("at most", condition.at_most))
    return " and ".join(f"{word} {number}" for word, number in limits if number is not None)
