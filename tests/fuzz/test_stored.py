"""Stored files spoiled at random: the table as it was, or one line that names the file.

What damages the structure of a file (lines swapped, doubled, dropped or cut, values of another type
or out of range) must be noticed, or change nothing. A value that stays in its range cannot be
noticed: then the table must still be a possible one.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from fuzzing import FUZZ, Tally, check_message
from hypothesis import given
from hypothesis import strategies as st
from junk import PLAIN
from stored import small_study

from harness.analysis.protocols import CORRECTED
from harness.records.store import Store
from harness.study.plan import Plan
from harness.study.reading import read_study
from harness.subjects.registry import Registry
from harness.vocabulary import HarnessError

FILES = ("trials.jsonl", "run.json", "baselines/")
DRAWN = st.randoms(use_true_random=False)


@pytest.fixture(scope="module")
def study(
    tmp_path_factory: pytest.TempPathFactory, registry: Registry
) -> tuple[Plan, Store, pd.DataFrame]:
    plan, store = small_study(
        tmp_path_factory.mktemp("stored"), registry, ["D3"], ["random"], budget=6
    )
    return plan, store, read_study(plan, registry, store, CORRECTED).scores


def swap(lines: list[bytes], draw: random.Random) -> list[bytes]:
    one, other = draw.randrange(len(lines)), draw.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return lines


def double(lines: list[bytes], draw: random.Random) -> list[bytes]:
    return [*lines, draw.choice(lines)]


def drop(lines: list[bytes], draw: random.Random) -> list[bytes]:
    del lines[draw.randrange(len(lines))]
    return lines


def cut(lines: list[bytes], draw: random.Random) -> list[bytes]:
    return [b"".join(lines)[: draw.randrange(len(b"".join(lines)))]]


def intrude(lines: list[bytes], draw: random.Random) -> list[bytes]:
    lines.insert(draw.randrange(len(lines) + 1), draw.randbytes(draw.randrange(1, 30)) + b"\n")
    return lines


def flip(content: bytes, draw: random.Random) -> bytes:
    data = bytearray(content)
    data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
    return bytes(data)


STRUCTURAL = [swap, double, drop, cut, intrude]


def spoiled(root: Path, draw: random.Random) -> Path:
    """One of the files of the study, drawn."""
    kind = draw.choice(FILES)
    paths = sorted(path for path in root.rglob("*.json*") if kind in str(path))
    return draw.choice(paths)


def read(
    study: tuple[Plan, Store, pd.DataFrame],
    registry: Registry,
    path: Path,
    change: Callable[[bytes], bytes],
    tally: Tally,
) -> pd.DataFrame | None:
    """The table with one file changed, which is then put back; None if it is refused."""
    plan, store, _ = study
    before = path.read_bytes()
    table, refused = None, None
    try:
        path.write_bytes(change(before))
        table = read_study(plan, registry, store, CORRECTED).scores
    except HarnessError as error:
        refused = error
    finally:
        path.write_bytes(before)
    assert check_message(refused) == (table is None)
    assert refused is None or str(path) in str(refused) or str(path.parent) in str(refused)
    tally.count(refused is not None)
    return table


@FUZZ
@given(draw=DRAWN, damage=st.sampled_from(STRUCTURAL))
def test_lines(
    draw: random.Random, damage: Any, study: Any, registry: Registry, tally: Tally
) -> None:
    path = spoiled(study[1].root, draw)
    table = read(
        study,
        registry,
        path,
        lambda data: b"".join(damage(data.splitlines(keepends=True), draw)),
        tally,
    )
    if table is not None:
        pd.testing.assert_frame_equal(table, study[2])


@FUZZ
@given(draw=DRAWN, value=PLAIN)
def test_values(
    draw: random.Random, value: Any, study: Any, registry: Registry, tally: Tally
) -> None:
    def change(data: bytes) -> bytes:
        lines = data.splitlines()
        whole = path.suffix == ".json"
        number = 0 if whole else draw.randrange(len(lines))
        content = json.loads(data if whole else lines[number])
        place = content
        while True:
            key = draw.choice(sorted(place) if isinstance(place, dict) else range(len(place)))
            if not isinstance(place[key], dict | list) or not place[key] or draw.random() < 0.1:
                break
            place = place[key]
        place[key] = value
        text = json.dumps(content).encode("utf-8", "surrogatepass")
        return text if whole else b"\n".join([*lines[:number], text, *lines[number + 1 :]]) + b"\n"

    path = spoiled(study[1].root, draw)
    check_possible(read(study, registry, path, change, tally), study[2])


@FUZZ
@given(draw=DRAWN)
def test_bits(draw: random.Random, study: Any, registry: Registry, tally: Tally) -> None:
    path = spoiled(study[1].root, draw)
    table = read(study, registry, path, lambda data: flip(data, draw), tally)
    check_possible(table, study[2])


def check_possible(table: pd.DataFrame | None, before: pd.DataFrame) -> None:
    """A table of as many runs whose values can occur."""
    if table is None:
        return
    assert list(table["n"]) == list(before["n"])
    assert list(table["fault"]) == list(before["fault"])
    for column in ("mean", "faulty_mean", "fix_mean"):
        assert table[column].dropna().between(0, 1).all()
    assert (table["training_time"] > 0).all()
