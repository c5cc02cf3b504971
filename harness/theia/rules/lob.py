"""Learning rate outside the range in which the surveyed programs train.

Rationale: above the range the loss oscillates or diverges; below it training stalls within the
epochs.
Detection: the optimiser's rate at the first step is above 0.01 or below 0.0001. The bounds allow
for a relative error of 1e-6: a rate that was stored in float32 is not exactly 0.0001.
Suggests: 0.001 (repair operator `learning_rate`).
Source: Theia paper, Tables 1 and 2, LOB.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.theia.findings import Finding, SetLearner, Severity
from harness.theia.program import Program
from harness.theia.thresholds import Thresholds

USUAL = 0.001


def check(program: Program, limits: Thresholds) -> Iterator[Finding]:
    rate = program.learner.learning_rate
    low, high = limits.learning_rate
    slack = limits.rate_tolerance
    if rate is None or low * (1 - slack) <= rate <= high * (1 + slack):
        return
    problem = "high" if rate > high else "low"
    yield Finding(
        rule="LOB",
        severity=Severity.BUG,
        problem=problem,
        subject="optimiser",
        observed=f"learning rate {rate:g}" + (" at the start" if program.learner.scheduled else ""),
        expected=f"{low:g} to {high:g}",
        suggestion=f"{'reduce' if problem == 'high' else 'raise'} the learning rate to {USUAL:g}",
        edits=(SetLearner({"learning_rate": USUAL}),),
    )
