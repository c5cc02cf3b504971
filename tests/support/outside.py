"""A folder of faults as an outside user would lay it out."""

from __future__ import annotations

from pathlib import Path

SUBJECT = """
import numpy as np
from harness.subjects import Data, Subject

def load(seed, variant, fraction):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(400, 4)).astype("float32")
    y = np.eye(2, dtype="float32")[(x.sum(axis=1) > 0).astype(int)]
    n = round(200 * fraction)
    return Data(x[:n], y[:n], x[200:300], y[200:300], x[300:], y[300:])

def build(c):
    from keras import Input, Sequential, layers
    return Sequential([
        Input((4,)),
        layers.Dense(c["units_1"], activation=c["activation_1"],
                     kernel_initializer=c["kernel_initialiser_1"],
                     bias_initializer=c["bias_initialiser_1"]),
        layers.Dropout(c["dropout_1"]),
        layers.Dense(2, activation=c["activation_2"]),
    ])

SUBJECT = Subject(
    title="the sign of a sum", metric="accuracy", labels="one_hot",
    fixed={"loss": "categorical_crossentropy", "optimiser": "adam", "learning_rate": 0.05,
           "batch_size": 32, "epochs": 4, "units_1": 8, "activation_1": "relu",
           "activation_2": "softmax", "kernel_initialiser_1": "glorot_uniform",
           "bias_initialiser_1": "zeros", "dropout_1": 0.1},
    load=load, build=build,
)
"""

BUILD = SUBJECT[SUBJECT.index("def build") : SUBJECT.index("SUBJECT = ")]

SUBJECT_IN_PYTORCH = SUBJECT.replace("load=load,", 'framework="pytorch", load=load,').replace(
    BUILD,
    """def build(c):
    from torch import nn
    from harness.subjects.pytorch import activation, block
    return nn.Sequential(
        *block(nn.Linear(4, c["units_1"]), c, 1), nn.Dropout(c["dropout_1"]),
        nn.Linear(c["units_1"], 2), activation(c["activation_2"]),
    )

""",
)

FAULT = """
id: {id}
subject: sum_sign
title: a learning rate far too small
faulty: {{learning_rate: 0.00001}}
origin: {{tool: DeepCrime, operator: change_learning_rate}}
source: test
"""


def write_faults(folder: Path, *ids: str) -> Path:
    """One subject in both frameworks, and faults of the one in Keras by id."""
    (folder / "subjects").mkdir(parents=True)
    (folder / "subjects" / "sum_sign.py").write_text(SUBJECT)
    (folder / "subjects" / "sum_sign_torch.py").write_text(SUBJECT_IN_PYTORCH)
    for name in ids:
        (folder / f"{name}.yaml").write_text(FAULT.format(id=name))
    return folder
