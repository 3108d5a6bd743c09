"""The page: one file, nothing loads, nothing injected runs, everything that must be said is."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from lesionaid.assessment import Assessment
from lesionaid.errors import Note
from lesionaid.quantity import Reason, Unknown
from lesionaid.report.figures import LARGEST_DRAWN, chosen_lesions, draw_figures
from lesionaid.report.page import load_knowledge, report_html
from lesionaid.report.words import clean, pattern_words, signed, value_words
from lesionaid.study.scan import Contrast, Study
from lesionaid.tables import SignValue
from lesionaid.truth import Truth
from lesionaid.verdict.model import AlertRaised, Stated
from tests.unit.report_phantom import (
    anatomy,
    assessment,
    lesion_map,
    opinion,
    source,
    study,
    without_lesions,
)

ATTACKS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</style><script>alert(1)</script>",
    "{{ 7 * 7 }}{% for x in y %}",
    "javascript:alert(1)",
    "</title><svg onload=alert(1)>",
    "<!-- --><iframe src=//evil.example></iframe>",
    "\u202egnp.exe",
    "\x1b[31mred",
    "<base href=//evil.example>",
    "]]><link rel=stylesheet href=//evil.example>",
]


class Page(HTMLParser):
    """Tags with their attributes, ids, and the text outside style."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._styled = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._styled = tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self._styled = False

    def handle_data(self, data: str) -> None:
        if not self._styled:
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))

    @property
    def ids(self) -> set[str]:
        return {attrs["id"] for _, attrs in self.tags if attrs.get("id")}


def page(whole: Assessment) -> Page:
    return Page(report_html(whole).decode())


@pytest.fixture(scope="module")
def drawn() -> Page:
    return page(assessment())


def test_sections_stand_in_the_order_of_a_structured_report(drawn: Page) -> None:
    order = [attrs.get("id") for tag, attrs in drawn.tags if tag in ("section", "p")]
    wanted = [
        *("disclaimer", "technique", "comparison", "findings", "criteria"),
        *("verdict", "open", "limits", "provenance", "references"),
    ]
    assert [name for name in order if name in wanted] == wanted


def test_it_says_what_it_is_and_is_not(drawn: Page) -> None:
    assert "PML is never excluded" in drawn.text
    assert "Not a medical device" in drawn.text
    assert "Radiological convention" in drawn.text
    assert "Not given: T2w" in drawn.text


def test_unknown_is_told_from_absent(drawn: Page) -> None:
    assert "needs DWI" in drawn.text
    assert re.search(r"Not assessable \(\d+\)", drawn.text)
    assert "novelty unknown" in drawn.text


def test_findings_come_with_counts_and_citations(drawn: Page) -> None:
    assert "56 of 105 against 1 of 110 ratings; LR+ 58.7" in drawn.text
    assert "doi.org/10.1136/jnnp-2016-313772" in drawn.text
    assert "natalizumab" in drawn.text


def test_links_inside_the_page_lead_somewhere(drawn: Page) -> None:
    targets = [
        attrs["href"][1:]
        for tag, attrs in drawn.tags
        if tag == "a" and (attrs.get("href") or "").startswith("#")
    ]
    assert targets
    assert set(targets) <= drawn.ids


def test_nothing_is_loaded_and_no_script_runs(drawn: Page) -> None:
    policy = next(a["content"] for t, a in drawn.tags if a.get("http-equiv"))
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'sha256-")
    assert "unsafe" not in policy
    loading = {"script", "link", "iframe", "object", "embed", "base", "form", "video", "audio"}
    assert not loading & {tag for tag, _ in drawn.tags}
    for tag, attrs in drawn.tags:
        if tag == "img":
            assert (attrs["src"] or "").startswith("data:image/png;base64,")
            assert "alt" in attrs
        assert "style" not in attrs
        assert not any(name.startswith("on") for name in attrs)
        href = attrs.get("href") or "#"
        assert href.startswith(("#", "https://"))


def test_the_policy_names_the_hash_of_the_style() -> None:
    import base64
    import hashlib

    html = report_html(assessment()).decode()
    style = re.search(r"<style>(.*?)</style>", html, re.S)
    assert style
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"sha256-{digest}" in html


@pytest.mark.parametrize("attack", ATTACKS)
def test_injected_text_stays_text(attack: str) -> None:
    clean_tags = [tag for tag, _ in page(assessment()).tags]
    whole = assessment()
    scans = {
        contrast: replace(scan, source=source(attack))
        for contrast, scan in whole.study.scans.items()
    }
    verdict = replace(
        whole.verdict,
        images=replace(whole.verdict.images, reasons=(Stated("x", attack),)),
        alerts=(AlertRaised("pml_review", attack, (1,)),),
    )
    spoiled = replace(
        whole,
        study=replace(whole.study, scans=scans),
        verdict=verdict,
        notes=(Note("W10", attack, attack),),
        provenance=replace(whole.provenance, options={attack: attack}),
    )
    html = report_html(spoiled).decode()
    assert [tag for tag, _ in Page(html).tags] == clean_tags
    assert "\u202e" not in html
    assert "\x1b" not in html


def test_same_bytes_twice() -> None:
    assert report_html(assessment()) == report_html(assessment())


def test_a_study_without_lesions_is_said_not_to_be_searched() -> None:
    drawn = page(without_lesions())
    assert "lesions were not looked for" in drawn.text
    assert "Not analysable" in drawn.text
    images = [attrs for tag, attrs in drawn.tags if tag == "img"]
    assert len(images) == 1
    assert "coarse" in (images[0]["alt"] or "")
    assert "a face must not be shown" in drawn.text


def test_context_stands_beside_images() -> None:
    whole = assessment()
    context = replace(opinion("pml_like"), patterns=("pml_like",))
    drawn = page(replace(whole, verdict=replace(whole.verdict, with_context=context)))
    assert "Images alone: Indeterminate" in drawn.text
    assert "Images and context: PML-like" in drawn.text
    assert drawn.text.count("Under the prior") == 2


def test_reader_signs_show_their_source() -> None:
    from lesionaid.tables import SignSource

    whole = assessment()
    lesions = {number: dict(signs) for number, signs in whole.signs.lesions.items()}
    lesions[1]["central_vein"] = SignValue(Truth.TRUE, source=SignSource.READER)
    drawn = page(replace(whole, signs=replace(whole.signs, lesions=lesions)))
    assert "Central vein reader" in drawn.text


# --- which lesions are drawn, and what of the head ---------------------------------------


def test_flagged_lesions_are_drawn_first_and_specks_never() -> None:
    assert chosen_lesions(lesion_map(), ()) == (1, 2, 3)
    assert chosen_lesions(lesion_map(), (3,)) == (3, 1, 2)
    assert chosen_lesions(lesion_map(), (99,)) == (1, 2, 3)
    assert LARGEST_DRAWN == 12


def test_other_contrasts_are_shown_at_the_same_place() -> None:
    figures = draw_figures(study(), anatomy(), lesion_map(), (1,))
    assert figures.background == "FLAIR"
    assert [name for name, _ in figures.lesions[1].contrasts] == ["T1w"]
    assert len(figures.lesions[1].whole) == len(figures.lesions[1].close) == 3


def test_a_head_without_brain_mask_is_drawn_close_by_only() -> None:
    figures = draw_figures(study(), None, lesion_map(), (1,))
    assert figures.lesions[1].whole == ()
    assert len(figures.lesions[1].close) == 3


def test_a_mask_alone_is_drawn_on_a_schematic_brain() -> None:
    alone = Study({}, None, lesions=study().lesions, space="mni")
    figures = draw_figures(alone, anatomy(), lesion_map(), (1,))
    assert figures.background == "anatomy"
    assert len(figures.lesions[1].whole) == 3


def test_unaligned_scans_are_not_compared() -> None:
    figures = draw_figures(replace(study(), aligned=False), None, lesion_map(), (1,))
    assert figures.lesions[1].contrasts == ()
    assert figures.background == Contrast.FLAIR


# --- words -------------------------------------------------------------------------------


def test_words() -> None:
    from lesionaid.quantity import Quantity, Unit

    assert pattern_words("pml_like") == "PML-like"
    assert signed(-0.25) == "−0.25"
    assert value_words(Quantity(46870.0, Unit.MM3)) == "46.9 ml"
    assert value_words(Quantity(-2.64, Unit.MM)) == "−2.64 mm"
    assert value_words(Quantity(606.2, Unit.MM3)) == "606 mm³"
    assert value_words(Quantity(1234.0, Unit.COUNT)) == "1234"
    assert value_words(Unknown(Reason.IMAGE_MISSING, "no DWI", ("DWI",))) == "no DWI (needs DWI)"
    assert clean("a\u202eb\x00c\n") == "abc\n"


def test_the_volume_is_the_patients_not_the_masks() -> None:
    from lesionaid.quantity import Quantity, Unit

    whole = assessment()
    scaled = {**whole.measurements.study, "total_volume_mm3": Quantity(32641.7, Unit.MM3)}
    drawn = page(replace(whole, measurements=replace(whole.measurements, study=scaled)))
    assert "total volume 32.64 ml" in drawn.text
    unknown = {**scaled, "total_volume_mm3": Unknown(Reason.SCALE_UNKNOWN, "normalised")}
    drawn = page(replace(whole, measurements=replace(whole.measurements, study=unknown)))
    assert "total volume normalised" in drawn.text


def test_knowledge_loads() -> None:
    known = load_knowledge()
    assert "wijburg2016" in known.rules.references
    assert "punctate_satellites" in known.signs.signs


def test_template_text_is_not_evaluated() -> None:
    whole = assessment()
    spoiled = replace(whole, notes=(Note("W10", "{{ 7 * 191 }}"),))
    assert "1337" not in page(spoiled).text


def test_question_b_does_not_show_the_pattern_it_leaves_out() -> None:
    whole = assessment()
    asked = opinion("ms_like")
    prior = replace(asked.prior, values={**asked.prior.values, "pml_like": 0.0})
    second = replace(asked, prior=prior)
    drawn = page(replace(whole, verdict=replace(whole.verdict, demyelinating=second)))
    part = drawn.text.split("PML-flagged lesions left out")[1].split("What moved")[0]
    assert "PML-like" not in part.split("Under the prior")[1]
    assert "NMOSD-like" in part
