"""Keras models as ``harness.training.network.Network``: looked into, changed, watched.

An edit changes the layers' configurations; the model is then rebuilt and the weights of all layers
that stay are copied.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

from harness.training.history import LayerEdit, Training, check_edits
from harness.training.keras_programs import KERAS_OPTIMISERS, Keras, on_torch
from harness.training.network import WEIGHTED_KINDS, WatchedLoop, clipped, output_index
from harness.training.programs import Loss
from harness.training.steps import Loop, make_loop
from harness.training.work import training_macs
from harness.vocabulary import HarnessError, unknown


@dataclass
class _Part:
    """A layer to be: a copy of ``source``, or a new one."""

    kind: str
    layer: Any
    """Its class."""
    settings: dict[str, Any]
    source: Any = None
    redraw: bool = False
    """Whether it gets new weights rather than those of ``source``."""
    extra: dict[str, Any] = field(default_factory=dict)


class KerasNetwork:
    """A chain of Keras layers."""

    framework = "keras"

    def __init__(self, model: Any) -> None:
        """Raises HarnessError if ``model`` is not built or no chain of layers."""
        self.model = model
        self._layers = _chain(model)
        self.kinds = tuple(_kind(layer) for layer in self._layers)
        output_index(self.kinds)

    def outputs(self, x: np.ndarray) -> np.ndarray:
        import keras

        return np.asarray(keras.ops.convert_to_numpy(self.model(x, training=False)))

    def edited(self, edits: Sequence[LayerEdit], seed: int) -> KerasNetwork:
        import keras

        check_edits(edits)
        parts = [
            _Part(kind, type(layer), layer.get_config(), layer)
            for kind, layer in zip(self.kinds, self._layers, strict=True)
        ]
        for edit in edits:
            settings = {name: value for name, value in edit.items() if name != "edit"}
            _EDITS[str(edit["edit"])](parts, **settings)
        Keras().seed(seed)
        layers = [part.layer.from_config(part.settings) for part in parts]
        shape = self.model.inputs[0]
        model = keras.Sequential([keras.Input(shape.shape[1:], dtype=shape.dtype), *layers])
        for part, layer in zip(parts, layers, strict=True):
            if part.source is not None and not part.redraw:
                for new, old in zip(layer.weights, part.source.weights, strict=True):
                    new.assign(old.value)
        return KerasNetwork(model)

    def loop(self, training: Training, loss: Loss, x: Any, y: Any, seed: int) -> WatchedLoop:
        if on_torch():
            import torch

            torch.manual_seed(seed)
        return _KerasLoop(self.model, self._layers, training, loss, x, y)


class _KerasLoop:
    """``WatchedLoop`` on whichever backend Keras runs."""

    def __init__(
        self, model: Any, layers: Sequence[Any], training: Training, loss: Loss, x: Any, y: Any
    ) -> None:
        import keras

        self._model, self._layers = model, layers
        self._loss, self._options = loss, training.options
        self.macs = training_macs(model)
        self._optimiser = make_optimiser(training)
        x, y = keras.ops.convert_to_tensor(x), keras.ops.convert_to_tensor(y)
        size = training.batch_size
        self._loop: Loop = make_loop(model, loss, self._optimiser, x, y, size, correct_shares)
        self.run, self.predict = self._loop.run, self._loop.predict
        weights = [v for layer in layers if _kind(layer) != "embedding" for v in layer.weights]
        trainable = [v for v in weights if v.trainable]
        probe = _PROBES[keras.config.backend()]
        self._probe = probe(model, loss, trainable, x[:size], y[:size])
        self.gradients()  # traces

    @property
    def rate(self) -> float:
        return float(np.asarray(self._optimiser.learning_rate))

    @rate.setter
    def rate(self, value: float) -> None:
        self._optimiser.learning_rate = value

    def loss(self, y: np.ndarray, predicted: np.ndarray) -> float:
        import keras

        each = self._loss(keras.ops.convert_to_tensor(y), keras.ops.convert_to_tensor(predicted))
        own = [float(value) for value in self._model.losses]
        return float(keras.ops.mean(each)) + sum(own)

    def gradients(self) -> list[np.ndarray]:
        return clipped(self._probe(), self._options)

    def finite(self) -> bool:
        return all(_finite(layer) for layer in self._layers)


def make_optimiser(training: Training) -> Any:
    """A fresh Keras optimiser.

    Raises:
        HarnessError: If there is none of that name, or it has no such option.
    """
    import keras

    if training.optimiser not in KERAS_OPTIMISERS:
        raise unknown("optimiser", training.optimiser, KERAS_OPTIMISERS)
    kind = getattr(keras.optimizers, KERAS_OPTIMISERS[training.optimiser])
    try:
        return kind(learning_rate=training.learning_rate, **training.options)
    except (TypeError, ValueError) as error:
        raise HarnessError(
            f"optimiser {training.optimiser} cannot be made with {dict(training.options)}: {error}"
        ) from None


def correct_shares(y: Any, predicted: Any) -> Any:
    """1 for each sample classified correctly, else 0; as ``harness.training.judge.accuracy``."""
    from keras import ops

    wide = len(predicted.shape) == 2 and predicted.shape[1] > 1
    if len(y.shape) == 2 and y.shape[1] > 1:
        right = ops.equal(ops.argmax(y, axis=1), ops.argmax(predicted, axis=1))
    elif wide:
        labels = ops.cast(ops.reshape(y, (-1,)), "int32")
        right = ops.equal(labels, ops.cast(ops.argmax(predicted, axis=1), "int32"))
    else:
        high = ops.cast(ops.reshape(predicted, (-1,)) > 0.5, "float32")
        right = ops.equal(ops.cast(ops.reshape(y, (-1,)), "float32"), high)
    return ops.cast(right, "float32")


def _chain(model: Any) -> list[Any]:
    """The layers of a model in order, without its input.

    Raises:
        HarnessError: If it is not built, or branches, or shares or nests layers.
    """
    import keras

    if not isinstance(model, keras.Model) or not getattr(model, "inputs", None):
        raise HarnessError(
            f"model '{getattr(model, 'name', type(model).__name__)}' is not built as a chain of "
            "layers. AutoTrainer takes a Sequential model that knows its input shape (start it "
            "with keras.Input), or a functional model without branches"
        )
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise HarnessError(
            "AutoTrainer repairs models with one input and one output. Found: "
            f"{len(model.inputs)} inputs and {len(model.outputs)} outputs"
        )
    layers = [layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]
    reached = model.inputs[0]
    for layer in layers:
        if isinstance(layer, keras.Model):
            raise HarnessError(
                f"layer '{layer.name}' is a model of its own. AutoTrainer changes single layers: "
                "list the inner model's layers in the outer one"
            )
        if not isinstance(model, keras.Sequential):
            nodes = layer._inbound_nodes
            if len(nodes) != 1 or [id(t) for t in nodes[0].input_tensors] != [id(reached)]:
                raise HarnessError(
                    f"the model is no chain: layer '{layer.name}' branches, joins or is shared. "
                    "AutoTrainer takes models in which each layer feeds the next one only"
                )
            reached = nodes[0].output_tensors[0]
    return layers


@cache
def _classes() -> Mapping[str, tuple[type, ...]]:
    from keras import layers as k

    names = {
        "dense": ["Dense", "EinsumDense"],
        "convolution": [
            f"{kind}{n}D{end}" for kind in ("Conv",) for n in (1, 2, 3) for end in ("", "Transpose")
        ]
        + ["SeparableConv1D", "SeparableConv2D", "DepthwiseConv1D", "DepthwiseConv2D"],
        "recurrent": ["RNN", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "Bidirectional"],
        "embedding": ["Embedding"],
        "activation": ["Activation", "ReLU", "LeakyReLU", "ELU", "PReLU", "Softmax"],
        "normalisation": ["BatchNormalization"],
        "noise": ["GaussianNoise"],
    }
    known = {kind: tuple(getattr(k, name) for name in some) for kind, some in names.items()}
    return {**known, "activation": (*known["activation"], thresholded_relu())}


def _kind(layer: Any) -> str:
    return next((kind for kind, some in _classes().items() if isinstance(layer, some)), "other")


@cache
def thresholded_relu() -> Any:
    """The layer class x -> x if x > theta else 0, which Keras 3 no longer has."""
    import keras

    @keras.saving.register_keras_serializable(package="dnn_repair_harness")
    class ThresholdedReLU(keras.layers.Layer):  # type: ignore[misc]
        """Source: Keras 2, layer of the same name, theta 1 by default."""

        def __init__(self, theta: float = 1.0, **more: Any) -> None:
            super().__init__(**more)
            self.theta = theta

        def call(self, x: Any) -> Any:
            return x * keras.ops.cast(x > self.theta, x.dtype)

        def compute_output_shape(self, shape: Any) -> Any:
            return shape

        def get_config(self) -> dict[str, Any]:
            return {**super().get_config(), "theta": self.theta}

    return ThresholdedReLU


def _hidden(parts: list[_Part]) -> list[_Part]:
    """Everything before the output layer."""
    return parts[: output_index([part.kind for part in parts])]


def _set_activations(
    parts: list[_Part], to: str, separate: bool, made: Callable[[], _Part] | None = None
) -> None:
    """Give every hidden layer the activation ``to``; ``made`` makes it as a layer of its own.

    All layers whose weights are not finite get new ones, the output layer too.
    """
    for part in parts:
        part.redraw |= not _finite(part.source)
    hidden = _hidden(parts)
    for place in range(len(hidden) - 1, -1, -1):
        part = hidden[place]
        if part.kind == "activation" and separate:
            new = made() if made else _activation(to)
            parts[place] = new
        elif part.kind == "recurrent":
            if made is None and "activation" in part.settings:
                part.settings["activation"] = "tanh"
                part.redraw = True
        elif part.kind != "activation" and "activation" in part.settings:
            followed = _next_weighted_or_activation(parts, place) == "activation"
            part.settings["activation"] = "linear" if made or followed else to
            if made and not (followed and separate):
                parts.insert(place + 1, made())


def _next_weighted_or_activation(parts: list[_Part], place: int) -> str:
    """What comes first after ``place``: an activation of its own, or the next weights."""
    later = (part.kind for part in parts[place + 1 :])
    return next((kind for kind in later if kind in (*WEIGHTED_KINDS, "activation")), "")


def _activation(name: str) -> _Part:
    from keras import layers

    return _Part("activation", layers.Activation, {"activation": name})


def _finite(layer: Any) -> bool:
    import keras

    arrays = [] if layer is None else map(keras.ops.convert_to_numpy, layer.weights)
    return all(bool(np.isfinite(array).all()) for array in arrays)


def _edit_activation(parts: list[_Part], to: str, separate: bool) -> None:
    _set_activations(parts, to, separate)


def _edit_advanced(parts: list[_Part], to: str, separate: bool, strip_output: bool) -> None:
    from keras import layers

    made: Mapping[str, Callable[[], _Part]] = {
        "leaky_relu": lambda: _Part("activation", layers.LeakyReLU, {"negative_slope": 0.3}),
        "elu": lambda: _Part("activation", layers.ELU, {"alpha": 1.0}),
        "thresholded_relu": lambda: _Part("activation", thresholded_relu(), {"theta": 1.0}),
    }
    if to not in made:
        raise unknown("activation layer", to, made)
    if strip_output:
        parts[output_index([part.kind for part in parts])].settings["activation"] = "linear"
    _set_activations(parts, to, separate, made[to])


def _edit_initialise(parts: list[_Part], kernel: str, bias: str, redraw: bool) -> None:
    for part in _hidden(parts):
        if part.kind in WEIGHTED_KINDS:
            for name in ("kernel", "depthwise", "pointwise"):
                if f"{name}_initializer" in part.settings:
                    part.settings[f"{name}_initializer"] = kernel
            if "bias_initializer" in part.settings:
                part.settings["bias_initializer"] = bias
            part.redraw |= redraw


def _edit_normalise(parts: list[_Part], before_activation: bool) -> None:
    from keras import layers

    def norm() -> _Part:
        return _Part("normalisation", layers.BatchNormalization, {})

    for place in range(len(_hidden(parts)) - 1, -1, -1):
        part = parts[place]
        if part.kind not in WEIGHTED_KINDS or parts[place + 1].kind == "normalisation":
            continue
        new = [norm()]
        own = part.settings.get("activation", "linear")
        if before_activation and part.kind != "recurrent" and own != "linear":
            part.settings["activation"] = "linear"
            new.append(_activation(own))
        parts[place + 1 : place + 1] = new


def _edit_noise(parts: list[_Part], deviation: float) -> None:
    from keras import layers

    place = next(i for i, part in enumerate(parts) if part.kind in WEIGHTED_KINDS)
    parts.insert(place, _Part("noise", layers.GaussianNoise, {"stddev": deviation}))


_EDITS: Mapping[str, Callable[..., None]] = {
    "activation": _edit_activation,
    "advanced_activation": _edit_advanced,
    "initialise": _edit_initialise,
    "batch_normalisation": _edit_normalise,
    "gaussian_noise": _edit_noise,
}


def _tensorflow_probe(
    model: Any, loss: Loss, weights: Sequence[Any], x: Any, y: Any
) -> Callable[[], list[np.ndarray]]:
    import tensorflow as tf

    values = [v.value for v in weights]

    @tf.function(autograph=False)  # type: ignore[untyped-decorator]
    def gradients() -> Any:
        with tf.GradientTape() as tape:
            each = tf.reduce_mean(loss(y, model(x, training=False)))
            total = tf.add_n([each, *model.losses])
        return [g for g in tape.gradient(total, values) if g is not None]

    return lambda: [g.numpy() for g in gradients()]


def _jax_probe(
    model: Any, loss: Loss, weights: Sequence[Any], x: Any, y: Any
) -> Callable[[], list[np.ndarray]]:
    import jax
    import jax.numpy as jnp

    wanted = {id(v) for v in weights}
    places = [i for i, v in enumerate(model.trainable_variables) if id(v) in wanted]

    def objective(trainable: Any, fixed: Any) -> Any:
        predicted, _, own = model.stateless_call(
            trainable, fixed, x, training=False, return_losses=True
        )
        return jnp.mean(loss(y, predicted)) + sum(own)

    gradient = jax.jit(jax.grad(objective))

    def probe() -> list[np.ndarray]:
        found = gradient(
            [v.value for v in model.trainable_variables],
            [v.value for v in model.non_trainable_variables],
        )
        return [np.asarray(found[i]) for i in places]

    return probe


def _torch_probe(
    model: Any, loss: Loss, weights: Sequence[Any], x: Any, y: Any
) -> Callable[[], list[np.ndarray]]:
    def probe() -> list[np.ndarray]:
        model.zero_grad()
        each = loss(y, model(x, training=False)).mean()
        sum(model.losses, each).backward()
        found = [v.value.grad for v in weights]
        arrays = [g.detach().cpu().numpy().copy() for g in found if g is not None]
        model.zero_grad()
        return arrays

    return probe


_PROBES = {"tensorflow": _tensorflow_probe, "jax": _jax_probe, "torch": _torch_probe}
