"""A patient with MS: load, sites, veins, rims and enhancement by published figures.

Lesions are added until the drawn load is reached. Each site that the drawn signs name gets
one first, the others follow the published shares. Lesions that meet at a ventricle or in
deep white matter run together into one, which is how a heavy load becomes confluent.

References
----------
Load: Mult Scler Int 2013:231345, Table 1 (136 relapsing patients, T2 volume 10 +- 11.1 ml,
0.1 to 58.3; the log-normal of this mean and spread has median 6.7 and sigma 0.90, derived).
Another 108 have medians of 8.5 and 7.7 ml (natalizumab against fingolimod, BMJ Open, Table
1). Sizes: :mod:`lesionaid.simulate.ms`. Cortical lesions: median 2, range 1 to 14 (Cortese R
et al., Neurology 2023;100:e308, PMC9869760). Shares: ``data/frequencies.yaml``. Where rings
are: rings were larger than nodules, open rings periventricular or juxtacortical (PMC3143223).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lesionaid.simulate.brain import Brain
from lesionaid.simulate.frequencies import draw_signs, share
from lesionaid.simulate.lesions import SimulatedLesion
from lesionaid.simulate.ms import draw_diameter
from lesionaid.simulate.ms_placing import MsPlacing
from lesionaid.simulate.ms_regions import between_nuclei, callosum, inferior_temporal
from lesionaid.simulate.ms_signs import ms_signs
from lesionaid.simulate.ms_sites import (
    FOSSA,
    GROUP,
    NAMED,
    draw_lesion,
    places,
)
from lesionaid.simulate.patient import Patient
from lesionaid.simulate.susceptibility import rim_share, vein_share
from lesionaid.simulate.texture import open_ring, shell
from lesionaid.simulate.tissue import Appearance, ms_appearance

__all__ = ["LOAD_ML", "LOAD_SIGMA", "ms_patient"]

LOAD_ML, LOAD_SIGMA, LOAD_LIMITS_ML = 6.7, 0.90, (0.1, 58.3)
"""Log-normal of the total T2 volume and the published range (module references)."""

LARGEST_SHARE = 0.5
"""No lesion is drawn larger than this share of the load (proposed: a light load is not one
big lesion)."""

SITE_OF_SIGN: Mapping[str, str] = {
    "juxtacortical_ufibre": "ufibre",
    "corpus_callosum": "callosal",
    "medulla": "medulla",
    "midbrain": "midbrain",
    "pons": "pons",
    "cerebellar_peduncle": "cerebellar_peduncle",
    "cerebellum": "cerebellum",
    "inferior_temporal": "inferior_temporal",
    "dawson_fingers": "dawson_finger",
}
"""Signs that are drawn and the site that each stands for."""

OTHER_SIGNS = ("cortical_gm", "internal_capsule", "paramagnetic_rim")

FINGERS = 2 / 3
"""Of periventricular lesions, in a patient who has fingers (proposed)."""

CORTICAL_P = 0.35
"""Of the geometric distribution of cortical lesions in a patient who has one: median 2, under
1 % above 14 (module references)."""

RING_MM, RING_WIDTH_MM = 7.0, 2.0
"""Smallest lesion that enhances as a ring, and the ring's width (proposed)."""

RIM_MM = 5.0
"""Smallest lesion with a paramagnetic rim (proposed: smaller ones have no core to see)."""

DECAY_MM = 15.0
"""Length over which deep lesions grow fewer (proposed; that their volume falls from the
ventricles towards the cortex is published: Mult Scler 2024;30:166, 61 patients at 7 T)."""

VEIN_TAPER_MM = 3.0
"""Length over which a vein thins out (proposed)."""

TRIES = 100
"""Places that are tried for one lesion before another site is drawn."""

DRAWS_PER_LESION, MOST_DRAWS = 3, 900
"""Draws before a brain counts as full."""


def ms_patient(brain: Brain, rng: np.random.Generator, *, count: int | None = None) -> Patient:
    """A patient with relapsing MS.

    Parameters
    ----------
    brain : Brain
        Without MNI coordinates the sites that need them (callosum, inferior temporal lobe,
        posterior fossa) stay empty and their signs are left out.
    rng : numpy.random.Generator
    count : int, optional
        Lesions to place, instead of a drawn load; those that run together count each.

    Returns
    -------
    Patient
        Its signs are measured on the lesions that were placed.
    """
    drawn = draw_signs("ms", rng, only={*SITE_OF_SIGN, *OTHER_SIGNS})
    load = _draw_load(rng) if count is None else np.inf
    placing = MsPlacing(brain)
    _place_all(placing, rng, drawn, load, count)
    lesions = _with_rims(brain, rng, placing.lesions, wanted=drawn["paramagnetic_rim"])
    shown = _enhanced(brain, rng, lesions, placing.single)
    return Patient(
        "ms",
        brain,
        tuple(shown),
        ms_signs(brain, shown),
        context={"host": "ms", "drug": "none"},
        expected={"pattern_is_not": "pml_like", "alert_lesions": []},
    )


def _draw_load(rng: np.random.Generator) -> float:
    """Total volume in mm3."""
    while True:
        load = float(rng.lognormal(np.log(LOAD_ML), LOAD_SIGMA))
        if LOAD_LIMITS_ML[0] <= load <= LOAD_LIMITS_ML[1]:
            return 1000 * load


def _place_all(
    placing: MsPlacing,
    rng: np.random.Generator,
    drawn: Mapping[str, bool],
    load_mm3: float,
    count: int | None,
) -> None:
    """First what the signs name, in random order, then by share until the load is there."""
    known = placing.brain.mni_mm is not None
    where: dict[str, NDArray[np.intp]] = {}
    first = [str(site) for site in rng.permutation(_named_sites(rng, drawn))]
    most = MOST_DRAWS if count is None else DRAWS_PER_LESION * count + len(first)
    placed = 0
    for _ in range(most):
        if placing.volume_mm3 >= load_mm3 or (count is not None and placed >= count):
            return
        site = first.pop() if first else _draw_site(rng, drawn)
        if site in NAMED and not known:
            continue
        if site not in where:
            where[site] = _allowed(placing.brain, site, drawn)
        placed += _place(placing, rng, site, where[site], LARGEST_SHARE * load_mm3)


def _named_sites(rng: np.random.Generator, drawn: Mapping[str, bool]) -> list[str]:
    sites = [site for sign, site in SITE_OF_SIGN.items() if drawn[sign]]
    if drawn["cortical_gm"]:
        inside = rng.random(int(rng.geometric(CORTICAL_P))) < share("ms", "intracortical_lesions")
        sites += ["intracortical" if only else "leukocortical" for only in inside]
    return sites


def _draw_site(rng: np.random.Generator, drawn: Mapping[str, bool]) -> str:
    """A site by its group's published share; a patient without fossa lesions gets others."""
    groups = ("periventricular", "deep_white_matter", "juxtacortical", "infratentorial")
    group = groups[int(rng.choice(4, p=[share("ms", f"site_{group}") for group in groups]))]
    if group == "infratentorial":
        fossa = [site for site in FOSSA if drawn[site]]
        return fossa[int(rng.integers(len(fossa)))] if fossa else "deep_white_matter"
    if group == "periventricular" and drawn["dawson_fingers"] and rng.random() < FINGERS:
        return "dawson_finger"
    return group


def _allowed(brain: Brain, site: str, drawn: Mapping[str, bool]) -> NDArray[np.intp]:
    """Places of a site, without those that would show a sign that was drawn absent."""
    found = places(brain, site)
    if brain.mni_mm is None:
        return found
    if site in ("dawson_finger", "periventricular") and not drawn["corpus_callosum"]:
        found = found[~callosum(brain)[tuple(found.T)]]
    if site in ("deep_white_matter", "juxtacortical") and not drawn["inferior_temporal"]:
        found = found[~inferior_temporal(brain)[tuple(found.T)]]
    if site == "deep_white_matter" and not drawn["internal_capsule"]:
        found = found[~between_nuclei(brain)[tuple(found.T)]]
    return found


def _place(
    placing: MsPlacing,
    rng: np.random.Generator,
    site: str,
    where: NDArray[np.intp],
    largest_mm3: float,
) -> bool:
    if len(where) == 0:
        return False
    diameter = min(draw_diameter(rng), float((6 * largest_mm3 / np.pi) ** (1 / 3)))
    vein = bool(rng.random() < share("ms", "central_vein"))
    for _ in range(TRIES):
        voxel = where[int(rng.integers(len(where)))]
        if placing.crowded(voxel, site) or rng.random() > _density(placing.brain, site, voxel):
            continue
        lesion = draw_lesion(placing.brain, rng, site, voxel, diameter)
        if lesion is None:
            continue
        if vein and site != "ufibre":  # the middle of a curved lesion may lie outside it
            lesion = replace(lesion, vein=_vein(placing.brain, lesion))
        if placing.add(lesion):
            return True
    return False


def _density(brain: Brain, site: str, voxel: NDArray[np.intp]) -> float:
    """How readily a place is taken: deep lesions grow fewer away from the ventricles."""
    if site != "deep_white_matter" or not np.isfinite(brain.ventricle_mm[tuple(voxel)]):
        return 1.0
    return math.exp(-float(brain.ventricle_mm[tuple(voxel)]) / DECAY_MM)


def _vein(brain: Brain, lesion: SimulatedLesion) -> NDArray[np.float32]:
    """The central vein, within tissue, thinning out where the box ends and not cut off."""
    share_ = vein_share(lesion, brain.grid) * np.clip(1 - brain.csf[lesion.box], 0, 1)
    for axis, (size, step) in enumerate(zip(share_.shape, brain.grid.spacing_mm, strict=True)):
        index = np.arange(size)
        to_end = (np.minimum(index, size - 1 - index) + 0.5) * step
        taper = np.clip(to_end / VEIN_TAPER_MM, 0, 1)
        share_ *= taper.reshape([-1 if n == axis else 1 for n in range(3)])
    return np.asarray(share_, dtype=np.float32)


def _with_rims(
    brain: Brain,
    rng: np.random.Generator,
    lesions: tuple[SimulatedLesion, ...],
    *,
    wanted: bool,
) -> list[SimulatedLesion]:
    """Paramagnetic rims: in a patient who has them one at least, else by share of lesions."""
    fit = [n for n, lesion in enumerate(lesions) if lesion.diameter_mm >= RIM_MM]
    if not wanted or not fit:
        return list(lesions)
    chance = share("ms", "paramagnetic_rim_lesions") / share("ms", "paramagnetic_rim")
    chosen = {n for n in fit if rng.random() < chance * len(lesions) / len(fit)}
    chosen = chosen or {fit[int(rng.integers(len(fit)))]}
    return [
        replace(lesion, iron=rim_share(lesion, brain.grid)) if n in chosen else lesion
        for n, lesion in enumerate(lesions)
    ]


def _enhanced(
    brain: Brain,
    rng: np.random.Generator,
    lesions: list[SimulatedLesion],
    single: tuple[bool, ...],
) -> list[tuple[SimulatedLesion, Appearance]]:
    """Appearances: who enhances by site, how by published pattern, rings in the larger ones.

    A chronic lesion does not enhance: neither one with a rim nor one that others ran into.
    """
    active = [
        n
        for n, lesion in enumerate(lesions)
        if rng.random() < share("ms", f"enhancing_{GROUP[lesion.site]}")
        and lesion.iron is None
        and single[n]
    ]
    names = ("nodular", "ring", "open_ring")
    odds = np.array([share("ms", f"enhancement_{name}") for name in names])
    drawn = sorted(names[int(k)] for k in rng.choice(3, size=len(active), p=odds / odds.sum()))
    # "nodular", "open_ring", "ring": the smaller lesions come first.
    active.sort(key=lambda n: lesions[n].diameter_mm)
    patterns = dict(zip(active, drawn, strict=True))
    return [_shown(brain, rng, lesion, patterns.get(n)) for n, lesion in enumerate(lesions)]


def _shown(
    brain: Brain, rng: np.random.Generator, lesion: SimulatedLesion, pattern: str | None
) -> tuple[SimulatedLesion, Appearance]:
    look = replace(ms_appearance(rng), vein=False, iron_rim=False)  # those are drawn already
    if pattern is None:
        return lesion, look
    if pattern == "nodular" or lesion.diameter_mm < RING_MM:
        return lesion, replace(look, enhances=1.0, enhancement="nodular")
    far = GROUP[lesion.site] == "infratentorial"  # no cerebral cortex to open towards
    opened = pattern == "open_ring" and not far
    uptake = (open_ring if opened else shell)(brain, lesion, RING_WIDTH_MM)
    pattern = "open_ring" if opened else "ring"
    return replace(lesion, uptake=uptake), replace(look, enhances=1.0, enhancement=pattern)
