"""The meta-model: a DNN program as the rules see it, independent of its framework.

Extractors fill it (``extract_keras``, ``extract_torch``); rules read nothing else.
Source: Manke et al., TOSEM (Theia), section 3; the fields are our own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property

from harness.vocabulary import unknown


class Kind(StrEnum):
    """The kind of a layer."""

    DENSE = "dense"
    CONV1D = "conv1d"
    CONV2D = "conv2d"
    CONV3D = "conv3d"
    TRANSPOSED_CONV = "transposed_conv"
    ACTIVATION = "activation"
    BATCHNORM = "batchnorm"
    NORM = "norm"
    """Any other normalisation of activations: layer, group, instance."""
    DROPOUT = "dropout"
    MAX_POOL = "max_pool"
    AVG_POOL = "avg_pool"
    GLOBAL_POOL = "global_pool"
    UPSAMPLE = "upsample"
    FLATTEN = "flatten"
    RESHAPE = "reshape"
    MERGE = "merge"
    """Joins several layers: addition, concatenation, product."""
    SCALING = "scaling"
    """Scales the inputs inside the model."""
    EMBEDDING = "embedding"
    RECURRENT = "recurrent"
    ATTENTION = "attention"
    OTHER = "other"


CONV = frozenset({Kind.CONV1D, Kind.CONV2D, Kind.CONV3D})
POOL = frozenset({Kind.MAX_POOL, Kind.AVG_POOL, Kind.GLOBAL_POOL})
WEIGHTED = CONV | {Kind.DENSE}
BOUNDARY = WEIGHTED | {Kind.TRANSPOSED_CONV, Kind.EMBEDDING, Kind.RECURRENT, Kind.ATTENTION}
"""Kinds that end the block of the weighted layer before them."""

TASKS = ("binary", "multiclass", "multilabel", "regression")

LOGITS_LOSSES = ("bce", "cce", "sparse_cce")
"""Losses that exist on logits as well as on probabilities."""


@dataclass(frozen=True, slots=True)
class Place:
    """A line of the user's code."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One layer, at one place of the execution order. Shapes are channels last, without batch."""

    index: int
    """From 1, in execution order; input placeholders are not counted."""
    name: str
    kind: Kind
    units: int | None = None
    """Neurons of a dense layer, filters of a convolution."""
    kernel: tuple[int, ...] = ()
    strides: tuple[int, ...] = ()
    padding: str = ""
    """``valid``, ``same``, or the numbers of pixels; '' where there is none."""
    rate: float | None = None
    activation: str = "linear"
    """Of an activation layer, or fused into this one; ``linear`` is the same as none."""
    in_features: int | None = None
    """Dense layers: size of the last input axis."""
    out_shape: tuple[int | None, ...] = ()
    inputs: tuple[int, ...] = ()
    """Indices of the layers whose output it takes; 0 is the program's input."""
    scale: tuple[float, float] | None = None
    """Scaling layers: (factor, offset); None if it standardises."""
    source: str = ""
    """Class or function of the framework."""
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Learner:
    """The training of a program. None: not known."""

    loss: str
    """bce, cce, sparse_cce, mse, mae, huber, log_cosh, msle, mape, hinge, kld, poisson, nll, ctc,
    or custom."""
    expects: str = "probabilities"
    """Predictions that the loss takes: probabilities, logits, log_probabilities or values."""
    convention: str = "probabilities"
    """Predictions that the framework's classification losses take by default."""
    optimiser: str = "custom"
    learning_rate: float | None = None
    """At the first step."""
    scheduled: bool = False
    batch_size: int | None = None
    epochs: int | None = None
    places: Mapping[str, Place] = field(default_factory=dict)
    """Of ``loss``, ``optimiser``, ``compile``, ``fit``, ``batch_size``, ``loader``, where known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFacts:
    """Facts of the data that a program learns from."""

    kind: str
    """color_image, gray_image, tabular or other."""
    channels: int | None = None
    samples: int | None = None
    """Number of training samples."""
    train_range: tuple[float, float] | None = None
    test_range: tuple[float, float] | None = None
    standardised: bool = False
    """Every feature (every channel of an image) has about mean 0 and standard deviation 1."""
    labels: str = "unknown"
    """one_hot, multi_hot, binary (0 and 1 in one column), classes, real or unknown."""
    classes: int | None = None
    remarks: tuple[str, ...] = ()
    """Oddities of the labels, and how much of the data was read."""

    @property
    def image(self) -> bool:
        return self.kind in ("color_image", "gray_image")


@dataclass(frozen=True)
class Program:
    """A DNN program before training."""

    layers: tuple[Layer, ...]
    learner: Learner
    data: DataFacts
    task: str
    framework: str = ""
    listing: str = "traced"
    """Source of the layers' order: ``traced``, or a description of the fallback."""

    def __post_init__(self) -> None:
        if self.task not in TASKS:
            raise unknown("task", self.task, TASKS)
        for number, layer in enumerate(self.layers, 1):
            if layer.index != number or any(not 0 <= i < number for i in layer.inputs):
                raise ValueError(f"layer {number} has index {layer.index}, inputs {layer.inputs}")

    @cached_property
    def _followers(self) -> list[list[int]]:
        """For the input and each layer, the layers that take its output."""
        found: list[list[int]] = [[] for _ in range(len(self.layers) + 1)]
        for layer in self.layers:
            for index in layer.inputs:
                found[index].append(layer.index)
        return found

    def layer(self, index: int) -> Layer:
        return self.layers[index - 1]

    @cached_property
    def weighted(self) -> tuple[Layer, ...]:
        """Dense layers and convolutions."""
        return tuple(layer for layer in self.layers if layer.kind in WEIGHTED)

    @cached_property
    def hidden(self) -> tuple[Layer, ...]:
        """Weighted layers with another layer that has weights behind them."""
        leads = [False] * (len(self.layers) + 1)
        for layer in reversed(self.layers):
            for index in layer.inputs:
                leads[index] = leads[index] or leads[layer.index] or layer.kind in BOUNDARY
        return tuple(w for w in self.weighted if leads[w.index])

    @cached_property
    def outputs(self) -> tuple[Layer, ...]:
        """Weighted layers with none behind them; the output layer of most programs."""
        return tuple(w for w in self.weighted if w not in self.hidden)

    @cached_property
    def convs(self) -> tuple[Layer, ...]:
        return tuple(layer for layer in self.layers if layer.kind in CONV)

    @cached_property
    def dense(self) -> tuple[Layer, ...]:
        return tuple(layer for layer in self.layers if layer.kind is Kind.DENSE)

    def block(self, layer: Layer, stops: Collection[Kind] = ()) -> tuple[Layer, ...]:
        """The layers between ``layer`` and the next ones with weights, in execution order.

        On each path, a merge ends the block if the path has met an activation or a merge already:
        what comes behind belongs to the layers that are joined there (identity shortcuts).

        Args:
            stops: Kinds that end the block too.
        """
        found: dict[int, Layer] = {}
        todo = [(index, non_linear(layer)) for index in self._followers[layer.index]]
        while todo:
            index, met = todo.pop()
            reached = self.layer(index)
            merge = reached.kind is Kind.MERGE
            if reached.kind in BOUNDARY or reached.kind in stops or (merge and met):
                continue
            if index in found:
                continue
            found[index] = reached
            met = met or merge or reached.kind is Kind.ACTIVATION
            todo += [(after, met) for after in self._followers[index]]
        return tuple(found[index] for index in sorted(found))

    def activations(self, layer: Layer, stops: Collection[Kind] = ()) -> tuple[Layer, ...]:
        """The layers that apply a non-linearity to ``layer``: itself if fused, then its block's."""
        fused = (layer,) if layer.activation != "linear" else ()
        block = self.block(layer, stops)
        return fused + tuple(x for x in block if x.kind is Kind.ACTIVATION and non_linear(x))

    def behind(self, layer: Layer, others: Collection[Layer]) -> bool:
        """Whether a path leads from one of ``others`` to ``layer`` without weights between."""
        todo, seen = list(layer.inputs), set[int]()
        while todo:
            index = todo.pop()
            if index == 0 or index in seen:
                continue
            seen.add(index)
            before = self.layer(index)
            if before in others:
                return True
            if before.kind not in BOUNDARY:
                todo += before.inputs
        return False

    def previous(
        self, layer: Layer, kinds: Collection[Kind], stops: Collection[Kind] = ()
    ) -> tuple[Layer, ...]:
        """The nearest layers before ``layer`` on each path that are of one of ``kinds``."""
        found: dict[int, Layer] = {}
        todo, seen = list(layer.inputs), set[int]()
        while todo:
            index = todo.pop()
            if index == 0 or index in seen:
                continue
            seen.add(index)
            before = self.layer(index)
            if before.kind in kinds:
                found[index] = before
            elif before.kind not in stops:
                todo += before.inputs
        return tuple(found[index] for index in sorted(found))

    def next_weighted(self, layer: Layer) -> tuple[Layer, ...]:
        """The weighted layers that follow the block of ``layer``."""
        ends = [layer.index, *(x.index for x in self.block(layer))]
        after = sorted({i for end in ends for i in self._followers[end]})
        return tuple(self.layer(i) for i in after if self.layer(i).kind in WEIGHTED)


def non_linear(layer: Layer) -> bool:
    return layer.activation != "linear"


def chain(layers: Iterable[Layer]) -> tuple[Layer, ...]:
    """The layers one after another: numbered, each taking the output of the one before."""
    return tuple(
        replace(layer, index=number, inputs=(number - 1,)) for number, layer in enumerate(layers, 1)
    )


def comparable_layers(layers: Sequence[Layer]) -> list[Layer]:
    """The layers without what frameworks and users choose freely: names, classes, places."""
    return [replace(layer, name="", source="", place=None) for layer in layers]
