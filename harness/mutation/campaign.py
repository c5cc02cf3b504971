"""Searches the mutants of a subject, draws one for each operator, qualifies it with fresh seeds.

Each training is kept by content (``harness.study.kept``), so a campaign that is stopped goes on
where it was, and one that is complete is read in seconds, without a training process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.analysis.criterion import Fate, KillVerdict, fate, kill_verdict
from harness.engine import Pool, Workers
from harness.mutation.bisection import bisect
from harness.mutation.harvest import Campaign, Harvest, JudgedMutant, Qualified
from harness.mutation.mutant_faults import Draw, as_fault, draws, with_provenance
from harness.mutation.mutation_operators import (
    Candidate,
    Mutant,
    Range,
    applicable,
    mutation_operator,
)
from harness.records.files import digest
from harness.records.outcome import Outcome
from harness.records.store import Store
from harness.study.kept import KeptTrainings, NotTrained, baseline_seeds
from harness.subjects.registry import load_registry
from harness.training import Request
from harness.training.seeds import training_seed
from harness.vocabulary import Cause, Configuration, HarnessError, TrialStatus

CampaignProgress = Callable[[int, int, int, int], None]
"""Called with the mutants killed and survived so far, the searches left, and all searches."""


@dataclass(frozen=True, slots=True)
class _Original:
    """Trains the subject itself before its mutants, so that they find it."""


_Task = _Original | Candidate | Draw


@dataclass(frozen=True, slots=True)
class _Job:
    """One thing to do on one slot."""

    campaign: Campaign
    store: Store
    number: int
    task: _Task


def run_campaign(
    campaign: Campaign,
    store: Store,
    *,
    pool: Callable[[], Pool],
    prefix: str = "G",
    progress: CampaignProgress = lambda killed, survived, left, total: None,
) -> Harvest:
    """Test all mutants, draw from those that the filter keeps, qualify. Writes no fault file.

    Args:
        pool: Opens the slots to train on; called if something is to be trained.
        prefix: Of the ids of new faults, such as ``G-HLR1``.

    Raises:
        HarnessError: If the subject itself does not train.
    """
    absent: dict[str, str] = {}
    candidates: list[Candidate] = []
    subject = campaign.program
    data = subject.data(campaign.data_seed, campaign.data, campaign.fraction, subject.fixed)
    for acronym in campaign.operators:
        found = applicable(mutation_operator(acronym), campaign.program, len(data.y_train))
        if isinstance(found, str):
            absent[acronym] = found
        else:
            candidates += found
    bench = _Bench(campaign, store, pool)
    for _, result in bench.do([_Original()]):
        if isinstance(result, Exception):
            raise HarnessError(f"{campaign.subject} itself cannot be trained: {result}")
    found_out = _test(bench, candidates, progress)
    tested = {
        acronym: [judged for judged in found_out if judged.mutant.operator == acronym]
        for acronym in campaign.operators
        if acronym not in absent
    }
    drawn = draws(campaign, load_registry(campaign.folders), tested, prefix)
    qualified = _qualify(bench, drawn)
    return Harvest(campaign, absent, tested, qualified, bench.failed)


@dataclass
class _Bench:
    """Does tasks of a campaign: from kept trainings where they suffice, otherwise on the pool."""

    campaign: Campaign
    store: Store
    open_pool: Callable[[], Pool]
    failed: list[str] = field(default_factory=list)
    _pool: Pool | None = None

    def do(self, tasks: Sequence[_Task]) -> Iterator[tuple[int, Any]]:
        """(number of a task, its result or exception), first those that need no training."""
        jobs = [_Job(self.campaign, self.store, n, task) for n, task in enumerate(tasks)]
        waiting = []
        for job in jobs:
            try:
                yield job.number, _do(job)
            except NotTrained:
                waiting.append(job)
        if waiting:
            self._pool = self._pool or self.open_pool()
            for job, result in self._pool.map(_do, waiting):
                yield job.number, result


def _test(
    bench: _Bench, candidates: Sequence[Candidate], progress: CampaignProgress
) -> list[JudgedMutant]:
    """All mutants that could be tested, in the order of the candidates."""
    results: dict[int, list[JudgedMutant]] = {}
    for number, result in bench.do(candidates):
        if isinstance(result, Exception):
            bench.failed.append(f"{_words(candidates[number])}: {result}")
        else:
            results[number] = result
        fates = [judged.fate for several in results.values() for judged in several]
        progress(
            sum(each.killed for each in fates),
            fates.count(Fate.SURVIVED),
            len(candidates) - len(results) - len(bench.failed),
            len(candidates),
        )
    return [judged for number in sorted(results) for judged in results[number]]


def _words(candidate: Candidate) -> str:
    if isinstance(candidate, Range):
        return f"{candidate.operator} {candidate.setting}"
    return f"{candidate.operator} {dict(candidate.changes)}"


def _qualify(bench: _Bench, drawn: Sequence[Draw]) -> dict[str, Qualified]:
    """Acronym -> fault, in the order of the draws; an operator may end without one."""
    found: dict[int, Qualified] = {}
    for number, result in bench.do(drawn):
        draw = drawn[number]
        if isinstance(result, Exception):
            bench.failed.append(f"{draw.identity}, qualification: {result}")
        elif result is not None:
            place, again = result
            mutant, first = draw.mutants[place].mutant, draw.mutants[place].verdict
            assert first is not None  # the filter keeps only mutants that were trained
            fault = with_provenance(as_fault(bench.campaign, mutant, draw.identity), first, again)
            found[number] = Qualified(fault, mutant, first, again, drawn=place + 1)
    return {found[number].mutant.operator: found[number] for number in sorted(found)}


def _do(job: _Job, workers: Workers | None = None) -> Any:
    """What the job's task asks for. Without workers, what is kept must do.

    Raises:
        NotTrained: If it does not.
    """
    campaign, task = job.campaign, job.task
    backend = campaign.trained_on
    worker = None if workers is None else lambda: workers(backend)
    trainings = KeptTrainings(job.store, backend, worker)
    if isinstance(task, _Original):
        return _original(campaign, trainings)
    if isinstance(task, Draw):
        return _first_that_holds(campaign, task, trainings)
    return _search(campaign, task, trainings)


def _search(
    campaign: Campaign, candidate: Candidate, trainings: KeptTrainings
) -> list[JudgedMutant]:
    """Test a mutant, or bisect a range; the mutants of a range in the order of their values."""
    subject = campaign.program
    original = _original(campaign, trainings)

    def test(mutant: Mutant) -> JudgedMutant:
        outcomes = _train(campaign, trainings, {**subject.fixed, **mutant.changes})
        if outcomes[0].status is TrialStatus.INVALID:
            return JudgedMutant(mutant, Fate.INVALID, None, outcomes[0].message)
        verdict = kill_verdict(original, _scores(outcomes), subject.measure)
        return JudgedMutant(mutant, fate(verdict, subject.measure), verdict)

    if isinstance(candidate, Mutant):
        return [test(candidate)]
    tested: dict[float, JudgedMutant] = {}

    def killed(value: float) -> bool:
        tested[value] = test(candidate.mutant(value))
        return tested[value].fate.killed

    bisect(candidate, killed)
    return [tested[value] for value in sorted(tested)]


def _first_that_holds(
    campaign: Campaign, draw: Draw, trainings: KeptTrainings
) -> tuple[int, KillVerdict] | None:
    """Place and verdict of the first of the drawn mutants that the filter keeps again.

    Data and seeds are those of the fault's baseline, which finds these trainings later.
    """
    metric = campaign.program.measure
    for place, drawn in enumerate(draw.mutants):
        made = as_fault(campaign, drawn.mutant, draw.identity)
        fixed, faulty = (
            trainings(
                _request(campaign, getattr(made, which), made.data_seed),
                baseline_seeds(made, which, campaign.n),
            )
            for which in ("fixed", "faulty")
        )
        again = kill_verdict(_all_scored(campaign, fixed), _scores(faulty), metric)
        if fate(again, metric) is Fate.KEPT:
            return place, again
    return None


def _original(campaign: Campaign, trainings: KeptTrainings) -> list[float]:
    return _all_scored(campaign, _train(campaign, trainings, campaign.program.fixed))


def _train(
    campaign: Campaign, trainings: KeptTrainings, configuration: Configuration
) -> list[Outcome]:
    """The campaign's trainings of one configuration; seeds differ between configurations."""
    base = int(digest([dict(configuration), campaign.seed])[:8], 16)
    seeds = [training_seed(base, number) for number in range(campaign.n)]
    return trainings(_request(campaign, configuration, campaign.data_seed), seeds)


def _request(campaign: Campaign, configuration: Configuration, data_seed: int) -> Request:
    return Request(
        folders=campaign.folders,
        subject=campaign.subject,
        data_seed=data_seed,
        data=campaign.data,
        fraction=campaign.fraction,
        configuration=dict(configuration),
        seed=0,
    )


def _scores(outcomes: Sequence[Outcome]) -> list[float | None]:
    """Holdout metric of each training, None where it has none.

    Raises:
        RuntimeError: If a training process was lost, which says nothing of the program.
    """
    if any(outcome.cause is Cause.INFRASTRUCTURE for outcome in outcomes):
        raise RuntimeError("a training process was lost; repeat the command to go on")
    return [outcome.holdout for outcome in outcomes]


def _all_scored(campaign: Campaign, outcomes: Sequence[Outcome]) -> list[float]:
    """Scores of the subject itself.

    Raises:
        HarnessError: If a training has none: mutants are judged against a program that trains.
    """
    scores = [score for score in _scores(outcomes) if score is not None]
    if len(scores) < len(outcomes):
        why = next(o.message for o in outcomes if o.holdout is None)
        raise HarnessError(
            f"{len(outcomes) - len(scores)} of {len(outcomes)} trainings of {campaign.subject} "
            f"itself have no score ({why}). Mutants are judged against a program that trains"
        )
    return scores
