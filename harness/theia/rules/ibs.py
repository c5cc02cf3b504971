"""Batch size outside the usual range.

Rationale: very small batches give noisy steps and slow epochs; very large ones few steps, and
tend to generalise worse.
Detection: fewer than 32 or more than 256 samples a batch, where there are 32 training samples.
Suggests: the nearest bound (repair operator `batch_size`).
Source: Theia paper, Tables 1 and 2, IBS; the exception for tiny data is ours.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.theia.findings import Finding, SetLearner, Severity
from harness.theia.program import Program
from harness.theia.thresholds import Thresholds


def check(program: Program, limits: Thresholds) -> Iterator[Finding]:
    size, samples = program.learner.batch_size, program.data.samples
    if size is None or (samples is not None and samples < limits.batch_size_samples):
        return
    low, high = limits.batch_size
    if limits.batch_size_few and samples is not None and samples < limits.batch_size_few[0]:
        low, high = limits.batch_size_few[1]
    if low <= size <= high:
        return
    nearest = int(min(max(size, low), high))
    yield Finding(
        rule="IBS",
        severity=Severity.BUG,
        problem="small" if size < low else "large",
        subject="batch_size",
        observed=f"batch size {size}",
        expected=f"{low:g} to {high:g}",
        suggestion=f"use a batch size of {nearest}",
        edits=(SetLearner({"batch_size": nearest}),),
    )
