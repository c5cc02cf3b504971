"""Results of slots on other machines: they come back to the driver's folder, trial by trial.

One process on the driver's machine writes them, so a cluster needs no shared folder, and locks and
flushed files are those of a local disk. A slot waits until its trial is on that disk before it
proposes the next trial, as it would on one machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import ray
from ray.exceptions import RayTaskError

from harness.records.cell import Cell
from harness.records.log import RunHeader, TrialLog
from harness.records.outcome import Trial
from harness.records.run import Confirmation
from harness.records.run_record import RunRecord
from harness.records.store import Store


class Keeper:
    """Writes the results folder of the driver; an actor on its machine."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._open: dict[str, tuple[int, ExitStack, TrialLog[RunHeader]]] = {}
        self._openings = 0

    def open(self, header: RunHeader) -> tuple[int, RunHeader, list[Trial]] | None:
        """Lock the log of a cell; return the number of this opening, its header and its trials.

        A driver gives a cell to one slot at a time. A cell that is open already belonged to a slot
        that was lost.

        Returns:
            None if another driver has the cell.
        """
        identity = header.cell.identity
        self._close(identity)
        stack = ExitStack()
        log = stack.enter_context(self._store.log(header))
        if log is None:
            stack.close()
            return None
        self._openings += 1
        self._open[identity] = self._openings, stack, log
        return self._openings, log.header, log.trials

    def append(self, cell: Cell, opening: int, trial: Trial) -> None:
        self._log(cell, opening).append(trial)

    def finish(self, record: RunRecord) -> None:
        self._store.finish(record)

    def confirm(self, cell: Cell, trainings: list[Confirmation]) -> None:
        self._store.confirm(cell, trainings)

    def close(self, cell: Cell, opening: int) -> None:
        if cell.identity in self._open and self._open[cell.identity][0] == opening:
            self._close(cell.identity)

    def finished(self, cell: Cell) -> bool:
        return self._store.finished(cell)

    def _log(self, cell: Cell, opening: int) -> TrialLog[RunHeader]:
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
    header: RunHeader
    trials: list[Trial]

    def append(self, trial: Trial) -> None:
        _ask(self.keeper.append, self.cell, self.opening, trial)


@dataclass(frozen=True, slots=True)
class Kept:
    """A results folder as a slot elsewhere sees it: what ``Store`` offers to a run."""

    keeper: Any

    @contextmanager
    def log(self, header: RunHeader) -> Iterator[KeptLog | None]:
        opened = _ask(self.keeper.open, header)
        if opened is None:
            yield None
            return
        number = opened[0]
        try:
            yield KeptLog(self.keeper, header.cell, *opened)
        finally:
            _ask(self.keeper.close, header.cell, number)

    def finish(self, record: RunRecord) -> None:
        _ask(self.keeper.finish, record)

    def confirm(self, cell: Cell, trainings: list[Confirmation]) -> None:
        _ask(self.keeper.confirm, cell, trainings)

    def finished(self, cell: Cell) -> bool:
        return bool(_ask(self.keeper.finished, cell))


def _ask(method: Any, *arguments: Any) -> Any:
    try:
        return ray.get(method.remote(*arguments))
    except RayTaskError as error:
        raise error.cause from None
