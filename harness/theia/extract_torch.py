"""From a PyTorch module, loss and optimiser to the meta-model.

One forward pass on a real batch is watched, so layers appear in execution order: functional calls
(``F.relu``, ``torch.flatten``, ``tensor.view``), modules used twice, branches that are added. The
pass runs in evaluation mode without gradients, and leaves the module as it was. If it fails, the
modules are listed in order of registration and the program says so in ``listing``.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from harness.theia.losses import loss_named
from harness.theia.program import DataFacts, Kind, Layer, Learner, Place, Program, chain

Places = Callable[[Any], Place | None]

_MODULES: Mapping[str, Kind] = {
    "Linear": Kind.DENSE,
    "Bilinear": Kind.DENSE,
    **{f"Conv{n}d": Kind(f"conv{n}d") for n in (1, 2, 3)},
    **{f"ConvTranspose{n}d": Kind.TRANSPOSED_CONV for n in (1, 2, 3)},
    **{f"BatchNorm{n}d": Kind.BATCHNORM for n in (1, 2, 3)},
    "SyncBatchNorm": Kind.BATCHNORM,
    "LayerNorm": Kind.NORM,
    "GroupNorm": Kind.NORM,
    "RMSNorm": Kind.NORM,
    "LocalResponseNorm": Kind.NORM,
    **{f"InstanceNorm{n}d": Kind.NORM for n in (1, 2, 3)},
    "Dropout": Kind.DROPOUT,
    **{f"Dropout{n}d": Kind.DROPOUT for n in (1, 2, 3)},
    "AlphaDropout": Kind.DROPOUT,
    **{f"MaxPool{n}d": Kind.MAX_POOL for n in (1, 2, 3)},
    **{f"AvgPool{n}d": Kind.AVG_POOL for n in (1, 2, 3)},
    **{f"Adaptive{p}Pool{n}d": Kind.GLOBAL_POOL for n in (1, 2, 3) for p in ("Avg", "Max")},
    "Upsample": Kind.UPSAMPLE,
    "UpsamplingNearest2d": Kind.UPSAMPLE,
    "UpsamplingBilinear2d": Kind.UPSAMPLE,
    "PixelShuffle": Kind.UPSAMPLE,
    "Flatten": Kind.FLATTEN,
    "Unflatten": Kind.RESHAPE,
    "Embedding": Kind.EMBEDDING,
    "EmbeddingBag": Kind.EMBEDDING,
    "LSTM": Kind.RECURRENT,
    "GRU": Kind.RECURRENT,
    "RNN": Kind.RECURRENT,
    "MultiheadAttention": Kind.ATTENTION,
}

_ACTIVATIONS = {
    "ReLU": "relu",
    "ReLU6": "relu6",
    "LeakyReLU": "leaky_relu",
    "PReLU": "prelu",
    "RReLU": "leaky_relu",
    "ELU": "elu",
    "CELU": "elu",
    "SELU": "selu",
    "GELU": "gelu",
    "SiLU": "silu",
    "Mish": "mish",
    "Softplus": "softplus",
    "Softsign": "softsign",
    "Tanh": "tanh",
    "Hardtanh": "tanh",
    "Sigmoid": "sigmoid",
    "Hardsigmoid": "hard_sigmoid",
    "Hardswish": "hard_silu",
    "Softmax": "softmax",
    "LogSoftmax": "log_softmax",
    "LogSigmoid": "log_sigmoid",
}

_FUNCTIONS: Mapping[str, str] = {
    **{name.lower(): canonical for name, canonical in _ACTIVATIONS.items()},
    "relu_": "relu",
    "tanh_": "tanh",
    "sigmoid_": "sigmoid",
    "leaky_relu": "leaky_relu",
    "leaky_relu_": "leaky_relu",
    "log_softmax": "log_softmax",
    "elu_": "elu",
    "hardsigmoid": "hard_sigmoid",
}
"""Functions that are activations, by their name."""

_FUNCTIONAL_KINDS: Mapping[str, Kind] = {
    "linear": Kind.DENSE,
    **{f"conv{n}d": Kind(f"conv{n}d") for n in (1, 2, 3)},
    **{f"conv_transpose{n}d": Kind.TRANSPOSED_CONV for n in (1, 2, 3)},
    "batch_norm": Kind.BATCHNORM,
    "layer_norm": Kind.NORM,
    "group_norm": Kind.NORM,
    "instance_norm": Kind.NORM,
    **{name: Kind.DROPOUT for name in ("dropout", "dropout_", "dropout2d", "alpha_dropout")},
    **{f"max_pool{n}d": Kind.MAX_POOL for n in (1, 2, 3)},
    **{f"avg_pool{n}d": Kind.AVG_POOL for n in (1, 2, 3)},
    **{f"adaptive_{p}_pool{n}d": Kind.GLOBAL_POOL for n in (1, 2, 3) for p in ("avg", "max")},
    "interpolate": Kind.UPSAMPLE,
    "embedding": Kind.EMBEDDING,
    "scaled_dot_product_attention": Kind.ATTENTION,
}

_LOSSES: Mapping[str, tuple[str, str]] = {
    "CrossEntropyLoss": ("sparse_cce", "logits"),
    "NLLLoss": ("nll", "log_probabilities"),
    "BCELoss": ("bce", "probabilities"),
    "BCEWithLogitsLoss": ("bce", "logits"),
    "MultiLabelSoftMarginLoss": ("bce", "logits"),
    "MSELoss": ("mse", "values"),
    "L1Loss": ("mae", "values"),
    "SmoothL1Loss": ("huber", "values"),
    "HuberLoss": ("huber", "values"),
    "HingeEmbeddingLoss": ("hinge", "values"),
    "MultiMarginLoss": ("hinge", "values"),
    "MultiLabelMarginLoss": ("hinge", "values"),
    "KLDivLoss": ("kld", "log_probabilities"),
    "PoissonNLLLoss": ("poisson", "values"),
    "CTCLoss": ("ctc", "log_probabilities"),
}

_LOSS_FUNCTIONS = {
    "cross_entropy": "CrossEntropyLoss",
    "nll_loss": "NLLLoss",
    "binary_cross_entropy": "BCELoss",
    "binary_cross_entropy_with_logits": "BCEWithLogitsLoss",
    "mse_loss": "MSELoss",
    "l1_loss": "L1Loss",
    "smooth_l1_loss": "SmoothL1Loss",
    "huber_loss": "HuberLoss",
    "kl_div": "KLDivLoss",
    "ctc_loss": "CTCLoss",
}

_FEATURES_LAST = (Kind.DENSE, Kind.EMBEDDING, Kind.RECURRENT, Kind.ATTENTION)
_PASSES = (Kind.ACTIVATION, Kind.DROPOUT, Kind.NORM, Kind.MERGE)

_SHAPES_ONLY = frozenset(
    re.findall(
        r"\w+",
        """size dim shape __get__ contiguous to float double half type detach clone requires_grad_
        numel is_floating_point unsqueeze squeeze permute transpose t movedim swapaxes expand
        expand_as chunk split __getitem__ narrow select unbind pad""",
    )
)
"""Functions that compute nothing: what they give comes from where their input came from."""


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
    made = {"loss": place(loss), "optimiser": place(optimizer)}
    name, expects = torch_loss(loss)
    learner = Learner(
        loss=name,
        expects=expects,
        convention="logits",
        optimiser=type(optimizer).__name__.lower() if optimizer is not None else "custom",
        learning_rate=_rate_of(optimizer),
        batch_size=batch_size,
        epochs=epochs,
        places={**(places or {}), **{k: v for k, v in made.items() if v is not None}},
    )
    if layers and layers[0].kind is Kind.EMBEDDING:
        data = replace(data, kind="other")
    return Program(layers, learner, data, task, framework="pytorch", listing=listing)


def torch_loss(loss: Any) -> tuple[str, str]:
    """Canonical name of a loss module, function or Keras' word for it, and what it takes."""
    if isinstance(loss, str):
        return loss_named(loss)
    for cls in type(loss).__mro__:
        if cls.__name__ in _LOSSES and cls.__module__.startswith("torch."):
            return _LOSSES[cls.__name__]
    name = _LOSS_FUNCTIONS.get(getattr(loss, "__name__", ""), "")
    return _LOSSES.get(name, ("custom", "values"))


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
    trace = _Trace(names, place, inside)
    first = next(iter(model.parameters()), None)
    try:
        with _evaluating(model), torch.no_grad(), trace.watching():
            inputs = _inputs(batch, first)
            for tensor in inputs:
                trace.give(tensor, (0,))
            model(*inputs)
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        modules = [m for m in model.modules() if _kind(m) is not None]
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


def _kind(module: Any) -> tuple[Kind, str] | None:
    """Kind of a module by its class or an ancestor's in torch; None if it is looked into."""
    for cls in type(module).__mro__:
        if cls.__module__.startswith("torch."):
            if cls.__name__ in _ACTIVATIONS:
                return Kind.ACTIVATION, _ACTIVATIONS[cls.__name__]
            if cls.__name__ in _MODULES:
                return _MODULES[cls.__name__], "linear"
    return None


@dataclass
class _Trace:
    """What a forward pass does: the layers so far, and which of them gives each tensor."""

    names: Mapping[int, str]
    place: Places
    inside: Callable[[], Place | None]
    layers: list[Layer] = field(default_factory=list)
    _sources: dict[int, tuple[int, ...]] = field(default_factory=dict)
    _kept: list[Any] = field(default_factory=list)
    """Tensors of the pass, so that no identity is given twice."""
    _depth: int = 0
    """How many known modules are being executed; what they call is theirs."""
    _used: set[str] = field(default_factory=set)
    _features_last: set[int] = field(default_factory=set)
    """Layers whose output has its features on the last axis, unlike images and signals."""

    def give(self, tensor: Any, sources: tuple[int, ...]) -> None:
        self._sources[id(tensor)] = sources
        self._kept.append(tensor)

    @contextmanager
    def watching(self) -> Iterator[None]:
        from torch.nn.modules import module as hooks
        from torch.overrides import TorchFunctionMode

        trace = self

        class Watch(TorchFunctionMode):  # type: ignore[misc]
            def __torch_function__(
                self, func: Any, types: Any, args: Any = (), kwargs: Any = None
            ) -> Any:
                out = func(*args, **(kwargs or {}))
                if trace._depth == 0:
                    trace.function(func, args, kwargs or {}, out)
                return out

        def before(module: Any, args: Any) -> None:
            if _kind(module) is not None:
                self._depth += 1

        def after(module: Any, args: Any, out: Any) -> None:
            if _kind(module) is not None:
                self._depth -= 1
                if self._depth == 0:
                    self.append(self.module(module, args, out), args, out)

        handles = [
            hooks.register_module_forward_pre_hook(before),
            hooks.register_module_forward_hook(after),
        ]
        try:
            with Watch():
                yield
        finally:
            for handle in handles:
                handle.remove()

    def append(self, layer: Layer, args: Any, out: Any) -> None:
        layer = replace(layer, index=len(self.layers) + 1, inputs=self.sources(args))
        passes = layer.kind in _PASSES and not self._features_last.isdisjoint(layer.inputs)
        if layer.kind in _FEATURES_LAST or passes:
            self._features_last.add(layer.index)
            tensor = next(_tensors(out), None)
            shape = () if tensor is None else tuple(int(n) for n in tensor.shape[1:])
            layer = replace(layer, out_shape=shape)
        self.layers.append(layer)
        for tensor in _tensors(out):
            self.give(tensor, (layer.index,))

    def sources(self, args: Any) -> tuple[int, ...]:
        found = (i for t in _tensors(args) for i in self._sources.get(id(t), ()))
        return tuple(dict.fromkeys(found)) or (0,)

    def module(self, module: Any, args: Any, out: Any) -> Layer:
        kind, activation = _kind(module) or (Kind.OTHER, "linear")
        known = next(c.__name__ for c in type(module).__mro__ if c.__module__.startswith("torch."))
        dimensions = int(known[-2]) if known[-2:] in ("1d", "2d", "3d") else 1
        layer = Layer(
            index=1,
            name=self.unique(self.names.get(id(module)) or type(module).__name__.lower()),
            kind=kind,
            units=_first_of(module, "out_features", "out_channels"),
            kernel=_sizes(getattr(module, "kernel_size", ()), dimensions),
            strides=_sizes(getattr(module, "stride", ()), dimensions),
            rate=getattr(module, "p", None) if kind is Kind.DROPOUT else None,
            activation=activation,
            in_features=_first_of(module, "in_features", "in1_features"),
            source=type(module).__name__,
            place=self.place(module),
        )
        return self.shaped(layer, args, out, getattr(module, "padding", 0))

    def shaped(self, layer: Layer, args: Any, out: Any, padding: Any) -> Layer:
        tensors = list(_tensors(out))
        if not tensors:
            return replace(layer, padding=_padding(layer, (), (), padding))
        taken = next(iter(_tensors(args)))
        return replace(
            layer,
            out_shape=_channels_last(tensors[0].shape),
            padding=_padding(layer, taken.shape[2:], tensors[0].shape[2:], padding),
        )

    def function(self, func: Any, args: Any, kwargs: Mapping[str, Any], out: Any) -> None:
        """A function called outside the known modules."""
        tensors = list(_tensors(out))
        taken = [t for t in _tensors((args, kwargs)) if id(t) in self._sources]
        if not tensors or not taken:
            return
        name = getattr(func, "__name__", "")
        layer = self.functional(name, args, kwargs, taken, tensors[0])
        if layer is not None:
            self.append(layer, taken, out)
        else:
            for tensor in tensors:
                self.give(tensor, self.sources(taken))

    def functional(
        self, name: str, args: Any, kwargs: Mapping[str, Any], taken: list[Any], out: Any
    ) -> Layer | None:
        """The layer that a function call amounts to, if any."""
        padding: Any = 0
        values: dict[str, Any] = {}
        if name in _FUNCTIONS:
            kind, values = Kind.ACTIVATION, {"activation": _FUNCTIONS[name]}
        elif name in _FUNCTIONAL_KINDS:
            kind = _FUNCTIONAL_KINDS[name]
            values, padding = _arguments(kind, args, kwargs, out)
        elif name in ("flatten", "view", "reshape", "ravel", "_reshape_alias"):
            if len(taken[0].shape) == len(out.shape) and taken[0].shape == out.shape:
                return None
            kind = Kind.FLATTEN if len(out.shape) == 2 and len(taken[0].shape) > 2 else Kind.RESHAPE
        elif name in ("mean", "amax") and len(taken[0].shape) == 4 and len(out.shape) < 4:
            kind = Kind.GLOBAL_POOL
        elif name not in _SHAPES_ONLY and len(self.sources(taken)) > 1 and len(taken) > 1:
            kind = Kind.MERGE
        else:
            return None
        layer = Layer(
            index=1,
            name=self.unique(name.strip("_")),
            kind=kind,
            source=name,
            place=self.inside(),
            **values,
        )
        return self.shaped(layer, taken, out, padding)

    def unique(self, name: str) -> str:
        number, found = 1, name
        while found in self._used:
            number += 1
            found = f"{name}#{number}"
        self._used.add(found)
        return found


def _tensors(value: Any) -> Iterator[Any]:
    """The tensors inside nested arguments, in order; parameters are none of them."""
    torch = sys.modules["torch"]
    if isinstance(value, torch.Tensor):
        if not isinstance(value, torch.nn.Parameter):
            yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _tensors(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _tensors(inner)


def _first_of(module: Any, *names: str) -> int | None:
    found = next((getattr(module, n) for n in names if hasattr(module, n)), None)
    return int(found) if found is not None else None


def _sizes(value: Any, dimensions: int) -> tuple[int, ...]:
    if value is None:
        return ()
    if isinstance(value, int):
        return (value,) * dimensions
    return tuple(int(v) for v in value)


def _arguments(
    kind: Kind, args: Any, kwargs: Mapping[str, Any], out: Any
) -> tuple[dict[str, Any], Any]:
    """Fields of a layer that is a function call, and its padding."""

    def argument(position: int, name: str, default: Any) -> Any:
        return args[position] if len(args) > position else kwargs.get(name, default)

    spatial = len(out.shape) - 2
    if kind is Kind.DENSE:
        weight = argument(1, "weight", None)
        return {"units": int(weight.shape[0]), "in_features": int(weight.shape[1])}, 0
    if kind in (Kind.CONV1D, Kind.CONV2D, Kind.CONV3D):
        weight = argument(1, "weight", None)
        return {
            "units": int(weight.shape[0]),
            "kernel": tuple(int(n) for n in weight.shape[2:]),
            "strides": _sizes(argument(3, "stride", 1), spatial),
        }, argument(4, "padding", 0)
    if kind is Kind.DROPOUT:
        return {"rate": float(argument(1, "p", 0.5))}, 0
    if kind in (Kind.MAX_POOL, Kind.AVG_POOL):
        size = argument(1, "kernel_size", 2)
        stride = argument(2, "stride", None) or size
        return {
            "kernel": _sizes(size, spatial),
            "strides": _sizes(stride, spatial),
        }, argument(3, "padding", 0)
    return {}, 0


def _channels_last(shape: Any) -> tuple[int | None, ...]:
    rest = tuple(int(n) for n in shape[1:])
    return (*rest[1:], rest[0]) if len(rest) > 1 else rest


def _padding(layer: Layer, taken: Any, given: Any, padding: Any) -> str:
    """``valid`` for none, ``same`` if the size is that of Keras' word, else the pixels."""
    if layer.kind not in (Kind.CONV1D, Kind.CONV2D, Kind.CONV3D, Kind.MAX_POOL, Kind.AVG_POOL):
        return ""
    if isinstance(padding, str):
        return padding
    pixels = (padding,) if isinstance(padding, int) else tuple(padding)
    if not any(pixels):
        return "valid"
    strides = layer.strides * (len(taken) if len(layer.strides) == 1 else 1)
    if taken and tuple(given) == tuple(
        math.ceil(n / s) for n, s in zip(taken, strides, strict=False)
    ):
        return "same"
    return ",".join(map(str, pixels))
