"""AutoTrainer's solutions, and their order for every symptom.

A solution is a function of the present program. It returns a change, or None if the program has
that change already.
Source: AutoTrainer, ICSE 2021, Table III; names, values and orders as in the authors' code.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from harness.records.observation import Symptom
from harness.techniques.autotrainer.rules import Rules
from harness.training.watched.edits import LayerEdit
from harness.training.watched.history import Training

TOOL_RATES: Mapping[str, float] = {
    "sgd": 0.01,
    "adam": 0.001,
    "nadam": 0.002,
    "adamax": 0.002,
    "rmsprop": 0.001,
}
"""Default rates of Keras 2.3.1, which the tool ran on. Keras 3 gives Nadam and Adamax 0.001."""

TOOL_INITIALISERS = tuple(
    f"{scale}_{shape}" for scale in ("he", "lecun", "glorot") for shape in ("uniform", "normal")
)
TOOL_BATCH_SIZES = (32, 64, 128, 256)
LEAKY = ("leaky_relu", "elu", "thresholded_relu")
"""Slope 0.3, scale 1 and threshold 1."""
NOISE = 0.1
"""Standard deviation of the noise on the input."""


@dataclass(frozen=True, slots=True)
class Situation:
    """The present program when a solution is asked for."""

    training: Training
    kinds: tuple[str, ...]
    """Of its layers, see ``harness.training.watched.network.LAYER_KINDS``."""
    symptom: Symptom
    rules: Rules


@dataclass(frozen=True, slots=True)
class Change:
    """Change of a program by a solution."""

    training: Training
    edits: tuple[LayerEdit, ...] = ()
    text: str = ""
    """The change in words."""


Apply = Callable[[Situation, int, np.random.Generator], Change | None]
"""The program, the number of the repetition (from 0), a generator -> change, or None."""


@dataclass(frozen=True, slots=True)
class Solution:
    """One kind of change, and how often it is tried."""

    name: str
    repetitions: int
    grade: int
    """Depth of the change: 0 the training, 1 the settings of layers, 2 the layers."""
    apply: Apply


def _activation(to: str, kernel: str, bias: str) -> Apply:
    def apply(case: Situation, repetition: int, rng: np.random.Generator) -> Change:
        rules = case.rules
        edits: tuple[LayerEdit, ...] = (
            {"edit": "activation", "to": to, "separate": rules.separate_activations},
            {"edit": "initialise", "kernel": kernel, "bias": bias, "redraw": rules.redraw},
        )
        return Change(case.training, edits, f"hidden activations {to}, initialiser {kernel}")

    return apply


def _normalisation(case: Situation, repetition: int, rng: np.random.Generator) -> Change:
    edit: LayerEdit = {
        "edit": "batch_normalisation",
        "before_activation": case.rules.before_activation,
    }
    return Change(case.training, (edit,), "batch normalisation after each hidden layer")


def _clip(case: Situation, repetition: int, rng: np.random.Generator) -> Change | None:
    options = case.training.options
    if any(options.get(name) for name in ("clipvalue", "clipnorm", "global_clipnorm")):
        return None
    bound = round(float(rng.uniform(9, 10)), 2)
    training = replace(case.training, options={**options, "clipvalue": bound})
    return Change(training, text=f"gradients clipped at {bound}")


def _initialise(case: Situation, repetition: int, rng: np.random.Generator) -> Change:
    kernel, bias = (TOOL_INITIALISERS[int(i)] for i in rng.integers(len(TOOL_INITIALISERS), size=2))
    edit: LayerEdit = {
        "edit": "initialise",
        "kernel": kernel,
        "bias": bias,
        "redraw": case.rules.redraw,
    }
    return Change(case.training, (edit,), f"hidden kernels {kernel}, biases {bias}")


def _leaky(case: Situation, repetition: int, rng: np.random.Generator) -> Change:
    edit: LayerEdit = {
        "edit": "advanced_activation",
        "to": LEAKY[repetition],
        "separate": case.rules.separate_activations,
        "strip_output": case.rules.strip_output,
    }
    return Change(case.training, (edit,), f"hidden activations {LEAKY[repetition]}")


def _optimiser(case: Situation, name: str, **options: float) -> Change:
    rate = TOOL_RATES[name]
    training = replace(case.training, optimiser=name, learning_rate=rate, options=options)
    more = "".join(f", {option} {value:g}" for option, value in options.items())
    return Change(training, text=f"optimiser {name}, learning rate {rate:g}{more}")


def _adam(case: Situation, repetition: int, rng: np.random.Generator) -> Change | None:
    return None if case.training.optimiser == "adam" else _optimiser(case, "adam")


def _momentum(case: Situation, repetition: int, rng: np.random.Generator) -> Change:
    return _optimiser(case, "sgd", momentum=round(float(rng.uniform(0.01, 0.9)), 2))


def _another_optimiser(case: Situation, repetition: int, rng: np.random.Generator) -> Change:
    others = [name for name in TOOL_RATES if name != case.training.optimiser]
    return _optimiser(case, others[int(rng.integers(len(others)))])


def _rate(case: Situation, repetition: int, rng: np.random.Generator) -> Change | None:
    base = 0.01 if case.training.optimiser == "sgd" else 0.001
    step = 10.0 if case.symptom is Symptom.SLOW else 0.1
    rate = float(f"{base * step**repetition:.12g}")
    same = math.isclose(rate, case.training.learning_rate, rel_tol=1e-6)
    if same and not case.rules.rates_never_equal:
        return None
    return Change(replace(case.training, learning_rate=rate), text=f"learning rate {rate:g}")


def _falling_rate(case: Situation, repetition: int, rng: np.random.Generator) -> Change:
    training = replace(case.training, reduce_rate=case.rules.rate_falls)
    return Change(training, text="learning rate falls when the validation loss does not")


def _batch(case: Situation, repetition: int, rng: np.random.Generator) -> Change | None:
    size = TOOL_BATCH_SIZES[repetition]
    if size == case.training.batch_size:
        return None
    return Change(replace(case.training, batch_size=size), text=f"batch size {size}")


def _noise(case: Situation, repetition: int, rng: np.random.Generator) -> Change | None:
    if "noise" in case.kinds[:3]:
        return None
    edit: LayerEdit = {"edit": "gaussian_noise", "deviation": NOISE}
    return Change(case.training, (edit,), f"Gaussian noise {NOISE} before the first layer")


SOLUTIONS: Mapping[str, Solution] = {
    s.name: s
    for s in (
        Solution("selu", 1, 1, _activation("selu", "lecun_uniform", "lecun_uniform")),
        Solution("relu", 1, 1, _activation("relu", "he_uniform", "zeros")),
        Solution("tanh", 1, 1, _activation("tanh", "he_uniform", "zeros")),
        Solution("bn", 1, 2, _normalisation),
        Solution("gradient", 2, 0, _clip),
        Solution("initial", 3, 1, _initialise),
        Solution("leaky", 3, 2, _leaky),
        Solution("adam", 1, 0, _adam),
        Solution("lr", 3, 0, _rate),
        Solution("ReduceLR", 1, 0, _falling_rate),
        Solution("batch", 4, 0, _batch),
        Solution("momentum", 3, 0, _momentum),
        Solution("GN", 1, 2, _noise),
        Solution("optimizer", 3, 0, _another_optimiser),
    )
}
"""Solutions by their names in the authors' code, which the published logs use."""

_OSCILLATING = ("adam", "lr", "ReduceLR", "batch", "momentum", "GN", "initial")
_SLOW = ("optimizer", "lr", "initial")
_DYING = ("selu", "initial", "leaky", "bn")

ORDERS: Mapping[str, Mapping[Symptom, tuple[str, ...]]] = {
    "balance": {
        Symptom.VANISHING: ("selu", "relu", "bn"),
        Symptom.EXPLODING: ("selu", "relu", "gradient", "tanh", "bn"),
        Symptom.DYING: ("selu", "bn", "initial", "leaky"),
        Symptom.OSCILLATING: _OSCILLATING,
        Symptom.SLOW: _SLOW,
    },
    "structure": {
        Symptom.VANISHING: ("relu", "selu", "bn"),
        Symptom.EXPLODING: ("gradient", "relu", "selu", "tanh", "bn"),
        Symptom.DYING: _DYING,
        Symptom.OSCILLATING: _OSCILLATING,
        Symptom.SLOW: _SLOW,
    },
    "efficiency": {
        Symptom.VANISHING: ("relu", "selu", "bn"),
        Symptom.EXPLODING: ("relu", "selu", "tanh", "gradient", "bn"),
        Symptom.DYING: _DYING,
        Symptom.OSCILLATING: _OSCILLATING,
        Symptom.SLOW: _SLOW,
    },
}


def solutions_for(symptom: Symptom, rules: Rules) -> list[Solution]:
    """The solutions of a symptom in order, at least one."""
    listed = [SOLUTIONS[name] for name in ORDERS[rules.strategy][symptom]]
    kept = [
        s for s in listed if s.grade <= rules.grades and not (rules.save_memory and s.name == "bn")
    ]
    return kept or listed[:1]
