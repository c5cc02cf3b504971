"""The parts of Keras models."""

from typing import Any

from harness.training.keras.keras_parts import keras_parts
from harness.training.work import training_macs


def parts_of(*layers: Any, shape: tuple[int, ...]) -> Any:
    import keras

    model = keras.Sequential([keras.Input(shape), *layers])
    found = keras_parts(model)
    assert max(1, 3 * sum(part.macs for part in found)) == training_macs(model)
    return found


def test_a_small_network() -> None:
    from keras import layers

    convolution, pooling, dropout, dense, softmax = parts_of(
        layers.Conv2D(4, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Dropout(0.5),
        layers.Dropout(0.0),
        layers.Flatten(),
        layers.Dense(10),
        layers.Softmax(),
        shape=(8, 8, 1),
    )
    assert (convolution.kind, convolution.channels, convolution.activation) == (
        "convolution",
        4,
        "relu",
    )
    assert (convolution.macs, convolution.weights, convolution.outputs) == (36 * 36, 40, 144)
    assert (pooling.kind, pooling.inputs, pooling.outputs) == ("pooling", 144, 36)
    assert (dropout.kind, dropout.outputs) == ("dropout", 36)
    assert (dense.kind, dense.variables, dense.activation) == ("dense", 2, "linear")
    assert (softmax.kind, softmax.activation, softmax.outputs) == ("activation", "Softmax", 10)


def test_a_recurrent_layer_counts_its_steps_in_time() -> None:
    from keras import layers

    (recurrent, dense) = parts_of(layers.LSTM(5), layers.Dense(1), shape=(7, 3))
    assert (recurrent.kind, recurrent.times) == ("recurrent", 7)
    assert dense.times == 0


def test_nested_models_are_taken_apart() -> None:
    import keras
    from keras import layers

    inner = keras.Sequential([keras.Input((3,)), layers.Dense(4, activation="tanh")])
    (dense, last) = parts_of(inner, layers.Dense(2), shape=(3,))
    assert (dense.outputs, dense.activation, last.inputs) == (4, "tanh", 4)


def test_a_branching_model_has_all_its_layers() -> None:
    import keras
    from keras import layers

    x = keras.Input((6,))
    left, right = layers.Dense(3)(x), layers.Dense(2, activation=lambda v: v)(x)
    model = keras.Model(x, layers.Concatenate()([left, right]))
    kinds = [part.kind for part in keras_parts(model)]
    assert kinds == ["dense", "dense", "other"]
