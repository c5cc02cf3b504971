"""Builds a chain of layers of the meta-model in Keras or PyTorch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.theia.program import CONV, Kind, Layer, Learner

Options = Mapping[str, Mapping[str, Any]]

_KERAS_LOSSES = {
    "bce": "BinaryCrossentropy",
    "cce": "CategoricalCrossentropy",
    "sparse_cce": "SparseCategoricalCrossentropy",
    "mse": "MeanSquaredError",
    "mae": "MeanAbsoluteError",
}
_KERAS_OPTIMISERS = {"adam": "Adam", "sgd": "SGD", "rmsprop": "RMSprop", "nadam": "Nadam"}


def keras_model(layers: Sequence[Layer], shape: Sequence[int], options: Options) -> Any:
    """A sequential Keras model, not compiled."""
    import keras

    stack = [_keras_layer(layer, options.get(layer.name, {})) for layer in layers]
    return keras.Sequential([keras.Input(tuple(shape)), *stack])


def _keras_layer(layer: Layer, options: Mapping[str, Any]) -> Any:
    from keras import layers as L

    dimensions = len(layer.kernel)
    match layer.kind:
        case Kind.DENSE:
            return L.Dense(layer.units, layer.activation, **_keras_weights(options))
        case Kind.CONV1D | Kind.CONV2D | Kind.CONV3D:
            make = getattr(L, f"Conv{dimensions}D")
            return make(
                layer.units,
                layer.kernel,
                strides=layer.strides,
                padding=layer.padding,
                activation=layer.activation,
                **_keras_weights(options),
            )
        case Kind.MAX_POOL | Kind.AVG_POOL:
            word = "Max" if layer.kind is Kind.MAX_POOL else "Average"
            make = getattr(L, f"{word}Pooling{dimensions}D")
            return make(layer.kernel, strides=layer.strides, padding=layer.padding)
        case Kind.ACTIVATION:
            return L.Activation(layer.activation)
        case Kind.BATCHNORM:
            return L.BatchNormalization()
        case Kind.DROPOUT:
            return L.Dropout(layer.rate)
        case Kind.FLATTEN:
            return L.Flatten()
    raise ValueError(f"no Keras layer for {layer.kind}")


def _keras_weights(options: Mapping[str, Any]) -> dict[str, Any]:
    import keras

    made: dict[str, Any] = {}
    for option, argument in (("init", "kernel_initializer"), ("bias_init", "bias_initializer")):
        if option in options:
            wide = keras.initializers.RandomNormal(stddev=1.0)
            made[argument] = wide if options[option] == "normal_1" else options[option]
    if "l2" in options:
        made["kernel_regularizer"] = keras.regularizers.L2(options["l2"])
    return made


def keras_loss(learner: Learner) -> Any:
    import keras

    logits = {"from_logits": True} if learner.expects == "logits" else {}
    return getattr(keras.losses, _KERAS_LOSSES[learner.loss])(**logits)


def keras_optimiser(settings: Mapping[str, Any], rate: float | None) -> Any:
    import keras

    more = {k: settings[k] for k in ("momentum", "nesterov") if k in settings}
    return getattr(keras.optimizers, _KERAS_OPTIMISERS[settings["name"]])(rate, **more)


def torch_model(layers: Sequence[Layer], shape: Sequence[int]) -> Any:
    """A PyTorch module of a chain; fused activations become calls of functions.

    Sizes follow from one pass of zeros, ``shape`` is channels last.
    """
    import torch

    module = _torch_chain()
    x = torch.zeros(2, *shape[-1:], *shape[:-1])
    with torch.no_grad():
        for layer in layers:
            made = _torch_layer(layer, x)
            module.parts.append(made)
            module.fused.append(layer.activation if layer.kind is not Kind.ACTIVATION else "linear")
            x = made.eval()(x)
    return module.train()


def _torch_chain() -> Any:
    from torch import nn

    class Chain(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.parts, self.fused = nn.ModuleList(), list[str]()

        def forward(self, x: Any) -> Any:
            for part, activation in zip(self.parts, self.fused, strict=True):
                x = part(x)
                if activation != "linear":
                    x = _torch_function(activation, x)
            return x

    return Chain()


def _torch_function(name: str, x: Any) -> Any:
    from torch.nn import functional

    if name in ("softmax", "log_softmax"):
        return getattr(functional, name)(x, dim=1)
    return getattr(functional, name)(x)


def _torch_layer(layer: Layer, x: Any) -> Any:
    from torch import nn

    dimensions = len(layer.kernel)
    padding: Any = layer.padding
    if layer.padding == "valid":
        padding = 0
    elif layer.padding.isdigit():
        padding = int(layer.padding)
    elif layer.padding == "same" and layer.kind not in CONV:
        padding = tuple((n - 1) // 2 for n in layer.kernel)
    match layer.kind:
        case Kind.DENSE:
            return nn.Linear(x.shape[-1], layer.units or 1)
        case Kind.CONV1D | Kind.CONV2D | Kind.CONV3D:
            make = getattr(nn, f"Conv{dimensions}d")
            return make(x.shape[1], layer.units, layer.kernel, layer.strides, padding)
        case Kind.MAX_POOL | Kind.AVG_POOL:
            word = "Max" if layer.kind is Kind.MAX_POOL else "Avg"
            return getattr(nn, f"{word}Pool{dimensions}d")(layer.kernel, layer.strides, padding)
        case Kind.ACTIVATION:
            made = {"relu": nn.ReLU, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh}
            softmax = {"softmax": nn.Softmax, "log_softmax": nn.LogSoftmax}
            if layer.activation in softmax:
                return softmax[layer.activation](dim=1)
            return made[layer.activation]()
        case Kind.BATCHNORM:
            return (nn.BatchNorm1d if x.ndim == 2 else nn.BatchNorm2d)(x.shape[1])
        case Kind.DROPOUT:
            return nn.Dropout(layer.rate or 0.0)
        case Kind.FLATTEN:
            return nn.Flatten()
    raise ValueError(f"no PyTorch module for {layer.kind}")


def torch_loss(learner: Learner) -> Any:
    from torch import nn

    if learner.loss == "bce":
        return nn.BCEWithLogitsLoss() if learner.expects == "logits" else nn.BCELoss()
    return {"sparse_cce": nn.CrossEntropyLoss, "cce": nn.CrossEntropyLoss, "mse": nn.MSELoss}[
        learner.loss
    ]()


def torch_optimiser(learner: Learner, model: Any) -> Any:
    import torch

    make = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}[learner.optimiser]
    return make(model.parameters(), lr=learner.learning_rate)
