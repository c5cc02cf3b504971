"""The course of guided repair on a training that is a formula."""

from __future__ import annotations

from typing import Any

import pytest
from formula import run, task

from harness.records.outcome import Outcome
from harness.techniques.contract import Proposal
from harness.techniques.guided.technique import Guided
from harness.testing import OptimiserTestCase
from harness.vocabulary import Configuration, TrialStatus, changed


class TestGuided(OptimiserTestCase):
    @pytest.fixture
    def technique(self) -> Guided:
        return Guided()


def patch_of(found: list[tuple[Proposal, Outcome]], choice: int | None) -> dict[str, Any]:
    configuration = next(p.configuration for p, _ in found if p.proposal == choice)
    return {n: after for n, (_, after) in changed(task().faulty, configuration).items()}


def one_edit(c: Configuration) -> float:
    return 0.9 if c["activation_3"] == "relu" else 0.4


def test_a_single_edit_is_found_confirmed_and_nothing_else_is_changed() -> None:
    found, choice, health = run(one_edit)
    assert patch_of(found, choice) == {"activation_3": "relu"}
    assert health["confirmed"] == 1
    assert health["suspected_operators"].split(",")[0] == "activation"
    assert [p.note["phase"] for p, _ in found[:2] if p.note] == ["look", "watch"]


def test_what_looking_costs_is_not_taken_for_the_cost_of_a_training() -> None:
    found, choice, health = run(one_edit, looking=0.75)
    assert health["probed"] > 0
    assert patch_of(found, choice) == {"activation_3": "relu"}


@pytest.mark.parametrize("seed", range(5))
def test_nothing_worse_than_the_faulty_program_is_returned(seed: int) -> None:
    faulty = task().faulty
    found, choice, _ = run(lambda c: 0.4 if dict(c) == dict(faulty) else 0.3, seed=seed)
    assert patch_of(found, choice) == {}


def test_a_patch_that_luck_made_is_refuted() -> None:
    lucky = iter([True])

    def quality(c: Configuration) -> float:
        if c["activation_3"] != "relu":
            return 0.4
        return 0.6 if next(lucky, False) else 0.1

    found, choice, health = run(quality, probe=1.0)
    assert health["kept"] == health["refuted"] == 1
    assert patch_of(found, choice) == {}


def test_edits_that_are_not_needed_are_taken_back() -> None:
    settings: dict[str, Any] = {"near": False, "width": 1, "budget": 60.0}
    found, choice, health = run(one_edit, **settings)
    assert patch_of(found, choice) == {"activation_3": "relu"}
    assert health["taken_back"] > 3
    found, choice, _ = run(one_edit, **settings, minimise=False)
    assert len(patch_of(found, choice)) > 5


def test_two_edits_that_both_help_are_both_kept() -> None:
    def quality(c: Configuration) -> float:
        gain = 0.3 * (c["activation_3"] == "relu") + 0.25 * (c["optimiser"] == "rmsprop")
        return 0.4 + gain

    found, choice, _ = run(quality, budget=30.0)
    assert patch_of(found, choice) == {"activation_3": "relu", "optimiser": "rmsprop"}


def test_a_program_that_diverges_gives_way_to_any_that_trains() -> None:
    found, choice, _ = run(lambda c: 0.2 if c["activation_3"] == "relu" else -1.0)
    assert patch_of(found, choice) == {"activation_3": "relu"}


def test_a_program_that_cannot_be_watched_is_trained_all_the_same() -> None:
    found, choice, _ = run(one_edit, unwatchable=True)
    assert found[1][1].status is TrialStatus.INVALID
    assert found[2][0].proposal == 0 and found[2][1].fidelity == 1
    assert patch_of(found, choice) == {"activation_3": "relu"}
    found, choice, _ = run(lambda c: 0.4, unwatchable=True)
    assert patch_of(found, choice) == {}


def test_a_note_says_what_would_be_returned_and_why() -> None:
    found, _, _ = run(one_edit)
    notes = [p.note for p, _ in found if p.note]
    assert notes[0]["choice"] is None
    assert notes[-1]["choice"] in [p.proposal for p, _ in found]
    step = next(n for n in notes if n["phase"] == "train")
    assert step["edits"] == {"activation_3": "relu"}
    assert step["suspicion"]["activation_3"]["rank"] == 1
    assert "unusual value" in step["suspicion"]["activation_3"]


@pytest.mark.parametrize("off", ["localise", "watch", "taxonomy", "values", "near", "minimise"])
def test_each_part_can_be_switched_off(off: str) -> None:
    found, _, _ = run(one_edit, **{off: False})
    assert any(p.look for p, _ in found) == (off != "localise")
    assert any(p.history for p, _ in found) == (off != "watch")
