"""GP: its model pays."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from asking import task
from bench.optimisers import measure

from harness.records.clocks import TrainingClock
from harness.space.derivation import Space
from harness.space.domains import Choice
from harness.techniques.contract import NotApplicable
from harness.techniques.gp import Gp
from harness.techniques.random import Random


def test_gp_beats_random_on_twelve_choices() -> None:
    gp, random = (
        [measure(make, seed, 25).regret for seed in range(5)]
        for make in (Gp().optimiser, Random(from_faulty=True).optimiser)
    )
    assert np.median(gp) < np.median(random)


def test_a_program_without_a_choice_is_not_applicable() -> None:
    this = replace(task(), space=Space("x", {"epochs": Choice((5,))}, {}), faulty={"epochs": 5})
    with pytest.raises(NotApplicable, match="no hyperparameter"):
        Gp().optimiser(this, TrainingClock(99.0), 1)
