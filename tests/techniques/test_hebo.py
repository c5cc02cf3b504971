"""HEBO: its model, its start, its failures."""

from __future__ import annotations

import numpy as np
import pytest
from asking import SMALL, completed, drive, failed, task
from bench.optimisers import measure

from harness.records.clocks import TrainingClock
from harness.techniques.hebo import Hebo, HeboIcst23, HeboUsual
from harness.techniques.random import Random
from harness.techniques.usual import usual_start

pytestmark = pytest.mark.timeout(240)  # importing HEBO may take half a minute


class TestHebo:
    def test_the_model_works_on_twelve_choices(self) -> None:
        measured = measure(Hebo(population=10, generations=3).optimiser, seed=0, evaluations=13)
        assert measured.modelled == 13 - 5  # after the observations of the start
        assert measured.surrogate_failures == 0

    def test_failures_reach_the_model(self) -> None:
        optimiser = Hebo(initial=4, **SMALL).optimiser(task(), TrainingClock(99.0), 1)
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

    def test_it_may_start_at_the_usual_program(self) -> None:
        optimiser = HeboUsual(initial=2, **SMALL).optimiser(task(), TrainingClock(99.0), 1)  # type: ignore[arg-type]
        first, *others = drive(optimiser, 4)
        assert first.configuration == usual_start(task()) != task().faulty
        assert task().faulty not in [p.configuration for p in others]
        health = optimiser.health()
        assert (health["usual_proposals"], health["observations"]) == (1, 4)
        assert "faulty_proposals" not in health

    def test_as_in_the_study_all_seeds_start_with_one_list(self) -> None:
        one, two = (
            drive(HeboIcst23().optimiser(task("icst23"), TrainingClock(99.0), s), 9) for s in (1, 2)
        )
        assert [p.configuration for p in one] == [p.configuration for p in two]
        assert one[1].configuration["learning_rate"] == 1e-6

    def test_as_in_the_study_a_model_comes_after_the_list(self) -> None:
        optimiser = HeboIcst23(initial=8, **SMALL).optimiser(task(), TrainingClock(99.0), 1)
        drive(optimiser, 22)
        health = optimiser.health()
        assert int(health["sobol_proposals"]) >= 2 * 8
        assert int(health["model_proposals"]) + int(health["fallback_proposals"]) > 0

    def test_as_in_the_study_failures_are_not_told(self) -> None:
        optimiser = HeboIcst23().optimiser(task(), TrainingClock(99.0), 1)
        drive(optimiser, 9, lambda proposal: failed())
        assert optimiser.health()["observations"] == 0


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_hebo_beats_random_on_twelve_choices() -> None:
    hebo, random = (
        [measure(make, seed, 40).regret for seed in range(5)]
        for make in (Hebo().optimiser, Random(from_faulty=True).optimiser)
    )
    assert np.median(hebo) < np.median(random)
