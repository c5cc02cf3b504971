"""Checks of what a technique hands over; the whole list is tried in test_referee."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.engine.gate import Gate
from harness.records.schema import to_json
from harness.techniques.contract import Finish, Proposal, TechniqueError
from harness.testing import fake_task
from harness.training.watched.history import History, Link, Training
from harness.vocabulary import CellStatus


def test_the_faulty_programs_own_values_are_inside_wherever_they_lie() -> None:
    task = fake_task()
    task = replace(task, faulty={**task.faulty, "learning_rate": 3e6})
    asked = Proposal(proposal=0, configuration=task.faulty)
    assert Gate("t", task).proposal(asked).configuration == task.faulty


def test_what_passed_shares_nothing_with_what_was_given() -> None:
    task = fake_task()
    values, note = dict(task.faulty), {"a": [1]}
    passed = Gate("t", task).proposal(Proposal(proposal=0, configuration=values, note=note))
    values["epochs"] = 1
    note["a"].append(2)
    assert passed.configuration == task.faulty
    assert passed.note == {"a": [1]}


def test_a_history_may_lead_out_of_the_space_and_its_note_names_it() -> None:
    task = fake_task()
    link = Link(number=3, training=Training.of(task.faulty))
    history = History(links=(link,), start=task.faulty)
    asked = Proposal(
        proposal=3,
        configuration={**task.faulty, "learning_rate": 77.0},
        history=history,
        note={"history": history.plain(), "structural": {}},
    )
    passed = Gate("t", task).proposal(asked)
    assert passed.history == history
    assert passed.history is not history
    assert passed.note is not None
    assert passed.note["history"] == to_json(history)
    with pytest.raises(TechniqueError, match="outside the space"):
        Gate("t", task).proposal(replace(asked, history=None, note={}))


def test_a_word_for_a_status_becomes_the_status() -> None:
    found = Gate("t", fake_task()).finish(Finish({"n": 1}, "no_symptom"))  # type: ignore[arg-type]
    assert found.status is CellStatus.NO_SYMPTOM
