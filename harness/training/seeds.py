"""Seeds of single trainings, and the order of their samples."""

from __future__ import annotations

import numpy as np


def training_seed(run_seed: int, number: int) -> int:
    """The seed of one training, from the run's seed and the number of the proposal."""
    return int(np.random.SeedSequence([run_seed, number]).generate_state(1)[0])


def epoch_order(seed: int, epoch: int, samples: int) -> np.ndarray:
    """The order of the samples in one epoch (from 0) of a training: (samples,) int32."""
    return np.random.default_rng([seed, epoch]).permutation(samples).astype(np.int32)
