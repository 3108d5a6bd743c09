"""The second family is for honest figures: nothing that sets a threshold or trains sees it."""

from __future__ import annotations

import ast

from tests.shared_data import ROOT

SECOND = "lesionaid.simulate.second"
MAY_IMPORT = {"lesionaid/simulate/diseases.py"}
"""The switch of ``lesionaid simulate --family``; tests and benchmarks may too."""


def test_only_the_switch_of_the_families_imports_it() -> None:
    for path in sorted([*ROOT.glob("lesionaid/**/*.py"), *ROOT.glob("scripts/*.py")]):
        name = path.relative_to(ROOT).as_posix()
        if name.startswith("lesionaid/simulate/second/") or name in MAY_IMPORT:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            names: list[str] = []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            assert not any(f"{n}.".startswith(f"{SECOND}.") for n in names), name


def test_it_shares_no_generator_with_the_first() -> None:
    for path in sorted((ROOT / "lesionaid/simulate/second").glob("*.py")):
        for other in ("ms", "pml", "shapes", "nmosd", "mogad", "tumefactive", "vascular"):
            assert f"simulate.{other} " not in path.read_text(), path.name
