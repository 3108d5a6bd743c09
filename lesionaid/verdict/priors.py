"""What is likely before the images: a site's own prior, the region's, or none."""

from __future__ import annotations

import math
from collections.abc import Mapping

from lesionaid.context import ClinicalContext
from lesionaid.criteria.expression import Scope, evaluate
from lesionaid.criteria.model import RuleSet
from lesionaid.errors import FormError
from lesionaid.truth import Truth
from lesionaid.verdict.model import PATTERNS, Prior

__all__ = ["UNIFORM", "given_prior", "regional_prior"]

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
