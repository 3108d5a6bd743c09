"""Question A, is any lesion PML-like; question B, which demyelinating pattern is the rest.

PML comes first because the criteria of the other diseases misfire on it: Matthews' criteria
call a juxtacortical PML lesion MS, Cacciaguerra's call a brain without MS lesions NMOSD.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from lesionaid.context import ClinicalContext
from lesionaid.criteria.evaluate import Rows, criteria_outcomes, run_rules
from lesionaid.criteria.model import Disease, RuleSet
from lesionaid.criteria.weigh import weigh
from lesionaid.quantity import Reason, Unknown
from lesionaid.tables import SignTable, SignValue
from lesionaid.truth import Truth, any_of
from lesionaid.verdict.alerts import raise_alerts
from lesionaid.verdict.gaps import not_assessable, would_settle
from lesionaid.verdict.judge import Question, judge, lead, scores_of
from lesionaid.verdict.model import (
    PATTERNS,
    CriteriaState,
    LesionVerdict,
    Opinion,
    Prior,
    Score,
    Stated,
    Verdict,
)
from lesionaid.verdict.priors import UNIFORM, given_prior, published_risk, regional_prior

__all__ = ["decide", "not_analysable", "on_candidates", "without_lesions"]

ALL = tuple(Disease)
DEMYELINATING = (Disease.MS, Disease.NMOSD, Disease.MOGAD)
NOTHING_KNOWN = ClinicalContext()


def decide(
    rule_set: RuleSet,
    signs: SignTable,
    context: ClinicalContext = NOTHING_KNOWN,
    prior: Mapping[str, float] | None = None,
    prior_source: str = "given",
) -> Verdict:
    """Weigh the signs of a patient and say what they look like, and what that rests on.

    Parameters
    ----------
    rule_set : RuleSet
    signs : SignTable
    context : ClinicalContext
        Never image evidence: it opens population gates, adds priors and serology, and its
        result stands beside the headline, which is by the images alone.
    prior : mapping of str to float, optional
        Probability by pattern, for the result with context. Without one, the region that the
        context names decides, and without a region all patterns are equally likely.
    prior_source : str
        Where `prior` is from, for the reader.

    Returns
    -------
    Verdict

    Raises
    ------
    FormError
        ``E73`` when `prior` gives no share to a pattern or does not sum to one.
    """
    before = (
        regional_prior(rule_set, context) if prior is None else given_prior(prior, prior_source)
    )
    rows = run_rules(rule_set, signs, NOTHING_KNOWN)
    stated, pattern = _state(signs, rows)
    images = judge(rows, Question(ALL, UNIFORM, stated, pattern))
    with_context = None
    informed = run_rules(rule_set, signs, context)
    if context.values or context.serostatus or prior is not None:
        told = (*stated, *published_risk(rule_set, context))
        with_context = _with_context(informed, context, before, pattern, told)
    lesions = _lesions(rows)
    named = {one.lesion for one in lesions if one.pattern == Disease.PML.pattern}
    alerts = raise_alerts(rule_set.alerts, signs, context, named)
    flagged = tuple(sorted({unit for alert in alerts for unit in alert.lesions}))
    return Verdict(
        images=images,
        with_context=with_context,
        demyelinating=_demyelinating(rule_set, signs, context, flagged),
        left_out=flagged,
        alerts=alerts,
        lesions=lesions,
        criteria=_criteria(rule_set, signs, context),
        not_assessable=not_assessable(rule_set, signs),
        would_settle=would_settle(informed, signs, _first_two(images)),
    )


def on_candidates(verdict: Verdict, origin: str) -> Verdict:
    """The same verdict, with the reason that no reader has seen its lesions.

    Parameters
    ----------
    verdict : Verdict
    origin : str
        Who found the lesions.
    """
    told = Stated(
        "candidate_lesions",
        f"the lesions are candidates ({origin}) that no reader has confirmed: some may not be "
        "lesions, and lesions may be missing",
    )
    images = replace(verdict.images, reasons=(*verdict.images.reasons, told))
    return replace(verdict, images=images)


def not_analysable(reasons: Sequence[tuple[str, str]]) -> Verdict:
    """Verdict of a study that is in order but cannot be analysed.

    Parameters
    ----------
    reasons : sequence of (str, str)
        Code and sentence of each obstacle: why, and what is missing.
    """
    nothing = {name: Score(0.0, 0.0, 0.0) for name in PATTERNS}
    return Verdict(
        images=Opinion(
            pattern="not_analysable",
            patterns=PATTERNS,
            ranking=PATTERNS,
            possible=PATTERNS,
            scores=nothing,
            probabilities=dict(UNIFORM.values),
            pairs=(),
            prior=UNIFORM,
            reasons=tuple(Stated(code, text) for code, text in reasons),
        )
    )


def without_lesions(signs: SignTable, left_out: tuple[int, ...]) -> SignTable:
    """Signs of a patient as if some lesion groups were not there.

    A patient's sign that was the sum of its lesions (``any``) is summed again over those that
    stay; one that was set otherwise, by a reader or from the whole scan, stays as it is.
    """
    gone = {
        number
        for group in signs.groups
        if group.main in left_out
        for number in (group.main, *group.satellites)
    } | set(left_out)
    lesions = {number: own for number, own in signs.lesions.items() if number not in gone}
    patient = dict(signs.patient)
    for sign, value in signs.patient.items():
        before = [own[sign].truth for own in signs.lesions.values() if sign in own]
        if before and any_of(before) is value.truth:
            after = any_of(own[sign].truth for own in lesions.values() if sign in own)
            unknown = None if after.known else value.unknown or Unknown(Reason.NOT_MEASURED)
            patient[sign] = SignValue(after, value.value, unknown, value.source)
    groups = tuple(group for group in signs.groups if group.main not in left_out)
    return replace(signs, lesions=lesions, patient=patient, groups=groups)


def _state(signs: SignTable, rows: Rows) -> tuple[tuple[Stated, ...], str]:
    """A pattern that holds before any weighing, with its reason."""
    if not rows.lesions:
        return (Stated("no_lesions", "The lesion mask is empty."),), "no_lesions"
    if all(truth is Truth.FALSE for truth in rows.novelty.values()):
        text = "Compared with the prior scan no lesion is new or enlarging."
        return (Stated("no_new_lesions", text),), "no_new_lesions"
    return (), ""


def _with_context(
    rows: Rows,
    context: ClinicalContext,
    prior: Prior,
    pattern: str,
    stated: tuple[Stated, ...],
) -> Opinion:
    candidates = _candidates(context)
    if candidates != ALL:
        known = next(one for one in candidates if one is not Disease.PML)
        text = f"The patient is known to have {known.value.upper()}: only PML is in question."
        stated = (*stated, Stated("settled_by_context", text))
        total = sum(prior.values[one.pattern] for one in candidates)
        share = {one.pattern: prior.values[one.pattern] / total for one in candidates}
        prior = Prior({name: share.get(name, 0.0) for name in PATTERNS}, prior.source)
    return judge(rows, Question(candidates, prior, stated, pattern))


def _candidates(context: ClinicalContext) -> tuple[Disease, ...]:
    """PML and the established disease, or all four."""
    established = [one for one in DEMYELINATING if context.values.get("host") == one.value]
    return (Disease.PML, established[0]) if established else ALL


def _lesions(rows: Rows) -> tuple[LesionVerdict, ...]:
    found = []
    for unit, own in rows.lesions.items():
        novelty = rows.novelty[unit]
        if not unit:
            continue
        alone = Rows(patient=(), lesions={unit: own}, novelty={unit: novelty})
        first = lead(alone, Question(ALL, UNIFORM))
        pattern = "indeterminate" if novelty is Truth.FALSE else first.pattern
        found.append(LesionVerdict(unit, pattern, scores_of(first.weighing, ALL), novelty))
    return tuple(found)


def _demyelinating(
    rule_set: RuleSet, signs: SignTable, context: ClinicalContext, flagged: tuple[int, ...]
) -> Opinion | None:
    if _candidates(context) != ALL:
        return None
    rest = without_lesions(signs, flagged)
    among = replace(
        rule_set,
        rules=tuple(rule for rule in rule_set.rules if Disease.PML not in rule.compares),
    )
    rows = run_rules(among, rest, NOTHING_KNOWN)
    if not weigh(rows).pairs:
        return None
    third = 1 / len(DEMYELINATING)
    prior = Prior(
        {name: 0.0 if name == Disease.PML.pattern else third for name in PATTERNS}, "uniform"
    )
    return judge(rows, Question(DEMYELINATING, prior))


def _criteria(
    rule_set: RuleSet, signs: SignTable, context: ClinicalContext
) -> dict[str, CriteriaState]:
    outcomes = criteria_outcomes(rule_set.criteria, signs, context)
    return {
        item.id: CriteriaState(outcomes[item.id].truth, outcomes[item.id].missing, item.verified)
        for item in rule_set.criteria
    }


def _first_two(opinion: Opinion) -> frozenset[Disease]:
    """Leader and runner-up among the patterns that were weighed; PML and MS where none was."""
    by_pattern = {one.pattern: one for one in Disease}
    weighed = {name for pair in opinion.pairs for name in (pair.a, pair.b)}
    first_two = [by_pattern[name] for name in opinion.ranking if name in weighed][:2]
    return frozenset(first_two or (Disease.PML, Disease.MS))
