"""A real Ray cluster of two machines, both on this one: each has a raylet of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from drivers import untimed
from ray.cluster_utils import Cluster
from tiny import plan

from harness.records.log import LOG, read_log
from harness.records.store import Store
from harness.subjects.registry import load_registry

pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("with_own_faults"),
    pytest.mark.timeout(600),
]

STUDY = """
import sys
sys.path[:0] = {path!r}
from tiny import plan
from harness.study.runner import run_plan
from harness.records.store import Store
from pathlib import Path
study = plan(repetitions=4, budget=40, clock="work")
done = run_plan(study, Store(Path({root!r})), slots={slots}, confirmations=1)
sys.exit(len(done.failed) + len(done.elsewhere))
"""


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    yield made
    made.shutdown()


def driver(root: Path, slots: int | None, **env: str) -> subprocess.Popen[str]:
    code = STUDY.format(path=sys.path, root=str(root), slots=slots)
    paths = {"PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, **paths, **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def recorded(store: Store, cells: list[Any]) -> list[int]:
    logs = [read_log(store.folder(cell) / LOG) for cell in cells]
    return [0 if log is None else len(log[1]) for log in logs]


def test_a_lost_machine_costs_only_the_trials_on_it(cluster: Cluster, tmp_path: Path) -> None:
    """The study ends as an undisturbed one on this machine alone does, row by row."""
    other = cluster.add_node(num_cpus=1)
    store = Store(tmp_path / "cluster")
    cells = plan(repetitions=4, budget=40, clock="work").cells(load_registry())
    study = driver(store.root, None, RAY_ADDRESS=cluster.address)
    while sum(n > 2 for n in recorded(store, cells)) < 2 and study.poll() is None:
        time.sleep(0.2)
    assert store.missing(cells), "the study was over before a machine could be lost"
    before = recorded(store, cells)
    cluster.remove_node(other, allow_graceful=False)
    out, _ = study.communicate(timeout=300)
    assert study.returncode == 0, out
    alone = Store(tmp_path / "alone")
    (alone.root).mkdir()
    (store.root / "baselines").rename(alone.root / "baselines")
    again = driver(alone.root, 2)
    assert again.communicate(timeout=300) and again.returncode == 0
    for cell, rows in zip(cells, before, strict=True):
        lines = untimed(store.folder(cell) / LOG)
        assert lines == untimed(alone.folder(cell) / LOG)
        assert len(lines) > rows
        assert [c.outcome.holdout for c in store.confirmed(cell)] == [
            c.outcome.holdout for c in alone.confirmed(cell)
        ]
