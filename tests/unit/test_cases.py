"""Case lists and empty forms: every format says the same, and blank is unknown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from lesionaid.context import ClinicalContext, context_keys, serostatus_keys
from lesionaid.errors import FormError
from lesionaid.rules_path import rules_dir
from lesionaid.signs.cases import Case, read_cases
from lesionaid.signs.catalogue import load_catalogue
from lesionaid.signs.schema import cases_schema, reader_form_schema, sign_file_schema
from lesionaid.signs.template import template_tsv, template_yaml
from lesionaid.truth import Truth
from tests.shared_data import shared_data

CATALOGUE = load_catalogue()
T, F, U = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN

ROWS: list[dict[str, Any]] = [
    {
        "id": "p1",
        "signs": {
            "focal": False,
            "juxtacortical_ufibre": True,
            "size_mm": 34,
            "lobes": ["frontal", "parietal"],
            "enhancement": "punctate",
        },
        "context": {"host": "ms", "drug": "natalizumab", "drug_months": 30},
        "serostatus": {"aqp4_igg": "neg_cba"},
    },
    {"id": "p2", "signs": {"spinal": "letm"}, "serostatus": {"aqp4": "pos"}},
]

TABLE = (
    "id\tfocal\tu_fibre\tsize_mm\tlobes\tenhancement\tspinal\thost\tdrug\tdrug_months\taqp4\n"
    "p1\tFALSE\ttrue\t34\tfrontal; parietal\tpunctate\t\tms\tnatalizumab\t30\tneg_cba\n"
    "p2\t\t\tn/a\t\t\tletm\t\t\t\tpos\n"
)


def cases(tmp_path: Path, text: str, name: str = "cases.yaml", **options: Any) -> tuple[Case, ...]:
    path = tmp_path / name
    path.write_text(text)
    return read_cases(path, CATALOGUE, **options)


def truths(case: Case) -> dict[str, Truth]:
    return {name: value.truth for name, value in case.signs.patient.items()}


def test_yaml_json_and_both_tables_say_the_same(tmp_path: Path) -> None:
    by_sign = (
        "part\tkey\tp1\tp2\n"
        "sign\tfocal\tFALSE\t\nsign\tu_fibre\ttrue\t\nsign\tsize_mm\t34\t\n"
        "sign\tlobes\tfrontal|parietal\t\nsign\tenhancement\tpunctate\t\nsign\tspinal\t\tletm\n"
        "context\thost\tms\t\ncontext\tdrug\tnatalizumab\t\ncontext\tdrug_months\t30\t\n"
        "serostatus\taqp4\tneg_cba\tpos\n"
    )
    readings = [
        cases(tmp_path, yaml.safe_dump(ROWS)),
        cases(tmp_path, json.dumps(ROWS), "cases.json"),
        cases(tmp_path, json.dumps({"cases": ROWS}), "wrapped.json"),
        cases(tmp_path, TABLE, "cases.tsv"),
        cases(tmp_path, TABLE.replace("\t", ","), "cases.csv"),
        cases(tmp_path, by_sign, "by_sign.tsv"),
    ]
    for reading in readings:
        assert [case.id for case in reading] == ["p1", "p2"]
        assert [truths(case) for case in reading] == [truths(case) for case in readings[0]]
        assert [case.context for case in reading] == [case.context for case in readings[0]]
    first = truths(readings[0][0])
    assert first["size_over_30mm"] is T
    assert first["lobe_frontal"] is T
    assert first["enhancement_ring"] is F
    assert first["periventricular"] is U


def test_features_is_another_name_for_signs(tmp_path: Path) -> None:
    (case,) = cases(tmp_path, "- id: a\n  features: {ovoid: true}\n")
    assert truths(case)["ovoid"] is T


def test_one_case_alone(tmp_path: Path) -> None:
    (case,) = cases(tmp_path, "signs: {ovoid: true}\n")
    assert case.id == "case1"


def test_keys_beyond_are_the_writers_own(tmp_path: Path) -> None:
    text = "- id: 7\n  signs: {}\n  tier: A\n  ward: 4\n  final_diagnosis: pml\n"
    (case,) = cases(tmp_path, text)
    assert (case.id, case.label) == ("7", "pml")
    assert set(truths(case).values()) == {U}


def test_followup_only_is_dropped_unless_asked_for(tmp_path: Path) -> None:
    text = "- id: a\n  signs: {resolved: true, dawson: true}\n  followup_only: [lesion_resolved]\n"
    (index,) = cases(tmp_path, text)
    assert truths(index)["resolved"] is U
    assert truths(index)["dawson_fingers"] is T
    (every,) = cases(tmp_path, text, all_dates=True)
    assert truths(every)["resolved"] is T


def test_use(tmp_path: Path) -> None:
    text = yaml.safe_dump(ROWS)
    signs = cases(tmp_path, text, use=frozenset({"signs"}))[0]
    assert signs.context == ClinicalContext()
    assert truths(signs)["focal"] is F
    assert truths(signs)["aqp4_negative"] is U
    serology = cases(tmp_path, text, use=frozenset({"signs", "serology"}))[0]
    assert serology.context.values == {}
    assert truths(serology)["aqp4_negative"] is T
    context = cases(tmp_path, text, use=frozenset({"context"}))[0]
    assert context.context.serostatus == {}
    assert truths(context)["focal"] is U


def test_a_sign_and_a_context_key_of_one_name_are_told_apart(tmp_path: Path) -> None:
    (case,) = cases(tmp_path, "id\ttumefactive\tcontext.tumefactive\na\ttrue\tfalse\n", "c.tsv")
    assert truths(case)["tumefactive"] is T
    assert case.context.values == {"tumefactive": False}


@pytest.mark.parametrize(
    ("text", "code", "line", "words"),
    [
        ("- id: a\n  signs:\n    ovoidd: true\n", "E53", 3, ["ovoid"]),
        ("- id: a\n  signs:\n    ovoid: yes\n", "E54", 3, ["true, false, unknown"]),
        ("- id: a\n  signs:\n    mass_effect: none\n", "E54", 3, ["true, false, unknown"]),
        ("- id: a\n  signs: {}\n  context:\n    hots: ms\n", "E51", 4, ["host"]),
        ("- id: a\n  signs: {}\n  serostatus:\n    mog: perhaps\n", "E52", 4, ["clear_pos"]),
        ("- id: a\n  sings: {}\n", "E56", 2, ["nearest: signs"]),
        ("- id: a\n  serology: {mog: neg}\n  signs: {}\n", "E56", 2, ["nearest: serostatus"]),
        ("- id: a\n", "E56", 1, ["needs 'signs'"]),
        ("- id: a\n  signs: {}\n  features: {}\n", "E56", 1, ["the same"]),
        ("- id: a\n  signs: [ovoid]\n", "E56", 2, ["names with values"]),
        ("- signs: {}\n", "E57", 1, ["needs an 'id'"]),
        ("- {id: a, signs: {}}\n- {id: a, signs: {}}\n", "E57", 2, ["twice"]),
        ("[]\n", "E57", 1, ["no case"]),
        ("", "E57", None, ["no case"]),
        ("- 3\n", "E56", 1, ["keys with values"]),
        ("- id: a\n  signs: {}\n  followup_only: [ghost]\n", "E53", 3, ["ghost"]),
        ("- id: a\n  signs: {}\n  followup_only: ovoid\n", "E56", 3, ["list"]),
    ],
)
def test_refused_lists(
    tmp_path: Path, text: str, code: str, line: int | None, words: list[str]
) -> None:
    with pytest.raises(FormError) as caught:
        cases(tmp_path, text)
    assert caught.value.code == code
    assert caught.value.file == "cases.yaml" + (f":{line}" if line else "")
    for word in words:
        assert word in caught.value.message


@pytest.mark.parametrize(
    ("text", "code", "line", "words"),
    [
        ("id\tovoidd\na\ttrue\n", "E53", 2, ["ovoid"]),
        ("id\tovoidd\na\t\n", "E53", 2, ["ovoid"]),
        ("id\tovoid\na\tyes\n", "E54", 2, ["true, false"]),
        ("id\tsize_mm\na\tbig\n", "E54", 2, ["a number"]),
        ("name\tovoid\na\ttrue\n", "E56", None, ["'id'", "'key'"]),
        ("id\tovoid\na\ttrue\tfalse\n", "E56", 2, ["3 cells"]),
        ("id\tovoid\tovoid\na\ttrue\tfalse\n", "E56", 2, ["twice"]),
        ("id\tshoe.ovoid\na\ttrue\n", "E56", 1, ["part 'shoe'"]),
        ("key\ta\novoidd\ttrue\n", "E53", 2, ["ovoid"]),
        ('id\tovoid\n"a\ttrue\n', "E50", None, []),
    ],
)
def test_refused_tables(
    tmp_path: Path, text: str, code: str, line: int | None, words: list[str]
) -> None:
    with pytest.raises(FormError) as caught:
        cases(tmp_path, text, "cases.tsv")
    assert caught.value.code == code
    if line is not None:
        assert caught.value.file == f"cases.tsv:{line}"
    for word in words:
        assert word in caught.value.message


def test_spreadsheet_encodings(tmp_path: Path) -> None:
    path = tmp_path / "cases.tsv"
    path.write_bytes(b"\xef\xbb\xbf" + TABLE.replace("\n", "\r\n").encode())
    assert truths(read_cases(path, CATALOGUE)[0])["focal"] is F
    path.write_bytes(TABLE.encode("utf-16"))
    with pytest.raises(FormError, match="not UTF-8"):
        read_cases(path, CATALOGUE)
    semicolons = TABLE.replace("; ", "|").replace("\t", ";").replace("34", "34,5")
    (first, _) = cases(tmp_path, semicolons, "cases.csv")
    assert truths(first)["size_over_30mm"] is T


def test_hundreds_of_cases(tmp_path: Path) -> None:
    rows = [{**ROWS[0], "id": f"p{i}"} for i in range(300)]
    read = cases(tmp_path, "\n".join(f"- {json.dumps(row)}" for row in rows))
    assert len(read) == 300
    assert truths(read[299]) == truths(read[0])


# ---- templates


@pytest.mark.parametrize("name", ["form.yaml", "form.tsv"])
def test_an_empty_template_is_a_case_of_unknowns(tmp_path: Path, name: str) -> None:
    text = template_yaml(CATALOGUE) if name == "form.yaml" else template_tsv(CATALOGUE)
    (case,) = cases(tmp_path, text, name)
    assert case.id == "case1"
    assert set(truths(case).values()) == {U}
    assert case.context == ClinicalContext()


def test_templates_explain_every_key() -> None:
    form, table = template_yaml(CATALOGUE), template_tsv(CATALOGUE)
    rows = {tuple(line.split("\t")[:2]) for line in table.splitlines()}
    for key in (*CATALOGUE.signs, *CATALOGUE.inputs):
        assert f"\n    {key}:\n" in form
        assert ("sign", key) in rows
    for part, keys in (("context", context_keys()), ("serostatus", serostatus_keys())):
        for name in keys:
            assert f"\n    {name}:\n" in form
            assert (part, name) in rows
    assert max(map(len, form.splitlines())) <= 100


def test_a_filled_template_is_read(tmp_path: Path) -> None:
    form = template_yaml(CATALOGUE).replace("    ovoid:\n", "    ovoid: true\n")
    (case,) = cases(tmp_path, form)
    assert truths(case)["ovoid"] is T
    table = template_tsv(CATALOGUE, ("a", "b")).splitlines()
    filled = [line[:-1] + "\tTRUE" if "\tovoid\t" in line else line for line in table]
    a, b = cases(tmp_path, "\n".join(filled), "form.tsv")
    assert (truths(a)["ovoid"], truths(b)["ovoid"]) == (U, T)


# ---- schemas


def test_schemas_are_valid_and_hold_for_what_we_ship() -> None:
    validator = jsonschema.Draft202012Validator
    sign, form, listed = (
        sign_file_schema(),
        reader_form_schema(CATALOGUE),
        cases_schema(CATALOGUE),
    )
    for schema in (sign, form, listed):
        validator.check_schema(schema)
    for path in sorted((rules_dir() / "signs").glob("*.yaml")):
        validator(sign).validate(yaml.safe_load(path.read_text()))
    validator(listed).validate(ROWS)
    validator(listed).validate(yaml.safe_load(template_yaml(CATALOGUE)))
    validator(form).validate({"lesions": {"3": {"central_vein": True}}, "reject": [7]})
    validator(form).validate({"lesions": [{"lesion": "biggest", "ovoid": True}]})


@pytest.mark.parametrize(
    "rows",
    [
        [{"id": "a", "signs": {"ovoidd": True}}],
        [{"id": "a", "signs": {"ovoid": "yes"}}],
        [{"id": "a"}],
        [{"signs": {}}],
        [{"id": "a", "signs": {}, "context": {"age": 400}}],
    ],
)
def test_schema_of_cases_refuses(rows: object) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(rows, cases_schema(CATALOGUE))


@pytest.mark.real
def test_published_cases_are_read_whole(tmp_path: Path) -> None:
    path = shared_data().parent / "evidence" / "published_cases.yaml"
    read = read_cases(path, CATALOGUE)
    assert len(read) == 35
    assert all(case.label for case in read)
    jsonschema.validate(yaml.safe_load(path.read_text()), cases_schema(CATALOGUE))
