"""One training loop for each Keras backend, behind one small interface.

The loops follow Keras' own guides for writing a training loop, and differ from ``fit`` in three
ways: many steps run in one compiled call (``fit`` costs 25-60 ms an epoch on TensorFlow), the order
of the samples is given from outside, and a training can stop and go on at any step.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from harness.training.programs import Loss


class Loop(Protocol):
    """A compiled program with its training data; its weights are the model's variables."""

    def run(self, order: np.ndarray, first: int, last: int) -> np.ndarray:
        """As ``harness.training.programs.Program.run``."""

    def predict(self, x: Any) -> np.ndarray:
        """(n, ...) outputs in inference mode."""


def make_loop(model: Any, loss: Loss, optimiser: Any, x: Any, y: Any, batch_size: int) -> Loop:
    """Compile ``model`` for the backend that Keras runs on.

    Raises:
        Exception: Whatever the framework raises for a program that cannot train.
    """
    import keras

    backend: Any = {"tensorflow": _TensorFlow, "jax": _Jax, "torch": _Torch}[keras.config.backend()]
    optimiser.build(model.trainable_variables)
    loop: Loop = backend(model, loss, optimiser, x, y, batch_size)
    return loop


def _batched(call: Callable[[Any], Any], x: Any, size: int = 2048) -> np.ndarray:
    return np.concatenate([call(x[i : i + size]) for i in range(0, len(x), size)])


class _TensorFlow:
    def __init__(self, model: Any, loss: Loss, optimiser: Any, x: Any, y: Any, size: int) -> None:
        import tensorflow as tf

        variables = model.trainable_variables
        weights = [v.value for v in variables]
        samples = len(x)

        def step(indices: Any) -> Any:
            with tf.GradientTape() as tape:
                predicted = model(tf.gather(x, indices), training=True)
                each = tf.reduce_mean(loss(tf.gather(y, indices), predicted))
                total = tf.add_n([each, *model.losses])
            optimiser.apply(tape.gradient(total, weights), variables)
            return each

        number = tf.TensorSpec([], tf.int32)

        def run(order: Any, first: Any, last: Any) -> Any:
            def body(i: Any, losses: Any) -> Any:
                each = step(order[i * size : (i + 1) * size])
                return i + 1, losses.write(i - first, tf.cast(each, tf.float32))

            losses = tf.TensorArray(tf.float32, size=last - first)
            return tf.while_loop(lambda i, _: i < last, body, (first, losses))[1].stack()

        def predict(batch: Any) -> Any:
            return model(batch, training=False)

        order, batch = tf.TensorSpec([samples], tf.int32), tf.TensorSpec([None, *x.shape[1:]])
        self._run = tf.function(run, [order, number, number], autograph=False)
        self._predict = tf.function(predict, [batch], autograph=False)
        self.run(np.arange(samples, dtype=np.int32), 0, 0)  # traces, and optimises the graph
        self.predict(np.asarray(x[:1]))

    def run(self, order: np.ndarray, first: int, last: int) -> np.ndarray:
        losses: np.ndarray = self._run(order, np.int32(first), np.int32(last)).numpy()
        return losses

    def predict(self, x: Any) -> np.ndarray:
        return _batched(lambda batch: self._predict(batch).numpy(), x)


class _Jax:
    def __init__(self, model: Any, loss: Loss, optimiser: Any, x: Any, y: Any, size: int) -> None:
        import jax
        import jax.numpy as jnp

        self._model, self._optimiser, self._size = model, optimiser, size
        samples = len(x)
        whole, self._rest = divmod(samples, size)
        self._whole = whole

        def objective(trainable: Any, fixed: Any, indices: Any) -> Any:
            predicted, fixed, extra = model.stateless_call(
                trainable, fixed, x[indices], training=True, return_losses=True
            )
            each = jnp.mean(loss(y[indices], predicted))
            return each + sum(extra), (each, fixed)

        def step(state: Any, indices: Any) -> Any:
            trainable, fixed, slots = state
            gradient = jax.value_and_grad(objective, has_aux=True)
            (_, (each, fixed)), grads = gradient(trainable, fixed, indices)
            trainable, slots = optimiser.stateless_apply(slots, grads, trainable)
            return (trainable, fixed, slots), each.astype(jnp.float32)

        def run(state: Any, order: Any, first: Any, last: Any) -> Any:
            def body(i: Any, carried: Any) -> Any:
                state, losses = carried
                state, each = step(state, jax.lax.dynamic_slice(order, (i * size,), (size,)))
                return state, losses.at[i].set(each)

            losses = jnp.zeros((max(whole, 1),), jnp.float32)
            return jax.lax.fori_loop(first, last, body, (state, losses))

        state, order = self._state(), jnp.arange(samples, dtype=jnp.int32)
        compiled = jax.jit(run).lower(state, order, 0, 0).compile() if whole else None
        self._run = compiled
        last = order[whole * size :]
        self._step = jax.jit(step).lower(state, last).compile() if self._rest else None
        self._predict = jax.jit(
            lambda trainable, fixed, batch: model.stateless_call(
                trainable, fixed, batch, training=False
            )[0]
        )
        self.predict(np.asarray(x[:1]))

    def _state(self) -> Any:
        return (
            [v.value for v in self._model.trainable_variables],
            [v.value for v in self._model.non_trainable_variables],
            [v.value for v in self._optimiser.variables],
        )

    def run(self, order: np.ndarray, first: int, last: int) -> np.ndarray:
        state, parts = self._state(), []
        end = min(last, self._whole)
        if first < end and self._run is not None:
            state, losses = self._run(state, order, first, end)
            parts.append(np.asarray(losses)[first:end])
        if last > self._whole and self._step is not None:
            state, each = self._step(state, order[self._whole * self._size :])
            parts.append(np.asarray(each).reshape(1))
        holders = (
            self._model.trainable_variables,
            self._model.non_trainable_variables,
            self._optimiser.variables,
        )
        for variables, values in zip(holders, state, strict=True):
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)
        return np.concatenate(parts) if parts else np.zeros(0, np.float32)

    def predict(self, x: Any) -> np.ndarray:
        trainable, fixed, _ = self._state()
        return _batched(lambda batch: np.asarray(self._predict(trainable, fixed, batch)), x)


class _Torch:
    def __init__(self, model: Any, loss: Loss, optimiser: Any, x: Any, y: Any, size: int) -> None:
        self._model, self._loss, self._optimiser = model, loss, optimiser
        self._x, self._y, self._size = x, y, size
        self._loss(y[:1], model(x[:1], training=False))  # shows what cannot train, and trains not

    def run(self, order: np.ndarray, first: int, last: int) -> np.ndarray:
        import torch

        losses = []
        variables = self._model.trainable_variables
        for i in range(first, last):
            indices = torch.from_numpy(order[i * self._size : (i + 1) * self._size])
            indices = indices.to(self._x.device)
            self._model.zero_grad()
            predicted = self._model(self._x[indices], training=True)
            each = self._loss(self._y[indices], predicted).mean()
            sum(self._model.losses, each).backward()
            with torch.no_grad():
                self._optimiser.apply([v.value.grad for v in variables], variables)
            losses.append(each.detach())
        return torch.stack(losses).float().cpu().numpy() if losses else np.zeros(0, np.float32)

    def predict(self, x: Any) -> np.ndarray:
        import torch

        with torch.no_grad():
            return _batched(lambda batch: self._model(batch, training=False).cpu().numpy(), x)
