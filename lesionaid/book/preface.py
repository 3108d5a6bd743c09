"""The words before the rules: how to read them, and why the weights are what they are."""

from __future__ import annotations

__all__ = ["PREFACE"]

PREFACE = """\
## How to read this

A **sign** is what a neuroradiologist would say of a scan; its definition, threshold and source
are in `signs/`. A **rule** is one sign, or a combination, as evidence between two diseases. A
**criteria set** is published as a whole and is met, not met or undetermined. All of it is data:
to disagree with a line, open the file of that name and change it; `lesionaid rules check` says
whether it still holds together.

Two questions are asked, in this order. Is any lesion, above all a new or enlarging one,
PML-like? Then, with PML-flagged lesions left out: MS-like, NMOSD-like or MOGAD-like? The order
matters, because the headline criteria of the other diseases misfire on a PML-like scan:
Matthews' criteria take a juxtacortical PML lesion for MS, Cacciaguerra's take a brain without
MS lesions for NMOSD.

A sign that was not reported or could not be imaged is **unknown**, never absent. An unknown
sign weighs nothing, and the verdict lists what would settle it.

## Weighing: one formula

Evidence is pairwise and never pooled across comparators. A table gives likelihood ratios from
its counts; published sensitivity and specificity give them without an interval; an odds ratio or
a frequency gives half its logarithm, at most 0.7; a row of a consensus table gives 0.35, every
row of a table is encoded or none, and it is only shown where counts exist for the same sign.

- weight = half of ln(LR), multiplied by |ln LR| / (1.96 SE) where the interval crosses 1. The
  half stands for signs that are not independent and for readers' judgements that a program only
  imitates.
- Capped at 2.0 for grades A and B, 0.7 for C, D and E; evidence from two different studies is
  never above C. An absent sign weighs at most 0.35, and 0 where its ratio comes from two
  studies, from scans outside attacks, or where the rule says that its absence says nothing.
- Intervals are never narrower than the published odds ratio's: ratings of a few patients are not
  independent. An empty cell takes its bound from the number of *patients*.
- Correlated signs share a group (the headings below), and for a pair only the strongest row of a
  group counts. A subtype replaces its parent: ring enhancement replaces any enhancement.
- Pair weights are summed over groups, and the four scores are solved once from all pairs (least
  squares, sum zero). Rows under 0.1 are shown and not solved: they would assert that two
  diseases are equal.
- Over several lesion groups the mean of the likelihood ratios is taken, not the largest: one of
  them is the PML lesion, and nobody knows which.
- What was only recalled weighs nothing until somebody has checked it.

These settings were compared once, on 35 published cases, before any code was written; differences
under five cases are noise, and no setting may be tuned to a case. Weighing the full ln(LR) put
the published diagnosis first in 15 of 35, half of it in 22; a cap of 1.0 for grades A and B in
21, of 0.35 for C in 20; letting a subtype replace its parent in 24; leaving near-zero rows out of
the solve and grouping the correlated signs, with one solve over all pairs, in 25.

**Grades.** A: two-by-two counts in one population and a multivariable model; B: two-by-two
counts, significant; C: not significant, an empty cell, another comparator, or two studies; D: a
frequency in one group; E: consensus. **Weight** is a natural logarithm: 0.7 doubles the odds, 2.0
makes them seven-fold."""
