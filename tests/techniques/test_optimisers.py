"""Every optimiser keeps the promises of ask and tell; and each one's own."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from bench.optimisers import Costs, measure

from harness.records.clocks import TrainingClock
from harness.records.outcome import Outcome
from harness.space.derivation import derive
from harness.space.operators import Context
from harness.techniques.bohb import Bohb, BohbIcst23, bracket_plan
from harness.techniques.contract import Optimiser, Proposal, RepairTask
from harness.techniques.hebo import Hebo, HeboIcst23
from harness.techniques.random import Random, RandomIcst23
from harness.techniques.support import Encoding, Isolation, Penalised, Source, numpy_state
from harness.vocabulary import METRICS, Configuration, TrialStatus

pytestmark = pytest.mark.timeout(240)  # importing HEBO may take half a minute

ROOT = Path(__file__).parents[2]
FAULTY: Configuration = {
    "loss": "hinge",
    "layers_1": 1,
    "batch_size": 10,
    "units_1": 20,
    "learning_rate": 3.0,
    "epochs": 5,
    "activation_1": "none",
    "bias_initialiser_1": "zeros",
    "optimiser": "sgd",
    "dropout_1": 0.25,
}
SMALL = {"population": 8, "generations": 2, "fit_epochs": 2}
TECHNIQUES: dict[str, Random | Hebo | Bohb | BohbIcst23] = {
    "random": Random(),
    "random_icst23": RandomIcst23(),
    "hebo": Hebo(initial=4, **SMALL),  # type: ignore[arg-type]
    "hebo_icst23": HeboIcst23(initial=8, **SMALL),  # type: ignore[arg-type]
    "bohb": Bohb(),
    "bohb_icst23": BohbIcst23(),
}
"""With settings under which a dozen proposals show all of their behaviour."""

ASKS = {"hebo_icst23": 22, "hebo": 10}
"""How many proposals the tests look at, if not 30."""


def task(variant: str = "corrected", metric: str = "accuracy") -> RepairTask:
    space = derive(FAULTY, Context("binary", {}), variant)
    return RepairTask(faulty=FAULTY, space=space, metric=METRICS[metric], training_time=1.0)


def completed(value: float) -> Outcome:
    return Outcome(status=TrialStatus.COMPLETED, seconds=1.0, search=value, holdout=value)


def failed() -> Outcome:
    return Outcome(status=TrialStatus.DIVERGED, seconds=1.0)


def judge(proposal: Proposal) -> Outcome:
    """Some learning rates are good, some optimisers fail."""
    rate = proposal.configuration["learning_rate"]
    assert isinstance(rate, float)
    if proposal.configuration["optimiser"] in ("adam", "nadam"):
        return failed()
    return completed(1 / (2 + abs(math.log10(rate) + 3)) + 0.01 * proposal.fidelity)


def drive(
    optimiser: Optimiser, asks: int, outcome: Callable[[Proposal], Outcome] = judge
) -> list[Proposal]:
    proposals = []
    for _ in range(asks):
        proposals.append(optimiser.ask())
        optimiser.tell(proposals[-1], outcome(proposals[-1]))
    return proposals


def sequence(name: str, seed: int = 1, variant: str = "corrected") -> list[list[object]]:
    """The proposals of one search, as JSON."""
    proposals = drive(
        TECHNIQUES[name].optimiser(task(variant), TrainingClock(99.0), seed), ASKS.get(name, 30)
    )
    return [[p.proposal, p.fidelity, dict(p.configuration)] for p in proposals]


@pytest.fixture(scope="module")
def sequences() -> dict[str, list[list[object]]]:
    return {name: sequence(name) for name in TECHNIQUES}


@pytest.fixture(scope="module")
def elsewhere() -> dict[str, list[list[object]]]:
    """The same from a new process, whose strings hash otherwise and whose generators are used."""
    code = (
        "import json, numpy, torch; numpy.random.seed(5); torch.manual_seed(5)\n"
        "from tests.techniques.test_optimisers import TECHNIQUES, sequence\n"
        "print(json.dumps({name: sequence(name) for name in reversed(TECHNIQUES)}))"
    )
    path = os.pathsep.join([str(ROOT), str(ROOT / "experiments")])
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": "4321"}
    ran = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=ROOT, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    found: dict[str, list[list[object]]] = json.loads(ran.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize("name", TECHNIQUES)
class TestEveryOptimiser:
    def test_the_seed_decides_all(self, name: str, sequences: dict[str, object]) -> None:
        np.random.seed(3)
        assert sequence(name) == sequences[name]

    def test_a_fresh_process_agrees(
        self, name: str, sequences: dict[str, object], elsewhere: dict[str, object]
    ) -> None:
        assert elsewhere[name] == sequences[name]

    def test_another_seed_differs(self, name: str, sequences: dict[str, object]) -> None:
        assert sequence(name, seed=2) != sequences[name]

    @pytest.mark.parametrize("variant", ["corrected", "icst23"])
    def test_proposals_lie_in_the_space(self, name: str, variant: str) -> None:
        this = task(variant)
        for proposal in drive(TECHNIQUES[name].optimiser(this, TrainingClock(99.0), 4), 10):
            assert proposal.configuration in this.space
            assert {type(v) for v in proposal.configuration.values()} <= {str, int, float, bool}
            assert type(proposal.fidelity) is float and type(proposal.proposal) is int
            json.dumps(proposal.note)

    @pytest.mark.parametrize("metric", METRICS)
    def test_failures_do_no_harm(self, name: str, metric: str) -> None:
        optimiser = TECHNIQUES[name].optimiser(task(metric=metric), TrainingClock(99.0), 4)
        proposals = drive(optimiser, 14, lambda proposal: failed())
        assert len(proposals) == 14
        assert optimiser.health().get("surrogate_failures", 0) == 0

    def test_global_generators_are_left_alone(self, name: str) -> None:
        import torch

        np.random.seed(7)
        torch.manual_seed(7)
        threads = torch.get_num_threads()
        expected = np.random.RandomState(7).rand(3).tolist(), torch.get_rng_state().tolist()
        drive(TECHNIQUES[name].optimiser(task(), TrainingClock(99.0), 1), 8)
        assert (np.random.rand(3).tolist(), torch.get_rng_state().tolist()) == expected
        assert torch.get_num_threads() == threads

    def test_others_drawing_in_between_change_nothing(
        self, name: str, sequences: dict[str, list[list[object]]]
    ) -> None:
        def noisy(proposal: Proposal) -> Outcome:
            np.random.rand(proposal.proposal)
            return judge(proposal)

        proposals = drive(TECHNIQUES[name].optimiser(task(), TrainingClock(99.0), 1), 8, noisy)
        assert [dict(p.configuration) for p in proposals] == [s[2] for s in sequences[name]][:8]

    def test_the_faulty_configuration_is_first(self, name: str) -> None:
        first = TECHNIQUES[name].optimiser(task(), TrainingClock(99.0), 1).ask()
        assert (dict(first.configuration) == FAULTY) == (name != "random")

    def test_health_adds_up(self, name: str) -> None:
        optimiser = TECHNIQUES[name].optimiser(task(), TrainingClock(99.0), 1)
        numbers = {p.proposal for p in drive(optimiser, 9)}
        health = optimiser.health()
        by_source = [health.get(f"{source.value}_proposals", 0) for source in Source]
        assert health["proposals"] == sum(map(int, by_source)) == len(numbers)
        assert numbers == set(range(len(numbers)))


def test_a_choice_keeps_its_values_and_their_types() -> None:
    encoding = Encoding(task().space)
    assert encoding.decode(encoding.encode(FAULTY)) == FAULTY
    back = encoding.decode({n: np.float64(v) for n, v in encoding.encode(FAULTY).items()})
    assert [type(v) for v in back.values()] == [type(FAULTY[n]) for n in back]


def test_numbers_just_outside_are_put_inside() -> None:
    encoding = Encoding(task().space)
    back = encoding.decode(
        {**encoding.encode(FAULTY), "learning_rate": 1e-6 - 1e-15, "epochs": 101}
    )
    assert (back["learning_rate"], back["epochs"]) == (1e-6, 100)


class TestPenalised:
    def proposals(self, n: int) -> list[Proposal]:
        return [Proposal(proposal=i, configuration={}) for i in range(n)]

    def test_accuracy_of_a_failure_is_0(self) -> None:
        learn = Penalised(METRICS["accuracy"])
        a, b = self.proposals(2)
        assert learn.losses(a, failed()) == [(a, 0.0)]
        assert learn.losses(b, completed(0.75)) == [(b, -0.75)]

    def test_an_error_without_bound_waits_for_the_first_value(self) -> None:
        learn = Penalised(METRICS["mae"])
        a, b, c, d = self.proposals(4)
        assert learn.losses(a, failed()) == []
        assert learn.losses(b, completed(2.0)) == [(a, 2.0), (b, 2.0)]
        assert learn.losses(c, completed(5.0)) == [(c, 5.0)]
        assert learn.losses(d, failed()) == [(d, 5.0)]


def test_isolation_continues_where_it_was() -> None:
    isolated = Isolation(numpy_state(1))
    drawn = []
    for _ in range(3):
        np.random.seed(0)
        with isolated():
            drawn.append(float(np.random.rand()))
    assert drawn == np.random.RandomState(1).rand(3).tolist()


class TestHebo:
    def test_the_model_works_on_twelve_choices(self) -> None:
        measured = measure(Hebo(population=10, generations=3).optimiser, seed=0, evaluations=13)
        assert measured.modelled == 13 - 5  # after the observations of the start
        assert measured.surrogate_failures == 0

    def test_failures_reach_the_model(self) -> None:
        optimiser = TECHNIQUES["hebo"].optimiser(task(), TrainingClock(99.0), 1)
        drive(optimiser, 6)
        assert optimiser.health()["observations"] == 6

    def test_a_surrogate_that_fails_is_counted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from hebo.models.gp import gp

        def fail(*_: object, **__: object) -> None:
            raise RuntimeError

        optimiser = Hebo(initial=2, **SMALL).optimiser(task(), TrainingClock(99.0), 1)  # type: ignore[arg-type]
        drive(optimiser, 2)
        monkeypatch.setattr(gp.GPyTorchModel, "__call__", fail)
        drive(optimiser, 1)
        assert optimiser.health()["surrogate_failures"] == 1
        assert optimiser.health()["fallback_proposals"] == 1

    def test_an_exception_gives_a_random_configuration(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from hebo.optimizers.hebo import HEBO

        def fail(*_: object) -> None:
            raise RuntimeError

        optimiser = Hebo(initial=2, **SMALL).optimiser(task(), TrainingClock(99.0), 1)  # type: ignore[arg-type]
        monkeypatch.setattr(HEBO, "suggest", fail)
        assert drive(optimiser, 3)[2].configuration in task().space
        assert optimiser.health()["exceptions"] == 1

    def test_the_start_goes_on_while_all_observations_are_equal(self) -> None:
        optimiser = Hebo(initial=2, **SMALL).optimiser(task(), TrainingClock(99.0), 1)  # type: ignore[arg-type]
        drive(optimiser, 5, lambda proposal: completed(0.1))
        assert optimiser.health()["sobol_proposals"] == 4

    def test_as_in_the_study_all_seeds_start_with_one_list(self) -> None:
        one, two = (
            drive(HeboIcst23().optimiser(task("icst23"), TrainingClock(99.0), s), 9) for s in (1, 2)
        )
        assert [p.configuration for p in one] == [p.configuration for p in two]
        assert one[1].configuration["learning_rate"] == 1e-6

    def test_as_in_the_study_a_model_comes_after_the_list(self) -> None:
        optimiser = TECHNIQUES["hebo_icst23"].optimiser(task(), TrainingClock(99.0), 1)
        drive(optimiser, ASKS["hebo_icst23"])
        health = optimiser.health()
        assert int(health["sobol_proposals"]) >= 2 * 8
        assert int(health["model_proposals"]) + int(health["fallback_proposals"]) > 0

    def test_as_in_the_study_failures_are_not_told(self) -> None:
        optimiser = HeboIcst23().optimiser(task(), TrainingClock(99.0), 1)
        drive(optimiser, 9, lambda proposal: failed())
        assert optimiser.health()["observations"] == 0


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


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_hebo_beats_random_on_twelve_choices() -> None:
    hebo, random = (
        [measure(make, seed, 40).regret for seed in range(5)]
        for make in (Hebo().optimiser, Random(from_faulty=True).optimiser)
    )
    assert np.median(hebo) < np.median(random)
