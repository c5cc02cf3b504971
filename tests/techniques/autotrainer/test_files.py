"""Files in and out: models, trainings and data; what a repair leaves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import torch
from keras import layers as k
from tool_programs import answers, small_torch

from harness.techniques.autotrainer import ToolData, ToolResult
from harness.techniques.autotrainer.files import load_data, load_model, load_training, write_repair
from harness.vocabulary import HarnessError


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
