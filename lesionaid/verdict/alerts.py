"""Alerts: conditions that ask for expert review whatever the scores say."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from lesionaid.context import ClinicalContext
from lesionaid.criteria.evaluate import lesion_ids
from lesionaid.criteria.expression import Scope, evaluate
from lesionaid.criteria.model import NOVELTY, Alert
from lesionaid.tables import SignTable
from lesionaid.truth import Truth
from lesionaid.verdict.model import AlertRaised

__all__ = ["raise_alerts"]


def raise_alerts(
    alerts: Iterable[Alert],
    signs: SignTable,
    context: ClinicalContext,
    named: Collection[int] = (),
) -> tuple[AlertRaised, ...]:
    """Alerts that fire, with the lesion groups they fire on.

    Which of an alert's two conditions is asked depends on whether the lesion is known to be
    new or enlarging; on a lesion known to be old none is. Unknown does not fire.

    Parameters
    ----------
    alerts : iterable of Alert
    signs : SignTable
    context : ClinicalContext
    named : collection of int
        Lesion groups named PML-like by their weight: they fire whatever the conditions say.
    """
    raised = []
    for alert in alerts:
        units = [
            unit
            for unit in lesion_ids(signs)
            if unit in named or _fires(alert, unit, signs, context)
        ]
        if units:
            lesions = tuple(unit for unit in units if unit)
            raised.append(AlertRaised(alert.code, alert.text, lesions))
    return tuple(raised)


def _fires(alert: Alert, unit: int, signs: SignTable, context: ClinicalContext) -> bool:
    own = signs.lesions.get(unit, signs.patient)
    scope = Scope(own, context=context)
    novelty = own[NOVELTY].truth if NOVELTY in own else Truth.UNKNOWN
    if novelty is Truth.FALSE:
        return False
    condition = alert.when_new if novelty is Truth.TRUE else alert.when_novelty_unknown
    return evaluate(condition, scope).truth is Truth.TRUE
