"""Fix and re-measure: programs trained as they are, as their developers and as Theia repair them.

The paper's Tables 3 and 4 (buggy against fixed), 7 and 8 (Theia's edits on the buggy program) and
9 and 10 (on the fixed one). Theia's bug-level edits are applied until nothing is reported, at most
``ROUNDS`` times; what following the advice of MNL and MRD does is measured apart, on the fixed
program. Epochs are cut, alike for all states of a program, so that the buggy and the fixed one
take at most ``STEPS`` steps and ``MACS`` multiply-accumulates.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments.theia_benchmark import build
from experiments.theia_benchmark.detect import extracted
from experiments.theia_benchmark.programs import Entry, Version, entries
from experiments.theia_benchmark.samples import Parts, parts_of
from harness.theia.findings import Finding, Severity, apply
from harness.theia.program import CONV, Kind, Program
from harness.theia.rules import judge
from harness.vocabulary import HarnessError

SEEDS = 3
ROUNDS = 10
STEPS = 1_000
MACS = 1e11
_STEPS_IN_ONE_CALL = 50
STATES = ("buggy", "fixed", "buggy patched", "fixed patched", "fixed + MNL", "fixed + MRD")


@dataclass(frozen=True, slots=True)
class Measured:
    """One training."""

    so_id: int
    state: str
    """One of ``STATES``."""
    seed: int
    rounds: int
    """How often edits were applied before nothing was reported; ``ROUNDS`` if that never was."""
    epochs: int
    status: str
    """completed, diverged, or crashed."""
    loss: float | None
    """The program's own loss on the test part."""
    accuracy: float | None
    """None for real-valued targets."""
    held_out: bool
    seconds: float
    message: str = ""


def remeasure(path: Path, posts: list[int] | None = None, seeds: int = SEEDS) -> pd.DataFrame:
    """Train what ``path`` lacks, and return all of it. A line is written after each training.

    Programs whose data are not here are left out.
    """
    columns = [f.name for f in fields(Measured)]
    done = pd.read_csv(path) if path.exists() else pd.DataFrame(columns=columns)
    known = set(zip(done.so_id, done.state, done.seed, strict=True))
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(",".join(columns) + "\n")
    asked = [entry for entry in entries() if not posts or entry.post in posts]
    cheapest_first = sorted(asked, key=lambda e: forward_macs(extracted(e.versions["measured"])))
    for entry in cheapest_first:
        for made in trainings(entry, seeds, known):
            line = pd.DataFrame([asdict(made)], columns=columns)
            line.to_csv(path, mode="a", header=False, index=False)
            print(f"{made.so_id} {made.state}, seed {made.seed}: {made.status}, "
                  f"accuracy {made.accuracy}, {made.seconds:.1f} s", flush=True)  # fmt: skip
    return pd.read_csv(path)


def trainings(entry: Entry, seeds: int, known: set[tuple[int, str, int]]) -> Iterator[Measured]:
    """The trainings of one post that are not ``known``; none if its data are not here."""
    try:
        parts_of(entry.versions["measured"])
    except HarnessError:
        return
    epochs = min(_epochs(entry.versions[name]) for name in ("measured", "fixed"))
    for state, (version, rounds) in states_of(entry).items():
        for seed in range(seeds):
            if (entry.post, state, seed) not in known:
                yield _trained(entry.post, state, seed, version, rounds, epochs)


def states_of(entry: Entry) -> dict[str, tuple[Version, int]]:
    """The states of a post's program, and how often edits were applied."""
    buggy, fixed = entry.versions["measured"], entry.versions["fixed"]
    return {
        "buggy": (buggy, 0),
        "fixed": (fixed, 0),
        "buggy patched": patched(buggy),
        "fixed patched": patched(fixed),
        **{f"fixed + {rule}": (_following(fixed, rule), 1) for rule in ("MNL", "MRD")},
    }


def patched(version: Version) -> tuple[Version, int]:
    """The program after Theia's bug-level edits, and how many rounds it took.

    Edits may make a program that cannot be built; it is returned, and its training crashes.
    """
    for number in range(ROUNDS):
        try:
            changed = _edited(version, lambda finding: finding.severity is Severity.BUG)
        except (RuntimeError, ValueError):
            return version, number
        if changed is version:
            return version, number
        version = changed
    return version, ROUNDS


def _following(version: Version, rule: str) -> Version:
    """The program after all advice of one rule."""
    return _edited(version, lambda f: f.rule == rule and f.severity is Severity.ADVICE)


def _edited(version: Version, followed: Callable[[Finding], bool]) -> Version:
    """The program after the edits of some of its findings; itself if there are none."""
    program = _named(extracted(version), version)
    edits = tuple(e for f in judge(program, "recommended") if followed(f) for e in f.edits)
    if not edits:
        return version
    return replace(version, program=apply(program, edits), repaired=True)


def _named(program: Program, version: Version) -> Program:
    """The layers under the names of the version, by which their options are found."""
    given = version.program.layers
    if len(given) != len(program.layers):
        return program
    named = tuple(replace(x, name=y.name) for x, y in zip(program.layers, given, strict=True))
    return replace(program, layers=named)


def _epochs(version: Version) -> int:
    """The declared epochs, within the limits on steps and multiply-accumulates."""
    learner, samples = version.program.learner, len(parts_of(version).y)
    steps = -(-samples // (learner.batch_size or 32))
    macs = 3 * samples * forward_macs(extracted(version))  # backward counts twice
    fewest = min(STEPS / steps, MACS / max(macs, 1))
    return max(1, min(learner.epochs or 1, int(fewest)))


def forward_macs(program: Program) -> int:
    """Multiply-accumulates of one sample through the layers with weights."""
    total, channels = 0, program.data.channels or 1
    for layer in program.layers:
        if layer.kind is Kind.DENSE:
            total += (layer.units or 0) * (layer.in_features or 0)
        if layer.kind in CONV:
            places = math.prod(n or 1 for n in layer.out_shape[:-1])
            total += (layer.units or 0) * math.prod(layer.kernel) * channels * places
        channels = layer.units or channels
    return total


def _trained(
    post: int, state: str, seed: int, version: Version, rounds: int, epochs: int
) -> Measured:
    began = time.perf_counter()
    parts = parts_of(version)
    epochs = min(epochs, version.program.learner.epochs or 1)
    status, loss, accuracy, message = "completed", None, None, ""
    try:
        fit = _fit_keras if version.program.framework == "keras" else _fit_torch
        loss, answers = fit(version, parts, epochs, seed)
        accuracy = accuracy_of(answers, parts.y_test, version.program)
        if not (math.isfinite(loss) and np.isfinite(answers).all()):
            status = "diverged"
    except Exception as error:  # some posts are about a crash, and an edit may cause one
        status = "crashed"
        message = f"{type(error).__name__}: {' '.join(str(error).split())[:160]}"
    seconds = round(time.perf_counter() - began, 2)
    return Measured(post, state, seed, rounds, epochs, status, loss, accuracy, parts.held_out,
                    seconds, message)  # fmt: skip


def labels_for(version: Version, y: np.ndarray) -> np.ndarray:
    """Labels as the program wants them.

    As the program declares them; of a repaired one as its loss and its output need them.
    """
    program = version.program
    units = program.outputs[0].units or 1
    form = program.data.labels
    if version.repaired and form not in ("real", "multi_hot"):
        form = "one_hot" if units > 1 else "binary"
        form = "classes" if program.learner.loss in ("sparse_cce", "nll") else form
    if form == "classes":
        return y.astype(np.int64)
    if form == "one_hot":
        return np.eye(units, dtype=np.float32)[y]
    return y.astype(np.float32).reshape(len(y), -1)


def accuracy_of(answers: np.ndarray, y: np.ndarray, program: Program) -> float | None:
    """Share of right answers; over all columns where a sample has several classes."""
    if program.data.labels == "real":
        return None
    middle = 0.0 if program.learner.expects == "logits" else 0.5
    if y.ndim == 2:
        return float(np.mean((answers > middle) == y))
    if answers.shape[1] == 1:
        return float(np.mean((answers[:, 0] > middle) == y))
    return float(np.mean(answers.argmax(axis=1) == y))


def _fit_keras(version: Version, parts: Parts, epochs: int, seed: int) -> tuple[float, np.ndarray]:
    """All epochs as one of Keras': it prepares its data anew in each, which takes longer than
    the few steps of a small program. Needs Keras on TensorFlow."""
    import keras
    import tensorflow as tf

    keras.utils.clear_session()
    keras.utils.set_random_seed(seed)
    program = version.program
    model = build.keras_model(program.layers, version.shape, version.options)
    optimiser = build.keras_optimiser(version.optimiser, program.learner.learning_rate)
    loss = build.keras_loss(program.learner)
    samples = tf.data.Dataset.from_tensor_slices((parts.x, labels_for(version, parts.y)))
    batches = samples.shuffle(len(parts.y)).batch(program.learner.batch_size or 32)
    steps = min(_STEPS_IN_ONE_CALL, epochs * len(batches))
    model.compile(optimiser, loss, steps_per_execution=steps)
    model.fit(batches.repeat(epochs), shuffle=False, verbose=0)
    answers = np.asarray(model.predict(parts.x_test, 500, verbose=0))
    return float(loss(labels_for(version, parts.y_test), answers)), answers


def _fit_torch(version: Version, parts: Parts, epochs: int, seed: int) -> tuple[float, np.ndarray]:
    import torch

    torch.manual_seed(seed)
    learner = version.program.learner
    model = build.torch_model(version.program.layers, version.shape)
    optimiser = build.torch_optimiser(version.program.learner, model)
    loss = build.torch_loss(learner)
    x, x_test = (torch.from_numpy(np.moveaxis(v, -1, 1).copy()) for v in (parts.x, parts.x_test))
    y, y_test = (torch.from_numpy(labels_for(version, v)) for v in (parts.y, parts.y_test))
    for _ in range(epochs):
        for rows in torch.randperm(len(x)).split(learner.batch_size or 32):
            optimiser.zero_grad()
            loss(model(x[rows]), y[rows]).backward()
            optimiser.step()
    with torch.no_grad():
        answers = model.eval()(x_test)
        return float(loss(answers, y_test)), answers.numpy()


def compared(measured: pd.DataFrame, before: str, after: str) -> pd.DataFrame:
    """Two states of every program: mean (standard deviation) over the seeds.

    ``better`` and ``worse`` are what all seeds say: each of one state beats each of the other.
    """
    rows = []
    papers = {entry.post: entry.paper for entry in entries()}
    for post, of in measured.groupby("so_id", sort=False):
        one, two = (of[of.state == state] for state in (before, after))
        if one.empty or two.empty:
            continue  # the command was stopped before
        real = one.accuracy.isna().all() and (one.status != "crashed").any()
        name = "loss" if real else "accuracy"
        rows.append(
            {
                "post": post,
                "measure": name,
                **{
                    f"paper: {s}": _paper(papers[post], s, name)
                    for s in (before, after)
                    if s in _IN_PAPER
                },
                before: _spread(one, name),
                after: _spread(two, name),
                "change": _change(one, two, name),
                "verdict": verdict(one, two, name),
                "rounds": int(two.rounds.iloc[0]),
            }
        )
    return pd.DataFrame(rows)


_IN_PAPER = {
    "buggy": "buggy",
    "fixed": "fixed",
    "buggy patched": "buggy_patched_theia",
    "fixed patched": "fixed_patched_theia",
}


def _paper(paper: Any, state: str, name: str) -> str:
    loss, accuracy = paper.get(_IN_PAPER.get(state, ""), (None, None))
    value = loss if name == "loss" else accuracy
    return "" if value is None else f"{value:g}" if name == "loss" else f"{value / 100:.3f}"


def _spread(rows: pd.DataFrame, name: str) -> str:
    """Mean and standard deviation over the seeds, or what became of them."""
    if (rows.status == "crashed").all():
        return "crashes"
    values = rows[name].astype(float).dropna()
    lost = int((rows.status == "diverged").sum())
    if values.empty:
        return f"{lost} diverged"
    text = f"{values.mean():.3f} ({values.std(ddof=0):.3f})" if name == "accuracy" else (
        f"{values.mean():.4g} ({values.std(ddof=0):.2g})")  # fmt: skip
    return f"{text}, {lost} diverged" if lost else text


def _change(one: pd.DataFrame, two: pd.DataFrame, name: str) -> str:
    change = two[name].astype(float).mean() - one[name].astype(float).mean()
    return "" if math.isnan(change) else f"{round(change, 6) + 0.0:+.3g}"


def verdict(one: pd.DataFrame, two: pd.DataFrame, name: str) -> str:
    """better, worse, or alike; a program that crashes is worse than one that does not."""
    broken = [(rows.status == "crashed").all() for rows in (one, two)]
    if any(broken):
        return "alike" if all(broken) else ("better" if broken[0] else "worse")
    sign = -1 if name == "loss" else 1
    old, new = (sign * rows[name].fillna(-sign * math.inf) for rows in (one, two))
    if new.min() > old.max():
        return "better"
    return "worse" if new.max() < old.min() else "alike"


def summary(measured: pd.DataFrame) -> pd.DataFrame:
    """How many programs each comparison made better, worse, or left alike."""
    rows = []
    for title, before, after in COMPARISONS:
        table = compared(measured, before, after)
        counts = table.verdict.value_counts()
        rows.append(
            {
                "comparison": title,
                "programs": len(table),
                **{word: int(counts.get(word, 0)) for word in ("better", "alike", "worse")},
                "mean change of accuracy": _mean_change(measured, before, after),
            }
        )
    return pd.DataFrame(rows)


def _mean_change(measured: pd.DataFrame, before: str, after: str) -> str:
    """Over the programs with an accuracy in both states."""
    table = measured.pivot_table(index="so_id", columns="state", values="accuracy", aggfunc="mean")
    both = table[[before, after]].dropna()
    return f"{(both[after] - both[before]).mean():+.3f} (n {len(both)})"


COMPARISONS = (
    ("Tables 3 and 4: the developers' fix", "buggy", "fixed"),
    ("Tables 7 and 8: Theia's edits on the buggy program", "buggy", "buggy patched"),
    ("Tables 9 and 10: Theia's edits on the fixed program", "fixed", "fixed patched"),
    ("Advice of MNL followed on the fixed program", "fixed", "fixed + MNL"),
    ("Advice of MRD followed on the fixed program", "fixed", "fixed + MRD"),
)
