"""Cases in, verdicts out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lesionaid.criteria.load import load_rules
from lesionaid.criteria.model import RuleSet
from lesionaid.reading.use import Use
from lesionaid.rules_path import rules_dir
from lesionaid.signs.cases import Case
from lesionaid.signs.catalogue import SignCatalogue, load_catalogue
from lesionaid.tables import SignTable
from lesionaid.verdict.decide import decide
from lesionaid.verdict.model import Opinion, Prior, Verdict

__all__ = ["Judged", "Knowledge", "judge_case", "judge_cases", "load_knowledge"]


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What cases are held against: the signs, the rules, and a prior where a site has one."""

    catalogue: SignCatalogue
    rules: RuleSet
    prior: Prior | None = None


def load_knowledge(folder: Path | None = None, prior: Prior | None = None) -> Knowledge:
    """Signs and rules of a folder; of the package where none is named.

    Raises
    ------
    RuleError
    """
    folder = folder or rules_dir()
    catalogue = load_catalogue(folder)
    return Knowledge(catalogue, load_rules(folder, frozenset(catalogue.signs)), prior)


@dataclass(frozen=True, slots=True)
class Judged:
    """A case with its signs and its verdict.

    Parameters
    ----------
    id : str
    use : Use
    signs : SignTable
    verdict : Verdict
    """

    id: str
    use: Use
    signs: SignTable
    verdict: Verdict

    @property
    def answer(self) -> Opinion:
        """What was asked for: by the signs alone, or with the context that may be used."""
        by_context = self.verdict.with_context
        if self.use is Use.SIGNS or by_context is None:
            return self.verdict.images
        return by_context


def judge_case(case: Case, use: Use, knowledge: Knowledge) -> Judged:
    """Signs of one case through rules, criteria and verdict.

    Parameters
    ----------
    case : Case
        Read with ``use.parts``, so that it holds nothing else.
    use : Use
    knowledge : Knowledge

    Raises
    ------
    FormError
        ``E73`` when the prior is none.
    """
    prior = knowledge.prior
    verdict = decide(
        knowledge.rules,
        case.signs,
        case.context,
        prior=None if prior is None else prior.values,
        prior_source="uniform" if prior is None else prior.source,
    )
    return Judged(case.id, use, case.signs, verdict)


def judge_cases(cases: Iterable[Case], use: Use, knowledge: Knowledge) -> tuple[Judged, ...]:
    """Every case by itself, in the order given; no case knows of another."""
    return tuple(judge_case(case, use, knowledge) for case in cases)
