"""A study reads its runs once, when they are first needed."""

from __future__ import annotations

from studies import reaching

from harness.analysis.runset import RunSet
from harness.views.study_view import Study


def test_runs_are_read_once_and_late() -> None:
    reads = []

    def read() -> RunSet:
        reads.append(1)
        return reaching({("M1", "random"): [0.5, 0.6], ("M1", "hebo"): [0.7, 0.8]})

    study = Study(read=read, title="A study", label="a")
    assert not reads
    assert list(study.scores["technique"]) == ["hebo", "random"]
    assert len(study.trials) == 12 and len(study.runs) == 4
    assert "4 runs of random, hebo on 1 faults, 0 missing" in repr(study)
    assert "<table>" in study._repr_html_()
    assert reads == [1]
