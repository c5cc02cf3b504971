"""What a technique hands over is checked and copied here: proposals, notes, closing words.

Nothing that passes is shared with the technique, so what it changes later changes no record.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from harness.engine.patience import THINKING, Patience
from harness.records.outcome import Trial
from harness.records.schema import Misfit, from_json, to_json
from harness.techniques.blame import described_at
from harness.techniques.contract import Finish, Proposal, RepairTask, TechniqueError
from harness.training.watched.history import History
from harness.vocabulary import CellStatus, Configuration, HarnessError, Value, shown

NOTE_LIMIT = 1_000_000
"""Characters that the note of one trial may take in a log."""

CLOSING = (CellStatus.OK, CellStatus.NOT_APPLICABLE, CellStatus.NO_SYMPTOM)
"""What a technique may say of its run; the other statuses are for the analysis to find."""


class Gate:
    """Checks what one technique hands over in one run."""

    def __init__(self, technique: str, task: RepairTask) -> None:
        """``task`` is the run's own, of which the technique has a copy."""
        self._technique, self._task = technique, task
        self._configurations: dict[int, Configuration] = {}
        self.patience = Patience(THINKING)

    def refuse(self, problem: str) -> TechniqueError:
        """The error of a technique that broke its contract."""
        return TechniqueError(f"technique '{self._technique}' {problem}")

    @contextmanager
    def blaming(self, where: str, *passing: type[BaseException]) -> Iterator[None]:
        """Turn whatever the technique raises inside, ``sys.exit`` too, into one message.

        Args:
            where: The method that is called.
            passing: Exceptions that mean something there, and go through.

        Raises:
            TechniqueError: With the line of the technique's own code.
        """
        try:
            with self.patience:
                yield
        except BaseException as error:
            if isinstance(error, (KeyboardInterrupt, *passing)):
                raise
            raise self.refuse(f"failed in {where}: {described_at(error)}") from error

    def proposal(self, asked: Any) -> Proposal:
        """A trusted copy of a proposal.

        Raises:
            TechniqueError: If it breaks the contract; see :class:`Proposal` and :class:`Train`.
        """
        if not isinstance(asked, Proposal):
            raise self.refuse(f"proposed a {_kind(asked)}; a Proposal or None was asked for")
        number = self._number("proposal", asked.proposal)
        history = self._history(asked.history)
        configuration = self._configuration(asked.configuration, number, history)
        return Proposal(
            proposal=number,
            configuration=configuration,
            fidelity=self._real("fidelity", asked.fidelity, 1.0),
            note=self.note(asked.note, number, history),
            history=history,
            look=self._flag("look", asked.look),
            limit=self._real("limit", asked.limit, math.inf),
        )

    def note(self, note: Any, number: int, history: History | None) -> dict[str, Any]:
        """A copy of a trial's note.

        Raises:
            TechniqueError: If it holds no plain values, or says what did not happen.
        """
        if note is None:
            return {}
        if not isinstance(note, Mapping):
            raise self.refuse(f"gave trial {number} a note that is a {_kind(note)}, no mapping")
        try:
            found: dict[str, Any] = to_json(note)
            size = len(json.dumps(found))
        except (Misfit, RecursionError) as error:
            raise self.refuse(f"gave trial {number} a note that cannot be kept: {error}") from None
        if size > NOTE_LIMIT:
            raise self.refuse(
                f"gave trial {number} a note of {size} characters; {NOTE_LIMIT} can be kept"
            )
        if (choice := found.get("choice")) is not None:
            self._chosen(choice, {*self._configurations, number})
        self._same_history(found, number, history)
        return found

    def finish(self, word: Any) -> Finish:
        """A copy of the closing word.

        Raises:
            TechniqueError: If it is none, its counters are no plain values, its status is unknown,
                or its choice was never trained.
        """
        if not isinstance(word, Finish):
            raise self.refuse(f"ended with a {_kind(word)}; a Finish was asked for")
        try:
            status = CellStatus(word.status)
        except ValueError:
            status = None
        if status not in CLOSING:
            known = ", ".join(each.value for each in CLOSING)
            raise self.refuse(f"ended with the status {shown(word.status)}; there are {known}")
        assert status is not None
        if word.choice is not None:
            self._chosen(word.choice, set(self._configurations))
        return Finish(self.health(word.health), status, word.choice)

    def health(self, counters: Any) -> dict[str, int | float | str]:
        """A copy of the counters of a search."""
        try:
            if not isinstance(counters, Mapping):
                raise Misfit(f"are a {_kind(counters)}, no mapping")
            return from_json(dict[str, int | float | str], to_json(counters))
        except (Misfit, RecursionError) as error:
            raise self.refuse(
                f"has counters that cannot be kept: {error}. health() maps names to numbers "
                "and texts"
            ) from None

    def trial(self, item: Any) -> Trial:
        """``item``, if it is a trial at all."""
        if not isinstance(item, Trial):
            raise self.refuse(f"yielded a {_kind(item)}; a Trial or a Finish was asked for")
        return item

    def _chosen(self, choice: Any, trained: set[int]) -> None:
        if type(choice) is not int or choice not in trained:
            raise self.refuse(
                f"chose proposal {shown(choice)}, which it never trained; trained were "
                f"{len(trained)} proposals up to {max(trained, default='none')}"
            )

    def _number(self, name: str, value: Any) -> int:
        plain = _plain(value)
        if type(plain) is not int or not 0 <= plain < 2**53:
            raise self.refuse(f"gave {shown(value)} as {name}; it is a whole number from 0")
        return plain

    def _real(self, name: str, value: Any, high: float) -> float:
        plain = _plain(value)
        if type(plain) not in (int, float) or not 0 < plain <= high:
            below = "" if math.isinf(high) else f" up to {high:g}"
            raise self.refuse(f"gave {shown(value)} as {name}; it is a number above 0{below}")
        return float(plain)

    def _flag(self, name: str, value: Any) -> bool:
        plain = _plain(value)
        if type(plain) is not bool:
            raise self.refuse(f"gave {shown(value)} as {name}; it is True or False")
        return plain

    def _configuration(self, given: Any, number: int, history: History | None) -> dict[str, Value]:
        """A plain copy of a configuration, which keeps its number within the run."""
        if not isinstance(given, Mapping):
            raise self.refuse(f"proposed a configuration that is a {_kind(given)}, no mapping")
        faulty = self._task.faulty
        found = {_plain(name): _plain(value) for name, value in given.items()}
        if odd := sorted(map(str, set(found) ^ set(faulty))):
            raise self.refuse(
                f"proposed a configuration that adds or lacks {', '.join(odd)[:200]}. A "
                f"configuration has exactly these values: {', '.join(faulty)}"
            )
        for name, value in found.items():
            self._value(name, value, history)
        known = self._configurations.setdefault(number, found)
        if known != found:
            differing = [name for name in found if known[name] != found[name]]
            raise self.refuse(
                f"gave proposal {number} to two configurations, which differ in "
                f"{', '.join(differing)}: a configuration keeps its number, others get their own"
            )
        return dict(found)

    def _value(self, name: str, value: Any, history: History | None) -> None:
        own, told = self._task.faulty[name], f"proposed {name}: {shown(value)} ({_kind(value)})"
        if type(value) not in (str, int, float, bool) or (
            isinstance(value, float) and not math.isfinite(value)
        ):
            raise self.refuse(f"{told}; a value is a text, a finite number or a truth value")
        if history is not None or (type(value) is type(own) and value == own):
            return
        domain = self._task.space.domains.get(name)
        if domain is None:
            raise self.refuse(f"{told}, but no operator reaches that setting: it stays {own!r}")
        if value not in domain:
            raise self.refuse(f"{told}, which is outside the space: {domain}")

    def _history(self, history: Any) -> History | None:
        """A copy of a history that shares nothing with it."""
        if history is None:
            return None
        if not isinstance(history, History):
            raise self.refuse(f"gave a history that is a {_kind(history)}")
        try:
            copied = from_json(History, to_json(history))
        except (ValueError, HarnessError, RecursionError) as error:
            raise self.refuse(f"gave a history that cannot be kept: {error}") from None
        if not copied.links or set(copied.start) != set(self._task.faulty):
            raise self.refuse(
                "gave a history without a link, or whose start is no configuration of the program"
            )
        return copied

    def _same_history(self, note: Mapping[str, Any], number: int, history: History | None) -> None:
        """A note that names a history names the one that was trained."""
        if "history" not in note:
            return
        if history is None or note["history"] != to_json(history):
            raise self.refuse(f"gave trial {number} a note with a history that was not trained")


class RunOver(BaseException):
    """Raised by ``train`` once its run is over: it ends a technique's own loop.

    No ``Exception``, so that a technique that catches those ends all the same.
    """


def _plain(value: Any) -> Any:
    """A NumPy scalar, or a subclass of a plain type, as the plain value; else ``value``."""
    if isinstance(value, np.generic):
        value = value.item()
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind(value)
    return value


def _kind(value: Any) -> str:
    return type(value).__name__
