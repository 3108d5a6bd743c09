"""Agreement of readers as files: two tables, what their columns mean, and a page of text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lesionaid.readers.agreement import COMPUTED, Agreements, ManyReaders, Pair
from lesionaid.readers.kappa import Estimate
from lesionaid.report.text import json_bytes, number, tsv_bytes
from lesionaid.verdict.model import INTENDED_USE

__all__ = ["FILES", "agreement_outputs", "agreement_text"]

FILES = (
    *("agreement.tsv", "agreement.json"),
    *("agreement_all.tsv", "agreement_all.json", "agreement.txt"),
)

_COUNTS = {
    "n": "Cases that both answered with present or absent.",
    "both_true": "Both say present.",
    "only_first": "The first says present, the second absent.",
    "only_second": "The second says present, the first absent.",
    "both_false": "Both say absent.",
    "first_unknown": "Only the first left it open; unknown is not absent.",
    "second_unknown": "Only the second left it open.",
    "both_unknown": "Both left it open.",
}
_PAIR_COLUMNS = {
    "sign": "Id of the sign.",
    "title": "The sign in words.",
    "first": "A reader.",
    "second": f"Another reader; '{COMPUTED}' is lesionaid.",
    **_COUNTS,
    "agreement": "Share of n with the same answer.",
    "agreement_low": "Lower end of its 95 % Wilson interval.",
    "agreement_high": "Upper end.",
    "kappa": "Cohen's kappa of the n cases.",
    "kappa_low": "Lower end of its 95 % interval (Fleiss, Cohen and Everitt 1969).",
    "kappa_high": "Upper end.",
    "positive_agreement": "Agreement on presence (Cicchetti and Feinstein 1990).",
    "negative_agreement": "Agreement on absence.",
    "why": "Why a figure is n/a.",
}
_ALL_COLUMNS = {
    "sign": "Id of the sign.",
    "title": "The sign in words.",
    "readers": "Human readers, all of them.",
    "n": "Cases that all of them answered with present or absent.",
    "left_out": "Cases that at least one of them left open.",
    "kappa": "Fleiss' kappa of the n cases.",
    "kappa_low": "Lower end of its 95 % interval (percentiles of 2000 draws of the cases).",
    "kappa_high": "Upper end.",
    "why": "Why a figure is n/a.",
}


def agreement_outputs(found: Agreements, titles: Mapping[str, str]) -> dict[str, bytes]:
    """Contents by file name.

    Parameters
    ----------
    found : Agreements
    titles : mapping of str to str
        Signs in words.
    """
    pairs = [{"title": titles[pair.sign], **_pair_row(pair)} for pair in found.pairs]
    many = [{"title": titles[row.sign], **_many_row(row)} for row in found.many]
    return {
        "agreement.tsv": tsv_bytes(tuple(_PAIR_COLUMNS), pairs),
        "agreement.json": _sidecar(_PAIR_COLUMNS, "A row a sign and pair of readers."),
        "agreement_all.tsv": tsv_bytes(tuple(_ALL_COLUMNS), many),
        "agreement_all.json": _sidecar(_ALL_COLUMNS, "A row a sign; all human readers together."),
        "agreement.txt": agreement_text(found).encode(),
    }


def _sidecar(columns: Mapping[str, str], description: str) -> bytes:
    return json_bytes(
        {
            "schema": "lesionaid-sidecar/1",
            "IntendedUse": INTENDED_USE,
            "Description": f"{description} n/a: cannot be said, see 'why'.",
            **{name: {"Description": text} for name, text in columns.items()},
        }
    )


def _pair_row(pair: Pair) -> dict[str, str]:
    agreement = pair.agreement
    return {
        "sign": pair.sign,
        "first": pair.first,
        "second": pair.second,
        **{name: str(getattr(agreement.table, name)) for name in _COUNTS},
        **_estimate("agreement", agreement.observed),
        **_estimate("kappa", agreement.kappa),
        "positive_agreement": _number(agreement.positive),
        "negative_agreement": _number(agreement.negative),
        "why": agreement.kappa.why,
    }


def _many_row(row: ManyReaders) -> dict[str, str]:
    return {
        "sign": row.sign,
        "readers": ", ".join(row.readers),
        "n": str(row.n),
        "left_out": str(row.left_out),
        **_estimate("kappa", row.kappa),
        "why": row.kappa.why,
    }


def _estimate(name: str, estimate: Estimate) -> dict[str, str]:
    return {
        name: _number(estimate.value),
        f"{name}_low": _number(estimate.low),
        f"{name}_high": _number(estimate.high),
    }


def _number(value: float | None) -> str:
    return "" if value is None else number(round(value, 4) + 0.0)


def agreement_text(found: Agreements) -> str:
    """The study in plain text: every sign, every pair, kappa with its interval."""
    return "\n".join(_lines(found)) + "\n"


def _lines(found: Agreements) -> Iterator[str]:
    yield f"{len(found.cases)} cases, readers: {', '.join(found.readers)}"
    yield "n: cases both answered; open: cases at least one left open (unknown is not absent)"
    yield ""
    yield f"{'sign':<38} {'readers':<28} {'n':>4} {'open':>4}  {'agreement':<20} kappa"
    for pair in found.pairs:
        table = pair.agreement.table
        open_ = table.first_unknown + table.second_unknown + table.both_unknown
        yield (
            f"{pair.sign:<38} {f'{pair.first} / {pair.second}':<28} {table.n:>4} {open_:>4}  "
            f"{_told(pair.agreement.observed):<20} {_told(pair.agreement.kappa)}"
        )
    if found.many:
        yield ""
        yield f"All human readers together (Fleiss): {', '.join(found.many[0].readers)}"
        for row in found.many:
            yield f"{row.sign:<38} {'':<28} {row.n:>4} {row.left_out:>4}  {_told(row.kappa)}"
    yield ""
    yield INTENDED_USE


def _told(estimate: Estimate) -> str:
    if estimate.value is None:
        return f"n/a ({estimate.why})"
    if estimate.low is None or estimate.high is None:
        return f"{estimate.value:.2f} (no interval)"
    return f"{estimate.value:.2f} ({estimate.low:.2f} to {estimate.high:.2f})"
