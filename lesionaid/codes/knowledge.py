"""Codes of forms, cases, signs, rules and references (E50 to E73)."""

from __future__ import annotations

from lesionaid.codes.entry import Code

__all__ = ["KNOWLEDGE"]

KNOWLEDGE: dict[str, Code] = {
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
    "E65": Code(
        "rule file with a wrong shape",
        "a rule that is misread would weigh on every patient.",
        "mend the field named here; an example stands in CONTRIBUTING.",
    ),
    "E66": Code(
        "condition outside the grammar",
        "conditions are signs and context under all, any, none, at_least and count; nothing else.",
        "write the condition with these words.",
    ),
    "E67": Code(
        "unknown sign or context key in a rule",
        "a misspelt sign would stay unknown for ever, and the rule silent.",
        "use a file name of rules/signs or a key of rules/context.yaml.",
    ),
    "E68": Code(
        "evidence that does not hold together",
        "weights are computed from these numbers.",
        "check the numbers against the source.",
    ),
    "E69": Code(
        "reference missing or without an address",
        "every number must lead to its source.",
        "add the DOI, PMID or a stable address to rules/references.yaml.",
    ),
    "E70": Code(
        "rule id that does not fit",
        "ids are folder and file name, so that a finding leads to its file.",
        "make id and file name agree.",
    ),
    "E71": Code(
        "rule file that is not strict YAML",
        "duplicate keys, aliases and implicit types change a rule silently.",
        "mend the line named here.",
    ),
    "E72": Code(
        "rule without its cases",
        "cases that come out true, false and unknown keep a rule from drifting.",
        "add a .cases.yaml beside it with all three.",
    ),
    "E73": Code(
        "prior that is no probability",
        "a prior must give each pattern a share above zero, together one.",
        "give pml_like, ms_like, nmosd_like and mogad_like, each above 0, summing to 1.",
    ),
}
