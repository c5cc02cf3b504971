"""The framework of a training process, and the device that it trains on."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from harness.training import configure, device, memory
from harness.training.device import restore_torch_state, torch_state
from harness.vocabulary import HarnessError


@pytest.fixture(scope="module", autouse=True)
def tensorflow() -> None:
    configure("tensorflow", threads=1)


def test_kernels_that_round_and_run_differently_are_another_device(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS", raising=False)
    plain = device()
    assert plain.startswith("tensorflow on ")
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "1")
    assert device() == plain.replace("tensorflow", "tensorflow with oneDNN")


def test_a_process_has_one_backend() -> None:
    import keras

    assert keras.config.backend() == "tensorflow"
    for other in ("jax", "pytorch"):
        with pytest.raises(HarnessError, match="this process runs Keras on tensorflow"):
            configure(other)
    with pytest.raises(HarnessError, match="no Keras backend 'theano'"):
        configure("theano")


def test_memory_grows_with_what_is_held() -> None:
    before = memory()
    held = np.ones(8_000_000)
    assert memory() - before > 0.9 * held.nbytes


def test_a_restored_generator_draws_the_same() -> None:
    state = torch_state()
    first = torch.rand(3)
    restore_torch_state(state)
    assert torch.equal(torch.rand(3), first)
