"""Independent programs: well-known architectures that learn well, and mutants of them.

The rules were amended on the benchmark, so figures there are in-sample. These architectures were
not used to set anything: every bug-level finding on them is a false alarm. Each is written from
its paper or, where said, from the framework's own introductory example; data as the source says,
scaled the way its authors scale them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from typing import Any

from harness.theia import extract_keras, extract_torch
from harness.theia.findings import Finding, Severity
from harness.theia.program import DataFacts, Kind, Layer, Program
from harness.theia.rules import judge

COLOUR = DataFacts(
    kind="color_image",
    channels=3,
    samples=50_000,
    train_range=(0.0, 1.0),
    test_range=(0.0, 1.0),
    labels="classes",
)
GREY = replace(COLOUR, kind="gray_image", channels=1, samples=60_000)
IMAGENET = replace(COLOUR, samples=1_281_167, train_range=(-2.1, 2.6), standardised=True)
IMAGENET = replace(IMAGENET, test_range=(-2.1, 2.6))
TABLE = DataFacts(
    kind="tabular", samples=20_000, train_range=(-3.0, 3.0), standardised=True, labels="real"
)
WORDS = DataFacts(kind="other", samples=25_000, train_range=(0.0, 19_999.0), labels="binary")


@dataclass(frozen=True)
class Healthy:
    """One architecture."""

    source: str
    program: Callable[[], Program]


def _keras(
    inputs: Any,
    outputs: Any,
    data: DataFacts,
    task: str,
    *,
    loss: str,
    rate: float = 0.001,
    batch_size: int = 128,
) -> Program:
    import keras

    return extract_keras.extract_keras_program(
        keras.Model(inputs, outputs),
        data=data,
        task=task,
        loss=loss,
        optimizer=keras.optimizers.Adam(rate),
        batch_size=batch_size,
    )


def _torch(
    model: Any,
    shape: tuple[int, ...],
    data: DataFacts,
    task: str,
    *,
    loss: Any,
    rate: float = 0.01,
    batch_size: int = 128,
) -> Program:
    import torch

    return extract_torch.extract_torch_program(
        model,
        batch=torch.zeros(2, *shape),
        data=data,
        task=task,
        loss=loss,
        optimizer=torch.optim.SGD(model.parameters(), lr=rate),
        batch_size=batch_size,
    )


def digits_example() -> Program:
    from keras import Input, layers

    x = inputs = Input((28, 28, 1))
    for filters in (32, 64):
        x = layers.MaxPooling2D(2)(layers.Conv2D(filters, 3, activation="relu")(x))
    x = layers.Dropout(0.5)(layers.Flatten()(x))
    outputs = layers.Dense(10, activation="softmax")(x)
    data = replace(GREY, labels="one_hot")
    return _keras(inputs, outputs, data, "multiclass", loss="categorical_crossentropy")


def vgg16() -> Program:
    from keras import Input, layers

    x = inputs = Input((224, 224, 3))
    for filters, number in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(number):
            x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
        x = layers.MaxPooling2D(2)(x)
    x = layers.Flatten()(x)
    for _ in range(2):
        x = layers.Dropout(0.5)(layers.Dense(4096, activation="relu")(x))
    outputs = layers.Dense(1000, activation="softmax")(x)
    return _keras(
        inputs,
        outputs,
        IMAGENET,
        "multiclass",
        loss="sparse_categorical_crossentropy",
        rate=0.01,
        batch_size=256,
    )


def mobilenet() -> Program:
    from keras import Input, layers

    def normal(x: Any) -> Any:
        return layers.ReLU()(layers.BatchNormalization()(x))

    inputs = Input((224, 224, 3))
    x = normal(layers.Conv2D(32, 3, strides=2, padding="same")(inputs))
    blocks = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)]
    for filters, stride in (*blocks, *[(512, 1)] * 5, (1024, 2), (1024, 1)):
        x = normal(layers.DepthwiseConv2D(3, strides=stride, padding="same")(x))
        x = normal(layers.Conv2D(filters, 1)(x))
    x = layers.GlobalAveragePooling2D()(x)
    outputs = layers.Dense(1000, activation="softmax")(x)
    loss = "sparse_categorical_crossentropy"
    return _keras(inputs, outputs, IMAGENET, "multiclass", loss=loss)


def inception() -> Program:
    from keras import Input, layers

    def conv(x: Any, filters: int, size: int) -> Any:
        return layers.Conv2D(filters, size, padding="same", activation="relu")(x)

    def module(x: Any, one: int, three: tuple[int, int], five: tuple[int, int], pool: int) -> Any:
        pooled = layers.MaxPooling2D(3, strides=1, padding="same")(x)
        branches = [
            conv(x, one, 1),
            conv(conv(x, three[0], 1), three[1], 3),
            conv(conv(x, five[0], 1), five[1], 5),
            conv(pooled, pool, 1),
        ]
        return layers.Concatenate()(branches)

    def halve(x: Any) -> Any:
        return layers.MaxPooling2D(3, strides=2, padding="same")(x)

    inputs = Input((224, 224, 3))
    x = layers.Conv2D(64, 7, strides=2, padding="same", activation="relu")(inputs)
    x = halve(conv(conv(halve(x), 64, 1), 192, 3))
    x = module(x, 64, (96, 128), (16, 32), 32)
    x = halve(module(x, 128, (128, 192), (32, 96), 64))
    x = module(x, 192, (96, 208), (16, 48), 64)
    x = module(x, 256, (160, 320), (32, 128), 128)
    x = layers.Dropout(0.4)(layers.GlobalAveragePooling2D()(x))
    outputs = layers.Dense(1000, activation="softmax")(x)
    loss = "sparse_categorical_crossentropy"
    return _keras(inputs, outputs, IMAGENET, "multiclass", loss=loss)


def densenet() -> Program:
    from keras import Input, layers

    def grow(x: Any, filters: int, size: int) -> Any:
        x = layers.ReLU()(layers.BatchNormalization()(x))
        return layers.Conv2D(filters, size, padding="same")(x)

    inputs = Input((32, 32, 3))
    x = layers.Conv2D(24, 3, padding="same")(inputs)
    channels = 24
    for block in range(3):
        for _ in range(4):
            x = layers.Concatenate()([x, grow(grow(x, 48, 1), 12, 3)])
            channels += 12
        if block < 2:
            channels //= 2
            x = layers.AveragePooling2D(2)(grow(x, channels, 1))
    x = layers.ReLU()(layers.BatchNormalization()(x))
    outputs = layers.Dense(10, activation="softmax")(layers.GlobalAveragePooling2D()(x))
    loss = "sparse_categorical_crossentropy"
    return _keras(inputs, outputs, COLOUR, "multiclass", loss=loss, batch_size=64)


def text_lstm() -> Program:
    from keras import Input, layers

    inputs = Input((200,))
    x = layers.Embedding(20_000, 128)(inputs)
    x = layers.Bidirectional(layers.LSTM(64, return_sequences=True))(x)
    x = layers.Bidirectional(layers.LSTM(64))(x)
    outputs = layers.Dense(1, activation="sigmoid")(x)
    return _keras(inputs, outputs, WORDS, "binary", loss="binary_crossentropy", batch_size=32)


def text_cnn() -> Program:
    from keras import Input, layers

    inputs = Input((400,))
    x = layers.Dropout(0.5)(layers.Embedding(20_000, 300)(inputs))
    maps = [layers.Conv1D(100, size, activation="relu")(x) for size in (3, 4, 5)]
    x = layers.Concatenate()([layers.GlobalMaxPooling1D()(m) for m in maps])
    outputs = layers.Dense(1, activation="sigmoid")(layers.Dropout(0.5)(x))
    return _keras(inputs, outputs, WORDS, "binary", loss="binary_crossentropy", batch_size=50)


def price_mlp() -> Program:
    from keras import Input, layers

    x = inputs = Input((13,))
    for _ in range(2):
        x = layers.Dense(64, activation="relu")(x)
    outputs = layers.Dense(1)(x)
    return _keras(inputs, outputs, TABLE, "regression", loss="mse", batch_size=32)


def lenet5() -> Program:
    from torch import nn

    model = nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2),
        nn.Tanh(),
        nn.AvgPool2d(2),
        nn.Conv2d(6, 16, 5),
        nn.Tanh(),
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Linear(400, 120),
        nn.Tanh(),
        nn.Linear(120, 84),
        nn.Tanh(),
        nn.Linear(84, 10),
    )
    return _torch(model, (1, 28, 28), GREY, "multiclass", loss=nn.CrossEntropyLoss())


def alexnet() -> Program:
    from torch import nn

    def conv(inputs: int, filters: int, size: int, **more: int) -> list[Any]:
        return [nn.Conv2d(inputs, filters, size, **more), nn.ReLU()]

    model = nn.Sequential(
        *conv(3, 96, 11, stride=4, padding=2),
        nn.MaxPool2d(3, 2),
        *conv(96, 256, 5, padding=2),
        nn.MaxPool2d(3, 2),
        *conv(256, 384, 3, padding=1),
        *conv(384, 384, 3, padding=1),
        *conv(384, 256, 3, padding=1),
        nn.MaxPool2d(3, 2),
        nn.Flatten(),
        nn.Dropout(),
        nn.Linear(256 * 36, 4096),
        nn.ReLU(),
        nn.Dropout(),
        nn.Linear(4096, 4096),
        nn.ReLU(),
        nn.Linear(4096, 1000),
    )
    return _torch(model, (3, 224, 224), IMAGENET, "multiclass", loss=nn.CrossEntropyLoss())


def resnet18() -> Program:
    import torch
    from torch import nn

    class Block(nn.Module):
        def __init__(self, inputs: int, filters: int, stride: int) -> None:
            super().__init__()
            self.one = nn.Conv2d(inputs, filters, 3, stride, 1, bias=False)
            self.two = nn.Conv2d(filters, filters, 3, 1, 1, bias=False)
            self.norms = nn.ModuleList([nn.BatchNorm2d(filters) for _ in range(2)])
            self.short: Any = nn.Identity()
            if stride > 1:
                project = nn.Conv2d(inputs, filters, 1, stride, bias=False)
                self.short = nn.Sequential(project, nn.BatchNorm2d(filters))

        def forward(self, x: Any) -> Any:
            y = torch.relu(self.norms[0](self.one(x)))
            return torch.relu(self.norms[1](self.two(y)) + self.short(x))

    blocks = [
        Block(inputs if first else filters, filters, stride if first else 1)
        for inputs, filters, stride in ((64, 64, 1), (64, 128, 2), (128, 256, 2), (256, 512, 2))
        for first in (True, False)
    ]
    model = nn.Sequential(
        nn.Conv2d(3, 64, 7, 2, 3, bias=False),
        nn.BatchNorm2d(64),
        nn.ReLU(),
        nn.MaxPool2d(3, 2, 1),
        *blocks,
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(512, 1000),
    )
    loss = nn.CrossEntropyLoss()
    return _torch(model, (3, 224, 224), IMAGENET, "multiclass", loss=loss, batch_size=256)


def squeezenet() -> Program:
    import torch
    from torch import nn
    from torch.nn import functional

    class Fire(nn.Module):
        def __init__(self, inputs: int, squeeze: int, expand: int) -> None:
            super().__init__()
            self.squeeze = nn.Conv2d(inputs, squeeze, 1)
            self.one, self.three = (
                nn.Conv2d(squeeze, expand, 1),
                nn.Conv2d(squeeze, expand, 3, padding=1),
            )

        def forward(self, x: Any) -> Any:
            x = functional.relu(self.squeeze(x))
            return torch.cat([functional.relu(self.one(x)), functional.relu(self.three(x))], 1)

    pool = nn.MaxPool2d(3, 2)
    model = nn.Sequential(
        nn.Conv2d(3, 96, 7, 2),
        nn.ReLU(),
        pool,
        *[Fire(96, 16, 64), Fire(128, 16, 64), Fire(128, 32, 128)],
        pool,
        *[Fire(256, 32, 128), Fire(256, 48, 192), Fire(384, 48, 192), Fire(384, 64, 256)],
        pool,
        Fire(512, 64, 256),
        nn.Dropout(0.5),
        nn.Conv2d(512, 1000, 1),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
    )
    return _torch(model, (3, 224, 224), IMAGENET, "multiclass", loss=nn.CrossEntropyLoss())


def unet() -> Program:
    import torch
    from torch import nn

    def twice(inputs: int, filters: int) -> Any:
        first, second = nn.Conv2d(inputs, filters, 3, 1, 1), nn.Conv2d(filters, filters, 3, 1, 1)
        return nn.Sequential(first, nn.ReLU(), second, nn.ReLU())

    class UNet(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            sizes = (64, 128, 256, 512)
            self.down = nn.ModuleList(map(twice, (1, *sizes[:-1]), sizes))
            self.up = nn.ModuleList(
                nn.ConvTranspose2d(n, n // 2, 2, 2) for n in reversed(sizes[1:])
            )
            self.merge = nn.ModuleList(twice(n, n // 2) for n in reversed(sizes[1:]))
            self.pool, self.out = nn.MaxPool2d(2), nn.Conv2d(64, 1, 1)

        def forward(self, x: Any) -> Any:
            kept = []
            for block in self.down[:-1]:
                x = block(x)
                kept.append(x)
                x = self.pool(x)
            x = self.down[-1](x)
            for up, block in zip(self.up, self.merge, strict=True):
                x = block(torch.cat([kept.pop(), up(x)], 1))
            return self.out(x)

    data = replace(GREY, labels="unknown")
    loss = nn.BCEWithLogitsLoss()
    return _torch(UNet(), (1, 64, 64), data, "multilabel", loss=loss, batch_size=32)


def autoencoder() -> Program:
    from torch import nn

    sizes = (784, 128, 64, 32, 64, 128, 784)
    stack = [x for a, b in pairwise(sizes) for x in (nn.Linear(a, b), nn.ReLU())]
    data = replace(GREY, kind="tabular", channels=None, labels="real")
    return _torch(nn.Sequential(*stack[:-1]), (784,), data, "regression", loss=nn.MSELoss())


HEALTHY: Mapping[str, Healthy] = {
    "digits_example": Healthy("Keras, simple MNIST convnet example", digits_example),
    "vgg16": Healthy("Simonyan and Zisserman 2015", vgg16),
    "mobilenet": Healthy("Howard et al. 2017", mobilenet),
    "inception": Healthy("Szegedy et al. 2015, first half", inception),
    "densenet": Healthy("Huang et al. 2017, bottleneck variant, growth 12", densenet),
    "text_lstm": Healthy("Keras, bidirectional LSTM on reviews example", text_lstm),
    "text_cnn": Healthy("Kim 2014", text_cnn),
    "price_mlp": Healthy("Chollet, Deep Learning with Python, house prices", price_mlp),
    "lenet5": Healthy("LeCun et al. 1998, with cross-entropy", lenet5),
    "alexnet": Healthy("Krizhevsky et al. 2012, one column", alexnet),
    "resnet18": Healthy("He et al. 2016", resnet18),
    "squeezenet": Healthy("Iandola et al. 2016", squeezenet),
    "unet": Healthy("Ronneberger et al. 2015, four levels", unet),
    "autoencoder": Healthy("Hinton and Salakhutdinov 2006, with ReLU", autoencoder),
}


@cache
def programs() -> Mapping[str, Program]:
    """The architectures' meta-models, by name."""
    return {name: healthy.program() for name, healthy in HEALTHY.items()}


def false_alarms(profile: str) -> dict[str, list[Finding]]:
    """Bug-level findings on each architecture."""
    return {
        name: [f for f in judge(program, profile) if f.severity is Severity.BUG]
        for name, program in programs().items()
    }


Mutation = Callable[[Program], Program | None]
"""A program with one thing wrong, or None where it does not apply."""


def _with_learner(**values: Any) -> Mutation:
    return lambda program: replace(program, learner=replace(program.learner, **values))


def _with_data(**values: Any) -> Mutation:
    def mutate(program: Program) -> Program | None:
        if program.data.kind == "other":
            return None
        return replace(program, data=replace(program.data, standardised=False, **values))

    return mutate


def _with_layer(program: Program, layer: Layer, **values: Any) -> Program:
    layers = tuple(replace(x, **values) if x.index == layer.index else x for x in program.layers)
    return replace(program, layers=layers)


def _hidden_activation(to: str) -> Mutation:
    """Change the activation in the middle of the network; ``linear`` removes it."""

    def mutate(program: Program) -> Program | None:
        applied = [a for w in program.hidden for a in program.activations(w)[:1]]
        return _with_layer(program, applied[len(applied) // 2], activation=to) if applied else None

    return mutate


def _output_activation(program: Program) -> Program | None:
    """Softmax where none or sigmoid belongs; sigmoid where softmax belongs."""
    if len(program.outputs) != 1:
        return None
    (output,) = program.outputs
    applied = program.activations(output)
    at = applied[0] if applied else output
    return _with_layer(
        program, at, activation="sigmoid" if at.activation == "softmax" else "softmax"
    )


def _wrong_loss(program: Program) -> Program:
    wrong = {"regression": ("bce", "probabilities")}.get(program.task, ("mse", "values"))
    learner = replace(program.learner, loss=wrong[0], expects=wrong[1])
    return replace(program, learner=learner)


def _few_filters(program: Program) -> Program | None:
    convs = [c for c in program.convs if c not in program.outputs]
    return _with_layer(program, convs[-1], units=4) if convs else None


def _double_activation(program: Program) -> Program | None:
    """A layer that does nothing in a block becomes a second activation."""
    idle = [
        x
        for w in program.hidden
        if program.activations(w)
        for x in program.block(w)
        if x.kind in (Kind.DROPOUT, Kind.BATCHNORM)
    ]
    return _with_layer(program, idle[0], kind=Kind.ACTIVATION, activation="relu") if idle else None


MUTATIONS: Mapping[str, tuple[str, Mutation]] = {
    "learning rate 1": ("LOB", _with_learner(learning_rate=1.0)),
    "learning rate 1e-7": ("LOB", _with_learner(learning_rate=1e-7)),
    "batch size 4": ("IBS", _with_learner(batch_size=4)),
    "batch size 4096": ("IBS", _with_learner(batch_size=4096)),
    "inputs up to 255": ("IDN", _with_data(train_range=(0.0, 255.0), test_range=(0.0, 255.0))),
    "test data up to 255": ("IDN", _with_data(train_range=(0.0, 1.0), test_range=(0.0, 255.0))),
    "hidden activation removed": ("CNL", _hidden_activation("linear")),
    "hidden activation softmax": ("CNL", _hidden_activation("softmax")),
    "second activation": ("CNL", _double_activation),
    "output activation changed": ("LLM", _output_activation),
    "loss of another task": ("LLM", _wrong_loss),
    "four filters": ("INF", _few_filters),
}
"""Mutation -> (the rule that should see it, the change)."""


def hits(profile: str) -> dict[str, tuple[int, int]]:
    """For each mutation: mutants in which its rule finds something new at bug level, mutants."""
    found = {}
    for name, (rule, mutate) in MUTATIONS.items():
        mutants = [(p, m) for p in programs().values() if (m := mutate(p)) is not None]
        seen = [_new(rule, before, after, profile) for before, after in mutants]
        found[name] = (sum(seen), len(seen))
    return found


def _new(rule: str, before: Program, after: Program, profile: str) -> bool:
    def of(program: Program) -> set[tuple[str, str, str, str]]:
        return {
            f.identity
            for f in judge(program, profile)
            if f.rule == rule and f.severity is Severity.BUG
        }

    return bool(of(after) - of(before))
