"""Results of slots on other machines: rows come back to the driver's folder one by one.

One process on the driver's machine writes them, so a cluster needs no shared folder, and locks and
flushed files are those of a local disk. A slot waits until its row is on that disk before it
proposes the next trial, as it would on one machine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import ray
from ray.exceptions import RayTaskError

from harness.records.cell import Cell
from harness.records.log import Row, TrialLog
from harness.records.store import Store


class Keeper:
    """Writes the results folder of the driver; an actor on its machine."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._open: dict[str, tuple[int, ExitStack, TrialLog]] = {}
        self._openings = 0

    def open(
        self, cell: Cell, header: Mapping[str, Any]
    ) -> tuple[int, dict[str, Any], list[Row]] | None:
        """Lock the log of a cell; return the number of this opening, its header and its rows.

        A driver gives a cell to one slot at a time. A cell that is open already belonged to a slot
        that was lost.

        Returns:
            None if another driver has the cell.
        """
        self._close(cell.identity)
        stack = ExitStack()
        log = stack.enter_context(self._store.log(cell, header))
        if log is None:
            stack.close()
            return None
        self._openings += 1
        self._open[cell.identity] = self._openings, stack, log
        return self._openings, log.header, log.rows

    def append(self, cell: Cell, opening: int, row: Row) -> None:
        self._log(cell, opening).append(row)

    def finish(self, cell: Cell, record: Mapping[str, Any]) -> None:
        self._store.finish(cell, record)

    def close(self, cell: Cell, opening: int) -> None:
        if cell.identity in self._open and self._open[cell.identity][0] == opening:
            self._close(cell.identity)

    def finished(self, cell: Cell) -> bool:
        return self._store.finished(cell)

    def _log(self, cell: Cell, opening: int) -> TrialLog:
        number, _, log = self._open.get(cell.identity, (0, None, None))
        if number != opening or log is None:
            raise RuntimeError(f"another slot has taken over {cell.folder}")
        return log

    def _close(self, identity: str) -> None:
        if identity in self._open:
            self._open.pop(identity)[1].close()


@dataclass
class KeptLog:
    """A trial log as a slot elsewhere sees it."""

    keeper: Any
    cell: Cell
    opening: int
    header: dict[str, Any]
    rows: list[Row]

    def append(self, row: Row) -> None:
        _ask(self.keeper.append, self.cell, self.opening, row)


@dataclass(frozen=True, slots=True)
class Kept:
    """A results folder as a slot elsewhere sees it: what ``Store`` offers to a run."""

    keeper: Any

    @contextmanager
    def log(self, cell: Cell, header: Mapping[str, Any]) -> Iterator[KeptLog | None]:
        opened = _ask(self.keeper.open, cell, header)
        if opened is None:
            yield None
            return
        number = opened[0]
        try:
            yield KeptLog(self.keeper, cell, *opened)
        finally:
            _ask(self.keeper.close, cell, number)

    def finish(self, cell: Cell, record: Mapping[str, Any]) -> None:
        _ask(self.keeper.finish, cell, record)

    def finished(self, cell: Cell) -> bool:
        return bool(_ask(self.keeper.finished, cell))


def _ask(method: Any, *arguments: Any) -> Any:
    try:
        return ray.get(method.remote(*arguments))
    except RayTaskError as error:
        raise error.cause from None
