"""Codes of writing, of options, and of defects (E74 to E99, U..)."""

from __future__ import annotations

from lesionaid.codes.entry import Code

__all__ = ["RUNNING"]

RUNNING: dict[str, Code] = {
    "E74": Code(
        "cannot write the output",
        "results would be lost or half-written.",
        "choose an output folder that exists, is writable and has free space.",
    ),
    "E75": Code(
        "a file cannot be read",
        "without it the result would rest on something else than was asked for.",
        "check the path and its permissions.",
    ),
    "E76": Code(
        "not enough memory",
        "the study is larger than this machine can hold at once.",
        "close other programs, or run on a machine with at least 8 GB of memory.",
    ),
    "E77": Code(
        "a case of a rule comes out differently",
        "the rule no longer means what its cases say it means.",
        "mend the rule or the sign behind it; change the case only if it was wrong.",
    ),
    "E85": Code(
        "the outside segmenter cannot be started",
        "there is no mask to go on with.",
        "check the command's name and that it is installed; it is run without a shell.",
    ),
    "E86": Code(
        "the outside segmenter failed",
        "a mask that it may have left behind cannot be trusted.",
        "run the command by hand; its last words are above.",
    ),
    "E87": Code(
        "the outside segmenter ran too long",
        "it was stopped; what it wrote is not complete.",
        "give it more time with --segmenter-timeout, or run it apart and use --lesions.",
    ),
    "E88": Code(
        "the outside segmenter wrote no mask",
        "there is nothing to measure, and 'no mask' is not 'no lesion'.",
        "let the command write a NIfTI mask to {out}, or into the folder {out_dir}.",
    ),
    "E99": Code(
        "a defect of lesionaid: please report it",
        "an error that was not foreseen; nothing was written.",
        "run again with LESIONAID_DEBUG=1 and send what it prints, without patient data.",
    ),
    "U01": Code(
        "no study was named",
        "there is nothing to assess.",
        "give a folder, or single scans with --flair, --t1, --lesions …",
    ),
    "U02": Code(
        "the output would overwrite an input",
        "a scan or mask of the patient would be lost.",
        "choose another folder with -o.",
    ),
    "U03": Code(
        "unknown code",
        "codes are never reused, so this one may belong to another version.",
        "run 'lesionaid explain' without a code for the list.",
    ),
    "U04": Code(
        "unknown schema",
        "there is no output of that name.",
        "run 'lesionaid schema' without a name for the list.",
    ),
    "U05": Code(
        "--labels cannot be read",
        "the numbers of a multi-label mask would be taken for something they are not.",
        "give 'instances', 'lst-ai', or the lesion labels with commas: --labels 1,2.",
    ),
    "U06": Code(
        "unknown rule or sign",
        "there is no rule, sign or criteria set of that name.",
        "run 'lesionaid rules list' for the names.",
    ),
    "U07": Code(
        "nothing to read",
        "lesionaid read needs cases and a place for the results, or --template.",
        "lesionaid read CASES.yaml -o OUT; or lesionaid read --template DIR for empty forms.",
    ),
    "U08": Code(
        "options of the blinded forms that do not fit",
        "forms that cannot be told apart, or told from the key, spoil a reader study.",
        "give --template with --cases; name each reader once, in letters, digits, - and _.",
    ),
    "U09": Code(
        "a form is there already",
        "a form that a reader has filled in would be lost.",
        "choose another folder, or move the old forms away.",
    ),
    "U20": Code(
        "unknown disease or family",
        "there is no generator of that name.",
        "choose one of those named, or all.",
    ),
    "U21": Code(
        "no room for the lesions",
        "no brain that was tried could hold what the generator wanted to put there.",
        "choose another --seed, or a smaller --voxel.",
    ),
    "U22": Code(
        "the output folder is not empty",
        "simulated studies could be taken for what lies there.",
        "choose a folder that is empty or does not exist.",
    ),
    "U23": Code(
        "unknown contrast",
        "the simulator cannot scan what it does not know.",
        "give names with commas, of FLAIR, T1w, T1w_ce, T2w, DWI, ADC, SWI and phase.",
    ),
    "U30": Code(
        "a setting of the segmentation is out of range",
        "candidates would be noise, or nothing.",
        "choose --seed between 1.5 and 6 (2 to 3.5 is useful) and --extent auto, white_matter or "
        "cortical.",
    ),
    "U31": Code(
        "the segmenter's command cannot be used",
        "the command line was not understood, or asks for a scan that is not there.",
        "name {out} or {out_dir}, and of {flair} {t1} {t1ce} {t2} {brain} only what the study has.",
    ),
    "U32": Code(
        "options about finding lesions contradict one another",
        "only one source of lesions can be meant.",
        "give one of --lesions, --segmenter and --no-segment.",
    ),
}
