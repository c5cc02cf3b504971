"""Which of the study's claims survive its corrections: each one measured, step by step.

A claim is a function of the study under one protocol. It is measured as published, as corrected,
and after each single correction on the way, so that what changes it is computed as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import pandas as pd

from harness.analysis.published.answers import Answer
from harness.analysis.published.diagnostics import Behaviour
from harness.analysis.published.facts import AUTOTRAINER, BUDGETS, MAIN_BUDGET, TECHNIQUES
from harness.analysis.winners import winner_only
from harness.records.run import Run

KEEPS = 0.9
"""A claim whose measure falls below this share of the published one is weaker."""
COMPETES = 0.85
"""Share of the best searcher's count from which another one keeps up with it."""
GAIN = 0.05
"""By how much an asymmetric Jaccard must exceed that of arbitrary trials to say anything."""


@dataclass(frozen=True, slots=True)
class ClaimStep:
    """One correction; those before it stay made."""

    name: str
    changes: dict[str, Any]


STEPS = (
    ClaimStep("as published", {}),
    ClaimStep("NaN scores rejected", {"diverged_may_win": False}),
    ClaimStep(
        "no fall-back to the faulty mean",
        {"fall_back_to_faulty": False, "never_falls_back": (), "unjudged": "worst"},
    ),
    ClaimStep("no rounding", {"decimals": None, "ddof": 1}),
    ClaimStep(
        "independent samples",
        {"test": "mannwhitney", "ties": "counted", "require_ir_positive": False},
    ),
    ClaimStep("faulty program as the runs trained it", {"faulty_list": "first_trials"}),
    ClaimStep(
        "no patch where the search part shows no gain",
        {"no_better_is_no_patch": True, "unjudged": "faulty_mean"},
    ),
    ClaimStep("Holm over one budget's cells", {"holm": True}),
    ClaimStep(
        "measures as defined",
        {
            "aj": "as_defined",
            "unreachable_fix_aj": None,
            "settings_count": False,
            "empty_counts": False,
            "unreachable_fix_counts_one": False,
            "summarise_significant_only": False,
            "ir_needs_exposure": True,
            "no_symptom_ir": None,
            "figure_falls_back_to_first": False,
            "confirmed_counts": True,
            "cut_may_win": True,
            "partial_may_win": True,
            "histories_by_holdout": False,
        },
    ),
)
"""From ``icst23`` to ``corrected``, in this order."""


class ClaimVerdict(StrEnum):
    STANDS = "stands"
    WEAKENS = "weakens"
    FALLS = "falls"
    NEVER = "not even as published"


@dataclass(frozen=True, slots=True)
class Measure:
    """What one analysis says of a claim."""

    figures: str
    """For people."""
    holds: bool
    size: float
    """How strongly, on a scale on which more is stronger and 0 is not at all."""


@dataclass(frozen=True, slots=True)
class PublishedClaim:
    text: str
    measure: Callable[[Answer], Measure]


@dataclass(frozen=True, slots=True)
class Judgement:
    """One row of "claim, published, corrected, why"."""

    claim: str
    published: str
    corrected: str
    verdict: ClaimVerdict
    why: str


def path(published: Answer, corrected: Answer) -> list[Answer]:
    """The study after each of ``STEPS``, from ``published`` to ``corrected``.

    On the way only winners are looked at, and intervals are left out.
    """
    between, protocol = [], replace(published.protocol, bootstrap_resamples=1)
    thin: dict[bool, Sequence[Run]] = {}
    for step in STEPS[1:-1]:
        protocol = replace(protocol, name=step.name, **step.changes)
        key = protocol.diverged_may_win
        if key not in thin:
            thin[key] = [winner_only(run, protocol) for run in published.runs]
        between.append(replace(published, protocol=protocol, runs=thin[key]))
    return [published, *between, corrected]


def judge_claim(claim: PublishedClaim, path: Sequence[Answer]) -> Judgement:
    """Measure a claim along ``path``, which begins as published and ends corrected."""
    measures = [claim.measure(answer) for answer in path]
    first, last = measures[0], measures[-1]
    return Judgement(claim.text, first.figures, last.figures, _verdict(first, last), _why(measures))


def _verdict(published: Measure, corrected: Measure) -> ClaimVerdict:
    if not published.holds:
        return ClaimVerdict.NEVER
    if not corrected.holds:
        return ClaimVerdict.FALLS
    return ClaimVerdict.WEAKENS if corrected.size < KEEPS * published.size else ClaimVerdict.STANDS


def _why(measures: Sequence[Measure]) -> str:
    """The corrections that change the figures, each with what they are then."""
    text = [
        f"{step.name}: {after.figures}"
        for step, before, after in zip(STEPS[1:], measures, measures[1:], strict=False)
        if before.figures != after.figures
    ]
    return "; ".join(text) or "no correction changes it"


def published_claims() -> list[PublishedClaim]:
    """What a reader takes from the paper, each as a statement that can fail."""
    return [
        PublishedClaim(
            "The searchers improve most faults of the comparable cases, AutoTrainer fewer", _tool
        ),
        PublishedClaim(
            "Random improves about as many faults as HEBO and BOHB (budget 20)", _random_competes
        ),
        PublishedClaim("HEBO improves the most comparable cases", _hebo_leads),
        PublishedClaim(
            "At budget 20 a searcher closes about half of the median fault's gap", _half_way
        ),
        PublishedClaim("A larger budget improves more faults", _budget_helps),
        PublishedClaim("Some patches are better than the developers' fix", _better_than_fix),
        PublishedClaim(
            "UnityEyes faults can be improved (cells of U1-U8, all budgets)", _unity_eyes
        ),
        PublishedClaim("The CIFAR-10 mutants C1-C3 are hardly ever improved", _cifar),
        PublishedClaim(
            "HEBO is the steadiest searcher (mean deviation of significant cells)", _hebo_steady
        ),
        PublishedClaim("Patches apply the operators of the fix (asymmetric Jaccard)", _operators),
        PublishedClaim(
            "Patches change far more hyperparameters than the fixes (budget 20)", _complex
        ),
    ]


def _tool(answer: Answer) -> Measure:
    own = [answer.significant_in_comparable(t) for t in TECHNIQUES]
    tool = answer.significant_in_comparable(AUTOTRAINER)
    text = f"{_list(own)} against {tool} of {answer.cases}"
    return Measure(text, min(own) > max(tool, answer.cases / 2), min(own) - tool)


def _random_competes(answer: Answer) -> Measure:
    chance, *guided = (answer.significant(t, MAIN_BUDGET) for t in TECHNIQUES)
    share = chance / max(*guided, 1)
    return Measure(f"{chance} against {_list(guided)}", share >= COMPETES, share)


def _hebo_leads(answer: Answer) -> Measure:
    own = {t: answer.significant_in_comparable(t) for t in TECHNIQUES}
    margin = own["hebo"] - max(n for t, n in own.items() if t != "hebo")
    return Measure(_list(own.values()), margin > 0, margin)


def _half_way(answer: Answer) -> Measure:
    own = [answer.improvement_median(t, MAIN_BUDGET).value or 0.0 for t in TECHNIQUES]
    return Measure(_list(own, 2), min(own) > 1 / 3, min(own))


def _budget_helps(answer: Answer) -> Measure:
    own = [[answer.significant(t, b) for b in BUDGETS] for t in TECHNIQUES]
    grows = all(a < b < c for a, b, c in own)
    text = "; ".join(", ".join(map(str, counts)) for counts in own)
    return Measure(text, grows, sum(counts[-1] - counts[0] for counts in own))


def _better_than_fix(answer: Answer) -> Measure:
    cells = answer.cells
    own = cells[cells["technique"].isin(TECHNIQUES) & (cells["budget"] == MAIN_BUDGET)]
    found = list(dict.fromkeys(own.loc[own["significant"] & (own["ir"] > 1), "fault"]))
    return Measure(", ".join(found) or "none", bool(found), len(found))


def _unity_eyes(answer: Answer) -> Measure:
    count, total = _marks(answer, "U")
    return Measure(f"{count} of {total}", count > total / 4, count)


def _cifar(answer: Answer) -> Measure:
    count, total = _marks(answer, "C")
    return Measure(f"{count} of {total} cells", count <= total / 10, 1 - count / total)


def _marks(answer: Answer, family: str) -> tuple[int, int]:
    """Significant cells of the searchers on one family of faults, and all."""
    cells = answer.cells
    own = cells[cells["technique"].isin(TECHNIQUES) & cells["fault"].str.startswith(family)]
    return int(own["significant"].sum()), len(own)


def _hebo_steady(answer: Answer) -> Measure:
    own = {t: answer.mean_deviation(t) or 0.0 for t in TECHNIQUES}
    nearest = min(v for t, v in own.items() if t != "hebo")
    gap = nearest - own["hebo"]
    return Measure(_list(own.values(), 3), gap > 0, gap)


def _operators(answer: Answer) -> Measure:
    """Against what arbitrary trials score, which change nearly everything."""
    kinds = [answer.real(True), answer.real(False)]
    only = answer.protocol.summarise_significant_only
    cells = answer.cells
    patched = cells[(cells["patches"] > 0) & (cells["significant"] | (not only))]
    shares = [_mean_jaccard(patched[patched["fault"].isin(faults)], answer) for faults in kinds]
    chance = [answer.jaccard_by_chance(faults) for faults in kinds]
    gains = [share - any_trial for share, any_trial in zip(shares, chance, strict=True)]
    text = f"{_list(shares, 2)}; any trial {_list(chance, 2)}"
    return Measure(text, min(gains) > GAIN, min(gains))


def _mean_jaccard(cells: pd.DataFrame, answer: Answer) -> float:
    """Over the patches; one fault's patches all have a share, or none has."""
    known = cells.dropna(subset=f"aj_{answer.protocol.aj}_mean")
    patches = known["patches"].astype(float)
    return float((known[f"aj_{answer.protocol.aj}_mean"] * patches).sum() / patches.sum())


def _complex(answer: Answer) -> Measure:
    cells = answer.cells
    own = cells[cells["significant"] & (cells["budget"] == MAIN_BUDGET)]
    fixes = cells.drop_duplicates("fault")["fix_complexity"]
    middle, fix = float(own["complexity_mean"].median()), float(fixes.median())
    return Measure(f"median {middle:.2f}, fixes {fix:.2f}", middle > 2 * fix, middle - fix)


def searched(found: Behaviour) -> Judgement:
    """The claim that the study compares guided search with Random."""
    fixed, chance = found.from_fixed_list[MAIN_BUDGET], found.agreement["random"]
    guided = {t: share for t, share in found.agreement.items() if t != "random"}
    text = ", ".join(f"{t} {share:.1%}" for t, share in found.agreement.items())
    learns = [t for t, share in guided.items() if share > 2 * chance]
    verdict = (
        ClaimVerdict.STANDS if len(learns) == len(guided) and fixed < 0.5 else ClaimVerdict.FALLS
    )
    return Judgement(
        "The study compares two guided searches with Random",
        "HEBO and BOHB learn from their trials",
        f"HEBO: {fixed:.0%} of the trials at budget {MAIN_BUDGET} are one list; "
        f"late trials like the best so far: {text}",
        verdict,
        "HEBO proposes an unscrambled Sobol list until enough trials have finished; BOHB's trials "
        "end with their first report, which Ray then keeps from the searcher",
    )


def _list(values: Iterable[float], digits: int = 0) -> str:
    return ", ".join(f"{value:.{digits}f}" for value in values)
