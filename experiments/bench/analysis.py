"""How long the analysis of many runs takes: the published study's 2,700, in fresh processes."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

REPORT = """
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from harness.analysis.published import load_published
from harness.analysis.protocols import PROTOCOLS
from harness.views.report import Provenance, report, write
from harness.analysis.runset import Study
from harness.analysis.published.archive import published_study
corrected = PROTOCOLS["corrected"]
recorded = load_published()
runs = [replace(r, technique=f"{r.technique} {r.budget:g}", budget=50.0) for r in recorded.runs]
study = replace(
    published_study(recorded, 50, corrected),
    runs=runs,
    techniques=[*dict.fromkeys(r.technique for r in runs)],
)
provenance = Provenance({"replication package": Counter({"0a9cc6c": len(runs)})})
write(report("All runs as nine techniques", study, provenance), Path(sys.argv[1]))
print(len(runs))
"""


def analysis() -> list[tuple[str, str, str]]:
    """``make published`` from cold, and a report of all its runs as if of nine techniques."""
    with tempfile.TemporaryDirectory() as folder:
        words = [str(ROOT / "experiments" / "published.py"), "--out", folder]
        whole, held, _ = _measured(words)
        took, _, printed = _measured(["-c", REPORT, folder])
    return [
        ("`make published`: three budgets, both protocols", f"{whole:.1f} s", "<= 15 s"),
        ("its highest memory", f"{held / 1e9:.2f} GB", "<= 1 GB"),
        (f"report of {int(printed):,} runs", f"{took:.0f} s", "<= 60 s"),
    ]


def _measured(words: list[str]) -> tuple[float, int, str]:
    """Seconds and highest memory (bytes) of a Python command, and its last line."""
    began = time.time()
    process = subprocess.Popen(
        [sys.executable, *words], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdout is not None
    printed = process.stdout.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError(f"{words[0]} ended with {os.waitstatus_to_exitcode(status)}")
    return time.time() - began, usage.ru_maxrss * 1024, printed.splitlines()[-1]
