"""What the corrected analysis finds, as text and as a document."""

from __future__ import annotations

import pytest

from harness.analysis.published.agreement import agreement
from harness.analysis.published.answers import Answer
from harness.analysis.published.claims import (
    ClaimVerdict,
)
from harness.analysis.published.finding import PublishedFinding


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
