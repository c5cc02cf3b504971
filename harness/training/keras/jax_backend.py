"""Keras on JAX: the state goes into a compiled function and comes back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from harness.training.keras.loop import GradientProbe, LoopParts, batched, one_sample
from harness.training.programs import Loss
from harness.training.samples import taken

_Step = Callable[[Any, Any], tuple[Any, Any]]
"""(state, indices of the batch) -> (state after the step, its report)."""


class JaxLoop:
    """``Loop`` on JAX. Whole batches run in one call; the rest of an epoch is a step of its own."""

    def __init__(self, parts: LoopParts) -> None:
        self._parts, samples = parts, len(parts.y)
        self._whole, self._rest = divmod(samples, parts.batch_size)
        step = _step(parts)
        state, order = self._state(), jnp.arange(samples, dtype=jnp.int32)
        run = _steps(parts, step, self._whole)
        self._run = jax.jit(run).lower(state, order, 0, 0).compile() if self._whole else None
        last = order[self._whole * parts.batch_size :]
        self._step = jax.jit(step).lower(state, last).compile() if self._rest else None
        self._predict = jax.jit(
            lambda trainable, fixed, batch: parts.model.stateless_call(
                trainable, fixed, batch, training=False
            )[0]
        )
        self.predict(one_sample(parts.x))

    def _variables(self) -> tuple[Any, Any, Any]:
        model, optimiser = self._parts.model, self._parts.optimiser
        return model.trainable_variables, model.non_trainable_variables, optimiser.variables

    def _state(self) -> Any:
        """Values of the variables: (trainable, not trainable, the optimiser's)."""
        return tuple([v.value for v in some] for some in self._variables())

    def run(self, order: np.ndarray, first: int, last: int) -> np.ndarray:
        state, reports = self._state(), []
        end = min(last, self._whole)
        if first < end and self._run is not None:
            state, losses = self._run(state, order, first, end)
            reports.append(np.asarray(losses)[first:end])
        if last > self._whole and self._step is not None:
            state, report = self._step(state, order[self._whole * self._parts.batch_size :])
            reports.append(np.asarray(report).reshape(1, *self._parts.figures))
        for variables, values in zip(self._variables(), state, strict=True):
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)
        nothing = np.zeros((0, *self._parts.figures), np.float32)
        return np.concatenate(reports) if reports else nothing

    def predict(self, x: Any) -> np.ndarray:
        trainable, fixed, _ = self._state()
        return batched(lambda batch: np.asarray(self._predict(trainable, fixed, batch)), x)


def _step(parts: LoopParts) -> _Step:
    """The function that trains one step."""

    def objective(trainable: Any, fixed: Any, indices: Any) -> Any:
        predicted, fixed, extra = parts.model.stateless_call(
            trainable, fixed, taken(parts.x, indices), training=True, return_losses=True
        )
        labels = parts.y[indices]
        mean = jnp.mean(parts.loss(labels, predicted))
        return mean + sum(extra), (parts.report(mean, labels, predicted), fixed)

    def step(state: Any, indices: Any) -> Any:
        trainable, fixed, slots = state
        gradient = jax.value_and_grad(objective, has_aux=True)
        (_, (report, fixed)), grads = gradient(trainable, fixed, indices)
        trainable, slots = parts.optimiser.stateless_apply(slots, grads, trainable)
        return (trainable, fixed, slots), report

    return step


def _steps(parts: LoopParts, step: _Step, whole: int) -> Any:
    """The function that trains steps of whole batches: (state, order, first, last) -> ..."""
    size = parts.batch_size

    def run(state: Any, order: Any, first: Any, last: Any) -> Any:
        def body(i: Any, carried: Any) -> Any:
            state, reports = carried
            state, report = step(state, jax.lax.dynamic_slice(order, (i * size,), (size,)))
            return state, reports.at[i].set(report)

        reports = jnp.zeros((max(whole, 1), *parts.figures), jnp.float32)
        return jax.lax.fori_loop(first, last, body, (state, reports))

    return run


class JaxBackend:
    """``Backend`` for JAX."""

    def make_loop(self, parts: LoopParts) -> JaxLoop:
        return JaxLoop(parts)

    def make_probe(
        self, model: Any, loss: Loss, weights: Sequence[Any], x: Any, y: Any
    ) -> GradientProbe:
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
