"""Outside segmenters: what goes in, what comes back, and every way to fail."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import numpy as np
import pytest

from lesionaid.errors import LesionaidError, OutputError, UsageError
from lesionaid.lesions.search import Search, find_lesions
from lesionaid.lesions.segmenter import run_segmenter
from tests.unit.segment_phantom import anatomy_of, ball, grid_of, study_of

GRID = grid_of((2.0, 2.0, 2.0))
ANATOMY = anatomy_of(GRID)
LESION = ball(GRID, (28, 0, 0), 5)
STUDY = study_of(GRID, LESION)

THRESHOLD = """
import sys, nibabel as nib, numpy as np
image = nib.load(sys.argv[1])
mask = (np.asarray(image.dataobj) > 140).astype(np.uint8)
nib.save(nib.Nifti1Image(mask, image.affine), sys.argv[2])
"""


def command(folder: Path, script: str, *arguments: str) -> str:
    path = folder / "tool.py"
    path.write_text(script)
    return " ".join([shlex.quote(sys.executable), shlex.quote(str(path)), *arguments])


def code_of(text: str, **more: float) -> str:
    with pytest.raises(LesionaidError) as caught:
        run_segmenter(text, STUDY, ANATOMY, **more)  # type: ignore[arg-type]
    return caught.value.code


def test_the_mask_comes_back_as_candidates(tmp_path: Path) -> None:
    found = find_lesions(
        STUDY, ANATOMY, Search(segmenter=command(tmp_path, THRESHOLD, "{flair}", "{out}"))
    )
    assert np.array_equal(found.mask.data > 0, LESION)
    assert found.mask.origin == "segmenter"
    assert "W42" in [note.code for note in found.notes]


def test_a_folder_may_be_written_to(tmp_path: Path) -> None:
    text = command(tmp_path, THRESHOLD, "{flair}", "{out_dir}/space-flair_seg.nii.gz")
    mask, _ = run_segmenter(text, STUDY, ANATOMY)
    assert np.array_equal(mask.data > 0, LESION)


def test_the_brain_mask_is_handed_over(tmp_path: Path) -> None:
    script = THRESHOLD.replace("> 140", "> 140 * (np.asarray(nib.load(sys.argv[3]).dataobj) > 0)")
    mask, _ = run_segmenter(
        command(tmp_path, script, "{flair}", "{out}", "{brain}"), STUDY, ANATOMY
    )
    assert mask.data[LESION].all()


def test_failure_carries_the_last_words(tmp_path: Path) -> None:
    text = command(tmp_path, "import sys; print('no weights'); sys.exit(3)", "{flair}", "{out}")
    with pytest.raises(OutputError) as caught:
        run_segmenter(text, STUDY, ANATOMY)
    assert caught.value.code == "E86"
    assert "ended with 3" in caught.value.value
    assert "no weights" in caught.value.value


def test_a_mask_left_behind_by_a_failure_is_not_used(tmp_path: Path) -> None:
    text = command(tmp_path, THRESHOLD + "sys.exit(1)", "{flair}", "{out}")
    assert code_of(text) == "E86"


def test_no_output(tmp_path: Path) -> None:
    assert code_of(command(tmp_path, "pass", "{flair}", "{out}")) == "E88"


def test_two_outputs_are_not_guessed_between(tmp_path: Path) -> None:
    script = THRESHOLD + "nib.save(nib.load(sys.argv[2]), sys.argv[2].replace('a.nii', 'b.nii'))"
    assert code_of(command(tmp_path, script, "{flair}", "{out_dir}/a.nii")) == "E88"


def test_time_limit(tmp_path: Path) -> None:
    text = command(tmp_path, "import time; time.sleep(60)", "{flair}", "{out}")
    assert code_of(text, timeout_s=0.5) == "E87"


def test_a_command_that_is_not_there() -> None:
    assert code_of("no-such-segmenter {flair} {out}") == "E85"


@pytest.mark.parametrize(
    "text",
    ["", "tool {flair}", "tool {flair} {out} {t3}", "tool {t1} {out}", "tool '{flair} {out}", "{"],
)
def test_commands_that_cannot_be_used(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        run_segmenter(text, STUDY, ANATOMY)
    assert caught.value.code == "U31"


def test_no_shell_is_involved(tmp_path: Path) -> None:
    text = command(tmp_path, THRESHOLD, "{flair}", "{out}", ";", "touch", str(tmp_path / "owned"))
    run_segmenter(text, STUDY, ANATOMY)
    assert not (tmp_path / "owned").exists()


def test_an_empty_mask_is_not_absence(tmp_path: Path) -> None:
    script = THRESHOLD.replace("140", "1e9")
    with pytest.raises(LesionaidError) as caught:
        find_lesions(
            STUDY, ANATOMY, Search(segmenter=command(tmp_path, script, "{flair}", "{out}"))
        )
    assert caught.value.code == "A23"
