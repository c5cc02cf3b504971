"""One loader per data set. Each takes the first of its files that is there."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from harness.data import files
from harness.data.shipped import PACKAGE
from harness.vocabulary import HarnessError

STAND_IN = "stand_in"
"""The data variant of synthetic arrays that take a data set's place."""


@dataclass(frozen=True, slots=True)
class Download:
    """One file that `make data` fetches."""

    url: str
    file: str
    """Where it is put, relative to the data folder."""
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class DataSet:
    """Title, files and sources of a data set."""

    title: str
    looked_for: Sequence[str]
    """Names relative to the data folder, in order; the loader reads the first that exists."""
    downloads: Sequence[Download] = ()
    advice: str = ""
    """How to get it where `make data` does not."""
    cached: Sequence[str] = ()
    """Names relative to ``datasets/`` of a Keras cache."""


_KERAS = "https://storage.googleapis.com/tensorflow/tf-keras-datasets"

DATA_SETS: Mapping[str, DataSet] = {
    "mnist": DataSet(
        "MNIST: 70,000 handwritten digits, 28 x 28",
        ("mnist.npz", "mnist-idx"),
        (
            Download(
                f"{_KERAS}/mnist.npz",
                "mnist.npz",
                "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
                11_490_434,
            ),
        ),
        cached=("mnist.npz",),
    ),
    "cifar10": DataSet(
        "CIFAR-10: 60,000 colour images, 32 x 32",
        ("cifar10", "cifar-10-binary.tar.gz"),
        (
            Download(
                "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
                "cifar-10-binary.tar.gz",
                "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
                170_052_171,
            ),
        ),
        advice="A Keras cache holds CIFAR-10 as pickles only, which are not read.",
    ),
    "reuters": DataSet(
        "Reuters newswires: 11,228 texts, 46 topics",
        ("reuters-flat.npz", "reuters.npz"),
        (
            Download(
                f"{_KERAS}/reuters.npz",
                "reuters.npz",
                "d6586e694ee56d7a4e65172e12b3e987c03096cb01eab99753921ef915959916",
                2_110_848,
            ),
        ),
        cached=("reuters.npz",),
    ),
    "unityeyes": DataSet(
        "UnityEyes: 129,285 rendered eye images, 36 x 60, with head and gaze angles",
        ("unityeyes.npz",),
        advice="The images are rendered with UnityEyes (University of Cambridge) and saved as "
        "unityeyes.npz: image (n, 36, 60), head (n, 2) and gaze (n, 2) in radians.",
    ),
    "higgs": DataSet(
        "ATLAS Higgs challenge 2014: 250,000 simulated collisions, 30 features and a weight",
        ("higgs/training.csv", "higgs/atlas-higgs-challenge-2014-v2.csv.gz"),
        advice="Get training.csv of the Kaggle challenge, or atlas-higgs-challenge-2014-v2.csv.gz "
        "of CERN Open Data record 328, and put it into the folder higgs.",
    ),
}


def data_folder(package: Path = PACKAGE) -> Path:
    """``HARNESS_DATA``; else ``data/`` of the checkout, or ``dnn-repair/`` of the user's cache.

    An installed package never writes into itself: its cache is ``~/.cache``, or
    ``XDG_CACHE_HOME``.

    Args:
        package: Folder of the package.
    """
    if named := os.environ.get("HARNESS_DATA"):
        return Path(named)
    if (package.parent / "pyproject.toml").exists():
        return package.parent / "data"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dnn-repair"


def keras_cache() -> Path:
    """The folder of Keras' own downloads; it is only read."""
    home = os.environ.get("KERAS_HOME") or Path.home() / ".keras"
    return Path(home) / "datasets"


def find(name: str) -> Path:
    """The file or folder that holds the data set ``name``.

    Raises:
        HarnessError: If there is none; says where was looked and how to get it.
    """
    data_set, folder, cache = DATA_SETS[name], data_folder(), keras_cache()
    candidates = [folder / n for n in data_set.looked_for] + [cache / n for n in data_set.cached]
    for path in candidates:
        if path.exists():
            return path
    size = sum(d.bytes for d in data_set.downloads) / 1e6
    fetch = f"`make data DATA_SETS={name}` downloads it ({size:.0f} MB)" if size else ""
    ways = [fetch, data_set.advice.rstrip("."), f"plan.stand_ins=[{name}] allows synthetic data"]
    raise HarnessError(
        f"the data set {name} is not here. Looked for {', '.join(map(str, candidates))} (the "
        f"folder is HARNESS_DATA). {'; '.join(way for way in ways if way)}"
    )


@dataclass(frozen=True, slots=True)
class Labelled:
    """Samples and labels in their published order."""

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


def _kept(name: str) -> Callable[[Callable[[Path], Any]], Callable[[], Any]]:
    """Cache a reader's result until its file changes."""

    def decorate(reader: Callable[[Path], Any]) -> Callable[[], Any]:
        kept = lru_cache(maxsize=1)(lambda path, changed: reader(path))

        def load() -> Any:
            path = find(name)
            return kept(path, path.stat().st_mtime_ns)

        load.__doc__ = reader.__doc__
        return load

    return decorate


@_kept("mnist")
def load_mnist(path: Path) -> Labelled:
    """Images (n, 28, 28) uint8 and labels (n,) uint8; 60,000 for training, 10,000 for testing."""
    parts: Mapping[str, np.ndarray]
    if path.is_dir():
        parts = {
            f"{kind}_{part}": files.idx(path / f"{prefix}-{file}-ubyte.gz", _MNIST_MD5)
            for part, prefix in (("train", "train"), ("test", "t10k"))
            for kind, file in (("x", "images-idx3"), ("y", "labels-idx1"))
        }
    else:
        parts = files.npz(path, "x_train", "y_train", "x_test", "y_test")
    return _labelled(path, parts, (28, 28), 60_000, 10_000)


_MNIST_MD5 = {
    "train-images-idx3-ubyte.gz": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
    "train-labels-idx1-ubyte.gz": "d53e105ee54ea40749a09fcbcd1e9432",
    "t10k-images-idx3-ubyte.gz": "9fb629c4189551a2d022fa330f9573f3",
    "t10k-labels-idx1-ubyte.gz": "ec29112dd5afa0611ce80d1b7f02629c",
}


@_kept("cifar10")
def load_cifar10(path: Path) -> Labelled:
    """Images (n, 32, 32, 3) uint8 RGB, labels (n,) uint8; 50,000 for training, 10,000 for testing.

    A folder holds six files of 10,000 images as differences between neighbouring pixels and
    channels; the archive is the authors' binary version.
    """
    if path.is_dir():
        batches = [_differences(path / f"train{n}.npz") for n in range(1, 6)]
        batches.append(_differences(path / "test.npz"))
    else:
        names = [*(f"data_batch_{n}.bin" for n in range(1, 6)), "test_batch.bin"]
        batches = [_records(path, content) for content in files.members(path, names)]
    images, labels = ([batch[i] for batch in batches] for i in (0, 1))
    parts = {
        "x_train": np.concatenate(images[:5]),
        "y_train": np.concatenate(labels[:5]),
        "x_test": images[5],
        "y_test": labels[5],
    }
    return _labelled(path, parts, (32, 32, 3), 50_000, 10_000)


def _differences(path: Path) -> tuple[np.ndarray, np.ndarray]:
    batch = files.npz(path, "delta", "labels")
    files.check_shape(path, "delta", batch["delta"], (3, 10_000, 32, 32))
    rows = np.cumsum(batch["delta"], axis=2, dtype=np.uint8)
    plane = np.cumsum(rows, axis=3, dtype=np.uint8)
    return np.stack([plane[0] + plane[1], plane[1], plane[2] + plane[1]], axis=-1), batch["labels"]


def _records(path: Path, content: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Label byte, then 1,024 bytes each of red, green and blue, 10,000 times."""
    if len(content) != 10_000 * 3_073:
        raise HarnessError(f"{path}: a batch has {len(content)} bytes; 30730000 are expected")
    records = np.frombuffer(content, np.uint8).reshape(10_000, 3_073)
    images = records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), records[:, 0]


def _labelled(
    path: Path, parts: Mapping[str, np.ndarray], shape: tuple[int, ...], train: int, test: int
) -> Labelled:
    """The parts, once shapes and labels have been found as published."""
    for part, number in (("train", train), ("test", test)):
        files.check_shape(path, f"x_{part}", parts[f"x_{part}"], (number, *shape))
        files.check_shape(path, f"y_{part}", parts[f"y_{part}"], (number,))
        if parts[f"y_{part}"].max() > 9:
            raise HarnessError(f"{path}: labels of y_{part} go beyond 9")
    return Labelled(**parts)


@_kept("reuters")
def load_reuters(path: Path) -> tuple[list[np.ndarray], np.ndarray]:
    """11,228 texts as word indices from 1, without Keras' offset of 3, and their topics (n,).

    The order is that of Keras' file, before Keras shuffles.
    """
    if path.name == "reuters.npz":
        texts, topics = files.lists_of_numbers(path, "x"), files.npz(path, "y")["y"]
    else:
        flat = files.npz(path, "tokens", "lengths", "labels")
        ends = np.cumsum(flat["lengths"])
        if ends[-1] != len(flat["tokens"]):
            raise HarnessError(
                f"{path}: the lengths add up to {ends[-1]}, but there are {len(flat['tokens'])} "
                "tokens"
            )
        texts, topics = np.split(flat["tokens"], ends[:-1]), flat["labels"]
    if len(texts) != 11_228:
        raise HarnessError(f"{path}: {len(texts)} texts; 11228 are expected")
    files.check_shape(path, "labels", topics, (11_228,))
    return texts, topics.astype(np.int64)


@_kept("unityeyes")
def load_unityeyes(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Images (n, 36, 60) in [0, 1] float32, head and gaze angles (n, 2) in radians, float32."""
    parts = files.npz(path, "image", "head", "gaze")
    number = len(parts["image"])
    image = parts["image"].reshape(number, *parts["image"].shape[1:3])
    files.check_shape(path, "image", image, (number, 36, 60))
    for name in ("head", "gaze"):
        files.check_shape(path, name, parts[name], (number, 2))
    scale = 255 if image.dtype == np.uint8 else 1
    return (
        (image / np.float32(scale)).astype(np.float32),
        parts["head"].astype(np.float32),
        parts["gaze"].astype(np.float32),
    )


_HIGGS_FEATURES = 30


@_kept("higgs")
def load_higgs(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """First 10,000 rows: (n, 31) float32, 30 features and the weight, -999 where a value is
    missing; and whether each is background, (n,)."""
    import pandas as pd

    with files.reading(path):
        table = pd.read_csv(path, nrows=10_000)
    if "KaggleWeight" in table:
        table["Weight"] = table["KaggleWeight"]
    names = [str(name) for name in table.columns]
    columns = [n for n in names if n.startswith(("DER_", "PRI_"))] + ["Weight", "Label"]
    if len(columns) != _HIGGS_FEATURES + 2 or not set(columns) <= set(names):
        raise HarnessError(
            f"{path} has the columns {', '.join(names)}; {_HIGGS_FEATURES} features (DER_..., "
            "PRI_...), Weight and Label are expected"
        )
    files.check_shape(path, "table", table[columns].to_numpy(), (10_000, len(columns)))
    return (
        table[columns[:-1]].to_numpy(np.float32),
        (table["Label"] != "s").to_numpy(),
    )
