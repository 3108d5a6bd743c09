"""From measurements to signs: thresholds applied with Kleene logic, reasons carried on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lesionaid.context import ClinicalContext
from lesionaid.quantity import Reason, Unknown, Value
from lesionaid.signs.catalogue import SignCatalogue
from lesionaid.signs.condition import uses_measurements
from lesionaid.signs.evaluate import Scope, evaluate, missing_needs
from lesionaid.signs.settle import settle, unknown_sign
from lesionaid.signs.spec import SignSpec
from lesionaid.tables import MeasurementTable, SignTable, SignValue

__all__ = ["derive"]

_NEVER_IMAGED = ("spinal_cord", "orbit", "fundus", "follow_up", "DIR")
"""What a study of the brain does not hold."""

_CLINIC = ("CSF", "serum", "clinical")


def derive(
    table: MeasurementTable, catalogue: SignCatalogue, context: ClinicalContext
) -> SignTable:
    """Signs of every lesion and of the patient.

    Parameters
    ----------
    table : MeasurementTable
        Specks are left out. Lesions are known unless ``lesion_count`` of the study is
        unknown.
    catalogue : SignCatalogue
    context : ClinicalContext

    Returns
    -------
    SignTable
        The patient has a sign if any lesion of at least 3 mm has it (if every one has it,
        where the sign's file says so). With no lesion at all every such sign is false;
        without a lesion mask it is unknown.

    Raises
    ------
    RuleError
        ``E62`` when a definition and a measurement differ in unit.
    """
    missing = _missing(table)
    lesions = {
        lesion: {
            name: _sign(catalogue.signs[name], row, table, missing)
            for name in catalogue.lesion_signs
        }
        for lesion, row in sorted(table.lesions.items())
        if lesion not in table.specks
    }
    patient = {
        spec.id: _sign(spec, table.study, table, missing)
        for spec in catalogue.signs.values()
        if spec.level == "patient"
    }
    lesions_known = not isinstance(table.study.get("lesion_count"), Unknown)
    base = SignTable(lesions, patient, table.groups, lesions_known)
    return settle(base, catalogue, context=context)


def _sign(
    spec: SignSpec, row: Mapping[str, Value], table: MeasurementTable, missing: frozenset[str]
) -> SignValue:
    """A sign that rests on measurements; others are worked out later, or by a reader."""
    if spec.measure is not None and uses_measurements(spec.measure):
        outcome = evaluate(spec.measure, Scope(values=row, specs=table.specs))
        return SignValue(outcome.truth, outcome.value, outcome.unknown)
    return unknown_sign(_why_unmeasured(spec, missing))


def _why_unmeasured(spec: SignSpec, missing: frozenset[str]) -> Unknown:
    """The most telling reason why a sign without a measure is unknown."""
    absent = tuple(need for need in spec.needs if need in missing or need in _NEVER_IMAGED)
    if absent == ("prior",):
        return Unknown(Reason.PRIOR_MISSING, "no prior study with a lesion mask", absent)
    if absent:
        return Unknown(Reason.IMAGE_MISSING, f"{', '.join(absent)} not given", absent)
    clinic = tuple(need for need in spec.needs if need in _CLINIC)
    if clinic:
        return Unknown(Reason.CONTEXT_MISSING, f"{', '.join(clinic)} not given", clinic)
    return Unknown(Reason.NOT_MEASURED, "not measured in this version", ("reader",))


def _missing(table: MeasurementTable) -> frozenset[str]:
    """Contrasts, prior and anatomy that some measurement found missing."""
    reasons = (Reason.IMAGE_MISSING, Reason.PRIOR_MISSING, Reason.ANATOMY_MISSING)
    found: set[str] = set()
    for name, value in _values(table):
        if isinstance(value, Unknown) and value.reason in reasons:
            found.update(missing_needs(value, table.specs.get(name)))
    return frozenset(found)


def _values(table: MeasurementTable) -> Iterable[tuple[str, Value]]:
    yield from table.study.items()
    for row in table.lesions.values():
        yield from row.items()
