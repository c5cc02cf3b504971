"""SMAC: its start, its model, its promotions, its failures."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from asking import FAULTY, completed, drive, failed, judge, task
from bench.optimisers import measure

from harness.records.clocks import TrainingClock
from harness.space.derivation import Space
from harness.space.domains import Choice
from harness.techniques.contract import NotApplicable, Proposal
from harness.techniques.random import Random
from harness.techniques.smac import Smac, SmacHyperband, SmacOptimiser

pytestmark = pytest.mark.timeout(240)  # importing SMAC may take a while


def search(settings: Smac | None = None, metric: str = "accuracy") -> SmacOptimiser:
    technique = settings or Smac(initial=4)
    return technique.optimiser(task(metric=metric), TrainingClock(99.0), 1)


class TestSmac:
    def test_the_model_proposes_after_the_start(self) -> None:
        this = search()
        sources = [p.note["source"] for p in drive(this, 16) if p.note]
        assert sources[:4] == ["faulty", "sobol", "sobol", "sobol"]
        assert set(sources[4:]) == {"model", "random"}
        assert sources[4:].count("model") > 6
        assert this.health()["observations"] == 16

    def test_two_seeds_have_two_starts_and_interleave_otherwise(self) -> None:
        runs = [
            drive(Smac(initial=4).optimiser(task(), TrainingClock(99.0), seed), 16)
            for seed in (1, 2)
        ]
        one, two = ([p.configuration for p in run[1:4]] for run in runs)
        assert not [c for c in one if c in two]
        places, others = ([p.note for p in run[4:]] for run in runs)
        assert places != others

    def test_it_leaves_no_file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("TMPDIR", str(tmp_path))
        monkeypatch.setattr("tempfile.tempdir", None)
        drive(search(), 6)
        assert not [*tmp_path.iterdir()]

    def test_a_space_that_is_exhausted_does_not_end_the_run(self) -> None:
        domains = {"units_1": Choice((1, 2)), "layers_1": Choice((0, 1))}
        this = replace(task(), space=Space("x", domains, {}), faulty={"units_1": 1, "layers_1": 0})
        optimiser = Smac(initial=2).optimiser(this, TrainingClock(99.0), 1)
        proposals = drive(optimiser, 9, lambda proposal: completed(0.1 * proposal.proposal))
        assert len(proposals) == 9
        assert int(optimiser.health()["fallback_proposals"]) >= 5
        assert optimiser.health()["observations"] == 9

    def test_a_program_without_a_choice_is_not_applicable(self) -> None:
        this = replace(task(), space=Space("x", {"epochs": Choice((5,))}, {}), faulty={"epochs": 5})
        with pytest.raises(NotApplicable, match="no hyperparameter"):
            Smac().optimiser(this, TrainingClock(99.0), 1)


class TestSmacHyperband:
    def by_number(self, proposals: list[Proposal]) -> list[list[Proposal]]:
        found: dict[int, list[Proposal]] = defaultdict(list)
        for proposal in proposals:
            found[proposal.proposal].append(proposal)
        return [*found.values()]

    def test_a_promotion_keeps_its_number_and_raises_the_fidelity(self) -> None:
        this = search(SmacHyperband())
        proposals = drive(this, 22)
        again = [same for same in self.by_number(proposals) if len(same) > 1]
        assert len(again) >= 4
        for same in again:
            fidelities = [p.fidelity for p in same]
            assert fidelities == sorted(set(fidelities))
            assert all(p.configuration == same[0].configuration for p in same)
        assert {round(p.fidelity, 6) for p in proposals} == {0.111111, 0.333333, 1.0}
        assert this.health()["promotions"] == sum(len(same) - 1 for same in again)

    def test_the_best_are_promoted(self) -> None:
        proposals = drive(search(SmacHyperband()), 12)
        first = [p for p in proposals if p.fidelity < 0.2]
        second = [p for p in proposals if 0.2 < p.fidelity < 0.5]
        assert (len(first), len(second)) == (9, 3)
        ranked = sorted(first, key=lambda p: -(judge(p).search or 0.0))
        assert {p.proposal for p in second} == {p.proposal for p in ranked[:3]}

    def test_a_failure_is_never_trained_further(self) -> None:
        this, ended = search(SmacHyperband()), set()
        for _ in range(60):
            proposal = this.ask()
            assert proposal.proposal not in ended
            outcome = judge(proposal)
            if not outcome.judged:
                ended.add(proposal.proposal)
            this.tell(proposal, outcome)
        assert ended

    @pytest.mark.parametrize("metric", ["accuracy", "mae"])
    def test_where_all_fails_new_configurations_are_tried(self, metric: str) -> None:
        this = search(SmacHyperband(), metric)
        proposals = drive(this, 30, lambda proposal: failed())
        assert len({p.proposal for p in proposals}) == 30
        assert this.health()["promotions"] == 0

    def test_the_model_is_used_once_it_can_be(self) -> None:
        this = search(SmacHyperband())
        drive(this, 60)
        health = this.health()
        assert int(health["model_proposals"]) > 0
        assert health["exceptions"] == 0

    def test_the_faulty_program_comes_first(self) -> None:
        first = search(SmacHyperband()).ask()
        assert first.configuration == FAULTY
        assert first.fidelity == pytest.approx(1 / 9)


@pytest.mark.slow
@pytest.mark.parametrize("technique", [Smac(), SmacHyperband()])
def test_smac_beats_random_on_twelve_choices(technique: Smac) -> None:
    smac, random = (
        [measure(make, seed, 25).regret for seed in range(6)]
        for make in (technique.optimiser, Random(from_faulty=True).optimiser)
    )
    assert np.median(smac) < np.median(random)
