"""``robustness.tsv``, ``robustness.json``, and what a terminal shows of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lesionaid.report.text import MISSING, json_bytes, number, tsv_bytes
from lesionaid.report.words import pattern_words
from lesionaid.robustness.flips import Flips
from lesionaid.robustness.run import Robustness
from lesionaid.verdict.model import INTENDED_USE

__all__ = ["SCHEMA", "robustness_files", "robustness_json", "robustness_lines", "robustness_tsv"]

SCHEMA = "lesionaid-robustness/1"

COLUMNS = (
    *("kind", "id", "level", "baseline", "flip_rate", "unknown_rate", "comparisons"),
    *("true_to_false", "false_to_true", "known_to_unknown", "unknown_to_known"),
    *("both_unknown", "vanished", "changed_under"),
)


def robustness_files(robustness: Robustness) -> dict[str, bytes]:
    """Contents by file name; the same input gives the same bytes."""
    return {
        "robustness.tsv": robustness_tsv(robustness),
        "robustness.json": json_bytes(robustness_json(robustness)),
    }


def robustness_tsv(robustness: Robustness) -> bytes:
    """A row an alert, a criteria set, a sign of the patient and a sign of the lesions."""
    return tsv_bytes(COLUMNS, (_row(flips) for flips in robustness.flips))


def robustness_json(robustness: Robustness) -> dict[str, Any]:
    """Disturbances, the verdict under each, and the columns of the table beside it."""
    return {
        "schema": SCHEMA,
        "intended_use": INTENDED_USE,
        "pattern": robustness.verdict.undisturbed,
        "fragile": robustness.verdict.fragile,
        **robustness.verdict.to_json_dict(),
        "perturbations": [
            {
                "name": one.name,
                "description": one.description,
                "pattern": outcome.verdict.pattern,
                "leader": outcome.verdict.leader,
                "alerts": [alert.code for alert in outcome.verdict.alerts],
            }
            for one, outcome in zip(robustness.tested, robustness.outcomes, strict=True)
        ],
        "left_out": [
            {"name": one.name, "description": one.description} for one in robustness.left_out
        ],
        "rows": [_document(flips) for flips in robustness.flips],
        "columns": {
            "flip_rate": "true turned into false or false into true, of both_known",
            "both_known": "comparisons of two known truths",
            "unknown_rate": "known turned into unknown or unknown into known, of comparisons less "
            "vanished",
            "vanished": "the lesion itself was gone",
            "baseline": "truth without a disturbance; of lesions: with the sign, of those known",
        },
    }


def robustness_lines(robustness: Robustness) -> Iterator[str]:
    """Rates for a terminal: the verdict's, then every row that was ever known."""
    verdict = robustness.verdict
    state = "FRAGILE" if verdict.fragile else "holds"
    yield (
        f"Verdict {pattern_words(verdict.undisturbed)}: {state}, changed under "
        f"{len(verdict.changed)} of {len(verdict.patterns)} disturbances ({verdict.rate:.0%}; "
        f"fragile over {verdict.limit:.0%})"
    )
    for name in verdict.changed:
        yield f"  {name}: {pattern_words(verdict.patterns[name])}"
    if robustness.left_out:
        yield f"Left out, nothing to change: {', '.join(one.name for one in robustness.left_out)}"
    yield ""
    yield f"{'':<9}{'':<8}{'':<44}{'flips':>7}{'':>13}{'known<->unknown':>17}"
    for flips in robustness.flips:
        if flips.both_known or flips.unknown_rate:
            yield _line(flips)


def _line(flips: Flips) -> str:
    share = f"({flips.flips} of {flips.both_known})"
    unknown = _percent(flips.unknown_rate)
    return (
        f"{flips.kind:<9}{flips.level:<8} {flips.id:<43}{_percent(flips.flip_rate):>7}"
        f"{share:>13}{unknown:>17}"
    )


def _percent(rate: float | None) -> str:
    return MISSING if rate is None else f"{rate:.0%}"


def _row(flips: Flips) -> dict[str, str]:
    row = {name: str(getattr(flips, name)) for name in COLUMNS}
    row["flip_rate"] = _rate(flips.flip_rate)
    row["unknown_rate"] = _rate(flips.unknown_rate)
    row["changed_under"] = ", ".join(flips.changed_under)
    return row


def _rate(rate: float | None) -> str:
    return MISSING if rate is None else number(round(rate, 4))


def _document(flips: Flips) -> dict[str, Any]:
    document: dict[str, Any] = {name: getattr(flips, name) for name in COLUMNS}
    for name in ("flip_rate", "unknown_rate"):
        document[name] = None if document[name] is None else round(document[name], 4)
    document["both_known"] = flips.both_known
    document["changed_under"] = list(flips.changed_under)
    return document
