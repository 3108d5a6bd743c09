"""Brings measured and typed signs together: lesions first, then the patient.

Order of trust: what a reader typed, what follows from it by definition, what was measured,
what follows from that. Nothing that is known is overwritten by something weaker.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lesionaid.context import ClinicalContext
from lesionaid.quantity import Reason, Unknown
from lesionaid.signs.catalogue import SignCatalogue
from lesionaid.signs.condition import Condition, uses_context, uses_measurements
from lesionaid.signs.entail import answered_too, entailed
from lesionaid.signs.evaluate import Scope, combine_unknowns, evaluate
from lesionaid.signs.spec import SignSpec
from lesionaid.tables import SignSource, SignTable, SignValue
from lesionaid.truth import Truth, all_of, any_of

__all__ = ["COUNTED", "Typed", "settle", "unknown_sign"]

COUNTED = "size_over_3mm"
"""Lesions known to lack this sign stay outside the patient's signs (McDonald's 3 mm)."""

Row = dict[str, SignValue]


@dataclass(frozen=True, slots=True)
class Typed:
    """Signs that a reader typed in.

    Parameters
    ----------
    patient : mapping of str to Truth
    lesions : mapping of int to mapping of str to Truth
    """

    patient: Mapping[str, Truth] = field(default_factory=dict)
    lesions: Mapping[int, Mapping[str, Truth]] = field(default_factory=dict)


def unknown_sign(unknown: Unknown) -> SignValue:
    """A sign that is unknown for a reason."""
    return SignValue(Truth.UNKNOWN, unknown=unknown)


def settle(
    base: SignTable,
    catalogue: SignCatalogue,
    typed: Typed | None = None,
    context: ClinicalContext | None = None,
    *,
    one_lesion: bool = True,
) -> SignTable:
    """Complete a table of measured signs.

    Parameters
    ----------
    base : SignTable
        A row for every lesion and for the patient; signs that only follow from others may
        be anything, they are worked out anew.
    typed : Typed or None
    context : ClinicalContext or None
        None leaves signs that rest on the context as they are in `base`.
    one_lesion : bool
        False where a row of `base.lesions` stands for all lesions of a patient together.
    """
    typed = typed or Typed()
    lesions = {
        key: _settle_lesion(row, catalogue, _typed_for(key, base, catalogue, typed), one_lesion)
        for key, row in base.lesions.items()
    }
    patient = _settle_patient(base, lesions, catalogue, typed.patient, context, one_lesion)
    return SignTable(lesions, patient, base.groups, base.lesions_known, base.extras)


def _typed_for(
    key: int, base: SignTable, catalogue: SignCatalogue, typed: Typed
) -> dict[str, Truth]:
    """Typed signs of one lesion, with what was typed of all lesions at once."""
    own = dict(typed.lesions.get(key, {}))
    for name, truth in typed.patient.items():
        sign = catalogue.signs[name]
        of_every = Truth.TRUE if sign.patient == "all" else Truth.FALSE
        if sign.level == "lesion" and (truth is of_every or len(base.lesions) == 1):
            own.setdefault(name, truth)
    return own


def _settle_lesion(
    row: Mapping[str, SignValue],
    catalogue: SignCatalogue,
    typed: Mapping[str, Truth],
    one_lesion: bool,
) -> Row:
    read = _as_read(typed, catalogue, one_lesion)
    signs: Row = {}
    composite = [name for name in catalogue.lesion_signs if _composite(catalogue.signs[name])]
    for name in catalogue.lesion_signs:
        if name in read:
            signs[name] = read[name]
        elif name not in composite:
            signs[name] = _without_inference(row[name], catalogue.signs[name])
    _fill(signs, catalogue, one_lesion)
    for name in composite:
        measure = catalogue.signs[name].measure
        if name not in read and measure is not None:
            outcome = evaluate(measure, Scope(signs=signs))
            signs[name] = SignValue(outcome.truth, outcome.value, outcome.unknown)
    _fill(signs, catalogue, one_lesion)
    return {name: signs[name] for name in catalogue.lesion_signs}


def _composite(spec: SignSpec) -> bool:
    """Whether a sign is defined by other signs (or the context) alone."""
    return spec.measure is not None and not uses_measurements(spec.measure)


def _settle_patient(
    base: SignTable,
    lesions: Mapping[int, Row],
    catalogue: SignCatalogue,
    typed: Mapping[str, Truth],
    context: ClinicalContext | None,
    one_lesion: bool,
) -> Row:
    read = _as_read(typed, catalogue, one_lesion=False)
    counted = tuple(row for row in lesions.values() if row[COUNTED].truth is not Truth.FALSE)
    # A row that stands for all lesions together cannot be counted.
    countable = counted if base.lesions_known and one_lesion else None
    signs: Row = {}
    for name, spec in catalogue.signs.items():
        if name in read:
            signs[name] = read[name]
        elif spec.level == "lesion":
            signs[name] = _of_patient(spec, counted, base.lesions_known)
        elif spec.measure is None or uses_measurements(spec.measure):
            signs[name] = _without_inference(base.patient[name], spec)
        elif uses_context(spec.measure) and context is None:
            signs[name] = base.patient[name]
        else:
            scope = Scope(signs=signs, context=context or ClinicalContext(), lesions=countable)
            signs[name] = _patient_composite(spec, spec.measure, scope, one_lesion)
    _fill(signs, catalogue, one_lesion=False)
    return signs


def _patient_composite(
    spec: SignSpec, measure: Condition, scope: Scope, one_lesion: bool
) -> SignValue:
    outcome = evaluate(measure, scope)
    source = SignSource.CONTEXT if uses_context(measure) else SignSource.MEASURED
    unknown = outcome.unknown
    if unknown is not None and unknown.reason is Reason.LESIONS_MISSING and not one_lesion:
        unknown = Unknown(Reason.NOT_REPORTED, "", spec.needs)
    elif unknown is not None and not unknown.needs:
        unknown = Unknown(unknown.reason, unknown.detail, spec.needs)
    return SignValue(outcome.truth, outcome.value, unknown, source)


def _as_read(typed: Mapping[str, Truth], catalogue: SignCatalogue, one_lesion: bool) -> Row:
    """Typed signs and what follows from them; a typed "unknown" stays unknown."""
    typed = {**typed, **answered_too(typed, catalogue)}
    truths = {**typed, **entailed(typed, catalogue, one_lesion=one_lesion)}
    not_reported = Unknown(Reason.NOT_REPORTED, "the reader cannot tell")
    return {
        name: SignValue(
            truth, unknown=None if truth.known else not_reported, source=SignSource.READER
        )
        for name, truth in truths.items()
    }


def _without_inference(value: SignValue, spec: SignSpec) -> SignValue:
    """`value`, unless it only followed from other signs: then it has to follow again."""
    followed = value.truth.known and value.value is None and value.source is SignSource.MEASURED
    if not followed:
        return value
    return unknown_sign(Unknown(Reason.NOT_MEASURED, f"{spec.id} is not measured", ("reader",)))


def _fill(signs: Row, catalogue: SignCatalogue, one_lesion: bool) -> None:
    """Fill in the unknown signs that follow from known ones; a typed "unknown" stays."""
    truths = {name: value.truth for name, value in signs.items()}
    for name, truth in entailed(truths, catalogue, one_lesion=one_lesion).items():
        if name in signs and signs[name].source is not SignSource.READER:
            signs[name] = SignValue(truth)


def _of_patient(spec: SignSpec, lesions: tuple[Row, ...], lesions_known: bool) -> SignValue:
    """Any lesion, or every lesion, has the sign."""
    if not lesions_known:
        missing = Unknown(Reason.LESIONS_MISSING, "no lesion mask", ("lesions",))
        return unknown_sign(missing)
    if not lesions:
        if spec.patient == "any":
            return SignValue(Truth.FALSE)
        return unknown_sign(Unknown(Reason.LESIONS_MISSING, "there is no lesion"))
    values = [row[spec.id] for row in lesions]
    join = any_of if spec.patient == "any" else all_of
    truth = join(value.truth for value in values)
    if truth is Truth.UNKNOWN:
        unknowns = [value.unknown for value in values if value.unknown is not None]
        return unknown_sign(combine_unknowns(unknowns))
    decisive = next(value for value in values if value.truth is truth)
    return SignValue(truth, decisive.value, source=decisive.source)
