from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recorded import CELL

from harness.records.cell import Cell


@pytest.mark.parametrize(
    "change",
    [
        {"fault_content": "abd"},
        {"settings": {"class": "a.B", "first": 1}},
        {"space": "icst23"},
        {"clock": "wall"},
        {"clock": "reference", "clock_version": 1},
        {"clock_version": 2},
        {"budget": 10.0},
        {"data": "icst23"},
        {"fraction": 0.5},
        {"backend": "jax"},
        {"repetition": 4},
        {"seed": 2},
    ],
)
def test_whatever_matters_is_in_the_identity(change: dict) -> None:
    assert replace(CELL, **change).identity != CELL.identity


plain_values = st.one_of(st.none(), st.booleans(), st.integers(0, 9), st.floats(0, 9), st.text())

cells = st.builds(
    Cell,
    fault=st.sampled_from(["D1", "D10"]),
    fault_content=st.sampled_from(["abc", "abd"]),
    technique=st.sampled_from(["random", "hebo"]),
    settings=st.dictionaries(st.sampled_from(["class", "first"]), plain_values),
    space=st.sampled_from(["corrected", "icst23"]),
    clock=st.sampled_from(["reference", "training", "work"]),
    clock_version=st.integers(0, 2),
    budget=st.floats(0.1, 100),
    data=st.sampled_from(["default", "icst23"]),
    fraction=st.floats(0.01, 1),
    backend=st.sampled_from(["tensorflow", "jax"]),
    repetition=st.integers(1, 99),
    seed=st.integers(0, 99),
)


@given(cells)
def test_an_identity_survives_its_record(cell: Cell) -> None:
    """Whatever the settings are: what is written and read again has the same identity."""
    again = Cell(**json.loads(json.dumps(asdict(cell))))
    assert (again.identity, again.folder, again.run_seed) == (
        cell.identity,
        cell.folder,
        cell.run_seed,
    )


@given(cells, cells)
def test_two_cells_share_an_identity_only_if_they_are_equal(one: Cell, two: Cell) -> None:
    same = json.dumps(asdict(one), sort_keys=True) == json.dumps(asdict(two), sort_keys=True)
    assert (one.identity == two.identity) == same
    assert (one.folder == two.folder) == same


@given(st.text(min_size=1, max_size=30))
def test_no_name_leaves_the_results_folder(name: str) -> None:
    folder = replace(CELL, fault=name, technique=name).folder
    assert ".." not in folder.parts
    assert len(folder.parts) == 3
    assert not folder.is_absolute()


def test_run_seeds_differ(tmp_path: Path) -> None:
    cells = [
        replace(CELL, fault=f, technique=t, repetition=r, seed=s)
        for f in ("D1", "D2")
        for t in ("random", "hebo")
        for r in (1, 2)
        for s in (1, 2)
    ]
    assert len({c.run_seed for c in cells}) == len(cells)
    assert replace(CELL, budget=50.0).run_seed == CELL.run_seed
