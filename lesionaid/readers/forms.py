"""Forms of a reader study, one for each case and reader, and the computed signs beside them."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from lesionaid.errors import FormError
from lesionaid.readers.blinding import KEY_COLUMNS
from lesionaid.signs.cases import read_cases
from lesionaid.signs.catalogue import SignCatalogue
from lesionaid.strict_yaml import load_strict_file
from lesionaid.tables import SignTable
from lesionaid.truth import Truth

__all__ = ["Form", "computed_forms", "read_forms", "read_key", "unblind"]

LISTS = (".yaml", ".yml", ".json")
TABLES = (".tsv", ".csv")
KEY = "key.tsv"
SIGNS_FILE = "signs.tsv"
MISSING = "n/a"


@dataclass(frozen=True, slots=True)
class Form:
    """One case read by one reader.

    Parameters
    ----------
    case, reader : str
    signs : mapping of str to Truth
        Known signs of the patient, those that follow by definition included; a sign that was
        left open is not there.
    file : str
        Where it was read.
    """

    case: str
    reader: str
    signs: Mapping[str, Truth]
    file: str = ""


def read_forms(folder: Path, catalogue: SignCatalogue) -> tuple[Form, ...]:
    """Read every form under a folder; forms in which nothing is filled in are no readings.

    Parameters
    ----------
    folder : Path
        YAML or JSON forms name case and reader inside (``id`` and ``reader``); a table, with a
        column a case, is named after its reader. ``key.tsv`` is not a form.
    catalogue : SignCatalogue

    Raises
    ------
    FormError
        ``E53`` and ``E54`` sign or value, ``E56`` no reader named, ``E57`` no filled form, or
        two of one reader on one case.
    """
    seen: dict[tuple[str, str], str] = {}
    forms = []
    for form in _filled(folder, catalogue):
        before = seen.setdefault((form.case, form.reader), form.file)
        if before != form.file:
            found = f"{form.reader} read {form.case} twice (also in {before})"
            raise FormError("E57", file=form.file, value=found)
        forms.append(form)
    if not forms:
        raise FormError("E57", file=folder.name, value="no form in this folder is filled in")
    return tuple(forms)


def _filled(folder: Path, catalogue: SignCatalogue) -> Iterator[Form]:
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in LISTS:
            readers = _readers(path)
        elif path.suffix.lower() in TABLES and path.name != KEY:
            readers = {}
        else:
            continue
        for case in read_cases(path, catalogue, use=frozenset({"signs"})):
            reader = readers.get(case.id, path.stem)
            form = Form(case.id, reader, _known(case.signs), path.name)
            if form.signs:
                yield form


def _known(table: SignTable) -> dict[str, Truth]:
    return {name: value.truth for name, value in table.patient.items() if value.truth.known}


def _readers(path: Path) -> dict[str, str]:
    """Reader of each case in a list of forms.

    Raises
    ------
    FormError
        ``E56`` when a form names none.
    """
    loaded = load_strict_file(path)
    rows = loaded.value if isinstance(loaded.value, list) else [loaded.value]
    found = {}
    for index, row in enumerate(rows):
        if not isinstance(row, dict) or not str(row.get("reader") or "").strip():
            where = loaded.where((index,))
            raise FormError("E56", file=where, value="a form needs 'id', 'reader' and 'signs'")
        found[str(row.get("id")).strip()] = str(row["reader"]).strip()
    return found


def computed_forms(folder: Path, reader: str) -> tuple[Form, ...]:
    """Signs of the patient from every ``signs.tsv`` under a folder.

    Parameters
    ----------
    folder : Path
        Results of ``lesionaid assess`` or ``lesionaid cohort``, a folder a case; the folder's
        name is the case.
    reader : str
        What to call the computer.

    Raises
    ------
    FormError
        ``E56`` not a table of signs, ``E57`` no results, or one case twice.
    """
    forms: dict[str, Form] = {}
    for path in sorted(folder.rglob(SIGNS_FILE)):
        case = path.parent.name
        if case in forms:
            raise FormError("E57", file=path.name, value=f"two results are called {case}")
        forms[case] = Form(case, reader, _computed(path), f"{case}/{path.name}")
    if not forms:
        raise FormError("E57", file=folder.name, value=f"no {SIGNS_FILE} in this folder")
    return tuple(forms.values())


def _computed(path: Path) -> dict[str, Truth]:
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))
    try:
        of_patient = {row["sign"]: Truth(row["truth"]) for row in rows if row["lesion"] == MISSING}
    except (KeyError, ValueError) as error:
        found = f"not the signs of a study ({error})"
        raise FormError("E56", file=path.name, value=found) from None
    return {sign: truth for sign, truth in of_patient.items() if truth.known}


def read_key(path: Path) -> dict[str, str]:
    """Blinded code to case id, from the ``key.tsv`` that was written with the forms.

    Raises
    ------
    FormError
        ``E01`` not there, ``E56`` not a key.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (FileNotFoundError, IsADirectoryError) as missing:
        raise FormError("E01", file=path.name) from missing
    rows = [tuple(line.split("\t")) for line in lines if line.strip()]
    if not rows or rows[0] != KEY_COLUMNS or any(len(row) != 2 for row in rows):
        raise FormError("E56", file=path.name, value="a key has the columns case and id")
    return {code: name for code, name in rows[1:]}  # noqa: C416 (pairs, for the type's sake)


def unblind(forms: Iterable[Form], key: Mapping[str, str]) -> tuple[Form, ...]:
    """Forms under the real ids of their cases.

    Raises
    ------
    FormError
        ``E57`` when a form's code is not in the key.
    """
    opened = []
    for form in forms:
        if form.case not in key:
            found = f"the code '{form.case}' is not in the key"
            raise FormError("E57", file=form.file, value=found)
        opened.append(replace(form, case=key[form.case]))
    return tuple(opened)
