"""A perceptron that sorts Reuters newswires by topic (46 classes), from Keras' examples.

Source: Kim et al., ICST 2023, faults R1 to R7; mutants of DeepCrime's operators.
"""

import numpy as np

from harness.data import STAND_IN, load_reuters, standins
from harness.subjects import Data, Subject, semantics

WORDS, TOPICS = 10_000, 46


def load(seed: int, variant: str, fraction: float) -> Data:
    """7,185 training texts, 1,796 search samples, 450 holdout, as bags of words.

    The splits are those of the study, whatever ``seed``. A bag says which of the words below
    10,000 occur; as in Keras, 1 marks the start of a text and words count from 4.
    """
    from sklearn.model_selection import train_test_split

    if variant == STAND_IN:
        texts, topics = standins.texts(np.random.default_rng(seed), 1_400)
    else:
        texts, topics = load_reuters()
    order = np.arange(len(texts))
    np.random.RandomState(42).shuffle(order)  # as keras.datasets.reuters
    training, testing = np.split(order, [int(0.8 * len(order))])
    training, _ = train_test_split(training, test_size=0.2, random_state=42)
    search, holdout = train_test_split(testing, test_size=0.2, random_state=42)
    used = training[: max(1, round(len(training) * fraction))]
    arrays = []
    for part in (used, search, holdout):
        arrays += [_bags([texts[i] for i in part]), np.eye(TOPICS, dtype="float32")[topics[part]]]
    return Data(*arrays)


def _bags(texts: list[np.ndarray]) -> np.ndarray:
    bags = np.zeros((len(texts), WORDS), dtype="float32")
    for bag, text in zip(bags, texts, strict=True):
        words = np.asarray(text, dtype=np.int64) + 3
        bag[words[words < WORDS]] = 1
        bag[1] = 1
    return bags


def build(c):
    from keras import Input, Sequential, layers

    from harness.subjects.keras_layers import layer_options

    return Sequential(
        [
            Input((WORDS,)),
            layers.Dense(
                c["units_1"],
                **layer_options(c, 1),
                kernel_regularizer=semantics.l1_l2(c["l1_1"], c["l2_1"]),
            ),
            layers.Dropout(0.5),
            layers.Dense(
                TOPICS,
                **layer_options(c, 2),
            ),
        ]
    )


SUBJECT = Subject(
    title="perceptron on Reuters newswires",
    metric="accuracy",
    labels="one_hot",
    fixed={
        "loss": "categorical_crossentropy",
        "optimiser": "adam",
        "learning_rate": 0.001,
        "batch_size": 32,
        "epochs": 3,
        "units_1": 512,
        "activation_1": "relu",
        "activation_2": "softmax",
        "kernel_initialiser_1": "glorot_uniform",
        "kernel_initialiser_2": "glorot_uniform",
        "bias_initialiser_1": "zeros",
        "bias_initialiser_2": "zeros",
        "l1_1": 0.0,
        "l2_1": 0.0,
    },
    load=load,
    build=build,
    variants=("default", "icst23", STAND_IN),
    backend="torch",  # Adam's step over 5 million weights takes half of TensorFlow's time
    data_set="reuters",
    epochs_floor=5,
    semantics=(
        semantics.RENORMALISED,
        semantics.SIGNED_HINGE,
        semantics.LITERAL_L1_L2,
        semantics.LITERAL_RATE,
    ),
)
