from __future__ import annotations

from dataclasses import replace

import pytest

from harness.analysis.protocols import CORRECTED, ICST23
from harness.analysis.published.agreement import agreement
from harness.analysis.published.answers import Answer
from harness.analysis.published.claims import (
    STEPS,
    ClaimVerdict,
    Measure,
    PublishedClaim,
    judge_claim,
    path,
)
from harness.analysis.published.finding import PublishedFinding


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


@pytest.fixture(scope="module")
def finding(published: Answer, corrected: Answer) -> PublishedFinding:
    return PublishedFinding(published, corrected, agreement(published))


def test_what_stands_and_what_falls(finding: PublishedFinding) -> None:
    verdicts = {j.claim: j.verdict for j in finding.judgements}
    fallen = [claim for claim, verdict in verdicts.items() if verdict is ClaimVerdict.FALLS]
    assert any("UnityEyes" in claim for claim in fallen)
    assert any("guided" in claim for claim in fallen)
    (random,) = [v for claim, v in verdicts.items() if claim.startswith("Random improves")]
    assert random is ClaimVerdict.STANDS


def test_the_document_is_complete(finding: PublishedFinding) -> None:
    text = finding.markdown()
    for word in ("791", "76,051", "R5", "U7", "UnityEyes", "fall\\_back\\_to\\_faulty", "2 of 27"):
        assert word in text
    assert "UnityEyes" in finding.text() and "nan" not in text


def test_the_searchers_behaved_as_the_specification_of_the_package_says(
    finding: PublishedFinding,
) -> None:
    """Shares and first trials: replication package of Kim et al., ICST 2023."""
    found = finding.behaviour
    assert [round(found.from_fixed_list[b], 2) for b in (10, 20, 50)] == [0.97, 0.83, 0.59]
    parted = [found.fixed_list[f] for f in ("R1", "D1", "U1", "M1", "C1", "D5")]
    assert parted == [17, 25, 33, 41, 49, None]
    agree = [round(found.agreement[t], 3) for t in ("random", "hebo", "bohb")]
    assert agree == [0.095, 0.466, 0.092]
    assert round(found.repeated["R1"], 2) == 0.98 and "D1" not in found.repeated
    assert sum(found.causes.values()) == pytest.approx(1)
    assert found.causes["neither"] < 0.01
