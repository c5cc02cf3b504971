from __future__ import annotations

from pathlib import Path

import pytest

from harness.records.files import RESULTS_VERSION, check_version, read_json, write_json
from harness.vocabulary import HarnessError

FILE = Path("f.json")


def test_todays_version_is_accepted() -> None:
    check_version(FILE, {"version": RESULTS_VERSION})


@pytest.mark.parametrize(
    ("version", "advice"),
    [
        (1, "dnn-repair migrate RESULTS"),
        (RESULTS_VERSION + 1, "the release that wrote it"),
        (0, "the release that wrote it"),
        (float(RESULTS_VERSION), "the release that wrote it"),
        (True, "the release that wrote it"),
        (None, "the release that wrote it"),
    ],
)
def test_another_version_is_refused_with_advice(version: object, advice: str) -> None:
    with pytest.raises(HarnessError, match=f"written by results version {version}; .*{advice}"):
        check_version(FILE, {"version": version})


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"version": NaN}', "[" * 100_000])
def test_a_damaged_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "f.json").write_text(text)
    with pytest.raises(HarnessError, match=r"f\.json cannot be read: "):
        read_json(tmp_path / "f.json")


def test_a_folder_in_the_place_of_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "f.json").mkdir()
    with pytest.raises(HarnessError, match=r"f\.json cannot be read: .*directory"):
        read_json(tmp_path / "f.json")


def test_of_several_writers_the_first_is_heard(tmp_path: Path) -> None:
    path = tmp_path / "b.json"
    for number in (1, 2):
        write_json(path, {"number": number}, replace=False)
    assert read_json(path)["number"] == 1
    assert [p.name for p in tmp_path.iterdir()] == ["b.json"]
