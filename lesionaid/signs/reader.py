"""Signs that a reader saw: a form for one study, or the features of one case.

A form for a study (``--signs reader.yaml``)::

    patient: {spinal: letm}
    lesions:
      3: {new_or_enlarging: true, central_vein: false}
      biggest: {enhancement: ring}
    reject: [7, 9]        # lesions that are none
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from lesionaid.context import ClinicalContext, plain_name
from lesionaid.errors import FormError
from lesionaid.quantity import Reason, Unknown, Value
from lesionaid.signs.catalogue import SignCatalogue
from lesionaid.signs.expand import Answers, expand
from lesionaid.signs.settle import Typed, settle, unknown_sign
from lesionaid.strict_yaml import Key, Loaded, load_strict_file
from lesionaid.tables import LesionGroup, SignTable, SignValue
from lesionaid.truth import Truth

__all__ = ["ReaderForm", "apply_reader", "expand_case", "read_reader_form"]

SCHEMA = "lesionaid-reader/1"
BIGGEST = ("biggest", "largest", "main")
_WHERE = ("lesion", "id")
_WHOLE_FORM = ("schema", "patient", "signs", "features", "lesions", "reject", "note", "notes")


@dataclass(frozen=True, slots=True)
class ReaderForm:
    """A reader's form as written; names are checked when it is applied.

    Parameters
    ----------
    loaded : Loaded
        The file.
    patient : tuple of (path, mapping)
        Parts said of the patient.
    lesions : tuple of (path, selector, mapping)
        Parts said of one lesion (its id as text, or ``"biggest"``) or of ``"all"``.
    reject : tuple of (path, selector)
        Lesions that the reader takes for none.
    """

    loaded: Loaded
    patient: tuple[tuple[Key, Mapping[str, object]], ...] = ()
    lesions: tuple[tuple[Key, str, Mapping[str, object]], ...] = ()
    reject: tuple[tuple[Key, str], ...] = ()


def read_reader_form(path: Path) -> ReaderForm:
    """Read a reader's form, YAML or JSON.

    Raises
    ------
    FormError
        ``E01`` not there, ``E50`` unreadable, ``E56`` wrong shape.
    """
    loaded = load_strict_file(Path(path))
    form: object = loaded.value
    if isinstance(form, list):  # a bare list of lesions
        return ReaderForm(loaded, lesions=tuple(_lesion_list(loaded, (), form)))
    top = _mapping(loaded, (), form)
    if any(name in top for name in _WHERE):  # one lesion, alone
        return ReaderForm(loaded, lesions=tuple(_lesion_list(loaded, (), [top])))
    patient: list[tuple[Key, Mapping[str, object]]] = []
    lesions: list[tuple[Key, str, Mapping[str, object]]] = []
    for name in ("patient", "signs", "features"):
        if name in top:
            patient.append(((name,), _mapping(loaded, (name,), top[name])))
    bare = {name: value for name, value in top.items() if name not in _WHOLE_FORM}
    for name in [name for name in bare if _selector(name)]:
        lesions.append(((name,), name, _mapping(loaded, (name,), bare.pop(name))))
    patient.append(((), bare))
    given = top.get("lesions")
    if isinstance(given, list):
        lesions += _lesion_list(loaded, ("lesions",), given)
    else:
        for name, signs in _mapping(loaded, ("lesions",), given).items():
            key: Key = ("lesions", name)
            lesions.append((key, name, _mapping(loaded, key, signs)))
    return ReaderForm(loaded, tuple(patient), tuple(lesions), _rejected(loaded, top))


def apply_reader(
    signs: SignTable,
    form: ReaderForm,
    catalogue: SignCatalogue,
    context: ClinicalContext | None = None,
) -> SignTable:
    """Add and override signs by what a reader saw; their source is ``reader``.

    Parameters
    ----------
    signs : SignTable
    form : ReaderForm
    catalogue : SignCatalogue
    context : ClinicalContext or None
        Needed only for signs that rest on a typed sign and on the context together.

    Returns
    -------
    SignTable
        Without the rejected lesions. What follows from a typed sign by definition is taken
        as typed; a sign typed false of the patient is false of every lesion.

    Raises
    ------
    FormError
        ``E53`` unknown sign, ``E54`` value not allowed, ``E55`` no such lesion.
    """
    rejected = {_lesion(signs, form.loaded, path, name) for path, name in form.reject}
    kept = _without(signs, rejected, catalogue)
    said: dict[int, dict[str, Truth]] = {}
    extras: dict[str, Value] = dict(signs.extras)
    for path, selector, given in form.lesions:
        answers = expand(given, catalogue, loaded=form.loaded, at=path, level="lesion")
        if plain_name(selector) == "all":
            targets = list(kept.lesions)
        else:
            targets = [_lesion(kept, form.loaded, path, selector)]
        for lesion in targets:
            _merge(said.setdefault(lesion, {}), answers, form.loaded, path)
    patient: dict[str, Truth] = {}
    for path, given in form.patient:
        answers = expand(given, catalogue, loaded=form.loaded, at=path)
        _merge(patient, answers, form.loaded, path)
        extras.update(answers.extras)
    return settle(replace(kept, extras=extras), catalogue, Typed(patient, said), context)


def expand_case(
    features: Mapping[str, object],
    catalogue: SignCatalogue,
    context: ClinicalContext | None = None,
    *,
    loaded: Loaded | None = None,
    at: Key = (),
) -> SignTable:
    """Signs of a case without images: one row stands for all lesions of the patient.

    Parameters
    ----------
    features : mapping
        What was typed, by names or aliases; what is left out is unknown, never absent.
    catalogue : SignCatalogue
    context : ClinicalContext or None
    loaded, at : Loaded or None, tuple
        The file and the path of `features` in it, for messages.

    Raises
    ------
    FormError
        ``E53`` unknown sign, ``E54`` value not allowed.
    """
    source = loaded or Loaded(features, "signs")
    answers = expand(features, catalogue, loaded=source, at=at)
    blank = {
        spec.id: unknown_sign(Unknown(Reason.NOT_REPORTED, "", spec.needs))
        for spec in catalogue.signs.values()
    }
    row = {name: blank[name] for name in catalogue.lesion_signs}
    base = SignTable({1: row}, blank, (LesionGroup(1),), extras=answers.extras)
    return settle(
        base, catalogue, Typed(answers.signs), context or ClinicalContext(), one_lesion=False
    )


def _merge(said: dict[str, Truth], answers: Answers, loaded: Loaded, path: Key) -> None:
    for name, truth in answers.signs.items():
        if said.setdefault(name, truth) is not truth:
            found = f"'{name}' is answered twice, differently"
            raise FormError("E54", file=loaded.where(path), value=found)


def _mapping(loaded: Loaded, path: Key, value: object) -> dict[str, object]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        what = ".".join(map(str, path)) or "the form"
        raise FormError("E56", file=loaded.where(path), value=f"{what} must hold names with values")
    return value


def _lesion_list(
    loaded: Loaded, at: Key, given: list[object]
) -> list[tuple[Key, str, Mapping[str, object]]]:
    """Rows of ``- {lesion: 3, sign: value, …}``; the signs may also stand under ``signs``."""
    rows: list[tuple[Key, str, Mapping[str, object]]] = []
    for i, item in enumerate(given):
        path: Key = (*at, i)
        row = dict(_mapping(loaded, path, item))
        named = [name for name in _WHERE if name in row]
        if len(named) != 1:
            raise FormError("E56", file=loaded.where(path), value="a row needs 'lesion: ID'")
        selector = str(row.pop(named[0]))
        for name in ("signs", "features"):
            if name in row:
                inner = _mapping(loaded, (*path, name), row.pop(name))
                rows.append(((*path, name), selector, inner))
        rows.append((path, selector, row))
    return rows


def _rejected(loaded: Loaded, top: Mapping[str, object]) -> tuple[tuple[Key, str], ...]:
    given = top.get("reject")
    items = given if isinstance(given, list) else [] if given is None else [given]
    for item in items:
        if isinstance(item, dict | list):
            where = loaded.where(("reject",))
            raise FormError("E56", file=where, value="'reject' is a list of lesion ids")
    return tuple((("reject", i), str(item)) for i, item in enumerate(items))


def _selector(name: str) -> bool:
    return name.isdecimal() or plain_name(name) in BIGGEST


def _lesion(signs: SignTable, loaded: Loaded, path: Key, selector: str) -> int:
    """Id of a lesion by its number, or of the biggest (ids run from the biggest down)."""
    ids = sorted(signs.lesions)
    if plain_name(selector) in BIGGEST and ids:
        return ids[0]
    if selector.isdecimal() and int(selector) in signs.lesions:
        return int(selector)
    known = f"lesions {ids[0]} to {ids[-1]}, or 'biggest'" if ids else "there is no lesion"
    found = f"'{selector}'; {known} (specks under 3 mm3 left out)"
    raise FormError("E55", file=loaded.where(path), value=found)


def _without(signs: SignTable, rejected: set[int], catalogue: SignCatalogue) -> SignTable:
    """The table without some lesions; satellites of a rejected one stand alone."""
    if not rejected:
        return signs
    groups: list[LesionGroup] = []
    lesions = {key: row for key, row in signs.lesions.items() if key not in rejected}
    for group in signs.groups:
        small = tuple(lesion for lesion in group.satellites if lesion not in rejected)
        if group.main in rejected:
            groups += [LesionGroup(lesion) for lesion in small]
            continue
        groups.append(LesionGroup(group.main, small))
        if small != group.satellites:
            lesions[group.main] = _recount(lesions[group.main], catalogue)
    return replace(signs, lesions=lesions, groups=tuple(sorted(groups, key=lambda g: g.main)))


def _recount(row: Mapping[str, SignValue], catalogue: SignCatalogue) -> dict[str, SignValue]:
    """Signs of a lesion that lost satellites: what was measured on them holds no more."""
    lost = Unknown(Reason.NOT_MEASURED, "the reader rejected some of its satellites", ("reader",))
    return {
        name: unknown_sign(lost) if catalogue.signs[name].group == "satellites" else value
        for name, value in row.items()
    }
