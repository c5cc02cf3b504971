"""Seeds of trainings and orders of samples: stored runs depend on these very numbers."""

from __future__ import annotations

import numpy as np

from harness.training.seeds import epoch_order, training_seed


def test_trainings_have_seeds_of_their_own() -> None:
    found = {training_seed(run, number) for run in range(20) for number in range(20)}
    assert len(found) == 400
    assert training_seed(1, 0) == int(np.random.SeedSequence([1, 0]).generate_state(1)[0])


def test_an_order_holds_every_sample_once() -> None:
    first, second = epoch_order(7, 0, 50), epoch_order(7, 1, 50)
    assert first.dtype == np.int32
    assert sorted(first) == sorted(second) == list(range(50))
    assert not np.array_equal(first, second)
    assert np.array_equal(first, epoch_order(7, 0, 50))
