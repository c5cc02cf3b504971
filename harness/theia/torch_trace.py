"""The trace of one forward pass: layers in the order in which PyTorch executes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from harness.theia.extraction import Names, Places
from harness.theia.program import Kind, Layer, Place
from harness.theia.torch_fields import (
    call_fields,
    channels_last,
    first_of,
    padding_of,
    sizes_of,
    tensors_in,
)
from harness.theia.torch_names import (
    FUNCTION_KINDS,
    SHAPES_ONLY,
    TORCH_FUNCTIONS,
    kind_of_torch,
)

_FEATURES_LAST = (Kind.DENSE, Kind.EMBEDDING, Kind.RECURRENT, Kind.ATTENTION)
_PASSES = (Kind.ACTIVATION, Kind.DROPOUT, Kind.NORM, Kind.MERGE)


@dataclass
class TorchTrace:
    """The layers of a forward pass so far, and the layer that gives each tensor."""

    names: Mapping[int, str]
    place: Places
    inside: Callable[[], Place | None]
    layers: list[Layer] = field(default_factory=list)
    _sources: dict[int, tuple[int, ...]] = field(default_factory=dict)
    _kept: list[Any] = field(default_factory=list)
    """Tensors of the pass, so that no identity is given twice."""
    _depth: int = 0
    """How many known modules are being executed; what they call is theirs."""
    _unique: Names = field(default_factory=Names)
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
            if kind_of_torch(module) is not None:
                self._depth += 1

        def after(module: Any, args: Any, out: Any) -> None:
            if kind_of_torch(module) is not None:
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
            tensor = next(tensors_in(out), None)
            shape = () if tensor is None else tuple(int(n) for n in tensor.shape[1:])
            layer = replace(layer, out_shape=shape)
        self.layers.append(layer)
        for tensor in tensors_in(out):
            self.give(tensor, (layer.index,))

    def sources(self, args: Any) -> tuple[int, ...]:
        found = (i for t in tensors_in(args) for i in self._sources.get(id(t), ()))
        return tuple(dict.fromkeys(found)) or (0,)

    def module(self, module: Any, args: Any, out: Any) -> Layer:
        kind, activation = kind_of_torch(module) or (Kind.OTHER, "linear")
        known = next(c.__name__ for c in type(module).__mro__ if c.__module__.startswith("torch."))
        dimensions = int(known[-2]) if known[-2:] in ("1d", "2d", "3d") else 1
        layer = Layer(
            index=1,
            name=self._unique.given(self.names.get(id(module)) or type(module).__name__.lower()),
            kind=kind,
            units=first_of(module, "out_features", "out_channels"),
            kernel=sizes_of(getattr(module, "kernel_size", ()), dimensions),
            strides=sizes_of(getattr(module, "stride", ()), dimensions),
            rate=getattr(module, "p", None) if kind is Kind.DROPOUT else None,
            activation=activation,
            in_features=first_of(module, "in_features", "in1_features"),
            source=type(module).__name__,
            place=self.place(module),
        )
        return self.shaped(layer, args, out, getattr(module, "padding", 0))

    def shaped(self, layer: Layer, args: Any, out: Any, padding: Any) -> Layer:
        tensors = list(tensors_in(out))
        if not tensors:
            return replace(layer, padding=padding_of(layer, (), (), padding))
        taken = next(iter(tensors_in(args)))
        return replace(
            layer,
            out_shape=channels_last(tensors[0].shape),
            padding=padding_of(layer, taken.shape[2:], tensors[0].shape[2:], padding),
        )

    def function(self, func: Any, args: Any, kwargs: Mapping[str, Any], out: Any) -> None:
        """A function called outside the known modules."""
        tensors = list(tensors_in(out))
        taken = [t for t in tensors_in((args, kwargs)) if id(t) in self._sources]
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
        if name in TORCH_FUNCTIONS:
            kind, values = Kind.ACTIVATION, {"activation": TORCH_FUNCTIONS[name]}
        elif name in FUNCTION_KINDS:
            kind = FUNCTION_KINDS[name]
            values, padding = call_fields(kind, args, kwargs, out)
        elif name in ("flatten", "view", "reshape", "ravel", "_reshape_alias"):
            if len(taken[0].shape) == len(out.shape) and taken[0].shape == out.shape:
                return None
            kind = Kind.FLATTEN if len(out.shape) == 2 and len(taken[0].shape) > 2 else Kind.RESHAPE
        elif name in ("mean", "amax") and len(taken[0].shape) == 4 and len(out.shape) < 4:
            kind = Kind.GLOBAL_POOL
        elif name not in SHAPES_ONLY and len(self.sources(taken)) > 1 and len(taken) > 1:
            kind = Kind.MERGE
        else:
            return None
        layer = Layer(
            index=1,
            name=self._unique.given(name.strip("_")),
            kind=kind,
            source=name,
            place=self.inside(),
            **values,
        )
        return self.shaped(layer, taken, out, padding)
