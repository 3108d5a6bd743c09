"""The table of codes: what each means, why it matters, how to mend it.

``E..`` ends the work on a study, ``W..`` is a note that travels with the result,
``A..`` ends as ``not_analysable``. Numbers are never reused.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["CODES", "Code"]


class Code(NamedTuple):
    """One row of the table."""

    title: str
    why: str
    fix: str


CODES: dict[str, Code] = {
    "E01": Code(
        "file not found",
        "without the file nothing can be measured.",
        "check the path; for a dangling git-annex or DataLad link run 'datalad get FILE'.",
    ),
    "E50": Code(
        "form cannot be read",
        "a value read otherwise than its writer meant it would change the verdict unseen.",
        "write plain YAML or JSON: each key once, true and false as they are, no tags, anchors "
        "or aliases; mend the line named above.",
    ),
    "E51": Code(
        "unknown key in the clinical context",
        "a misspelt key would be ignored, and its absence taken for 'not known'.",
        "use one of the names offered above; 'lesionaid read --template' writes a form with "
        "every key explained.",
    ),
    "E52": Code(
        "value not allowed in the clinical context",
        "context opens and closes rules: a value that no rule knows would silence them unseen.",
        "use one of the values listed above, or leave the key out when it is not known.",
    ),
    "E53": Code(
        "unknown sign",
        "a misspelt sign would be ignored, and its absence taken for 'not reported'.",
        "use one of the names offered above; 'lesionaid read --template' writes a form with "
        "every sign explained.",
    ),
    "E54": Code(
        "value not allowed for a sign",
        "a sign is true, false or unknown; anything else could be read either way.",
        "write true or false (or one of the values listed above), or leave the sign out when "
        "it is not known.",
    ),
    "E55": Code(
        "no such lesion",
        "a sign given for a lesion that is not there would be lost.",
        "use a lesion id of lesions.tsv, or 'biggest'.",
    ),
    "E56": Code(
        "form of the wrong shape",
        "parts that are not where they belong would be overlooked.",
        "compare the form with 'lesionaid read --template' and mend the part named above.",
    ),
    "E57": Code(
        "case list that cannot be used",
        "cases that cannot be told apart cannot be reported apart.",
        "give every case its own id, and put all cases into one list.",
    ),
    "E60": Code(
        "knowledge file cannot be read",
        "the knowledge must be read the same way by everyone who opens it.",
        "write plain YAML: each key once, no tags, anchors or aliases; mend the line named above.",
    ),
    "E61": Code(
        "field missing or unknown in a sign file",
        "a misspelt field would be ignored and the sign would mean something else.",
        "mend the field named above; the schema of sign files lists them all.",
    ),
    "E62": Code(
        "value not allowed in a sign file",
        "a sign whose definition cannot be evaluated would always be unknown.",
        "mend the value named above.",
    ),
    "E63": Code(
        "sign files that do not fit together",
        "a name must lead to one sign, and every sign named must exist.",
        "rename or remove one of the two, or add the sign that is missing.",
    ),
    "E64": Code(
        "the folder of rules is missing",
        "without the rules no sign has a meaning.",
        "install lesionaid again; in a checkout keep 'rules/' beside 'lesionaid/'.",
    ),
    "E74": Code(
        "cannot write the output",
        "results would be lost or half-written.",
        "choose an output folder that exists, is writable and has free space.",
    ),
}
