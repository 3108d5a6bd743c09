"""Sidecars of the tables: what each column means, its unit, and what the table is for."""

from __future__ import annotations

from typing import Any

from lesionaid.quantity import Reason
from lesionaid.tables import MeasurementTable
from lesionaid.verdict.model import INTENDED_USE

__all__ = ["findings_sidecar", "lesions_sidecar", "signs_sidecar"]

SCHEMA = "lesionaid-sidecar/1"
_TRUTH = {
    "true": "present",
    "false": "absent: looked for and not there",
    "unknown": "not assessable: never to be read as absent",
}


def _sidecar(description: str, columns: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "IntendedUse": INTENDED_USE,
        "Description": f"{description} n/a: unknown, with the reason beside it.",
        **columns,
    }


def lesions_sidecar(table: MeasurementTable, sign_columns: tuple[str, ...]) -> dict[str, Any]:
    """Columns of ``lesions.tsv``; the ids are those of ``lesions.nii.gz``."""
    columns: dict[str, dict[str, Any]] = {
        "lesion": {"Description": "Lesion id; the value in lesions.nii.gz. 1 is the largest."},
        "speck": {
            "Description": "Under 3 mm3: in this table and in totals, outside counts and rules."
        },
        "group": {"Description": "Id of the main lesion of the group that this one belongs to."},
    }
    for name, spec in table.specs.items():
        if spec.level != "lesion":
            continue
        columns[name] = {"Description": spec.description}
        if spec.unit is not None:
            columns[name]["Units"] = str(spec.unit)
        if spec.reference:
            columns[name]["Reference"] = spec.reference
    for name in sign_columns:
        columns[name] = {
            "Description": f"The sign {name}; its definition is in signs.tsv and the rules.",
            "Levels": _TRUTH,
        }
    return _sidecar(
        "A row a lesion. The reason of an n/a stands in measurements.json under 'unknown'.", columns
    )


def signs_sidecar() -> dict[str, Any]:
    """Columns of ``signs.tsv``."""
    return _sidecar(
        "A row a sign, first of the patient, then of each lesion.",
        {
            "lesion": {"Description": "Lesion id; n/a for a sign of the patient."},
            "sign": {"Description": "Id of the sign, the name of its file under rules/signs."},
            "truth": {"Description": "Whether the sign is there.", "Levels": _TRUTH},
            "value": {"Description": "The measurement held against the sign's threshold."},
            "unit": {"Description": "Unit of the value, after UCUM."},
            "reason": {
                "Description": "Why the sign is unknown, and what would settle it.",
                "Levels": {str(reason): _words(reason) for reason in Reason},
            },
            "source": {
                "Description": "Who says so.",
                "Levels": {
                    "measured": "from the images",
                    "reader": "typed in by a reader",
                    "context": "clinical context",
                },
            },
            "validation": {
                "Description": "What the measure of the sign was held against; n/a where it was "
                "not measured.",
                "Levels": {
                    "validated": "readers, or real scans with a truth",
                    "self-consistency": "phantoms and simulated scans",
                    "unvalidated": "phantoms alone: no real scan was there to check it",
                },
            },
        },
    )


def findings_sidecar() -> dict[str, Any]:
    """Columns of ``findings.tsv``."""
    log_units = "natural logarithm"
    return _sidecar(
        "A row a rule, then a row a published criteria set.",
        {
            "kind": {
                "Description": "What the row is.",
                "Levels": {
                    "rule": "one sign as evidence between two patterns",
                    "criteria": "a published set, met, not met or undetermined",
                },
            },
            "id": {"Description": "Id of the rule or set, see 'lesionaid rules show'."},
            "title": {"Description": "In words."},
            "truth": {"Description": "Whether the condition holds.", "Levels": _TRUTH},
            "gated": {
                "Description": "Whether the rule applies at all; unknown novelty leaves it open.",
                "Levels": _TRUTH,
            },
            "lesions": {"Description": "Main ids of the lesion groups it holds for."},
            "compares": {"Description": "The two patterns it tells apart."},
            "toward": {"Description": "The pattern it speaks for."},
            "weight": {"Description": "Weight of evidence toward it.", "Units": log_units},
            "low": {"Description": "Lower end of the 95 % interval.", "Units": log_units},
            "high": {"Description": "Upper end of the 95 % interval.", "Units": log_units},
            "counted": {"Description": "Whether the weight entered the scores."},
            "why_not": {"Description": "Why it was not counted."},
            "group": {"Description": "Correlated signs share a group; only the strongest counts."},
            "cite": {"Description": "Keys of rules/references.yaml."},
            "missing": {"Description": "Unknown signs that leave it undetermined."},
        },
    )


def _words(reason: Reason) -> str:
    return str(reason).replace("_", " ")
