"""The result of a run: its winner, or the value that the protocol puts in its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean, median

from harness.analysis.protocols import Protocol
from harness.analysis.reference import mean_of_faulty
from harness.records.baseline import Baseline
from harness.records.outcome import Trial
from harness.records.run import Confirmation, Run
from harness.vocabulary import METRICS, Configuration, TrialStatus


@dataclass(frozen=True, slots=True)
class RunResult:
    """The result of one run under a protocol."""

    value: float | None
    """Holdout metric that counts for the run; None if it ranks worst for want of a judged trial."""
    patch: Configuration | None
    """The winner's configuration; None if there is no winner or the faulty program took over."""
    judged: bool
    """Whether any trial could win."""
    better: bool
    """Whether the winner beats the faulty program on the search part, see :func:`beats_faulty`."""
    no_patch: bool = False
    """Whether the run returns no patch, so that it counts as the faulty program in every figure."""
    structural: tuple[str, ...] = ()
    """Repair operators of those edits of the patch that are in no hyperparameter."""


def winner(run: Run, protocol: Protocol) -> Trial | None:
    """The best judged trial of a run by the search metric; the first one on ties.

    A technique that names the proposal it returns gets that one, if it was trained. The winner may
    be worse than the faulty program. None if no trial may win.
    """
    metric = METRICS[run.metric]
    candidates = [row for row in run.trials if may_win(row, run, protocol)]
    chosen = [row for row in candidates if run.choice is not None and row.proposal == run.choice]
    candidates = chosen[-1:] or candidates

    def loss(row: Trial) -> float:
        by_holdout = protocol.histories_by_holdout and row.structural is not None
        value = row.holdout if by_holdout else row.search
        assert value is not None
        return metric.loss(value)

    return min(candidates, key=loss, default=None)


def may_win(row: Trial, run: Run, protocol: Protocol) -> bool:
    """Whether a trial may be the result of its run."""
    if row.search is None or row.holdout is None:
        return False
    if protocol.skip_first_trial and row.proposal == 0 and row.configuration == run.faulty:
        return False
    if row.status is TrialStatus.DIVERGED:
        return protocol.diverged_may_win
    if row.status is TrialStatus.CUT:
        return protocol.cut_may_win
    return row.fidelity == 1 or protocol.partial_may_win


def winner_only(run: Run, protocol: Protocol) -> Run:
    """The run with its winner as its only trial, for analyses that repeat the choice often."""
    best = winner(run, protocol)
    return replace(run, trials=[best] if best else [])


def _search(row: Trial) -> float:
    assert row.search is not None
    return row.search


def run_result(run: Run, baseline: Baseline, protocol: Protocol) -> RunResult:
    """The result of ``run``: its winner, or the protocol's value in its place."""
    return counted(winner(run, protocol), run, baseline, protocol)


def counted(best: Trial | None, run: Run, baseline: Baseline, protocol: Protocol) -> RunResult:
    """The result of ``run`` if ``best``, a trial or None, is its winner."""
    metric = METRICS[run.metric]
    refuses = protocol.no_better_is_no_patch
    if best is None or best.holdout is None:
        if protocol.unjudged == "worst":
            return RunResult(None, None, judged=False, better=False)
        value = mean_of_faulty(baseline)
        return RunResult(value, None, judged=False, better=False, no_patch=refuses)
    better = beats_faulty(best, baseline)
    if refuses and (not better or _is_faulty(best, run)):
        value = mean_of_faulty(baseline)
        return RunResult(value, None, judged=True, better=False, no_patch=True)
    again = confirmations(best, run) if protocol.confirmed_counts else []
    own = mean_confirmed(again, run) if again else best.holdout
    if protocol.fall_back_to_faulty and run.technique not in protocol.never_falls_back:
        faulty_mean = mean_of_faulty(baseline)
        if faulty_mean is not None and (own is None or metric.better(faulty_mean, own)):
            return RunResult(faulty_mean, None, judged=True, better=better)
    return RunResult(
        own, best.configuration, judged=True, better=better, structural=best.structural or ()
    )


def beats_faulty(best: Trial, baseline: Baseline) -> bool:
    """Whether a judged trial is better than the median faulty training on the search part.

    A training of the faulty program without a value counts as worst. True if none is known, as in
    published studies.
    """
    metric = METRICS[baseline.metric]
    known = [*baseline.faulty_search, *[metric.nothing] * baseline.faulty_unjudged]
    return not known or metric.better(_search(best), median(known))


def _is_faulty(best: Trial, run: Run) -> bool:
    """Whether the trial is one more training of the faulty program, and no history of edits."""
    return best.configuration == run.faulty and best.structural is None


def comparison_values(results: Sequence[RunResult], baseline: Baseline) -> list[float]:
    """Values by which tests compare the runs of one cell, in their order.

    A run without a value ranks below everything. Runs that return no patch stand at evenly spaced
    quantiles of the faulty program's trainings: so many of its trainings would look like that. The
    mean of a skewed list lies above most of it, and ten times that mean would pass for a repair.
    """
    nothing = METRICS[baseline.metric].nothing
    spread = iter(_spread_as_faulty(sum(r.no_patch for r in results), baseline))
    return [
        next(spread) if r.no_patch else nothing if r.value is None else r.value for r in results
    ]


def _spread_as_faulty(count: int, baseline: Baseline) -> list[float]:
    """The quantiles 1/(2 count), 3/(2 count), ... of the faulty program's values, worst first."""
    metric = METRICS[baseline.metric]
    nothing = metric.nothing
    values = [*baseline.faulty_holdout, *[nothing] * baseline.faulty_unjudged]
    known = sorted(values, key=metric.loss, reverse=True)
    found = []
    for number in range(count):
        below, on_the_edge = divmod((2 * number + 1) * len(known), 2 * count)
        if not known:
            found.append(nothing)
        elif on_the_edge:
            found.append(known[below])
        else:
            found.append((known[below - 1] + known[below]) / 2)
    return found


def confirmations(best: Trial | None, run: Run) -> list[Confirmation]:
    """Those re-trainings of the run that repeat this trial; empty without one."""
    if best is None:
        return []
    key = (best.proposal, best.fidelity)
    return [again for again in run.confirmed if (again.proposal, again.fidelity) == key]


def mean_confirmed(again: Sequence[Confirmation], run: Run) -> float | None:
    """Mean holdout metric of one or more re-trainings.

    A re-training without a value, such as one that diverged, counts as the metric's worst value.
    None, which ranks worst, if the metric has no worst value.
    """
    worst = METRICS[run.metric].worst
    values = [worst if a.outcome.holdout is None else a.outcome.holdout for a in again]
    return None if None in values else fmean(v for v in values if v is not None)
