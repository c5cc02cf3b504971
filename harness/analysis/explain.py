"""Why each edit is in the patch of one stored run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.records.files import read_json
from harness.records.log import LOG, Row, read_log
from harness.records.store import MINIMISED, RUN
from harness.vocabulary import METRICS, HarnessError, Metric, changed

OPERATION_WORDS: Mapping[str, str] = {
    "taxonomy": "the fault taxonomy's share of its operator",
    "unusual value": "how unusual the value is",
}
"""Evidence that does not speak for itself."""


def explain(folder: Path) -> list[str]:
    """The story of a run, as lines of text.

    Args:
        folder: Of the run, below ``results/runs``.

    Raises:
        HarnessError: If there is no finished run.
    """
    if not (folder / RUN).exists():
        raise HarnessError(
            f"no finished run in '{folder}'. RUN names its folder, such as "
            "results/runs/D1/guided/b10-s1-r01-..."
        )
    run, log = read_json(folder / RUN), read_log(folder / LOG)
    rows = [] if log is None else log[1]
    cell, faulty = run["cell"], run["fault"]["faulty"]
    metric = METRICS[run["fault"]["metric"]]
    lines = [f"{cell['technique']} on {cell['fault']}, budget {cell['budget']:g} x T"]
    chosen = _chosen(run, rows, metric)
    if chosen is None:
        return [*lines, "nothing was judged, so there is no patch"]
    lines += _looked(run, rows, metric)
    patch = changed(faulty, chosen.configuration)
    if not patch:
        return [*lines, "no patch: no program that was tried is better than the faulty one"]
    lines.append(f"patch: {len(patch)} of {len(faulty)} values, {_value(chosen, metric)}")
    for name, (before, after) in patch.items():
        lines.append(f"  {name}: {before} -> {after}")
        lines += [f"    {line}" for line in _why(name, after, rows, metric)]
    lines += _afterwards(rows, patch, metric)
    if (path := folder / MINIMISED / f"{MINIMISED}.json").exists():
        record = read_json(path)
        lines.append(
            f"minimised after the run in {record['trainings']} trainings; not needed: "
            f"{', '.join(record['taken_back']) or 'nothing'}"
        )
    return lines


def _chosen(run: Mapping[str, Any], rows: Sequence[Row], metric: Metric) -> Row | None:
    judged = [row for row in rows if row.outcome.search is not None]
    chosen = [row for row in judged if row.proposal == run.get("choice")]
    if chosen:
        return chosen[-1]
    return min(judged, key=lambda row: metric.loss(row.outcome.search or 0.0), default=None)


def _looked(run: Mapping[str, Any], rows: Sequence[Row], metric: Metric) -> list[str]:
    """What was known before the first edit."""
    health = run.get("health", {})
    faulty = [row for row in rows if row.note.get("phase") == "watch"]
    lines = [f"faulty program: {_value(faulty[-1], metric)}"] if faulty else []
    facts = {
        "its training": health.get("signs"),
        "blamed by Theia": health.get("blamed"),
        "suspected operators": health.get("suspected_operators"),
    }
    return lines + [f"{what}: {text}" for what, text in facts.items() if text]


def _why(name: str, after: object, rows: Sequence[Row], metric: Metric) -> list[str]:
    """The evidence for one edit and what came of trying it."""
    tried = [r for r in rows if r.note.get("edits", {}).get(name) == after]
    tried = [r for r in tried if r.note["phase"] == "train"] or tried
    if not tried:
        return ["the technique does not say why"]
    row = tried[0]
    known = dict(row.note["suspicion"][name])
    rank, share = known.pop("rank"), known.pop("share")
    lines = [f"suspect number {rank} with {share:.0%} of all suspicion"]
    strongest = sorted(known.items(), key=lambda item: -abs(item[1]))
    lines += [f"x {factor:g} by {OPERATION_WORDS.get(what, what)}" for what, factor in strongest]
    base = next((r for r in reversed(rows) if r.proposal == row.note["base"]), None)
    others = [n for n in row.note["edits"] if n != name]
    effect = f"{_value(row, metric)} with it"
    if others:
        effect += f" and {', '.join(others)}"
    if base is not None:
        effect += f", {_value(base, metric)} before"
    return [*lines, effect]


def _afterwards(rows: Sequence[Row], patch: Mapping[str, Any], metric: Metric) -> list[str]:
    """How confirming and minimising went."""
    again = [r for r in rows if r.note.get("phase") == "confirm"]
    lines = [f"trained again: {', '.join(_value(r, metric) for r in again)}"] if again else []
    for row in rows:
        if (name := row.note.get("taken_back")) is not None:
            verdict = "needed" if name in patch else "not needed"
            lines.append(f"without {name}: {_value(row, metric)}, so it is {verdict}")
    return lines


def _value(row: Row, metric: Metric) -> str:
    if row.outcome.search is None:
        return row.outcome.status.value
    return f"{metric.name} {row.outcome.search:.{metric.digits + 1}f}"
