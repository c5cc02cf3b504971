"""Claims, their measures and verdicts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.analysis.protocols import CORRECTED, ICST23
from harness.analysis.published.answers import Answer
from harness.analysis.published.claims import (
    STEPS,
    ClaimVerdict,
    Measure,
    PublishedClaim,
    judge_claim,
    path,
)


def test_the_corrections_lead_from_one_protocol_to_the_other() -> None:
    protocol = ICST23
    for step in STEPS:
        assert all(getattr(protocol, name) != value for name, value in step.changes.items())
        protocol = replace(protocol, **step.changes)
    assert replace(protocol, name="corrected") == CORRECTED


@pytest.mark.parametrize(
    ("sizes", "holds", "verdict"),
    [
        ((10, 9), (True, True), ClaimVerdict.STANDS),
        ((10, 8), (True, True), ClaimVerdict.WEAKENS),
        ((10, 20), (True, False), ClaimVerdict.FALLS),
        ((10, 10), (False, True), ClaimVerdict.NEVER),
    ],
)
def test_verdicts(
    published: Answer,
    corrected: Answer,
    sizes: tuple[int, int],
    holds: tuple[bool, bool],
    verdict: ClaimVerdict,
) -> None:
    measures = [Measure(f"{s}", h, s) for s, h in zip(sizes, holds, strict=True)]
    claim = PublishedClaim("it is so", lambda answer: measures[answer is corrected])
    found = judge_claim(claim, [published, corrected])
    assert found.verdict is verdict
    assert (found.published, found.corrected) == (str(sizes[0]), str(sizes[1]))
    same = sizes[0] == sizes[1]
    assert found.why == ("no correction changes it" if same else f"{STEPS[1].name}: {sizes[1]}")


def test_looking_at_winners_only_changes_no_cell(published: Answer, corrected: Answer) -> None:
    nan_rejected = path(published, corrected)[1]
    whole = replace(nan_rejected, runs=published.runs)
    names = ["fault", "technique", "budget", "mean", "p_wilcoxon", "p_holm", "significant", "ir"]
    assert nan_rejected.cells[names].equals(whole.cells[names])
