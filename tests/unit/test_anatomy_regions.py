"""The shipped region map: its file, its anatomy, and that the script still makes it."""

from __future__ import annotations

import csv
import gzip
import importlib
from pathlib import Path

import numpy as np
import pytest

from lesionaid.anatomy import regions as regions_module
from lesionaid.anatomy.map import LOBES, PARTS, SITES, ZONES
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
    assert load_regions().version == "2"


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
def test_script_rebuilds_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    module = importlib.import_module("build_regions")
    module.save(tmp_path / "again.nii.gz")
    again = gzip.decompress((tmp_path / "again.nii.gz").read_bytes())
    assert again == gzip.decompress(SHIPPED.read_bytes())


@pytest.mark.parametrize(
    ("point", "part"),
    [
        ((6, 16, 8), "ventricle_frontal_horn"),
        ((10, -14, 22), "ventricle_body"),
        ((-26, -46, 8), "ventricle_atrium"),
        ((37, -31, -9), "ventricle_temporal_horn"),
        ((0, 28, 6), "callosum_genu"),
        ((0, -8, 26), "callosum_body"),
        ((0, -40, 14), "callosum_splenium"),
        ((-10, -20, 8), "thalamus"),
        ((14, 14, 8), "caudate"),
        ((-27, 2, 2), "putamen"),
        ((20, -6, 8), "internal_capsule"),
        ((3, -6, -10), "hypothalamus"),
        ((5, -20, -12), "midbrain"),
        ((0, -24, -32), "pons"),
        ((0, -38, -56), "medulla"),
        ((22, -38, -37), "middle_cerebellar_peduncle"),
        ((24, -62, -36), "cerebellar_white_matter"),
        ((50, -30, -18), "inferior_temporal"),
        ((-40, 10, -34), "anterior_temporal"),
        ((8, -1, -17), "optic_pathway"),
        ((56, -20, 2), "none"),  # superior temporal gyrus, above the sulcus
        ((26, -20, 38), "none"),
    ],
)
def test_known_parts(point: tuple[float, float, float], part: str) -> None:
    regions = load_regions()
    index = np.rint(regions.grid.to_voxel(np.array(point, dtype=float))).astype(int)
    assert PARTS.get(int(regions.parts[tuple(index)]), "none") == part


@pytest.mark.parametrize(
    ("zone", "centroid"),
    # Derived from the labels of the Allen Human Reference Atlas, which the map was not made from.
    [("dorsal_medulla", (0, -46, -59)), ("periaqueductal", (0, -30, -9))],
)
def test_zones_lie_where_another_atlas_has_them(
    zone: str, centroid: tuple[float, float, float]
) -> None:
    regions = load_regions()
    code = next(code for code, name in ZONES.items() if name == zone)
    found = regions.grid.to_mm(np.argwhere(regions.zones == code)).mean(axis=0)
    assert np.linalg.norm(found - centroid) < 3


def test_the_corticospinal_corridor_is_one_run_on_each_side() -> None:
    from scipy.ndimage import label

    regions = load_regions()
    corridor = regions.zones == next(c for c, name in ZONES.items() if name == "corticospinal")
    middle = corridor.shape[0] // 2
    for side in (corridor[: middle - 1], corridor[middle + 2 :]):
        pieces, _ = label(side, structure=np.ones((3, 3, 3)))
        sizes = np.bincount(pieces.ravel())[1:]
        height = np.ptp(np.argwhere(pieces == np.argmax(sizes) + 1)[:, 2])
        assert sizes.max() > 0.95 * sizes.sum()
        assert height > 100  # from under the precentral cortex to the medulla


def test_every_part_and_zone_lies_in_the_brain() -> None:
    regions = load_regions()
    for volume, names in ((regions.parts, PARTS), (regions.zones, ZONES)):
        assert set(np.unique(volume)) == {0, *names}
        # The chiasm lies in the cistern, at the edge of the template's brain.
        assert not (volume[regions.sites == 0] > 0).any()
