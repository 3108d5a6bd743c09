"""``read.json`` and ``cases.tsv``: all cases in two files, the same bytes for the same input."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lesionaid.reading.judge import Judged
from lesionaid.reading.use import Use
from lesionaid.report.text import json_bytes, number, tsv_bytes
from lesionaid.truth import Truth
from lesionaid.verdict.model import INTENDED_USE, PATTERNS, Opinion, opinion_json, to_json_dict

__all__ = ["FILES", "case_json", "cases_sidecar", "cases_tsv", "read_json", "read_outputs"]

SCHEMA = "lesionaid-read/1"
UNKNOWN = Truth.UNKNOWN.value
FILES = ("cases.tsv", "cases.json", "read.json")
"""What ``lesionaid read`` writes into a folder; the last one seals the set."""

_SCORES = tuple(f"score_{pattern}" for pattern in PATTERNS)
_PROBABILITIES = tuple(f"probability_{pattern}" for pattern in PATTERNS)
_IDENTITY = ("id", "use", "pattern", "patterns", "ranking", "possible")
_REASONS = ("alerts", "reasons", "criteria_met", "rows_counted", "prior")
COLUMNS = (*_IDENTITY, *_SCORES, *_PROBABILITIES, *_REASONS)


def read_outputs(judged: Sequence[Judged]) -> dict[str, bytes]:
    """Contents by file name, in the order of writing."""
    return {
        "cases.tsv": cases_tsv(judged),
        "cases.json": json_bytes(cases_sidecar()),
        "read.json": read_json(judged),
    }


def read_json(judged: Sequence[Judged]) -> bytes:
    """``read.json``, schema ``lesionaid-read/1``."""
    cases = [case_json(one) for one in judged]
    return json_bytes({"schema": SCHEMA, "intended_use": INTENDED_USE, "cases": cases})


def case_json(judged: Judged) -> dict[str, Any]:
    """One case: its id, what was used, and the keys of a verdict.

    The headline keys (``pattern``, ``ranking``, ``scores`` …) are by what ``use`` allows; with
    context or serology the same keys by the signs alone stand beside them, under ``signs_only``.
    Rules on signs that were not reported are left out of ``findings``: they are nine in ten, and
    ``not_assessable`` names their signs.
    """
    verdict = to_json_dict(judged.verdict)
    for name in ("schema", "intended_use"):
        del verdict[name]
    signs_only = None
    if judged.use is not Use.SIGNS:
        signs_only = opinion_json(judged.verdict.images)
        verdict |= opinion_json(judged.answer)
    case = {"id": judged.id, "use": judged.use.value, **verdict, "signs_only": signs_only}
    for opinion in (case, case["with_context"], case["demyelinating"], signs_only):
        if opinion is not None:
            opinion["findings"] = [one for one in opinion["findings"] if one["truth"] != UNKNOWN]
    return case


def cases_tsv(judged: Sequence[Judged]) -> bytes:
    """A row a case."""
    return tsv_bytes(COLUMNS, [_row(one) for one in judged])


def _row(judged: Judged) -> dict[str, str]:
    answer = judged.answer
    met = [name for name, state in judged.verdict.criteria.items() if state.truth is Truth.TRUE]
    return {
        "id": judged.id,
        "use": judged.use.value,
        "pattern": answer.pattern,
        "patterns": ", ".join(answer.patterns),
        "ranking": ", ".join(answer.ranking),
        "possible": ", ".join(answer.possible),
        **{f"score_{name}": _number(answer.scores[name].value) for name in PATTERNS},
        **{f"probability_{name}": _number(answer.probabilities[name]) for name in PATTERNS},
        "alerts": ", ".join(alert.code for alert in judged.verdict.alerts),
        "reasons": ", ".join(reason.code for reason in answer.reasons),
        "criteria_met": ", ".join(met),
        "rows_counted": str(_rows_counted(answer)),
        "prior": answer.prior.source,
    }


def _number(value: float) -> str:
    return number(round(value, 4) + 0.0)


def _rows_counted(answer: Opinion) -> int:
    return len({finding.rule for finding in answer.findings if finding.counted})


def cases_sidecar() -> dict[str, Any]:
    """What the columns of ``cases.tsv`` mean."""
    words = [name.replace("_", " ").replace(" like", "-like") for name in PATTERNS]
    columns = {
        "id": "Id of the case, as given.",
        "use": "What was used: signs; signs and context; or these and serology.",
        "pattern": "The pattern, or indeterminate; never a diagnosis.",
        "patterns": "Patterns not separated from the leader on known signs.",
        "ranking": "The four patterns, best supported first; an unknown sign weighs nothing.",
        "possible": "Patterns that lead in at least one completion of the unknown signs.",
        **{
            name: f"Weight of evidence for {word}, natural logarithm; the four sum to zero."
            for name, word in zip(_SCORES, words, strict=True)
        },
        **{
            name: f"Probability of {word} with the prior of the last column."
            for name, word in zip(_PROBABILITIES, words, strict=True)
        },
        "alerts": "Codes of alerts; silence is no reassurance.",
        "reasons": "Codes of the reasons, in words in read.json.",
        "criteria_met": "Published criteria sets that are met; the others are in read.json.",
        "rows_counted": "How many rules weighed; a wide margin on few rows is not confidence.",
        "prior": "Where the prior is from.",
    }
    return {
        "schema": "lesionaid-sidecar/1",
        "IntendedUse": INTENDED_USE,
        "Description": "A row a case of lesionaid read. n/a: nothing to say.",
        **{name: {"Description": text} for name, text in columns.items()},
    }
