"""Data are described alike, whatever holds them."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
import torch
from torch.utils.data import DataLoader, TensorDataset

from harness.theia.data import BATCHES, describe, guess_task, labels_of, read_batches
from harness.theia.program import DataFacts

X = np.random.default_rng(0).uniform(0, 200, (640, 4, 4, 3)).astype("float32")
Y = (np.arange(640) % 5).astype("int64")


class Indexed(keras.utils.PyDataset):
    def __len__(self) -> int:
        return 20

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        rows = slice(32 * index, 32 * index + 32)
        return X[rows], Y[rows]


HOLDERS: dict[str, Any] = {
    "arrays": lambda: read_batches(X, Y),
    "lists": lambda: read_batches(X.tolist(), Y.tolist()),
    "tensors": lambda: read_batches(torch.from_numpy(X), torch.from_numpy(Y)),
    "tf.data": lambda: read_batches(tf.data.Dataset.from_tensor_slices((X, Y)).batch(32)),
    "PyDataset": lambda: read_batches(Indexed()),
    "DataLoader": lambda: read_batches(
        DataLoader(
            TensorDataset(torch.from_numpy(X), torch.from_numpy(Y)), batch_size=32, shuffle=True
        )
    ),
}


@pytest.mark.parametrize("holder", HOLDERS)
def test_every_holder_is_described(holder: str) -> None:
    batches = HOLDERS[holder]()
    data = describe(batches)
    assert (data.kind, data.channels, data.samples) == ("color_image", 3, 640)
    assert (data.labels, data.classes) == ("classes", 5)
    assert data.train_range is not None
    assert data.train_range == pytest.approx((0, 200), abs=1)
    assert batches.batch_size == (None if batches.whole else 32)
    assert bool(data.remarks) is not batches.whole


def test_an_array_is_read_whole() -> None:
    x = np.zeros((10_000, 3), np.float32)
    x[7_777, 1] = 9
    assert describe(read_batches(x)).train_range == (0, 9)


def test_of_a_loader_a_bounded_number_of_batches_is_read() -> None:
    seen: list[int] = []

    class Counted(torch.utils.data.Dataset[Any]):
        def __len__(self) -> int:
            return 100_000

        def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
            seen.append(index)
            return torch.zeros(2), 0

    state = torch.get_rng_state()
    read_batches(DataLoader(Counted(), batch_size=10, shuffle=True))
    assert len(seen) == BATCHES * 10
    assert max(seen) == 99_999  # spread over the whole, for data sorted by class
    assert torch.equal(state, torch.get_rng_state())


def test_a_generator_is_not_consumed() -> None:
    def batches() -> Any:
        yield X, Y

    generator = batches()
    data = describe(read_batches(generator))
    assert data.train_range is None
    assert "not read" in data.remarks[0]
    assert next(generator)[0] is X


def test_ranges_of_training_and_test_data_are_apart() -> None:
    data = describe(read_batches(X / 255, Y), read_batches(X, Y))
    assert data.train_range is not None and data.train_range[1] < 1
    assert data.test_range is not None and data.test_range[1] > 100


def test_missing_values_do_not_hide_the_range() -> None:
    assert describe(read_batches(np.array([[1.0], [np.nan], [5.0]]))).train_range == (1, 5)


def test_standardised_data_are_recognised() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(500, 6))
    assert describe(read_batches(x)).standardised
    assert not describe(read_batches(3 * x)).standardised
    assert not describe(read_batches(x + np.eye(6)[5] * 9)).standardised
    constant = np.concatenate([x, np.zeros((500, 1))], axis=1)
    assert describe(read_batches(constant)).standardised  # scalers leave a constant feature at 0
    images = rng.normal(size=(50, 3, 8, 8))
    assert describe(read_batches(images)).standardised


LABELS = {
    "one-hot": (np.eye(4), "one_hot", 4, ""),
    "two columns": (np.eye(2)[[0, 1, 1]], "one_hot", 2, ""),
    "several at once": (np.array([[1, 1, 0], [0, 0, 1]]), "multi_hot", 3, ""),
    "column of 0 and 1": (np.array([[0.0], [1.0]]), "binary", 2, ""),
    "booleans": (np.array([True, False]), "binary", 2, ""),
    "signs": (np.array([-1, 1, 1]), "binary", 2, "-1 and 1"),
    "class numbers as floats": (np.array([0.0, 2.0, 1.0, 2.0]), "classes", 3, ""),
    "real values": (np.array([0.3, 7.25, -1.0]), "real", None, ""),
    "large whole numbers": (np.arange(5000) * 3.0, "real", None, ""),
    "divided class numbers": (np.arange(10) / 255, "real", 10, "divided by 255"),
    "constant": (np.ones(9), "binary", 1, "all labels are equal"),
    "masks": (np.zeros((2, 8, 8)), "unknown", None, ""),
}


@pytest.mark.parametrize("name", LABELS)
def test_labels(name: str) -> None:
    y, form, classes, remark = LABELS[name]
    found, number, remarks = labels_of(y)
    assert (found, number) == (form, classes)
    assert remark in " ".join(remarks) and bool(remark) is bool(remarks)


@pytest.mark.parametrize(
    ("labels", "units", "loss", "task"),
    [
        ("one_hot", 3, "mse", "multiclass"),
        ("multi_hot", 3, "cce", "multilabel"),
        ("binary", 1, "mse", "binary"),
        ("binary", 2, "sparse_cce", "multiclass"),
        ("classes", 10, "mse", "multiclass"),
        ("classes", 1, "mse", "regression"),
        ("real", 1, "bce", "regression"),
        ("real", 10, "sparse_cce", "multiclass"),
        ("unknown", 1, "bce", "binary"),
        ("unknown", 5, "bce", "multilabel"),
        ("unknown", 5, "cce", "multiclass"),
        ("unknown", None, "custom", "regression"),
    ],
)
def test_the_task_is_guessed_from_labels_output_and_loss(
    labels: str, units: int | None, loss: str, task: str
) -> None:
    assert guess_task(DataFacts(kind="tabular", labels=labels), units, loss) == task
