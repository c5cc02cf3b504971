from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from formula import run, task
from recorded import AT, run_record

from harness.analysis.explain import explain
from harness.records.log import RunHeader
from harness.records.outcome import Trial
from harness.records.run_record import RepairedFault, RunSeconds
from harness.records.store import Store
from harness.study.plan import Plan
from harness.subjects.registry import Registry
from harness.techniques.guided.technique import Guided
from harness.vocabulary import Configuration


def quality(c: Configuration) -> float:
    return 0.4 + 0.3 * (c["activation_3"] == "relu") + 0.25 * (c["optimiser"] == "rmsprop")


@pytest.fixture
def folder(tmp_path: Path, registry: Registry) -> Path:
    """A stored run on G1 whose trainings are a formula."""
    found, choice, health = run(quality, budget=30.0)
    plan = Plan(
        name="one", faults=["G1"], techniques={"guided": Guided()}, repetitions=1, budget=30
    )
    (cell,) = plan.cells(registry)
    store = Store(tmp_path)
    spent = 0.0
    with store.log(RunHeader(cell=cell, metric="accuracy", training_time=1.0)) as log:
        assert log is not None
        for index, (proposal, outcome) in enumerate(found):
            spent += outcome.seconds
            row = Trial(
                index=index,
                proposal=proposal.proposal,
                configuration=proposal.configuration,
                outcome=outcome,
                suggest_seconds=0.0,
                charged=outcome.seconds,
                spent=spent,
                at=AT,
                note=dict(proposal.note or {}),
            )
            log.append(row)
    fault = RepairedFault(
        title="", metric="accuracy", faulty=dict(task().faulty), fixed=registry["G1"].fixed
    )
    record = run_record(
        cell,
        len(found),
        fault=fault,
        choice=choice,
        counts=Counter(outcome.status.value for _, outcome in found),
        health=health,
        training_time=1.0,
        allowed=30.0,
        spent=spent,
        seconds=RunSeconds(training=spent, search=0.0, building=0.0, total=spent, opening=0.0),
    )
    store.finish(record)
    return store.folder(cell)


def test_each_edit_has_its_evidence_and_its_effect(folder: Path) -> None:
    text = "\n".join(explain(folder))
    for words in (
        "guided on G1, budget 30 x T",
        "faulty program: accuracy 0.400",
        "activation_3: softmax -> relu",
        "suspect number 1 with",
        "by how unusual the value is",
        "optimiser: adam -> rmsprop",
        "accuracy 0.950",
        "so it is needed",
    ):
        assert words in text, text
