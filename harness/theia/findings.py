"""Findings of the rules, with edits that a tool can apply."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

from harness.theia.program import Kind, Layer, Place, Program

_KEEPS_FEATURES = frozenset({Kind.ACTIVATION, Kind.BATCHNORM, Kind.NORM, Kind.DROPOUT})


class Severity(StrEnum):
    BUG = "bug"
    ADVICE = "advice"


@dataclass(frozen=True, slots=True)
class SetLayer:
    """Change fields of a layer."""

    layer: int
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AddLayer:
    """Put a new layer behind layer ``after`` (0: in front of all)."""

    after: int
    kind: str
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RemoveLayer:
    layer: int


@dataclass(frozen=True, slots=True)
class SetLearner:
    """Change fields of the learner: loss, learning rate, batch size."""

    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ScaleInputs:
    """Bring a part of the data (``train`` or ``test``) into a range."""

    part: str
    low: float = 0.0
    high: float = 1.0


Suggestion = SetLayer | AddLayer | RemoveLayer | SetLearner | ScaleInputs


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One rule firing at one place."""

    rule: str
    severity: Severity
    problem: str
    """One word for what is wrong, such as ``missing``; with rule and subject it is an identity."""
    subject: str
    """``layer``, ``activation``, ``loss``, ``optimiser``, ``batch_size``, ``train`` or ``test``."""
    layer: int | None = None
    name: str = ""
    """The layer's name; '' at model level."""
    observed: str
    expected: str
    suggestion: str
    edits: tuple[Suggestion, ...] = ()
    place: Place | None = None

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """Identity of a finding: equal in two checks of one program."""
        return self.rule, self.problem, self.subject, self.name

    def to_json(self) -> dict[str, Any]:
        record = asdict(self)
        record["edits"] = [{"edit": type(edit).__name__, **asdict(edit)} for edit in self.edits]
        return record

    @staticmethod
    def from_json(record: Mapping[str, Any]) -> Finding:
        edits = tuple(_edit(edit) for edit in record["edits"])
        place = Place(**record["place"]) if record["place"] else None
        severity = Severity(record["severity"])
        return Finding(**{**record, "edits": edits, "place": place, "severity": severity})


def _edit(record: Mapping[str, Any]) -> Suggestion:
    """An edit from JSON, whose lists are tuples again."""
    given = {k: v for k, v in record.items() if k != "edit"}
    if "values" in given:
        tuples = {k: tuple(v) if isinstance(v, list) else v for k, v in given["values"].items()}
        given["values"] = tuples
    return _EDITS[record["edit"]](**given)


_EDITS: Mapping[str, type[Suggestion]] = {
    t.__name__: t for t in (SetLayer, AddLayer, RemoveLayer, SetLearner, ScaleInputs)
}


def apply(program: Program, edits: tuple[Suggestion, ...]) -> Program:
    """The program after the edits; all indices are those of ``program``."""
    layers = {layer.index: layer for layer in program.layers}
    added: dict[int, list[Layer]] = {}
    learner, data = program.learner, program.data
    for edit in edits:
        match edit:
            case SetLayer(index, values) if index in layers:
                layers[index] = replace(layers[index], **values)
            case RemoveLayer(index):
                layers.pop(index, None)
            case AddLayer(after, kind, values):
                news = added.setdefault(after, [])
                name = f"new_{kind}_{after}_{len(news) + 1}"
                news.append(Layer(index=0, name=name, kind=Kind(kind), **values))
            case SetLearner(values):
                learner = replace(learner, **values)
            case ScaleInputs("train", low, high):
                data = replace(data, train_range=(low, high), standardised=False)
            case ScaleInputs(_, low, high):
                data = replace(data, test_range=(low, high))
    return replace(program, layers=_rewired(program, layers, added), learner=learner, data=data)


def _rewired(
    program: Program, layers: Mapping[int, Layer], added: Mapping[int, list[Layer]]
) -> tuple[Layer, ...]:
    """Number the layers anew; a removed layer hands its inputs on, a new one steps in between."""
    ends: dict[int, tuple[int, ...]] = {}  # index before -> new indices that give its output
    result: list[Layer] = []
    for index in range(len(program.layers) + 1):
        if index == 0:
            ends[0] = (0,)
        else:
            taken = (ends[i] for i in program.layer(index).inputs)
            inputs = tuple(dict.fromkeys(i for end in taken for i in end))
            if index in layers:
                result.append(replace(layers[index], index=len(result) + 1, inputs=inputs))
                ends[index] = (len(result),)
            else:
                ends[index] = inputs
        for new in added.get(index, ()):
            result.append(replace(new, index=len(result) + 1, inputs=ends[index]))
            ends[index] = (len(result),)
    return tuple(_with_features(result))


def _with_features(layers: list[Layer]) -> list[Layer]:
    """Input sizes of dense layers follow the dense layer before them."""
    for position, layer in enumerate(layers):
        before = layer
        while len(before.inputs) == 1 and before.inputs[0]:
            before = layers[before.inputs[0] - 1]
            if before.kind not in _KEEPS_FEATURES:
                break
        if layer.kind is Kind.DENSE and before is not layer and before.kind is Kind.DENSE:
            layers[position] = replace(layer, in_features=before.units)
    return layers


def located(finding: Finding, program: Program) -> Finding:
    """The finding with the file and line of what carries it, where they are known."""
    return replace(finding, place=_place(finding, program))


def _place(finding: Finding, program: Program) -> Place | None:
    if finding.layer is not None:
        return program.layer(finding.layer).place
    places = program.learner.places
    wanted = {
        "loss": ("loss", "compile"),
        "optimiser": ("optimiser", "compile"),
        "batch_size": ("batch_size", "loader", "fit"),
        "train": ("train", "loader", "fit"),
        "test": ("test", "loader", "fit"),
    }
    return next((places[w] for w in wanted.get(finding.subject, ()) if w in places), None)
