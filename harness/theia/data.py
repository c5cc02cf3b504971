"""Facts of a program's data, from any container: arrays, tensors, loaders, generators.

No framework is imported: containers are recognised by their attributes. Arrays are read whole;
of a loader at most ``BATCHES`` batches are read, spread over the data where it can be indexed.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.theia.program import DataFacts

BATCHES = 16
"""Batches of a loader that are read."""

_ROWS = 5_000
"""Rows of an array from which mean and standard deviation are estimated."""

_BATCH = 32
_FEW = 20
"""At most so many different whole numbers stored as floats are taken for class numbers."""

_CLASS_NUMBERS = 1_000
_BYTE = 255


@dataclass(frozen=True, slots=True)
class Batches:
    """Some batches of a container, with its size."""

    pairs: Sequence[tuple[Any, Any]]
    """(inputs, labels or None), as NumPy arrays."""
    samples: int | None
    batch_size: int | None
    """None for arrays: then ``fit`` decides."""
    whole: bool
    """Whether the pairs are all of it."""


def read_batches(x: Any, y: Any = None, batches: int = BATCHES) -> Batches:
    """Read from an array, tensor, list, data frame, ``tf.data`` data set, ``PyDataset``, PyTorch
    ``DataLoader``, or an iterable of batches (of which nothing is read: it could not be rewound).
    """
    if hasattr(x, "collate_fn") and hasattr(x, "dataset"):
        return _read_loader(x, batches)
    if hasattr(x, "cardinality") and hasattr(x, "element_spec"):
        return _read_tf(x, batches)
    if hasattr(x, "__getitem__") and hasattr(x, "num_batches"):
        return _read_indexed(x, int(x.num_batches), batches)
    if y is None and isinstance(x, Iterator):
        return Batches([], None, None, whole=False)
    inputs = first(x)
    array = as_array(inputs)
    labels = None if y is None else as_array(first(y))
    return Batches([(array, labels)], len(array), None, whole=True)


def first(value: Any) -> Any:
    """The first input of several."""
    if isinstance(value, dict):
        return next(iter(value.values()))
    if isinstance(value, tuple) or (
        isinstance(value, list) and value and hasattr(value[0], "shape") and value[0].ndim > 1
    ):
        return value[0]
    return value


def as_array(value: Any) -> np.ndarray:
    """A tensor, list or frame of numbers as an array."""
    if hasattr(value, "detach"):
        value = value.detach().cpu()
    array = np.asarray(value)
    if array.dtype == object:
        raise ValueError("the data hold objects, not numbers")
    return array


def _pair(batch: Any) -> tuple[Any, Any]:
    if isinstance(batch, tuple | list) and len(batch) > 1:
        return as_array(first(batch[0])), as_array(first(batch[1]))
    return as_array(first(batch[0] if isinstance(batch, tuple | list) else batch)), None


def _spread(total: int, wanted: int) -> list[int]:
    return sorted({round(i) for i in np.linspace(0, total - 1, min(total, wanted))})


def _read_loader(loader: Any, batches: int) -> Batches:
    """A PyTorch loader, without its workers and without touching its order of samples."""
    size = loader.batch_size or getattr(loader.batch_sampler, "batch_size", None)
    try:
        samples = len(loader.dataset)
    except TypeError:
        pairs = [_pair(b) for b in itertools.islice(iter(loader), batches)]
        return Batches(pairs, None, size, whole=False)
    chosen = _spread(samples, batches * (size or _BATCH))
    rows = [loader.dataset[i] for i in chosen]
    if size is None:
        return Batches([_pair(row) for row in rows], samples, None, len(chosen) == samples)
    pairs = [_pair(loader.collate_fn(rows[i : i + size])) for i in range(0, len(rows), size)]
    return Batches(pairs, samples, size, whole=len(chosen) == samples)


def _read_tf(dataset: Any, batches: int) -> Batches:
    pairs = [_pair(b) for b in dataset.take(batches).as_numpy_iterator()]
    size = len(pairs[0][0]) if pairs else None
    number = int(dataset.cardinality())
    known = number >= 0 and size is not None
    return Batches(
        pairs,
        number * size if known and size is not None else None,
        size,
        whole=known and number <= batches,
    )


def _read_indexed(dataset: Any, number: int, batches: int) -> Batches:
    chosen = _spread(number, batches)
    pairs = [_pair(dataset[i]) for i in chosen]
    size = max((len(x) for x, _ in pairs), default=0)
    samples = number * size - (size - len(pairs[-1][0])) if pairs else 0
    return Batches(pairs, samples, size, whole=len(chosen) == number)


def describe(train: Batches, test: Batches | None = None) -> DataFacts:
    """The facts of the data that the rules need."""
    inputs = [x for x, _ in train.pairs if x.size]
    labels = [y for _, y in train.pairs if y is not None]
    form, classes, odd = labels_of(np.concatenate(labels)) if labels else ("unknown", None, ())
    kind, channels = kind_of(inputs[0].shape) if inputs else ("other", None)
    numeric = bool(inputs) and inputs[0].dtype.kind in "fiub"
    remarks = list(odd)
    if not train.pairs:
        remarks.append("the training data come from a generator and were not read")
    elif not train.whole:
        read_rows = sum(len(x) for x, _ in train.pairs)
        of = f" of {train.samples}" if train.samples is not None else ""
        remarks.append(f"ranges and labels are those of {read_rows}{of} training samples")
    return DataFacts(
        kind=kind,
        channels=channels,
        samples=train.samples,
        train_range=_range(inputs) if numeric else None,
        test_range=_range([x for x, _ in test.pairs if x.size]) if test and numeric else None,
        standardised=numeric and _standardised(inputs, kind),
        labels=form,
        classes=classes,
        remarks=tuple(remarks),
    )


def kind_of(shape: Sequence[int | None]) -> tuple[str, int | None]:
    """Kind and channels of inputs of a shape, which includes the batch.

    >>> kind_of((None, 32, 32, 3)), kind_of((8, 1, 28, 28)), kind_of((8, 784))
    (('color_image', 3), ('gray_image', 1), ('tabular', None))
    """
    if len(shape) == 4:
        for channels in (shape[3], shape[1]):
            if channels in (1, 3):
                return ("color_image" if channels == 3 else "gray_image"), channels
    return "tabular", None


def _range(arrays: Iterable[np.ndarray]) -> tuple[float, float] | None:
    lows, highs = [], []
    for array in arrays:
        low, high = float(array.min()), float(array.max())
        if not (np.isfinite(low) and np.isfinite(high)):
            low, high = float(np.nanmin(array)), float(np.nanmax(array))
        lows.append(low)
        highs.append(high)
    return (min(lows), max(highs)) if lows else None


def _standardised(arrays: Sequence[np.ndarray], kind: str) -> bool:
    """Whether every feature (channel of an image) has about mean 0 and standard deviation 1.

    A feature that is constant counts as 0 and 0, as scalers leave it.
    """
    rows = np.concatenate([a[:: max(1, len(a) * len(arrays) // _ROWS)] for a in arrays])
    if kind != "tabular":
        channel = -1 if rows.shape[-1] in (1, 3) else 1
        rows = np.moveaxis(rows, channel, -1).reshape(-1, rows.shape[channel])
    if len(rows) < 2:
        return False
    mean, deviation = rows.mean(axis=0, dtype=np.float64), rows.std(axis=0, dtype=np.float64)
    varies = deviation > 1e-6
    close = (np.abs(mean) < 0.2) & (~varies | (np.abs(deviation - 1) < 0.2))
    return bool(np.all(close) and np.any(varies))


def labels_of(y: np.ndarray) -> tuple[str, int | None, tuple[str, ...]]:
    """Form of the labels, number of classes, and what is odd about them.

    >>> labels_of(np.array([0, 1, 2, 1]))
    ('classes', 3, ())
    >>> labels_of(np.eye(3))[:2], labels_of(np.array([[1, 1], [0, 1]]))[:2]
    (('one_hot', 3), ('multi_hot', 2))
    >>> labels_of(np.array([0.5, 0.25, 7.1]))[0]
    'real'
    >>> labels_of(np.arange(10) / 255)[2]
    ('the labels look like class numbers divided by 255',)
    """
    if y.ndim > 2 or y.dtype.kind not in "fiub" or not y.size:
        return "unknown", None, ()
    if y.ndim == 2 and y.shape[1] > 1:
        return _columns(y)
    values = np.unique(y)
    if len(values) == 1:
        return ("binary" if values[0] in (0, 1) else "unknown"), 1, ("all labels are equal",)
    if len(values) == 2 and set(values.tolist()) in ({0, 1}, {-1, 1}):
        odd = () if values[0] == 0 else ("the labels are -1 and 1, not 0 and 1",)
        return "binary", 2, odd
    whole = bool(np.all(values == np.round(values)))
    if whole and values[0] >= 0:
        stored = y.dtype.kind in "iub"
        if (stored and values[-1] < _CLASS_NUMBERS) or len(values) <= min(_FEW, len(y) // 2 + 2):
            return "classes", int(values[-1]) + 1, ()
    scaled = values.astype(np.float64) * _BYTE
    if not whole and values[0] >= 0 and values[-1] <= 1 and len(values) <= _BYTE + 1:
        numbers = np.round(scaled)
        if np.allclose(scaled, numbers, atol=1e-3):
            return "real", len(values), ("the labels look like class numbers divided by 255",)
    return "real", None, ()


def _columns(y: np.ndarray) -> tuple[str, int | None, tuple[str, ...]]:
    """Form of labels with several columns."""
    if y.min() < 0 or y.max() > 1:
        return "real", None, ()
    odd = ("all labels are equal",) if len(y) > 1 and bool(np.all(y == y[0])) else ()
    if np.allclose(y.sum(axis=1, dtype=np.float64), 1, atol=1e-4):
        return "one_hot", y.shape[1], odd
    if bool(np.all((y == 0) | (y == 1))):
        return "multi_hot", y.shape[1], odd
    return "real", None, odd


def guess_task(data: DataFacts, units: int | None, loss: str) -> str:
    """The task that labels, output units and loss suggest, where the user names none.

    >>> guess_task(DataFacts(kind="tabular", labels="binary"), 1, "mse")
    'binary'
    """
    single = units in (None, 1)
    match data.labels:
        case "one_hot":
            return "multiclass"
        case "multi_hot":
            return "multilabel"
        case "binary":
            return "binary" if single else "multiclass"
        case "classes":
            return "regression" if single and loss in _VALUES else "multiclass"
        case "real":
            return "multiclass" if loss in ("sparse_cce", "cce", "nll") else "regression"
    if loss == "bce":
        return "binary" if single else "multilabel"
    return "multiclass" if loss in ("cce", "sparse_cce", "nll") else "regression"


_VALUES = ("mse", "mae", "huber", "log_cosh", "msle", "mape", "poisson")
