"""Every source of the knowledge leads to a DOI or a PMID, or says that none was found."""

from __future__ import annotations

from pathlib import Path

import pytest

from lesionaid.criteria.load import load_rules
from lesionaid.criteria.references import load_references
from lesionaid.errors import RuleError
from lesionaid.rules_path import rules_dir

SIGNS = frozenset(path.stem for path in (rules_dir() / "signs").glob("*.yaml"))
RULE_SET = load_rules(rules_dir(), SIGNS)
REFERENCES = RULE_SET.references
SAID = ("no DOI or PMID", "without DOI or PMID")


def test_every_reference_resolves_or_says_that_it_does_not() -> None:
    resolved = {key for key, one in REFERENCES.items() if one.doi or one.pmid}
    silent = {
        key
        for key, one in REFERENCES.items()
        if key not in resolved and not any(words in one.note for words in SAID)
    }
    doi = sum(bool(one.doi) for one in REFERENCES.values())
    pmid = sum(bool(one.pmid) for one in REFERENCES.values())
    print(
        f"{len(REFERENCES)} references: {doi} with a DOI, {pmid} with a PMID, "
        f"{len(resolved)} with either, {len(REFERENCES) - len(resolved)} with a note instead"
    )
    assert not silent


def test_no_note_denies_an_address_that_stands_there() -> None:
    denied = {
        key
        for key, one in REFERENCES.items()
        if (one.doi or one.pmid) and any(words in one.note for words in SAID)
    }
    assert not denied


def test_no_two_references_share_an_address() -> None:
    for name in ("doi", "pmid"):
        given = [getattr(one, name) for one in REFERENCES.values() if getattr(one, name)]
        assert len(given) == len(set(given))


def test_every_reference_is_cited() -> None:
    text = "".join(
        path.read_text() for path in rules_dir().rglob("*.yaml") if path.name != "references.yaml"
    )
    assert not {key for key in REFERENCES if key not in text}


def test_an_address_alone_needs_a_note(tmp_path: Path) -> None:
    path = tmp_path / "references.yaml"
    entry = 'a2020:\n  title: A\n  journal: B\n  year: 2020\n  url: "https://example.org/a"\n'
    path.write_text(entry)
    with pytest.raises(RuleError) as refused:
        load_references(path)
    assert refused.value.code == "E69"
    assert "address alone" in str(refused.value)
    path.write_text(entry + "  note: no DOI or PMID was found\n")
    assert load_references(path)["a2020"].address == "https://example.org/a"
