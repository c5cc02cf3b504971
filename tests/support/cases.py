"""Programs for the tests: healthy unless told otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.theia.notation import parse
from harness.theia.program import DataFacts, Layer, Learner, Program


def program(
    layers: Sequence[str | Mapping[str, Any]] | tuple[Layer, ...] = (
        "dense 16 relu",
        "dense 2 softmax",
    ),
    *,
    data: Mapping[str, Any] | None = None,
    learner: Mapping[str, Any] | None = None,
    task: str = "multiclass",
    framework: str = "keras",
) -> Program:
    healthy = {"kind": "color_image", "channels": 3, "samples": 50_000, "train_range": [0, 1]}
    known = {**healthy, **(data or {})}
    ranges = {k: tuple(v) if isinstance(v, list) else v for k, v in known.items()}
    usual = {"loss": "cce", "optimiser": "adam", "learning_rate": 0.001, "batch_size": 32}
    made = layers if layers and isinstance(layers[0], Layer) else parse(layers)
    return Program(
        made,
        Learner(**{**usual, **(learner or {})}),
        DataFacts(**ranges),
        task,
        framework=framework,
    )
