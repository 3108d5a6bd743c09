"""The report: one offline HTML file, no script, no network, the same bytes every time.

Everything that comes from a file or a form goes through the template's escaping; the style
is allowed by its hash and nothing else is, so that even markup that slipped through would
neither run nor load.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import jinja2
from markupsafe import Markup

from lesionaid.anatomy.colours import hex_code
from lesionaid.assessment import Assessment
from lesionaid.criteria.load import load_rules
from lesionaid.criteria.model import RuleSet
from lesionaid.report.evidence import (
    FindingView,
    cited,
    criteria_views,
    finding_views,
    moved_by,
    score_chart,
)
from lesionaid.report.figures import LARGEST_DRAWN, Figures, chosen_lesions, draw_figures
from lesionaid.report.lesion_cards import (
    TABLE_COLUMNS,
    flagged,
    lesion_cards,
    lesion_rows,
    sign_groups,
    total_volume,
)
from lesionaid.report.qc import QualityPicture, quality_pictures
from lesionaid.report.words import (
    clean,
    needs_words,
    pattern_words,
    plain,
    signed,
    value_words,
)
from lesionaid.rules_path import rules_dir
from lesionaid.signs.catalogue import SignCatalogue, load_catalogue
from lesionaid.study.scan import Contrast, Source, Study
from lesionaid.verdict.model import INTENDED_USE, PATTERNS

__all__ = ["Knowledge", "load_knowledge", "report_html"]

ASKS_FOR_A_LOOK = frozenset({"A01", "A03", "A05", "W26", "W34"})
"""Codes by which the quality pictures stand open in the page."""

_TEMPLATES = "lesionaid.report.templates"


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Titles, counts and references that the report prints beside the result."""

    rules: RuleSet
    signs: SignCatalogue


def load_knowledge() -> Knowledge:
    """Read the installed rules and signs."""
    signs = load_catalogue()
    return Knowledge(load_rules(rules_dir(), frozenset(signs.signs)), signs)


def report_html(assessment: Assessment, knowledge: Knowledge | None = None) -> bytes:
    """Draw the report.

    Parameters
    ----------
    assessment : Assessment
    knowledge : Knowledge, optional
        The installed rules and signs when left out.
    """
    figures = _figures(assessment)
    style = _text("report.css") + _columns(figures)
    page = (
        _environment()
        .get_template("report.html.j2")
        .render(
            style=Markup(style),
            policy=_policy(style),
            **_context(assessment, figures, knowledge or load_knowledge()),
        )
    )
    return page.lstrip().encode()


def _columns(figures: Figures | None) -> str:
    """Column widths by which the three planes of a brain come out at one scale."""
    drawn = next(iter(figures.lesions.values())).whole if figures and figures.lesions else ()
    if not drawn:
        return ""
    widths = " ".join(f"minmax(0, {picture.size[0]}fr)" for picture in drawn)
    return f".whole {{ grid-template-columns: {widths}; }}\n"


def _policy(style: str) -> str:
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _text(name: str) -> str:
    return files(_TEMPLATES).joinpath(name).read_text(encoding="utf-8")


def _heaviest(findings: Sequence[FindingView], leader: str) -> list[FindingView]:
    """Counted findings that bear on the leading pattern, heaviest first."""
    bearing = [one for one in findings if one.counted and leader in (one.toward, one.against)]
    return sorted(bearing, key=lambda one: -one.weight)


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_text),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalize,
    )
    environment.filters.update(
        pattern=pattern_words, plain=plain, signed=signed, needs=needs_words, value=value_words
    )
    return environment


def _finalize(value: object) -> object:
    return clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _context(
    assessment: Assessment, figures: Figures | None, knowledge: Knowledge
) -> dict[str, Any]:
    """Everything that the template may say."""
    verdict = assessment.verdict
    findings = finding_views(verdict.findings, knowledge.rules, knowledge.signs)
    criteria = criteria_views(verdict, knowledge.rules, knowledge.signs)
    table = assessment.measurements
    columns = [title for name, title in TABLE_COLUMNS.items() if table and name in table.specs]
    return {
        "intended_use": INTENDED_USE,
        "alert_titles": {alert.code: alert.title for alert in knowledge.rules.alerts},
        "verdict": verdict,
        "patterns": PATTERNS,
        "study": assessment.study,
        "anatomy": assessment.anatomy,
        "scans": _scan_rows(assessment.study),
        "missing": [c for c in Contrast if c not in assessment.study.scans],
        "quality": _quality(assessment),
        "pictures": [_quality_view(one) for one in _quality_pictures(assessment)],
        "asks_for_a_look": ASKS_FOR_A_LOOK,
        "notes": assessment.notes,
        "lesions": assessment.lesions,
        "table": table,
        "total_volume": total_volume(table),
        "columns": columns,
        "rows": lesion_rows(assessment, figures.lesions if figures else {}),
        "cards": lesion_cards(assessment, figures, knowledge.signs) if figures else (),
        "background": figures.background if figures else "",
        "largest_drawn": LARGEST_DRAWN,
        "patient_signs": sign_groups(assessment.signs.patient, knowledge.signs, values=False),
        "findings": findings,
        "heaviest": _heaviest(findings, pattern_words(verdict.leader)),
        "criteria": criteria,
        "moved": moved_by(findings),
        "charts": _charts(assessment),
        "populations": _populations(findings),
        "references": cited(findings, criteria, knowledge.rules),
        "sign_titles": {name: spec.title for name, spec in knowledge.signs.signs.items()},
        "not_assessable": _not_assessable(assessment, knowledge.signs),
        "provenance": assessment.provenance,
    }


def _figures(assessment: Assessment) -> Figures | None:
    if assessment.lesions is None or not assessment.lesions.lesions:
        return None
    chosen = chosen_lesions(assessment.lesions, flagged(assessment))
    return draw_figures(assessment.study, assessment.anatomy, assessment.lesions, chosen)


def _scan_rows(study: Study) -> list[tuple[str, Source]]:
    rows = [(str(contrast), scan.source) for contrast, scan in study.scans.items()]
    for role, image in (
        (_mask_role(study), study.lesions),
        ("anatomy labels", study.anatomy),
        ("brain mask", study.brain),
    ):
        if image is not None:
            rows.append((role, image.source))
    return rows


def _mask_role(study: Study) -> str:
    given = study.lesions is None or study.lesions.origin == "given"
    return "lesion mask" if given else "lesion candidates, seen by no reader"


def _quality(assessment: Assessment) -> list[tuple[str, str]]:
    anatomy = assessment.anatomy
    if anatomy is None:
        return []
    rows = [(plain(name), value_words(value)) for name, value in anatomy.quality.items()]
    if anatomy.error_mm is not None:
        rows.insert(0, ("median error of a distance", f"{anatomy.error_mm:.1f} mm"))
    return rows


def _quality_pictures(assessment: Assessment) -> tuple[QualityPicture, ...]:
    notes = [(note.code, note.text) for note in assessment.notes]
    reasons = [(reason.code, reason.text) for reason in assessment.verdict.reasons]
    study, anatomy = assessment.study, assessment.anatomy
    return quality_pictures(study, anatomy, assessment.lesions, (*notes, *reasons))


def _quality_view(one: QualityPicture) -> dict[str, Any]:
    """A picture as the page shows it; it is unfolded where its notes ask for a look."""
    width, height = one.picture.size
    return {
        "name": one.name,
        "title": one.title,
        "caption": one.caption,
        "alt": one.alt,
        "url": f"data:image/png;base64,{base64.b64encode(one.picture.png).decode()}",
        "width": width,
        "height": height,
        "key": [(name, hex_code(colour)) for name, colour in one.key],
        "figures": one.figures,
        "notes": one.notes,
        "urgent": any(code in ASKS_FOR_A_LOOK for code, _ in one.notes),
    }


def _charts(assessment: Assessment) -> list[dict[str, Any]]:
    """Imaging alone and imaging with context side by side, and question B."""
    verdict = assessment.verdict
    opinions = [
        ("Images alone", verdict.images),
        ("Images and context", verdict.with_context),
        ("Among the demyelinating patterns, PML-flagged lesions left out", verdict.demyelinating),
    ]
    return [
        {"title": title, "opinion": opinion, "chart": score_chart(opinion)}
        for title, opinion in opinions
        if opinion is not None
    ]


def _populations(findings: tuple[FindingView, ...]) -> dict[str, list[str]]:
    """Whom each source studied, by its key, without repeats."""
    found: dict[str, list[str]] = {}
    for view in findings:
        for entry in view.evidence:
            known = found.setdefault(entry.cite, [])
            if entry.population and entry.population not in known:
                known.append(entry.population)
    return found


def _not_assessable(
    assessment: Assessment, signs: SignCatalogue
) -> Mapping[str, list[tuple[str, str]]]:
    """Signs that nobody could assess, by what they need: title and reason."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for row in assessment.verdict.not_assessable:
        title = signs.signs[row.sign].title if row.sign in signs.signs else plain(row.sign)
        needs = needs_words(row.needs) or "no further scan: see the reason"
        groups.setdefault(needs, []).append((title, row.detail or plain(row.reason)))
    return dict(sorted(groups.items(), key=lambda item: (-len(item[1]), item[0])))
