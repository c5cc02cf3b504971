"""Output activation or loss that does not suit the task.

Rationale: loss and output must speak of the same thing. Softmax over one unit is always 1; sigmoids
of several classes do not sum to 1; a squared error of probabilities has flat gradients; a bounded
output cannot reach unbounded targets; a loss on logits applies its own softmax or sigmoid.
Detection: output activation and loss are judged apart.
    binary          sigmoid, binary cross-entropy (with two or more outputs: as multiclass)
    multiclass      softmax, (sparse) categorical cross-entropy
    multilabel      sigmoid, binary cross-entropy
    regression      none, squared or absolute error, Huber, log-cosh
A loss on logits needs no output activation; one on log-probabilities needs log-softmax. Where the
loss is wrong, the expected activation is that of the framework's own losses for the task. A loss
of the user's own is not judged, and its output may follow either way.
Suggests: the activation, and the loss (repair operators `activation`, `loss`).
Source: Theia paper, Tables 1 and 2, LLM; multi-label tasks and losses on logits are ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harness.theia.findings import (
    AddLayer,
    Finding,
    RemoveLayer,
    SetLayer,
    SetLearner,
    Severity,
    Suggestion,
)
from harness.theia.program import DataFacts, Kind, Layer, Learner, Program
from harness.theia.thresholds import Thresholds

ACTIVATION: Mapping[str, str] = {
    "binary": "sigmoid",
    "multiclass": "softmax",
    "multilabel": "sigmoid",
    "regression": "linear",
}
NAMES = {
    "bce": "binary cross-entropy",
    "cce": "categorical cross-entropy",
    "sparse_cce": "sparse categorical cross-entropy",
    "nll": "negative log-likelihood",
    "mse": "mean squared error",
    "mae": "mean absolute error",
    "huber": "Huber",
    "log_cosh": "log-cosh",
}


def check(program: Program, limits: Thresholds) -> Iterator[Finding]:
    if len(program.outputs) != 1:
        return  # several outputs have several tasks, which the caller cannot name
    output, learner = program.outputs[0], program.learner
    task = program.task
    if task == "binary" and (output.units or 1) > 1:
        task = "multiclass"
    if task not in limits.losses:
        return
    fits = learner.loss in limits.losses[task]
    if not fits and learner.loss != "custom":
        yield _loss(program, task, limits.losses[task])
    applied = program.activations(output)
    observed = applied[0].activation if applied else "linear"
    expected = _activations(learner, task, fits)
    if observed not in expected:
        yield _activation(output, applied, observed, expected[0], task, fits)


def _activations(learner: Learner, task: str, fits: bool) -> tuple[str, ...]:
    """The output activations that suit loss and task, the one to suggest first."""
    usual = ACTIVATION[task]
    if learner.loss == "custom":
        return usual, "linear"
    form = learner.expects if fits else learner.convention
    if not fits and learner.expects == "logits":
        form = "logits"
    if form == "logits":
        return ("linear",)
    return ("log_softmax",) if form == "log_probabilities" else (usual,)


def _loss(program: Program, task: str, fitting: tuple[str, ...]) -> Finding:
    learner = program.learner
    target = _target(program.data, task)
    form = "values" if task == "regression" else learner.convention
    suffix = " on logits" if form == "logits" else ""
    offered = [n for n in fitting if n != "nll" or learner.convention == "logits"]
    names = " or ".join(NAMES[name] for name in offered)
    return Finding(
        rule="LLM",
        severity=Severity.BUG,
        problem="loss",
        subject="loss",
        observed=NAMES.get(learner.loss, learner.loss),
        expected=f"{names} for a {task} task",
        suggestion=f"change the loss to {NAMES[target]}{suffix}",
        edits=(SetLearner({"loss": target, "expects": form}),),
    )


def _target(data: DataFacts, task: str) -> str:
    if task == "multiclass":
        return "sparse_cce" if data.labels == "classes" else "cce"
    return {"binary": "bce", "multilabel": "bce", "regression": "mse"}[task]


def _activation(
    output: Layer,
    applied: tuple[Layer, ...],
    observed: str,
    expected: str,
    task: str,
    fits: bool,
) -> Finding:
    at = applied[0] if applied else output
    none = "no activation"
    edit: Suggestion
    if not applied:
        edit = AddLayer(output.index, "activation", {"activation": expected})
    elif expected == "linear" and at.kind is Kind.ACTIVATION:
        edit = RemoveLayer(at.index)
    else:
        edit = SetLayer(at.index, {"activation": expected})
    what = f"a {task} task with its loss" if fits else f"a {task} task"
    verb = "remove the activation of" if expected == "linear" else f"use {expected} in"
    return Finding(
        rule="LLM",
        severity=Severity.BUG,
        problem="activation",
        subject="activation",
        layer=at.index,
        name=at.name,
        observed=none if observed == "linear" else observed,
        expected=f"{none if expected == 'linear' else expected}, which suits {what}",
        suggestion=f"{verb} the output layer",
        edits=(edit,),
    )
