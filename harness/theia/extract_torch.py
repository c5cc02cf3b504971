"""From a PyTorch module, loss and optimiser to the meta-model.

One forward pass on a real batch is traced, so layers appear in execution order: functional calls
(``F.relu``, ``torch.flatten``, ``tensor.view``), modules used twice, branches that are added. The
pass runs in evaluation mode without gradients, and leaves the module as it was. If it fails, the
modules are listed in order of registration and ``listing`` says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from harness.theia.extraction import Places, assembled, made_at
from harness.theia.program import DataFacts, Layer, Learner, Place, Program, chain
from harness.theia.torch_names import kind_of_torch, torch_loss
from harness.theia.torch_trace import TorchTrace


def extract_torch_program(
    model: Any,
    *,
    batch: Any,
    data: DataFacts,
    task: str,
    loss: Any = None,
    optimizer: Any = None,
    batch_size: int | None = None,
    epochs: int | None = None,
    place: Places = lambda _: None,
    places: Mapping[str, Place] | None = None,
    inside: Callable[[], Place | None] = lambda: None,
) -> Program:
    """The program of a module.

    Args:
        batch: Inputs of the module: a tensor or an array with two samples or more.
        place: Where the user made a module, loss or optimiser, if recorded.
        inside: Where the user's code stands while it calls a function.
    """
    layers, listing = torch_layers(model, batch, place, inside)
    name, expects = torch_loss(loss)
    learner = Learner(
        loss=name,
        expects=expects,
        convention="logits",
        optimiser=type(optimizer).__name__.lower() if optimizer is not None else "custom",
        learning_rate=_rate_of(optimizer),
        batch_size=batch_size,
        epochs=epochs,
        places={**(places or {}), **made_at(loss, optimizer, place)},
    )
    return assembled(layers, listing, learner, data, task, "pytorch")


def _rate_of(optimizer: Any) -> float | None:
    groups = getattr(optimizer, "param_groups", None)
    return float(groups[0]["lr"]) if groups else None


def torch_layers(
    model: Any,
    batch: Any,
    place: Places = lambda _: None,
    inside: Callable[[], Place | None] = lambda: None,
) -> tuple[tuple[Layer, ...], str]:
    """The layers of a module in execution order, and how they were ordered."""
    import torch

    names = {id(module): name for name, module in model.named_modules()}
    trace = TorchTrace(names, place, inside)
    first = next(iter(model.parameters()), None)
    try:
        with _evaluating(model), torch.no_grad(), trace.watching():
            inputs = _inputs(batch, first)
            for tensor in inputs:
                trace.give(tensor, (0,))
            model(*inputs)
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        modules = [m for m in model.modules() if kind_of_torch(m) is not None]
        listed = chain(trace.module(m, None, None) for m in modules)
        return listed, f"order of registration: the forward pass failed ({reason})"
    return tuple(trace.layers), "traced"


def _inputs(batch: Any, parameter: Any) -> list[Any]:
    """The module's positional inputs, two samples of each, on its device; floats in its type."""
    import torch

    several = batch if isinstance(batch, tuple | list) else [batch]
    tensors = [torch.as_tensor(b)[:2].clone() for b in several]
    if parameter is None:
        return tensors
    return [
        t.to(parameter.device, parameter.dtype) if t.is_floating_point() else t.to(parameter.device)
        for t in tensors
    ]


@contextmanager
def _evaluating(model: Any) -> Iterator[None]:
    """Evaluation mode for a while; every module gets its own mode back."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode
