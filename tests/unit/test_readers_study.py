"""A reader study from blinded forms to tables."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import jsonschema
import pytest
from typer.testing import CliRunner

from lesionaid.cli import main
from lesionaid.cli.app import app
from lesionaid.errors import FormError
from lesionaid.readers.agreement import COMPUTED, compare
from lesionaid.readers.blinding import blinded_forms, codes, empty_forms
from lesionaid.readers.forms import Form, computed_forms, read_forms, read_key, unblind
from lesionaid.reading.agreement import FILES, agreement_outputs
from lesionaid.report.schemas import schema_text
from lesionaid.signs.cases import read_cases
from lesionaid.signs.catalogue import load_catalogue
from lesionaid.truth import Truth

YES, NO = Truth.TRUE, Truth.FALSE
IDS = ("sub-c", "sub-a", "sub-b")


def run(*arguments: str | Path) -> int:
    with pytest.raises(SystemExit) as left:
        main([str(argument) for argument in arguments])
    assert isinstance(left.value.code, int)
    return left.value.code


def write(folder: Path, made: dict[str, str]) -> Path:
    for name, text in made.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def fill(path: Path, **answers: object) -> None:
    text = path.read_text()
    for sign, value in answers.items():
        assert f"\n    {sign}:\n" in text
        text = text.replace(f"\n    {sign}:\n", f"\n    {sign}: {value}\n")
    path.write_text(text)


def test_empty_forms_are_read_back_as_empty(tmp_path: Path) -> None:
    catalogue = load_catalogue()
    write(tmp_path, empty_forms(catalogue))
    for name in ("cases.yaml", "cases.tsv"):
        (case,) = read_cases(tmp_path / name, catalogue)
        assert not any(value.truth.known for value in case.signs.patient.values())


def test_codes_hide_the_ids_whatever_their_order() -> None:
    key = codes(IDS, seed=4)
    assert sorted(key.values()) == sorted(IDS)
    assert key == codes(sorted(IDS), seed=4)
    many = [f"s{number}" for number in range(40)]
    assert list(codes(many, 1).values()) != list(codes(many, 2).values()) != many
    assert not any(name in code for code, name in key.items())


def test_blinded_forms_tell_neither_id_nor_clinic() -> None:
    made = blinded_forms(load_catalogue(), IDS, ("anna", "ben"), seed=4)
    assert len(made) == 2 * (3 + 1) + 1
    for name, text in made.items():
        if name != "key.tsv":
            assert not any(identity in text for identity in IDS), name
            assert "natalizumab" not in text.partition("- id:")[0]
            assert "serostatus" not in text


def test_forms_become_readings_and_blank_ones_do_not(tmp_path: Path) -> None:
    catalogue = load_catalogue()
    write(tmp_path, blinded_forms(catalogue, IDS, ("anna",), seed=4))
    with pytest.raises(FormError, match="E57"):
        read_forms(tmp_path, catalogue)
    fill(tmp_path / "anna" / "case01.yaml", ovoid="true", enhancement="ring")
    (form,) = read_forms(tmp_path, catalogue)
    assert (form.case, form.reader) == ("case01", "anna")
    assert form.signs["ovoid"] is YES
    assert form.signs["contrast_enhancement"] is YES  # follows by definition
    assert "periventricular" not in form.signs
    opened = unblind((form,), read_key(tmp_path / "key.tsv"))
    assert opened[0].case == codes(IDS, seed=4)["case01"]


def test_a_table_is_named_after_its_reader(tmp_path: Path) -> None:
    (tmp_path / "ben.tsv").write_text("key\tcase01\tcase02\novoid\ttrue\tfalse\n")
    forms = read_forms(tmp_path, load_catalogue())
    assert [(form.case, form.reader, form.signs["ovoid"]) for form in forms] == [
        ("case01", "ben", YES),
        ("case02", "ben", NO),
    ]


def test_two_forms_of_one_reader_on_one_case_are_refused(tmp_path: Path) -> None:
    text = "- {id: case01, reader: anna, signs: {ovoid: true}}\n"
    write(tmp_path, {"a.yaml": text, "b.yaml": text})
    with pytest.raises(FormError, match="twice"):
        read_forms(tmp_path, load_catalogue())
    write(tmp_path, {"b.yaml": "- {id: case01, signs: {ovoid: true}}\n"})
    with pytest.raises(FormError, match="reader"):
        read_forms(tmp_path, load_catalogue())


def form(case: str, reader: str, **signs: Truth) -> Form:
    return Form(case, reader, signs, f"{reader}-{case}")


FORMS = (
    *(form(f"c{i}", "anna", ovoid=YES if i < 5 else NO) for i in range(10)),
    *(form(f"c{i}", "ben", ovoid=YES if i < 4 else NO) for i in range(10)),
    *(form(f"c{i}", "cora", **({"ovoid": YES} if i < 3 else {})) for i in range(10)),
    *(form(f"c{i}", COMPUTED, ovoid=NO, diffuse=NO) for i in range(2, 10)),
)


def test_pairs_and_all_readers_together() -> None:
    found = compare(FORMS, ("ovoid", "diffuse", "confluent"))
    assert found.readers == ("anna", "ben", "cora", COMPUTED)
    by_pair = {(pair.sign, pair.first, pair.second): pair.agreement for pair in found.pairs}
    assert len(by_pair) == 2 * 6  # nobody answered 'confluent'
    table = by_pair["ovoid", "anna", "ben"].table
    assert (table.both_true, table.only_first, table.both_false) == (4, 1, 5)
    assert by_pair["ovoid", "anna", COMPUTED].table.n == 8
    assert by_pair["ovoid", "anna", "cora"].table.second_unknown == 7
    ovoid = next(row for row in found.many if row.sign == "ovoid")
    assert (ovoid.n, ovoid.left_out) == (3, 7)
    assert ovoid.readers == ("anna", "ben", "cora")  # the computer is no human reader


def test_the_order_of_forms_does_not_matter() -> None:
    expected = compare(FORMS, ("ovoid",))
    for order in itertools.islice(itertools.permutations(FORMS[::7]), 5):
        assert compare((*order, *(one for one in FORMS if one not in order)), ("ovoid",)) == (
            expected
        )


def test_two_readers_make_no_third() -> None:
    assert compare(FORMS[:20], ("ovoid",)).many == ()


def test_computed_signs_are_those_of_the_patient(tmp_path: Path) -> None:
    folder = tmp_path / "sub-a"
    folder.mkdir()
    (folder / "signs.tsv").write_text(
        "lesion\tsign\ttruth\tvalue\tunit\treason\tsource\n"
        "n/a\tovoid\ttrue\tn/a\tn/a\tn/a\tmeasured\n"
        "n/a\tdiffuse\tunknown\tn/a\tn/a\tx\tmeasured\n"
        "1\tovoid\tfalse\tn/a\tn/a\tn/a\tmeasured\n"
    )
    (found,) = computed_forms(tmp_path, COMPUTED)
    assert (found.case, dict(found.signs)) == ("sub-a", {"ovoid": YES})
    (folder / "signs.tsv").write_text("a\tb\n1\t2\n")
    with pytest.raises(FormError, match="E56"):
        computed_forms(tmp_path, COMPUTED)


def test_tables_hold_what_they_promise() -> None:
    made = agreement_outputs(compare(FORMS, ("ovoid",)), {"ovoid": "Ovoid lesion"})
    assert tuple(made) == FILES
    header, *rows = made["agreement.tsv"].decode().splitlines()
    first = dict(zip(header.split("\t"), rows[0].split("\t"), strict=True))
    assert (first["first"], first["second"], first["n"]) == ("anna", "ben", "10")
    assert first["kappa"] == "0.8"
    assert "Fleiss" in made["agreement.txt"].decode()
    validator = jsonschema.Draft202012Validator(json.loads(schema_text("sidecar")))
    for table in ("agreement", "agreement_all"):
        sidecar = json.loads(made[f"{table}.json"])
        validator.validate(sidecar)
        assert set(made[f"{table}.tsv"].decode().splitlines()[0].split("\t")) <= set(sidecar)


def test_the_whole_study_by_command(tmp_path: Path) -> None:
    (tmp_path / "ids.txt").write_text("# ids\nsub-a\nsub-b\n")
    forms = tmp_path / "forms"
    arguments = ("read", "--template", forms, "--cases", tmp_path / "ids.txt")
    assert run(*arguments, "--readers", "anna,ben", "--seed", "7", "-q") == 0
    assert run(*arguments, "--readers", "anna,ben", "--seed", "7", "-q") == 2  # never overwritten
    for reader, code in itertools.product(("anna", "ben"), ("case01", "case02")):
        fill(forms / reader / f"{code}.yaml", ovoid="true" if code == "case01" else "false")
    told = CliRunner().invoke(
        app,
        ["agreement", str(forms), "-o", str(tmp_path / "out"), "--key", str(forms / "key.tsv")],
    )
    assert told.exit_code == 0, told.output
    assert "anna / ben" in told.output
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(FILES)


@pytest.mark.parametrize("readers", ["anna,anna", "../anna", "anna,", "a b"])
def test_reader_names_that_would_not_do(tmp_path: Path, readers: str) -> None:
    (tmp_path / "ids.txt").write_text("sub-a\n")
    arguments = ("read", "--template", tmp_path / "f", "--cases", tmp_path / "ids.txt")
    assert run(*arguments, "--readers", readers) == 2
    assert not (tmp_path / "f").exists()


@pytest.mark.parametrize("text", ["", "a\na\n"])
def test_ids_must_be_there_once(tmp_path: Path, text: str) -> None:
    (tmp_path / "ids.txt").write_text(text)
    assert run("read", "--template", tmp_path / "f", "--cases", tmp_path / "ids.txt") == 65
    assert run("read", "--cases", tmp_path / "ids.txt") == 2
