"""Every decision of guided repair on trainings that are formulas, compared with recorded ones.

``decisions.json`` holds what the technique decided before it was taken apart into modules. A change
of the technique that is meant changes this file too: ``python tests/techniques/guided/
test_decisions.py`` writes it, and its difference shows what the change does.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from formula import run, task

from harness.records.clocks import WorkClock
from harness.vocabulary import Configuration, changed

RECORDED = Path(__file__).with_name("decisions.json")


def one_edit(c: Configuration) -> float:
    return 0.9 if c["activation_3"] == "relu" else 0.4


def two_edits(c: Configuration) -> float:
    return 0.4 + 0.3 * (c["activation_3"] == "relu") + 0.25 * (c["optimiser"] == "rmsprop")


def diverging(c: Configuration) -> float:
    return 0.2 if c["activation_3"] == "relu" else -1.0


def nothing_helps(c: Configuration) -> float:
    return 0.4 if dict(c) == dict(task().faulty) else 0.3


def smooth(c: Configuration) -> float:
    """Many edits help a little, some fail."""
    if c["optimiser"] == "adagrad":
        return -1.0
    distance = abs(math.log10(float(c["learning_rate"])) + 2)
    return 0.3 + 0.4 / (1 + distance) + 0.002 * min(float(c["epochs"]), 100)


def perfect(c: Configuration) -> float:
    return 1.0 if c["activation_3"] == "relu" else 0.4


def lucky() -> Callable[[Configuration], float]:
    """The second training of a patched program is bad."""
    luck = iter([True])

    def quality(c: Configuration) -> float:
        if c["activation_3"] != "relu":
            return 0.4
        return 0.6 if next(luck, False) else 0.1

    return quality


def doubtful() -> Callable[[Configuration], float]:
    """The faulty program has luck in its second and third training only."""
    values = iter([0.3, 0.5, 0.2])

    def quality(c: Configuration) -> float:
        return next(values, 0.2) if dict(c) == dict(task().faulty) else 0.45

    return quality


CASES: Mapping[str, tuple[Callable[[], Callable[[Configuration], float]], dict[str, Any]]] = {
    "one edit": (lambda: one_edit, {}),
    "one edit, looks cost": (lambda: one_edit, {"looking": 0.75}),
    "one edit, far": (lambda: one_edit, {"near": False, "width": 1, "budget": 40.0}),
    "one edit, far, whole": (
        lambda: one_edit,
        {"near": False, "width": 1, "budget": 40.0, "minimise": False},
    ),
    "two edits": (lambda: two_edits, {"budget": 30.0}),
    "two edits, work": (lambda: two_edits, {"budget": 16.0, "make_clock": WorkClock}),
    "diverging": (lambda: diverging, {}),
    "diverging, work": (lambda: diverging, {"make_clock": WorkClock}),
    "nothing helps": (lambda: nothing_helps, {"seed": 3, "budget": 20.0}),
    "smooth": (lambda: smooth, {"budget": 24.0}),
    "smooth, seed 2": (lambda: smooth, {"budget": 24.0, "seed": 2}),
    "smooth, looks cost": (lambda: smooth, {"budget": 20.0, "looking": 0.4, "seed": 5}),
    "smooth, two confirmations": (lambda: smooth, {"budget": 24.0, "confirmations": 2}),
    "perfect": (lambda: perfect, {"budget": 15.0}),
    "unwatchable": (lambda: one_edit, {"unwatchable": True}),
    "lucky": (lucky, {"probe": 1.0}),
    "lucky, probed": (lucky, {}),
    "doubtful": (doubtful, {"budget": 20.0}),
    "doubtful, whole": (doubtful, {"budget": 20.0, "probe": 1.0}),
    **{
        f"without {part}": (lambda: smooth, {part: False, "budget": 12.0})
        for part in ("localise", "watch", "taxonomy", "values", "near", "minimise")
    },
}
"""Name -> a fresh quality function, and the arguments of the run."""


def decisions(name: str) -> dict[str, Any]:
    """The proposals of one run, the choice and the counters, as JSON values.

    A proposal is a row: number, edits of the faulty program, fidelity, limit (None: none), phase,
    choice so far, digest of the whole note, of ``look`` and of ``history``.
    """
    quality, arguments = CASES[name]
    found, choice, health = run(quality(), **arguments)
    faulty = task().faulty
    rows = []
    for p, _ in found:
        assert p.note is not None
        history = None if p.history is None else p.history.plain()
        rest = json.dumps([p.note, p.look, history]).encode()
        rows.append(
            [
                p.proposal,
                {n: after for n, (_, after) in changed(faulty, p.configuration).items()},
                p.fidelity,
                None if p.limit == math.inf else p.limit,
                p.note["phase"],
                p.note["choice"],
                hashlib.sha256(rest).hexdigest()[:12],
            ]
        )
    plain: dict[str, Any] = json.loads(
        json.dumps({"proposals": rows, "choice": choice, "health": health})
    )
    return plain


@pytest.mark.parametrize("name", CASES)
def test_decisions_are_those_recorded(name: str) -> None:
    recorded = json.loads(RECORDED.read_text(encoding="utf-8"))[name]
    found = decisions(name)
    for proposal, expected in zip(found["proposals"], recorded["proposals"], strict=False):
        assert proposal == expected  # the first that differs
    assert found == recorded


def test_the_recorded_cases_reach_every_phase() -> None:
    recorded = json.loads(RECORDED.read_text(encoding="utf-8"))
    assert set(recorded) == set(CASES)
    phases = {p[4] for case in recorded.values() for p in case["proposals"]}
    assert phases == {
        "look",
        "watch",
        "probe",
        "train",
        "doubt",
        "confirm",
        "minimise",
        "again",
    }


if __name__ == "__main__":
    lines = [f'"{name}": {json.dumps(decisions(name))}' for name in CASES]
    RECORDED.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
