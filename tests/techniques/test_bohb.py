"""BOHB: its brackets, its promotions, its model."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from asking import drive, failed, judge, task
from bench.optimisers import Costs, measure

from harness.records.clocks import TrainingClock
from harness.techniques.bohb import Bohb, BohbIcst23, bracket_plan
from harness.techniques.contract import Optimiser, Proposal
from harness.techniques.random import Random

pytestmark = pytest.mark.timeout(240)  # importing HEBO may take half a minute


class TestBohb:
    def run(self, asks: int) -> tuple[Optimiser, list[Proposal]]:
        optimiser = Bohb().optimiser(task(), TrainingClock(99.0), 1)
        return optimiser, drive(optimiser, asks)

    @pytest.mark.parametrize("number", range(6))
    def test_brackets_are_those_of_hpbandster(self, number: int) -> None:
        from hpbandster.optimizers.bohb import BOHB

        master = SimpleNamespace(
            max_SH_iter=3,
            eta=3,
            budgets=3.0 ** -np.linspace(2, 0, 3),
            config_generator=SimpleNamespace(get_config=None),
        )
        theirs = BOHB.get_next_iteration(master, number)
        counts, fidelities = bracket_plan(number, eta=3, rungs=3)
        assert counts == theirs.num_configs
        assert fidelities == pytest.approx(theirs.budgets)

    def test_every_rung_is_observed(self) -> None:
        optimiser, _ = self.run(22)
        health = optimiser.health()
        rungs = {name: n for name, n in health.items() if name.startswith("observations_at")}
        assert rungs == {
            "observations_at_1/9": 9 + 2,
            "observations_at_1/3": 3 + 3,
            "observations_at_1": 1 + 1 + 3,
        }
        assert health["promotions"] == 3 + 1 + 1

    def test_a_promotion_keeps_its_number_and_raises_the_fidelity(self) -> None:
        _, proposals = self.run(22)
        by_number: dict[int, list[Proposal]] = {}
        for proposal in proposals:
            by_number.setdefault(proposal.proposal, []).append(proposal)
        again = [same for same in by_number.values() if len(same) > 1]
        assert again
        for same in again:
            fidelities = [p.fidelity for p in same]
            assert fidelities == sorted(set(fidelities))
            assert all(p.configuration == same[0].configuration for p in same)

    def test_a_failure_is_never_promoted(self) -> None:
        ended: set[int] = set()
        optimiser = Bohb().optimiser(task(), TrainingClock(99.0), 1)
        for _ in range(60):
            proposal = optimiser.ask()
            assert proposal.proposal not in ended
            outcome = judge(proposal)
            if not outcome.judged:
                ended.add(proposal.proposal)
            optimiser.tell(proposal, outcome)
        assert ended

    def test_the_model_is_used_once_it_can_be(self) -> None:
        optimiser, _ = self.run(80)
        health = optimiser.health()
        assert int(health["model_proposals"]) > 0
        assert health["fallback_proposals"] == 0

    def test_a_silent_fall_back_is_noticed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        import ConfigSpace

        optimiser, _ = self.run(60)
        monkeypatch.setattr(ConfigSpace.util, "deactivate_inactive_hyperparameters", None)
        drive(optimiser, 3)
        assert int(optimiser.health()["fallback_proposals"]) > 0

    def test_it_starts_twice_as_many_configurations_for_the_same_training(self) -> None:
        costs = Costs(0)
        assert len(costs.sizes) == 12
        random = measure(Random().optimiser, seed=0, evaluations=21)
        bohb = measure(Bohb().optimiser, seed=0, evaluations=21)
        assert bohb.proposals >= 2 * random.proposals


class TestBohbAsInTheStudy:
    def test_no_result_changes_a_proposal(self) -> None:
        runs = [
            drive(BohbIcst23().optimiser(task(), TrainingClock(99.0), 1), 12, outcome)
            for outcome in (judge, lambda proposal: failed())
        ]
        first, second = ([p.configuration for p in run] for run in runs)
        assert first == second

    def test_every_training_is_a_full_one(self) -> None:
        optimiser = BohbIcst23().optimiser(task(), TrainingClock(99.0), 1)
        proposals = drive(optimiser, 12)
        assert {p.fidelity for p in proposals} == {1.0}
        health = optimiser.health()
        assert (health["faulty_proposals"], health["random_proposals"]) == (1, 11)
