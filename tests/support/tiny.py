"""A tiny plan on the faults of the tests."""

from __future__ import annotations

from typing import Any

from harness.study.plan import Plan
from harness.techniques.random import Random


def plan(**changes: Any) -> Plan:
    usual: dict[str, Any] = {
        "name": "tiny",
        "faults": ["X1"],
        "techniques": {"random": Random()},
        "repetitions": 2,
        "budget": 3,
    }
    return Plan(**{**usual, **changes})
