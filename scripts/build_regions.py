"""Build the region map ``lesionaid/anatomy/data/regions_mni_1mm.nii.gz``.

Sources: the ICBM152 2009a symmetric T1 and tissue maps in nilearn's package, and the landmarks in
``scripts/region_landmarks.yaml``. Nothing else; no atlas labels. The same inputs give the same
bytes (before compression).

    python scripts/build_regions.py [-o FILE]
"""

from __future__ import annotations

import argparse
import gzip
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import yaml
from numpy.typing import NDArray
from region_parts import parts, polyline, zones
from scipy import ndimage as ndi
from scipy.interpolate import LinearNDInterpolator, NearestNDInterpolator
from skimage.draw import polygon2mask
from skimage.segmentation import watershed

from lesionaid.anatomy.map import LOBES, SITES
from lesionaid.anatomy.template import Template, load_template

HERE = Path(__file__).resolve().parent
OUT = HERE.parent / "lesionaid" / "anatomy" / "data" / "regions_mni_1mm.nii.gz"
SITE = {name: code for code, name in SITES.items()}
LOBE = {name: code for code, name in LOBES.items()}
AXIS = {"x": 0, "y": 1, "z": 2}

NUCLEI = ("thalamus", "caudate", "putamen", "pallidum", "amygdala", "hippocampus")

WHITE, FLUID, NUCLEUS = 222.0, 65.0, 188.0
"""Medians of the template's T1 map: white matter, ventricles, thalamus with the striatum."""
FLUID_EDGE = 0.5 * (WHITE + FLUID)
NUCLEUS_EDGE = 0.5 * (WHITE + NUCLEUS)

Mask = NDArray[np.bool_]


class Builder:
    """The right half of the template, |x| as its first axis; the left is its mirror image."""

    def __init__(self, template: Template, marks: dict[str, Any]) -> None:
        self.marks = marks
        self.middle = round(-template.grid.affine[0, 3])  # index of x = 0
        half = slice(self.middle, None)
        self.t1w = template.t1w[half]
        self.gray = template.gray_matter[half]
        self.white = template.white_matter[half]
        self.brain = template.brain[half]
        self.csf = template.csf[half]
        self.origin = np.array([0.0, template.grid.affine[1, 3], template.grid.affine[2, 3]])
        self.xyz = np.indices(self.t1w.shape, dtype=np.float64) + self.origin.reshape(3, 1, 1, 1)

    # -- landmarks to volumes ---------------------------------------------------------------

    def index(self, point: list[float]) -> tuple[int, int, int]:
        """Voxel of a point in mm."""
        i, j, k = (int(v) for v in np.rint(np.asarray(point) - self.origin))
        return i, j, k

    def surface(self, name: str) -> NDArray[np.float64]:
        """Height of a boundary surface over its two other axes, for every voxel."""
        mark = self.marks["surfaces"][name]
        points = np.asarray(mark["points"], dtype=np.float64)
        first, second = (AXIS[axis] for axis in mark["of"])
        along = AXIS[mark["gives"]]
        plane = np.stack(
            np.meshgrid(
                np.arange(self.t1w.shape[first]) + self.origin[first],
                np.arange(self.t1w.shape[second]) + self.origin[second],
                indexing="ij",
            ),
            axis=-1,
        )
        height = LinearNDInterpolator(points[:, :2], points[:, 2])(plane)
        nearest = NearestNDInterpolator(points[:, :2], points[:, 2])(plane)
        height = np.where(np.isnan(height), nearest, height)
        return np.expand_dims(height, along)

    def outline(self, name: str) -> Mask:
        """A structure from its outlines: signed distances interpolated between the slices."""
        mark = self.marks["outlines"].get(name) or self.marks[name]
        along = AXIS[mark["plane"]]
        others = [axis for axis in range(3) if axis != along]
        shape = tuple(self.t1w.shape[axis] for axis in others)
        offset = self.origin[others]
        levels = sorted(mark["slices"])
        fields = []
        for level in levels:
            inside = polygon2mask(shape, np.asarray(mark["slices"][level]) - offset)
            fields.append(signed(inside, self.touches_midline(mark, level, along)))
        result = np.zeros(self.t1w.shape, dtype=bool)
        for low, high, below, above in zip(
            levels[:-1], levels[1:], fields[:-1], fields[1:], strict=True
        ):
            for level in range(low, high + 1):
                share = (level - low) / (high - low)
                where = [slice(None)] * 3
                where[along] = int(level - self.origin[along])
                result[tuple(where)] = (1 - share) * below + share * above < 0
        return result

    @staticmethod
    def touches_midline(mark: dict[str, Any], level: int, along: int) -> bool:
        """Whether an outline reaches x = 0, so that no edge is to be seen there."""
        return along != 0 and min(vertex[0] for vertex in mark["slices"][level]) <= 0

    def markers(self) -> NDArray[np.int32]:
        """Watershed markers: 1 cerebrum, 2 cerebellum, 3 brainstem."""
        seeds = np.zeros(self.t1w.shape, dtype=np.int32)
        x, _, z = self.xyz
        seeds[(self.white > 0.9) & (z > 0)] = 1
        above = self.diencephalon()
        seeds[above & (x < 22) & (z > -16) & (self.xyz[1] > -33)] = 1
        under = ~above & ndi.binary_dilation(above, iterations=3)
        seeds[under & (x < 12) & (self.xyz[1] > -33) & (z > -20) & (self.csf < 0.1)] = 3
        for code, name in ((1, "cerebrum"), (2, "cerebellum"), (3, "brainstem")):
            for line in self.marks["markers"][name]:
                for point in polyline(line):
                    seeds[self.index(point)] = code
        return np.where(self.brain, seeds, 0)

    def diencephalon(self) -> Mask:
        """Above and before the plane that ends the midbrain."""
        (y0, z0), (y1, z1) = self.marks["planes"]["midbrain_top"]
        _, y, z = self.xyz
        side: Mask = (y - y0) * (z0 - z1) + (z - z0) * (y1 - y0) > 0
        return side

    # -- structures -------------------------------------------------------------------------

    def compartments(self) -> tuple[Mask, Mask]:
        """Cerebellum and brainstem, cerebrospinal fluid around them included."""
        elevation = 255.0 - ndi.gaussian_filter(self.t1w, 0.5, mode="mirror")
        parts = watershed(elevation, self.markers(), mask=self.brain)
        below = parts >= 2
        behind = np.broadcast_to(self.xyz[1] < self.surface("brainstem_back"), below.shape)
        level, width = np.asarray(self.marks["brainstem_half_width"], dtype=float)[::-1].T
        narrow = self.xyz[0] <= np.interp(self.xyz[2], level, width)
        may_be = ~behind & ~self.diencephalon() & narrow
        stem = below & may_be
        whole = np.concatenate([stem[:0:-1], stem])  # so that closing sees no edge at x = 0
        closed = ndi.binary_closing(whole, iterations=4)[stem.shape[0] - 1 :]
        stem = closed & may_be & self.brain
        return below & ~stem, stem

    def ventricles(self) -> tuple[Mask, Mask, Mask]:
        """Lateral (with the temporal horn's proxy), third and fourth ventricle."""
        marks = self.marks["ventricles"]
        third = self.box("third_box") & (self.csf > 0.5)
        fourth = self.box("fourth_box") & (self.csf > 0.5)
        fourth = connected(fourth, self.index(marks["fourth_seed"]))
        fluid = self.brain & (self.t1w < FLUID_EDGE)
        lateral = connected(
            fluid & ~self.box("third_box") & self.near_core(), self.index(marks["lateral_seed"])
        )
        lateral = ndi.binary_closing(lateral, iterations=2) & ~third & (self.white < 0.5)
        return lateral | self.temporal_horn(), third, fourth

    def box(self, name: str) -> Mask:
        """A box between two corners in mm."""
        low, high = self.marks["ventricles"][name]
        inside = [(self.xyz[a] >= low[a]) & (self.xyz[a] <= high[a]) for a in range(3)]
        return np.logical_and.reduce(inside)

    def near_core(self) -> Mask:
        """Where the lateral ventricle may be: it must not run out into the cisterns."""
        x, y, z = self.xyz
        body = (x <= 42) & (y > -58) & (y < 40) & (z > -6) & (z < 36)
        occipital_horn = (x >= 19) & (x <= 36) & (y > -82) & (y <= -58) & (z > -2) & (z < 12)
        inside: Mask = body | occipital_horn
        return inside

    def temporal_horn(self) -> Mask:
        """Proxy: low T1 signal along the traced centre line of the horn."""
        line = polyline(self.marks["ventricles"]["temporal_horn"])
        trace = np.ones(self.t1w.shape, dtype=bool)
        for point in line:
            trace[self.index(point)] = False
        distance = ndi.distance_transform_edt(trace)
        horn: Mask = ((distance <= 4) & (self.t1w < FLUID_EDGE)) | (distance <= 1)
        return horn

    def sites(self) -> NDArray[np.uint8]:
        """The exclusive sites of the right half."""
        cerebellum, stem = self.compartments()
        lateral, third, fourth = self.ventricles()
        fluid = self.csf > 0.5
        sites = np.zeros(self.t1w.shape, dtype=np.uint8)
        sites[self.brain] = SITE["white_matter"]
        cortex = self.brain & (self.gray >= self.white)
        sites[cortex] = SITE["cortex"]
        core = self.outline("central_core")
        sites[core & cortex] = SITE["deep_gray_matter"]
        sites[self.deep_gray()] = SITE["deep_gray_matter"]
        callosum = self.outline("corpus_callosum") & (self.white > 0.5)
        sites[callosum] = SITE["corpus_callosum"]
        sites[cerebellum & self.brain] = SITE["cerebellum"]
        sites[stem & self.brain] = SITE["brainstem"]
        sites[fluid & self.brain] = SITE["csf"]
        sites[third] = SITE["third_ventricle"]
        sites[fourth] = SITE["fourth_ventricle"]
        sites[lateral & self.brain] = SITE["lateral_ventricle"]
        sites[self.ventricular_rim(sites)] = SITE["white_matter"]
        return sites

    @staticmethod
    def ventricular_rim(sites: NDArray[np.uint8]) -> Mask:
        """The false cortex round the lateral ventricles.

        Where white matter meets fluid the mixed voxels look grey. A sheet under 3 mm thick
        within 3 mm of a ventricle is such a rim; the calcar avis, which is cortex, is thicker.
        """
        cortex = sites == SITE["cortex"]
        cube = np.ones((3, 3, 3), dtype=bool)
        thick = ndi.binary_opening(np.pad(cortex, 2, mode="edge"), cube)[2:-2, 2:-2, 2:-2]
        near = ndi.distance_transform_edt(sites != SITE["lateral_ventricle"]) <= 3
        rim: Mask = cortex & ~thick & near
        return rim

    def deep_gray(self) -> Mask:
        """All nuclei, the hippocampus and the amygdala with them."""
        return np.logical_or.reduce([self.nucleus(name) for name in NUCLEI])

    def nucleus(self, name: str) -> Mask:
        """An outline, moved to the edges that the T1 map shows within 1.5 mm of it."""
        outline = self.outline(name)
        near = ndi.distance_transform_edt(~outline) <= 1.5
        own = (self.t1w > FLUID_EDGE) & (self.t1w < NUCLEUS_EDGE)
        if name == "pallidum":  # as bright as white matter on T1: the outline alone bounds it
            return outline
        return (near & own) | (outline & (self.t1w > FLUID_EDGE))

    def lobes(self, sites: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Lobes of the right half, as codes of the right side."""
        _, y, z = self.xyz
        limbic = self.nucleus("amygdala") | self.nucleus("hippocampus")
        limbic &= sites == SITE["deep_gray_matter"]
        lobar = np.isin(sites, [SITE["cortex"], SITE["white_matter"]]) | limbic
        lobar &= ~self.outline("central_core") | limbic
        lobes = np.zeros(sites.shape, dtype=np.uint8)
        lobes[y > self.surface("central_sulcus")] = LOBE["frontal_right"]
        lobes[y <= self.surface("central_sulcus")] = LOBE["parietal_right"]
        lobes[(z < self.surface("temporal_roof")) & (y < 25)] = LOBE["temporal_right"]
        lobes[limbic] = LOBE["temporal_right"]
        lobes[y < self.surface("occipital")] = LOBE["occipital_right"]
        lobes[self.outline("insula")] = LOBE["insula_right"]
        lobes[~lobar] = 0
        return lobes


def signed(inside: Mask, open_midline: bool) -> NDArray[np.float64]:
    """Signed distance to a 2-D outline, negative inside; mirrored where it crosses x = 0."""
    if open_midline:
        whole = np.concatenate([inside[:0:-1], inside])
        return signed(whole, open_midline=False)[inside.shape[0] - 1 :]
    out = ndi.distance_transform_edt(~inside)
    return np.asarray(out - ndi.distance_transform_edt(inside))


def connected(mask: Mask, seed: tuple[int, int, int]) -> Mask:
    """The 6-connected piece of `mask` that holds `seed`."""
    pieces, _ = ndi.label(mask)
    if pieces[seed] == 0:
        raise ValueError(f"seed {seed} lies outside its structure")
    return np.asarray(pieces == pieces[seed])


def both_sides(half: NDArray[np.uint8], shape: tuple[int, int, int]) -> NDArray[np.uint8]:
    """Mirror the right half about x = 0."""
    left = half[:0:-1]
    return np.concatenate([left, half])[-shape[0] :]


def build() -> tuple[list[NDArray[np.uint8]], NDArray[np.float64], int]:
    """Sites, lobes, parts and zones on the template's grid, its affine, the landmarks' version."""
    template = load_template()
    marks = yaml.safe_load((HERE / "region_landmarks.yaml").read_text())
    builder = Builder(template, marks)
    half_sites = builder.sites()
    half_lobes = builder.lobes(half_sites)
    half_parts = parts(builder, half_sites, half_lobes)
    half_zones = zones(builder, half_sites, half_parts)
    shape = template.grid.shape
    lobes = both_sides(half_lobes, shape)
    left = np.arange(lobes.shape[0]) < builder.middle
    lobes[left] = np.where(lobes[left] > 0, lobes[left] - 1, 0)  # left codes are one lower
    others = [both_sides(half, shape) for half in (half_sites, half_parts, half_zones)]
    return [others[0], lobes, *others[1:]], template.grid.affine, int(marks["version"])


def save(path: Path) -> None:
    """Write the volumes, cropped to the brain, as a 4-D NIfTI without a date."""
    volumes, affine, version = build()
    corner = np.argwhere(volumes[0] > 0).min(axis=0)
    end = np.argwhere(volumes[0] > 0).max(axis=0) + 1
    box = tuple(slice(a, b) for a, b in zip(corner, end, strict=True))
    affine = affine.copy()
    affine[:3, 3] += corner
    image = nib.Nifti1Image(np.stack([volume[box] for volume in volumes], axis=-1), affine)
    image.header.set_xyzt_units("mm")
    image.header.set_sform(affine, code=4)  # 4: MNI152
    image.header.set_qform(affine, code=4)
    image.header["descrip"] = f"lesionaid regions {version}: sites, lobes, parts, zones".encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as stream, gzip.GzipFile("", "wb", 9, stream, mtime=0) as packed:
        packed.write(image.to_bytes())
    print(f"{path.name}: version {version}, {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--output", type=Path, default=OUT)
    save(parser.parse_args().output)
