"""Codes of what could not be analysed, and of how well it could (A.., W30 to W59)."""

from __future__ import annotations

from lesionaid.codes.entry import Code

__all__ = ["STUDIES"]

STUDIES: dict[str, Code] = {
    "A01": Code(
        "no brain found in a whole head",
        "regions are found by registration to a brain-only template; scalp, eyes and neck taken "
        "for brain, or half a brain, would put every site in the wrong place.",
        "look at the scan for a cut-off head, a strong artefact or a wrong orientation; give "
        "brain-extracted scans, or a brain mask (--brain-mask MASK, or a file named brain in the "
        "study folder), or --anatomy LABELS from FreeSurfer, FastSurfer or SynthSeg.",
    ),
    "A02": Code(
        "brain template not found",
        "without the MNI152 template no region can be found.",
        "install nilearn, which carries it: pip install 'nilearn>=0.11'.",
    ),
    "A03": Code(
        "registration to the template failed",
        "sites and distances would be of other tissue.",
        "look at the scan for a wrong orientation, a cut-off brain or a strong artefact; or give "
        "--anatomy LABELS from FreeSurfer, FastSurfer or SynthSeg, or a brain mask.",
    ),
    "A04": Code(
        "no scan to find the anatomy on",
        "a mask alone does not show where the ventricles and the cortex are.",
        "give a FLAIR, T1w or T2w, or --anatomy LABELS; a mask that is in MNI152 needs "
        "--space mni.",
    ),
    "A05": Code(
        "anatomy labels not recognised",
        "labels of another numbering would name the wrong sites.",
        "give aseg, aparc+aseg or SynthSeg labels in FreeSurfer's numbering, on a grid that "
        "overlaps the scan.",
    ),
    "A06": Code(
        "shipped region map is damaged",
        "sites would be wrong or missing.",
        "install lesionaid again.",
    ),
    "A20": Code(
        "no lesion mask",
        "without one nothing can be measured, and 'no mask' is not 'no lesion'.",
        "give a lesion mask (--lesions, or lesions.nii.gz in the study's folder), or leave out "
        "--no-segment and let candidates be found.",
    ),
    "A21": Code(
        "lesion candidates cannot be looked for",
        "they are found on FLAIR; other contrasts show fluid and lesions alike.",
        "give a FLAIR, or a lesion mask (--lesions).",
    ),
    "A22": Code(
        "no lesion candidate was found",
        "that is not 'no lesion': small, faint and cortical lesions fall below every setting.",
        "look at the FLAIR; lower --seed; or give a mask (an empty one, where a reader saw none).",
    ),
    "A23": Code(
        "the outside segmenter found no lesion",
        "that is not 'no lesion': nobody has looked at the scan.",
        "look at the FLAIR; or give a mask (an empty one, where a reader saw none).",
    ),
    "W40": Code(
        "lesions are candidates, found by lesionaid and seen by no reader",
        "some are not lesions and some lesions are missing; every count and sign rests on them.",
        "look at the label map over the FLAIR, mend it, and give it back with --lesions.",
    ),
    "W41": Code(
        "few candidates: many of them may be false",
        "where the true load is low, false candidates weigh as much as lesions.",
        "look at every one; raise --seed to 3 or 3.5 to see which ones stay.",
    ),
    "W42": Code(
        "lesions are candidates of an outside segmenter, seen by no reader",
        "what it misses or makes up, every count and sign rests on.",
        "look at its mask over the FLAIR, mend it, and give it back with --lesions.",
    ),
    "W30": Code(
        "contrast moved onto the reference grid",
        "it was resampled linearly; slices thicker than the reference stay as coarse as they were.",
        "nothing to do; look at the overlay if the quality figure is low.",
    ),
    "W31": Code(
        "contrast left out: it could not be aligned",
        "its values would be of other tissue; what needs it is unknown.",
        "check that it is of the same patient and date, or give it resampled onto the reference.",
    ),
    "W32": Code(
        "prior could not be aligned with the current study",
        "new and old lesions cannot be told apart; novelty is unknown.",
        "check that the prior is of the same patient, or give it resampled onto the current scan.",
    ),
    "W33": Code(
        "prior moved onto the current study",
        "a shift of a voxel can make a lesion edge look new.",
        "nothing to do; look at the quality figure.",
    ),
    "W34": Code(
        "registration to the template is weak",
        "sites and distances may be off by more than the stated error.",
        "look at the regions over the scan before trusting locations.",
    ),
    "W35": Code(
        "no brain scan in the prior or the current study to align by",
        "the two masks were laid on one another by their headers alone.",
        "give a scan for each date, or make sure that both masks share one space.",
    ),
    "W36": Code(
        "labels name no gyri: lobes are unknown",
        "signs that need a lobe cannot be read.",
        "give aparc+aseg or SynthSeg's parcellation (--parc) instead of aseg.",
    ),
    "W37": Code(
        "brain found in a whole head",
        "the mask was found by lesionaid; where it takes in too much or too little, sites near the "
        "surface are wrong.",
        "look at its outline, or give a brain mask of your own (--brain-mask).",
    ),
}
