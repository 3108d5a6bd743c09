"""Cases through rules and verdict: what is used, what stands beside it, what is written."""

from __future__ import annotations

import json
import random
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from lesionaid.errors import FormError
from lesionaid.reading.judge import Judged, Knowledge, judge_cases, load_knowledge
from lesionaid.reading.output import COLUMNS, cases_sidecar, cases_tsv, read_json, read_outputs
from lesionaid.reading.prior import read_prior
from lesionaid.reading.summary import case_summary, summary
from lesionaid.reading.use import Use
from lesionaid.report.schemas import schema_text
from lesionaid.signs.cases import Case, read_cases
from lesionaid.verdict.model import PATTERNS

CASES = """
- id: pml-like
  signs: {new_or_enlarging: true, punctate_satellites: true, focal: false, cortical_gm: true}
  context: {host: ms, drug: natalizumab}
  serostatus: {jcv_csf_pcr: pos}
- id: ms-like
  signs: {new_or_enlarging: true, periventricular: true, focal: true, punctate_satellites: false}
- id: nothing
  signs: {}
"""


@cache
def knowledge() -> Knowledge:
    return load_knowledge()


def cases_of(folder: Path, text: str = CASES, use: Use = Use.SIGNS) -> tuple[Case, ...]:
    path = folder / "cases.yaml"
    path.write_text(text, encoding="utf-8")
    return read_cases(path, knowledge().catalogue, use=use.parts)


def judge(folder: Path, text: str = CASES, use: Use = Use.SIGNS) -> tuple[Judged, ...]:
    return judge_cases(cases_of(folder, text, use), use, knowledge())


def document(judged: tuple[Judged, ...]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(read_json(judged))
    return found


@pytest.mark.parametrize("use", list(Use))
def test_json_keeps_its_schema(tmp_path: Path, use: Use) -> None:
    found = document(judge(tmp_path, use=use))
    jsonschema.Draft202012Validator(json.loads(schema_text("read"))).validate(found)
    assert [case["id"] for case in found["cases"]] == ["pml-like", "ms-like", "nothing"]


def test_findings_are_those_on_known_signs(tmp_path: Path) -> None:
    first, _, nothing = judge(tmp_path)
    (written, _, empty) = document(judge(tmp_path))["cases"]
    known = [one.rule for one in first.answer.findings if one.truth.known]
    assert [one["rule"] for one in written["findings"]] == known
    assert known
    assert empty["findings"] == []
    assert nothing.answer.findings


def test_the_leader_is_the_pattern_the_signs_speak_for(tmp_path: Path) -> None:
    cases = document(judge(tmp_path))["cases"]
    assert cases[0]["ranking"][0] == "pml_like"
    assert cases[1]["ranking"][0] == "ms_like"
    assert cases[2]["pattern"] == "indeterminate"
    assert set(cases[2]["possible"]) == set(PATTERNS)


def test_signs_alone_know_nothing_of_the_context(tmp_path: Path) -> None:
    bare = CASES.replace("  context: {host: ms, drug: natalizumab}\n", "")
    bare = bare.replace("  serostatus: {jcv_csf_pcr: pos}\n", "")
    assert read_json(judge(tmp_path)) == read_json(judge(tmp_path, bare))


def test_signs_alone_stand_beside_the_context(tmp_path: Path) -> None:
    signs = document(judge(tmp_path))["cases"]
    context = document(judge(tmp_path, use=Use.CONTEXT))["cases"]
    assert all(case["signs_only"] is None for case in signs)
    for alone, more in zip(signs, context, strict=True):
        assert more["signs_only"]["scores"] == alone["scores"]
    assert context[0]["probabilities"]["nmosd_like"] == 0  # the host is known to have MS


def test_serology_is_used_only_when_asked_for(tmp_path: Path) -> None:
    held = {use: cases_of(tmp_path, use=use)[0].context for use in Use}
    assert not held[Use.SIGNS].values
    assert held[Use.CONTEXT].values
    assert not held[Use.CONTEXT].serostatus
    assert held[Use.SEROLOGY].serostatus == {"jcv_csf_pcr": "pos"}
    first = judge(tmp_path, use=Use.CONTEXT)[0]
    assert first.answer is first.verdict.with_context


def test_the_order_of_cases_does_not_matter(tmp_path: Path) -> None:
    judged = {one.id: one for one in judge(tmp_path)}
    blocks = CASES.strip().split("\n- ")
    blocks[0] = blocks[0].removeprefix("- ")
    random.Random(3).shuffle(blocks)
    again = judge(tmp_path, "\n".join(f"- {block}" for block in blocks))
    assert [one.id for one in again] != list(judged)
    for one in again:
        assert read_json((one,)) == read_json((judged[one.id],))


def test_same_input_same_bytes(tmp_path: Path) -> None:
    assert read_outputs(judge(tmp_path)) == read_outputs(judge(tmp_path))


def test_table_has_a_row_a_case_and_every_column_explained(tmp_path: Path) -> None:
    header, *rows = cases_tsv(judge(tmp_path)).decode().splitlines()
    assert header.split("\t") == list(COLUMNS)
    assert [row.split("\t")[0] for row in rows] == ["pml-like", "ms-like", "nothing"]
    assert {len(row.split("\t")) for row in rows} == {len(COLUMNS)}
    assert set(COLUMNS) <= set(cases_sidecar())
    jsonschema.Draft202012Validator(json.loads(schema_text("sidecar"))).validate(cases_sidecar())


def test_summary_tells_pattern_evidence_and_what_is_missing(tmp_path: Path) -> None:
    first, second, _ = judge(tmp_path)
    told = case_summary(first)
    assert "PML-like" in told
    assert "For " in told
    assert "lesion mask" not in told
    assert "Against" not in case_summary(second) or "MS-like" in case_summary(second)
    assert "PML is never excluded" in summary(judge(tmp_path))


def test_many_cases_are_a_line_each(tmp_path: Path) -> None:
    text = "\n".join(f"- {{id: c{i}, signs: {{periventricular: true}}}}" for i in range(12))
    told = summary(judge(tmp_path, text))
    assert sum(line.startswith("c") for line in told.splitlines()) == 12
    assert "12 cases" in told


def prior(folder: Path, text: str) -> Knowledge:
    path = folder / "prior.yaml"
    path.write_text(text, encoding="utf-8")
    return Knowledge(knowledge().catalogue, knowledge().rules, read_prior(path))


def test_a_prior_stands_beside_the_uniform_one(tmp_path: Path) -> None:
    known = prior(tmp_path, "{pml_like: 0.01, ms_like: 0.97, nmosd_like: 0.01, mogad_like: 0.01}")
    found = judge_cases(cases_of(tmp_path), Use.SIGNS, known)[0]
    assert found.answer.prior.source == "uniform"
    with_prior = found.verdict.with_context
    assert with_prior is not None
    assert with_prior.prior.source == "prior.yaml"
    assert with_prior.probabilities["ms_like"] > found.answer.probabilities["ms_like"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{pml_like: yes}", "E73"),
        ("{pml: 0.5}", "E73"),
        ("[1, 2]", "E56"),
    ],
)
def test_a_prior_that_is_none(tmp_path: Path, text: str, code: str) -> None:
    with pytest.raises(FormError) as caught:
        prior(tmp_path, text)
    assert caught.value.code == code


@pytest.mark.parametrize("shares", ["0.5, 0.5, 0.5, 0.5", "1.0, 0.0, 0.0, 0.0"])
def test_a_prior_must_give_each_pattern_a_share(tmp_path: Path, shares: str) -> None:
    text = "\n".join(
        f"{name}: {share}" for name, share in zip(PATTERNS, shares.split(", "), strict=True)
    )
    known = prior(tmp_path, text)
    with pytest.raises(FormError, match="E73"):
        judge_cases(cases_of(tmp_path), Use.SIGNS, known)
