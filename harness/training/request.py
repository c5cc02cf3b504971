"""The request for one training."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from harness.records.schema import from_json, to_json
from harness.subjects.fault import Fault
from harness.training.watched.history import History
from harness.vocabulary import Configuration

_LIMITS = ("limit", "work_limit", "reference_limit")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One training, asked for. Plain data."""

    folders: tuple[Path, ...]
    """Folders from which the registry reads its faults; () for the project's own."""
    subject: str
    data_seed: int
    data: str
    """Data variant."""
    fraction: float
    """Share of the training data, in (0, 1]."""
    configuration: Configuration
    seed: int
    run: str = ""
    """Name of the run within which ``proposal`` counts."""
    proposal: int = 0
    reached: float = 0.0
    """Fidelity that this proposal has had already; the training continues from there."""
    fidelity: float = 1.0
    """Share of the configuration's training steps to reach, in (0, 1]."""
    limit: float = float("inf")
    """Seconds after which the training is cut."""
    work_limit: float = float("inf")
    """Multiply-accumulates after which the training is cut, with the step that reaches them."""
    reference_limit: float = float("inf")
    """The same in seconds of the reference machine (``harness.training.reference``)."""
    marks: tuple[tuple[float, float], ...] = ()
    """(budget, charge): smaller budgets, and what of this training each would have paid, in the
    unit of its limit. The program is judged there too, if the training is a plain one."""
    history: History | None = None
    """Asks for a watched training that continues others; ``seed`` is then the run's."""
    look: bool = False
    """Asks for the localiser's view of the program before it trains."""

    def limited(self, name: str, limit: float) -> Request:
        """The same with one of its limits, ``limit``, ``work_limit`` or ``reference_limit``."""
        if name not in _LIMITS:
            raise ValueError(f"a limit is one of {', '.join(_LIMITS)}. Received: {name!r}")
        changed: dict[str, Any] = {name: limit}
        return replace(self, **changed)

    def plain(self) -> dict[str, Any]:
        """As JSON values; a limit that is infinite is None."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        limits = {n: None if math.isinf(values[n]) else values[n] for n in _LIMITS}
        content: dict[str, Any] = to_json(
            {**values, **limits, "folders": [str(folder) for folder in self.folders]}
        )
        return content

    @staticmethod
    def parse(content: Mapping[str, Any]) -> Request:
        """The request that :meth:`plain` wrote."""
        limits = {n: math.inf if content[n] is None else content[n] for n in _LIMITS}
        history = content["history"]
        return Request(
            **{
                **content,
                **limits,
                "folders": tuple(map(Path, content["folders"])),
                "marks": tuple((budget, charge) for budget, charge in content["marks"]),
                "history": None if history is None else from_json(History, history),
            }
        )

    @staticmethod
    def of(
        fault: Fault,
        configuration: Configuration,
        *,
        seed: int,
        data: str = "default",
        fraction: float = 1.0,
        folders: tuple[Path, ...] = (),
    ) -> Request:
        """A whole training of one configuration of a fault's subject."""
        return Request(
            folders=folders,
            subject=fault.subject.name,
            data_seed=fault.data_seed,
            data=data,
            fraction=fraction,
            configuration=configuration,
            seed=seed,
        )
