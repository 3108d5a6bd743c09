# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Simulated MS beside real MS: what is alike, what is not
#
# One question: **where do lesionaid's simulated MS patients differ from real ones, and by how
# much?**
#
# Real: the consensus lesion masks of 14 patients with MS (Lesjak et al. 2018, doi
# 10.1007/s12021-017-9348-7, CC BY), and the scans of patient 19. Simulated: patients of
# `lesionaid.simulate.ms_patient.ms_patient`, whose load, sites and sizes come from published
# figures. **The generator was not tuned to these masks, and nothing below changes it.** This is a
# comparison; every difference that was found is printed.
#
# What 14 patients can say is little: they were chosen for a segmentation data set, not drawn from
# a clinic, and lesions of one patient are not independent. Distances between distributions
# therefore carry an interval from resampling *patients*.

# %%
import os
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.stats import ks_2samp, wasserstein_distance

from lesionaid.simulate.acquisition import render
from lesionaid.simulate.brain import BrainSettings, make_brain
from lesionaid.simulate.lesions import label_map
from lesionaid.simulate.ms_patient import ms_patient
from lesionaid.study.scan import Contrast

here = Path.cwd().resolve()
ROOT = next(folder for folder in (here, *here.parents) if (folder / "sample_scans").is_dir())
sys.path.insert(0, str(ROOT / "scripts"))
import measure_real_masks as ruler

REAL, SIMULATED = "#333333", "#d55e00"
plt.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False})

# %% [markdown]
# ## The real lesions
#
# The masks lie in MNI152, where an affine step has enlarged the brains; every length is multiplied
# by the mask's own factor (0.83 to 0.92), so sizes below are the patients'. Where the masks are
# not at hand, the table of per-lesion numbers is read that `scripts/measure_real_masks.py` made
# from them.

# %%
shared = Path(os.environ.get("LESIONAID_SHARED", ROOT.parent / "shared")) / "data"
if (shared / "open_ms_masks_mni").is_dir():
    real = pd.DataFrame(ruler.real_masks(shared))
    print("measured on the masks")
else:
    real = pd.read_csv(ROOT / "notebooks" / "data" / "real_mask_lesions.tsv", sep="\t")
    print("read from the table of derived numbers")
print(f"{real.patient.nunique()} patients, {len(real)} lesions of at least 3 mm3")

# %% [markdown]
# ## The simulated lesions, under the same ruler
#
# Six brains of four patients each. A simulated brain is a warped template; its label map is
# carried to MNI152 by an affine alone, as the real masks were, so what the affine step leaves
# unmatched blurs both alike. Head sizes follow the real factors.

# %%
BRAINS, PATIENTS, VOXEL_MM = 6, 4, 1.25
SCALES = (0.831, 0.848, 0.865, 0.869, 0.891, 0.916)  # quantiles of the real factors


def mni_to_own_mm(brain):
    """The affine that fits the known deformation best."""
    some = np.argwhere(brain.inside)[::500]
    mni = np.c_[brain.mni_mm[tuple(some.T)], np.ones(len(some))]
    fitted, *_ = np.linalg.lstsq(mni, brain.grid.to_mm(some), rcond=None)
    return np.vstack([fitted.T, [0, 0, 0, 1]])


rows, shown = [], None
for number in range(BRAINS):
    rng = np.random.default_rng([2024, number])
    settings = BrainSettings(
        spacing_mm=VOXEL_MM, native_scale=SCALES[number], ventricle_mm=float(rng.uniform(0, 2))
    )
    brain = make_brain(rng, settings)
    affine = mni_to_own_mm(brain)
    for each in range(PATIENTS):
        patient = ms_patient(brain, rng)
        labels = label_map(brain, [lesion for lesion, _ in patient.lesions])
        mask = ruler.on_atlas(labels, np.linalg.inv(brain.grid.affine), affine)
        rows += ruler.measure(mask, SCALES[number], f"simulated-{number}{each}")
        if shown is None or len(patient.lesions) > len(shown.lesions):
            shown = patient
simulated = pd.DataFrame(rows)
print(f"{simulated.patient.nunique()} patients, {len(simulated)} lesions")

# %% [markdown]
# ## Where they lie
#
# Centres of the lesions in MNI152; the area of a disc grows with the lesion's volume.

# %%
outline = ruler.atlas()
figure, axes = plt.subplots(2, 3, figsize=(10, 7))
for row, (name, table, colour) in zip(
    axes, (("real", real, REAL), ("simulated", simulated, SIMULATED)), strict=True
):
    for axis, (across, up) in zip(row, (("y", "z"), ("x", "z"), ("x", "y")), strict=True):
        flat = (outline.sites > 0).any(axis="xyz".index(({"x", "y", "z"} - {across, up}).pop()))
        deep = (outline.sites == 1).any(axis="xyz".index(({"x", "y", "z"} - {across, up}).pop()))
        low = outline.grid.affine[:3, 3]
        a, b = ("xyz".index(letter) for letter in (across, up))
        spread = (low[a], low[a] + flat.shape[0], low[b], low[b] + flat.shape[1])
        for area, shade in ((flat, "#999999"), (deep, "#56b4e9")):
            axis.contour(area.T, levels=[0.5], colors=shade, linewidths=0.8, extent=spread)
        axis.scatter(
            table[f"mni_{across}_mm"],
            table[f"mni_{up}_mm"],
            s=2 + 0.35 * np.sqrt(table.volume_mm3),
            color=colour,
            alpha=0.35,
            linewidths=0,
        )
        axis.set(aspect="equal", xlabel=f"{across} (mm)", ylabel=f"{up} (mm)")
    row[0].set_title(f"{name}: {table.patient.nunique()} patients", loc="left")
figure.tight_layout()
plt.show()

# %% [markdown]
# ## Size, number, load, distances
#
# Thin lines are patients, thick lines all lesions together. Load and number are one value a
# patient.


# %%
def steps(axis, values, colour, **line):
    """The empirical distribution function."""
    ordered = np.sort(np.asarray(values, dtype=float))
    axis.step(ordered, np.arange(1, len(ordered) + 1) / len(ordered), color=colour, **line)


def per_patient(table):
    groups = table.groupby("patient").volume_mm3
    return pd.DataFrame(
        {
            "lesions": groups.size(),
            "load_ml": groups.sum() / 1000,
            "share of the largest": groups.max() / groups.sum(),
        }
    )


real_patients, simulated_patients = per_patient(real), per_patient(simulated)
figure, axes = plt.subplots(2, 3, figsize=(10, 6))
lesion_panels = (
    (axes[0, 0], "volume_mm3", "volume of a lesion (mm$^3$)"),
    (axes[1, 0], "ventricle_mm", "to the lateral ventricle (mm)"),
    (axes[1, 1], "cortex_mm", "to the cortex (mm)"),
    (axes[1, 2], "elongation", "long over second axis"),
)
for axis, name, title in lesion_panels:
    for table, colour in ((simulated, SIMULATED), (real, REAL)):
        for _, one in table.groupby("patient"):
            if len(one) >= 10:
                steps(axis, one[name], colour, lw=0.5, alpha=0.25)
        steps(axis, table[name], colour, lw=2)
    axis.set(xlabel=title, ylabel="share of lesions")
for axis, name, title in (
    (axes[0, 1], "lesions", "lesions of a patient"),
    (axes[0, 2], "load_ml", "load of a patient (ml)"),
):
    steps(axis, simulated_patients[name], SIMULATED, lw=2, label="simulated")
    steps(axis, real_patients[name], REAL, lw=2, label="real")
    axis.set(xlabel=title, ylabel="share of patients", xscale="log")
axes[0, 0].set_xscale("log")
axes[0, 1].legend(frameon=False)
axes[1, 2].set_xlim(1, 4)
figure.tight_layout()
plt.show()

# %% [markdown]
# ## Sites and direction
#
# Left: share of a patient's lesions in each zone of lesionaid's own map, by number and by volume;
# dots are patients. A lesion of several zones counts once: infratentorial from a quarter, then
# periventricular, then juxtacortical within 3 mm. Right: the angle between the long axis and the
# ventricle's normal, for elongated periventricular lesions; a random axis has the grey line.

# %%
ZONES = ("periventricular", "deep_white_matter", "juxtacortical", "infratentorial")


def zone_shares(table, weight):
    sums = table.assign(weight=weight).pivot_table(
        index="patient", columns="zone", values="weight", aggfunc="sum", fill_value=0
    )
    sums = sums.reindex(columns=list(ZONES), fill_value=0)
    return sums.div(sums.sum(axis=1), axis=0)


def elongated(table):
    """Periventricular lesions long enough to have a direction."""
    return table[
        (table.zone == "periventricular") & (table.elongation >= 1.5) & (table.volume_mm3 >= 14)
    ]


figure, axes = plt.subplots(1, 3, figsize=(10, 3.4), width_ratios=(1.2, 1.2, 1))
for axis, title, by_volume in ((axes[0], "by number", False), (axes[1], "by volume", True)):
    for shift, table, colour in ((-0.17, real, REAL), (0.17, simulated, SIMULATED)):
        shares = zone_shares(table, table.volume_mm3 if by_volume else 1)
        places = np.arange(len(ZONES)) + shift
        axis.bar(places, shares.mean(), width=0.3, color=colour, alpha=0.45)
        for place, zone in zip(places, ZONES, strict=True):
            axis.plot(np.full(len(shares), place), shares[zone], ".", color=colour, ms=3)
    axis.set_xticks(range(len(ZONES)), [zone.replace("_", "\n", 1) for zone in ZONES], fontsize=7)
    axis.set(title=title, ylabel="share of a patient's lesions", ylim=(0, 1))
degrees = np.linspace(0, 90, 91)
axes[2].plot(degrees, 1 - np.cos(np.radians(degrees)), color="#aaaaaa", label="random")
for name, table, colour in (("simulated", simulated, SIMULATED), ("real", real, REAL)):
    angles = elongated(table).angle_deg
    steps(axes[2], angles, colour, lw=2, label=f"{name} ({len(angles)})")
axes[2].set(xlabel="angle to the ventricle's normal (degrees)", ylabel="share", xlim=(0, 90))
axes[2].legend(frameon=False)
figure.tight_layout()
plt.show()

# %% [markdown]
# ## How far apart
#
# Kolmogorov-Smirnov: the largest gap between two distribution functions, 0 (alike) to 1.
# Wasserstein: how far the one must be moved to become the other, in the unit of the measure (for
# volumes and loads on the logarithm to base 10). Intervals are the 2.5th and 97.5th centile over
# 100 resamplings of patients. Nothing is called significant: the patients are few and chosen, and a
# large distance with a wide interval is still a difference.
#
# The rows "3 mm and more" leave out lesions under 14 mm3, which the generator does not draw.


# %%
def spread_of(first, second, measure, rng):
    """Distances with an interval over patients."""

    def both(a, b):
        a, b = measure(a), measure(b)
        return ks_2samp(a, b).statistic, wasserstein_distance(a, b)

    def again(table):
        names = table.patient.unique()
        parts = dict(list(table.groupby("patient")))
        picked = rng.choice(names, len(names))
        return pd.concat([parts[n].assign(patient=f"{k}") for k, n in enumerate(picked)])

    centre = both(first, second)
    drawn = np.array([both(again(first), again(second)) for _ in range(100)])
    return centre, np.percentile(drawn, [2.5, 97.5], axis=0)


def large(table):
    return table[table.volume_mm3 >= ruler.BALL_MM3]


MEASURES = {
    "volume, all (log10)": lambda t: np.log10(t.volume_mm3),
    "volume, 3 mm and more (log10)": lambda t: np.log10(large(t).volume_mm3),
    "lesions of a patient (log10)": lambda t: np.log10(t.groupby("patient").size()),
    "the same, 3 mm and more (log10)": lambda t: np.log10(large(t).groupby("patient").size()),
    "load of a patient (log10)": lambda t: np.log10(t.groupby("patient").volume_mm3.sum()),
    "to the ventricle (mm), 3 mm and more": lambda t: large(t).ventricle_mm,
    "to the cortex (mm), 3 mm and more": lambda t: large(t).cortex_mm,
    "elongation, 3 mm and more": lambda t: large(t).elongation,
    "angle of elongated periventricular": lambda t: elongated(t).angle_deg,
}
rng = np.random.default_rng(7)
table = []
for name, measure in MEASURES.items():
    (ks, move), (low, high) = spread_of(real, simulated, measure, rng)
    table.append(
        {
            "measure": name,
            "n real": len(measure(real)),
            "n simulated": len(measure(simulated)),
            "median real": round(float(np.median(measure(real))), 2),
            "median simulated": round(float(np.median(measure(simulated))), 2),
            "KS": f"{ks:.2f} ({low[0]:.2f} to {high[0]:.2f})",
            "Wasserstein": f"{move:.2f} ({low[1]:.2f} to {high[1]:.2f})",
        }
    )
distances = pd.DataFrame(table).set_index("measure")
distances

# %% [markdown]
# ## Intensities: patient 19 beside the fullest of the simulated patients
#
# Mean of each lesion over normal-appearing white matter; for patient 19 as lesionaid measures it on
# the real scans (from the table), for the simulated patient over its white matter away from
# lesions. One patient each: the spread is that between lesions, not between patients or scanners.

# %%
patient19 = pd.read_csv(ROOT / "notebooks" / "data" / "patient19_intensities.tsv", sep="\t")
brain, lesions = shown.brain, [lesion for lesion, _ in shown.lesions]
labels = label_map(brain, lesions)
normal = (brain.white > 0.95) & ~brain.infratentorial
for lesion in lesions:
    normal[lesion.box] &= lesion.fraction == 0
figure, axes = plt.subplots(1, 3, figsize=(10, 3.2))
intensity = []
for axis, contrast in zip(axes, (Contrast.FLAIR, Contrast.T1W, Contrast.T2W), strict=True):
    scan = render(brain, shown.lesions, contrast, np.random.default_rng(1))
    means = np.array([scan[labels == n].mean() for n in range(1, len(lesions) + 1)])
    ours, theirs = means / np.median(scan[normal]), patient19[str(contrast)]
    steps(axis, ours, SIMULATED, lw=2, label=f"simulated ({len(ours)} lesions)")
    steps(axis, theirs, REAL, lw=2, label=f"patient 19 ({len(theirs)} lesions)")
    axis.axvline(1, color="#bbbbbb", lw=0.8)
    axis.set(xlabel=f"{contrast}: lesion over white matter", ylabel="share of lesions")
    intensity.append(
        {
            "contrast": str(contrast),
            "median real": round(float(theirs.median()), 2),
            "median simulated": round(float(np.median(ours)), 2),
            "sd real": round(float(theirs.std()), 2),
            "sd simulated": round(float(np.std(ours)), 2),
            "KS": round(float(ks_2samp(ours, theirs).statistic), 2),
            "Wasserstein": round(float(wasserstein_distance(ours, theirs)), 2),
        }
    )
axes[0].legend(frameon=False, loc="lower right")
figure.tight_layout()
plt.show()
intensities = pd.DataFrame(intensity).set_index("contrast")
intensities
