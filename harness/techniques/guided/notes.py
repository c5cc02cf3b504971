"""Notes of the proposals: what an explanation needs to know of a step."""

from __future__ import annotations

from typing import Any

from harness.techniques.guided.neighbourhood import Neighbourhood, Step
from harness.techniques.guided.program import TriedProgram


def step_note(step: Step, base: TriedProgram, hood: Neighbourhood) -> dict[str, Any]:
    """A step from ``base``: its edits, and how strongly each hyperparameter was suspected there.

    Returns:
        JSON values. ``base`` is the first full training of the program that the step starts from.
    """
    ranking = {suspect.name: suspect for suspect in hood.ranking(base.configuration)}
    ranks = {name: rank for rank, name in enumerate(ranking, start=1)}
    return {
        "base": min(base.errors, default=None),
        "edits": {e.name: e.value for e in step.edits},
        "suspicion": {
            e.name: {
                "rank": ranks[e.name],
                "share": round(ranking[e.name].weight, 4),
                **{k: round(v, 3) for k, v in ranking[e.name].evidence.items()},
            }
            for e in step.edits
        },
    }
