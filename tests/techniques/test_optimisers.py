"""Every optimiser keeps the promises of ask and tell; and each one's own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from asking import FAULTY, SMALL, drive, failed, judge, task

from harness.records.clocks import TrainingClock
from harness.records.outcome import Outcome
from harness.techniques.bohb import Bohb, BohbIcst23
from harness.techniques.contract import AskAndTell, Proposal
from harness.techniques.gp import Gp
from harness.techniques.hebo import Hebo, HeboIcst23, HeboUsual
from harness.techniques.random import Random, RandomIcst23, RandomUsual
from harness.techniques.random_near import RandomNear
from harness.techniques.smac import Smac, SmacHyperband
from harness.techniques.support import Source
from harness.techniques.tpe import Tpe
from harness.techniques.usual import usual_start
from harness.vocabulary import METRICS

pytestmark = pytest.mark.timeout(240)  # importing HEBO may take half a minute

ROOT = Path(__file__).parents[2]
TECHNIQUES: dict[str, AskAndTell] = {
    "random": Random(),
    "random_icst23": RandomIcst23(),
    "hebo": Hebo(initial=4, **SMALL),  # type: ignore[arg-type]
    "hebo_icst23": HeboIcst23(initial=8, **SMALL),  # type: ignore[arg-type]
    "bohb": Bohb(),
    "bohb_icst23": BohbIcst23(),
    "random_usual": RandomUsual(),
    "hebo_usual": HeboUsual(initial=4, **SMALL),  # type: ignore[arg-type]
    "random_near": RandomNear(),
    "tpe": Tpe(initial=4),
    "gp": Gp(initial=4),
    "smac": Smac(initial=4),
    "smac_hyperband": SmacHyperband(),
}
"""With settings under which a dozen proposals show all of their behaviour."""

ASKS = {"hebo_icst23": 22, "hebo": 10, "hebo_usual": 10, "gp": 10, "smac": 15, "smac_hyperband": 20}
"""How many proposals the tests look at, if not 30."""

COSTLY = {"hebo_usual", "smac", "smac_hyperband"}
"""A second or more for each proposal, or hardly other than one that is tested here already."""


def sequence(name: str, seed: int = 1, variant: str = "corrected") -> list[list[object]]:
    """The proposals of one search, as JSON."""
    proposals = drive(
        TECHNIQUES[name].optimiser(task(variant), TrainingClock(99.0), seed), ASKS.get(name, 30)
    )
    return [[p.proposal, p.fidelity, dict(p.configuration)] for p in proposals]


class Sequences(dict[str, list[list[object]]]):
    """The sequence of each technique, made when it is first asked for."""

    def __missing__(self, name: str) -> list[list[object]]:
        self[name] = sequence(name)
        return self[name]


class Elsewhere(Sequences):
    """The same from a new process, whose strings hash otherwise and whose generators are used.

    One process makes the sequences of all techniques that are tested together.
    """

    def __missing__(self, name: str) -> list[list[object]]:
        together = [n for n in TECHNIQUES if (n in COSTLY) == (name in COSTLY)]
        code = (
            "import json, numpy, torch; numpy.random.seed(5); torch.manual_seed(5)\n"
            "from tests.techniques.test_optimisers import sequence\n"
            f"print(json.dumps({{name: sequence(name) for name in reversed({together})}}))"
        )
        path = os.pathsep.join(str(ROOT / part) for part in (".", "experiments", "tests/support"))
        environment = {**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": "4321"}
        ran = subprocess.run(
            [sys.executable, "-c", code], env=environment, cwd=ROOT, capture_output=True, text=True
        )
        assert ran.returncode == 0, ran.stderr
        self.update(json.loads(ran.stdout.splitlines()[-1]))
        return self[name]


@pytest.fixture(scope="module")
def sequences() -> Sequences:
    return Sequences()


@pytest.fixture(scope="module")
def elsewhere() -> Elsewhere:
    return Elsewhere()


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[pytest.mark.slow] if n in COSTLY else []) for n in TECHNIQUES]
)
class TestEveryOptimiser:
    def test_the_seed_decides_all(self, name: str, sequences: Sequences) -> None:
        np.random.seed(3)
        assert sequence(name) == sequences[name]

    def test_a_fresh_process_agrees(
        self, name: str, sequences: Sequences, elsewhere: Elsewhere
    ) -> None:
        assert elsewhere[name] == sequences[name]

    def test_another_seed_differs(self, name: str, sequences: Sequences) -> None:
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
        self, name: str, sequences: Sequences
    ) -> None:
        def noisy(proposal: Proposal) -> Outcome:
            np.random.rand(proposal.proposal)
            return judge(proposal)

        proposals = drive(TECHNIQUES[name].optimiser(task(), TrainingClock(99.0), 1), 8, noisy)
        assert [dict(p.configuration) for p in proposals] == [s[2] for s in sequences[name]][:8]

    def test_the_faulty_or_the_usual_configuration_is_first(self, name: str) -> None:
        first = TECHNIQUES[name].optimiser(task(), TrainingClock(99.0), 1).ask()
        assert first is not None
        wanted = usual_start(task()) if name.endswith("usual") else FAULTY
        assert (dict(first.configuration) == wanted) == (name != "random")

    def test_health_adds_up(self, name: str) -> None:
        optimiser = TECHNIQUES[name].optimiser(task(), TrainingClock(99.0), 1)
        numbers = {p.proposal for p in drive(optimiser, 9)}
        health = optimiser.health()
        by_source = [health.get(f"{source.value}_proposals", 0) for source in Source]
        assert health["proposals"] == sum(map(int, by_source)) == len(numbers)
        assert numbers == set(range(len(numbers)))
