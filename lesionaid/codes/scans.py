"""Codes of the gate: scans, masks and studies as files (E01 to E49, W01 to W29)."""

from __future__ import annotations

from lesionaid.codes.entry import Code

__all__ = ["SCANS"]

SCANS: dict[str, Code] = {
    "E01": Code(
        "file not found",
        "without the file nothing can be measured.",
        "check the path; for a dangling git-annex or DataLad link run 'datalad get FILE'.",
    ),
    "E02": Code(
        "file cannot be opened",
        "nothing of it can be measured.",
        "check that it is a file, not a folder, and that you may read it.",
    ),
    "E03": Code(
        "file is empty",
        "an empty file is what an interrupted copy or a full disk leaves behind.",
        "copy or export the scan again.",
    ),
    "E04": Code(
        "file is a web page, not an image",
        "a login or error page was saved in place of the scan.",
        "download the scan again while logged in, and look at its size before use.",
    ),
    "E05": Code(
        "file is a Git LFS pointer, not an image",
        "the repository holds only a reference to the scan.",
        "run 'git lfs pull' in the folder that holds it.",
    ),
    "E06": Code(
        "another file format",
        "only NIfTI is read, so that orientation and units mean one thing.",
        "convert to NIfTI: dcm2niix for DICOM, mri_convert for MGZ, unpack other archives.",
    ),
    "E07": Code(
        "file ends inside its header",
        "the file was cut off: orientation, size and voxels are missing.",
        "copy or export the scan again.",
    ),
    "E08": Code(
        "header has no valid size field",
        "the first number of a NIfTI file is 348 or 540; this file is damaged or no NIfTI at all.",
        "convert the scan again from its source.",
    ),
    "E09": Code(
        "NIfTI signature missing",
        "Analyze files and .hdr/.img pairs do not say left from right in one place; other files "
        "are no images.",
        "convert to a single .nii or .nii.gz from the original DICOM.",
    ),
    "E10": Code(
        "number of dimensions out of range",
        "the header is damaged; nothing after it can be trusted.",
        "convert the scan again from its source.",
    ),
    "E11": Code(
        "a dimension is zero or negative",
        "the header is damaged: the number of voxels is unknown.",
        "convert the scan again from its source.",
    ),
    "E12": Code(
        "not one three-dimensional scan",
        "it would be a guess which volume is meant, and a single slice has no volume.",
        "for a series choose one with --volume N (the first is 0); instead of a single slice "
        "give the whole scan.",
    ),
    "E13": Code(
        "colour image",
        "a screenshot or colour map holds no measured intensities.",
        "export the original grey-scale series.",
    ),
    "E14": Code(
        "complex image",
        "magnitude and phase must not be mixed up or dropped.",
        "export magnitude and phase as two real images.",
    ),
    "E15": Code(
        "data type not supported",
        "the voxels would be read wrongly.",
        "save the image as int16, uint16 or float32.",
    ),
    "E16": Code(
        "voxel offset is wrong",
        "header bytes would be read as voxels, shifting the whole image.",
        "convert the scan again from its source.",
    ),
    "E17": Code(
        "image is too large",
        "reading it would exhaust the memory; brain scans are far smaller, so the header is "
        "damaged or the file hostile.",
        "check the dimensions; crop or resample a truly larger scan.",
    ),
    "E18": Code(
        "voxels would begin after the end of the file",
        "the file was cut off or its header is damaged.",
        "copy or export the scan again.",
    ),
    "E19": Code(
        "no such volume in the series",
        "another volume would be another contrast.",
        "count volumes from 0 and choose one that exists with --volume N.",
    ),
    "E20": Code(
        "voxel size implausible for a brain scan",
        "volumes and distances in mm would be wrong; often the unit was not mm.",
        "check how the file was made and write the voxel size in mm.",
    ),
    "E21": Code(
        "voxel size in the header is zero, negative or not a number",
        "every volume and distance would be wrong.",
        "convert the scan again from DICOM; do not guess the size.",
    ),
    "E22": Code(
        "units are not millimetres",
        "programs read such files 1000 times too large or too small.",
        "save the scan with units of mm.",
    ),
    "E23": Code(
        "orientation matrix (sform) is not finite or far out of range",
        "positions, sides and volumes would be undefined.",
        "convert again from DICOM, or choose the other form with --prefer qform.",
    ),
    "E24": Code(
        "orientation matrix (sform) is singular",
        "the image would be flat: it has no volume and no sides.",
        "convert again from DICOM, or choose the other form with --prefer qform.",
    ),
    "E25": Code(
        "orientation quaternion (qform) is not valid",
        "programs invent different orientations for it.",
        "convert again from DICOM, or choose the other form with --prefer sform.",
    ),
    "E26": Code(
        "qform and sform disagree about left and right",
        "the side of every lesion would be a guess.",
        "choose --prefer sform or --prefer qform when you know which is right, or convert again "
        "from DICOM.",
    ),
    "E27": Code(
        "no orientation in the header (qform and sform codes are both 0)",
        "programs guess differently: left and right, front and back would be a guess.",
        "convert again from DICOM, or say what you know with --assume-orientation LAS (recorded "
        "in the output).",
    ),
    "E28": Code(
        "file is damaged or cut off",
        "part of the voxels is missing or wrong, and other programs may show zeros there "
        "without a warning.",
        "copy or export the scan again; 'gzip -t FILE' tests a copy.",
    ),
    "E29": Code(
        "qform and sform put the image in different places",
        "positions differ by millimetres, depending on the program that reads them.",
        "choose --prefer sform or --prefer qform when you know which is right, or convert again "
        "from DICOM.",
    ),
    "E30": Code(
        "scan holds no signal",
        "a constant image has nothing to measure; damaged files are often read as all zeros.",
        "export the scan again from its source.",
    ),
    "E31": Code(
        "b-values do not fit the series",
        "volumes would be taken for another diffusion weighting.",
        "give a .bval file with one number, zero or more, per volume, beside the image and of "
        "the same name.",
    ),
    "E32": Code(
        "diffusion series without b-values",
        "it is not known which volumes are diffusion-weighted.",
        "put the .bval file beside the image, or choose one volume with --volume N.",
    ),
    "E33": Code(
        "unit of the ADC map not recognised",
        "restricted and free diffusion would be confused.",
        "give the map in mm2/s, 10-3 mm2/s or 10-6 mm2/s.",
    ),
    "E34": Code(
        "the same image was given twice",
        "a comparison of an image with itself says 'no change' whatever the truth.",
        "give each contrast its own file.",
    ),
    "E35": Code(
        "mask covers too much to be lesions",
        "it is a brain or head mask, or inverted; every measurement would be meaningless.",
        "give the lesion mask; in a lesion mask lesions are 1 and everything else is 0.",
    ),
    "E36": Code(
        "mask lies outside the brain",
        "mask and scan do not belong together, or one of them is flipped.",
        "look at both in a viewer, and give the mask that was drawn on this scan.",
    ),
    "E37": Code(
        "mask holds several labels",
        "some labels may not be lesions (ventricles, brain), and merging them would be a guess.",
        "say what they are: --labels lst-ai, --labels instances (every number one lesion), or "
        "the lesion numbers, such as --labels 1,3.",
    ),
    "E38": Code(
        "this looks like an image, not like a mask",
        "grey values would be counted as lesions.",
        "give the mask itself; numbered lesions need --labels instances, probabilities must lie "
        "within 0 and 1.",
    ),
    "E39": Code(
        "label image holds values that are not labels",
        "labels are whole numbers; interpolated ones name the wrong structure.",
        "give the labels as written by the program, resampled only by nearest neighbour.",
    ),
    "E40": Code(
        "mask and scan lie on different grids",
        "the same voxel would mean different places, and lesions would be shifted.",
        "draw or resample the mask on the scan's grid (nearest neighbour); if both truly share "
        "one space add --resample-mask.",
    ),
    "E41": Code(
        "mask and scan lie in different spaces",
        "a mask in a template's space does not lie on a patient's own scan: sites and contrasts "
        "would be of other tissue.",
        "bring the mask into the scan's space with the inverse transform, or give scans and "
        "mask that are both in MNI space with --space mni.",
    ),
    "E42": Code(
        "more than one file could be meant",
        "choosing one silently could choose the wrong one.",
        "keep one of them in the folder, or name the file with its option (--flair, --t1 ...).",
    ),
    "E43": Code(
        "no scan or mask found",
        "nothing can be measured.",
        "use the names flair, t1w, t1w_ce, t2w, dwi, adc, swi, phase, lesions, anatomy, brain "
        "(.nii or .nii.gz) or BIDS names, or name files with options.",
    ),
    "E44": Code(
        "name not safe for BIDS",
        "odd characters in a subject's or session's name could lead outside the output folder.",
        "use letters, digits and + only, at most 64 of them.",
    ),
    "E45": Code(
        "option not understood",
        "a misread option would change every number.",
        "see 'lesionaid assess --help' for what it may be.",
    ),
    "W01": Code(
        "name does not match the content",
        "read by its content (compressed or not), not by its name.",
        "rename the file: .nii.gz when compressed, .nii when not.",
    ),
    "W02": Code(
        "one volume of a longer file is used",
        "a single volume was taken, as said here.",
        "nothing, if it is the right one.",
    ),
    "W03": Code(
        "very few slices",
        "shapes and regions cannot be judged on so few slices.",
        "give the whole scan if there is one.",
    ),
    "W04": Code(
        "bytes left over behind the voxels",
        "the header may name fewer voxels than were stored.",
        "check the dimensions; convert again from DICOM when they are wrong.",
    ),
    "W05": Code(
        "bits per voxel contradict the data type",
        "read by the data type, which fits the length of the file or is the only safe choice.",
        "save the image again with a program that writes both alike.",
    ),
    "W06": Code(
        "extremely compressible file",
        "real scans hold noise and do not shrink so far: the image may be empty or artificial.",
        "look at the scan in a viewer.",
    ),
    "W07": Code(
        "negative voxel size in the header",
        "the sform was used, which holds the truth; other programs may show other axes.",
        "convert again from DICOM.",
    ),
    "W08": Code(
        "handedness field (qfac) is neither 1 nor -1",
        "taken by its sign, as the standard's own reader does; a damaged header can mirror the "
        "image.",
        "check left and right in a viewer.",
    ),
    "W09": Code(
        "thick slices",
        "counts, confluence and shape are less certain, and small lesions may be missed (thick "
        "from 4.5 mm).",
        "use a 3-D scan of about 1 mm where there is one.",
    ),
    "W10": Code(
        "units are not stated",
        "millimetres are taken, as nearly every program does.",
        "nothing, if the voxel size is in mm.",
    ),
    "W11": Code(
        "sheared axes",
        "volumes are right here, but programs built on ITK refuse the file or change it.",
        "resample the scan to perpendicular axes.",
    ),
    "W12": Code(
        "voxel size and orientation matrix disagree",
        "volume is taken from the matrix; programs that multiply voxel sizes will differ.",
        "convert again from DICOM.",
    ),
    "W13": Code(
        "orientation code outside the standard",
        "the form was used as it stands; the header may be damaged.",
        "check position and sides in a viewer.",
    ),
    "W14": Code(
        "qform and sform differ",
        "one of them was used, as said here; other programs may place the image elsewhere.",
        "convert again from DICOM, or choose with --prefer.",
    ),
    "W15": Code(
        "intensity scaling is not a number",
        "values were read unscaled.",
        "save the image again with a valid scaling.",
    ),
    "W16": Code(
        "intensity offset without a slope",
        "by the standard the offset is ignored; some programs add it.",
        "save the image again with slope 1.",
    ),
    "W17": Code(
        "header or sidecar may hold personal data",
        "nothing of it is copied into any output; the file itself still holds it.",
        "remove names and dates before sharing the file; a program's version stamp is harmless.",
    ),
    "W18": Code(
        "orientation was assumed",
        "left and right rest on what was said on the command line, not on the file.",
        "verify the side in the original DICOM.",
    ),
    "W19": Code(
        "voxels that are not numbers",
        "they were set aside; a measurement inside them is unknown.",
        "check how the file was made.",
    ),
    "W20": Code(
        "diffusion series was combined",
        "DWI and ADC come from several volumes, as said here.",
        "give the scanner's own ADC map if you have it.",
    ),
    "W21": Code(
        "unit of the ADC map was converted",
        "recognised by its size; shown in 10-3 mm2/s.",
        "nothing, if brain tissue is near 0.8 there.",
    ),
    "W22": Code(
        "mask values were turned into lesion and background",
        "every value named here counts as lesion.",
        "nothing, if that is what the mask means.",
    ),
    "W23": Code(
        "probabilistic mask was cut at a threshold",
        "volumes and counts depend on it.",
        "state your own with --mask-threshold.",
    ),
    "W24": Code(
        "mask is empty",
        "read as 'no lesions', which is not the same as 'no mask'.",
        "nothing, if the segmentation truly found none.",
    ),
    "W25": Code(
        "chosen labels do not occur in the mask",
        "the result says 'no lesions' for these labels.",
        "check the label numbers against the values named here.",
    ),
    "W26": Code(
        "mask reaches outside the brain",
        "part of the lesions lies where the scan shows no brain.",
        "look at mask and scan in a viewer.",
    ),
    "W27": Code(
        "mask and scan differ by less than half a voxel",
        "accepted as rounding; lesions may be shifted by that much.",
        "write both with the same header.",
    ),
    "W28": Code(
        "mask stays on its own grid",
        "shape and volume are measured there; intensities are read through nearest-neighbour "
        "resampling.",
        "nothing, if mask and scan share one space.",
    ),
    "W29": Code(
        "files that were not recognised",
        "they were not used.",
        "rename them if they belong to the study, or name them with options.",
    ),
}
