"""Lesions prepared for a reader: a row of the table each, a card for those that are drawn."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass

from lesionaid.assessment import Assessment
from lesionaid.quantity import Quantity, Unit, Unknown
from lesionaid.report.figures import Figures
from lesionaid.report.pictures import Picture, Plane
from lesionaid.report.words import needs_words, pattern_words, plain, unknown_words, value_words
from lesionaid.signs.catalogue import SignCatalogue
from lesionaid.tables import MeasurementTable, SignSource, SignValue
from lesionaid.truth import Truth

__all__ = [
    "TABLE_COLUMNS",
    "LesionCard",
    "LesionRow",
    "PictureView",
    "SignGroups",
    "flagged",
    "lesion_cards",
    "lesion_rows",
    "sign_groups",
    "total_volume",
]

NOVELTY = "new_or_enlarging"
TABLE_COLUMNS: Mapping[str, str] = {
    "location": "Location",
    "lobe": "Lobe",
    "volume_mm3": "Volume",
    "diameter_max_mm": "Longest diameter",
}
"""Measurements of the overview, where the catalogue has them."""

_POSITION = {Plane.AXIAL: "z", Plane.CORONAL: "y", Plane.SAGITTAL: "x"}


@dataclass(frozen=True, slots=True)
class LesionRow:
    """One line of the overview."""

    lesion: int
    cells: tuple[str, ...]
    satellites: int
    novelty: str
    pattern: str
    alert: bool
    drawn: bool


@dataclass(frozen=True, slots=True)
class SignGroups:
    """Signs by what is known of them.

    Parameters
    ----------
    present : tuple of (str, str)
        Title and the value behind it.
    absent : tuple of str
    unknown : tuple of (str, tuple of str)
        What would settle them, or why nothing would, and the titles that share it.
    """

    present: tuple[tuple[str, str], ...]
    absent: tuple[str, ...]
    unknown: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def n_unknown(self) -> int:
        """Number of signs that could not be assessed."""
        return sum(len(titles) for _, titles in self.unknown)


@dataclass(frozen=True, slots=True)
class PictureView:
    """A picture as the page shows it; both layers are ``data:`` addresses."""

    slice_url: str
    outline_url: str
    width: int
    height: int
    caption: str
    alt: str


@dataclass(frozen=True, slots=True)
class LesionCard:
    """Everything that is said of one lesion."""

    lesion: int
    heading: str
    pattern: str
    alert: str
    satellites: tuple[int, ...]
    whole: tuple[PictureView, ...]
    close: tuple[PictureView, ...]
    contrasts: tuple[PictureView, ...]
    signs: SignGroups
    measurements: tuple[tuple[str, str, str], ...]


def flagged(assessment: Assessment) -> tuple[int, ...]:
    """Lesions that are drawn whatever their size: with an alert, PML-like, or new."""
    verdict = assessment.verdict
    alerts = [lesion for alert in verdict.alerts for lesion in alert.lesions]
    named = [row.lesion for row in verdict.lesions if row.pattern == "pml_like"]
    new = [row.lesion for row in verdict.lesions if row.new_or_enlarging is Truth.TRUE]
    return tuple(dict.fromkeys([*alerts, *named, *new]))


def total_volume(table: MeasurementTable | None) -> str:
    """Volume of all lesions in the patient's ml, specks included, or why it is not known.

    Taken from the measurements: a mask normalised to MNI has another size than the patient.
    """
    value = None if table is None else table.study.get("total_volume_mm3")
    if isinstance(value, Quantity):
        return value_words(Quantity(value.value / 1000.0, Unit.ML), digits=4)
    return value_words(value)


def lesion_rows(assessment: Assessment, drawn: Mapping[int, object]) -> tuple[LesionRow, ...]:
    """The overview, specks left out, in order of id."""
    table = assessment.measurements
    if table is None:
        return ()
    columns = [name for name in TABLE_COLUMNS if name in table.specs]
    satellites = {group.main: len(group.satellites) for group in table.groups}
    patterns = {row.lesion: row.pattern for row in assessment.verdict.lesions}
    alerts = {lesion for alert in assessment.verdict.alerts for lesion in alert.lesions}
    return tuple(
        LesionRow(
            lesion=lesion,
            cells=tuple(value_words(table.lesions[lesion].get(name)) for name in columns),
            satellites=satellites.get(lesion, 0),
            novelty=_novelty(assessment.signs.lesions.get(lesion, {}).get(NOVELTY)),
            pattern=pattern_words(patterns[lesion]) if lesion in patterns else "",
            alert=lesion in alerts,
            drawn=lesion in drawn,
        )
        for lesion in sorted(table.lesions)
        if lesion not in table.specks
    )


def _novelty(sign: SignValue | None) -> str:
    if sign is None or sign.truth is Truth.UNKNOWN:
        return "unknown"
    return "new or enlarging" if sign.truth is Truth.TRUE else "no"


def lesion_cards(
    assessment: Assessment, figures: Figures, catalogue: SignCatalogue
) -> tuple[LesionCard, ...]:
    """A card for every lesion that was drawn, in the order of drawing."""
    table, verdict = assessment.measurements, assessment.verdict
    satellites = {
        group.main: group.satellites for group in (table.groups if table is not None else ())
    }
    patterns = {row.lesion: row.pattern for row in verdict.lesions}
    cards = []
    for lesion, drawn in figures.lesions.items():
        values = table.lesions.get(lesion, {}) if table is not None else {}
        heading = ", ".join(
            value_words(values[name])
            for name in TABLE_COLUMNS
            if name in values and not isinstance(values[name], Unknown)
        )
        specs = table.specs if table is not None else {}
        cards.append(
            LesionCard(
                lesion=lesion,
                heading=heading,
                pattern=pattern_words(patterns[lesion]) if lesion in patterns else "",
                alert=" ".join(a.text for a in verdict.alerts if lesion in a.lesions),
                satellites=satellites.get(lesion, ()),
                whole=tuple(_view(p, figures.background, lesion) for p in drawn.whole),
                close=tuple(_view(p, figures.background, lesion) for p in drawn.close),
                contrasts=tuple(_view(p, name, lesion, name) for name, p in drawn.contrasts),
                signs=sign_groups(assessment.signs.lesions.get(lesion, {}), catalogue),
                measurements=tuple(
                    (plain(name), value_words(values[name]), specs[name].description)
                    for name in specs
                    if name in values
                ),
            )
        )
    return tuple(cards)


def sign_groups(
    signs: Mapping[str, SignValue], catalogue: SignCatalogue, *, values: bool = True
) -> SignGroups:
    """Signs as present, absent and not assessable, in the order of the catalogue.

    Parameters
    ----------
    signs : mapping of str to SignValue
    catalogue : SignCatalogue
    values : bool
        Whether to show the value behind a sign; the patient's is some lesion's.
    """
    present: list[tuple[str, str]] = []
    absent: list[str] = []
    unknown: dict[str, list[str]] = {}
    for name, sign in signs.items():
        title = _title(name, sign, catalogue)
        if sign.truth is Truth.TRUE:
            present.append((title, _behind(sign, values)))
        elif sign.truth is Truth.FALSE:
            absent.append(title)
        else:
            unknown.setdefault(_obstacle(sign.unknown), []).append(title)
    return SignGroups(
        tuple(present),
        tuple(absent),
        tuple((reason, tuple(titles)) for reason, titles in unknown.items()),
    )


def _title(name: str, sign: SignValue, catalogue: SignCatalogue) -> str:
    """Title of a sign, marked where no real scan was there to check its measure."""
    spec = catalogue.signs.get(name)
    if spec is None:
        return plain(name)
    unchecked = spec.validation == "unvalidated" and sign.source is SignSource.MEASURED
    return f"{spec.title} (unvalidated)" if unchecked and sign.truth.known else spec.title


def _obstacle(unknown: Unknown | None) -> str:
    """What a sign needs; where no scan would help, why it is unknown."""
    if unknown is None:
        return "not reported"
    needs = needs_words(unknown.needs)
    return f"needs {needs}" if needs else unknown_words(unknown)


def _behind(sign: SignValue, values: bool) -> str:
    """The value behind a sign, and who says so where it was not measured.

    A bare ratio says nothing without its definition: it stays in ``signs.tsv``.
    """
    bare = isinstance(sign.value, Quantity) and sign.value.unit is Unit.NONE
    shown = values and sign.value is not None and not bare
    parts = [value_words(sign.value)] if shown else []
    if sign.source is not SignSource.MEASURED:
        parts.append(str(sign.source))
    return ", ".join(parts)


def _view(picture: Picture, contrast: str, lesion: int, caption: str = "") -> PictureView:
    plane = picture.plane
    place = f"{_POSITION[plane]} {picture.position_mm:.0f} mm"
    left, right, _, _ = plane.sides
    return PictureView(
        slice_url=_data_url(picture.slice_png),
        outline_url=_data_url(picture.outline_png),
        width=picture.size[0],
        height=picture.size[1],
        caption=caption or f"{plane.word.capitalize()}, {place}",
        alt=f"{contrast}, {plane.word} slice through lesion {lesion}, {left} left, {right} right",
    )


def _data_url(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"
