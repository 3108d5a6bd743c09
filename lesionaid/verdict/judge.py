"""From weights to a pattern, or to the reasons why there is none."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lesionaid.criteria.evaluate import Row, Rows
from lesionaid.criteria.findings import findings
from lesionaid.criteria.likelihood import Z95
from lesionaid.criteria.model import Disease
from lesionaid.criteria.weigh import Weighing, weigh
from lesionaid.truth import Truth
from lesionaid.verdict.completions import possible_leaders
from lesionaid.verdict.model import Opinion, PairScore, Prior, Score, Stated

__all__ = ["Lead", "Question", "judge", "lead", "scores_of"]

FEW_ROWS = 3
"""Proposed: below this many rows the reader is told on how few the lead rests; one row alone
names nothing."""

NAMING_GRADES = frozenset({"A", "B"})
"""Same population and significant; what is weaker may rank PML and not name it."""

PML_FIRST = Stated(
    "pml_first",
    "By what compares PML with the others, the new or enlarging lesions are PML-like; the scores "
    "also hold what the other lesions say about the demyelinating disease.",
)

WORDS = {
    Disease.PML: "PML-like",
    Disease.MS: "MS-like",
    Disease.NMOSD: "NMOSD-like",
    Disease.MOGAD: "MOGAD-like",
}


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: which diseases, with which prior, and what stands already.

    Parameters
    ----------
    candidates : tuple of Disease
    prior : Prior
        By pattern; only the candidates' values are used.
    stated : tuple of Stated
        Reasons that are known beforehand.
    pattern : str
        A pattern that holds whatever the weights say (``no_lesions`` …); empty otherwise.
    """

    candidates: tuple[Disease, ...]
    prior: Prior
    stated: tuple[Stated, ...] = ()
    pattern: str = ""

    @property
    def head_start(self) -> Mapping[Disease, float]:
        """Logarithm of the prior of each candidate."""
        return {one: math.log(self.prior.values[one.pattern]) for one in self.candidates}


@dataclass(frozen=True, slots=True)
class Lead:
    """Who leads, and what stands against saying so.

    Parameters
    ----------
    weighing : Weighing
    order : tuple of Disease
        Candidates by score and prior.
    rivals : tuple of Disease
        Those behind the leader that a row touches, in order.
    close : tuple of Disease
        Rivals that the leader is not separated from.
    blocks : tuple of Stated
        Reasons why the leader may not be named.
    """

    weighing: Weighing
    order: tuple[Disease, ...]
    rivals: tuple[Disease, ...]
    close: tuple[Disease, ...]
    blocks: tuple[Stated, ...]

    @property
    def pattern(self) -> str:
        """The leader's pattern, or ``indeterminate``."""
        return "indeterminate" if self.blocks else self.order[0].pattern


def lead(rows: Rows, question: Question) -> Lead:
    """Weigh the rows and see which pattern leads, and whether it may be named."""
    weighing = weigh(rows)
    order = _order(weighing, question)
    leader = order[0]
    rivals = tuple(one for one in order[1:] if one in weighing.touched)
    close = tuple(one for one in rivals if not _separated(weighing, leader, one, question))
    blocks = _blocks(rows, weighing, question, leader, rivals, close)
    return Lead(weighing, order, rivals, close, tuple(blocks))


def judge(rows: Rows, question: Question) -> Opinion:
    """Everything that a set of rows says about a question.

    PML is asked for first, by the rows that compare it with something: what speaks for MS
    against NMOSD in the old lesions of a patient says nothing about the new one.
    """
    found = lead(rows, question)
    leading = (found.order[0], *found.close) if found.rivals else question.candidates
    pattern, blocks = found.pattern, found.blocks
    if pattern != Disease.PML.pattern and _pml_first(rows, question):
        pattern, leading, blocks = Disease.PML.pattern, (Disease.PML,), (PML_FIRST,)
    return Opinion(
        pattern=question.pattern or pattern,
        patterns=tuple(one.pattern for one in found.order if one in leading),
        ranking=tuple(one.pattern for one in _everyone(found.order)),
        possible=tuple(
            one.pattern for one in possible_leaders(rows, question.candidates, question.head_start)
        ),
        scores=scores_of(found.weighing, tuple(Disease)),
        probabilities=_probabilities(found.weighing, question),
        pairs=_pairs(found.weighing),
        prior=question.prior,
        reasons=(*question.stated, *blocks, *_notes(found, question)),
        findings=findings(rows),
    )


def _pml_first(rows: Rows, question: Question) -> bool:
    """Whether PML-like may be named by the rows that compare PML with something."""
    if Disease.PML not in question.candidates:
        return False
    only = Rows(
        patient=_comparing_pml(rows.patient),
        lesions={unit: _comparing_pml(own) for unit, own in rows.lesions.items()},
        novelty=rows.novelty,
    )
    return lead(only, question).pattern == Disease.PML.pattern


def _comparing_pml(rows: tuple[Row, ...]) -> tuple[Row, ...]:
    return tuple(row for row in rows if Disease.PML in row.rule.compares)


def scores_of(weighing: Weighing, diseases: Sequence[Disease]) -> dict[str, Score]:
    """Scores with their 95 % intervals, by pattern."""
    scores = {}
    for disease in diseases:
        value, se = weighing.score(disease)
        scores[disease.pattern] = Score(value, value - Z95 * se, value + Z95 * se)
    return scores


def _order(weighing: Weighing, question: Question) -> tuple[Disease, ...]:
    """Candidates by score and prior; of equals, those that a row touches first."""
    touched = weighing.touched
    return tuple(
        sorted(
            question.candidates,
            key=lambda one: (
                -round(weighing.score(one)[0] + question.head_start[one], 9),
                one not in touched,
                list(Disease).index(one),
            ),
        )
    )


def _everyone(order: tuple[Disease, ...]) -> list[Disease]:
    """The candidates, then those that the context has ruled out of the question."""
    return [*order, *(one for one in Disease if one not in order)]


def _separated(weighing: Weighing, leader: Disease, rival: Disease, question: Question) -> bool:
    value, se = weighing.difference(leader, rival)
    ahead = value + question.head_start[leader] - question.head_start[rival]
    return ahead > 0 and ahead - Z95 * se > 0


def _blocks(
    rows: Rows,
    weighing: Weighing,
    question: Question,
    leader: Disease,
    rivals: tuple[Disease, ...],
    close: tuple[Disease, ...],
) -> list[Stated]:
    """Reasons why the leader may not be named."""
    if not rivals or leader not in weighing.touched:
        return [Stated("no_evidence", "No known sign weighs between these patterns.")]
    blocks = []
    if close:
        names = ", ".join(WORDS[one] for one in close)
        value, se = weighing.difference(leader, close[0])
        blocks.append(
            Stated(
                "low_margin",
                f"{WORDS[leader]} leads, but is not separated from {names}: ahead by {value:.1f} "
                f"({value - Z95 * se:.1f} to {value + Z95 * se:.1f}).",
            )
        )
    untested = _untested(weighing, leader, rivals)
    if untested:
        names = " and with ".join(WORDS[one] for one in untested)
        blocks.append(
            Stated(
                "untested_comparator",
                f"No weighing row compares {WORDS[leader]} with {names} directly.",
            )
        )
    if len(_rows_for(weighing, leader)) == 1:
        blocks.append(
            Stated("one_row", f"All that speaks for {WORDS[leader]} is a single row of evidence.")
        )
    if leader is Disease.PML and not close:
        blocks += _not_yet_pml(rows, question, rivals)
    return blocks


def _untested(weighing: Weighing, leader: Disease, rivals: tuple[Disease, ...]) -> list[Disease]:
    """Rivals that the leader must have been compared with directly, and was not.

    The runner-up; and where a demyelinating disease leads, every demyelinating rival that a row
    touches. What speaks for MOGAD over NMOSD and, by other signs, for NMOSD over MS says nothing
    about MOGAD and MS: signs that the antibody diseases lack are often those of MS. PML is a
    question of its own, which a comparison with any of the three answers.
    """
    must = [one for one in rivals if one is rivals[0] or Disease.PML not in (leader, one)]
    return [one for one in must if not weighing.compared(leader, one)]


def _not_yet_pml(rows: Rows, question: Question, rivals: tuple[Disease, ...]) -> list[Stated]:
    """What PML-like asks for beyond a lead: new lesions, and evidence of grade A or B."""
    gated = weigh(rows, keep=lambda row: row.gated is Truth.TRUE)
    if not all(_separated(gated, Disease.PML, rival, question) for rival in rivals):
        text = (
            "PML-like leads only by rules counted on new lesions, and whether these lesions are "
            "new or enlarging is not known."
        )
        return [Stated("ungated_novelty", text)]
    strong = weigh(
        rows, keep=lambda row: row.gated is Truth.TRUE and row.rule.grade in NAMING_GRADES
    )
    weak = [
        rival
        for rival in rivals
        if strong.compared(Disease.PML, rival)
        and not _separated(strong, Disease.PML, rival, question)
    ]
    if not weak:
        return []
    names = ", ".join(WORDS[one] for one in weak)
    text = (
        f"PML-like leads over {names} only with evidence of grade C or lower (cells that are not "
        "significant, other comparators, consensus)."
    )
    return [Stated("weak_evidence", text)]


def _notes(found: Lead, question: Question) -> list[Stated]:
    """What a reader should know beside the pattern."""
    weighing, leader, rivals = found.weighing, found.order[0], found.rivals
    notes = []
    untouched = [one for one in question.candidates if one not in weighing.touched]
    if untouched and rivals:
        names = " and ".join(WORDS[one] for one in untouched)
        notes.append(Stated("not_compared", f"No known sign bears on {names}."))
    if rivals:
        count = len(_rows_for(weighing, leader, rivals[0]))
        if 0 < count < FEW_ROWS:
            rows = "one row" if count == 1 else f"{count} rows"
            text = f"{WORDS[leader]} against {WORDS[rivals[0]]} rests on {rows} of evidence."
            notes.append(Stated("few_rows", text))
    return notes


def _rows_for(weighing: Weighing, leader: Disease, *others: Disease) -> frozenset[str]:
    """Ids of the rules that compare `leader` directly, with `others` or with anyone."""
    return frozenset(
        name
        for weight in weighing.pairs
        if leader in weight.pair and set(others) <= set(weight.pair)
        for name in weight.rows
    )


def _probabilities(weighing: Weighing, question: Question) -> dict[str, float]:
    logits = {one: weighing.score(one)[0] + question.head_start[one] for one in question.candidates}
    top = max(logits.values())
    parts = {one: math.exp(value - top) for one, value in logits.items()}
    total = sum(parts.values())
    return {one.pattern: parts.get(one, 0.0) / total for one in Disease}


def _pairs(weighing: Weighing) -> tuple[PairScore, ...]:
    pairs = []
    for weight in weighing.pairs:
        reach = Z95 * math.sqrt(weight.variance)
        pairs.append(
            PairScore(
                a=weight.pair[0].pattern,
                b=weight.pair[1].pattern,
                weight=weight.value,
                low=weight.value - reach,
                high=weight.value + reach,
                rows=len(weight.rows),
            )
        )
    return tuple(pairs)
