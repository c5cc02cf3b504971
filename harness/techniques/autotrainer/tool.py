"""AutoTrainer as a tool: a model, its data and its training in; a repaired model out."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from itertools import count
from typing import Any

import numpy as np

from harness.records.observation import Symptom, Watched
from harness.space.operators import OPTIMISERS
from harness.techniques.autotrainer.rules import Rules, rules_of
from harness.techniques.autotrainer.scheduler import ScheduledTraining, Status, schedule
from harness.training.frameworks import framework, network_of
from harness.training.programs import Loss
from harness.training.watched.history import History, Training
from harness.training.watched.network import Network
from harness.training.watched.replay import Material, Replayer
from harness.training.watched.watch import Validation
from harness.vocabulary import HarnessError, unknown

LARGEST_COUNT = 10**7
"""Of epochs, and of samples in a batch."""


@dataclass(frozen=True, slots=True)
class ToolData:
    """Samples and their classes, for training and for validation."""

    x: np.ndarray
    """(n, ...): one input."""
    y: np.ndarray
    """(n, k) one-hot, (n, 1) or (n,) binary, or (n,) class numbers."""
    x_val: np.ndarray
    y_val: np.ndarray

    def __post_init__(self) -> None:
        for name in ("x", "y", "x_val", "y_val"):
            _check_numbers(name, np.asarray(getattr(self, name)))
        for x, y, which in ((self.x, self.y, "training"), (self.x_val, self.y_val, "validation")):
            if len(x) != len(y) or not len(x):
                raise HarnessError(
                    f"the {which} data need as many labels as samples, one or more. Found: "
                    f"{len(x)} samples, {len(y)} labels"
                )
            if not np.array_equal(np.asarray(y), np.round(np.asarray(y))):
                raise HarnessError(
                    f"the {which} labels are no classes: they hold values such as "
                    f"{np.asarray(y).reshape(-1)[0]:g}. AutoTrainer recognises its symptoms by the "
                    "accuracy of a classification, and does not apply to regression"
                )
        for name, one, other in (
            ("samples", self.x, self.x_val),
            ("labels", self.y, self.y_val),
        ):
            if one.shape[1:] != other.shape[1:]:
                raise HarnessError(
                    f"training and validation {name} have different shapes: {one.shape[1:]} and "
                    f"{other.shape[1:]} apiece"
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One training of a run of the tool."""

    number: int
    level: int
    symptom: Symptom | None
    """Symptom that it should cure; None for the training of the program itself."""
    solution: str
    repetition: int
    text: str
    found: Symptom | None
    """The symptom at which it was stopped; None if it ran to its end without any."""
    error: str
    """Why the program could not be trained; '' if it could."""
    seconds: float
    """Compiling and training."""
    losses: tuple[float, ...] = ()
    seen: Watched | None = None
    """The course of the training; None if it could not be trained."""

    @property
    def accuracy(self) -> float | None:
        """In validation, after the last epoch."""
        return self.seen.val_accuracy[-1] if self.seen and self.seen.val_accuracy else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolResult:
    """Result of a run of the tool."""

    status: Status
    model: Any
    """The repaired model. Where nothing helped it is the best of the attempts; without a symptom it
    is the trained program."""
    training: Training
    """Last training of that model."""
    history: History
    """Trainings and edits that led to that model."""
    accuracy: float | None
    """Its validation accuracy."""
    symptoms: tuple[Symptom, ...]
    """Those tackled, in order."""
    attempts: tuple[Attempt, ...]
    """All trainings, the program's own first."""
    rules: Rules
    seconds: float


@dataclass(frozen=True, kw_only=True)
class AutoTrainer:
    """Repairs one model by one run of the tool.

    Source: Zhang et al., ICSE 2021.
    """

    mode: str = "as_described"
    strategy: str = "balance"
    thresholds: Mapping[str, float] = field(default_factory=dict)
    """Fields of ``SymptomThresholds`` that differ from the mode's."""
    seed: int = 0

    def rules(self) -> Rules:
        """Raises HarnessError if mode, strategy or a threshold is unknown."""
        return rules_of(self.mode, thresholds=self.thresholds, strategy=self.strategy)

    def repair(
        self,
        model: Any,
        data: ToolData | Mapping[str, np.ndarray],
        training: Training | Mapping[str, Any],
        say: Callable[[Attempt], None] = lambda attempt: None,
    ) -> ToolResult:
        """Train ``model`` and, if a symptom shows, look for a solution.

        Args:
            model: A Keras or PyTorch classifier that is a chain of layers; it is not changed. Its
                weights are where the training starts.
            data: Arrays ``x``, ``y``, ``x_val`` and ``y_val``.
            training: How it is trained; see :func:`training_of`.
            say: Called after each training.

        Raises:
            HarnessError: If model, data and training cannot go together.
        """
        began = time.perf_counter()
        rules = self.rules()
        samples = data if isinstance(data, ToolData) else arrays_of(data)
        how = training if isinstance(training, Training) else training_of(training)
        network = network_of(model)
        own = _own_losses(network)
        _check_shapes(network, samples)
        material = Material(
            build=lambda seed: network.edited((), seed),
            loss=lambda name: framework(network.framework).loss(name, own),
            x=samples.x,
            y=samples.y,
            validation=Validation(samples.x_val, samples.y_val),
        )
        replayer, attempts = Replayer(), list[Attempt]()
        run = schedule(how, rules, np.random.default_rng(self.seed), count())
        job = next(run)
        while True:
            attempt = _attempt(replayer, material, job, self.seed)
            attempts.append(attempt)
            say(attempt)
            if len(attempts) == 1 and attempt.error:
                raise HarnessError(f"the model cannot be trained like that: {attempt.error}")
            try:
                job = run.send(attempt.seen)
            except StopIteration as stop:
                verdict = stop.value
                break
        *before, last = verdict.answer.history.links
        chosen = next(a for a in attempts if a.number == last.number)
        assert chosen.seen is not None
        links = (*before, replace(last, epochs=chosen.seen.epochs))
        history = replace(verdict.answer.history, links=links)
        repaired = replayer.reached(material, links, run="", seed=self.seed)
        assert repaired is not None
        return ToolResult(
            status=verdict.status,
            model=repaired.model,
            training=last.training,
            history=history,
            accuracy=chosen.accuracy,
            symptoms=verdict.tackled,
            attempts=tuple(attempts),
            rules=rules,
            seconds=time.perf_counter() - began,
        )


def _check_numbers(name: str, array: np.ndarray) -> None:
    """Raises HarnessError unless an array holds finite numbers, one entry a sample."""
    if array.dtype.kind not in "biuf":
        raise HarnessError(f"{name} holds values of type {array.dtype}; numbers are needed")
    if array.ndim == 0:
        raise HarnessError(f"{name} is a single value; it needs one entry for each sample")
    if not np.isfinite(array).all():
        raise HarnessError(f"{name} holds values that are not finite (NaN or infinite)")


def arrays_of(arrays: Mapping[str, np.ndarray]) -> ToolData:
    """Data from arrays by name.

    Raises:
        HarnessError: If one is missing.
    """
    names = [f.name for f in fields(ToolData)]
    lacking = [name for name in names if name not in arrays]
    if lacking:
        raise HarnessError(
            f"the data lack {', '.join(lacking)}; found {', '.join(arrays) or 'nothing'}. "
            f"AutoTrainer needs the arrays {', '.join(names)}"
        )
    return ToolData(**{name: np.asarray(arrays[name]) for name in names})


def training_of(values: Mapping[str, Any]) -> Training:
    """How a program is trained, from plain values.

    Args:
        values: ``loss``, ``optimiser``, ``learning_rate``, ``batch_size`` and ``epochs``; if
            wanted, ``options`` of the optimiser (``momentum``, ``clipvalue`` ...) and ``metric``,
            which can only be ``accuracy``.

    Raises:
        HarnessError: If one is missing, unknown or out of range.
    """
    needed = ("loss", "optimiser", "learning_rate", "batch_size", "epochs")
    known = (*needed, "options", "metric")
    if not isinstance(values, Mapping):
        raise HarnessError(f"a training is a mapping with the keys {', '.join(known)}")
    for name in values:
        if name not in known:
            raise unknown("key of a training", name, known)
    lacking = [name for name in needed if name not in values]
    if lacking:
        raise HarnessError(f"the training lacks {', '.join(lacking)}; found {', '.join(values)}")
    if values.get("metric", "accuracy") != "accuracy":
        raise HarnessError(
            f"the training is judged by '{values['metric']}'. AutoTrainer recognises its symptoms "
            "by the accuracy of a classification: the metric must be accuracy"
        )
    if str(values["optimiser"]).lower() not in OPTIMISERS:
        raise unknown("optimiser", values["optimiser"], OPTIMISERS)
    try:
        return Training(
            loss=_text(values["loss"]),
            optimiser=str(values["optimiser"]).lower(),
            learning_rate=_number(values["learning_rate"]),
            batch_size=_whole(values["batch_size"]),
            epochs=_whole(values["epochs"]),
            options=_options(values.get("options", {})),
        )
    except (TypeError, ValueError, OverflowError) as error:
        raise HarnessError(f"the training has a value of the wrong kind: {error}") from None


def _own_losses(network: Network) -> Mapping[str, Loss]:
    """Losses besides those that a framework's programs share."""
    if network.framework != "pytorch":
        return {}
    from harness.training.torch.torch_losses import LOGITS

    return LOGITS


def _number(value: Any) -> float:
    if isinstance(value, bool | str):
        raise ValueError(f"a number was expected. Received: {value!r}")
    return float(value)


def _whole(value: Any) -> int:
    if not 1 <= _number(value) <= LARGEST_COUNT or int(value) != value:
        raise ValueError(
            f"a whole number was expected, from 1 to {LARGEST_COUNT}. Received: {value!r}"
        )
    return int(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"a name was expected. Received: {value!r}")
    return value


def _options(values: Any) -> dict[str, Any]:
    """Names -> plain finite values."""
    found = dict(values)
    for name, value in found.items():
        plain = isinstance(value, bool | str) or (
            isinstance(value, int | float) and math.isfinite(value)
        )
        if not plain:
            raise ValueError(f"option {name} is a number or a name. Received: {value!r}")
    return found


def _check_shapes(network: Network, data: ToolData) -> None:
    """Raises HarnessError if the model does not fit the samples or their labels."""
    try:
        outputs = network.outputs(data.x_val[:2])
    except Exception as error:
        lines = str(error).strip().splitlines()
        raise HarnessError(
            f"the model does not take samples of shape {data.x.shape[1:]}: "
            f"{lines[0] if lines else type(error).__name__}"
        ) from None
    y = np.asarray(data.y)
    one_hot = y.ndim == 2 and y.shape[1] > 1
    if outputs.ndim != 2:
        raise HarnessError(
            f"the model answers a sample with shape {outputs.shape[1:]}. A classifier answers with "
            "one row: a score for each class, or a single one"
        )
    if one_hot and outputs.shape[1] != y.shape[1]:
        raise HarnessError(
            f"the model has {outputs.shape[1]} outputs, but the labels {y.shape[1]} columns"
        )
    if int(y.min()) < 0:
        raise HarnessError(f"the labels go down to {int(y.min())}; classes are numbered from 0")
    if not one_hot and not 0 <= int(y.max()) < max(outputs.shape[1], 2):
        raise HarnessError(
            f"the labels go up to {int(y.max())}, but the model has {outputs.shape[1]} outputs"
        )


def _attempt(replayer: Replayer, material: Material, job: ScheduledTraining, seed: int) -> Attempt:
    """One training for the scheduler; a program that cannot be trained is an attempt too."""
    began = time.perf_counter()
    losses: tuple[float, ...] = ()
    seen, error = None, ""
    try:
        opened = replayer.open(material, job.history, run="", seed=seed)
        result = replayer.train(material, opened, run="", limit=math.inf)
        seen, losses = result.shown, result.losses
    except HarnessError:
        raise
    except Exception as caught:
        lines = str(caught).strip().splitlines()
        error = f"{type(caught).__name__}: {lines[0] if lines else ''}"
    return Attempt(
        number=job.history.links[-1].number,
        level=job.level,
        symptom=job.symptom,
        solution=job.solution,
        repetition=job.repetition,
        text=job.text,
        found=seen.symptom if seen else None,
        error=error,
        seconds=time.perf_counter() - began,
        losses=losses,
        seen=seen,
    )
