"""The tool on its own: models in, repaired models, logs and pages out; bad input."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import torch
from keras import layers as k
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
from harness.techniques.autotrainer.files import load_data, load_model, load_training, write_repair
from harness.techniques.autotrainer.scheduler import Status
from harness.training.judge import accuracy
from harness.vocabulary import HarnessError

SLOW = {
    "loss": "categorical_crossentropy",
    "optimiser": "sgd",
    "learning_rate": 1e-7,
    "batch_size": 64,
    "epochs": 6,
}


def small() -> keras.Model:
    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.Input((2,)), k.Dense(16, "relu"), k.Dense(3, "softmax")])


def small_torch() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 3))


MODELS: dict[str, tuple[Callable[[], Any], str]] = {
    "keras": (small, "categorical_crossentropy"),
    "pytorch": (small_torch, "CrossEntropyLoss"),
}


@pytest.fixture(scope="module", params=MODELS)
def repaired(request: pytest.FixtureRequest) -> tuple[ToolResult, Any, ToolData]:
    """A program that learns too slowly, and what the tool made of it."""
    make, loss = MODELS[request.param]
    model = make()
    return AutoTrainer(seed=1).repair(model, blobs(), {**SLOW, "loss": loss}), model, blobs()


def weights_of(model: Any) -> list[np.ndarray]:
    if isinstance(model, keras.Model):
        return list(model.get_weights())
    return [p.detach().numpy().copy() for p in model.parameters()]


def answers(model: Any, x: np.ndarray) -> np.ndarray:
    if isinstance(model, keras.Model):
        return np.asarray(model.predict(x, verbose=0))
    with torch.no_grad():
        return np.asarray(model.eval()(torch.from_numpy(x)).numpy())


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


def test_what_is_written(repaired: tuple[ToolResult, Any, ToolData], tmp_path: Path) -> None:
    result, _, data = repaired
    model, log, page = write_repair(result, tmp_path / "out")
    told = [json.loads(line) for line in log.read_text().splitlines()]
    assert [line["event"] for line in (told[0], told[-1])] == ["rules", "verdict"]
    trainings = [line for line in told if line["event"] == "training"]
    assert len(trainings) == len(result.attempts)
    assert trainings[0]["seen"]["checks"][0]["epoch"] == 0
    text = page.read_text()
    assert text.count("<tr") == 1 + len(result.attempts)
    assert "slow convergence" in text and "<svg" in text
    with pytest.raises(HarnessError, match="of another run already"):
        write_repair(result, tmp_path / "out")
    trusted = model.suffix == ".pt"  # it is a pickle
    loaded = load_model(model, trusted=trusted)
    same = answers(loaded, data.x_val)
    np.testing.assert_allclose(same, answers(result.model, data.x_val), rtol=1e-5)


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


def test_a_model_file_runs_no_code_unless_trusted(tmp_path: Path) -> None:
    odd = keras.Sequential([keras.Input((2,)), k.Lambda(lambda x: x * 2), k.Dense(3)])
    odd.save(tmp_path / "odd.keras")
    with pytest.raises(HarnessError, match="Lambda layer, which runs code"):
        load_model(tmp_path / "odd.keras")
    assert load_model(tmp_path / "odd.keras", trusted=True).layers
    torch.save(small_torch(), tmp_path / "odd.pt")
    with pytest.raises(HarnessError, match="is a pickle"):
        load_model(tmp_path / "odd.pt")


def test_files_that_cannot_be_read_are_one_message(tmp_path: Path) -> None:
    (tmp_path / "bad").write_text("{")
    (tmp_path / "bad.keras").write_text("no zip")
    np.savez(tmp_path / "objects.npz", x=np.array([{}], dtype=object))
    for load, name, message in (
        (load_model, "none.keras", "there is no model file"),
        (load_model, "bad", "the ending says"),
        (load_model, "bad.keras", "cannot be loaded"),
        (load_training, "bad", "cannot be read as JSON"),
        (load_data, "none.npz", "cannot be read"),
        (load_data, "objects.npz", "cannot be read"),
    ):
        with pytest.raises(HarnessError, match=message):
            load(tmp_path / name)


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
