"""Searches the mutants of a subject, draws one per operator, and qualifies it with fresh seeds.

Each training is kept by content (``harness.trainings``), so a campaign that is stopped goes on where it
was, and one that is complete is read in seconds, without a training process.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.engine import Pool, Workers
from harness.engine.workers import training_seed
from harness.mutation.bisection import bisect
from harness.mutation.criterion import Fate, Verdict, fate, judge
from harness.mutation.operators import Candidate, Mutant, Range, applicable, mutation_operator
from harness.registry import Fault, Registry, Subject, folders, load_registry
from harness.store import Store, digest
from harness.tables import Outcome
from harness.training import Request
from harness.trainings import NotTrained, Trainings, baseline_seeds
from harness.vocabulary import Cause, Configuration, HarnessError, TrialStatus, unknown

TOOL = "DeepCrime"


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """Which mutants are made, and of what. Plain data."""

    subject: str
    operators: tuple[str, ...]
    """Acronyms."""
    n: int = 20
    """Trainings of the original, and of each mutant; the study's number."""
    seed: int = 1
    """Decides the seeds of the trainings, and which mutant of an operator is drawn."""
    data: str = "default"
    fraction: float = 1.0
    backend: str = ""
    """Keras backend; '' leaves it to the subject."""
    folders: tuple[Path, ...] = field(default_factory=lambda: tuple(folders()))

    def __post_init__(self) -> None:
        subject = self.program()
        for acronym in self.operators:
            mutation_operator(acronym)
        if self.data not in subject.variants:
            raise unknown(f"data variant of {self.subject}", self.data, subject.variants)
        if self.n < 2:
            raise HarnessError(f"n must be 2 or more, to tell a spread. Received: {self.n}")
        if not 0 < self.fraction <= 1:
            raise HarnessError(f"fraction must be in (0, 1]. Received: {self.fraction}")

    def program(self) -> Subject:
        return load_registry(self.folders).subject(self.subject)

    @property
    def trained_on(self) -> str:
        return self.backend or self.program().backend

    @property
    def data_seed(self) -> int:
        """All mutants of a campaign see the same data; a fault that is made of one, its own."""
        return int(digest([self.subject])[:8], 16)

    def seeds(self, configuration: Configuration) -> list[int]:
        """Those of one configuration's trainings; independent between configurations."""
        base = int(digest([dict(configuration), self.seed])[:8], 16)
        return [training_seed(base, number) for number in range(self.n)]

    def request(self, configuration: Configuration, data_seed: int) -> Request:
        return Request(
            folders=self.folders,
            subject=self.subject,
            data_seed=data_seed,
            data=self.data,
            fraction=self.fraction,
            configuration=dict(configuration),
            seed=0,
        )


@dataclass(frozen=True, slots=True)
class Tested:
    """A mutant and what became of it."""

    mutant: Mutant
    fate: Fate
    verdict: Verdict | None
    """None if the mutant cannot be trained."""
    message: str = ""
    """Why it cannot be trained."""


@dataclass(frozen=True, slots=True)
class Qualified:
    """The fault that an operator ends with."""

    fault: Fault
    mutant: Mutant
    first: Verdict
    """In the search."""
    again: Verdict
    """With fresh seeds, on the fault's own data."""
    drawn: int
    """Mutants of the operator that were drawn until one qualified."""


@dataclass(frozen=True, slots=True)
class Harvest:
    """All that a campaign found out."""

    campaign: Campaign
    absent: Mapping[str, str]
    """Acronym -> why the operator does not apply."""
    tested: Mapping[str, Sequence[Tested]]
    """Acronym -> its mutants, in the order of the operator's values."""
    qualified: Mapping[str, Qualified]
    """Acronym -> its fault, if it has one."""
    failed: Sequence[str]
    """What could not be finished, and why."""


@dataclass(frozen=True, slots=True)
class _Search:
    campaign: Campaign
    store: Store
    candidate: Candidate


@dataclass(frozen=True, slots=True)
class _Qualification:
    campaign: Campaign
    store: Store
    identity: str
    """Id that the fault will have."""
    drawn: Sequence[Tested]
    """Mutants of one operator, to be tried in order."""


@dataclass(frozen=True, slots=True)
class _Original:
    """Trains the subject itself before its mutants, so that they find it."""

    campaign: Campaign
    store: Store


_Job = _Original | _Search | _Qualification

Progress = Callable[[int, int, int], None]
"""Called with the mutants killed and survived so far, and the searches left."""


def run_campaign(
    campaign: Campaign,
    store: Store,
    *,
    pool: Callable[[], Pool],
    prefix: str = "G",
    progress: Progress = lambda killed, survived, left: None,
) -> Harvest:
    """Test all mutants, draw one per operator, qualify it.

    Args:
        pool: Opens the slots to train on; called once, when something is to be trained.
        prefix: Of the ids of new faults.

    Raises:
        HarnessError: If the subject itself does not train.
    """
    registry = load_registry(campaign.folders)
    subject = campaign.program()
    samples = len(subject.load(campaign.data_seed, campaign.data, campaign.fraction).y_train)
    absent: dict[str, str] = {}
    jobs: list[_Search] = []
    for acronym in campaign.operators:
        found = applicable(mutation_operator(acronym), subject, samples)
        if isinstance(found, str):
            absent[acronym] = found
        else:
            jobs += [_Search(campaign, store, candidate) for candidate in found]
    opened: list[Pool] = []

    def once() -> Pool:
        if not opened:
            opened.append(pool())
        return opened[0]

    failed: list[str] = []
    results: dict[int, list[Tested]] = {}
    first: list[_Job] = [_Original(campaign, store)]
    for _, outcome in _map(first, once):
        if isinstance(outcome, Exception):
            raise HarnessError(f"{campaign.subject} itself cannot be trained: {outcome}")
    for number, outcome in _map(jobs, once):
        if isinstance(outcome, Exception):
            failed.append(f"{_words(jobs[number].candidate)}: {outcome}")
        else:
            results[number] = outcome
        every = [t for tested in results.values() for t in tested]
        progress(
            sum(t.fate.killed for t in every),
            sum(t.fate is Fate.SURVIVED for t in every),
            len(jobs) - len(results) - len(failed),
        )
    tested: dict[str, list[Tested]] = {a: [] for a in campaign.operators if a not in absent}
    for number in sorted(results):
        tested[jobs[number].candidate.operator] += results[number]
    draws = _draws(campaign, store, registry, tested, prefix)
    qualified: dict[str, Qualified] = {}
    for number, outcome in _map(draws, once):
        operator = draws[number].drawn[0].mutant.operator
        if isinstance(outcome, Exception):
            failed.append(f"{operator}, qualification: {outcome}")
        elif outcome is not None:
            place, again = outcome
            drawn = draws[number].drawn[place]
            assert drawn.verdict is not None
            made = fault(campaign, drawn.mutant, draws[number].identity)
            qualified[operator] = Qualified(made, drawn.mutant, drawn.verdict, again, place + 1)
    ordered = {a: qualified[a] for a in campaign.operators if a in qualified}
    return Harvest(campaign, absent, tested, ordered, failed)


def _map(jobs: Sequence[_Job], pool: Callable[[], Pool]) -> Iterator[tuple[int, object]]:
    """(number of a job, its result or exception): first those whose trainings are all kept."""
    waiting: list[int] = []
    for number, job in enumerate(jobs):
        try:
            yield number, _do(job, None)
        except NotTrained:
            waiting.append(number)
    if waiting:
        for (number, _), result in pool().map(_numbered, [(n, jobs[n]) for n in waiting]):
            yield number, result


def _numbered(job: tuple[int, _Job], workers: Workers) -> object:
    return _do(job[1], workers)


def _do(job: _Job, workers: Workers | None) -> object:
    trainings = _trainings(job.campaign, job.store, workers)
    if isinstance(job, _Search):
        return _search(job.campaign, job.candidate, trainings)
    if isinstance(job, _Qualification):
        return _qualify(job, trainings)
    return _original(job.campaign, trainings)


def _trainings(campaign: Campaign, store: Store, workers: Workers | None) -> Trainings:
    backend = campaign.trained_on
    worker = None if workers is None else lambda: workers(backend)
    return Trainings(store, backend, worker)


def _original(campaign: Campaign, trainings: Trainings) -> list[float]:
    return _all_scored(campaign, _train(campaign, trainings, campaign.program().fixed))


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


def _train(
    campaign: Campaign, trainings: Trainings, configuration: Configuration
) -> list[Outcome]:
    request = campaign.request(configuration, campaign.data_seed)
    return trainings(request, campaign.seeds(configuration))


def _scores(outcomes: Sequence[Outcome]) -> list[float | None]:
    """Holdout metric of each training, None where it has none.

    Raises:
        RuntimeError: If a training process was lost, which says nothing of the program.
    """
    for outcome in outcomes:
        if outcome.cause is Cause.INFRASTRUCTURE:
            raise RuntimeError("a training process was lost; repeat the command to go on")
    return [outcome.holdout for outcome in outcomes]


def _search(campaign: Campaign, candidate: Candidate, trainings: Trainings) -> list[Tested]:
    """Test a mutant, or bisect a range; the mutants of a range in the order of their values."""
    subject = campaign.program()
    original = _original(campaign, trainings)

    def test(mutant: Mutant) -> Tested:
        outcomes = _train(campaign, trainings, {**subject.fixed, **mutant.changes})
        if outcomes[0].status is TrialStatus.INVALID:
            return Tested(mutant, Fate.INVALID, None, outcomes[0].message)
        verdict = judge(original, _scores(outcomes), subject.measure)
        return Tested(mutant, fate(verdict, subject.measure), verdict)

    if isinstance(candidate, Mutant):
        return [test(candidate)]
    tested: dict[float, Tested] = {}

    def killed(value: float) -> bool:
        tested[value] = test(candidate.mutant(value))
        return tested[value].fate.killed

    bisect(candidate, killed)
    return [tested[value] for value in sorted(tested)]


def _draws(
    campaign: Campaign,
    store: Store,
    registry: Registry,
    tested: Mapping[str, Sequence[Tested]],
    prefix: str,
) -> list[_Qualification]:
    """For each operator its kept mutants in random order, under the id that the fault will have.

    A fault that an earlier campaign with this seed wrote stays what it is. Values of other
    registered faults are not drawn.
    """
    own = [f for f in registry.values() if f.subject.name == campaign.subject]
    number = max((int(f[len(prefix) :]) for f in registry if _numbered_id(f, prefix)), default=0)
    draws = []
    for acronym, mutants in tested.items():
        kept = [t for t in mutants if t.fate is Fate.KEPT]
        written = [f for f in own if _made_by(f, campaign, acronym)]
        if written:
            kept = [t for t in kept if dict(t.mutant.changes) == dict(written[0].values)]
            identity = written[0].id
        else:
            taken = [dict(f.values) for f in own]
            kept = [t for t in kept if dict(t.mutant.changes) not in taken]
            random.Random(f"{acronym} {campaign.seed}").shuffle(kept)
            number += bool(kept)
            identity = f"{prefix}{number}"
        if kept:
            draws.append(_Qualification(campaign, store, identity, kept))
    return draws


def _numbered_id(identity: str, prefix: str) -> bool:
    return identity.startswith(prefix) and identity[len(prefix) :].isdecimal()


def _made_by(written: Fault, campaign: Campaign, acronym: str) -> bool:
    return (written.origin.get("acronym"), written.origin.get("seed")) == (acronym, campaign.seed)


def _qualify(
    job: _Qualification, trainings: Trainings
) -> tuple[int, Verdict] | None:
    """The first of the drawn mutants that is kept again: its place and verdict.

    Data and seeds are those of the fault's baseline, which finds these trainings later.
    """
    campaign = job.campaign
    metric = campaign.program().measure
    for place, drawn in enumerate(job.drawn):
        made = fault(campaign, drawn.mutant, job.identity)
        fixed, faulty = (
            trainings(
                campaign.request(getattr(made, which), made.data_seed),
                baseline_seeds(made, which, campaign.n),
            )
            for which in ("fixed", "faulty")
        )
        again = judge(_all_scored(campaign, fixed), _scores(faulty), metric)
        if fate(again, metric) is Fate.KEPT:
            return place, again
    return None


def fault(campaign: Campaign, mutant: Mutant, identity: str) -> Fault:
    """The mutant as a fault of the registry, not yet qualified."""
    subject = campaign.program()
    operator = mutation_operator(mutant.operator)
    origin = {
        "tool": TOOL,
        "operator": operator.name,
        "acronym": mutant.operator,
        **({} if mutant.layer is None else {"layer": mutant.layer}),
        "value": mutant.value,
        "seed": campaign.seed,
    }
    return Fault(
        id=identity,
        subject=subject,
        title=", ".join(
            f"{name.replace('_', ' ')} {subject.fixed[name]} changed to {value}"
            for name, value in mutant.changes.items()
        ),
        values=mutant.changes,
        origin=origin,
        source=(
            f"made by this project: make mutants SUBJECT={subject.name}, seed {campaign.seed}; "
            "operator and criterion of DeepCrime, filter of Kim et al., ICST 2023"
        ),
        kind="mutant",
        path=subject.path.parents[1] / "mutants" / f"{identity}.yaml",
    )


def _words(candidate: Candidate) -> str:
    if isinstance(candidate, Range):
        return f"{candidate.operator} {candidate.setting}"
    return f"{candidate.operator} {dict(candidate.changes)}"
