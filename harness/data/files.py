"""Reads files of arrays without running anything in them. A bad file is one message."""

from __future__ import annotations

import gzip
import hashlib
import pickletools
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from harness.vocabulary import HarnessError


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn errors of reading into one message about a damaged or wrong file."""
    try:
        yield
    except FileNotFoundError:
        raise HarnessError(f"{path} is not there; the rest of its data set is") from None
    except (OSError, EOFError, ValueError, KeyError, *_DAMAGED) as error:
        raise HarnessError(
            f"{path} cannot be read: {error}. Move it away and fetch it again"
        ) from None


_DAMAGED = (zlib.error, tarfile.TarError, zipfile.BadZipFile)


def npz(path: Path, *names: str) -> dict[str, np.ndarray]:
    """The named arrays of an npz file; arrays of objects are refused."""
    with reading(path), np.load(path, allow_pickle=False) as content:
        if lacking := [n for n in names if n not in content]:
            raise ValueError(f"it lacks {', '.join(lacking)}; found {', '.join(content)}")
        return {name: content[name] for name in names}


def idx(path: Path, md5: Mapping[str, str]) -> np.ndarray:
    """A gzipped IDX file of bytes, if its checksum is the one in ``md5`` for its name."""
    with reading(path):
        packed = path.read_bytes()
        content = gzip.decompress(packed)
        dimensions = content[3]
        start = 4 + 4 * dimensions
        shape = np.frombuffer(content[4:start], ">u4")
        array = np.frombuffer(content, np.uint8, offset=start).reshape(shape)
    found = hashlib.md5(packed, usedforsecurity=False).hexdigest()
    if found != md5[path.name]:
        raise HarnessError(
            f"{path} has the checksum {found}; {md5[path.name]} (md5) is the published one. Move "
            "it away and fetch it again"
        )
    return array


def members(path: Path, names: Sequence[str]) -> list[bytes]:
    """The contents of the named files of a tar archive, whatever folders they are in."""
    found: dict[str, bytes] = {}
    with reading(path), tarfile.open(path) as archive:
        for member in archive:
            name = Path(member.name).name
            if name in names and (file := archive.extractfile(member)) is not None:
                found[name] = file.read()
        if lacking := [n for n in names if n not in found]:
            raise ValueError(f"it lacks {', '.join(lacking)}")
    return [found[name] for name in names]


def lists_of_numbers(path: Path, name: str) -> list[np.ndarray]:
    """An array of lists of whole numbers, which NumPy can only store as a pickle, from an npz file.

    The pickle is disassembled, not loaded: its instructions are read one by one, and all but the
    few that make lists of numbers are passed over. Nothing in the file can run.
    """
    with reading(path), zipfile.ZipFile(path) as archive, archive.open(f"{name}.npy") as file:
        np.lib.format.read_magic(file)
        np.lib.format.read_array_header_1_0(file)
        lists: list[list[int]] = []
        for opcode, argument, _ in pickletools.genops(file.read()):
            if opcode.name == "EMPTY_LIST":
                lists.append([])
            elif opcode.name.startswith("BININT") and lists and argument is not None:
                lists[-1].append(argument)
    return [np.array(numbers, dtype=np.int64) for numbers in lists[1:]]


def check_shape(path: Path, name: str, array: np.ndarray, expected: tuple[int, ...]) -> None:
    """Raises HarnessError if ``array`` has another shape."""
    if array.shape != expected:
        raise HarnessError(f"{path}: {name} has shape {array.shape}; {expected} is expected")
