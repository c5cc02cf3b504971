"""One training loop for each Keras backend, behind one small interface.

The loops follow Keras' own guides for writing a training loop, and differ from ``fit`` in three
ways: many steps run in one compiled call (``fit`` costs 25-60 ms an epoch on TensorFlow), the order
of the samples is given from outside, and a training can stop and go on at any step.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from harness.training.programs import Loss

CHECK_EVERY = 0.05
"""Seconds of training between two looks at the clock."""


class Loop(Protocol):
    """A compiled program with its training data; its weights are the model's variables."""

    def run(self, order: np.ndarray, first: int, last: int) -> np.ndarray:
        """As ``harness.training.programs.Program.run``.

        With ``hits`` the means have two columns, (last - first, 2): that of the loss, of the hits.
        """

    def predict(self, x: Any) -> np.ndarray:
        """(n, ...) outputs in inference mode."""


def make_loop(
    model: Any,
    loss: Loss,
    optimiser: Any,
    x: Any,
    y: Any,
    batch_size: int,
    hits: Loss | None = None,
) -> Loop:
    """Compile ``model`` for the backend that Keras runs on.

    Args:
        hits: A second figure of each sample to report, beside the loss; it changes no training.

    Raises:
        Exception: Whatever the framework raises for a program that cannot train.
    """
    import keras

    backend: Any = {"tensorflow": _TensorFlow, "jax": _Jax, "torch": _Torch}[keras.config.backend()]
    optimiser.build(model.trainable_variables)
    loop: Loop = backend(model, loss, optimiser, x, y, batch_size, hits)
    return loop


def epoch_order(seed: int, epoch: int, samples: int) -> np.ndarray:
    """The order of the samples in one epoch (from 0) of a training: (samples,) int32."""
    return np.random.default_rng([seed, epoch]).permutation(samples).astype(np.int32)


class Pace:
    """Runs steps in calls of about ``CHECK_EVERY`` seconds, so that a deadline is noticed."""

    def __init__(self, loop: Loop, deadline: float) -> None:
        """``deadline``: as ``time.perf_counter`` counts."""
        self._loop, self._deadline, self._chunk = loop, deadline, 1

    def run(self, order: np.ndarray, first: int, end: int) -> list[np.ndarray]:
        """Steps ``first`` to ``end`` of an epoch, or those before the deadline; a part a call."""
        parts: list[np.ndarray] = []
        while first < end:
            began = time.perf_counter()
            if began >= self._deadline:
                break
            last = min(end, first + self._chunk)
            parts.append(self._loop.run(order, first, last))
            ran, first = last - first, last
            took = time.perf_counter() - began
            wanted = min(CHECK_EVERY, max(self._deadline - began - took, 0.0))
            self._chunk = max(1, min(4 * self._chunk, int(ran * wanted / max(took, 1e-6))))
        return parts


def _told(each: Any, hits: Loss | None, y: Any, predicted: Any) -> Any:
    """What a step reports: the mean loss, and the mean of ``hits`` if it is wanted."""
    from keras import ops

    if hits is None:
        return ops.cast(each, "float32")
    return ops.stack([ops.cast(v, "float32") for v in (each, ops.mean(hits(y, predicted)))])


def each(call: Callable[[Any], Any], x: Any) -> Any:
    """``call`` of the input, or of each input of a program that has several."""
    return tuple(map(call, x)) if isinstance(x, tuple) else call(x)


def _batched(call: Callable[[Any], Any], x: Any) -> np.ndarray:
    """``call`` on up to 2,048 samples at a time; on fewer of large ones.

    What their layers hold would else exceed what the C library keeps for reuse (32 MiB), and be
    fetched from the kernel, cleared, at every call; evaluating D5 took half as long again.
    """
    first = x[0] if isinstance(x, tuple) else x
    size = max(32, min(2048, 100_000 // int(np.prod(first.shape[1:]))))
    parts = [slice(i, i + size) for i in range(0, len(first), size)]
    return np.concatenate([call(taken(x, part)) for part in parts])


def taken(x: Any, where: Any) -> Any:
    """The samples of an input, or of each of several, at ``where``."""
    return each(lambda part: part[where], x)


class _TensorFlow:
    def __init__(
        self,
        model: Any,
        loss: Loss,
        optimiser: Any,
        x: Any,
        y: Any,
        size: int,
        hits: Loss | None = None,
    ) -> None:
        import tensorflow as tf

        variables = model.trainable_variables
        weights = [v.value for v in variables]
        samples = len(y)

        def step(indices: Any) -> Any:
            with tf.GradientTape() as tape:
                batch = each(lambda part: tf.gather(part, indices), x)
                predicted = model(batch, training=True)
                labels = tf.gather(y, indices)
                mean = tf.reduce_mean(loss(labels, predicted))
                total = tf.add_n([mean, *model.losses])
            optimiser.apply(tape.gradient(total, weights), variables)
            return _told(mean, hits, labels, predicted)

        number = tf.TensorSpec([], tf.int32)

        def run(order: Any, first: Any, last: Any) -> Any:
            def body(i: Any, losses: Any) -> Any:
                mean = step(order[i * size : (i + 1) * size])
                return i + 1, losses.write(i - first, mean)

            shape = [] if hits is None else [2]
            losses = tf.TensorArray(tf.float32, size=last - first, element_shape=shape)
            return tf.while_loop(lambda i, _: i < last, body, (first, losses))[1].stack()

        def predict(batch: Any) -> Any:
            return model(batch, training=False)

        order = tf.TensorSpec([samples], tf.int32)
        batch = each(lambda part: tf.TensorSpec([None, *part.shape[1:]]), x)
        self._run = tf.function(run, [order, number, number], autograph=False)
        self._predict = tf.function(predict, [batch], autograph=False)
        self.run(np.arange(samples, dtype=np.int32), 0, 0)  # traces, and optimises the graph
        self.predict(each(np.asarray, taken(x, slice(1))))

    def run(self, order: np.ndarray, first: int, last: int) -> np.ndarray:
        losses: np.ndarray = self._run(order, np.int32(first), np.int32(last)).numpy()
        return losses

    def predict(self, x: Any) -> np.ndarray:
        return _batched(lambda batch: self._predict(batch).numpy(), x)


class _Jax:
    def __init__(
        self,
        model: Any,
        loss: Loss,
        optimiser: Any,
        x: Any,
        y: Any,
        size: int,
        hits: Loss | None = None,
    ) -> None:
        import jax
        import jax.numpy as jnp

        self._model, self._optimiser, self._size = model, optimiser, size
        self._shape: tuple[int, ...] = () if hits is None else (2,)
        samples = len(y)
        whole, self._rest = divmod(samples, size)
        self._whole = whole

        def objective(trainable: Any, fixed: Any, indices: Any) -> Any:
            predicted, fixed, extra = model.stateless_call(
                trainable, fixed, taken(x, indices), training=True, return_losses=True
            )
            labels = y[indices]
            mean = jnp.mean(loss(labels, predicted))
            return mean + sum(extra), (_told(mean, hits, labels, predicted), fixed)

        def step(state: Any, indices: Any) -> Any:
            trainable, fixed, slots = state
            gradient = jax.value_and_grad(objective, has_aux=True)
            (_, (mean, fixed)), grads = gradient(trainable, fixed, indices)
            trainable, slots = optimiser.stateless_apply(slots, grads, trainable)
            return (trainable, fixed, slots), mean

        def run(state: Any, order: Any, first: Any, last: Any) -> Any:
            def body(i: Any, carried: Any) -> Any:
                state, losses = carried
                state, mean = step(state, jax.lax.dynamic_slice(order, (i * size,), (size,)))
                return state, losses.at[i].set(mean)

            losses = jnp.zeros((max(whole, 1), *self._shape), jnp.float32)
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
        self.predict(each(np.asarray, taken(x, slice(1))))

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
            state, mean = self._step(state, order[self._whole * self._size :])
            parts.append(np.asarray(mean).reshape(1, *self._shape))
        holders = (
            self._model.trainable_variables,
            self._model.non_trainable_variables,
            self._optimiser.variables,
        )
        for variables, values in zip(holders, state, strict=True):
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)
        return np.concatenate(parts) if parts else np.zeros((0, *self._shape), np.float32)

    def predict(self, x: Any) -> np.ndarray:
        trainable, fixed, _ = self._state()
        return _batched(lambda batch: np.asarray(self._predict(trainable, fixed, batch)), x)


class _Torch:
    def __init__(
        self,
        model: Any,
        loss: Loss,
        optimiser: Any,
        x: Any,
        y: Any,
        size: int,
        hits: Loss | None = None,
    ) -> None:
        self._model, self._loss, self._optimiser, self._hits = model, loss, optimiser, hits
        self._x, self._y, self._size = x, y, size
        one = model(taken(x, slice(1)), training=False)
        self._loss(y[:1], one)  # shows what cannot train, and trains not

    def run(self, order: np.ndarray, first: int, last: int) -> np.ndarray:
        import torch

        losses = []
        variables = self._model.trainable_variables
        for i in range(first, last):
            indices = torch.from_numpy(order[i * self._size : (i + 1) * self._size])
            indices = indices.to(self._y.device)
            self._model.zero_grad()
            predicted = self._model(taken(self._x, indices), training=True)
            labels = self._y[indices]
            mean = self._loss(labels, predicted).mean()
            sum(self._model.losses, mean).backward()
            with torch.no_grad():
                self._optimiser.apply([v.value.grad for v in variables], variables)
                losses.append(_told(mean, self._hits, labels, predicted))
        return torch.stack(losses).detach().cpu().numpy() if losses else np.zeros(0, np.float32)

    def predict(self, x: Any) -> np.ndarray:
        import torch

        with torch.no_grad():
            return _batched(lambda batch: self._model(batch, training=False).cpu().numpy(), x)
