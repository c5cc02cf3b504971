"""Samples for the programs of the benchmark that can be trained: real ones, or generated.

Inputs are brought, as a whole, to the range that the program says it sees, so that a program that
scales its data differs from one that does not by just that. At most ``SAMPLES`` are used for
training and ``TEST`` for judging; a set with too few left over is judged on its training samples.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from experiments.theia_benchmark.programs import Version
from harness.data import load_cifar10, load_mnist
from harness.data.sets import data_folder
from harness.theia.program import DataFacts
from harness.vocabulary import HarnessError

SAMPLES, TEST = 2_000, 500
_FEWEST_TEST = 20
_INFORMATIVE = 200
"""Most informative features of generated classes; the posts' thousands cost gigabytes."""


@dataclass(frozen=True, slots=True)
class Raw:
    """Inputs (n, ...) and classes (n,), several classes (n, k) or values (n,), before scaling."""

    x: np.ndarray
    y: np.ndarray


@dataclass(frozen=True, slots=True)
class Parts:
    """What a program trains on and is judged by. Labels as in ``Raw``."""

    x: np.ndarray
    y: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    held_out: bool
    """Whether the test part is apart from the training part."""


def parts_of(version: Version) -> Parts:
    """Samples of a version of a program, scaled to its ranges.

    Raises:
        HarnessError: If its data are not here and cannot be generated.
    """
    data = version.program.data
    wanted = min(data.samples or SAMPLES, SAMPLES)
    raw = raw_of(version, wanted + TEST)
    order = np.random.default_rng(0).permutation(len(raw.y))
    kept, rest = order[:wanted], order[wanted : wanted + TEST]
    held_out = len(rest) >= _FEWEST_TEST
    tested = rest if held_out else kept
    low, high = float(raw.x.min()), float(raw.x.max())
    train_range = data.train_range or (low, high)
    y = raw.y[kept]
    return Parts(
        x=scaled(raw.x[kept], (low, high), train_range),
        y=np.zeros_like(y) if version.odd_labels else y,
        x_test=scaled(raw.x[tested], (low, high), data.test_range or train_range),
        y_test=raw.y[tested],
        held_out=held_out,
    )


def scaled(x: np.ndarray, found: tuple[float, float], to: tuple[float, float]) -> np.ndarray:
    """The linear map that takes the range ``found`` to ``to``, as float32."""
    share = (x.astype(np.float32) - found[0]) / ((found[1] - found[0]) or 1.0)
    return np.asarray(to[0] + share * (to[1] - to[0]), dtype=np.float32)


def raw_of(version: Version, number: int) -> Raw:
    """At least ``number`` samples, fewer if the set has fewer; the same ones every time."""
    if version.dataset not in _SETS:
        raise HarnessError(f"the data set {version.dataset} is not here")
    raw = _SETS[version.dataset](version.program.data, version.shape, number)
    return Raw(raw.x.reshape(len(raw.x), *version.shape), raw.y)


Maker = Callable[[DataFacts, tuple[int, ...], int], Raw]


def _mnist(data: DataFacts, shape: tuple[int, ...], number: int) -> Raw:
    images = load_mnist()
    return Raw(images.x_train[:number], images.y_train[:number].astype(int))


def _cifar10(data: DataFacts, shape: tuple[int, ...], number: int) -> Raw:
    images = load_cifar10()
    return Raw(images.x_train[:number], images.y_train[:number].astype(int))


def _classes(data: DataFacts, shape: tuple[int, ...], number: int) -> Raw:
    """Generated classes; continuous targets where the program has mistaken its task."""
    from sklearn.datasets import make_classification, make_regression

    features = math.prod(shape)
    if data.labels == "real":
        number = data.samples or number
        return Raw(*make_regression(number, features, noise=1, random_state=42))
    return Raw(
        *make_classification(
            number,
            features,
            n_informative=max(2, min(round(0.64 * features), _INFORMATIVE)),
            n_redundant=0,
            n_classes=data.classes or 2,
            n_clusters_per_class=1,
            random_state=42,
        )
    )


def _several_classes(data: DataFacts, shape: tuple[int, ...], number: int) -> Raw:
    from sklearn.datasets import make_multilabel_classification

    x, y = make_multilabel_classification(
        number, math.prod(shape), n_classes=data.classes or 2, n_labels=3, random_state=42
    )
    return Raw(x, y)


def _plane(data: DataFacts, shape: tuple[int, ...], number: int) -> Raw:
    from sklearn.datasets import make_regression

    return Raw(*make_regression(number, math.prod(shape), random_state=42))


def _iris(data: DataFacts, shape: tuple[int, ...], number: int) -> Raw:
    from sklearn.datasets import load_iris

    return Raw(*load_iris(return_X_y=True))


def _titanic(data: DataFacts, shape: tuple[int, ...], number: int) -> Raw:
    """Passengers, every column as a code, as in the post; the one column dropped is the label."""
    import pandas as pd

    path = data_folder() / "tabular" / "titanic.csv"
    if not path.exists():
        raise HarnessError(f"the data set titanic is not here; looked for {path}")
    table = pd.read_csv(path)
    columns = [c for c in table.columns if c not in ("survived", "alive")][: shape[0]]
    codes = [pd.factorize(table[c], sort=True)[0] for c in columns]
    return Raw(np.stack(codes, axis=1), table["survived"].to_numpy())


def _parabola(data: DataFacts, shape: tuple[int, ...], number: int) -> Raw:
    x = np.linspace(-10, 10, 201)
    return Raw(x, x * x + 3)


def _noisy_parabola(data: DataFacts, shape: tuple[int, ...], number: int) -> Raw:
    x = np.arange(50) / 10
    return Raw(x, 5 * x * x + np.random.default_rng(0).normal(size=50) ** 3)


def _xor(data: DataFacts, shape: tuple[int, ...], number: int) -> Raw:
    x = np.array([[1, 1], [0, 0], [1, 0], [0, 1], [1, 1], [0, 0]])
    return Raw(x, x.sum(axis=1) % 2)


def _constant_vectors(data: DataFacts, shape: tuple[int, ...], number: int) -> Raw:
    y = np.arange(number) % 2
    return Raw(np.repeat(y[:, None], shape[0], axis=1), y)


def _letters(data: DataFacts, shape: tuple[int, ...], number: int) -> Raw:
    """Character codes: twenty rows, three of them mixed."""
    rows = [(65, 66, 67, 0)] * 8 + [(68, 69, 70, 1)] * 9
    rows += [(65, 66, 70, 0)] * 2 + [(68, 69, 67, 1)]
    table = np.array(rows)
    return Raw(table[:, :3], table[:, 3])


def _codes(data: DataFacts, shape: tuple[int, ...], number: int) -> Raw:
    """Numbers up to 1e9 whose class follows from how many digits they have, and the first one."""
    rng = np.random.default_rng(0)
    digits, first = rng.integers(1, 10, number), rng.integers(1, 10, number)
    x = (first + rng.random(number)) * 10.0 ** (digits - 1)
    return Raw(np.floor(x), ((digits - 1) * 9 + first - 1) % (data.classes or 1))


_SETS: Mapping[str, Maker] = {
    "mnist": _mnist,
    "cifar10": _cifar10,
    "make_classification": _classes,
    "make_multilabel_classification": _several_classes,
    "make_regression": _plane,
    "iris": _iris,
    "titanic": _titanic,
    "parabola": _parabola,
    "noisy_parabola": _noisy_parabola,
    "xor": _xor,
    "constant_vectors": _constant_vectors,
    "letters": _letters,
    "codes": _codes,
}
