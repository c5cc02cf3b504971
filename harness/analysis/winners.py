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
    """Whether the winner beats the median faulty training on the search part."""
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
    if best is None or best.holdout is None:
        value = mean_of_faulty(baseline) if protocol.unjudged == "faulty_mean" else None
        return RunResult(value, None, judged=False, better=False)
    better = not baseline.faulty_search or metric.better(
        _search(best), median(baseline.faulty_search)
    )
    again = confirmations(best, run) if protocol.confirmed_counts else []
    own = mean_confirmed(again, run) if again else best.holdout
    if protocol.fall_back_to_faulty and run.technique not in protocol.never_falls_back:
        faulty_mean = mean_of_faulty(baseline)
        if faulty_mean is not None and (own is None or metric.better(faulty_mean, own)):
            return RunResult(faulty_mean, None, judged=True, better=better)
    return RunResult(
        own, best.configuration, judged=True, better=better, structural=best.structural or ()
    )


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
