"""The sign catalogue: every sign that a reader names, found under any of its spellings.

The signs are data, one file each in ``rules/signs``; the canonical id is the file's name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from lesionaid.context import plain_name
from lesionaid.errors import RuleError
from lesionaid.rules_path import rules_dir
from lesionaid.signs.condition import ContextIs, Counted, leaves, signs_in, uses_measurements
from lesionaid.signs.load import load_sign
from lesionaid.signs.spec import InputSpec, SignSpec

__all__ = ["SignCatalogue", "load_catalogue"]


@dataclass(frozen=True, slots=True, eq=False)
class SignCatalogue:
    """All signs and the other keys that a form may hold.

    Parameters
    ----------
    signs : mapping of str to SignSpec
        By id; a sign comes after the signs that its definition refers to.
    inputs : mapping of str to InputSpec
        Keys of a form that answer signs: ``enhancement``, ``size_mm``, ``lobes`` …
    names : mapping of str to str
        Every spelling, by :func:`lesionaid.context.plain_name`, to its id.
    """

    signs: Mapping[str, SignSpec]
    inputs: Mapping[str, InputSpec]
    names: Mapping[str, str]

    def find(self, name: str) -> str | None:
        """Id of the sign or input with this id or alias, or None."""
        return self.names.get(plain_name(name))

    def sign(self, name: str) -> SignSpec:
        """Sign with this id or alias.

        Raises
        ------
        RuleError
            ``E63`` when there is none; the nearest names are offered.
        """
        found = self.find(name)
        if found is None or found not in self.signs:
            near = ", ".join(self.nearest(name)) or "none"
            raise RuleError("E63", value=f"no sign is called '{name}'; nearest: {near}")
        return self.signs[found]

    def nearest(self, name: str, n: int = 3) -> tuple[str, ...]:
        """Ids whose spellings come nearest to `name`, best first."""
        near = get_close_matches(plain_name(name), self.names, n=3 * n, cutoff=0.55)
        return tuple(dict.fromkeys(self.names[spelling] for spelling in near))[:n]

    @property
    def lesion_signs(self) -> tuple[str, ...]:
        """Ids of the signs that hold for a lesion."""
        return tuple(sign.id for sign in self.signs.values() if sign.level == "lesion")


def load_catalogue(folder: Path | None = None) -> SignCatalogue:
    """Load and check all sign files; the result is kept.

    Parameters
    ----------
    folder : Path or None
        Folder of sign files, or the rules folder that holds ``signs``; None for the
        package's own.

    Raises
    ------
    RuleError
        ``E60`` to ``E63``, with file and line; ``E64`` when the folder is missing.
    """
    folder = rules_dir() if folder is None else Path(folder)
    inside = folder / "signs"
    return _load(inside if inside.is_dir() else folder)


@cache
def _load(folder: Path) -> SignCatalogue:
    paths = sorted(folder.glob("*.yaml"))
    if not paths:
        raise RuleError("E64", value=f"no sign files in {folder.name}/")
    specs = {path.stem: load_sign(path) for path in paths}
    signs = {key: spec for key, spec in specs.items() if isinstance(spec, SignSpec)}
    inputs = {key: spec for key, spec in specs.items() if isinstance(spec, InputSpec)}
    for sign in signs.values():
        _check_sign(sign, signs)
    for spec in specs.values():
        _check_values(spec, signs)
    order = _in_order(signs)
    return SignCatalogue({key: signs[key] for key in order}, inputs, _names(specs))


def _refuse(spec: SignSpec | InputSpec, found: str) -> RuleError:
    return RuleError("E63", file=f"{spec.id}.yaml", value=found)


def _names(specs: Mapping[str, SignSpec | InputSpec]) -> dict[str, str]:
    names = dict(zip(specs, specs, strict=True))
    for spec in specs.values():
        for alias in spec.aliases:
            owner = names.setdefault(plain_name(alias), spec.id)
            if owner != spec.id:
                raise _refuse(spec, f"the name '{alias}' belongs to '{owner}' already")
    return names


def _check_sign(sign: SignSpec, signs: Mapping[str, SignSpec]) -> None:
    referred = {*sign.implies, *sign.excludes, *signs_in(sign.measure)}
    if sign.reads_as:
        referred.add(sign.reads_as)
    for other in sorted(referred):
        if other not in signs:
            raise _refuse(sign, f"refers to the sign '{other}', which has no file")
        if sign.level == "lesion" and signs[other].level == "patient" and other in _own(sign):
            raise _refuse(sign, f"a lesion's sign cannot rest on the patient's '{other}'")
    if sign.measure is None:
        return
    if uses_measurements(sign.measure) and signs_in(sign.measure):
        raise _refuse(sign, "a definition holds measurements or signs, not both")
    of_patient = any(isinstance(leaf, ContextIs | Counted) for leaf in leaves(sign.measure))
    if sign.level == "lesion" and of_patient:
        raise _refuse(sign, "context and counts are of the patient, this sign is of the lesion")


def _own(sign: SignSpec) -> frozenset[str]:
    return signs_in(sign.measure) | {sign.reads_as}


def _check_values(spec: SignSpec | InputSpec, signs: Mapping[str, SignSpec]) -> None:
    named = {sign for answer in spec.values.values() for sign in (*answer.present, *answer.absent)}
    if isinstance(spec, InputSpec):
        named |= set(spec.signs)
    for other in sorted(named - signs.keys()):
        raise _refuse(spec, f"its values name the sign '{other}', which has no file")


def _in_order(signs: Mapping[str, SignSpec]) -> list[str]:
    """Ids, each after those that its definition refers to, else by name."""
    done: dict[str, None] = {}

    def visit(key: str, above: tuple[str, ...]) -> None:
        if key in above:
            raise _refuse(signs[key], f"its definition goes in a circle: {' > '.join(above)}")
        if key not in done:
            for other in sorted(signs_in(signs[key].measure)):
                visit(other, (*above, key))
            done[key] = None

    for key in sorted(signs):
        visit(key, ())
    return list(done)
