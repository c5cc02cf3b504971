"""From a Keras model, compiled or not, to the meta-model.

Functional and sequential models, nested ones and reused layers included, are listed in the order
in which Keras executes them. Of a subclassed model only the list of its layers is known;
``listing`` says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from harness.theia.extraction import Names, Places, assembled, made_at
from harness.theia.losses import loss_named
from harness.theia.program import DataFacts, Kind, Layer, Learner, Place, Program, chain

_KINDS: Mapping[str, Kind] = {
    "Dense": Kind.DENSE,
    "EinsumDense": Kind.DENSE,
    **{
        f"{p}Conv{n}D": Kind(f"conv{n}d") for n in (1, 2, 3) for p in ("", "Separable", "Depthwise")
    },
    **{f"Conv{n}DTranspose": Kind.TRANSPOSED_CONV for n in (1, 2, 3)},
    "Activation": Kind.ACTIVATION,
    "ReLU": Kind.ACTIVATION,
    "LeakyReLU": Kind.ACTIVATION,
    "PReLU": Kind.ACTIVATION,
    "ELU": Kind.ACTIVATION,
    "Softmax": Kind.ACTIVATION,
    "BatchNormalization": Kind.BATCHNORM,
    "LayerNormalization": Kind.NORM,
    "GroupNormalization": Kind.NORM,
    "UnitNormalization": Kind.NORM,
    "RMSNormalization": Kind.NORM,
    "SpectralNormalization": Kind.NORM,
    "Dropout": Kind.DROPOUT,
    "AlphaDropout": Kind.DROPOUT,
    "GaussianDropout": Kind.DROPOUT,
    **{f"SpatialDropout{n}D": Kind.DROPOUT for n in (1, 2, 3)},
    **{f"MaxPooling{n}D": Kind.MAX_POOL for n in (1, 2, 3)},
    **{f"AveragePooling{n}D": Kind.AVG_POOL for n in (1, 2, 3)},
    **{f"Global{p}Pooling{n}D": Kind.GLOBAL_POOL for n in (1, 2, 3) for p in ("Max", "Average")},
    **{f"UpSampling{n}D": Kind.UPSAMPLE for n in (1, 2, 3)},
    "Flatten": Kind.FLATTEN,
    "Reshape": Kind.RESHAPE,
    "Permute": Kind.RESHAPE,
    "RepeatVector": Kind.RESHAPE,
    "Rescaling": Kind.SCALING,
    "Normalization": Kind.SCALING,
    "Embedding": Kind.EMBEDDING,
    **{name: Kind.RECURRENT for name in ("LSTM", "GRU", "SimpleRNN", "RNN", "Bidirectional")},
    **{f"ConvLSTM{n}D": Kind.RECURRENT for n in (1, 2, 3)},
    **{
        name: Kind.ATTENTION
        for name in ("Attention", "AdditiveAttention", "MultiHeadAttention", "GroupQueryAttention")
    },
}

_FUNCTIONS = {
    "relu": "relu",
    "relu6": "relu6",
    "leaky_relu": "leaky_relu",
    "elu": "elu",
    "selu": "selu",
    "gelu": "gelu",
    "silu": "silu",
    "swish": "silu",
    "mish": "mish",
    "softplus": "softplus",
    "softsign": "softsign",
    "tanh": "tanh",
    "sigmoid": "sigmoid",
    "hard_sigmoid": "hard_sigmoid",
    "hard_silu": "hard_silu",
    "softmax": "softmax",
    "log_softmax": "log_softmax",
    "exponential": "exponential",
    "linear": "linear",
}

_ACTIVATION_LAYERS = {
    "ReLU": "relu",
    "LeakyReLU": "leaky_relu",
    "PReLU": "prelu",
    "ELU": "elu",
    "Softmax": "softmax",
}


def extract_keras_program(
    model: Any,
    *,
    data: DataFacts,
    task: str,
    batch_size: int | None = None,
    epochs: int | None = None,
    loss: Any = None,
    optimizer: Any = None,
    place: Places = lambda _: None,
    places: Mapping[str, Place] | None = None,
) -> Program:
    """The program of a built model.

    Args:
        loss, optimizer: For a model that is not compiled; by default those of ``compile``.
        place: Where the user made a layer, loss or optimiser, if recorded.
        places: Where ``compile``, ``fit`` and their arguments stand, if recorded.
    """
    layers, listing = keras_layers(model, place)
    learner = learner_of(
        getattr(model, "loss", None) if loss is None else loss,
        getattr(model, "optimizer", None) if optimizer is None else optimizer,
        place,
    )
    learner = replace(
        learner, batch_size=batch_size, epochs=epochs, places={**(places or {}), **learner.places}
    )
    return assembled(layers, listing, learner, data, task, "keras")


@dataclass
class _Walk:
    """The layers met so far, and which of them gives each tensor."""

    place: Places
    layers: list[Layer] = field(default_factory=list)
    sources: dict[int, tuple[int, ...]] = field(default_factory=dict)
    names: Names = field(default_factory=Names)

    def graph(self, function: Any, inputs: list[tuple[int, ...]], prefix: str = "") -> None:
        """Walk a functional graph; ``inputs`` are the layers that give its inputs."""
        for tensor, given in zip(_flat(function.inputs), inputs, strict=False):
            self.sources[id(tensor)] = given
        order = {id(operation): n for n, operation in enumerate(function.operations)}
        by_depth = function._nodes_by_depth  # Keras runs the deepest nodes first
        for depth in sorted(by_depth, reverse=True):
            for node in sorted(by_depth[depth], key=lambda n: order[id(n.operation)]):
                if not node.is_input:
                    self.node(node, prefix)

    def node(self, node: Any, prefix: str) -> None:
        operation, tensors = node.operation, list(node.input_tensors)
        given = tuple(dict.fromkeys(i for t in tensors for i in self.sources.get(id(t), (0,))))
        inner = _graph_of(operation)
        if inner is not None:
            sources = [self.sources.get(id(t), (0,)) for t in tensors]
            self.graph(inner, sources, f"{prefix}{operation.name}/")
            for outside, inside in zip(_flat(node.outputs), _flat(inner.outputs), strict=True):
                self.sources[id(outside)] = self.sources[id(inside)]
            return
        layer = self.describe(operation, prefix)
        if len(tensors) > 1 and layer.kind is Kind.OTHER:
            layer = replace(layer, kind=Kind.MERGE)
        features = tensors[0].shape[-1] if layer.kind is Kind.DENSE and tensors else None
        layer = replace(
            layer,
            index=len(self.layers) + 1,
            inputs=given,
            in_features=features,
            out_shape=_channels_last(operation, node.outputs[0].shape),
        )
        if _depthwise(operation):
            layer = replace(layer, units=layer.out_shape[-1])
        self.layers.append(layer)
        for tensor in node.outputs:
            self.sources[id(tensor)] = (layer.index,)

    def describe(self, operation: Any, prefix: str = "") -> Layer:
        layer = describe_layer(operation)
        name = self.names.given(f"{prefix}{operation.name}")
        return replace(layer, name=name, place=self.place(operation))


def keras_layers(model: Any, place: Places = lambda _: None) -> tuple[tuple[Layer, ...], str]:
    """The layers of a model in execution order, and how they were ordered."""
    walk = _Walk(place)
    function = _graph_of(model)
    if function is not None:
        walk.graph(function, [(0,)] * len(_flat(function.inputs)))
        return tuple(walk.layers), "traced"
    flat = [x for x in model._flatten_layers(include_self=False) if not hasattr(x, "layers")]
    layers = (walk.describe(x) for x in flat if type(x).__name__ != "InputLayer")
    return chain(layers), "order of creation: the model is subclassed and was not traced"


def _graph_of(operation: Any) -> Any:
    """The functional graph of a model, or None for a layer or a subclassed model."""
    if hasattr(operation, "_functional"):
        operation = operation._functional
    return operation if hasattr(operation, "_nodes_by_depth") else None


def _flat(tensors: Any) -> list[Any]:
    if isinstance(tensors, dict):
        return [t for value in tensors.values() for t in _flat(value)]
    if isinstance(tensors, list | tuple):
        return [t for value in tensors for t in _flat(value)]
    return [tensors]


def describe_layer(operation: Any) -> Layer:
    """One layer or operation of a graph, by its class and configuration, never by its name."""
    kind, known = _kind(operation)
    inner = operation
    while type(inner).__name__ in ("TimeDistributed", "SpectralNormalization"):
        inner = inner.layer
    if inner is not operation:
        kind, known = _kind(inner)
    return Layer(
        index=1,
        name=operation.name,
        kind=kind,
        units=getattr(inner, "filters", None) if kind is not Kind.DENSE else _units(inner),
        kernel=_sizes(inner, "kernel_size", "pool_size"),
        strides=_sizes(inner, "strides"),
        padding=str(getattr(inner, "padding", "") or "") if kind in _PADDED else "",
        rate=_rate(inner) if kind is Kind.DROPOUT else None,
        activation=_activation(inner, known),
        scale=_scale(inner) if kind is Kind.SCALING else None,
        source=type(operation).__name__,
    )


_PADDED = {Kind.CONV1D, Kind.CONV2D, Kind.CONV3D, Kind.MAX_POOL, Kind.AVG_POOL}


def _kind(operation: Any) -> tuple[Kind, str]:
    """Kind, and the class that decided it: that of the operation or of an ancestor."""
    for cls in type(operation).__mro__:
        if cls.__name__ in _KINDS and cls.__module__.startswith("keras."):
            return _KINDS[cls.__name__], cls.__name__
    name = getattr(operation, "name", "")
    function = type(operation).__name__
    snake = "".join(f"_{c.lower()}" if c.isupper() else c for c in function).strip("_")
    if type(operation).__module__.startswith("keras.src.ops") and snake in _FUNCTIONS:
        return Kind.ACTIVATION, f"ops.{snake}"
    if type(operation).__module__.startswith("keras.src.ops") and function in (
        "Reshape",
        "Transpose",
    ):
        return Kind.RESHAPE, name
    return Kind.OTHER, ""


def _activation(layer: Any, known: str) -> str:
    if known in _ACTIVATION_LAYERS:
        return _ACTIVATION_LAYERS[known]
    if known.startswith("ops."):
        return _FUNCTIONS.get(known[4:], known[4:])
    if _kind(layer)[0] in (Kind.RECURRENT, Kind.ATTENTION):
        return "linear"
    return function_name(getattr(layer, "activation", None))


def function_name(activation: Any) -> str:
    """Canonical name of an activation: a function, which may be the user's own, a layer or None."""
    if activation is None:
        return "linear"
    if hasattr(activation, "get_config"):
        return _ACTIVATION_LAYERS.get(type(activation).__name__, "custom")
    return _FUNCTIONS.get(getattr(activation, "__name__", "").lstrip("_"), "custom")


def _units(layer: Any) -> int | None:
    units = getattr(layer, "units", None)
    if units is None and getattr(layer, "partial_output_shape", None):
        units = layer.partial_output_shape[-1]
    return int(units) if units is not None else None


def _depthwise(operation: Any) -> bool:
    return "Depthwise" in type(operation).__name__


def _sizes(layer: Any, *names: str) -> tuple[int, ...]:
    for name in names:
        value = getattr(layer, name, None)
        if isinstance(value, int):
            return (value,)
        if isinstance(value, list | tuple):
            return tuple(int(v) for v in value)
    return ()


def _rate(layer: Any) -> float | None:
    rate = getattr(layer, "rate", None)
    return float(rate) if rate is not None else None


def _scale(layer: Any) -> tuple[float, float] | None:
    factor, offset = getattr(layer, "scale", None), getattr(layer, "offset", None)
    if isinstance(factor, int | float) and isinstance(offset, int | float):
        return float(factor), float(offset)
    return None


def _channels_last(operation: Any, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
    rest = tuple(shape[1:])
    if getattr(operation, "data_format", None) == "channels_first" and len(rest) > 1:
        return (*rest[1:], rest[0])
    return rest


def learner_of(loss: Any, optimizer: Any, place: Places = lambda _: None) -> Learner:
    """The learner of a compiled model: loss (name, function or object) and optimiser."""
    name, expects = keras_loss(loss)
    rate, scheduled = _rate_of(optimizer)
    return Learner(
        loss=name,
        expects=expects,
        convention="probabilities",
        optimiser=type(optimizer).__name__.lower() if optimizer is not None else "custom",
        learning_rate=rate,
        scheduled=scheduled,
        places=made_at(loss, optimizer, place),
    )


def keras_loss(loss: Any) -> tuple[str, str]:
    """Canonical name of a loss, and the kind of predictions that it takes.

    >>> keras_loss("categorical_crossentropy"), keras_loss("MSE")
    (('cce', 'probabilities'), ('mse', 'values'))
    """
    while isinstance(loss, list | tuple | dict) and len(loss) == 1:
        loss = next(iter(loss.values())) if isinstance(loss, dict) else loss[0]
    if isinstance(loss, str):
        name = loss
    elif hasattr(loss, "get_config"):
        name = type(loss).__name__
    else:
        name = getattr(loss, "__name__", "")
    return loss_named(name, logits=_from_logits(loss))


def _from_logits(loss: Any) -> bool:
    if not hasattr(loss, "get_config"):
        return False
    given = getattr(loss, "_fn_kwargs", {})
    return bool(given.get("from_logits", getattr(loss, "from_logits", False)))


def _rate_of(optimizer: Any) -> tuple[float | None, bool]:
    """The learning rate at the first step, and whether it follows a schedule."""
    given = getattr(optimizer, "_learning_rate", None)
    if given is None:
        return None, False
    if callable(given) and not hasattr(given, "assign"):
        return float(given(0)), True
    return float(optimizer.learning_rate), False
