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
# # A first study: from scans to a verdict, step by step
#
# One question: **what does lesionaid do with one patient's scans, and what may I believe of it?**
#
# The study is *simulated* (`sample_scans/sub-pml01`): a patient with MS on natalizumab and one new
# lesion that was made to look like early PML. Nothing here is a patient, and nothing here is a
# figure of clinical accuracy. lesionaid is research software: it names patterns, never diagnoses,
# and never says that PML is excluded.

# %%
import json
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import lesionaid

here = Path.cwd().resolve()
ROOT = next(folder for folder in (here, *here.parents) if (folder / "sample_scans").is_dir())
study = ROOT / "sample_scans" / "sub-pml01"
result = lesionaid.assess(study, progress=print)

# %% [markdown]
# ## What went in
#
# Everything behind the gate is RAS+ and in mm. Notes are what a reader must know though the work
# went on.

# %%
pd.DataFrame(
    [
        {
            "contrast": str(contrast),
            "file": scan.source.name,
            "stored as": scan.source.orientation,
            "voxel (mm)": " x ".join(f"{edge:.2g}" for edge in scan.source.grid.spacing_mm),
        }
        for contrast, scan in result.study.scans.items()
    ]
)

# %%
for note in result.notes:
    print(note.code, note.text)

# %% [markdown]
# ## The lesions, measured
#
# A value has a unit; what could not be measured is *unknown, with a reason*, and never zero.


# %%
def lesion_frame(names):
    rows = {
        lesion: {name: str(row[name]) for name in names}
        for lesion, row in result.measurements.lesions.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("lesion")


lesion_frame(
    [
        "volume_mm3",
        "diameter_max_mm",
        "location",
        "distance_lateral_ventricle_mm",
        "distance_cortex_mm",
        "satellite_count",
        "change_class",
        "dwi_mean_z_nawm",
    ]
).head(12)

# %% [markdown]
# ## The lesion in question, on the scan
#
# Radiological convention: the patient's right is on the left of the picture.

# %%
main = max(result.verdict.lesions, key=lambda lesion: lesion.scores["pml_like"].value).lesion
scan = result.study.scans["FLAIR"]
centre = np.rint(scan.grid.to_voxel(np.array(result.lesions.by_id[main].centroid_mm))).astype(int)
axial = scan.data[::-1, :, centre[2]].T  # RAS+: turn left and right round for display
outline = (result.lesions.labels > 0)[::-1, :, centre[2]].T
mine = np.isin(
    result.lesions.labels,
    [main, *next(g.satellites for g in result.lesions.groups if g.main == main)],
)[::-1, :, centre[2]].T

figure, axis = plt.subplots(figsize=(5, 6))
axis.imshow(axial, cmap="gray", origin="lower", vmax=np.percentile(scan.data, 99.8))
axis.contour(outline, levels=[0.5], colors="#56b4e9", linewidths=0.8)
axis.contour(mine, levels=[0.5], colors="#e69f00", linewidths=1.2)
axis.text(0.02, 0.5, "R", transform=axis.transAxes, color="white", size=14)
axis.text(0.94, 0.5, "L", transform=axis.transAxes, color="white", size=14)
axis.set_title(f"Lesion {main} and its satellites (orange), simulated FLAIR")
axis.set_axis_off()
plt.show()

# %% [markdown]
# ## From measurements to signs
#
# A sign is what a reader would say. Its threshold is data (`rules/signs/`), with its source and
# whether it is published or proposed.

# %%
signs = result.signs.lesions[main]
pd.DataFrame(
    [
        {
            "sign": name,
            "truth": sign.truth.value,
            "value": "" if sign.value is None else str(sign.value),
            "why unknown": "" if sign.unknown is None else str(sign.unknown.reason),
        }
        for name, sign in signs.items()
        if name
        in {
            "new_or_enlarging",
            "punctate_satellites",
            "touches_juxtacortical",
            "cortical_gm",
            "periventricular",
            "non_focal",
            "size_over_30mm",
            "contrast_enhancement",
            "border_white_matter_ill_defined",
        }
    ]
)

# %% [markdown]
# ## From signs to criteria
#
# Each row is published evidence, weighed by one formula; a sign that is unknown weighs nothing.
# Those that count on this lesion, heaviest first:

# %%
pd.DataFrame(
    [
        {
            "rule": finding.rule,
            "truth": finding.truth.value,
            "toward": str(finding.toward),
            "weight": round(finding.weight, 2),
            "source": ", ".join(finding.cite),
        }
        for finding in sorted(result.verdict.findings, key=lambda finding: -abs(finding.weight))
        if main in finding.lesions and finding.counted
    ]
)

# %% [markdown]
# ## The verdict
#
# The headline is by the images alone; with context it stands beside it. The intervals matter more
# than the leader.

# %%
for name, opinion in (
    ("images alone", result.verdict.images),
    ("with context", result.verdict.with_context),
):
    print(f"{name}: {opinion.pattern}")
    for reason in opinion.reasons:
        print("   ", reason.code, "-", reason.text)
for alert in result.verdict.alerts:
    print("ALERT", alert.code, "on lesions", alert.lesions)

# %%
scores = result.verdict.images.scores
figure, axis = plt.subplots(figsize=(6, 2.2))
for position, (_, score) in enumerate(scores.items()):
    axis.plot([score.low, score.high], [position, position], color="#999999", lw=4)
    axis.plot(score.value, position, "o", color="#0072b2")
axis.axvline(0, color="black", lw=0.5)
axis.set_yticks(range(len(scores)), list(scores))
axis.set_xlabel("weight of evidence (natural logarithm), 95 % interval")
axis.invert_yaxis()
plt.tight_layout()
plt.show()

# %% [markdown]
# ## What could not be assessed, and what would settle it

# %%
pd.DataFrame(
    [
        {
            "would settle": row.needs,
            "signs": ", ".join(row.signs),
            "could move": round(row.weight, 2),
        }
        for row in result.verdict.would_settle
    ]
)

# %% [markdown]
# ## What was put in, since this study is simulated
#
# The truth beside the scans says what the simulator made. Agreement with it is self-consistency,
# not accuracy.

# %%
truth = json.loads((study / "truth.json").read_text())
print(json.dumps({"expected": truth["expected"], "signs": truth["signs"]}, indent=1))
