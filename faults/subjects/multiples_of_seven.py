"""The remainder of a 20-bit number by 7 (Stack Overflow 56380303).

Source: Kim et al., ICST 2023, fault D8; DeepFD benchmark.
"""

from dataclasses import replace

import numpy as np

from harness.subjects import Data, Subject, semantics

BITS = 20


def load(seed: int, variant: str, fraction: float) -> Data:
    """8,000 training numbers, 1,600 search samples, 1,000 holdout (400 ``icst23``).

    Input and target are bits, the least significant one first; the target is the number modulo 7,
    so it has several ones, one or none. A prediction counts as right if its largest output is at
    the target's first one (or at the first bit if there is none), as in the post's program.
    """
    rng = np.random.default_rng(seed)
    holdout = 400 if variant == "icst23" else 1_000
    x, y = _numbers(rng, 9_600 + holdout)
    used = round(8_000 * fraction)
    return Data(x[:used], y[:used], x[8_000:9_600], y[8_000:9_600], x[9_600:], y[9_600:])


def _numbers(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    bits = rng.integers(0, 2, size=(n, BITS))
    powers = 2 ** np.arange(BITS)
    remainders = (bits @ powers) % 7
    targets = (remainders[:, None] // powers) % 2
    return bits.astype("float32"), targets.astype("float32")


def build(c):
    from keras import Input, Sequential, layers

    from harness.subjects.keras_layers import layer_options

    def dense(units: int, n: int) -> layers.Dense:
        return layers.Dense(units, **layer_options(c, n))

    return Sequential(
        [
            Input((BITS,)),
            dense(c["units_1"], 1),
            *(dense(c["units_2"], 2) for _ in range(c["layers_2"])),
            dense(BITS, 3),
        ]
    )


SUBJECT = Subject(
    title="remainders of 20-bit numbers by 7",
    metric="accuracy",
    labels="one_hot",
    fixed={
        "loss": "categorical_crossentropy",
        "optimiser": "adam",
        "learning_rate": 0.0001,
        "batch_size": 50,
        "epochs": 10,
        "layers_2": 1,
        "units_1": 20,
        "units_2": 20,
        "activation_1": "relu",
        "activation_2": "relu",
        "activation_3": "softmax",
        "kernel_initialiser_1": "glorot_uniform",
        "kernel_initialiser_2": "glorot_uniform",
        "kernel_initialiser_3": "glorot_uniform",
        "bias_initialiser_1": "zeros",
        "bias_initialiser_2": "zeros",
        "bias_initialiser_3": "zeros",
    },
    load=load,
    build=build,
    variants=("default", "icst23"),
    semantics=(semantics.RENORMALISED, semantics.LITERAL_RATE, semantics.SEVERAL_CLASSES),
)

PACKAGE = replace(
    SUBJECT,
    title="remainders of 20-bit numbers by 7, other numbers in every training",
    fresh_data=True,
)
