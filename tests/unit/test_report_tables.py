"""The files of an assessment: shapes, reasons for n/a, same bytes, all or nothing."""

from __future__ import annotations

import csv
import gzip
import io
import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import nibabel as nib
import numpy as np
import pytest

from lesionaid.errors import OutputError
from lesionaid.files import write_together
from lesionaid.quantity import Category, Quantity, Reason, Unit, Unknown
from lesionaid.report.label_map import label_map_nifti
from lesionaid.report.schemas import schema_names, schema_text
from lesionaid.report.tables import (
    MEASUREMENT_FILES,
    OUTPUT_FILES,
    lesions_tsv,
    outputs,
    signs_tsv,
    write_outputs,
)
from lesionaid.report.text import json_value, number, safe_cell, tsv_bytes, value_cell
from lesionaid.study.scan import Source
from tests.unit.report_phantom import (
    VOXEL_MM3,
    assessment,
    labels,
    lesion_map,
    ras_grid,
    stored_grid,
    study,
    without_lesions,
)


def rows(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode()), delimiter="\t"))


@pytest.fixture(scope="module")
def made() -> dict[str, bytes]:
    return outputs(assessment(), html=False, verdict=True)


SCHEMA_OF = {
    "verdict.json": "verdict",
    "measurements.json": "measurements",
    "run.json": "run",
    "lesions.json": "sidecar",
    "signs.json": "sidecar",
    "findings.json": "sidecar",
}


@pytest.mark.parametrize("whole", [assessment, without_lesions])
def test_every_json_fits_its_schema_and_says_what_it_is_for(whole, tmp_path: Path) -> None:
    names = write_outputs(whole(), tmp_path, html=False)
    documents = [name for name in names if name.endswith(".json")]
    assert set(documents) == set(SCHEMA_OF)
    for name in documents:
        document = json.loads((tmp_path / name).read_text())
        schema = json.loads(schema_text(SCHEMA_OF[name]))
        jsonschema.Draft202012Validator(schema).validate(document)
        assert document["schema"].startswith("lesionaid-"), name
        assert "PML is never excluded" in json.dumps(document)
        assert "Not a medical device" in json.dumps(document)


def test_schemas_are_valid_and_can_fail() -> None:
    for name in schema_names():
        jsonschema.Draft202012Validator.check_schema(json.loads(schema_text(name)))
    validator = jsonschema.Draft202012Validator(json.loads(schema_text("verdict")))
    document = json.loads(outputs(assessment(), html=False, verdict=True)["verdict.json"])
    for key, wrong in (("pattern", "pml"), ("findings", [{}]), ("fragile", "no"), ("alerts", {})):
        assert not validator.is_valid({**document, key: wrong}), key


def test_a_row_a_lesion_specks_included(made: dict[str, bytes]) -> None:
    table = rows(made["lesions.tsv"])
    assert [row["lesion"] for row in table] == ["1", "2", "3", "4"]
    assert [row["speck"] for row in table] == ["false", "false", "false", "true"]
    assert [row["group"] for row in table] == ["1", "2", "1", "n/a"]
    total = sum(float(row["volume_mm3"]) for row in table)
    assert total == np.count_nonzero(labels()) * VOXEL_MM3
    assert table[0]["diameter_max_mm"] == "3.33333"
    assert table[1]["touches_periventricular"] == "true"
    assert table[0]["touches_periventricular"] == "false"
    assert table[0]["new_or_enlarging"] == "unknown"


def test_columns_follow_the_catalogue(made: dict[str, bytes]) -> None:
    header = made["lesions.tsv"].decode().splitlines()[0].split("\t")
    measured = ["volume_mm3", "diameter_max_mm", "location", "adc_mean"]
    assert header[:7] == ["lesion", "speck", "group", *measured]
    assert set(header) == set(json.loads(made["lesions.json"])) - {
        "schema",
        "IntendedUse",
        "Description",
    }


def test_every_na_has_its_reason(made: dict[str, bytes]) -> None:
    assert {row["adc_mean"] for row in rows(made["lesions.tsv"])} == {"n/a"}
    unknown = json.loads(made["measurements.json"])["unknown"]
    assert unknown == [
        {
            "measurement": "adc_mean",
            "unknown": "image_missing",
            "detail": "no ADC",
            "needs": ["ADC"],
            "lesions": [1, 2, 3, 4],
        }
    ]


def test_signs_keep_unknown_apart_from_absent() -> None:
    table = rows(signs_tsv(assessment().signs))
    by = {(row["lesion"], row["sign"]): row for row in table}
    assert by["1", "punctate_satellites"]["truth"] == "true"
    assert by["1", "punctate_satellites"]["value"] == "12"
    assert by["1", "punctate_satellites"]["unit"] == "count"
    assert by["2", "punctate_satellites"]["truth"] == "false"
    assert by["1", "dwi_rim"]["truth"] == "unknown"
    assert by["1", "dwi_rim"]["reason"] == "image_missing; no DWI; needs DWI"
    assert by["n/a", "punctate_satellites"]["truth"] == "true"
    assert by["1", "punctate_satellites"]["validation"] == "self-consistency"
    assert by["1", "dwi_rim"]["validation"] in ("unvalidated", "n/a")


def test_findings_hold_rules_and_criteria(made: dict[str, bytes]) -> None:
    table = rows(made["findings.tsv"])
    assert [row["kind"] for row in table] == ["rule", "rule", "rule", "criteria"]
    assert table[0]["weight"] == "1.42"
    assert table[0]["counted"] == "true"
    assert table[2]["missing"] == "contrast_enhancement"
    assert "recalled" in table[3]["why_not"]


def test_same_input_same_bytes(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        write_outputs(assessment(), tmp_path / folder)
    for name in OUTPUT_FILES:
        if name != "run.json":
            assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_only_the_run_record_has_a_date(tmp_path: Path) -> None:
    write_outputs(assessment(), tmp_path)
    run = json.loads((tmp_path / "run.json").read_text())
    year = run["date"][:4]
    assert list(run["timings"]) == ["load", "measure", "report"]
    assert set(run["outputs"]) == {path.name for path in tmp_path.iterdir()} - {"run.json"}
    for name in ("verdict.json", "measurements.json", "signs.tsv", "lesions.tsv"):
        assert f"{year}-" not in (tmp_path / name).read_text()
    assert run["inputs"][0]["file"] == "sub-01_FLAIR.nii.gz"


def test_a_later_run_leaves_no_contradicting_file(tmp_path: Path) -> None:
    write_outputs(assessment(), tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    write_outputs(without_lesions(), tmp_path, html=False)
    left = {path.name for path in tmp_path.iterdir()}
    assert "report.html" not in left
    assert "lesions.nii.gz" not in left
    assert "notes.txt" in left


def test_features_stop_after_measurements(tmp_path: Path) -> None:
    names = write_outputs(assessment(), tmp_path, html=False, verdict=False)
    assert names == (*MEASUREMENT_FILES, "run.json")


def test_nothing_is_written_when_one_file_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "old.json").write_text("old")
    with pytest.raises(OutputError, match="E74"):
        write_together(tmp_path, {"old.json": "new", "x" * 300: b""})
    assert [path.name for path in tmp_path.iterdir()] == ["old.json"]
    assert (tmp_path / "old.json").read_text() == "old"


def test_a_folder_in_the_way_is_seen_before_anything_moves(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("old")
    (tmp_path / "b.json").mkdir()
    with pytest.raises(OutputError, match="E74"):
        write_together(tmp_path, {"a.json": "new", "b.json": "new"}, stale=["a.json"])
    assert (tmp_path / "a.json").read_text() == "old"


def test_an_output_folder_that_is_a_file(tmp_path: Path) -> None:
    blocked = tmp_path / "out"
    blocked.write_text("")
    with pytest.raises(OutputError, match="E74"):
        write_outputs(assessment(), blocked, html=False)


def test_without_a_mask_the_tables_are_there_and_empty(tmp_path: Path) -> None:
    write_outputs(without_lesions(), tmp_path, html=False)
    assert len((tmp_path / "lesions.tsv").read_text().splitlines()) == 1
    assert not (tmp_path / "lesions.nii.gz").exists()
    assert json.loads((tmp_path / "verdict.json").read_text())["pattern"] == "not_analysable"


# --- the label map ---------------------------------------------------------------------


def read_nifti(data: bytes) -> nib.Nifti1Image:
    return nib.Nifti1Image.from_bytes(gzip.decompress(data))


def test_label_map_lies_as_the_mask_was_stored() -> None:
    source = Source("lesions.nii.gz", "", "LPS", stored_grid())
    image = read_nifti(label_map_nifti(lesion_map(), source))
    assert "".join(nib.aff2axcodes(image.affine)) == "LPS"
    np.testing.assert_array_equal(image.affine, stored_grid().affine)
    np.testing.assert_array_equal(np.asanyarray(image.dataobj), labels()[::-1, ::-1])
    assert image.get_data_dtype() == np.uint8
    assert image.header.get_xyzt_units()[0] == "mm"
    assert image.get_qform(coded=True)[1] == image.get_sform(coded=True)[1] == 1


def test_every_voxel_stays_at_its_place_in_mm() -> None:
    image = read_nifti(label_map_nifti(lesion_map(), assessment().study.lesions.source))
    stored = np.argwhere(np.asanyarray(image.dataobj) == 1)
    there = nib.affines.apply_affine(image.affine, stored)
    here = ras_grid().to_mm(np.argwhere(labels() == 1))
    assert set(map(tuple, np.round(there, 3))) == set(map(tuple, np.round(here, 3)))


def test_many_lesions_need_sixteen_bits() -> None:
    drawn = labels()
    drawn[0, 0, 0] = 300
    image = read_nifti(label_map_nifti(replace(lesion_map(), labels=drawn), None))
    assert image.get_data_dtype() == np.uint16
    assert "".join(nib.aff2axcodes(image.affine)) == "RAS"


def test_label_map_has_no_time_stamp() -> None:
    data = label_map_nifti(lesion_map(), None)
    assert data[4:8] == b"\0\0\0\0"


# --- numbers and text ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1 + 0.2, "0.3"),
        (1234567.0, "1234567"),
        (49768.123456, "49768.1"),
        (1e-7, "1e-07"),
        (-0.0, "0"),
    ],
)
def test_numbers_have_six_digits(value: float, text: str) -> None:
    assert number(value) == text


def test_values_as_cells_and_json() -> None:
    assert value_cell(Quantity(2.5, Unit.MM)) == "2.5"
    assert value_cell(Category("cortical")) == "cortical"
    assert value_cell(Unknown(Reason.BELOW_NOISE)) == "n/a"
    assert json_value(Quantity(3.0, Unit.COUNT)) == {"value": 3, "unit": "count"}
    assert json_value(Unknown(Reason.BELOW_NOISE, "x", ("DWI",))) == {
        "value": None,
        "unknown": "below_noise",
        "detail": "x",
        "needs": ["DWI"],
    }


@pytest.mark.parametrize(
    "text", ["=1+1", "+cmd", "-x", "@SUM(A1)", '=HYPERLINK("http://a")', "\t=1", "\n@x"]
)
def test_formulas_are_neutralised(text: str) -> None:
    assert safe_cell(text).startswith("'")
    assert tsv_bytes(["a", "b"], [{"a": text, "b": "1"}]).count(b"\n") == 2


def test_numbers_are_left_alone() -> None:
    assert safe_cell("-1.5e-3") == "-1.5e-3"
    assert lesions_tsv(assessment().measurements, assessment().signs, ()).count(b"'") == 0


def test_study_names_stay_out_of_the_tables() -> None:
    assert b"sub-01" not in outputs(assessment(), html=False, verdict=True)["measurements.json"]
    assert study().scans
