"""In how many ways of analysing the same runs does a claim hold?

Every combination of the protocol's debatable choices is one universe. Source: Steegen et al.,
Perspectives on Psychological Science 11 (2016), multiverse analysis.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product
from statistics import median
from typing import Any

import pandas as pd

from harness.analysis.protocols import Protocol
from harness.analysis.runset import RunSet
from harness.analysis.schemas import MULTIVERSE
from harness.analysis.scores import figures
from harness.analysis.significance import Row, verdicts
from harness.analysis.winners import winner, winner_only
from harness.records.run import Run
from harness.records.tables import records
from harness.vocabulary import TrialStatus

Options = Mapping[str, Sequence[Any]]
"""Field of the protocol -> the values to try."""

WINNERS: Options = {
    "skip_first_trial": (True, False),
    "diverged_may_win": (False, True),
    "cut_may_win": (True, False),
    "partial_may_win": (True, False),
    "no_better_is_no_patch": (True, False),
    "fall_back_to_faulty": (False, True),
    "unjudged": ("faulty_mean", "worst"),
    "decimals": (None, 2),
    "ir_needs_exposure": (True, False),
}
"""Choices that decide what a cell's figures are."""

MAY_WIN = ("skip_first_trial", "diverged_may_win", "cut_may_win", "partial_may_win")
"""Those of them that decide which trial is a run's winner."""

VERDICTS: Options = {
    "test": ("mannwhitney", "wilcoxon"),
    "holm": (True, False),
    "require_ir_positive": (False, True),
}
"""Choices that decide what is significant, given the figures."""


@dataclass(frozen=True, slots=True)
class RankingClaim:
    """A statement that one analysis of a study makes true or false."""

    text: str
    holds: Callable[[Sequence[Row]], bool | None]
    """Takes the rows of the scores of one universe; None if they cannot decide."""


def ranking_claims(study: RunSet) -> list[RankingClaim]:
    """What a reader takes from the summary, worded as the study's own protocol has it.

    Of every pair of techniques: which one improves more faults significantly, and which has the
    higher median improvement rate. Of every technique: whether it improves half of the faults, and
    whether its patches change more than the developers' fixes.
    """
    own = records(study.scores)
    found: list[RankingClaim] = []
    for first, second in combinations(study.techniques, 2):
        found += [_more_faults(first, second, own), _higher_rate(first, second, own)]
    for technique in study.techniques:
        found += [_half(technique), _larger_patches(technique)]
    return found


def relevant(study: RunSet) -> Options:
    """Those of ``WINNERS`` that can change a figure of this study.

    A choice about trials of a kind (cut, at a partial fidelity, diverged with a score, the faulty
    program itself) is moot without such trials, one about runs without a judged trial if every
    other choice leaves each run one, and one about unexposed faults if there is none.
    """
    trials = [(run, row) for run in study.runs for row in run.trials if row.search is not None]
    strictest = replace(
        study.protocol,
        skip_first_trial=True,
        diverged_may_win=False,
        cut_may_win=False,
        partial_may_win=False,
    )
    kinds = {
        "skip_first_trial": any(
            r.proposal == 0 and r.configuration == run.faulty for run, r in trials
        ),
        "diverged_may_win": any(row.status is TrialStatus.DIVERGED for _, row in trials),
        "cut_may_win": any(row.status is TrialStatus.CUT for _, row in trials),
        "partial_may_win": any(
            row.fidelity < 1 and row.status is TrialStatus.COMPLETED for _, row in trials
        ),
        "unjudged": any(winner(run, strictest) is None for run in study.runs),
        "ir_needs_exposure": not study.scores["exposed"].all(),
    }
    return {name: values for name, values in WINNERS.items() if kinds.get(name, True)}


def multiverse(
    study: RunSet,
    stated: Sequence[RankingClaim],
    winners: Options | None = None,
    verdict: Options = VERDICTS,
) -> pd.DataFrame:
    """How often each claim holds, over all and for each option of each choice: ``MULTIVERSE``.

    Args:
        study: The runs; choices that are not named are those of its protocol.
        stated: See :func:`claims`.
        winners: Choices about figures to combine; by default the :func:`relevant` ones.
        verdict: Choices about what is significant. Combinations that a protocol refuses are left
            out.
    """
    winners = relevant(study) if winners is None else winners
    decided: Counter[tuple[str, str | None, str | None]] = Counter()
    true: Counter[tuple[str, str | None, str | None]] = Counter()
    for options, rows in _universes(study, winners, verdict):
        for claim in stated:
            answer = claim.holds(rows)
            if answer is None:
                continue
            for key in ((None, None), *((name, str(value)) for name, value in options.items())):
                decided[claim.text, *key] += 1
                true[claim.text, *key] += answer
    keys: list[tuple[str | None, str | None]] = [(None, None)]
    keys += [(name, str(v)) for name, values in {**winners, **verdict}.items() for v in values]
    return MULTIVERSE.frame(
        {
            "claim": claim.text,
            "choice": choice,
            "option": option,
            "universes": decided[claim.text, choice, option],
            "holds": true[claim.text, choice, option],
        }
        for claim in stated
        for choice, option in keys
    )


def _universes(
    study: RunSet, winners: Options, verdict: Options
) -> Iterator[tuple[dict[str, Any], list[Row]]]:
    base = replace(study.protocol, bootstrap_resamples=1, holm=False)  # no claim asks for intervals
    thin: dict[tuple[Any, ...], list[Run]] = {}
    for of_winners in _combined(winners):
        protocol = replace(base, **of_winners)
        key = tuple(getattr(protocol, name) for name in MAY_WIN)
        if key not in thin:
            thin[key] = [winner_only(run, protocol) for run in study.whole.runs]
        rows = figures(thin[key], study.baselines, protocol)
        for of_verdict in _combined(verdict):
            options = {**of_winners, **of_verdict}
            if judged := _allowed(base, {"holm": study.protocol.holm, **options}):
                found = verdicts(rows, judged, study.family)
                yield options, [r for r in found if study.shows(r["fault"], r["technique"])]


def _combined(options: Options) -> Iterator[dict[str, Any]]:
    for values in product(*options.values()):
        yield dict(zip(options, values, strict=True))


def _allowed(base: Protocol, options: Mapping[str, Any]) -> Protocol | None:
    try:
        return replace(base, **options)
    except ValueError:
        return None


def _improved(rows: Sequence[Row], technique: str) -> int:
    return sum(bool(row["significant"]) for row in rows if row["technique"] == technique)


def _rate(rows: Sequence[Row], technique: str) -> float | None:
    """The median improvement rate over the faults."""
    rates = [row["ir"] for row in rows if row["technique"] == technique]
    there = [rate for rate in rates if rate is not None and not pd.isna(rate)]
    return median(there) if there else None


def _more_faults(first: str, second: str, own: Sequence[Row]) -> RankingClaim:
    one, two = _improved(own, first), _improved(own, second)
    if one == two:
        text = f"{first} and {second} improve the same number of faults significantly"
        return RankingClaim(text, lambda rows: _improved(rows, first) == _improved(rows, second))
    more, less = (first, second) if one > two else (second, first)
    text = f"{more} improves more faults significantly than {less}"
    return RankingClaim(text, lambda rows: _improved(rows, more) > _improved(rows, less))


def _higher_rate(first: str, second: str, own: Sequence[Row]) -> RankingClaim:
    one, two = _rate(own, first), _rate(own, second)
    swapped = one is not None and two is not None and two > one
    more, less = (second, first) if swapped else (first, second)

    def holds(rows: Sequence[Row]) -> bool | None:
        a, b = _rate(rows, more), _rate(rows, less)
        return None if a is None or b is None else a > b

    return RankingClaim(f"{more} has a higher median improvement rate than {less}", holds)


def _half(technique: str) -> RankingClaim:
    def holds(rows: Sequence[Row]) -> bool | None:
        faults = [row for row in rows if row["technique"] == technique]
        return 2 * _improved(rows, technique) >= len(faults) if faults else None

    return RankingClaim(f"{technique} improves at least half of the faults significantly", holds)


def _larger_patches(technique: str) -> RankingClaim:
    def holds(rows: Sequence[Row]) -> bool | None:
        sizes = [
            (row["complexity_mean"], row["fix_complexity"])
            for row in rows
            if row["technique"] == technique and row["complexity_mean"] is not None
        ]
        return median(p for p, _ in sizes) > median(f for _, f in sizes) if sizes else None

    return RankingClaim(f"patches of {technique} change more hyperparameters than the fixes", holds)
