"""The recorded runs of the published study, as the analysis takes them."""

from __future__ import annotations

from harness.analysis.protocols import Protocol
from harness.analysis.published import Published
from harness.analysis.published.facts import TECHNIQUES
from harness.analysis.runset import RunSet
from harness.vocabulary import HarnessError


def published_study(published: Published, budget: float, protocol: Protocol) -> RunSet:
    """The searchers' recorded runs of the published study at one of its budgets.

    Raises:
        HarnessError: If it has no runs of that budget.
    """
    runs = [run for run in published.runs if run.budget == budget]
    if not runs:
        found = sorted({run.budget for run in published.runs})
        raise HarnessError(
            f"the published study has no runs of budget {budget:g}. "
            f"Found: {', '.join(f'{b:g}' for b in found)}"
        )
    used = {run.technique for run in runs}
    return RunSet(
        runs=runs,
        baselines=published.baselines(protocol),
        subjects={name: name if facts.real else name[0] for name, facts in published.facts.items()},
        protocol=protocol,
        techniques=[name for name in TECHNIQUES if name in used],
    )
