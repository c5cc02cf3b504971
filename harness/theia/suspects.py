"""Theia on registered faults: which hyperparameters its findings blame, and in which order.

A finding names a layer or the learner; a fault is repaired by hyperparameters. Which layers a
hyperparameter governs is found by building the program with another value and comparing.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from harness.data import STAND_IN
from harness.records.observation import Blame
from harness.space.operators import ACTIVATIONS, Reach, operator_of
from harness.subjects.arrays import Data
from harness.subjects.checked_data import BadData
from harness.subjects.fault import Fault
from harness.subjects.subject import Subject
from harness.theia import live
from harness.theia.findings import (
    AddLayer,
    Finding,
    RemoveLayer,
    ScaleInputs,
    SetLayer,
    SetLearner,
    Severity,
)
from harness.theia.program import WEIGHTED, Layer, Program, comparable_layers
from harness.theia.rules import judge
from harness.vocabulary import Configuration, HarnessError, Value


@dataclass(frozen=True)
class Located:
    """Theia's findings on a fault, and the hyperparameters that they blame."""

    fault: Fault
    program: Program
    findings: list[Finding]
    suspects: list[str]
    """Hyperparameters that findings blame: bugs first, then advice, each in the report's order."""
    edits: Mapping[str, Value]
    """Suspect -> value that a finding suggests, where there is one."""
    variant: str = "default"
    """The data variant: ``stand_in`` where the data set is not here."""

    @property
    def ranks(self) -> dict[str, int | None]:
        """For each hyperparameter of the ground truth, its place among the suspects, from 1."""
        found = {name: place for place, name in enumerate(self.suspects, 1)}
        return {name: found.get(name) for name in self.fault.ground_truth}


def locate(fault: Fault, profile: str = "recommended") -> Located:
    """Check the faulty program of a fault; needs its framework.

    Where its data set is not here, synthetic data of the same shapes and ranges take its place.
    """
    subject = fault.subject
    data, variant = fault_data(fault)
    test = (data.x_holdout, data.y_holdout)
    program = fault_program(subject, fault.faulty, data, test)
    findings = judge(program, profile)
    found = _blames(subject, fault.faulty, data, program, findings)
    edits: dict[str, Value] = {}
    for blame in found:
        if blame.value is not None:
            edits.setdefault(blame.hyperparameter, blame.value)
    names = list(dict.fromkeys(blame.hyperparameter for blame in found))
    return Located(fault, program, findings, names, edits, variant)


@dataclass(frozen=True, slots=True)
class Ranked:
    """A line of the table of all faults."""

    fault: str
    hyperparameters: tuple[str, ...]
    """Those of the ground truth."""
    ranks: tuple[int | None, ...]
    """Of each, its place among the suspects."""
    suspects: int
    bugs: int
    advice: int
    problem: str = ""
    """Why the fault could not be checked."""


def ranked(faults: Iterable[Fault], profile: str = "recommended") -> Iterator[Ranked]:
    """For each fault, the places of its hyperparameters among the suspects."""
    for fault in faults:
        try:
            located = locate(fault, profile)
        except HarnessError as error:
            yield Ranked(fault.id, tuple(fault.ground_truth), (), 0, 0, 0, str(error))
            continue
        bugs = sum(f.severity is Severity.BUG for f in located.findings)
        ranks = located.ranks
        yield Ranked(
            fault.id,
            tuple(ranks),
            tuple(ranks.values()),
            len(located.suspects),
            bugs,
            len(located.findings) - bugs,
        )


def fault_data(fault: Fault) -> tuple[Data, str]:
    """The data of the faulty program and their variant.

    Raises:
        HarnessError: If the data set is not here and nothing can stand in for it, or the data
            cannot be used.
    """
    try:
        return fault.subject.data(fault.data_seed, "default", 1.0, fault.faulty), "default"
    except BadData:
        raise
    except HarnessError:
        if not fault.subject.data_set or STAND_IN not in fault.subject.variants:
            raise
    return fault.subject.data(fault.data_seed, STAND_IN, 1.0, fault.faulty), STAND_IN


def blames(
    subject: Subject,
    configuration: Configuration,
    data: Data,
    test: tuple[Any, Any],
    profile: str = "recommended",
) -> list[Blame]:
    """Which hyperparameters of a program Theia's findings reach: bugs first, in report order.

    Args:
        test: Inputs and labels that stand for the test data.
    """
    program = fault_program(subject, configuration, data, test)
    return _blames(subject, configuration, data, program, judge(program, profile))


def _blames(
    subject: Subject,
    configuration: Configuration,
    data: Data,
    program: Program,
    findings: Sequence[Finding],
) -> list[Blame]:
    governed = governs(subject, configuration, data)
    ordered = sorted(findings, key=lambda f: f.severity is not Severity.BUG)
    return [
        Blame(
            name,
            finding.severity.value,
            finding.rule,
            f"{finding.observed}, expected {finding.expected}",
            _suggested(finding, name),
        )
        for finding in ordered
        for name in _blamed(finding, program, configuration, governed)
    ]


def fault_program(
    subject: Subject, configuration: Configuration, data: Data, test: tuple[Any, Any]
) -> Program:
    """The meta-model of a subject's program under a configuration."""
    loss = str(configuration["loss"])
    program, _ = live.program_of(
        subject.build(configuration),
        subject.losses.get(loss, loss),
        None,
        (data.x_train, data.y_train),
        _task(subject),
        test=test,
        batch_size=int(configuration["batch_size"]),
        epochs=int(configuration["epochs"]),
    )
    learner = replace(
        program.learner,
        optimiser=str(configuration["optimiser"]),
        learning_rate=float(configuration["learning_rate"]),
    )
    return replace(program, learner=learner)


def _task(subject: Subject) -> str | None:
    """The task that the encoding of the labels says; that of one-hot labels is guessed."""
    return {"binary": "binary", "real": "regression", "classes": "multiclass"}.get(subject.labels)


def governs(
    subject: Subject, configuration: Configuration, data: Data
) -> dict[str, set[tuple[int, str]]]:
    """Hyperparameter -> (layer, field) that change with it; field ``layer`` for whole layers."""
    before = _layers(subject, configuration, data)
    found = {}
    for name, value in configuration.items():
        row = operator_of(name)
        if row is not None and not row.reach.layers:
            continue
        other = _another(name, value)
        if other is not None:
            changed = _layers(subject, {**configuration, name: other}, data)
            found[name] = _difference(before, changed) if changed is not None else set()
    return found


def _another(name: str, value: Value) -> Value | None:
    """A value that changes the program."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, float):
        return value / 2 + 0.1
    if value in ACTIVATIONS:
        return "tanh" if value != "tanh" else "relu"
    return None


def _layers(subject: Subject, configuration: Configuration, data: Data) -> Sequence[Layer] | None:
    try:
        few = (_few(data.x_train), data.y_train[:4])
        program, _ = live.program_of(subject.build(configuration), "mse", None, few, "regression")
    except Exception:  # a value that does not build governs nothing that can be seen
        return None
    return program.layers


def _few(x: np.ndarray | tuple[np.ndarray, ...]) -> np.ndarray | tuple[np.ndarray, ...]:
    """Some samples of one or several inputs."""
    return tuple(part[:4] for part in x) if isinstance(x, tuple) else x[:4]


def _difference(before: Sequence[Layer] | None, after: Sequence[Layer]) -> set[tuple[int, str]]:
    """Differences of two listings: (index before, field), or (index, ``layer``)."""
    if before is None:
        return set()
    if len(before) == len(after):
        return {
            (old.index, name)
            for old, new in zip(comparable_layers(before), comparable_layers(after), strict=True)
            for name in _FIELDS
            if getattr(old, name) != getattr(new, name)
        }
    first = _alike(before, after)
    last = min(_alike(before[::-1], after[::-1]), min(len(before), len(after)) - first)
    between = before[first : len(before) - last] or before[max(first - 1, 0) : max(first, 1)]
    return {(layer.index, "layer") for layer in between}


def _alike(one: Sequence[Layer], other: Sequence[Layer]) -> int:
    """With how many layers of the same kinds both listings begin."""
    pairs = zip(one, other, strict=False)
    return sum(1 for _ in itertools.takewhile(lambda pair: pair[0].kind == pair[1].kind, pairs))


_FIELDS = ("kind", "units", "kernel", "strides", "rate", "activation")


def _blamed(
    finding: Finding,
    program: Program,
    names: Iterable[str],
    governed: Mapping[str, set[tuple[int, str]]],
) -> list[str]:
    """The hyperparameters that a finding's edits reach.

    Args:
        names: All hyperparameters of the program.
        governed: As :func:`governs` returns it.
    """
    if finding.layer is None:
        return [name for name in names if _reach(name).learner == finding.subject]
    wanted: set[tuple[int, str]] = set()
    for edit in finding.edits:
        match edit:
            case SetLayer(layer, values):
                wanted |= {(layer, field) for field in values}
            case RemoveLayer(layer):
                removed = program.layer(layer)
                wanted |= {(layer, "layer"), (layer, "activation"), (layer, "rate")}
                if removed.units is not None:
                    wanted.discard((layer, "activation"))
            case AddLayer(after, "activation", _):
                wanted |= {(i, "activation") for i in _near(program, after)}
            case AddLayer(after, "dropout", _):
                wanted |= {(i, "rate") for i in _near(program, after)}
            case AddLayer(after, kind, _) if kind in WEIGHTED:
                wanted.add((after, "layer"))
    return [name for name, reached in governed.items() if reached & wanted]


def _near(program: Program, after: int) -> list[int]:
    """The layer, and what directly follows it: an activation ``linear`` is a layer too."""
    return [after, *(x.index for x in program.layers if after in x.inputs)]


def _reach(name: str) -> Reach:
    """What findings can blame on a hyperparameter; on a setting, nothing but its layers."""
    row = operator_of(name)
    return Reach() if row is None else row.reach


def _suggested(finding: Finding, name: str) -> Value | None:
    """The value that a finding's edits give a hyperparameter, as the registry writes it."""
    reach = _reach(name)
    for edit in finding.edits:
        match edit:
            case SetLearner(values) if "learning_rate" in values or "batch_size" in values:
                value: Value = next(iter(values.values()))
                return value
            case SetLearner(values):
                return _LOSS_NAMES.get(str(values["loss"]))
            case SetLayer(_, values) | AddLayer(_, "activation", values):
                field = next(iter(values))
                if reach.suggested:
                    given: Value = values[field]
                    return given
            case RemoveLayer() if reach.removal is not None:
                return reach.removal
            case ScaleInputs():
                return None
    return None


_LOSS_NAMES = {
    "bce": "binary_crossentropy",
    "cce": "categorical_crossentropy",
    "sparse_cce": "sparse_categorical_crossentropy",
    "mse": "mean_squared_error",
}
