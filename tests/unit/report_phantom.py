"""A finished assessment made by hand: a round brain, three lesions and a speck."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lesionaid.anatomy.map import AnatomyMap
from lesionaid.assessment import Assessment, InputFile, Provenance
from lesionaid.context import ClinicalContext
from lesionaid.criteria.model import Disease, Finding
from lesionaid.errors import Note
from lesionaid.geometry import Grid, axis_codes
from lesionaid.lesions.lesion_map import Lesion, LesionMap
from lesionaid.quantity import Category, Quantity, Reason, Unit, Unknown
from lesionaid.signs.catalogue import load_catalogue
from lesionaid.study.scan import Contrast, LesionMask, Scan, Source, Study
from lesionaid.tables import (
    LesionGroup,
    MeasurementSpec,
    MeasurementTable,
    SignTable,
    SignValue,
)
from lesionaid.truth import Truth
from lesionaid.verdict.model import (
    PATTERNS,
    AlertRaised,
    CriteriaState,
    LesionVerdict,
    NotAssessable,
    Opinion,
    PairScore,
    Prior,
    Score,
    Settles,
    Stated,
    Verdict,
)

SHAPE = (40, 48, 20)
SPACING = (2.0, 2.0, 4.0)
VOXEL_MM3 = 16.0
NO_DWI = Unknown(Reason.IMAGE_MISSING, "no DWI", ("DWI",))
NO_PRIOR = Unknown(Reason.PRIOR_MISSING, "", ("prior",))
UNREPORTED = Unknown(Reason.NOT_REPORTED)


def ras_grid() -> Grid:
    affine = np.diag([*SPACING, 1.0])
    affine[:3, 3] = (-40.0, -48.0, -40.0)
    return Grid(SHAPE, affine)


def stored_grid(codes: str = "LPS") -> Grid:
    """The grid of the same image stored with two axes reversed."""
    affine = np.diag([-2.0, -2.0, 4.0, 1.0])
    affine[:3, 3] = (-40.0 + 2.0 * (SHAPE[0] - 1), -48.0 + 2.0 * (SHAPE[1] - 1), -40.0)
    assert axis_codes(affine) == codes
    return Grid(SHAPE, affine)


def source(name: str) -> Source:
    return Source(name, "ab" * 32, "LPS", stored_grid())


def brain() -> np.ndarray:
    centre = (np.array(SHAPE) - 1) / 2
    radii = np.array([17.0, 21.0, 9.0])
    return ((np.indices(SHAPE).reshape(3, -1).T - centre) / radii).__pow__(2).sum(axis=1).reshape(
        SHAPE
    ) <= 1


def labels() -> np.ndarray:
    """Lesion 1 right anterior, 2 left posterior, 3 small beside 1, and a speck."""
    drawn = np.zeros(SHAPE, dtype=np.int32)
    drawn[26:31, 30:36, 9:12] = 1
    drawn[10:13, 14:17, 8:10] = 2
    drawn[32, 33, 11] = 3
    drawn[20, 20, 5] = 4
    return drawn


def lesion_map() -> LesionMap:
    grid, drawn = ras_grid(), labels()
    found = []
    for number in range(1, 5):
        voxels = np.argwhere(drawn == number)
        centre = grid.to_mm(voxels.mean(axis=0))
        low, high = voxels.min(axis=0), voxels.max(axis=0) + 1
        found.append(
            Lesion(
                id=number,
                n_voxels=len(voxels),
                volume_mm3=len(voxels) * VOXEL_MM3,
                centroid_mm=(float(centre[0]), float(centre[1]), float(centre[2])),
                box=tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True)),
                speck=number == 4,
            )
        )
    groups = (LesionGroup(1, (3,)), LesionGroup(2))
    return LesionMap(drawn, grid, tuple(found), groups)


def study(name: str = "sub-01_FLAIR.nii.gz") -> Study:
    inside = brain()
    x = np.linspace(0, 1, SHAPE[0])[:, None, None]
    image = np.where(inside, 100 + 20 * x, 0).astype(np.float32)
    image[labels() > 0] = 200
    scans = {
        contrast: Scan(image * factor, ras_grid(), contrast, source(file))
        for contrast, factor, file in (
            (Contrast.FLAIR, 1.0, name),
            (Contrast.T1W, 0.5, "sub-01_T1w.nii.gz"),
        )
    }
    mask = LesionMask((labels() > 0).astype(np.int32), ras_grid(), source("lesions.nii.gz"))
    return Study(scans, ras_grid(), lesions=mask, context=ClinicalContext(), aligned=True)


def anatomy() -> AnatomyMap:
    sites = np.where(brain(), 5, 0).astype(np.uint8)
    return AnatomyMap(
        grid=ras_grid(),
        sites=sites,
        lobes=np.zeros(SHAPE, dtype=np.uint8),
        distances_mm={},
        mni_mm=None,
        source="template",
        error_mm=1.4,
        quality={"similarity": Quantity(0.83, Unit.NONE)},
    )


SPECS = {
    spec.name: spec
    for spec in (
        MeasurementSpec("volume_mm3", Unit.MM3, "lesion", "Voxels times voxel volume."),
        MeasurementSpec("diameter_max_mm", Unit.MM, "lesion", "Longest diameter."),
        MeasurementSpec("location", None, "lesion", "Largest fraction."),
        MeasurementSpec("adc_mean", Unit.DIFFUSIVITY, "lesion", "Mean ADC.", needs=("ADC",)),
        MeasurementSpec("n_lesions", Unit.COUNT, "study", "Lesions, specks left out."),
        MeasurementSpec("total_volume_mm3", Unit.MM3, "study", "All lesions, specks included."),
    )
}


def measurements() -> MeasurementTable:
    where = {1: "juxtacortical", 2: "periventricular", 3: "juxtacortical", 4: "deep_white_matter"}
    rows = {
        lesion.id: {
            "volume_mm3": Quantity(lesion.volume_mm3, Unit.MM3),
            "diameter_max_mm": Quantity(10.0 / 3 * lesion.id, Unit.MM),
            "location": Category(where[lesion.id]),
            "adc_mean": Unknown(Reason.IMAGE_MISSING, "no ADC", ("ADC",)),
        }
        for lesion in lesion_map().lesions
    }
    total = {"n_lesions": Quantity(3, Unit.COUNT)}
    total |= {"total_volume_mm3": Quantity(110 * VOXEL_MM3, Unit.MM3)}
    return MeasurementTable(SPECS, rows, total, lesion_map().groups, frozenset({4}))


def signs() -> SignTable:
    catalogue = load_catalogue()
    unknown = SignValue(Truth.UNKNOWN, unknown=UNREPORTED)
    by_lesion = {}
    for lesion in (1, 2, 3):
        row = {name: unknown for name, spec in catalogue.signs.items() if spec.level == "lesion"}
        row["punctate_satellites"] = SignValue(
            Truth.of(lesion == 1), Quantity(12.0 if lesion == 1 else 0.0, Unit.COUNT)
        )
        row["touches_periventricular"] = SignValue(
            Truth.of(lesion == 2), Quantity(0.0 if lesion == 2 else 21.5, Unit.MM)
        )
        row["new_or_enlarging"] = SignValue(Truth.UNKNOWN, unknown=NO_PRIOR)
        row["dwi_rim"] = SignValue(Truth.UNKNOWN, unknown=NO_DWI)
        by_lesion[lesion] = row
    patient = dict.fromkeys(catalogue.signs, unknown)
    patient["punctate_satellites"] = SignValue(Truth.TRUE)
    return SignTable(by_lesion, patient, lesion_map().groups)


def opinion(pattern: str = "indeterminate") -> Opinion:
    values = {"pml_like": 1.1, "ms_like": -1.1, "nmosd_like": 0.0, "mogad_like": 0.0}
    return Opinion(
        pattern=pattern,
        patterns=("pml_like", "ms_like"),
        ranking=PATTERNS,
        possible=PATTERNS,
        scores={name: Score(v, v - 0.8, v + 0.8) for name, v in values.items()},
        probabilities={"pml_like": 0.6, "ms_like": 0.1, "nmosd_like": 0.15, "mogad_like": 0.15},
        pairs=(PairScore("pml_like", "ms_like", 2.2, 0.6, 3.8, 2),),
        prior=Prior(dict.fromkeys(PATTERNS, 0.25), "uniform"),
        reasons=(Stated("ungated_only", "What speaks for PML rests on unknown novelty."),),
    )


def verdict() -> Verdict:
    found = Finding(
        rule="pml.punctate_lesions",
        title="Punctate T2 lesions under 5 mm clustered beside a larger lesion",
        truth=Truth.TRUE,
        gated=Truth.UNKNOWN,
        lesions=(1,),
        compares=(Disease.PML, Disease.MS),
        toward=Disease.PML,
        weight=1.42,
        low=0.8,
        high=2.0,
        counted=True,
        why_not="",
        group="satellites",
        cite=("wijburg2016",),
    )
    absent = replace(
        found,
        rule="pml.size_over_30mm",
        title="Over 3 cm",
        truth=Truth.FALSE,
        toward=Disease.MS,
        weight=0.2,
        low=0.0,
        high=0.4,
        group="extent",
    )
    unknown = replace(
        found,
        rule="pml.contrast_enhancement",
        title="Any enhancement",
        truth=Truth.UNKNOWN,
        lesions=(),
        weight=0.0,
        low=0.0,
        high=0.0,
        counted=False,
        why_not="not assessable",
        missing=("contrast_enhancement",),
    )
    return Verdict(
        images=replace(opinion(), findings=(found, absent, unknown)),
        with_context=None,
        alerts=(AlertRaised("pml_review", "Ask an expert about lesion 1.", (1,)),),
        lesions=(
            LesionVerdict(1, "pml_like", opinion().scores, Truth.UNKNOWN),
            LesionVerdict(2, "indeterminate", {}, Truth.UNKNOWN),
        ),
        criteria={"ms.dis_2017": CriteriaState(Truth.UNKNOWN, ("spinal_cord_lesion",), False)},
        not_assessable=(
            NotAssessable("dwi_rim", "image_missing", "no DWI", ("DWI",)),
            NotAssessable("contrast_enhancement", "image_missing", "", ("T1w_ce",)),
        ),
        would_settle=(Settles("T1w_ce", ("contrast_enhancement",), 0.7),),
    )


def assessment() -> Assessment:
    inputs = (InputFile("FLAIR", source("sub-01_FLAIR.nii.gz")),)
    return Assessment(
        study=study(),
        anatomy=anatomy(),
        lesions=lesion_map(),
        measurements=measurements(),
        signs=signs(),
        verdict=verdict(),
        notes=(Note("W10", "sub-01_FLAIR.nii.gz"),),
        timings={"load": 0.5, "measure": 1.25},
        provenance=Provenance(
            {"lesionaid": "0.1.0", "python": "3.11.2"}, inputs, "cd" * 32, {"space": "native"}
        ),
    )


def without_lesions() -> Assessment:
    """No mask was given: nothing was looked for."""
    catalogue = load_catalogue()
    missing = SignValue(
        Truth.UNKNOWN, unknown=Unknown(Reason.LESIONS_MISSING, "no lesion mask", ("lesions",))
    )
    nothing = Opinion(
        pattern="not_analysable",
        patterns=(),
        ranking=PATTERNS,
        possible=(),
        scores={},
        probabilities={},
        pairs=(),
        prior=Prior(dict.fromkeys(PATTERNS, 0.25), "uniform"),
        reasons=(Stated("A01", "No lesion mask was given."),),
    )
    whole = assessment()
    return replace(
        whole,
        study=replace(whole.study, lesions=None, aligned=False),
        anatomy=None,
        lesions=None,
        measurements=None,
        signs=SignTable({}, dict.fromkeys(catalogue.signs, missing), lesions_known=False),
        verdict=Verdict(images=nothing),
    )
