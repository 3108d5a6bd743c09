"""The shipped region map: its file, its anatomy, and that the script still makes it."""

from __future__ import annotations

import csv
import gzip
import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from lesionaid.anatomy import regions as regions_module
from lesionaid.anatomy.map import LOBES, SITES
from lesionaid.anatomy.regions import load_regions
from lesionaid.anatomy.template import load_template
from lesionaid.errors import AnalysisError

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "lesionaid" / "anatomy" / "data" / "regions_mni_1mm.nii.gz"


def site_at(x: float, y: float, z: float) -> str:
    regions = load_regions()
    index = np.rint(regions.grid.to_voxel(np.array([x, y, z]))).astype(int)
    return SITES[int(regions.sites[tuple(index)])]


def lobe_at(x: float, y: float, z: float) -> str:
    regions = load_regions()
    index = np.rint(regions.grid.to_voxel(np.array([x, y, z]))).astype(int)
    return LOBES.get(int(regions.lobes[tuple(index)]), "none")


def test_file_is_small_and_versioned() -> None:
    assert SHIPPED.stat().st_size < 500_000
    assert load_regions().version == "1"


def test_left_mirrors_right() -> None:
    regions = load_regions()
    assert (regions.sites == regions.sites[::-1]).all()
    mirrored = regions.lobes[::-1].astype(int)
    swapped = np.where(mirrored > 0, mirrored + np.where(mirrored % 2 == 1, 1, -1), 0)
    off_middle = np.arange(regions.lobes.shape[0]) != regions.lobes.shape[0] // 2
    assert (regions.lobes == swapped)[off_middle].all()
    assert "left" in lobe_at(-40, 40, 20)
    assert "right" in lobe_at(40, 40, 20)


@pytest.mark.parametrize(
    ("site", "low", "high"),
    # Adult volumes in ml; the template is larger than most brains, hence the wide upper limits.
    [
        ("lateral_ventricle", 10, 40),
        ("third_ventricle", 0.5, 4),
        ("fourth_ventricle", 1, 4),
        ("corpus_callosum", 10, 30),
        ("deep_gray_matter", 40, 90),
        ("brainstem", 20, 45),
        ("cerebellum", 120, 220),
        ("cortex", 450, 950),
        ("white_matter", 400, 700),
    ],
)
def test_volumes_are_those_of_a_brain(site: str, low: float, high: float) -> None:
    regions = load_regions()
    code = next(code for code, name in SITES.items() if name == site)
    assert low < np.count_nonzero(regions.sites == code) / 1000 < high


@pytest.mark.parametrize(
    ("point", "site"),
    [
        ((6, 12, 12), "lateral_ventricle"),
        ((-16, -30, 20), "lateral_ventricle"),
        ((0, -46, -33), "fourth_ventricle"),
        ((10, -20, 8), "deep_gray_matter"),
        ((-28, 2, 2), "deep_gray_matter"),
        ((0, -12, 26), "corpus_callosum"),
        ((0, 28, 6), "corpus_callosum"),
        ((0, -26, -32), "brainstem"),
        ((0, -30, -9), "brainstem"),
        ((20, -60, -35), "cerebellum"),
        ((26, -20, 38), "white_matter"),
    ],
)
def test_known_places(point: tuple[float, float, float], site: str) -> None:
    assert site_at(*point) == site


@pytest.mark.parametrize(
    ("point", "lobe"),
    [
        ((37, -20, 58), "frontal_right"),  # hand knob of the precentral gyrus
        ((-40, -32, 56), "parietal_left"),  # postcentral gyrus behind it
        ((50, -22, -12), "temporal_right"),
        ((-8, -86, 6), "occipital_left"),
        ((8, -60, 36), "parietal_right"),  # precuneus, before the parieto-occipital sulcus
        ((8, -82, 24), "occipital_right"),  # cuneus, behind it
        ((38, 4, -4), "insula_right"),
        ((-28, 40, 14), "frontal_left"),
        ((28, -20, -16), "temporal_right"),  # hippocampus
        ((10, -20, 8), "none"),  # thalamus
    ],
)
def test_known_lobes(point: tuple[float, float, float], lobe: str) -> None:
    assert lobe_at(*point) == lobe


def test_published_coordinates_lie_in_the_named_lobe() -> None:
    """160 centres of Dosenbach et al. 2010 (doi 10.1126/science.1194144), named by others."""
    named = {
        "frontal": ("aPFC", "dlPFC", "dFC", "vFC", "vmPFC", "sup frontal", "precentral gyrus"),
        "parietal": ("IPL", "IPS", "precuneus", "angular gyrus", "sup parietal", "post parietal"),
        "temporal": ("inf temporal", "temporal", "sup temporal", "fusiform"),
        "occipital": ("post occipital", "occipital"),
    }
    lobe_of = {name: lobe for lobe, names in named.items() for name in names}
    spec = importlib.util.find_spec("nilearn")
    assert spec is not None
    assert spec.origin is not None
    table = Path(spec.origin).parent / "datasets" / "data" / "dosenbach_2010.csv"
    hits = []
    with table.open() as stream:
        for row in csv.DictReader(stream):
            if row["name"] in lobe_of:
                found = lobe_at(float(row["x"]), float(row["y"]), float(row["z"]))
                if found != "none":  # functional centres also fall into sulci
                    side = "right" if float(row["x"]) > 0 else "left"
                    hits.append(found == f"{lobe_of[row['name']]}_{side}")
    assert len(hits) > 70
    assert np.mean(hits) > 0.85


def test_every_site_lies_inside_the_brain() -> None:
    regions, template = load_regions(), load_template()
    offset = np.rint(template.grid.to_voxel(regions.grid.affine[:3, 3])).astype(int)
    box = tuple(slice(o, o + n) for o, n in zip(offset, regions.grid.shape, strict=True))
    assert ((regions.sites > 0) == template.brain[box]).all()


def test_lobes_are_cerebral() -> None:
    regions = load_regions()
    inside = {SITES[int(code)] for code in np.unique(regions.sites[regions.lobes > 0])}
    assert inside <= {"cortex", "white_matter", "deep_gray_matter"}


def test_damaged_map_is_said_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / SHIPPED.name).write_bytes(SHIPPED.read_bytes()[:1000])
    monkeypatch.setattr(regions_module, "files", lambda _: tmp_path)
    load_regions.cache_clear()
    try:
        with pytest.raises(AnalysisError, match="A06"):
            load_regions()
    finally:
        load_regions.cache_clear()


@pytest.mark.slow
def test_script_rebuilds_the_same_bytes(tmp_path: Path) -> None:
    name = "build_regions"
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    module.save(tmp_path / "again.nii.gz")
    again = gzip.decompress((tmp_path / "again.nii.gz").read_bytes())
    assert again == gzip.decompress(SHIPPED.read_bytes())
