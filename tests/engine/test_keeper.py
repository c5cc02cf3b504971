"""What a slot on another machine sees of the results folder; the keeper itself needs no Ray."""

from __future__ import annotations

from pathlib import Path

import pytest
from recorded import CELL, header, row, run_record

from harness.engine.keeper import Keeper
from harness.records.log import LOG, read_log
from harness.records.store import Store

HEADER = header(CELL)


def test_rows_from_elsewhere_are_on_disk_at_once(tmp_path: Path) -> None:
    store = Store(tmp_path)
    keeper = Keeper(store)
    opened = keeper.open(HEADER)
    assert opened is not None
    number, found, rows = opened
    assert (found.training_time, rows) == (0.5, [])
    keeper.append(CELL, number, row(0))
    content = read_log(store.folder(CELL) / LOG)
    assert content is not None and content[1] == [row(0)]
    keeper.finish(run_record(CELL, 1))
    assert keeper.finished(CELL) and store.finished(CELL)
    keeper.close(CELL, number)
    assert store.read_run(CELL).trials


def test_a_slot_that_was_lost_and_comes_back_cannot_write(tmp_path: Path) -> None:
    """Its run was given to another slot, which goes on after the rows that are there."""
    keeper = Keeper(Store(tmp_path))
    first = keeper.open(HEADER)
    assert first is not None
    keeper.append(CELL, first[0], row(0))
    second = keeper.open(HEADER)
    assert second is not None and second[2] == [row(0)]
    with pytest.raises(RuntimeError, match="another slot has taken over"):
        keeper.append(CELL, first[0], row(1))
    keeper.close(CELL, first[0])  # too late to close what is the other's
    keeper.append(CELL, second[0], row(1))
    keeper.close(CELL, second[0])
    with pytest.raises(RuntimeError, match="another slot has taken over"):
        keeper.append(CELL, second[0], row(2))


def test_a_cell_of_another_driver_is_left(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with store.log(HEADER) as log:
        assert log is not None
        assert Keeper(store).open(HEADER) is None
    assert Keeper(store).open(HEADER) is not None
