"""Files of arrays, right and damaged."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from pathlib import Path

import numpy as np
import pytest

from harness.data.files import check_shape, idx, lists_of_numbers, members, npz
from harness.vocabulary import HarnessError


def test_the_named_arrays_of_an_npz_file(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, x=np.arange(3), y=np.zeros(2))
    assert {k: v.tolist() for k, v in npz(path, "x").items()} == {"x": [0, 1, 2]}
    with pytest.raises(HarnessError, match="it lacks z; found x, y"):
        npz(path, "x", "z")
    with pytest.raises(HarnessError, match="is not there; the rest of its data set is"):
        npz(tmp_path / "b.npz", "x")


def test_an_idx_file_has_its_checksum(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    header = bytes([0, 0, 8, 2]) + (2).to_bytes(4, "big") + (3).to_bytes(4, "big")
    path.write_bytes(gzip.compress(header + bytes(range(6)), mtime=0))
    md5 = hashlib.md5(path.read_bytes()).hexdigest()
    assert idx(path, {"a.gz": md5}).tolist() == [[0, 1, 2], [3, 4, 5]]
    with pytest.raises(HarnessError, match=f"has the checksum {md5}; 0 .md5. is the published"):
        idx(path, {"a.gz": "0"})


def test_members_are_found_in_any_folder(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as archive:
        for name, content in (("deep/er/one", b"1"), ("two", b"22")):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    assert members(path, ["two", "one"]) == [b"22", b"1"]
    with pytest.raises(HarnessError, match="it lacks three"):
        members(path, ["one", "three"])


def test_lists_of_numbers_come_without_a_pickle_being_loaded(tmp_path: Path) -> None:
    array = np.empty(3, dtype=object)
    array[:] = [[1, 300, 70_000], [], [5]]
    np.savez(tmp_path / "a.npz", x=array)
    found = lists_of_numbers(tmp_path / "a.npz", "x")
    assert [numbers.tolist() for numbers in found] == [[1, 300, 70_000], [], [5]]
    with pytest.raises(HarnessError, match="cannot be read"):
        lists_of_numbers(tmp_path / "a.npz", "y")


def test_another_shape_is_named(tmp_path: Path) -> None:
    check_shape(tmp_path, "x", np.zeros((2, 3)), (2, 3))
    with pytest.raises(HarnessError, match=r"x has shape \(2, 3\); \(3, 2\) is expected"):
        check_shape(tmp_path, "x", np.zeros((2, 3)), (3, 2))
