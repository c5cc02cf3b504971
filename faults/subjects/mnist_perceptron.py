"""A perceptron on MNIST whose weights all start from N(0, 1) (Stack Overflow 48385830).

Source: Kim et al., ICST 2023, fault D4; DeepFD benchmark.
"""

from harness.data import STAND_IN, image_parts, one_hot
from harness.subjects import Data, Subject, semantics


def load(seed: int, variant: str, fraction: float) -> Data:
    """60,000 training images of 784 values in [0, 1], 8,000 search samples, 2,000 holdout."""
    parts = map(one_hot, image_parts("mnist", variant, seed, fraction))
    return Data(*(a for x, y in parts for a in (x.reshape(len(x), -1), y)))


def standard_normal():
    from keras import initializers

    return initializers.RandomNormal(stddev=1.0)


INITIALISERS = {"standard_normal": standard_normal}


def build(c):
    from keras import Input, Sequential, layers

    def initialiser(name: str):
        return INITIALISERS[name]() if name in INITIALISERS else name

    def dense(units: int, n: int) -> layers.Dense:
        return layers.Dense(
            units,
            activation=c[f"activation_{n}"],
            kernel_initializer=initialiser(c[f"kernel_initialiser_{n}"]),
            bias_initializer=initialiser(c[f"bias_initialiser_{n}"]),
        )

    return Sequential([Input((784,)), dense(c["units_1"], 1), dense(10, 2)])


SUBJECT = Subject(
    title="perceptron on MNIST",
    metric="accuracy",
    labels="one_hot",
    fixed={
        "loss": "categorical_crossentropy",
        "optimiser": "sgd",
        "learning_rate": 0.1,
        "batch_size": 10,
        "epochs": 30,
        "units_1": 30,
        "activation_1": "sigmoid",
        "activation_2": "softmax",
        "kernel_initialiser_1": "standard_normal",
        "kernel_initialiser_2": "standard_normal",
        "bias_initialiser_1": "standard_normal",
        "bias_initialiser_2": "standard_normal",
    },
    load=load,
    build=build,
    variants=("default", "icst23", STAND_IN),
    initialisers=INITIALISERS,
    data_set="mnist",
    semantics=(semantics.LITERAL_RATE, "standard_normal is N(0, 1), for kernels and biases alike"),
)
