"""The loaders, on small or empty files of the right form; on the real ones where they are."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import tarfile
from pathlib import Path

import numpy as np
import pytest

from harness.data import sets
from harness.data.sets import load_cifar10, load_higgs, load_mnist, load_reuters, load_unityeyes
from harness.vocabulary import HarnessError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder, and an empty Keras cache beside it."""
    (tmp_path / "data").mkdir()
    (tmp_path / "keras" / "datasets").mkdir(parents=True)
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    return tmp_path / "data"


def write_mnist(path: Path, train: int = 60_000, first: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    labels = np.zeros(train, np.uint8)
    labels[0] = first
    np.savez_compressed(
        path,
        x_train=np.zeros((train, 28, 28), np.uint8),
        y_train=labels,
        x_test=np.zeros((10_000, 28, 28), np.uint8),
        y_test=np.zeros(10_000, np.uint8),
    )


def test_what_is_missing_is_said_in_one_message(folder: Path) -> None:
    with pytest.raises(HarnessError) as caught:
        load_mnist()
    for part in ("the data set mnist is not here", str(folder / "mnist.npz"), "mnist-idx",
                 "keras/datasets/mnist.npz", "make data DATA_SETS=mnist", "(11 MB)",
                 "plan.stand_ins=[mnist]"):  # fmt: skip
        assert part in str(caught.value)
    with pytest.raises(HarnessError, match="UnityEyes .*image .n, 36, 60.*plan.stand_ins"):
        load_unityeyes()
    with pytest.raises(HarnessError, match="A Keras cache holds CIFAR-10 as pickles only"):
        load_cifar10()


def test_the_folder_comes_before_the_keras_cache(folder: Path) -> None:
    write_mnist(folder.parent / "keras" / "datasets" / "mnist.npz", first=7)
    assert load_mnist().y_train[0] == 7
    write_mnist(folder / "mnist.npz", first=3)
    digits = load_mnist()
    assert digits.y_train[0] == 3
    assert load_mnist() is digits  # kept in memory


def test_a_wrong_shape_is_one_message(folder: Path) -> None:
    write_mnist(folder / "mnist.npz", train=100)
    with pytest.raises(HarnessError, match=r"x_train has shape \(100, 28, 28\); \(60000, 28, 28\)"):
        load_mnist()
    np.savez(folder / "mnist.npz", x_train=np.zeros(1))
    with pytest.raises(HarnessError, match=r"mnist.npz cannot be read: .*lacks y_train, x_test"):
        load_mnist()
    (folder / "mnist.npz").write_bytes(b"nothing of the kind")
    with pytest.raises(HarnessError, match=r"mnist.npz cannot be read: .*Move it away"):
        load_mnist()


def write_idx(path: Path, array: np.ndarray) -> str:
    sizes = b"".join(int(n).to_bytes(4, "big") for n in array.shape)
    header = bytes([0, 0, 8, array.ndim]) + sizes
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(gzip.compress(header + array.tobytes(), compresslevel=1, mtime=0))
    return hashlib.md5(path.read_bytes()).hexdigest()


def test_idx_files_truncated_changed_and_right(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shapes = {
        "train-images-idx3-ubyte.gz": (60_000, 28, 28),
        "train-labels-idx1-ubyte.gz": (60_000,),
        "t10k-images-idx3-ubyte.gz": (10_000, 28, 28),
        "t10k-labels-idx1-ubyte.gz": (10_000,),
    }
    where = folder / "mnist-idx"
    sums = {name: write_idx(where / name, np.ones(s, np.uint8)) for name, s in shapes.items()}
    with pytest.raises(HarnessError, match=r"has the checksum .*f68b3c.* is the published one"):
        load_mnist()
    monkeypatch.setattr(sets, "_MNIST_MD5", sums)
    assert load_mnist().x_train[-1, 0, 0] == 1
    labels = where / "train-labels-idx1-ubyte.gz"
    labels.write_bytes(labels.read_bytes()[:50])
    os.utime(where, ns=(1, 1))
    with pytest.raises(HarnessError, match=r"train-labels.*gz cannot be read: .*end-of-stream"):
        load_mnist()
    labels.unlink()
    os.utime(where, ns=(2, 2))
    with pytest.raises(HarnessError, match=r"train-labels.*gz is not there"):
        load_mnist()


def test_both_forms_of_cifar10_give_the_same_images(folder: Path) -> None:
    image = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    images, labels = np.zeros((10_000, 32, 32, 3), np.uint8), np.zeros(10_000, np.uint8)
    images[5], labels[5] = image, 9

    records = np.concatenate([labels[:, None], images.transpose(0, 3, 1, 2).reshape(10_000, -1)], 1)
    with tarfile.open(folder / "cifar-10-binary.tar.gz", "w:gz", compresslevel=1) as archive:
        for name in [*(f"data_batch_{n}.bin" for n in range(1, 6)), "test_batch.bin"]:
            entry = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            entry.size = records.nbytes
            archive.addfile(entry, io.BytesIO(records.tobytes()))
    from_archive = load_cifar10()

    red, green, blue = (images[..., i] for i in range(3))
    planes = np.stack([red - green, green, blue - green])
    delta = np.diff(np.diff(planes, axis=2, prepend=np.uint8(0)), axis=3, prepend=np.uint8(0))
    (folder / "cifar10").mkdir()
    for name in [*(f"train{n}" for n in range(1, 6)), "test"]:
        np.savez_compressed(folder / "cifar10" / f"{name}.npz", delta=delta, labels=labels)
    from_folder = load_cifar10()

    for digits in (from_archive, from_folder):
        assert digits.x_train.shape == (50_000, 32, 32, 3)
        assert np.array_equal(digits.x_train[40_005], image)
        assert np.array_equal(digits.x_test[5], image)
        assert digits.y_train[10_005] == digits.y_test[5] == 9


def test_texts_of_keras_are_read_without_loading_a_pickle(folder: Path) -> None:
    rng = np.random.default_rng(1)
    texts = [[int(w) for w in rng.integers(1, 31_000, n)] for n in rng.integers(1, 9, 11_228)]
    topics = rng.integers(0, 46, 11_228)
    array = np.empty(len(texts), dtype=object)
    array[:] = texts
    np.savez(folder / "reuters.npz", x=array, y=topics)
    found, labels = load_reuters()
    assert [list(text) for text in found] == texts
    assert np.array_equal(labels, topics)

    flat = {"tokens": np.concatenate(texts), "lengths": [len(t) for t in texts], "labels": topics}
    np.savez(folder / "reuters-flat.npz", **flat)
    assert [list(text) for text in load_reuters()[0]] == texts
    np.savez(folder / "reuters-flat.npz", **{**flat, "tokens": flat["tokens"][1:]})
    with pytest.raises(HarnessError, match="the lengths add up to"):
        load_reuters()


def test_nothing_in_a_pickle_is_run(folder: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, (str(folder / "made"),)

    np.savez(folder / "reuters.npz", x=np.array([Trap(), [1]], dtype=object), y=np.zeros(1))
    with pytest.raises(HarnessError, match="texts; 11228 are expected"):
        load_reuters()
    np.savez(folder / "mnist.npz", x_train=np.array([Trap()], dtype=object),
             **dict.fromkeys(("y_train", "x_test", "y_test"), np.zeros(1)))  # fmt: skip
    with pytest.raises(HarnessError, match=r"Object arrays cannot be loaded"):
        load_mnist()
    assert not (folder / "made").exists()


def test_eyes_and_collisions(folder: Path) -> None:
    image = np.full((3, 36, 60), 255, np.uint8)
    np.savez(folder / "unityeyes.npz", image=image, head=np.zeros((3, 2)), gaze=np.zeros((3, 2)))
    assert load_unityeyes()[0].max() == 1
    np.savez(folder / "unityeyes.npz", image=image, head=np.zeros((2, 2)), gaze=np.zeros((3, 2)))
    with pytest.raises(HarnessError, match=r"head has shape \(2, 2\); \(3, 2\) is expected"):
        load_unityeyes()

    (folder / "higgs").mkdir()
    path = folder / "higgs" / "training.csv"
    names = [*(f"DER_{n}" for n in range(13)), *(f"PRI_{n}" for n in range(17))]
    line = "1," + "2.5," * 30 + "0.5,"
    text = f"EventId,{','.join(names)},Weight,Label\n" + f"{line}s\n{line}b\n" * 5_000
    path.write_text(text)
    rows, background = load_higgs()
    assert rows.shape == (10_000, 31)
    assert list(rows[0, [0, -1]]) == [2.5, 0.5]
    assert list(background[:2]) == [False, True]
    path.write_text(text.replace("PRI_16", "other"))
    with pytest.raises(HarnessError, match="30 features .*Weight and Label are expected"):
        load_higgs()


@pytest.mark.skipif(not os.environ.get("HARNESS_DATA"), reason="needs the data sets")
def test_the_real_files() -> None:
    digits = load_mnist()
    assert list(np.bincount(digits.y_test)) == [
        980,
        1135,
        1032,
        1010,
        982,
        892,
        958,
        1028,
        974,
        1009,
    ]
    means = load_cifar10().x_train[::10].mean(axis=(0, 1, 2)) / 255
    assert means == pytest.approx([0.4914, 0.4822, 0.4465], abs=0.005)
    texts, topics = load_reuters()
    assert (sum(map(len, texts)), len(set(topics))) == (1_627_658, 46)


def test_an_installed_package_keeps_data_in_the_users_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site-packages" / "harness"
    monkeypatch.delenv("HARNESS_DATA", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert sets.data_folder(package) == tmp_path / "home" / ".cache" / "dnn-repair"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert sets.data_folder(package) == tmp_path / "cache" / "dnn-repair"
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path / "mine"))
    assert sets.data_folder(package) == tmp_path / "mine"


def test_a_checkout_keeps_data_beside_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HARNESS_DATA", raising=False)
    assert sets.data_folder() == Path(__file__).resolve().parents[2] / "data"
