"""``rules/README.md``: the knowledge as a chapter, made from the files themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations

from lesionaid.book.coverage import strengths
from lesionaid.book.preface import PREFACE
from lesionaid.book.surveillance import READ_AS, Surveillance
from lesionaid.book.words import NAMES, condition_words, evidence_words, link
from lesionaid.criteria.model import Alert, CriteriaSet, Disease, Pair, Performance, Rule, RuleSet
from lesionaid.criteria.strength import SMALLEST, Strength
from lesionaid.signs.catalogue import SignCatalogue

__all__ = ["chapter"]

LEVELS = {"lesion": "of each lesion group", "patient": "of the patient"}


def chapter(catalogue: SignCatalogue, rules: RuleSet, surveillance: Surveillance) -> str:
    """The whole chapter as Markdown; the same files give the same text.

    Parameters
    ----------
    catalogue : SignCatalogue
    rules : RuleSet
    surveillance : Surveillance
    """
    parts = [
        *_front(catalogue, rules),
        *_evidence(catalogue, rules),
        *_criteria(catalogue, rules),
        *_alerts(catalogue, rules),
        *_priors(rules),
        *_surveillance(surveillance),
        *_references(rules),
    ]
    return "\n".join(parts) + "\n"


def _front(catalogue: SignCatalogue, rules: RuleSet) -> Iterator[str]:
    yield "# What lesionaid knows, and from where"
    yield ""
    yield (
        "Made by `lesionaid rules book`; do not edit by hand. Research software. Not a medical "
        "device. It names patterns, never diagnoses, and PML is never excluded."
    )
    yield ""
    resolved = sum(bool(one.doi or one.pmid) for one in rules.references.values())
    yield (
        f"{len(rules.rules)} rules, {len(rules.criteria)} published criteria sets, "
        f"{len(rules.alerts)} alert, {len(catalogue.signs)} signs, "
        f"{len(rules.references)} sources, {resolved} of them with a DOI or a PMID."
    )
    yield ""
    yield PREFACE


def _evidence(catalogue: SignCatalogue, rules: RuleSet) -> Iterator[str]:
    weights = strengths(rules)
    for pair in combinations(Disease, 2):
        own = [rule for rule in rules.rules if rule.compares == pair]
        if not own:
            continue
        weighing = sum(_weighs(weights[rule.id]) for rule in own)
        yield ""
        yield f"## {NAMES[pair[0]]} against {NAMES[pair[1]]}"
        yield ""
        yield f"{len(own)} rules, {weighing} of them weigh.{_gap(pair)}"
        for group in sorted({rule.group for rule in own}):
            yield ""
            yield f"### {_title(group)}"
            for rule in own:
                if rule.group == group:
                    yield ""
                    yield from _rule(rule, weights[rule.id], catalogue)


def _weighs(strength: Strength) -> bool:
    return not strength.silent and max(strength.present, strength.absent) >= SMALLEST


def _gap(pair: Pair) -> str:
    if Disease.PML in pair and Disease.MS not in pair:
        return (
            " No study was found that compares these two directly: counts come from two studies "
            "each, fix a direction and an order of magnitude, and are capped."
        )
    return ""


def _title(group: str) -> str:
    return _sentence(group.replace("_", " "))[:-1]


def _rule(rule: Rule, strength: Strength, catalogue: SignCatalogue) -> Iterator[str]:
    yield f"**{rule.title}** (`{rule.id}`, grade {rule.grade}, {rule.status})"
    yield ""
    yield " ".join([*_meaning(rule, strength, catalogue), *_gates(rule, catalogue)])
    yield ""
    for evidence in rule.evidence:
        mark = " *Weighed.*" if evidence is strength.evidence and len(rule.evidence) > 1 else ""
        yield f"- {evidence_words(evidence, rule.toward, rule.against)}{mark}"
        if evidence.note:
            yield f"  - Note: {evidence.note}."
    yield f"- Limits: {'; '.join(rule.limits)}."


def _meaning(rule: Rule, strength: Strength, catalogue: SignCatalogue) -> Iterator[str]:
    seen = condition_words(rule.when, catalogue)
    target, other = NAMES[rule.toward], NAMES[rule.against]
    yield f"Asked {LEVELS[rule.level]}: {seen}."
    if strength.silent:
        yield f"It would speak for {target} over {other}, but weighs nothing: {strength.silent}."
    elif strength.present < SMALLEST and strength.absent < SMALLEST:
        yield f"It would speak for {target} over {other}, but too weakly to count."
    else:
        present = _weight(strength.present)
        yield f"Present, it speaks for {target} over {other} with weight {present};"
        if strength.absent < SMALLEST:
            yield "absent, it says nothing."
        else:
            yield f"absent, for {other} with weight {_weight(strength.absent)}."


def _weight(size: float) -> str:
    return f"{size:.2f}" if size >= SMALLEST else "0 (too weak to count)"


def _gates(rule: Rule, catalogue: SignCatalogue) -> Iterator[str]:
    if rule.gate is not None:
        gate = condition_words(rule.gate, catalogue)
        yield f"Counted on lesions that are {gate}: silent where that is known not to hold."
    if rule.population_gate is not None:
        gate = condition_words(rule.population_gate, catalogue)
        yield f"Silent unless this is known to hold: {gate}."
    if rule.unless is not None:
        yield f"Silent where this is known: {condition_words(rule.unless, catalogue)}."
    if rule.replaces:
        names = ", ".join(f"`{name}`" for name in rule.replaces)
        yield f"Where present it replaces {names}."


def _criteria(catalogue: SignCatalogue, rules: RuleSet) -> Iterator[str]:
    yield ""
    yield "## Published criteria sets"
    yield ""
    yield (
        "Each is met, not met or undetermined, by Kleene's three-valued logic: a missing scan "
        "leaves a set undetermined where it could still decide. A set weighs nothing by itself; "
        "where its accuracy was counted, that is a rule above. *Unverified* means that an item "
        "was only recalled."
    )
    for item in rules.criteria:
        yield ""
        yield from _set(item, catalogue)


def _set(item: CriteriaSet, catalogue: SignCatalogue) -> Iterator[str]:
    mark = "" if item.verified else ", unverified"
    yield f"**{item.title}** (`{item.id}`, {item.version}{mark})"
    yield ""
    yield f"- For: {item.target}."
    yield f"- Met when: {condition_words(item.when, catalogue)}."
    if item.requires is not None:
        yield f"- Undetermined unless: {condition_words(item.requires, catalogue)}."
    if item.undefined_when is not None:
        yield f"- Not defined where: {condition_words(item.undefined_when, catalogue)}."
    yield f"- Needs: {'; '.join(item.needs)}."
    for performance in item.performance:
        yield f"- {_performance(performance)}"
    yield f"- Limits: {'; '.join(item.limits)}."
    if item.recalled:
        yield f"- Only recalled: {'; '.join(item.recalled)}."
    yield f"- Source: {', '.join(link(cite) for cite in item.cite)}."


def _performance(found: Performance) -> str:
    figures = [
        f"{name} {value:g}"
        for name, value in (("sensitivity", found.sensitivity), ("specificity", found.specificity))
        if value is not None
    ]
    told = ", ".join(figures) or "no figure"
    note = f" {found.note}." if found.note else ""
    return (
        f"Against {found.against}: {told} ({found.population}; {link(found.cite)}, "
        f"{READ_AS[found.read]}).{note}"
    )


def _alerts(catalogue: SignCatalogue, rules: RuleSet) -> Iterator[str]:
    yield ""
    yield "## Alerts"
    yield ""
    yield "Raised whatever the scores say. Unknown does not fire, and silence is no reassurance."
    for alert in rules.alerts:
        yield ""
        yield from _alert(alert, catalogue)


def _alert(alert: Alert, catalogue: SignCatalogue) -> Iterator[str]:
    yield f"**{alert.title}** (`{alert.code}`)"
    yield ""
    yield f"- Says: {alert.text}"
    yield f"- On a new or enlarging lesion: {condition_words(alert.when_new, catalogue)}."
    open_ = condition_words(alert.when_novelty_unknown, catalogue)
    yield f"- Where novelty is not known: {open_}."
    yield f"- Limits: {'; '.join(alert.limits)}."
    yield f"- Source: {', '.join(link(cite) for cite in alert.cite)}."


def _priors(rules: RuleSet) -> Iterator[str]:
    yield ""
    yield "## Before the images"
    yield ""
    yield (
        "The headline knows no prior: all four patterns are equally likely. Beside it stands the "
        "result with context. There a site's own prior counts; without one, where the region is "
        "known, how common the demyelinating diseases are there divides their share:"
    )
    yield ""
    for row in rules.priors:
        note = f" {_sentence(row.note)}" if row.note else ""
        yield f"- {row.title} ({link(row.cite)}, {READ_AS[row.read]}).{note}"
    yield ""
    yield (
        "How often PML came up on natalizumab is quoted where everything that a stratum rests on "
        "is known, and is not used as a prior: a risk per 1000 patients over months of treatment "
        "is not the probability of PML in a scan that shows a new lesion."
    )
    yield ""
    for risk in rules.risks:
        source = f"{link(risk.cite)}, {READ_AS[risk.read]}"
        yield f"- {_sentence(risk.title)[:-1]}: {risk.per_1000} per 1000 ({source})."


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}."


def _surveillance(page: Surveillance) -> Iterator[str]:
    yield ""
    yield f"## {page.title}"
    yield ""
    yield page.notice
    for section in page.sections:
        yield ""
        yield f"### {section.title}"
        yield ""
        for fact in section.facts:
            note = f" {fact.note}." if fact.note else ""
            source = f"{link(fact.reference.key)}, {READ_AS[fact.read]}"
            yield f"- {fact.about}: {fact.says} ({source}).{note}"


def _references(rules: RuleSet) -> Iterator[str]:
    yield ""
    yield "## Sources"
    yield ""
    yield (
        "A title in square brackets is ours: the printed one was not seen. Where neither DOI nor "
        "PMID was found, the note says so."
    )
    yield ""
    references: Mapping[str, object] = rules.references
    for key in sorted(references):
        reference = rules.references[key]
        note = f" {reference.note}." if reference.note else ""
        yield (
            f'- <a id="{key}"></a>**{key}**: {reference.title}. {reference.journal} '
            f"{reference.year}. <{reference.address}>.{note}"
        )
