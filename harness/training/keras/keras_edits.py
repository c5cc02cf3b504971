"""Edits of a chain of Keras layers, made on the layers' configurations.

The model is then rebuilt, and the weights of all layers that stay are copied.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.training.keras.keras_layers import kind_of_layer, thresholded_relu, weights_finite
from harness.training.keras.keras_programs import Keras
from harness.training.watched.edits import LayerEdit, apply_edits
from harness.training.watched.network import WEIGHTED_KINDS, first_weighted, output_index
from harness.vocabulary import unknown


@dataclass
class _Part:
    """A planned layer: a copy of ``source``, or a new one."""

    kind: str
    layer: Any
    """Its class."""
    settings: dict[str, Any]
    source: Any = None
    redraw: bool = False
    """Whether its weights are drawn anew instead of copied from ``source``."""
    extra: dict[str, Any] = field(default_factory=dict)


def edited_model(model: Any, layers: Sequence[Any], edits: Sequence[LayerEdit], seed: int) -> Any:
    """A copy of a chain of layers with ``edits`` applied, and the same weights where they stay.

    Args:
        layers: The layers of ``model`` in order, without its input.
        seed: Seed of the new weights.
    """
    import keras

    parts = [_Part(kind_of_layer(x), type(x), x.get_config(), x) for x in layers]
    apply_edits(edits, _EDITS, parts)
    Keras().seed(seed)
    made = [part.layer.from_config(part.settings) for part in parts]
    shape = model.inputs[0]
    copy = keras.Sequential([keras.Input(shape.shape[1:], dtype=shape.dtype), *made])
    for part, layer in zip(parts, made, strict=True):
        if part.source is not None and not part.redraw:
            for new, old in zip(layer.weights, part.source.weights, strict=True):
                new.assign(old.value)
    return copy


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
        part.redraw |= part.source is not None and not weights_finite(part.source)
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
    """Kind of the first activation layer or layer with weights after ``place``; '' if none."""
    later = (part.kind for part in parts[place + 1 :])
    return next((kind for kind in later if kind in (*WEIGHTED_KINDS, "activation")), "")


def _activation(name: str) -> _Part:
    from keras import layers

    return _Part("activation", layers.Activation, {"activation": name})


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

    place = first_weighted([part.kind for part in parts])
    parts.insert(place, _Part("noise", layers.GaussianNoise, {"stddev": deviation}))


_EDITS: Mapping[str, Callable[..., None]] = {
    "activation": _edit_activation,
    "advanced_activation": _edit_advanced,
    "initialise": _edit_initialise,
    "batch_normalisation": _edit_normalise,
    "gaussian_noise": _edit_noise,
}
