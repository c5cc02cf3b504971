"""What guided repair suspects in each fault, by itself: no edit is tried.

The evidence is gathered once and stored; how each kind of it ranks the true operators is then read
off without training anything.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.engine import Pool, RemoteTrain, Workers
from harness.engine.limits import NEVER
from harness.records.cell import Cell
from harness.records.clocks import TrainingClock
from harness.records.files import digest, is_there, read_record, write_record
from harness.records.observation import Blame, Symptom
from harness.records.schema import Misfit, NonNegative, Seconds
from harness.records.store import Store
from harness.records.tables import Table, table
from harness.space.derivation import derive
from harness.space.usual import Usual
from harness.study.plan import Plan
from harness.study.task import repair_task
from harness.subjects.fault import Fault
from harness.subjects.registry import Registry, folders, load_registry
from harness.techniques.guided.suspicion import Curve, Evidence, Sign, operator_rank, suspects
from harness.techniques.guided.technique import Guided
from harness.training import Request
from harness.vocabulary import HarnessError, Value

EVIDENCE_KINDS: Mapping[str, Callable[[Evidence], Evidence]] = {
    "taxonomy": lambda e: replace(e, values=False, signs=(), blames=()),
    "usual": lambda e: replace(e, taxonomy={}, signs=(), blames=()),
    "prior": lambda e: replace(e, signs=(), blames=()),
    "symptoms": lambda e: replace(e, taxonomy={}, values=False, blames=()),
    "theia": lambda e: replace(e, taxonomy={}, values=False, signs=()),
    "combined": lambda e: e,
}
"""Kind of evidence -> that kind alone. ``prior`` is taxonomy and usual values together."""

TOP = 3
"""An operator is found if it is among so many."""

SUSPICION: Table = table(
    "suspicion",
    """
        fault     | str   |         | id of the fault
        operators | str   |         | repair operators of the ground truth; empty if none reaches it
        signs     | str   |         | what the faulty program's training showed
        blamed    | str   |         | hyperparameters that Theia's findings reach
        first     | str   |         | operators in the order of all evidence, the first three
        taxonomy  | float | rank    | place of the best true operator, from 1: taxonomy alone
        usual     | float | rank    | the same: unusual values alone
        prior     | float | rank    | the same: taxonomy and unusual values
        symptoms  | float | rank    | the same: symptoms of the training alone
        theia     | float | rank    | the same: Theia's findings alone
        combined  | float | rank    | the same: all of them
    """,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRecord:
    """What guided repair knows of a faulty program before any edit, as it is stored."""

    fault: str
    signs: Sequence[str]
    """What the training showed."""
    blames: Sequence[Blame]
    steps: NonNegative | None
    """Training steps of the program; None if they are not known."""
    seconds: Seconds
    """Of the trainings that gave the evidence."""
    health: Mapping[str, Value]

    def __post_init__(self) -> None:
        if odd := sorted(set(self.signs) - {*Curve, *Symptom}):
            raise Misfit(f"name {', '.join(odd)}, which is no sign of a training", ("signs",))


@dataclass(frozen=True, slots=True)
class _Job:
    fault: str
    cell: Cell
    folders: tuple[Path, ...]
    path: Path


def inspect(
    plan: Plan,
    registry: Registry,
    store: Store,
    pool: Callable[[], Pool],
    say: Callable[[str], None],
) -> dict[str, Evidence]:
    """The evidence on each fault of the plan: from the store, or gathered and stored.

    A fault whose program cannot be inspected is left out, and the reason is said.
    """
    jobs = {name: _job(plan, registry, store, name) for name in plan.faults}
    lacking = [job for job in jobs.values() if not is_there(job.path)]
    if lacking:
        store.check()
        for job, result in pool().map(_inspect, lacking):
            say(f"{job.fault}: {result if not isinstance(result, Exception) else repr(result)}")
    return {
        name: _read(job.path, registry[name], plan.space)
        for name, job in jobs.items()
        if is_there(job.path)
    }


def _job(plan: Plan, registry: Registry, store: Store, name: str) -> _Job:
    alone = replace(plan, faults=[name], techniques={"guided": Guided()}, repetitions=1)
    cell = alone.cells(registry)[0]
    told = [cell.fault_content, cell.data, cell.fraction, cell.backend, cell.space, cell.seed]
    path = store.root / "evidence" / f"{name}-{digest(told)}.json"
    return _Job(name, cell, tuple(folders()), path)


def _inspect(job: _Job, workers: Workers) -> str:
    """Let the technique inspect the faulty program, and store what it knows then."""
    cell, fault = job.cell, load_registry(job.folders)[job.fault]
    request = Request.of(
        fault, {}, seed=0, data=cell.data, fraction=cell.fraction, folders=job.folders
    )
    train = RemoteTrain(workers(cell.backend), replace(request, run=cell.identity), cell.run_seed)
    optimiser = Guided().optimiser(repair_task(fault, cell, 1.0), TrainingClock(NEVER), 1)
    seconds = 0.0
    while not optimiser.ranking:
        proposal = optimiser.ask()
        if proposal is None or optimiser.ranking:
            break
        outcome = train(
            proposal.configuration,
            proposal=proposal.proposal,
            fidelity=proposal.fidelity,
            limit=NEVER,
            history=proposal.history,
            look=proposal.look,
        )
        seconds += outcome.seconds
        optimiser.tell(proposal, outcome)
    evidence = optimiser.evidence()
    record = EvidenceRecord(
        fault=job.fault,
        signs=[sign.value for sign in evidence.signs],
        blames=list(evidence.blames),
        steps=evidence.usual.steps if math.isfinite(evidence.usual.steps) else None,
        seconds=seconds,
        health=dict(optimiser.health()),
    )
    write_record(job.path, record)
    return f"inspected in {seconds:.2f} s of training"


def _read(path: Path, fault: Fault, space: str) -> Evidence:
    record = read_record(path, EvidenceRecord, "evidence on a fault")
    if record.fault != fault.id:
        raise HarnessError(
            f"{path} is evidence on {record.fault}, not on {fault.id}. Nothing was changed; move "
            "the file away and repeat the command to gather it again"
        )
    context = fault.subject.context
    steps = math.inf if record.steps is None else record.steps
    usual = Usual(derive(fault.faulty, context, space), context.labels, fault.faulty, steps)
    return Evidence(fault.faulty, usual, [*map(_sign, record.signs)], list(record.blames))


def _sign(word: str) -> Sign:
    return Curve(word) if word in {*Curve} else Symptom(word)


def evidence_ranks(fault: Fault, evidence: Evidence) -> dict[str, Any]:
    """One row of the table ``SUSPICION``."""
    truth = [row.name for row in fault.operators]
    ranking = suspects(evidence)
    sums: dict[str, float] = {}
    for suspect in ranking:
        sums[suspect.operator] = sums.get(suspect.operator, 0.0) + suspect.weight
    first = sorted(sums, key=lambda name: -sums[name])[:TOP]
    return {
        "fault": fault.id,
        "operators": ",".join(truth),
        "signs": ",".join(sign.value for sign in evidence.signs),
        "blamed": ",".join(dict.fromkeys(b.hyperparameter for b in evidence.blames)),
        "first": ",".join(first),
        **{
            kind: operator_rank(suspects(alone(evidence)), truth) if truth else None
            for kind, alone in EVIDENCE_KINDS.items()
        },
    }


def found(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Kind of evidence -> share of the faults that an operator reaches whose operator it finds."""
    reached = [row for row in rows if row["operators"]]
    return {
        kind: sum(row[kind] <= TOP for row in reached) / max(len(reached), 1)
        for kind in EVIDENCE_KINDS
    }
