"""The README's commands run as they stand."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.shared_data import ROOT

README = (ROOT / "README.md").read_text()
CONSOLE = re.findall(r"```console\n(.*?)```", README, flags=re.DOTALL)
COMMANDS = [
    line.removeprefix("$ ") for block in CONSOLE for line in block.splitlines() if line[:2] == "$ "
]


def test_the_two_commands_are_there() -> None:
    targets = (ROOT / "Makefile").read_text()
    for target in ("demo", "test"):
        assert any(command.split("#")[0].strip() == f"make {target}" for command in COMMANDS)
        assert re.search(rf"^{target}:", targets, flags=re.MULTILINE)


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all commands: a later one may use what an earlier one wrote."""
    return tmp_path_factory.mktemp("readme")


@pytest.mark.parametrize(
    "command",
    [
        # Fifteen assessments in one command: minutes on a busy machine.
        pytest.param(c, marks=[pytest.mark.slow] if " robustness " in c else [])
        for c in COMMANDS
        if c.startswith("lesionaid ")
    ],
)
def test_commands_run(command: str, scratch: Path) -> None:
    words = [re.sub(r"^out\b", str(scratch / "out"), word) for word in shlex.split(command)]
    done = subprocess.run(
        [sys.executable, "-m", *words], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_the_python_example_is_the_public_interface() -> None:
    import lesionaid

    (example,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    compile(example, "README.md", "exec")
    assert "lesionaid.assess(" in example
    assert callable(lesionaid.assess)


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        if not target.startswith("http"):
            assert (ROOT / target).exists(), target
