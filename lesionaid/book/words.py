"""Conditions and evidence as a reader would say them."""

from __future__ import annotations

import math

from lesionaid.context import context_keys, serostatus_keys
from lesionaid.criteria.expression import Combination, Condition, ContextIs, Count, SignIs
from lesionaid.criteria.likelihood import Z95, Ratio
from lesionaid.criteria.model import Disease, Evidence
from lesionaid.criteria.strength import ratios_of
from lesionaid.signs.catalogue import SignCatalogue

__all__ = ["NAMES", "condition_words", "evidence_words", "link", "ratio_words"]

NAMES = {Disease.PML: "PML", Disease.MS: "MS", Disease.NMOSD: "NMOSD", Disease.MOGAD: "MOGAD"}
READ = {
    "primary_table": "table of the source",
    "abstract": "abstract",
    "secondary": "somebody else's summary",
    "derived": "worked out from printed numbers",
    "recalled": "only recalled, not checked",
}
_JOINED = {"all": " and ", "any": " or "}


def condition_words(condition: Condition, catalogue: SignCatalogue, *, inner: bool = False) -> str:
    """A condition in words, signs by their titles.

    Parameters
    ----------
    condition : Condition
    catalogue : SignCatalogue
    inner : bool
        Put what is joined into brackets.
    """
    if isinstance(condition, SignIs):
        return _lower(catalogue.signs[condition.sign].title)
    if isinstance(condition, ContextIs):
        return _context_words(condition)
    if isinstance(condition, Count):
        where = condition_words(condition.where, catalogue, inner=True)
        return f"at least {condition.at_least} lesions with {where}"
    parts = [condition_words(part, catalogue, inner=True) for part in condition.parts]
    return _combined(condition, parts, inner)


def _combined(condition: Combination, parts: list[str], inner: bool) -> str:
    if condition.operator == "none":
        return f"no {parts[0]}" if len(parts) == 1 else f"none of ({'; '.join(parts)})"
    if condition.operator == "at_least":
        return f"at least {condition.k} of ({'; '.join(parts)})"
    text = _JOINED[condition.operator].join(parts)
    return f"({text})" if inner and len(parts) > 1 else text


def _context_words(condition: ContextIs) -> str:
    key = {**context_keys(), **serostatus_keys()}[condition.key]
    title = _lower(key.title)
    if condition.values:
        values = [
            str(value).lower()
            if isinstance(value, bool)
            else key.values.get(str(value), str(value))
            for value in condition.values
        ]
        return f"{title}: {' or '.join(values)}"
    bounds = [
        f"{word} {bound:g}"
        for word, bound in (("from", condition.low), ("to", condition.high))
        if bound is not None
    ]
    return f"{title} {' '.join(bounds)}"


def _lower(title: str) -> str:
    """A title inside a sentence; abbreviations and names stay as they are."""
    first = title.split(maxsplit=1)[0]
    return title if first[1:] != first[1:].lower() or "'" in first else title[0].lower() + title[1:]


def ratio_words(ratio: Ratio) -> str:
    """A likelihood ratio with its interval."""
    bound = ", bound by patients" if ratio.bounded else ""
    if ratio.se is None:
        return f"{ratio.value:.2g} (no interval{bound})"
    low, high = (ratio.value * math.exp(sign * Z95 * ratio.se) for sign in (-1, 1))
    return f"{ratio.value:.3g} ({low:.2g} to {high:.3g}{bound})"


def evidence_words(evidence: Evidence, target: Disease, other: Disease) -> str:
    """What one source says, in numbers."""
    named = {"target": NAMES[target], "other": NAMES[other]}
    parts = [_numbers(evidence, named)]
    ratios = ratios_of(evidence)
    if ratios is not None:
        parts.append(f"LR+ {ratio_words(ratios.present)}, LR− {ratio_words(ratios.absent)}")
    if evidence.published_or is not None:
        interval = evidence.published_or
        parts.append(f"published OR {interval.value:g} ({interval.low:g} to {interval.high:g})")
    if evidence.stage != "any":
        parts.append(f"PML stage: {evidence.stage}")
    if evidence.cross_study:
        parts.append("two different studies")
    if evidence.chronic:
        parts.append("counted outside attacks")
    told = "; ".join(part for part in parts if part)
    return (
        f"{link(evidence.cite)} ({READ[evidence.read]}): {told}. {_sentence(evidence.population)}"
    )


def _numbers(evidence: Evidence, named: dict[str, str]) -> str:
    table = evidence.table
    if table is not None:
        unit = "" if evidence.counts == "patients" else f" {evidence.counts}"
        people = ""
        if evidence.patients is not None:
            people = f" ({evidence.patients[0]} and {evidence.patients[1]} patients)"
        return (
            f"{table.target_yes} of {table.target_n}{unit} in {named['target']}, "
            f"{table.other_yes} of {table.other_n} in {named['other']}{people}"
        )
    if evidence.rates is not None:
        return f"sensitivity {evidence.rates[0]:g}, specificity {evidence.rates[1]:g}, no counts"
    if evidence.frequency is not None:
        return f"seen in {100 * evidence.frequency:.0f} % of {named['target']}, no comparator"
    if evidence.kind == "consensus":
        return "a consensus, without counts"
    return "" if evidence.odds_ratio is None else f"OR {evidence.odds_ratio:g}, no interval"


def _sentence(text: str) -> str:
    text = text.strip()
    return (text[:1].upper() + text[1:]) + ("" if text.endswith(".") else ".")


def link(cite: str) -> str:
    """A citation that leads to the list at the end of the chapter."""
    return f"[{cite}](#{cite})"
