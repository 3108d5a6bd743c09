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
from scipy.stats import ks_2samp, spearmanr, wasserstein_distance

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
    names = ("peri-\nventricular", "deep\nwhite", "juxta-\ncortical", "infra-\ntentorial")
    axis.set_xticks(range(len(ZONES)), names, fontsize=8)
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
# 100 resamplings of patients (with few patients that leans upwards). Nothing is called
# significant: a large distance with a wide interval is still a difference.
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


def pv(table):
    return elongated(table).angle_deg


MEASURES = {  # name: measure, whether on a logarithm
    "volume, all (mm3)": (lambda t: np.log10(t.volume_mm3), True),
    "volume, 3 mm and more (mm3)": (lambda t: np.log10(large(t).volume_mm3), True),
    "lesions of a patient": (lambda t: np.log10(t.groupby("patient").size()), True),
    "the same, 3 mm and more": (lambda t: np.log10(large(t).groupby("patient").size()), True),
    "load of a patient (mm3)": (lambda t: np.log10(t.groupby("patient").volume_mm3.sum()), True),
    "to the ventricle (mm), 3 mm and more": (lambda t: large(t).ventricle_mm, False),
    "to the cortex (mm), 3 mm and more": (lambda t: large(t).cortex_mm, False),
    "elongation, 3 mm and more": (lambda t: large(t).elongation, False),
    "angle, elongated periventricular (degrees)": (pv, False),
}
rng = np.random.default_rng(7)
table = []
for name, (measure, logarithm) in MEASURES.items():
    (ks, move), (low, high) = spread_of(real, simulated, measure, rng)
    medians = [float(np.median(measure(one))) for one in (real, simulated)]
    shown_medians = [round(10**m if logarithm else m, 1) for m in medians]
    table.append(
        {
            "measure": name,
            "n real": len(measure(real)),
            "n simulated": len(measure(simulated)),
            "median real": shown_medians[0],
            "median simulated": shown_medians[1],
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
volumes = [np.count_nonzero(labels == n) for n in range(1, len(lesions) + 1)]
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
            "rank correlation with volume, real": round(
                float(spearmanr(theirs, patient19.volume_mm3).statistic), 2
            ),
            "simulated": round(float(spearmanr(ours, volumes).statistic), 2),
            "KS": round(float(ks_2samp(ours, theirs).statistic), 2),
            "Wasserstein": round(float(wasserstein_distance(ours, theirs)), 2),
        }
    )
figure.legend(*axes[0].get_legend_handles_labels(), loc="upper center", ncol=2, frameon=False)
figure.tight_layout(rect=(0, 0, 1, 0.93))
plt.show()
intensities = pd.DataFrame(intensity).set_index("contrast")
intensities

# %% [markdown]
# ## What differs, in words
#
# Each sentence stands beside the numbers it is about, computed above.

# %%
small = {name: t[t.volume_mm3 < ruler.BALL_MM3] for name, t in (("r", real), ("s", simulated))}
counts = {name: len(small[name]) / len(t) for name, t in (("r", real), ("s", simulated))}
carried = small["r"].volume_mm3.sum() / real.volume_mm3.sum()
by_number = {name: zone_shares(t, 1).mean() for name, t in (("r", real), ("s", simulated))}
by_volume = {
    name: zone_shares(t, t.volume_mm3).mean() for name, t in (("r", real), ("s", simulated))
}
biggest = [one["share of the largest"] for one in (real_patients, simulated_patients)]
heavy = [int((t.groupby("patient").volume_mm3.max() >= 5000).sum()) for t in (real, simulated)]
angles = {name: pv(t) for name, t in (("r", real), ("s", simulated))}
steep = {name: (one <= 30).mean() for name, one in angles.items()}
callosal = {
    name: t.groupby("patient").callosal.any().mean() for name, t in (("r", real), ("s", simulated))
}
medians = distances[["median real", "median simulated"]]
largest19 = patient19.loc[patient19.volume_mm3.idxmax()]
flair, t1w, t2w = (intensities.loc[name] for name in ("FLAIR", "T1w", "T2w"))
said = [
    f"Small lesions. {counts['r']:.0%} of the real lesions are under 14 mm3, {counts['s']:.0%} of "
    f"the simulated: the generator draws none. They carry {carried:.1%} of the real load. Above "
    "that size real lesions are still smaller (median "
    f"{medians.iloc[1, 0]:.0f} against {medians.iloc[1, 1]:.0f} mm3): the published sizes that "
    "are drawn from were outlined on slices of 5 mm, these masks on voxels of 1 mm.",
    f"Number and load. Real patients have {medians.iloc[2, 0]:.0f} lesions (median), simulated "
    f"{medians.iloc[2, 1]:.0f}; {medians.iloc[4, 0] / 1000:.1f} ml against "
    f"{medians.iloc[4, 1] / 1000:.1f} ml. The load is drawn from a published cohort (median 6.7 "
    "ml); these 14 patients carry more.",
    f"Confluence. The largest lesion holds {biggest[0].median():.0%} of a real patient's load "
    f"(median) and {biggest[1].median():.0%} of a simulated one's, but up to "
    f"{biggest[0].max():.0%} and {biggest[1].max():.0%}; a component of 5 ml or more is in "
    f"{heavy[0]} of {len(real_patients)} real and {heavy[1]} of {len(simulated_patients)} "
    "simulated patients.",
    "Sites. By number, periventricular lesions are "
    f"{by_number['r']['periventricular']:.0%} real and {by_number['s']['periventricular']:.0%} "
    f"simulated, juxtacortical {by_number['r']['juxtacortical']:.0%} and "
    f"{by_number['s']['juxtacortical']:.0%}; by volume periventricular "
    f"{by_volume['r']['periventricular']:.0%} and {by_volume['s']['periventricular']:.0%}. In "
    "real masks few components lie at the ventricle and hold most of the volume. The published "
    "41 % that is drawn from counts lesions as a reader separates them, not components.",
    f"Direction. Of elongated periventricular components {steep['r']:.0%} real and "
    f"{steep['s']:.0%} simulated stand within 30 degrees of the ventricle's normal (median "
    f"{angles['r'].median():.0f} and {angles['s'].median():.0f} degrees): real components there "
    "lie along the wall. Readers see fingers in four of five patients; whether they hide in "
    "those caps and bands cannot be told from components. Fingers counted by component on "
    "simulated patients say little about real masks.",
    f"Shape. Real lesions are longer (median long over second axis {medians.iloc[7, 0]:.1f} "
    f"against {medians.iloc[7, 1]:.1f}); simulated ones are rounder.",
    f"Callosum. {callosal['r']:.0%} of real patients have a lesion with 14 mm3 in it on this "
    f"map, {callosal['s']:.0%} of simulated ones.",
    f"Intensity. FLAIR agrees (median {flair['median real']} and {flair['median simulated']}). "
    f"On T1w real lesions are less dark ({t1w['median real']} against "
    f"{t1w['median simulated']}), on T2w less bright ({t2w['median real']} against "
    f"{t2w['median simulated']}), and they spread more (sd on T2w {t2w['sd real']} against "
    f"{t2w['sd simulated']}). The largest real lesion alone ({largest19.volume_mm3 / 1000:.0f} "
    f"ml) has {largest19.FLAIR:.2f}, {largest19.T1w:.2f} and {largest19.T2w:.2f}, near the "
    "simulated ones: small real lesions are paler than the simulated.",
    "Alike: the distance to the cortex (KS "
    f"{distances.loc['to the cortex (mm), 3 mm and more', 'KS']}). Half of either lie against "
    "it on this map, whose ribbon is wide: likeness here may owe as much to the ruler as to "
    "the lesions.",
]
for sentence in said:
    print("-", sentence, end="\n\n")

# %% [markdown]
# ## What follows
#
# Simulated MS is good for what it was made for: known answers to measure against. It is not a
# stand-in for patients. A threshold on the size, number, site or shape of components that is chosen
# on simulated patients is not fit for real masks, and agreement on them is self-consistency. Two
# differences bear on lesionaid's own rules: real patients have many lesions of a few voxels, from
# which satellites of PML must be told, and most of the real periventricular volume lies in few,
# large components.
