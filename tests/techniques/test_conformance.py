"""The promises of every technique of the project, on real Ray with a fake training."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from harness.records.outcome import Trial
from harness.techniques.autotrainer.technique import Autotrainer, AutotrainerIcst23
from harness.techniques.bohb import Bohb, BohbIcst23
from harness.techniques.contract import Finish, Technique
from harness.techniques.gp import Gp
from harness.techniques.guided.technique import Guided
from harness.techniques.hebo import Hebo, HeboIcst23, HeboUsual
from harness.techniques.random import Random, RandomIcst23, RandomUsual
from harness.techniques.random_near import RandomNear
from harness.techniques.smac import Smac, SmacHyperband
from harness.techniques.tpe import Tpe
from harness.techniques.usual import AllUsual, usual_start
from harness.testing import (
    FakeTrain,
    TechniqueTestCase,
    fake_task,
    fresh_process_trials,
    run_technique,
)

TECHNIQUES: dict[str, Technique] = {
    "random": Random(),
    "hebo": Hebo(initial=4),
    "bohb": Bohb(),
    "autotrainer": Autotrainer(),
    "guided": Guided(),
    "usual": AllUsual(),
    "random_usual": RandomUsual(),
    "hebo_usual": HeboUsual(initial=4),
    "random_near": RandomNear(),
    "tpe": Tpe(initial=4),
    "gp": Gp(initial=4),
    "smac": Smac(initial=4),
    "smac_hyperband": SmacHyperband(),
    "random_icst23": RandomIcst23(),
    "hebo_icst23": HeboIcst23(),
    "bohb_icst23": BohbIcst23(),
    "autotrainer_icst23": AutotrainerIcst23(),
}

pytestmark = [pytest.mark.usefixtures("ray_session"), pytest.mark.timeout(180)]


SLOW = {n for n in TECHNIQUES if n.endswith("_icst23")} | {
    "hebo_usual",
    "gp",
    "smac",
    "smac_hyperband",
}
"""Techniques that are kept for comparison only, or take seconds for each proposal."""


def parameters(*names: str) -> list[Any]:
    """Names of techniques; of some the tests are slow ones."""
    return [pytest.param(n, marks=[pytest.mark.slow] if n in SLOW else []) for n in names]


class Elsewhere(dict[str, list[list[Any]]]):
    """The trials of each technique, from one new process for all that are tested together."""

    def __missing__(self, name: str) -> list[list[Any]]:
        together = {n: t for n, t in TECHNIQUES.items() if (n in SLOW) == (name in SLOW)}
        self.update(zip(together, fresh_process_trials([*together.values()]), strict=True))
        return self[name]


@pytest.fixture(scope="module")
def all_elsewhere() -> Elsewhere:
    return Elsewhere()


class Ours(TechniqueTestCase):
    """The shipped suite; all techniques share one new process."""

    @pytest.fixture
    def technique(self, name: str) -> Technique:
        return TECHNIQUES[name]

    @pytest.fixture
    def elsewhere(self, name: str, all_elsewhere: Elsewhere) -> list[list[Any]]:
        return all_elsewhere[name]


UNSEEDED = ("hebo_icst23", "usual")
"""Techniques whose first trials are the same for all seeds."""


class TestOurs(Ours):
    @pytest.fixture(params=parameters(*(n for n in TECHNIQUES if n not in UNSEEDED)))
    def name(self, request: pytest.FixtureRequest) -> str:
        return str(request.param)


class TestHeboAsInTheStudy(Ours):
    fixed_start: ClassVar[int | None] = None  # one Sobol sequence for all seeds

    @pytest.fixture(params=parameters("hebo_icst23"))
    def name(self, request: pytest.FixtureRequest) -> str:
        return str(request.param)


class TestUsual(Ours):
    fixed_start: ClassVar[int | None] = None  # nothing is drawn
    ends_early: ClassVar[bool] = True

    @pytest.fixture
    def name(self) -> str:
        return "usual"


def run(name: str, **arguments: Any) -> tuple[list[Trial], Finish]:
    return run_technique(TECHNIQUES[name], **arguments)


@pytest.mark.parametrize("name", parameters(*(n for n in TECHNIQUES if n != "random")))
def test_the_faulty_or_the_usual_program_comes_first(name: str) -> None:
    trials, _ = run(name, budget=2.0)
    first = usual_start(fake_task()) if name.endswith("usual") else fake_task().faulty
    assert dict(trials[0].configuration) == dict(first)


def test_the_usual_program_is_trained_once() -> None:
    trials, _ = run("usual")
    assert len(trials) == 1


@pytest.mark.parametrize(
    "name", parameters("hebo", "hebo_usual", "bohb", "tpe", "gp", "smac", "smac_hyperband")
)
def test_every_observation_reaches_the_searcher(name: str) -> None:
    trials, finish = run(name, train=FakeTrain(trouble="crash"))
    assert finish.health["observations"] == len(trials)


def test_the_study_s_bohb_never_observes() -> None:
    _, finish = run("bohb_icst23")
    assert finish.health["observations"] == 0


def test_bohb_starts_more_and_trains_on_what_is_promising() -> None:
    trials, _ = run("bohb", budget=7.5)
    fidelities: dict[int, list[float]] = {}
    for trial in trials:
        fidelities.setdefault(trial.proposal, []).append(trial.outcome.fidelity)
    assert len(fidelities) >= 12
    assert any(len(f) > 1 for f in fidelities.values())
    assert all(f == sorted(f) for f in fidelities.values())
