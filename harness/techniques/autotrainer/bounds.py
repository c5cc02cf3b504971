"""Files of models and data that claim more than they hold: found before anything is allocated."""

from __future__ import annotations

import math
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np

from harness.records.files import regular_file
from harness.records.schema import decode_json
from harness.vocabulary import HarnessError

CONFIG, WEIGHTS = "config.json", "model.weights.h5"
LARGEST_CONFIG = 1 << 24
"""Bytes of a model's configuration or of an array's header."""
MOST_MEMBERS = 10_000
SPARE = 1 << 20
"""Bytes that a small file may claim beyond its own."""
NUMBERS = "biuf"
"""Kinds of arrays: truth values, whole numbers, floats."""


def most_bytes() -> int:
    """Half of this machine's memory: what a model or data may take."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2


def open_file(path: Path) -> IO[bytes]:
    """Open a file for reading; OSError if it is no regular file."""
    return open(path, "rb", opener=regular_file)


def read_arrays(path: Path, names: tuple[str, ...]) -> dict[str, np.ndarray]:
    """The arrays of these names in an ``.npz`` file; others stay unread.

    Each header is compared with the size of its array before memory is taken.

    Raises:
        OSError, ValueError, zipfile.BadZipFile: If the file or an array cannot be read.
    """
    with open_file(path) as file:
        if file.read(6) == b"\x93NUMPY":
            raise ValueError("it is one array (.npy), and four are needed (.npz)")
        with zipfile.ZipFile(file) as archive:
            members = _members(archive)
            present = [name for name in names if f"{name}.npy" in members]
            total = sum(members[f"{name}.npy"].file_size for name in present)
            if total > most_bytes():
                raise ValueError(f"its arrays take {total} bytes, more than half of the memory")
            return {name: _array(archive, members[f"{name}.npy"], name) for name in present}


def _members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """Name -> member.

    Raises:
        ValueError: If there are too many, two of a name, or one that leads out of a folder.
    """
    listed = archive.infolist()
    if len(listed) > MOST_MEMBERS:
        raise ValueError(f"it has {len(listed)} members, more than {MOST_MEMBERS}")
    found = {member.filename: member for member in listed}
    if len(found) < len(listed):
        raise ValueError("two of its members have one name")
    for name in found:
        if name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/"):
            raise ValueError(f"its member {name!r} leads out of the folder")
    return found


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str) -> np.ndarray:
    with archive.open(member) as stream:
        version = np.lib.format.read_magic(stream)
        if version not in ((1, 0), (2, 0)):
            raise ValueError(f"{name} is of version {version} of .npy; 1.0 and 2.0 are known")
        read = np.lib.format.read_array_header_1_0
        if version == (2, 0):
            read = np.lib.format.read_array_header_2_0
        shape, _, kind = read(stream)
        claimed = math.prod(shape) * kind.itemsize
        held = member.file_size - stream.tell()
        if kind.hasobject:
            raise ValueError(f"{name} holds Python objects, which are code when they are read")
        if kind.kind not in NUMBERS:
            raise ValueError(f"{name} holds values of type {kind}; numbers are needed")
        if claimed != held:
            raise ValueError(
                f"{name} claims the shape {shape}, {claimed} bytes, and the file holds {held}"
            )
    with archive.open(member) as stream:
        return np.lib.format.read_array(stream, allow_pickle=False)


def check_model(path: Path, *, trusted: bool) -> None:
    """Refuse a Keras file that would take more memory than what it holds.

    Args:
        trusted: Whether its code may run; then only Keras itself reads its configuration.

    Raises:
        HarnessError: If it is no such file, or claims weights that it does not hold.
    """
    try:
        with open_file(path) as file:
            check = _check_zip if path.suffix == ".keras" else _check_weights
            config, size = check(file)
        described = 0 if trusted or config is None else _described(config, path.suffix)
    except Exception as error:  # of zipfile, h5py or Keras, at whatever the file holds
        raise unloadable(path, error) from None
    if described > size + SPARE:
        raise HarnessError(
            f"{path} describes a model of {described} weights, and holds {size} bytes of weights: "
            "it is damaged, or not what it claims to be"
        )


def _check_zip(file: IO[bytes]) -> tuple[str | None, int]:
    """Configuration and bytes of weights of a ``.keras`` file."""
    with zipfile.ZipFile(file) as archive:
        members = _members(archive)
        for name in (CONFIG, WEIGHTS):
            if name not in members:
                raise ValueError(f"it lacks {name}")
        total = sum(member.file_size for member in members.values())
        if total > most_bytes():
            raise ValueError(f"it takes {total} bytes unpacked, more than half of the memory")
        if members[CONFIG].file_size > LARGEST_CONFIG:
            raise ValueError(f"its {CONFIG} has {members[CONFIG].file_size} bytes")
        with archive.open(members[CONFIG]) as stream:
            config = stream.read(LARGEST_CONFIG).decode("utf-8")
        _check_config(config)
        with archive.open(members[WEIGHTS]) as stream:
            _check_weights(stream)
        return config, members[WEIGHTS].file_size


def _check_config(text: str) -> None:
    content = decode_json(text)
    if not isinstance(content, Mapping) or not isinstance(content.get("class_name"), str):
        raise ValueError("its configuration is none of a Keras model")


def _check_weights(file: IO[bytes]) -> tuple[str | None, int]:
    """Configuration, if there is one, and size of an HDF5 file, which must hold what it claims."""
    import h5py

    size = file.seek(0, os.SEEK_END)
    if size > most_bytes():
        raise ValueError(f"it has {size} bytes, more than half of the memory")
    file.seek(0)
    claimed = 0

    def count(name: str, item: Any) -> None:
        nonlocal claimed
        if isinstance(item, h5py.Dataset):
            if item.external or item.is_virtual:
                raise ValueError(f"its weights {name} lie in another file")
            claimed += math.prod(item.shape or ()) * item.dtype.itemsize

    with h5py.File(file, "r") as content:
        content.visititems(count)
        config = content.attrs.get("model_config")
    if claimed > size:
        raise ValueError(f"its weights claim {claimed} bytes, and it has {size}")
    text = config.decode("utf-8") if isinstance(config, bytes) else config
    if text is not None:
        _check_config(text)
    return text, size


def _described(config: str, suffix: str) -> int:
    """Number of the weights that a configuration describes; none of them is made."""
    import keras
    from keras.src.legacy.saving.saving_utils import model_from_config

    try:
        with keras.StatelessScope(initialize_variables=False):
            if suffix == ".keras":
                model = keras.models.model_from_json(config)
            else:
                model = model_from_config(decode_json(config))
            return sum(math.prod(weight.shape) for weight in model.weights)
    finally:
        keras.utils.clear_session()  # else the next scope would make the weights after all


def unloadable(path: Path, error: Exception) -> HarnessError:
    """Why a model's file cannot be loaded, in one line."""
    text = str(error).strip()
    if "safe_mode" in text or "ambda" in text:
        return HarnessError(
            f"{path} holds a Lambda layer, which runs code when it is loaded. TRUST=1 allows it, "
            "if you know who made the file"
        )
    line = (text.splitlines() or [type(error).__name__])[0][:300]
    return HarnessError(
        f"{path} cannot be loaded: {line}. model.save('x.keras') of Keras 3 makes what is needed"
    )
