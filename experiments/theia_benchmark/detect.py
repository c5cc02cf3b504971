"""What Theia finds in the benchmark: programs are built, extracted and judged, never trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import pandas as pd

from experiments.theia_benchmark import build
from experiments.theia_benchmark.programs import VERSIONS, Bug, Entry, Version, entries
from harness.theia import extract_keras, extract_torch
from harness.theia.findings import Finding
from harness.theia.program import Program
from harness.theia.rules import judge
from harness.theia.thresholds import PROFILES

BUGGY = ("benchmark", "measured")
"""Versions with the bugs; a bug counts as found if it is found in one of them."""


def extracted(version: Version) -> Program:
    """The meta-model of a version, by way of its framework; no data are needed."""
    declared = version.program
    common = {"data": declared.data, "task": declared.task}
    learner = declared.learner
    if declared.framework == "keras":
        optimiser = build.keras_optimiser(version.optimiser, learner.learning_rate)
        model = build.keras_model(declared.layers, version.shape, version.options)
        return extract_keras.extract_keras_program(
            model,
            loss=build.keras_loss(learner),
            optimizer=optimiser,
            batch_size=learner.batch_size,
            epochs=learner.epochs,
            **common,
        )
    import torch

    shape = version.shape
    made = build.torch_model(declared.layers, shape)
    return extract_torch.extract_torch_program(
        made,
        batch=torch.zeros(2, *shape[-1:], *shape[:-1]),
        loss=build.torch_loss(learner),
        optimizer=build.torch_optimiser(learner, made),
        batch_size=learner.batch_size,
        epochs=learner.epochs,
        **common,
    )


@dataclass(frozen=True)
class Judged:
    """All findings on one post: (version, profile) -> findings."""

    entry: Entry
    findings: Mapping[tuple[str, str], list[Finding]]

    def found(self, bug: Bug, profile: str, versions: tuple[str, ...] = BUGGY) -> bool:
        """Whether a bug is reported, as bug or as advice, in one of the versions."""
        return any(
            bug.is_(finding)
            for version in versions
            for finding in self.findings.get((version, profile), ())
        )


@cache
def judged() -> tuple[Judged, ...]:
    """Every post, built and judged under every profile. Takes some seconds."""
    return tuple(_judged(entry) for entry in entries())


def _judged(entry: Entry) -> Judged:
    programs: dict[int, Program] = {}  # a measured version may be the benchmark's own
    findings = {}
    for name, version in entry.versions.items():
        if id(version) not in programs:
            programs[id(version)] = extracted(version)
        for profile in PROFILES:
            findings[name, profile] = judge(programs[id(version)], profile)
    return Judged(entry, findings)


def by_row() -> list[Judged]:
    """The posts by row of the paper's tables: 40, one of them twice."""
    rows = [(row, j) for j in judged() for row in j.entry.rows]
    return [j for _, j in sorted(rows, key=lambda pair: pair[0])]


def findings_table() -> pd.DataFrame:
    """so_id, version, profile, rule, layer, severity, subject: one row a finding."""
    rows = [
        (j.entry.post, version, profile, f.rule, f.layer, f.severity.value, f.subject)
        for j in judged()
        for version in VERSIONS
        for profile in PROFILES
        for f in j.findings.get((version, profile), ())
    ]
    columns = ["so_id", "version", "profile", "rule", "layer", "severity", "subject"]
    return pd.DataFrame(rows, columns=columns).astype({"layer": "Int64"})


def ground_truth_table() -> pd.DataFrame:
    """so_id, bug_type, fix, found, profile: one row for each of the paper's 75 and profile."""
    rows = [
        (j.entry.post, bug.type, bug.fix, j.found(bug, profile), profile)
        for profile in PROFILES
        for j in by_row()
        for bug in j.entry.bugs
    ]
    return pd.DataFrame(rows, columns=["so_id", "bug_type", "fix", "found", "profile"])
