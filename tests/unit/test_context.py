"""The clinical context: names, values, spellings; unknown is never "no"."""

from __future__ import annotations

from pathlib import Path

import pytest

from lesionaid.context import (
    ClinicalContext,
    context_keys,
    parse_context,
    read_context,
    serostatus_keys,
)
from lesionaid.errors import FormError
from lesionaid.truth import Truth


def parse(mapping: object) -> ClinicalContext:
    return parse_context(mapping, file="context.yaml")


def test_keys_of_the_issues_are_there() -> None:
    assert {
        *("age", "sex", "host", "drug", "drug_months", "days_since_stop", "phase", "acute_attack"),
        *("tumefactive", "pml_stage", "region", "referral", "jcv_index", "question", "plex_days"),
        *("prior_immunosuppressant", "dosing", "drug_start", "drug_stop", "scan_date"),
    } <= set(context_keys())
    assert {"aqp4_igg", "mog_igg", "ocb", "kappa", "jcv_csf_pcr", "jcv_serum_ab"} <= set(
        serostatus_keys()
    )


def test_every_key_is_explained_and_usable() -> None:
    for key in (*context_keys().values(), *serostatus_keys().values()):
        assert key.title
        assert key.explain.endswith(".")
        assert bool(key.values) == (key.kind in ("choice", "name")), key.name
        assert (key.kind == "number") == (key.low is not None and key.high is not None), key.name
        assert not key.values or set(key.spellings.values()) == set(key.values), key.name


def test_no_spelling_leads_to_two_values() -> None:
    import yaml

    from lesionaid.context import plain_name
    from lesionaid.rules_path import rules_dir

    rows = yaml.safe_load((rules_dir() / "context.yaml").read_text())
    names: list[str] = []
    for section in ("context", "serostatus"):
        for name, row in rows[section].items():
            names += map(plain_name, (name, *row.get("aliases", ())))
            spellings = [
                plain_name(text)
                for value, entry in row.get("values", {}).items()
                for text in {plain_name(value), *map(plain_name, entry.get("aliases", ()))}
            ]
            assert len(spellings) == len(set(spellings)), name
    assert len(names) == len(set(names))


def test_aliases_of_keys_and_values() -> None:
    context = parse(
        {
            "host": "Multiple Sclerosis",
            "drug": "Tysabri",
            "sex": "female",
            "serostatus": {"aqp4": "positive", "mog": "low-pos"},
        }
    )
    assert context.values == {"sex": "F", "host": "ms", "drug": "natalizumab"}
    assert context.serostatus == {"aqp4_igg": "pos", "mog_igg": "low_pos"}


def test_serology_goes_home_wherever_it_was_written() -> None:
    flat = parse({"aqp4_igg": "neg_cba", "host": "none"})
    nested = parse({"context": {"host": "none"}, "serostatus": {"aqp4_igg": "neg_cba"}})
    assert flat == nested


def test_unknown_and_absent_are_the_same() -> None:
    assert parse({"host": "unknown", "drug": None, "age": None}) == ClinicalContext()
    assert parse(None) == ClinicalContext()


def test_not_tested_is_never_negative() -> None:
    context = parse({"aqp4_igg": "not_tested", "mog_igg": "neg"})
    assert context.truth("aqp4_igg", "neg") is Truth.UNKNOWN
    assert context.truth("mog_igg", "neg") is Truth.TRUE
    assert context.truth("mog_igg", "clear_pos") is Truth.FALSE
    assert context.truth("ocb", "pos") is Truth.UNKNOWN


def test_truth_of_booleans() -> None:
    context = parse({"tumefactive": False, "plex": True})
    assert context.truth("tumefactive") is Truth.FALSE
    assert context.truth("plex") is Truth.TRUE
    assert context.truth("acute_attack") is Truth.UNKNOWN


def test_earlier_and_present_drug() -> None:
    values = parse({"drug": "natalizumab then fingolimod"}).values
    assert values == {"drug": "fingolimod", "drug_before": "natalizumab"}
    assert parse({"drug": "Some New Drug"}).values == {"drug": "some_new_drug"}


def test_notes_are_read_and_not_kept() -> None:
    assert parse({"drug_note": "51 infusions", "host_note": "J. Smith"}) == ClinicalContext()


def test_phase_settles_acute_attack() -> None:
    assert parse({"phase": "acute"}).values["acute_attack"] is True
    assert parse({"phase": "remission"}).values["acute_attack"] is False
    with pytest.raises(FormError, match="contradicts"):
        parse({"phase": "chronic", "acute_attack": True})


def test_days_follow_from_dates() -> None:
    dates = {"scan_date": "2020-03-01", "drug_stop": "2020-02-01", "prior_scan_date": "2019-03-02"}
    values = parse(dates).values
    assert values["days_since_stop"] == 29
    assert values["prior_interval_days"] == 365
    assert parse({**dates, "days_since_stop": 30}).values["days_since_stop"] == 30
    later = parse({"scan_date": "2020-03-01", "drug_stop": "2020-04-01"}).values
    assert "days_since_stop" not in later
    assert "plex_days" not in values


@pytest.mark.parametrize(
    ("mapping", "code", "words"),
    [
        ({"drgu": "x"}, "E51", ["'drgu'", "nearest: drug"]),
        ({"qqqqqqqq": 1}, "E51", ["known: age"]),
        ({"host": "mss"}, "E52", ["host: 'mss'", "hiv", "transplant"]),
        ({"age": "45"}, "E52", ["a number from 0 to 120"]),
        ({"age": 400}, "E52", ["400"]),
        ({"age": True}, "E52", ["True"]),
        ({"tumefactive": "yes"}, "E52", ["true, false or unknown"]),
        ({"drug_stop": "01.02.2020"}, "E52", ["yyyy-mm-dd"]),
        ({"drug_stop": "2020-13-01"}, "E52", ["yyyy-mm-dd"]),
        ({"aqp4": "maybe"}, "E52", ["pos_elisa_only", "not_tested"]),
        ({"drug": ["a"]}, "E52", ["drug"]),
        ({"aqp4": "pos", "aqp4_igg": "neg"}, "E52", ["twice"]),
        ([1], "E56", ["keys with values"]),
        ({"serostatus": "pos"}, "E56", ["keys with values"]),
    ],
)
def test_refusals(mapping: object, code: str, words: list[str]) -> None:
    with pytest.raises(FormError) as caught:
        parse(mapping)
    assert caught.value.code == code
    for word in words:
        assert word in caught.value.message
    assert "context.yaml" in caught.value.message


def test_file_with_line_numbers(tmp_path: Path) -> None:
    path = tmp_path / "context.yaml"
    path.write_text("host: ms\ndrug: natalizumab\nserostatus:\n  aqp4: perhaps\n")
    with pytest.raises(FormError) as caught:
        read_context(path)
    assert caught.value.file == "context.yaml:4"
    path.write_text("host: ms\ndrug_months: 30\n")
    assert read_context(path).values == {"host": "ms", "drug_months": 30.0}


def test_order_of_the_form_leaves_no_trace() -> None:
    a = parse({"host": "ms", "age": 40})
    b = parse({"age": 40, "host": "ms"})
    assert list(a.values.items()) == list(b.values.items())
