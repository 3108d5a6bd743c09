"""``lesionaid read``: the knowledge wing alone, coded errors, nothing overwritten."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lesionaid.cli import main
from lesionaid.cli.app import app

CASES = "- {id: p1, signs: {new_or_enlarging: true, punctate_satellites: true}}\n"
IMAGES = ("study", "anatomy", "lesions", "features", "change", "assessment", "pipeline", "simulate")
HEAVY = ("nibabel", "skimage", "sklearn", "scipy", "pandas", "SimpleITK", "nilearn", "jinja2")


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    path = tmp_path / "cases.yaml"
    path.write_text(CASES, encoding="utf-8")
    return path


def run(*arguments: str | Path) -> int:
    with pytest.raises(SystemExit) as left:
        main([str(argument) for argument in arguments])
    code = left.value.code
    assert isinstance(code, int)
    return code


def test_reading_never_imports_the_image_wing(cases: Path, tmp_path: Path) -> None:
    program = (
        "import sys\nfrom lesionaid.cli import main\n"
        f"try:\n    main(['read', {str(cases)!r}, '-o', {str(tmp_path / 'out')!r}, '-q'])\n"
        "except SystemExit as left:\n    assert left.code == 0, left.code\n"
        "print('\\n'.join(sorted(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert "lesionaid.verdict.decide" in loaded
    assert not {f"lesionaid.{room}" for room in IMAGES} & loaded
    assert not {name for name in loaded if name.split(".")[0] in HEAVY}


def test_a_folder_or_one_json_file(cases: Path, tmp_path: Path) -> None:
    assert run("read", cases, "-o", tmp_path / "out") == 0
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["cases.json", "cases.tsv", "read.json"]
    assert run("read", cases, "-o", tmp_path / "one.json", "--use", "serology") == 0
    alone = json.loads((tmp_path / "one.json").read_text())
    beside = json.loads((tmp_path / "out" / "read.json").read_text())
    assert alone["schema"] == beside["schema"] == "lesionaid-read/1"
    assert alone["cases"][0]["use"] == "serology"
    assert beside["cases"][0]["ranking"][0] == "pml_like"


def test_the_summary_is_told_unless_quiet(cases: Path, tmp_path: Path) -> None:
    told = CliRunner().invoke(app, ["read", str(cases), "-o", str(tmp_path / "a")])
    assert "PML-like" in told.output
    assert "PML is never excluded" in told.output
    silent = CliRunner().invoke(app, ["read", str(cases), "-o", str(tmp_path / "a"), "-q"])
    assert silent.output == ""


def test_an_unknown_sign_is_named_with_its_neighbours(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "cases.yaml"
    path.write_text("- {id: p1, signs: {punctate_satelites: true}}\n")
    assert run("read", path, "-o", tmp_path / "out") == 65
    told = capsys.readouterr().err
    assert "E53" in told
    assert "punctate_satellites" in told
    assert "cases.yaml:1" in told
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("arguments", [["read"], ["read", "cases.yaml"]])
def test_nothing_to_do_is_a_usage_error(arguments: list[str]) -> None:
    assert run(*arguments) == 2


def test_an_input_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "read.json"
    path.write_text(json.dumps([{"id": "p1", "signs": {"ovoid": True}}]))
    before = path.read_bytes()
    assert run("read", path, "-o", tmp_path) == 2
    assert run("read", path, "-o", path) == 2
    assert path.read_bytes() == before


def test_a_table_of_cases(tmp_path: Path) -> None:
    path = tmp_path / "cases.tsv"
    path.write_text("id\tnew_or_enlarging\tperiventricular\np1\tTRUE\ttrue\np2\t\t\n")
    assert run("read", path, "-o", tmp_path / "out", "-q") == 0
    rows = (tmp_path / "out" / "cases.tsv").read_text().splitlines()
    assert rows[1].startswith("p1\tsigns\tms_like")
    assert rows[2].startswith("p2\tsigns\tindeterminate")


def test_a_prior_of_the_site(cases: Path, tmp_path: Path) -> None:
    prior = tmp_path / "prior.yaml"
    prior.write_text("{pml_like: 0.01, ms_like: 0.97, nmosd_like: 0.01, mogad_like: 0.01}")
    assert run("read", cases, "-o", tmp_path / "o.json", "--prior", prior, "-q") == 0
    case = json.loads((tmp_path / "o.json").read_text())["cases"][0]
    assert case["prior"]["source"] == "uniform"
    assert case["with_context"]["prior"]["ms_like"] == 0.97
    prior.write_text("{pml_like: 1}")
    assert run("read", cases, "-o", tmp_path / "o.json", "--prior", prior, "-q") == 65
