from __future__ import annotations

from typing import Any

import pytest
from tool_programs import MODELS, SLOW

from experiments.autotrainer_cases import blobs
from harness.techniques.autotrainer import AutoTrainer, ToolData, ToolResult


@pytest.fixture(scope="session", params=MODELS)
def repaired(request: pytest.FixtureRequest) -> tuple[ToolResult, Any, ToolData]:
    """A program that learns too slowly, and what the tool made of it."""
    make, loss = MODELS[request.param]
    model = make()
    return AutoTrainer(seed=1).repair(model, blobs(), {**SLOW, "loss": loss}), model, blobs()
