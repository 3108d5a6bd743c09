"""The command line: light, coded errors, exit codes, no traceback, nothing overwritten."""

from __future__ import annotations

import json
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from typer.testing import CliRunner

from lesionaid.cli import main, printable
from lesionaid.cli.app import app
from lesionaid.cli.options import named_options, parse_labels, study_paths
from lesionaid.codes import CODES
from lesionaid.errors import FormError, UsageError
from lesionaid.study.scan import Contrast
from tests.unit.report_phantom import assessment, without_lesions

HEAVY = (
    *("sklearn", "skimage", "pandas", "scipy", "nibabel", "SimpleITK", "nilearn"),
    *("numpy", "PIL", "jinja2", "rich.progress"),
)


def run(*arguments: str, capsys: pytest.CaptureFixture[str] | None = None) -> int:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    code = left.value.code
    assert isinstance(code, int)
    return code


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    """A folder with a FLAIR and a mask, small and in order."""
    folder = tmp_path / "study"
    folder.mkdir()
    data = np.zeros((24, 24, 24), dtype=np.float32)
    data[4:20, 4:20, 4:20] = np.arange(16**3).reshape(16, 16, 16) / 40 + 50
    mask = np.zeros((24, 24, 24), dtype=np.uint8)
    mask[8:12, 8:12, 8:12] = 1
    for name, image in (("flair", data), ("lesions", mask)):
        written = nib.Nifti1Image(image, np.diag([2.0, 2.0, 2.0, 1.0]))
        written.set_qform(written.affine, 1)
        written.header.set_xyzt_units("mm")
        nib.save(written, folder / f"{name}.nii.gz")
    return folder


@pytest.fixture
def pipeline(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A pipeline that returns a finished assessment and keeps what it was asked."""
    asked: dict[str, Any] = {}

    def assess(paths: object, *, progress: Callable[[str], None], **options: object) -> object:
        progress("load")
        progress("verdict")
        asked.update(options, paths=paths)
        return asked.get("answer", assessment)()

    module = types.ModuleType("lesionaid.pipeline")
    module.assess = assess  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "lesionaid.pipeline", module)
    return asked


# --- lightness ---------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [["--help"], ["assess", "--help"], ["explain", "E74"]])
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    script = (
        "import sys\n"
        "from lesionaid.cli import main\n"
        "try:\n"
        f"    main({arguments!r})\n"
        "except SystemExit as left:\n"
        "    assert left.code == 0, left.code\n"
        f"heavy = sorted(set({HEAVY!r}) & set(sys.modules))\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_importing_the_package_loads_nothing_heavy() -> None:
    script = f"import sys, lesionaid; assert not set({HEAVY!r}) & set(sys.modules)"
    assert subprocess.run([sys.executable, "-c", script]).returncode == 0


# --- errors ------------------------------------------------------------------------------


def lesionaid(*arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    import os

    return subprocess.run(
        [sys.executable, "-m", "lesionaid", *arguments],
        capture_output=True,
        env={**os.environ, **environment},
    )


def test_exit_codes_of_a_real_process(tmp_path: Path) -> None:
    assert lesionaid("version").returncode == 0
    assert lesionaid("no-such-command").returncode == 2
    missing = lesionaid("validate", str(tmp_path / "gone"))
    assert missing.returncode == 74
    assert missing.stderr.startswith(b"E01 ")
    assert b"Traceback" not in missing.stderr
    empty = tmp_path / "empty"
    empty.mkdir()
    assert lesionaid("validate", str(empty)).returncode == 65


def test_utf8_whatever_the_locale() -> None:
    done = lesionaid("rules", "list", "--signs", LC_ALL="C", PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    done.stdout.decode("utf-8")


def test_a_traceback_is_shown_on_request_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("explain", "E00") == 2
    assert "Traceback" not in capsys.readouterr().err
    monkeypatch.setenv("LESIONAID_DEBUG", "1")
    assert run("explain", "E00") == 2
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code", "exit_code"),
    [
        (FormError("E51", value="'x'"), "E51", 65),
        (FileNotFoundError(2, "No such file or directory", "/a/b/scan.nii"), "E75", 74),
        (MemoryError(), "E76", 74),
        (ValueError("surprise\x1b[2J"), "E99", 70),
    ],
)
def test_every_error_ends_as_its_message(
    error: Exception,
    code: str,
    exit_code: int,
    scan: Path,
    tmp_path: Path,
    pipeline: dict[str, Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail() -> object:
        raise error

    pipeline["answer"] = fail
    assert run("assess", str(scan), "-o", str(tmp_path / "out")) == exit_code
    captured = capsys.readouterr()
    message = captured.err.splitlines()
    assert any(line.startswith(f"{code} {CODES[code].title}") for line in message)
    assert "Traceback" not in captured.err
    assert "\x1b" not in captured.err
    assert "/a/b" not in captured.err
    assert not (tmp_path / "out").exists()


def test_control_characters_do_not_reach_the_terminal() -> None:
    assert printable("a\x1b[31m\rb\nc") == "a\ufffd[31m\ufffdb\nc"


# --- assess ------------------------------------------------------------------------------


def test_assess_writes_everything_and_says_what_matters(
    scan: Path, tmp_path: Path, pipeline: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert run("assess", str(scan), "-o", str(out), "--space", "mni", "--native-scale", "0.8") == 0
    captured = capsys.readouterr()
    for text in (
        "Pattern       Indeterminate (not separated: PML-like, MS-like)",
        "ALERT         pml_review (lesion 1)",
        "+1.42 PML-like: Punctate T2 lesions",
        "T1w after gadolinium (could move 0.70)",
        "PML is never excluded",
        str(out / "report.html"),
    ):
        assert text in captured.out
    # Not a terminal here: one plain line a stage, on standard error.
    assert "lesionaid: Reading and checking the scans\n" in captured.err
    assert (pipeline["space"], pipeline["native_scale"]) == ("mni", 0.8)
    run_record = json.loads((out / "run.json").read_text())
    assert run_record["options"] == {"study": "study", "space": "mni", "native_scale": "0.8"}
    assert str(tmp_path) not in (out / "run.json").read_text()


def test_quiet_and_without_html(
    scan: Path, tmp_path: Path, pipeline: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert run("assess", str(scan), "-o", str(out), "--quiet", "--no-html") == 0
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""
    assert not (out / "report.html").exists()
    assert (out / "verdict.json").exists()


def test_not_analysable_is_a_result(
    scan: Path, tmp_path: Path, pipeline: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    pipeline["answer"] = without_lesions
    assert run("assess", str(scan), "-o", str(tmp_path / "out")) == 0
    assert "Not analysable" in capsys.readouterr().out


def test_features_stop_after_measurements(
    scan: Path, tmp_path: Path, pipeline: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("features", str(scan), "-o", str(tmp_path / "out")) == 0
    assert not (tmp_path / "out" / "verdict.json").exists()
    assert "lesions.tsv" in capsys.readouterr().out


def test_inputs_are_never_overwritten(
    scan: Path, pipeline: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    before = (scan / "lesions.nii.gz").read_bytes()
    assert run("assess", str(scan), "-o", str(scan)) == 2
    assert "U02" in capsys.readouterr().err
    assert (scan / "lesions.nii.gz").read_bytes() == before


def test_options_reach_the_gate(scan: Path, tmp_path: Path, pipeline: dict[str, Any]) -> None:
    arguments = [
        *("--prefer", "qform", "--assume-orientation", "LAS", "--volume", "2"),
        *("--mask-threshold", "0.3", "--labels", "1,2", "--resample-mask"),
    ]
    assert run("assess", str(scan), "-o", str(tmp_path / "out"), *arguments) == 0
    options = pipeline["options"]
    assert (options.prefer, options.assume_orientation, options.volume) == ("qform", "LAS", 2)
    assert (options.mask_threshold, options.labels) == (0.3, (1, 2))
    assert options.resample_mask


def test_usage_errors(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("assess", "-o", str(tmp_path / "out")) == 2
    assert "U01" in capsys.readouterr().err
    assert run("assess", str(tmp_path)) == 2
    assert run("schema", "nothing") == 2
    assert run("rules", "show", "nothing_at_all") == 2


# --- single options ----------------------------------------------------------------------


def test_single_options_stand_over_the_folder(scan: Path) -> None:
    other = scan / "better.nii.gz"
    paths = study_paths(scan, {"FLAIR": other, "T1w_ce": other, "lesions": None})
    assert paths.scans == {Contrast.FLAIR: other, Contrast.T1W_CE: other}
    assert paths.lesions == scan / "lesions.nii.gz"
    with pytest.raises(UsageError, match="U01"):
        study_paths(None, {"FLAIR": None})


def test_labels() -> None:
    assert parse_labels("lst-ai") == "lst-ai"
    assert parse_labels("3, 4") == (3, 4)
    assert parse_labels(None) is None
    with pytest.raises(UsageError, match="U05"):
        parse_labels("all")


def test_recorded_options_hold_no_folder() -> None:
    assert named_options({"study": Path("/a/b"), "volume": None, "space": "mni"}) == {
        "study": "b",
        "space": "mni",
    }


# --- reading -----------------------------------------------------------------------------


def test_explain_and_schema() -> None:
    runner = CliRunner()
    listed = runner.invoke(app, ["explain"]).output.splitlines()
    assert len(listed) == len(CODES)
    assert "Fix:" in runner.invoke(app, ["explain", "e74"]).output
    schema = json.loads(runner.invoke(app, ["schema", "verdict"]).output)
    assert schema["properties"]["schema"]["const"] == "lesionaid-verdict/1"
    assert "verdict" in runner.invoke(app, ["schema"]).output.split()


def test_every_code_says_what_why_and_how() -> None:
    for name, entry in CODES.items():
        assert name[0] in "EWAU", name
        assert name[1:].isdigit(), name
        assert entry.title, name
        assert entry.why, name
        assert entry.fix, name


def test_rules_are_readable() -> None:
    runner = CliRunner()
    assert "pml.punctate_lesions" in runner.invoke(app, ["rules", "list"]).output
    assert "punctate_satellites" in runner.invoke(app, ["rules", "list", "--signs"]).output
    shown = runner.invoke(app, ["rules", "show", "satellites"]).output
    assert shown.startswith("schema: lesionaid-sign/1")
    assert "pml.punctate_lesions" in shown.splitlines()[-3]
    assert "signs/pictures/punctate_satellites.png" in shown.splitlines()[-1]


def test_rules_check_passes() -> None:
    checked = CliRunner().invoke(app, ["rules", "check"])
    assert checked.exit_code == 0, checked.output
    assert "in order" in checked.output


def test_validate(scan: Path) -> None:
    runner = CliRunner()
    shown = runner.invoke(app, ["validate", str(scan)])
    assert shown.exit_code == 0
    assert "flair.nii.gz: in order, 24 x 24 x 24 voxels of 2 x 2 x 2 mm, RAS" in shown.output
    assert "in order" in runner.invoke(app, ["validate", str(scan / "flair.nii.gz")]).output
