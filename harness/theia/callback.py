"""Theia as a Keras callback: checks the program when ``fit`` begins."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import FrameType
from typing import Any

import keras

from harness.theia import live
from harness.theia.findings import Finding, Severity
from harness.theia.report import localiser_report
from harness.theia.rules import judge
from harness.vocabulary import HarnessError


class BugsFound(HarnessError):
    """Raised by ``TheiaCallback(stop=True)`` before the first step."""

    def __init__(self, findings: list[Finding]) -> None:
        self.findings = findings
        bugs = [f for f in findings if f.severity is Severity.BUG]
        lines = [f"{f.rule} {f.name or f.subject}: {f.observed}; {f.suggestion}" for f in bugs]
        super().__init__(f"Theia found {len(bugs)} bugs:\n" + "\n".join(lines))


class TheiaCallback(keras.callbacks.Callback):  # type: ignore[misc]
    """Checks model, learner and data before the first step.

    Args:
        task: binary, multiclass, multilabel or regression; guessed if not given.
        stop: Raise :class:`BugsFound` if there are bugs, instead of training.
        train, test: The data; by default those of ``fit``.
        profile: recommended, paper or published.

    ``findings`` and ``report`` hold the result.
    """

    def __init__(
        self,
        task: str | None = None,
        *,
        stop: bool = False,
        train: Any = None,
        test: Any = None,
        profile: str = "recommended",
    ) -> None:
        super().__init__()
        self._task, self._stop, self._profile = task, stop, profile
        self._train, self._test = train, test
        self.findings: list[Finding] = []
        self.report: Any = None

    def on_train_begin(self, logs: Any = None) -> None:
        given = _fit_arguments(self.model)
        x, y = given.get("x"), given.get("y")
        train = self._train if self._train is not None else (x if y is None else (x, y))
        test = self._test if self._test is not None else given.get("validation_data")
        program, guessed = live.program_of(
            self.model,
            None,
            None,
            train,
            self._task,
            test=test,
            batch_size=given.get("batch_size") or live.KERAS_BATCH,
            epochs=(self.params or {}).get("epochs"),
        )
        self.findings = judge(program, self._profile)
        self.report = localiser_report(
            self.model.name, program, self.findings, profile=self._profile, guessed=guessed
        )
        if self._stop and self.report.bugs:
            raise BugsFound(self.findings)


def _fit_arguments(model: Any) -> Mapping[str, Any]:
    """The arguments of the running ``fit``, which Keras does not pass to its callbacks.

    They are those of the frame of ``fit`` that runs this model, on the stack.
    """
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_name == "fit" and frame.f_locals.get("self") is model:
            return frame.f_locals
        frame = frame.f_back
    return {}
