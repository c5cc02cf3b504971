"""The tool on its own: models in, repaired models, logs and pages out; bad input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import torch
from keras import layers as k
from tool_programs import SLOW, answers, small, small_torch
from torch import nn

from experiments.autotrainer_cases import (
    CASES,
    Case,
    blobs,
    keras_model,
    torch_data,
    torch_model,
    torch_training,
)
from harness.records.observation import Symptom
from harness.techniques.autotrainer import AutoTrainer, ToolData, ToolResult
from harness.techniques.autotrainer.scheduler import Status
from harness.training.judge import accuracy
from harness.vocabulary import HarnessError


def weights_of(model: Any) -> list[np.ndarray]:
    if isinstance(model, keras.Model):
        return list(model.get_weights())
    return [p.detach().numpy().copy() for p in model.parameters()]


def test_a_slow_program_is_recognised_and_repaired(
    repaired: tuple[ToolResult, Any, ToolData],
) -> None:
    result, _, data = repaired
    first, *tried = result.attempts
    assert (first.found, first.solution) == (Symptom.SLOW, "")
    assert result.symptoms[0] is Symptom.SLOW
    assert tried and tried[0].solution == "optimizer"
    assert result.status is not Status.NO_SYMPTOM
    reached = accuracy(data.y_val, answers(result.model, data.x_val))
    assert reached == pytest.approx(result.accuracy, abs=1e-6)
    assert result.history.links[-1].training == result.training


def test_the_model_that_was_given_is_not_changed(
    repaired: tuple[ToolResult, Any, ToolData],
) -> None:
    _, model, _ = repaired
    fresh = (small if isinstance(model, keras.Model) else small_torch)()
    assert all(
        np.array_equal(a, b) for a, b in zip(weights_of(model), weights_of(fresh), strict=True)
    )


def branching() -> keras.Model:
    inputs = keras.Input((2,))
    one, two = k.Dense(4)(inputs), k.Dense(4)(inputs)
    return keras.Model(inputs, k.Dense(3, "softmax")(k.Add()([one, two])))


class OwnForward(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


def _data(**changed: np.ndarray) -> dict[str, np.ndarray]:
    data = blobs()
    arrays = {name: getattr(data, name) for name in ("x", "y", "x_val", "y_val")}
    return {k: v for k, v in (arrays | changed).items() if v.size}


NONE = np.zeros(0)
BAD: dict[str, tuple[Callable[[], Any], dict[str, np.ndarray], dict[str, Any], str]] = {
    "a branch": (branching, {}, {}, "no chain"),
    "own forward": (OwnForward, {}, {}, "no chain"),
    "no model": (dict, {}, {}, "Keras and PyTorch models. Received: dict"),
    "another metric": (small, {}, {"metric": "mae"}, "the metric must be accuracy"),
    "unknown optimiser": (small, {}, {"optimiser": "adm"}, "optimiser 'adm'. Did you mean adam"),
    "unknown key": (small, {}, {"lr": 0.1}, "key of a training 'lr'"),
    "epochs": (small, {}, {"epochs": 2.5}, "a whole number was expected"),
    "regression": (small, {"y": np.full((700, 3), 0.5)}, {}, "does not apply to regression"),
    "other width": (small, {"x": np.zeros((700, 5)), "x_val": np.zeros((300, 5))}, {}, "shape"),
    "no validation": (small, {"y_val": NONE}, {}, "the data lack y_val"),
    "few labels": (small, {"y": np.eye(3)[[0, 1]]}, {}, "700 samples, 2 labels"),
    "classes": (
        small,
        {"y": np.eye(4)[np.zeros(700, int)], "y_val": np.eye(4)[np.zeros(300, int)]},
        {},
        "3 outputs, but the labels 4 columns",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_message(name: str) -> None:
    model, arrays, values, message = BAD[name]
    with pytest.raises(HarnessError, match=message):
        AutoTrainer().repair(model(), _data(**arrays), {**SLOW, **values})


@pytest.mark.parametrize(
    ("given", "message"),
    [({"mode": "as_ran"}, "Did you mean as_run"), ({"strategy": "x"}, "strategy 'x'"),
     ({"thresholds": {"zero_shar": 1}}, "Did you mean zero_share")],
)  # fmt: skip
def test_unknown_settings_are_one_message(given: dict[str, Any], message: str) -> None:
    with pytest.raises(HarnessError, match=message):
        AutoTrainer(**given).rules()


QUICK = [name for name, case in CASES.items() if not case.slow]


@pytest.mark.slow
@pytest.mark.parametrize("framework", ["keras", "pytorch"])
@pytest.mark.parametrize("name", QUICK)
def test_a_case_shows_its_symptom_where_it_is_expected(name: str, framework: str) -> None:
    case: Case = CASES[name]
    tool = AutoTrainer(mode="as_run")
    if framework == "keras":
        keras.utils.set_random_seed(0)
        result = tool.repair(keras_model(case, 0), case.data(), case.training)
    elif any(getattr(layer, "l1", 0) for layer in case.layers):
        pytest.skip("the PyTorch program has no regularisation of its own")
    else:
        result = tool.repair(torch_model(case, 0), torch_data(case), torch_training(case))
    first = result.attempts[0]
    assert first.seen is not None
    assert (first.found, first.seen.epochs - 1) == (case.symptom, case.epoch)
    if case.outcome.startswith("solved"):
        assert result.status is Status.SOLVED
        assert result.attempts[-1].solution in case.outcome
