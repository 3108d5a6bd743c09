"""All files of one assessment, made in memory first, then put in place together."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lesionaid.assessment import Assessment
from lesionaid.files import write_together
from lesionaid.quantity import Unknown
from lesionaid.report.label_map import label_map_nifti
from lesionaid.report.sidecars import findings_sidecar, lesions_sidecar, signs_sidecar
from lesionaid.report.text import (
    MISSING,
    json_bytes,
    json_number,
    json_value,
    number,
    tsv_bytes,
    unknown_fields,
    value_cell,
)
from lesionaid.signs.catalogue import load_catalogue
from lesionaid.tables import MeasurementTable, SignSource, SignTable, SignValue
from lesionaid.verdict.model import INTENDED_USE, to_json_dict

__all__ = [
    "MEASUREMENT_FILES",
    "OUTPUT_FILES",
    "ROBUSTNESS_FILES",
    "findings_tsv",
    "lesions_tsv",
    "measurements_json",
    "outputs",
    "run_json",
    "signs_tsv",
    "write_outputs",
]

MEASUREMENT_FILES = ("lesions.nii.gz", "lesions.tsv", "lesions.json", "measurements.json")
"""What ``lesionaid features`` writes, beside ``run.json``."""
OUTPUT_FILES = (
    *MEASUREMENT_FILES,
    *("signs.tsv", "signs.json", "findings.tsv", "findings.json"),
    *("verdict.json", "report.html", "run.json"),
)
"""Every name that an assessment writes, in that order; ``run.json`` seals the set."""
ROBUSTNESS_FILES = ("robustness.tsv", "robustness.json")
"""What ``lesionaid robustness`` writes beside them."""

LESION_SIGNS = "touches_"
"""Signs with this beginning get a column in ``lesions.tsv``; all others are in ``signs.tsv``."""
NOVELTY = "new_or_enlarging"

NOTHING_MEASURED = MeasurementTable({}, {}, {})
"""Of a study that could not be analysed: its tables have headers and no rows."""

SIGN_COLUMNS = ("lesion", "sign", "truth", "value", "unit", "reason", "source", "validation")
FINDING_COLUMNS = (
    *("kind", "id", "title", "truth", "gated", "lesions", "compares", "toward"),
    *("weight", "low", "high", "counted", "why_not", "group", "cite", "missing"),
)


def write_outputs(
    assessment: Assessment,
    out_dir: Path,
    *,
    html: bool = True,
    verdict: bool = True,
    beside: Mapping[str, bytes] | None = None,
) -> tuple[str, ...]:
    """Write all files of an assessment: all of them, or none.

    Parameters
    ----------
    assessment : Assessment
    out_dir : Path
        Made when it does not exist. Files that an earlier run left and this one does not
        write are removed: two results must not lie side by side.
    html : bool
        Whether to draw ``report.html``.
    verdict : bool
        False stops after the measurements.
    beside : mapping of str to bytes, optional
        Further files of the set, such as those of the robustness test.

    Returns
    -------
    tuple of str
        Names of the files written.

    Raises
    ------
    OutputError
        ``E74``.
    """
    start = time.perf_counter()
    contents = {**outputs(assessment, html=html and verdict, verdict=verdict), **(beside or {})}
    seconds = time.perf_counter() - start
    contents["run.json"] = run_json(assessment, contents, seconds)
    write_together(out_dir, contents, stale=(*OUTPUT_FILES, *ROBUSTNESS_FILES))
    return tuple(contents)


def outputs(assessment: Assessment, *, html: bool, verdict: bool) -> dict[str, bytes]:
    """Contents by file name, ``run.json`` apart: the same input gives the same bytes."""
    made = dict(_measurement_files(assessment))
    if verdict:
        made["signs.tsv"] = signs_tsv(assessment.signs)
        made["signs.json"] = json_bytes(signs_sidecar())
        made["findings.tsv"] = findings_tsv(assessment)
        made["findings.json"] = json_bytes(findings_sidecar())
        made["verdict.json"] = json_bytes(to_json_dict(assessment.verdict))
    if html:
        from lesionaid.report.page import report_html

        made["report.html"] = report_html(assessment)
    return made


def _measurement_files(assessment: Assessment) -> Iterator[tuple[str, bytes]]:
    if assessment.lesions is not None:
        mask = assessment.study.lesions
        source = mask.source if mask is not None else None
        yield "lesions.nii.gz", label_map_nifti(assessment.lesions, source)
    table = assessment.measurements or NOTHING_MEASURED
    columns = _sign_columns(table)
    yield "lesions.tsv", lesions_tsv(table, assessment.signs, columns)
    yield "lesions.json", json_bytes(lesions_sidecar(table, columns))
    yield "measurements.json", json_bytes(measurements_json(table))


def _sign_columns(table: MeasurementTable) -> tuple[str, ...]:
    """Signs with a column in ``lesions.tsv``, the same ones for every study."""
    return tuple(
        name
        for name, spec in load_catalogue().signs.items()
        if spec.level == "lesion"
        and (name.startswith(LESION_SIGNS) or name == NOVELTY)
        and name not in table.specs
    )


def lesions_tsv(table: MeasurementTable, signs: SignTable, sign_columns: tuple[str, ...]) -> bytes:
    """A row a lesion, specks included, columns in the order of the catalogue."""
    measured = [name for name, spec in table.specs.items() if spec.level == "lesion"]
    group_of = {
        member: group.main for group in table.groups for member in (group.main, *group.satellites)
    }
    rows = []
    for lesion in sorted(table.lesions):
        row = {
            "lesion": str(lesion),
            "speck": "true" if lesion in table.specks else "false",
            "group": str(group_of.get(lesion, MISSING)),
        }
        row |= {name: value_cell(table.lesions[lesion].get(name)) for name in measured}
        known = signs.lesions.get(lesion, {})
        row |= {name: known[name].truth.value for name in sign_columns if name in known}
        rows.append(row)
    return tsv_bytes(("lesion", "speck", "group", *measured, *sign_columns), rows)


def measurements_json(table: MeasurementTable) -> dict[str, Any]:
    """Measurements of the study, the catalogue, and why cells of ``lesions.tsv`` are n/a."""
    return {
        "schema": "lesionaid-measurements/1",
        "intended_use": INTENDED_USE,
        "study": {name: json_value(value) for name, value in table.study.items()},
        "groups": [
            {"main": group.main, "satellites": list(group.satellites)} for group in table.groups
        ],
        "specks": sorted(table.specks),
        "unknown": _unknown_cells(table),
        "catalogue": {
            name: {
                "unit": None if spec.unit is None else str(spec.unit),
                "level": spec.level,
                "description": spec.description,
                "needs": list(spec.needs),
                "reference": spec.reference,
                "validated": spec.validated,
            }
            for name, spec in table.specs.items()
        },
    }


def _unknown_cells(table: MeasurementTable) -> list[dict[str, Any]]:
    """Unknown cells of the lesions, those with one reason in one row."""
    lesions_by: dict[tuple[str, Unknown], list[int]] = {}
    for name in table.specs:
        for lesion in sorted(table.lesions):
            value = table.lesions[lesion].get(name)
            if isinstance(value, Unknown):
                lesions_by.setdefault((name, value), []).append(lesion)
    return [
        {"measurement": name, **unknown_fields(value), "lesions": lesions}
        for (name, value), lesions in lesions_by.items()
    ]


def signs_tsv(signs: SignTable) -> bytes:
    """A row a sign: the patient's first (``lesion`` is n/a), then lesion by lesion."""
    rows = [_sign_row(MISSING, name, sign) for name, sign in signs.patient.items()]
    for lesion in sorted(signs.lesions):
        rows += [_sign_row(str(lesion), name, sign) for name, sign in signs.lesions[lesion].items()]
    return tsv_bytes(SIGN_COLUMNS, rows)


def _sign_row(lesion: str, name: str, sign: SignValue) -> dict[str, str]:
    unit = getattr(sign.value, "unit", None)
    spec = load_catalogue().signs.get(name)
    measured = spec is not None and sign.source is SignSource.MEASURED
    return {
        "lesion": lesion,
        "sign": name,
        "truth": sign.truth.value,
        "value": value_cell(sign.value),
        "unit": "" if unit is None else str(unit),
        "reason": "" if sign.unknown is None else _reason(sign.unknown),
        "source": str(sign.source),
        "validation": (spec.validation if measured and spec else None) or MISSING,
    }


def _reason(unknown: Unknown) -> str:
    parts = [str(unknown.reason), unknown.detail, ", ".join(unknown.needs)]
    labels = ("", "", "needs ")
    return "; ".join(label + part for label, part in zip(labels, parts, strict=True) if part)


def findings_tsv(assessment: Assessment) -> bytes:
    """A row a rule, then a row a published criteria set."""
    rows = [
        {
            "kind": "rule",
            "id": finding.rule,
            "title": finding.title,
            "truth": finding.truth.value,
            "gated": finding.gated.value,
            "lesions": ", ".join(map(str, finding.lesions)),
            "compares": ", ".join(disease.value for disease in finding.compares),
            "toward": finding.toward.value,
            "weight": number(finding.weight),
            "low": number(finding.low),
            "high": number(finding.high),
            "counted": "true" if finding.counted else "false",
            "why_not": finding.why_not,
            "group": finding.group,
            "cite": ", ".join(finding.cite),
            "missing": ", ".join(finding.missing),
        }
        for finding in assessment.verdict.findings
    ]
    rows += [
        {
            "kind": "criteria",
            "id": name,
            "truth": state.truth.value,
            "counted": "false",
            "why_not": "a criteria set is met or not met and weighs nothing by itself"
            + ("" if state.verified else "; holds an item that was only recalled"),
            "missing": ", ".join(state.missing),
        }
        for name, state in assessment.verdict.criteria.items()
    ]
    return tsv_bytes(FINDING_COLUMNS, rows)


def run_json(assessment: Assessment, contents: dict[str, bytes], report_s: float) -> bytes:
    """What was used, when, and how long it took: the only file that differs between runs.

    Parameters
    ----------
    assessment : Assessment
    contents : dict of str to bytes
        The other files, for their hashes.
    report_s : float
        Seconds that the report took.
    """
    used = assessment.provenance
    document = {
        "schema": "lesionaid-run/1",
        "intended_use": INTENDED_USE,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": dict(used.versions),
        "rule_set_sha256": used.rule_set_sha256,
        "inputs": [
            {
                "role": item.role,
                "file": item.source.name,
                "sha256": item.source.sha256,
                "orientation": item.source.orientation,
                "shape": list(item.source.grid.shape),
                "spacing_mm": [json_number(edge) for edge in item.source.grid.spacing_mm],
            }
            for item in used.inputs
        ],
        "options": dict(used.options),
        "notes": [
            {"code": note.code, "file": note.file, "text": note.text} for note in assessment.notes
        ],
        "timings": {
            stage: round(seconds, 3)
            for stage, seconds in {**assessment.timings, "report": report_s}.items()
        },
        "outputs": {name: hashlib.sha256(data).hexdigest() for name, data in contents.items()},
    }
    return json_bytes(document)
