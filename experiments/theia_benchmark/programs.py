"""The benchmark's programs as data: 39 posts, each as one YAML file in ``programs/``.

A file holds what the post's program is (layers in the notation of ``harness.theia.notation``),
what is wrong with it, who found that, and the paper's measurements. Versions: ``benchmark`` is the
file on which the paper's tables of findings rest, ``measured`` the one that was trained (absent if
it is the same), ``fixed`` the one with the developers' fix. Ranges are those that the model sees.
Source: Manke et al., TOSEM (Theia), Tables 3 to 10, and the structure of the published programs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from harness.theia.findings import Finding
from harness.theia.notation import parse
from harness.theia.program import DataFacts, Layer, Learner, Program

FOLDER = Path(__file__).parent / "programs"
VERSIONS = ("benchmark", "measured", "fixed")
_OPTIONS = ("init", "bias_init", "l2")

Options = Mapping[str, Mapping[str, Any]]
"""Layer's name -> how its weights are initialised and penalised, which no rule reads."""


@dataclass(frozen=True)
class Bug:
    """One row of the ground truth."""

    type: str
    """A rule, or ``other``: outside of all rules."""
    fix: str
    found_by: tuple[str, ...]
    """Rule, problem and, if it matters, subject of the finding that is this bug; () if none is."""
    paper: str
    """Whether the paper's Theia found it: yes, no or n/a."""
    neuralint: str

    def is_(self, finding: Finding) -> bool:
        said = (finding.rule, finding.problem, finding.subject)
        return bool(self.found_by) and said[: len(self.found_by)] == self.found_by


@dataclass(frozen=True)
class Version:
    """One state of a program."""

    program: Program
    """Layers as written; sizes that follow from them are left to the framework."""
    shape: tuple[int, ...]
    """Of one sample, channels last."""
    dataset: str
    optimiser: Mapping[str, Any]
    """name, rate, and if given momentum, nesterov, decay."""
    options: Options
    odd_labels: bool = False
    """Whether the program spoils its training labels, all to class 0."""
    repaired: bool = False
    """Whether edits were applied, after which labels are written as the loss needs them."""


@dataclass(frozen=True)
class Entry:
    """One post."""

    post: int
    rows: tuple[int, ...]
    """Of the paper's tables, counted through; one post has two."""
    bugs: tuple[Bug, ...]
    paper: Mapping[str, tuple[float | None, float | None]]
    """The paper's loss and accuracy (per cent) of buggy, fixed and patched programs."""
    origin: str
    """Of the data: standard, small, synthetic or unobtainable."""
    versions: Mapping[str, Version]

    @property
    def framework(self) -> str:
        return self.versions["fixed"].program.framework


@cache
def entries() -> tuple[Entry, ...]:
    """All posts, in the order of the paper's tables."""
    found = [_entry(yaml.safe_load(path.read_text())) for path in FOLDER.glob("*.yaml")]
    return tuple(sorted(found, key=lambda entry: entry.rows))


def _entry(raw: Mapping[str, Any]) -> Entry:
    versions = {name: _version(raw, raw[name]) for name in VERSIONS if name in raw}
    if "benchmark" in versions:
        versions.setdefault("measured", versions["benchmark"])
    return Entry(
        post=raw["post"],
        rows=tuple(raw["rows"]),
        bugs=tuple(
            Bug(
                bug["type"],
                bug["fix"],
                tuple((bug["found_by"] or "").split()),
                bug["paper"],
                bug["neuralint"],
            )
            for bug in raw["bugs"]
        ),
        paper={k: (v[0], v[1]) for k, v in raw["paper"].items()},
        origin=raw["origin"],
        versions=versions,
    )


def _version(raw: Mapping[str, Any], version: Mapping[str, Any]) -> Version:
    layers, options = _layers(version["layers"])
    data, learner = version["data"], version["learner"]
    loss, _, logits = learner["loss"].partition(" on ")
    values = loss in ("mse", "mae")
    program = Program(
        layers,
        Learner(
            loss=loss,
            expects=logits or ("values" if values else "probabilities"),
            convention="logits" if raw["framework"] == "pytorch" else "probabilities",
            optimiser=learner["optimiser"]["name"],
            learning_rate=float(learner["optimiser"]["rate"]),
            batch_size=learner["batch_size"],
            epochs=learner["epochs"],
        ),
        DataFacts(
            kind=data["kind"],
            channels=data["shape"][-1] if data["kind"] != "tabular" else None,
            samples=data["samples"],
            train_range=_range(data["train"]),
            test_range=_range(data["test"]),
            standardised=data.get("standardised", False),
            labels=data["labels"],
            classes=data["classes"],
        ),
        version.get("task", raw["task"]),
        framework=raw["framework"],
    )
    odd = data.get("odd_labels", False)
    return Version(program, tuple(data["shape"]), data["set"], learner["optimiser"], options, odd)


def _range(ends: list[float] | None) -> tuple[float, float] | None:
    return None if ends is None else (ends[0], ends[1])


def _layers(lines: list[Any]) -> tuple[tuple[Layer, ...], Options]:
    """Layers, and by name the options that are not part of the meta-model."""
    plain = [line if isinstance(line, dict) else {"layer": line} for line in lines]
    layers = parse([{k: v for k, v in line.items() if k not in _OPTIONS} for line in plain])
    options = {
        layer.name: {k: v for k, v in line.items() if k in _OPTIONS}
        for layer, line in zip(layers, plain, strict=True)
    }
    return layers, {name: given for name, given in options.items() if given}
