"""BIDS file names: parsed strictly enough to be safe, matched leniently in case.

Entities and suffixes follow the Brain Imaging Data Structure (Gorgolewski et al. 2016,
doi 10.1038/sdata.2016.44). Values of entities name folders of the output, so that only
letters, digits and ``+`` pass.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from lesionaid.errors import FormError
from lesionaid.study.scan import Contrast

__all__ = ["BidsName", "image_stem", "parse_name", "role_of", "safe_value"]

# \Z, not $: the latter would let a trailing newline through.
_VALUE = re.compile(r"[A-Za-z0-9+]{1,64}\Z")
_ENTITY = re.compile(r"([A-Za-z0-9]{1,64})-([A-Za-z0-9+]{1,64})\Z")
_SUFFIX = re.compile(r"[A-Za-z0-9]{1,64}\Z")
_IMAGE = re.compile(r"(?P<stem>.+)\.nii(\.gz)?\Z", re.IGNORECASE | re.DOTALL)

_SUFFIXES = {
    "flair": Contrast.FLAIR,
    "t1w": Contrast.T1W,
    "t2w": Contrast.T2W,
    "dwi": Contrast.DWI,
    "adc": Contrast.ADC,
    "swi": Contrast.SWI,
    "t2starw": Contrast.SWI,
    "phase": Contrast.PHASE,
}
_SIMPLE: Mapping[str, Contrast | str] = MappingProxyType(
    {
        "flair": Contrast.FLAIR,
        "t1w": Contrast.T1W,
        "t1": Contrast.T1W,
        "t1w_ce": Contrast.T1W_CE,
        "t1ce": Contrast.T1W_CE,
        "t2w": Contrast.T2W,
        "t2": Contrast.T2W,
        "dwi": Contrast.DWI,
        "adc": Contrast.ADC,
        "swi": Contrast.SWI,
        "phase": Contrast.PHASE,
        "lesions": "lesions",
        "anatomy": "anatomy",
        "brain": "brain",
    }
)


@dataclass(frozen=True, slots=True)
class BidsName:
    """A file name taken apart.

    Parameters
    ----------
    entities : mapping of str to str
        ``{"sub": "01", "ce": "gadolinium"}``, in the order of the name.
    suffix : str
        ``"T1w"``.
    """

    entities: Mapping[str, str]
    suffix: str


def safe_value(value: str) -> str:
    """The value of an entity, once it is known to be safe as part of a path.

    Raises
    ------
    FormError
        ``E44``.
    """
    if not _VALUE.match(value):
        raise FormError("E44", value=ascii(value[:80]))
    return value


def image_stem(name: str) -> str | None:
    """File name without ``.nii`` or ``.nii.gz`` (any case); None for other files."""
    match = _IMAGE.match(name)
    return match["stem"] if match else None


def parse_name(stem: str) -> BidsName | None:
    """Take a stem such as ``sub-01_ce-gadolinium_T1w`` apart; None when it is not BIDS."""
    *parts, suffix = stem.split("_")
    matches = [_ENTITY.match(part) for part in parts]
    pairs = [(match[1], match[2]) for match in matches if match]
    entities = dict(pairs)
    complete = len(pairs) == len(parts) == len(entities)
    if not parts or not complete or not _SUFFIX.match(suffix):
        return None
    return BidsName(MappingProxyType(entities), suffix)


def role_of(stem: str) -> Contrast | str | None:
    """What a file is to a study, from its stem.

    Returns
    -------
    Contrast, ``"lesions"``, ``"anatomy"``, ``"brain"`` or None
        None for names that say nothing, and for images that are none of these (a FLAIR
        after contrast agent, the real part of a complex pair).
    """
    simple = _SIMPLE.get(stem.casefold())
    if simple is not None:
        return simple
    parsed = parse_name(stem)
    return None if parsed is None else _bids_role(parsed)


def _bids_role(name: BidsName) -> Contrast | str | None:
    suffix = name.suffix.casefold()
    entities = {key.casefold(): value.casefold() for key, value in name.entities.items()}
    named = {entities.get("label", ""), entities.get("desc", "")}
    if suffix in ("mask", "probseg") and named & {"lesion", "lesions"}:
        return "lesions"
    if suffix == "mask" and "brain" in named:
        return "brain"
    if suffix == "dseg":
        return "lesions" if named & {"lesion", "lesions"} else "anatomy"
    contrast = _SUFFIXES.get(suffix)
    part = entities.get("part", "mag")
    if contrast is Contrast.SWI and part == "phase":
        return Contrast.PHASE
    if part not in ("mag", "phase") or (part == "phase" and contrast is not Contrast.PHASE):
        return None
    if "ce" in entities:
        return Contrast.T1W_CE if contrast is Contrast.T1W else None
    return contrast
