"""Files that claim more than they hold, or are something else: one message, bounded memory."""

from __future__ import annotations

import io
import json
import os
import resource
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest

import harness.techniques.autotrainer.bounds as bounds
from harness.techniques.autotrainer.files import load_data, load_model, load_training
from harness.vocabulary import HarnessError

MUCH = 300 << 10
"""Kilobytes of memory that reading a hostile file may take, its libraries included."""


def arrays(**changes: Any) -> dict[str, Any]:
    x, y = np.ones((6, 2)), np.arange(6) % 2
    return {"x": x, "y": y, "x_val": x, "y_val": y} | changes


def npz(path: Path, **changes: Any) -> None:
    np.savez(path, **arrays(**changes))


def header(shape: tuple[int, ...], kind: str = "<f8") -> bytes:
    written = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        written, {"descr": kind, "fortran_order": False, "shape": shape}
    )
    return written.getvalue()


def zipped(path: Path, **members: bytes) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("x", "y", "x_val", "y_val"):
            written = io.BytesIO()
            np.save(written, arrays()[name])
            archive.writestr(f"{name}.npy", members.pop(name, written.getvalue()))
        for name, data in members.items():
            archive.writestr(name, data)


def bomb(path: Path) -> None:
    """Terabytes of zeros, as far as the directory of the archive is believed."""
    zipped(path, x=header((1 << 37,)) + bytes(1000))
    data = bytearray(path.read_bytes())
    at = data.find(b"PK\x01\x02")
    data[at + 24 : at + 28] = (0xFFFFFFF0).to_bytes(4, "little")
    path.write_bytes(data)


DATA: dict[str, tuple[Callable[[Path], object], str]] = {
    "one array": (lambda p: np.save(p.open("wb"), np.ones(3)), r"one array \(.npy\)"),
    "empty file": (lambda p: p.write_bytes(b""), "cannot be read"),
    "no zip": (lambda p: p.write_bytes(b"PK\x03\x04junk"), "cannot be read"),
    "a folder": (Path.mkdir, "cannot be read: .*directory"),
    "a pipe": (os.mkfifo, "cannot be read: .*Not a regular file"),
    "a device": (lambda p: p.symlink_to("/dev/zero"), "cannot be read: .*Not a regular file"),
    "gigabytes of zeros": (lambda p: (p.touch(), os.truncate(p, 5 << 30)), "cannot be read"),
    "cut off": (lambda p: (npz(p), os.truncate(p, 700)), "cannot be read"),
    "wrong names": (lambda p: np.savez(p, a=[1], b=[2]), "the data lack x, y, x_val, y_val"),
    "0-d": (lambda p: npz(p, x=np.array(3.0)), "x is a single value"),
    "0-d labels": (lambda p: npz(p, y_val=np.array(3)), "y_val is a single value"),
    "no samples": (lambda p: npz(p, x=np.ones((0, 2)), y=np.ones(0)), "one or more"),
    "text labels": (lambda p: npz(p, y=np.array(list("abcabc"))), "y holds values of type <U1"),
    "bytes": (lambda p: npz(p, y=np.array([b"a"] * 6)), "y holds values of type"),
    "complex": (lambda p: npz(p, x=np.ones((6, 2)) * 1j), "x holds values of type complex"),
    "dates": (lambda p: npz(p, x=np.zeros(6, "M8[s]")), "x holds values of type datetime"),
    "records": (lambda p: npz(p, x=np.zeros(6, "i4,f4")), "x holds values of type"),
    "objects": (lambda p: npz(p, y=np.array([{}] * 6)), "y holds Python objects"),
    "nan": (lambda p: npz(p, x=np.full((6, 2), np.nan)), "x holds values that are not finite"),
    "infinite labels": (lambda p: npz(p, y=np.full(6, np.inf)), "y holds values that are not fin"),
    "unequal lengths": (lambda p: npz(p, y=np.ones(5)), "6 samples, 5 labels"),
    "40 GB in a header": (lambda p: zipped(p, x=header((5 * 10**9,))), "x claims the shape"),
    "negative shape": (lambda p: zipped(p, x=header((-1,)) + bytes(8)), "cannot be read"),
    "huge shape": (lambda p: zipped(p, x=header((10**400,))), "cannot be read"),
    "code in a header": (
        lambda p: zipped(p, x=b"\x93NUMPY\x01\x00\x20\x00__import__('os').system('true')\n"),
        "cannot be read",
    ),
    "no header": (lambda p: zipped(p, x=b"hello"), "cannot be read"),
    "bomb": (bomb, "cannot be read|claims the shape"),
    "outside": (lambda p: zipped(p, **{"../../x": b""}), "leads out of the folder"),
    "absolute": (lambda p: zipped(p, **{"/etc/x": b""}), "leads out of the folder"),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("case", DATA)
def test_odd_data_are_one_message_in_bounded_memory(case: str, tmp_path: Path) -> None:
    make, message = DATA[case]
    make(tmp_path / "data.npz")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(HarnessError, match=message) as raised:
        load_data(tmp_path / "data.npz")
    assert len(str(raised.value)) < 800
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MUCH


def test_data_beyond_the_memory_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "most_bytes", lambda: 100)
    npz(tmp_path / "data.npz")
    with pytest.raises(HarnessError, match="more than half of the memory"):
        load_data(tmp_path / "data.npz")


def test_usual_data_are_read(tmp_path: Path) -> None:
    x = np.asfortranarray(np.random.default_rng(0).random((6, 3), np.float32))
    np.savez_compressed(tmp_path / "data.npz", **arrays(x=x, x_val=x, more=np.ones(3)))
    found = load_data(tmp_path / "data.npz")
    np.testing.assert_array_equal(found.x, x)
    assert found.x.dtype == np.float32 and found.y.tolist() == [0, 1] * 3


GOOD = {"loss": "mse", "optimiser": "sgd", "learning_rate": 0.1, "batch_size": 2, "epochs": 3}

TRAININGS: dict[str, tuple[Any, str]] = {
    "rate nan": ('{"learning_rate": NaN}', "cannot be read as JSON: NaN"),
    "rate 1e999": ({"learning_rate": "1e999"}, "a number was expected"),
    "rate infinite": (json.dumps(GOOD).replace("0.1", "1e999"), "positive number. Received: inf"),
    "rate as text": ({"learning_rate": "0.1"}, "a number was expected. Received: '0.1'"),
    "rate true": ({"learning_rate": True}, "a number was expected"),
    "rate 0": ({"learning_rate": 0}, "a learning rate is a positive number"),
    "rate list": ({"learning_rate": [0.1]}, "wrong kind"),
    "rate 10**400": ({"learning_rate": 10**400}, "wrong kind"),
    "epochs infinite": (
        json.dumps(GOOD).replace("3}", "1e999}"),
        "a whole number was expected, from 1",
    ),
    "epochs 10**9": ({"epochs": 10**9}, "a whole number was expected, from 1 to 10000000"),
    "epochs -1": ({"epochs": -1}, "a whole number was expected, from 1"),
    "batch as text": ({"batch_size": "32"}, "a number was expected"),
    "loss 5": ({"loss": 5}, "a name was expected"),
    "optimiser list": ({"optimiser": ["sgd"]}, "no optimiser"),
    "options list": ({"options": [1]}, "wrong kind"),
    "options deep": ({"options": {"momentum": {"a": 1}}}, "option momentum is a number or a name"),
    "a list": ("[1]", "a training is a mapping"),
    "twice": ('{"loss": "a", "loss": "b"}', "stands there more than once"),
    "deep": ("[" * 99_999, "nested too deeply"),
    "large": ('"' + "x" * (2 << 20) + '"', "cannot be read as JSON: it has 2097154 bytes"),
    "latin-1": (b'{"loss": "\xe4"}', "cannot be read as JSON"),
}


@pytest.mark.parametrize("case", TRAININGS)
def test_odd_trainings_are_one_message(case: str, tmp_path: Path) -> None:
    content, message = TRAININGS[case]
    text = json.dumps(GOOD | content) if isinstance(content, dict) else content
    path = tmp_path / "training.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(HarnessError, match=message):
        load_training(path)


@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir])
def test_a_training_that_is_no_file_is_one_message(
    make: Callable[[Path], object], tmp_path: Path
) -> None:
    make(tmp_path / "training.json")
    with pytest.raises(HarnessError, match="cannot be read as JSON"):
        load_training(tmp_path / "training.json")


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    layers = [keras.layers.Dense(4, activation="relu"), keras.layers.Dense(3)]
    model = keras.Sequential([keras.Input((20,)), *layers])
    model.save(folder / "model.keras")
    model.save(folder / "model.h5")
    return folder


def edited(name: str, change: Callable[[bytes], bytes]) -> Callable[[Path, Path], None]:
    """The model with one member of its archive changed."""

    def make(saved: Path, path: Path) -> None:
        with (
            zipfile.ZipFile(saved / "model.keras") as old,
            zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new,
        ):
            for member in old.namelist():
                data = old.read(member)
                new.writestr(member, change(data) if member == name else data)

    return make


def config(old: str, new: str) -> Callable[[Path, Path], None]:
    def change(data: bytes) -> bytes:
        assert old in data.decode()
        return data.decode().replace(old, new).encode()

    return edited("config.json", change)


def without_builds(units: str) -> Callable[[Path, Path], None]:
    """Layers of another size whose shapes nobody noted."""

    def change(data: bytes) -> bytes:
        content = json.loads(data.decode().replace('"units": 4', f'"units": {units}'))
        content.pop("build_config", None)
        for layer in content["config"]["layers"]:
            layer.pop("build_config", None)
        return json.dumps(content).encode()

    return edited("config.json", change)


def claiming(saved: Path, path: Path) -> None:
    """Weights of which the file holds nothing."""
    written = io.BytesIO()
    with h5py.File(written, "w") as file:
        file.create_dataset("layers/dense/vars/0", (1 << 33,), "f4", chunks=(1 << 16,))
    edited("model.weights.h5", lambda data: written.getvalue())(saved, path)


def elsewhere(saved: Path, path: Path) -> None:
    written = io.BytesIO()
    with h5py.File(written, "w") as file:
        file.create_dataset("a", (4,), "f4", external=[("/etc/passwd", 0, 16)])
    edited("model.weights.h5", lambda data: written.getvalue())(saved, path)


def with_member(name: str) -> Callable[[Path, Path], None]:
    def make(saved: Path, path: Path) -> None:
        path.write_bytes((saved / "model.keras").read_bytes())
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr(name, b"x")

    return make


MODELS: dict[str, tuple[Callable[[Path, Path], object], str]] = {
    "a pickle": (lambda s, p: p.write_bytes(b"\x80\x04K\x01."), "cannot be loaded"),
    "another zip": (lambda s, p: npz(p.open("wb")), "cannot be loaded: it lacks config.json"),
    "HDF5": (lambda s, p: p.write_bytes((s / "model.h5").read_bytes()), "cannot be loaded"),
    "cut off": (lambda s, p: p.write_bytes((s / "model.keras").read_bytes()[:-500]), "cannot be"),
    "empty": (lambda s, p: p.touch(), "cannot be loaded"),
    "a folder": (lambda s, p: p.mkdir(), "there is no model file"),
    "a pipe": (lambda s, p: os.mkfifo(p), "there is no model file"),
    "zeros": (lambda s, p: (p.touch(), os.truncate(p, 5 << 30)), "cannot be loaded"),
    "10**9 units": (config('"units": 4', '"units": 1000000000'), "cannot be loaded|describes"),
    "10**9 units, unbuilt": (without_builds("1000000000"), "describes a model of 2[0-9]{10} w"),
    "50 times as many": (without_builds("500000"), "describes a model of 12000003 weights"),
    "10**30 units": (without_builds("1" + "0" * 30), "cannot be loaded|describes"),
    "-1 units": (without_builds("-1"), "cannot be loaded"),
    "units of words": (without_builds('"many"'), "cannot be loaded"),
    "wide input": (config("20", "2000000000"), "cannot be loaded|describes"),
    "no class": (config('"class_name": "Sequential"', '"class": "Sequential"'), "none of a Keras"),
    "a list": (edited("config.json", lambda data: b"[]"), "none of a Keras model"),
    "deep": (edited("config.json", lambda data: b"[" * 99_999), "nested too deeply"),
    "large": (edited("config.json", lambda data: b" " * (20 << 20)), "its config.json has"),
    "another module": (config('"module": "keras"', '"module": "os"'), "cannot be loaded"),
    "weights of words": (edited("model.weights.h5", lambda data: b"hello"), "cannot be loaded"),
    "weights that are not there": (claiming, "its weights claim 34359738368 bytes"),
    "weights elsewhere": (elsewhere, "lie in another file"),
    "outside": (with_member("../../x"), "leads out of the folder"),
    "absolute": (with_member("/tmp/x"), "leads out of the folder"),
}


@pytest.mark.parametrize("case", MODELS)
def test_odd_models_are_one_message_in_bounded_memory(
    case: str, saved: Path, tmp_path: Path
) -> None:
    make, message = MODELS[case]
    make(saved, tmp_path / "odd.keras")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(HarnessError, match=message) as raised:
        load_model(tmp_path / "odd.keras")
    assert len(str(raised.value)) < 800
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MUCH


@pytest.mark.parametrize("name", ["model.keras", "model.h5"])
def test_a_usual_model_is_loaded(name: str, saved: Path) -> None:
    assert [layer.units for layer in load_model(saved / name).layers] == [4, 3]


@pytest.mark.parametrize("units", ["1000000000", "500000"])
def test_hdf5_that_describes_more_than_it_holds_is_refused(
    units: str, saved: Path, tmp_path: Path
) -> None:
    path = tmp_path / "odd.h5"
    path.write_bytes((saved / "model.h5").read_bytes())
    with h5py.File(path, "a") as file:
        text = file.attrs["model_config"].replace('"units": 4', f'"units": {units}')
        content = json.loads(text)
        for layer in content["config"]["layers"]:
            layer.pop("build_config", None)
        file.attrs["model_config"] = json.dumps(content)
    with pytest.raises(HarnessError, match="describes a model of|cannot be loaded"):
        load_model(path)
