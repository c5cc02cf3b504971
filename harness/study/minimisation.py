"""Minimises the winners of stored runs: after the run, outside its budget, counted in trainings.

Beside a run that was minimised lies a folder ``minimised``: its trial log, so that a killed command
continues, and ``minimised.json``. The run itself is never touched.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean, median
from typing import Any

from harness.analysis.protocols import Protocol
from harness.analysis.winners import winner
from harness.engine import Pool, RemoteTrain, Workers
from harness.engine.limits import NEVER
from harness.records.baseline import Baseline
from harness.records.cell import Cell
from harness.records.files import digest, write_record
from harness.records.log import MinimisingHeader, TrialLog
from harness.records.outcome import Outcome, Trial
from harness.records.run import Minimised, Run
from harness.records.store import MINIMISED, Store
from harness.space.derivation import derive
from harness.space.usual import Usual
from harness.study.plan import Plan, stored_baseline
from harness.study.task import replays
from harness.subjects.registry import Registry, folders, load_registry
from harness.techniques.guided.reduction import Margin, reduced
from harness.techniques.guided.suspicion import Evidence, suspects
from harness.training import Request
from harness.vocabulary import METRICS, Configuration, changed

RETRAININGS = 3
"""Trainings of each configuration that is compared, with seeds of their own."""


@dataclass(frozen=True, slots=True)
class _Job:
    cell: Cell
    patched: Configuration
    baseline: Baseline
    folders: tuple[Path, ...]
    store: Store


def minimise(
    plan: Plan,
    registry: Registry,
    store: Store,
    protocol: Protocol,
    pool: Callable[[], Pool],
    say: Callable[[str], None],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> int:
    """Minimise what is stored of a plan and was not minimised yet.

    Left out: runs that end with no patch or with one edit, and patches that are no configuration
    (AutoTrainer's histories).

    Returns:
        How many runs could not be minimised.
    """
    baselines = {name: stored_baseline(plan, registry, store, name) for name in plan.faults}
    jobs = []
    for cell in plan.cells(registry):
        if not store.finished(cell) or store.minimised_path(cell).exists():
            continue
        run = store.read_run(cell)
        patched = _patch(run, protocol)
        if patched is not None:
            baseline = baselines[cell.fault]
            jobs.append(_Job(cell, patched, baseline, tuple(folders()), store))
    failed = 0
    for number, (job, result) in enumerate(pool().map(_minimise, jobs) if jobs else (), start=1):
        if isinstance(result, Exception):
            failed += 1
            say(f"[red]failed[/red] {job.cell.folder}: {result!r}")
        progress(number, len(jobs))
    return failed


@dataclass(frozen=True, slots=True)
class Totals:
    """What minimising the runs of a plan came to."""

    patches: int
    before: float
    """Edits of a patch, mean."""
    after: float
    trainings: float
    """Median over the patches, as is the cost."""
    cost: float | None
    """Multiples of the work of one training of the faulty program; None if no work was counted."""
    as_good: int
    """Patches whose re-trainings are as good on the holdout part afterwards, or better."""
    halved: int
    """Of these, those with at most half the error."""

    def __str__(self) -> str:
        cost = "" if self.cost is None else f", the work of {self.cost:.0f} of the faulty program's"
        return (
            f"{self.patches} patches minimised: {self.before:.1f} -> {self.after:.1f} edits in "
            f"{self.trainings:.0f} trainings (median){cost}; as good or better on the holdout "
            f"part: {self.as_good}, with half the error or less: {self.halved}"
        )


def totals(plan: Plan, registry: Registry, store: Store) -> Totals | None:
    """Of the runs of a plan that were minimised; None if there are none."""
    records, befores, afters, as_good, halved = [], [], [], 0, 0
    for cell in plan.cells(registry):
        record, fault = store.minimised(cell), registry[cell.fault]
        if record is None:
            continue
        records.append(record)
        afters.append(len(changed(fault.faulty, record.configuration)))
        befores.append(afters[-1] + len(record.taken_back))
        up = METRICS[fault.subject.metric].higher_is_better
        after, before = (
            fmean([float("inf") if v is None else _error(v, up) for v in values])
            for values in (record.holdout_after, record.holdout_before)
        )
        as_good += after <= before
        halved += after < before and after <= before / 2
    if not records:
        return None
    costs = [record.cost for record in records if record.cost is not None]
    return Totals(
        patches=len(records),
        before=fmean(befores),
        after=fmean(afters),
        trainings=median(record.trainings for record in records),
        cost=median(costs) if costs else None,
        as_good=as_good,
        halved=halved,
    )


def _patch(run: Run, protocol: Protocol) -> Configuration | None:
    """What there is to minimise of a run."""
    best = winner(run, protocol)
    if best is None or best.configuration is None or best.history is not None:
        return None
    return best.configuration if len(changed(run.faulty, best.configuration)) > 1 else None


def _minimise(job: _Job, workers: Workers) -> str:
    cell, fault = job.cell, load_registry(job.folders)[job.cell.fault]
    folder = job.store.folder(cell) / MINIMISED
    header = MinimisingHeader(
        cell=cell.identity,
        metric=fault.subject.metric,
        patched=dict(job.patched),
        retrainings=RETRAININGS,
    )
    log = TrialLog(folder, header)
    try:
        if not log.acquire():
            return "elsewhere"
        request = Request.of(
            fault, {}, seed=0, data=cell.data, fraction=cell.fraction, folders=job.folders
        )
        train = RemoteTrain(
            workers(cell.backend),
            replace(request, run=f"{cell.identity}-{MINIMISED}"),
            seed=int(digest([cell.identity, MINIMISED])[:8], 16),
            recorded=replays(log.trials),
        )
        trainings = _Trainings(train, log, METRICS[fault.subject.metric].higher_is_better)
        context, faulty = fault.subject.context, fault.faulty
        usual = Usual(derive(faulty, context, cell.space), context.labels, faulty)
        found = reduced(
            faulty,
            job.patched,
            {s.name: s.weight for s in suspects(Evidence(faulty, usual))},
            trainings.errors,
            _faulty_error(job.baseline),
            Margin(),
        )
        one = job.baseline.work
        before, after = trainings.holdout(job.patched), trainings.holdout(found.configuration)
        record = Minimised(
            configuration=found.configuration,
            taken_back=list(found.taken_back),
            margin=Margin().share,
            alpha=Margin().alpha,
            retrainings=RETRAININGS,
            trainings=trainings.count,
            cost=trainings.work / one if one else None,
            holdout_before=before,
            holdout_after=after,
        )
        write_record(job.store.minimised_path(cell), record)
    finally:
        log.close()
    return "done"


def _faulty_error(baseline: Baseline) -> float:
    values = [_error(v, METRICS[baseline.metric].higher_is_better) for v in baseline.faulty_search]
    return fmean(values) if values else float("inf")


def _error(value: float, higher_is_better: bool) -> float:
    return 1 - value if higher_is_better else value


class _Trainings:
    """Trains each configuration some times, and remembers how it went."""

    def __init__(
        self, train: RemoteTrain, log: TrialLog[MinimisingHeader], higher_is_better: bool
    ) -> None:
        self._train, self._log, self._up = train, log, higher_is_better
        self._recorded = len(log.trials)
        self._known: dict[tuple[Any, ...], list[Outcome]] = {}
        self.count, self.work = 0, 0.0

    def _outcomes(self, configuration: Configuration) -> list[Outcome]:
        key = tuple(sorted(configuration.items()))
        if key not in self._known:
            self._known[key] = [self._one(configuration) for _ in range(RETRAININGS)]
        return self._known[key]

    def _one(self, configuration: Configuration) -> Outcome:
        number, self.count = self.count, self.count + 1
        outcome = self._train(configuration, proposal=number, fidelity=1.0, limit=NEVER)
        self.work += outcome.work
        if number >= self._recorded:
            trial = Trial(
                index=number,
                proposal=number,
                configuration=dict(configuration),
                outcome=replace(outcome, memory=0),
                charged=0.0,
            )
            self._log.append(trial)
        return outcome

    def errors(self, configuration: Configuration) -> Sequence[float]:
        """On the search part; a training that failed counts as infinite."""
        return [
            float("inf") if o.search is None else _error(o.search, self._up)
            for o in self._outcomes(configuration)
        ]

    def holdout(self, configuration: Configuration) -> list[float | None]:
        """Of the re-trainings; for the tables, nothing was decided by it."""
        return [o.holdout for o in self._outcomes(configuration)]
