"""What is likely before the images: a site's own prior, the region's, or none.

Published risks of PML on a drug are quoted and are not a prior: they are of patients over
months of treatment, not of scans with a new lesion.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from lesionaid.context import ClinicalContext
from lesionaid.criteria.expression import Scope, evaluate
from lesionaid.criteria.model import RuleSet
from lesionaid.errors import FormError
from lesionaid.truth import Truth
from lesionaid.verdict.model import PATTERNS, Prior, Stated

__all__ = ["UNIFORM", "given_prior", "published_risk", "regional_prior"]

UNIFORM = Prior(dict.fromkeys(PATTERNS, 0.25), "uniform")


def given_prior(values: Mapping[str, float], source: str) -> Prior:
    """Check a prior that a site has given.

    Raises
    ------
    FormError
        ``E73`` when a pattern has no share, or the shares do not sum to one.
    """
    wrong = set(values) != set(PATTERNS) or any(not value > 0 for value in values.values())
    if wrong or not math.isclose(sum(values.values()), 1.0, abs_tol=1e-3):
        raise FormError("E73", value=", ".join(f"{name}: {values[name]}" for name in values))
    return Prior({name: float(values[name]) for name in PATTERNS}, source)


def regional_prior(rule_set: RuleSet, context: ClinicalContext) -> Prior:
    """Prior by the region that the context names; uniform where it names none that is known.

    The region divides the share of the demyelinating diseases among them and leaves that of
    PML as it is, which depends on host and drug instead.
    """
    scope = Scope({}, context=context)
    for row in rule_set.priors:
        if evaluate(row.when, scope).truth is Truth.TRUE:
            share = sum(UNIFORM.values[one.pattern] for one in row.prevalence)
            total = sum(row.prevalence.values())
            divided = {one.pattern: share * value / total for one, value in row.prevalence.items()}
            return Prior({**UNIFORM.values, **divided}, f"region: {row.id}")
    return UNIFORM


def published_risk(rule_set: RuleSet, context: ClinicalContext) -> tuple[Stated, ...]:
    """Quote the published risk of PML of the stratum that the context is known to be in.

    Nothing is quoted while what the stratum rests on is unknown. It moves no weight and no
    probability: what is asked is how likely PML is *given a new lesion*, and the rate of new
    MS lesions in the same stratum was not published with it.
    """
    scope = Scope({}, context=context)
    for risk in rule_set.risks:
        if evaluate(risk.when, scope).truth is Truth.TRUE:
            text = (
                f"Published risk of PML, {risk.title}: {risk.per_1000} per 1000 patients "
                f"({risk.cite}). It is of patients over months of treatment, not of a scan with a "
                "new lesion, and is not used as a prior."
            )
            return (Stated("published_pml_risk", text),)
    return ()
