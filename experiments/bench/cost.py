"""``make cost`` against what plan ``laptop`` took: projected from its first repetition alone."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from harness.analysis.cost import START, past_runs, project
from harness.records.run_record import RUN, read_run_record
from harness.records.store import Store

RUNS = Path(__file__).resolve().parents[2] / "results"


def projection() -> list[tuple[str, str, str]]:
    """Wall time of the runs of plan ``laptop``, if they are stored and were made in one go."""
    past = past_runs(Store(RUNS))
    records = [
        read_run_record(path.parent) for path in sorted((RUNS / "runs").glob(f"*/*/*/{RUN}"))
    ]
    title = "plan laptop, wall time of its runs, projected from one of ten repetitions"
    if not any(run.repetition > 1 for run in past):
        return [(title, "no runs stored", "within 25 %")]
    times = {run.fault: run.training_time for run in past}
    spans = [[datetime.fromisoformat(at) for at in (r.started, r.ended)] for r in records]
    took = (max(b for _, b in spans) - min(a for a, _ in spans)).total_seconds()
    found = project(
        [record.cell for record in records],
        times,
        [run for run in past if run.repetition == 1],
        slots=_side_by_side(spans),
        seeds=dict.fromkeys(times, 0),
        confirmations=0,
    )
    wall = found.wall - START
    measured = f"{wall:.0f} s projected, {took:.0f} s measured: {100 * (wall / took - 1):+.0f} %"
    return [(title, measured, "within 25 %")]


def _side_by_side(spans: list[list[datetime]]) -> int:
    """The most runs that were under way at a moment."""
    moments = sorted([(a, 1) for a, _ in spans] + [(b, -1) for _, b in spans])
    under_way = most = 0
    for _, change in moments:
        under_way += change
        most = max(most, under_way)
    return most
