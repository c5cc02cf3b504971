"""Keras on TensorFlow: the loop is one compiled graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from harness.training.keras.loop import GradientProbe, LoopParts, batched, one_sample
from harness.training.programs import Loss
from harness.training.samples import each


class TensorFlowLoop:
    """``Loop`` on TensorFlow."""

    def __init__(self, parts: LoopParts) -> None:
        x, samples = parts.x, len(parts.y)
        number, order = tf.TensorSpec([], tf.int32), tf.TensorSpec([samples], tf.int32)
        batch = each(lambda part: tf.TensorSpec([None, *part.shape[1:]]), x)
        self._run = tf.function(_steps(parts), [order, number, number], autograph=False)
        self._predict = tf.function(
            lambda some: parts.model(some, training=False), [batch], autograph=False
        )
        self.run(np.arange(samples, dtype=np.int32), 0, 0)  # traces, and optimises the graph
        self.predict(one_sample(x))

    def run(self, order: np.ndarray, first: int, last: int) -> np.ndarray:
        losses: np.ndarray = self._run(order, np.int32(first), np.int32(last)).numpy()
        return losses

    def predict(self, x: Any) -> np.ndarray:
        return batched(lambda batch: self._predict(batch).numpy(), x)


def _steps(parts: LoopParts) -> Any:
    """The function that trains steps: (order, first, last) -> their reports."""
    model, size = parts.model, parts.batch_size
    variables = model.trainable_variables
    weights = [v.value for v in variables]

    def step(indices: Any) -> Any:
        with tf.GradientTape() as tape:
            batch = each(lambda part: tf.gather(part, indices), parts.x)
            predicted = model(batch, training=True)
            labels = tf.gather(parts.y, indices)
            mean = tf.reduce_mean(parts.loss(labels, predicted))
            total = tf.add_n([mean, *model.losses])
        parts.optimiser.apply(tape.gradient(total, weights), variables)
        return parts.report(mean, labels, predicted)

    def run(order: Any, first: Any, last: Any) -> Any:
        def body(i: Any, reports: Any) -> Any:
            report = step(order[i * size : (i + 1) * size])
            return i + 1, reports.write(i - first, report)

        shape = list(parts.figures)
        reports = tf.TensorArray(tf.float32, size=last - first, element_shape=shape)
        return tf.while_loop(lambda i, _: i < last, body, (first, reports))[1].stack()

    return run


class TensorFlowBackend:
    """``Backend`` for TensorFlow."""

    def make_loop(self, parts: LoopParts) -> TensorFlowLoop:
        return TensorFlowLoop(parts)

    def make_probe(
        self, model: Any, loss: Loss, weights: Sequence[Any], x: Any, y: Any
    ) -> GradientProbe:
        values = [v.value for v in weights]

        @tf.function(autograph=False)  # type: ignore[untyped-decorator]
        def gradients() -> Any:
            with tf.GradientTape() as tape:
                mean = tf.reduce_mean(loss(y, model(x, training=False)))
                total = tf.add_n([mean, *model.losses])
            return [g for g in tape.gradient(total, values) if g is not None]

        return lambda: [g.numpy() for g in gradients()]
