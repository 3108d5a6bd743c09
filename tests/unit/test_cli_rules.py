"""``lesionaid rules``: every broken file is found, with its name, its line and how to mend it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lesionaid.cli import main
from lesionaid.cli.app import app
from lesionaid.rules_path import rules_dir

RULE = "pml/punctate_lesions.yaml"
CASES = "pml/punctate_lesions.cases.yaml"

BROKEN = {
    "unknown sign": (
        RULE,
        "when: {sign: punctate_satellites}",
        "when: {sign: dots}",
        "no sign is called",
    ),
    "sign misspelt": (RULE, "sign: punctate_satellites", "sign: punctate_satelites", "nearest"),
    "unknown field": (RULE, "grade: A", "grade: A\nweight: 2.3", "weight"),
    "no limits": (RULE, "limits:", "limit:", "limits"),
    "no grade": (RULE, "grade: A\n", "", "grade"),
    "grade out of range": (RULE, "grade: A", "grade: F", "'A'"),
    "other schema": (RULE, "lesionaid-rule/1", "lesionaid-rule/9", "lesionaid-rule/1"),
    "other id": (RULE, "id: pml.punctate_lesions", "id: pml.dots", "pml.punctate_lesions"),
    "disease unknown": (RULE, "compares: [pml, ms]", "compares: [pml, adem]", "'nmosd'"),
    "one disease": (RULE, "compares: [pml, ms]", "compares: [pml, pml]", "two diseases"),
    "toward a third": (RULE, "toward: pml", "toward: nmosd", "write pml or ms"),
    "yes over n": (RULE, "target_yes: 56", "target_yes: 560", "check the counts"),
    "points away": (RULE, "other_yes: 1,", "other_yes: 100,", "toward"),
    "negative count": (RULE, "other_yes: 1,", "other_yes: -1,", "greater"),
    "no such source": (RULE, "cite: wijburg2016", "cite: wijburg2061", "nearest: wijburg2016"),
    "value outside": (RULE, "low: 18.9", "low: 189", "low, value and high"),
    "kind without numbers": (RULE, "kind: table", "kind: frequency", "numbers"),
    "status unknown": (RULE, "status: draft", "status: done", "'draft'"),
    "key twice": (RULE, "status: draft", "status: draft\nstatus: draft", "twice"),
    "an alias": (RULE, "group: satellites", "group: *satellites", "alias"),
    "an expression": (RULE, "when: {sign: punctate_satellites}", "when: 'n > 3'", "condition"),
    "group empty": (RULE, "group: satellites", "group: ''", "fill"),
    "case that no longer holds": (CASES, "expect: true", "expect: false", "true"),
    "case of no sign": (CASES, "punctate_satellites: false", "dots: false", "no sign is called"),
    "reference without address": ("references.yaml", "", "", "doi"),
}
"""File, what stands there, what is put in its place, and a word of the mend."""


def run(*arguments: str | Path) -> int:
    with pytest.raises(SystemExit) as left:
        main([str(argument) for argument in arguments])
    assert isinstance(left.value.code, int)
    return left.value.code


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One rule of the house with its cases, all signs and all references."""
    made = tmp_path / "rules"
    shutil.copytree(rules_dir() / "signs", made / "signs")
    (made / "pml").mkdir()
    for name in (RULE, CASES, "references.yaml"):
        shutil.copy(rules_dir() / name, made / name)
    return made


def test_a_folder_in_order_passes(folder: Path) -> None:
    for path in (folder, folder / RULE):
        checked = CliRunner().invoke(app, ["rules", "check", str(path)])
        assert checked.exit_code == 0, checked.output
        assert "1 rules" in checked.output


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_named_with_its_line_and_mend(
    folder: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file, old, new, mend = BROKEN[name]
    path = folder / file
    text = path.read_text(encoding="utf-8")
    if not old:
        old, new = text, "nobody2000:\n  title: t\n  journal: j\n  year: 2000\n" + text
    assert old in text, name
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    assert run("rules", "check", folder) == 65
    told = capsys.readouterr().err
    assert mend in told
    if name != "case that no longer holds":
        assert f"{Path(file).name}:" in told


def test_twenty_ways_of_breaking_a_file_are_tried() -> None:
    assert len(BROKEN) >= 20


def test_a_path_without_rules_is_refused(tmp_path: Path) -> None:
    assert run("rules", "check", tmp_path) == 65
    assert run("rules", "check", tmp_path / "none") == 65


def test_surveillance_coverage_and_book_are_told(tmp_path: Path) -> None:
    shown = CliRunner().invoke(app, ["rules", "show", "surveillance"])
    assert "never advice" in shown.output
    assert "Rules that weigh nothing" in CliRunner().invoke(app, ["rules", "coverage"]).output
    assert run("rules", "book", "-o", tmp_path / "book.md") == 0
    printed = CliRunner().invoke(app, ["rules", "book"]).output
    assert printed == (tmp_path / "book.md").read_text(encoding="utf-8")
