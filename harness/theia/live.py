"""Checks a live program: a model, its loss and optimiser, its data."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.theia import data as data_of
from harness.theia.data import Batches
from harness.theia.findings import Finding
from harness.theia.program import Place, Program
from harness.theia.recorder import Recorder
from harness.theia.report import LocaliserReport, localiser_report
from harness.theia.rules import judge
from harness.vocabulary import HarnessError

KERAS_BATCH = 32
"""Default batch size of ``fit`` for arrays."""


@dataclass(frozen=True, slots=True)
class Localisation:
    """A script that is being localised."""

    recorder: Recorder
    """Knows where the script made its objects."""
    deliver: Callable[[LocaliserReport], None]
    """Takes the report of the first check; does not return."""


LOCALISATION: Localisation | None = None
"""Set by ``harness.theia.script`` in the process that runs a user's script."""


def check(
    model: Any,
    loss: Any = None,
    optimizer: Any = None,
    loader: Any = None,
    task: str | None = None,
    *,
    test: Any = None,
    batch_size: int | None = None,
    profile: str = "recommended",
) -> list[Finding]:
    """The findings on a program that is about to train. Nothing is changed or printed.

    Args:
        model: A PyTorch module, or a Keras model (then loss and optimiser may be compiled in).
        loss: A loss module or function.
        optimizer: The optimiser, whose learning rate counts.
        loader: The training data: a ``DataLoader``, or ``(x, y)``, or any holder that
            :func:`harness.theia.data.read_batches` knows.
        task: binary, multiclass, multilabel or regression; guessed if not given.
        test: Test or validation data, likewise.
        batch_size: For data that have none of their own.
        profile: recommended, paper or published.

    Raises:
        HarnessError: If there is nothing to check, or task or profile are unknown.
    """
    program, guessed = program_of(
        model, loss, optimizer, loader, task, test=test, batch_size=batch_size
    )
    findings = judge(program, profile)
    if LOCALISATION is not None:
        report = localiser_report("", program, findings, profile=profile, guessed=guessed)
        LOCALISATION.deliver(report)
    return findings


def program_of(
    model: Any,
    loss: Any,
    optimizer: Any,
    train: Any,
    task: str | None,
    *,
    test: Any = None,
    batch_size: int | None = None,
    epochs: int | None = None,
    places: Mapping[str, Place] | None = None,
) -> tuple[Program, bool]:
    """The meta-model of a live program, and whether its task was guessed."""
    if train is None:
        raise HarnessError(
            "theia.check was given no data; the rules need the training data: a loader or (x, y)"
        )
    batches, tested = _read(train), None if test is None else _read(test)
    described = data_of.describe(batches, tested)
    known = {k: v for k, v in (places or {}).items() if v is not None}
    recorder = None if LOCALISATION is None else LOCALISATION.recorder
    loader = recorder.place(train) if recorder else None
    more: dict[str, Any] = {
        "data": described,
        "task": task or "multiclass",
        "loss": loss,
        "optimizer": optimizer,
        "batch_size": batches.batch_size or batch_size,
        "epochs": epochs,
        "place": recorder.place if recorder else (lambda _: None),
        "places": known | ({"loader": loader} if loader else {}),
    }
    if _is_keras(model):
        from harness.theia import extract_keras

        _build(model, batches)
        program = extract_keras.extract_keras_program(model, **more)
    elif _is_torch(model):
        from harness.theia import extract_torch

        if not batches.pairs:
            raise HarnessError("the loader gives no batch; a PyTorch model is traced with one")
        inside = recorder.here if recorder else (lambda: None)
        program = extract_torch.extract_torch_program(
            model, batch=_sample(train, batches), inside=inside, **more
        )
    else:
        kind = f"{type(model).__module__}.{type(model).__name__}"
        raise HarnessError(f"a Keras model or a PyTorch module can be checked; found {kind}")
    if task is not None:
        return program, False
    units = program.outputs[0].units if len(program.outputs) == 1 else None
    guess = data_of.guess_task(program.data, units, program.learner.loss)
    return Program(
        program.layers, program.learner, program.data, guess, program.framework, program.listing
    ), True


def _read(holder: Any) -> Batches:
    if isinstance(holder, tuple) and len(holder) in (2, 3):
        return data_of.read_batches(holder[0], holder[1])
    return data_of.read_batches(holder)


def _sample(train: Any, batches: Batches) -> Any:
    """Two samples of the model's input, or of each of its inputs."""
    if isinstance(train, tuple) and isinstance(train[0], tuple | list):
        return [data_of.as_array(x)[:2] for x in train[0]]
    return batches.pairs[0][0][:2]


def _is_keras(model: Any) -> bool:
    keras = sys.modules.get("keras")
    return keras is not None and hasattr(keras, "Model") and isinstance(model, keras.Model)


def _is_torch(model: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(model, torch.nn.Module)


def _build(model: Any, batches: Batches) -> None:
    """Build a sequential model that waits for its first data."""
    if model.built or not batches.pairs:
        return
    try:
        model.build((None, *batches.pairs[0][0].shape[1:]))
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise HarnessError(f"the model cannot be built for its data: {reason}") from error
