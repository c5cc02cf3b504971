"""How long a check takes, and how it compares with what it saves."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[2]

IMPORT = "import time; t = time.perf_counter(); import harness.theia.live; "
IMPORT += "print(time.perf_counter() - t)"

CHECKS = """
import json, os, time
from statistics import median
import keras, numpy as np, torch
from keras import layers
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from harness import theia

def timed(check, times=5):
    check()  # what the first check imports is not its own
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        check()
        taken.append(time.perf_counter() - began)
    return median(taken)

rng = np.random.default_rng(0)
x = rng.random((60_000, 28, 28, 1), dtype=np.float32)
y = rng.integers(0, 10, 60_000)
cnn = keras.Sequential([
    keras.Input((28, 28, 1)),
    layers.Conv2D(32, 3, activation="relu"), layers.Conv2D(64, 3, activation="relu"),
    layers.MaxPooling2D(), layers.Dropout(0.25), layers.Flatten(),
    layers.Dense(128, activation="relu"), layers.Dropout(0.5),
    layers.Dense(10, activation="softmax"),
])
cnn.compile("adam", "sparse_categorical_crossentropy")
in_keras = timed(lambda: theia.check(cnn, loader=(x, y), task="multiclass"))

net = nn.Sequential(
    nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
    nn.Dropout(0.25), nn.Flatten(), nn.Linear(9216, 128), nn.ReLU(), nn.Linear(128, 10),
)
images = torch.from_numpy(x).permute(0, 3, 1, 2)
loader = DataLoader(TensorDataset(images, torch.from_numpy(y)), batch_size=64, shuffle=True)
optimizer = torch.optim.Adam(net.parameters())
loss = nn.CrossEntropyLoss()
in_torch = timed(lambda: theia.check(net, loss, optimizer, loader, "multiclass"))

began = time.perf_counter()
cnn.fit(x, y, batch_size=128, epochs=1, verbose=0)
epoch = time.perf_counter() - began

images = rng.random((50_000, 32, 32, 3), dtype=np.float32)
z = inputs = keras.Input((32, 32, 3))
for n in range(16):
    z = layers.Conv2D(32, 3, padding="same")(z)
    z = layers.ReLU()(layers.BatchNormalization()(z))
outputs = layers.Dense(10, activation="softmax")(layers.GlobalAveragePooling2D()(z))
deep = keras.Model(inputs, outputs)
assert len(deep.layers) - 1 == 50
deep.compile("adam", "sparse_categorical_crossentropy")
in_deep = timed(lambda: theia.check(deep, loader=(images, y[:50_000]), task="multiclass"))
print(json.dumps([in_keras, in_torch, in_deep, epoch]))
"""


def checks() -> list[tuple[str, str, str]]:
    """Importing, checking, and the whole detection benchmark."""

    def run(code: str) -> str:
        words = [sys.executable, "-c", code]
        done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
        return done.stdout.splitlines()[-1]

    imported = median(float(run(IMPORT)) for _ in range(3))
    in_keras, in_torch, in_deep, epoch = json.loads(run(CHECKS))
    words = [sys.executable, "-m", "experiments.theia_benchmark"]
    began = time.perf_counter()
    subprocess.run(words, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
    whole = time.perf_counter() - began
    return [
        ("Theia: import without a framework, median of 3", f"{imported:.2f} s", "<= 0.5 s"),
        ("Theia: check of the MNIST CNN, Keras", f"{in_keras:.3f} s", "<= 0.3 s"),
        ("Theia: check of the MNIST CNN, PyTorch", f"{in_torch:.3f} s", "<= 0.3 s"),
        ("Theia: check, 50 layers, 50,000 colour images", f"{in_deep:.2f} s", "<= 2 s"),
        (
            "Theia: one epoch of the MNIST CNN over one check",
            f"{epoch / in_keras:.0f} x",
            ">= 20 x",
        ),
        ("Theia: the whole detection benchmark", f"{whole:.0f} s", "<= 60 s"),
    ]
