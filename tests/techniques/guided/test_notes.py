from __future__ import annotations

import json

import numpy as np
from formula import task

from harness.records.observation import Blame
from harness.space.usual import Usual
from harness.techniques.guided.neighbourhood import Edit, Neighbourhood, Step
from harness.techniques.guided.notes import step_note
from harness.techniques.guided.program import TriedProgram
from harness.techniques.guided.suspicion import Evidence

FAULTY = task().faulty


def hood() -> Neighbourhood:
    blame = Blame("epochs", "bug", "RULE", FAULTY["epochs"])
    usual = Usual(task().space, "one_hot", FAULTY)
    return Neighbourhood(Evidence(FAULTY, usual, blames=[blame]), np.random.default_rng(1), 0, 0.25)


def test_a_note_holds_edits_ranks_and_evidence_as_json_values() -> None:
    base = TriedProgram(dict(FAULTY), errors={4: 0.3, 2: 0.5})
    step = Step((Edit("epochs", 7), Edit("batch_size", 100)), 1.0)
    note = step_note(step, base, around := hood())
    assert json.loads(json.dumps(note)) == note
    assert note["base"] == 2
    assert note["edits"] == {"epochs": 7, "batch_size": 100}
    order = [s.name for s in around.ranking(FAULTY)]
    assert note["suspicion"]["epochs"]["rank"] == order.index("epochs") + 1
    assert note["suspicion"]["epochs"]["theia RULE"] == 10.0
    assert "theia RULE" not in note["suspicion"]["batch_size"]
    assert 0 < note["suspicion"]["batch_size"]["share"] < 1


def test_a_base_without_full_trainings_is_missing_in_the_note() -> None:
    step = Step((Edit("epochs", 7),), 1.0)
    assert step_note(step, TriedProgram(dict(FAULTY)), hood())["base"] is None
