"""Why each edit is in the patch of one stored run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.records.files import is_there
from harness.records.log import LOG
from harness.records.outcome import Trial
from harness.records.run_record import RUN, RunRecord, read_run_record
from harness.records.store import Store
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
    if not is_there(folder / RUN):
        raise HarnessError(
            f"no finished run in '{folder}'. RUN names its folder, such as "
            "results/runs/D1/guided/b10-s1-r01-..."
        )
    run = read_run_record(folder)
    store = _store(folder.resolve(), run)
    rows = store.trials(run)
    try:
        return _story(store, run, rows)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise HarnessError(
            f"{folder / LOG}: a trial's note is none of technique '{run.cell.technique}' "
            f"({type(error).__name__}: {error}). Nothing was changed"
        ) from None


def _store(folder: Path, run: RunRecord) -> Store:
    """The results folder that a run's folder lies in.

    Raises:
        HarnessError: If the run's folder was moved or copied.
    """
    depth = len(run.cell.folder.parts)
    if len(folder.parents) > depth:
        store = Store(folder.parents[depth])
        if store.folder(run.cell) == folder:
            return store
    raise HarnessError(
        f"{folder} does not lie where its run belongs, .../runs/{run.cell.folder}: move it there"
    )


def _story(store: Store, run: RunRecord, rows: Sequence[Trial]) -> list[str]:
    cell, faulty = run.cell, run.fault.faulty
    metric = METRICS[run.fault.metric]
    lines = [f"{cell.technique} on {cell.fault}, budget {cell.budget:g} x T"]
    chosen = _chosen(run, rows, metric)
    if chosen is None or chosen.configuration is None:
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
    if (done := store.minimised(cell)) is not None:
        lines.append(
            f"minimised after the run in {done.trainings} trainings; not needed: "
            f"{', '.join(done.taken_back) or 'nothing'}"
        )
    return lines


def _chosen(run: RunRecord, rows: Sequence[Trial], metric: Metric) -> Trial | None:
    judged = [row for row in rows if row.outcome.search is not None]
    returned = [row for row in judged if row.proposal == run.choice]
    if returned:
        return returned[-1]
    return min(judged, key=lambda row: metric.loss(row.outcome.search or 0.0), default=None)


def _looked(run: RunRecord, rows: Sequence[Trial], metric: Metric) -> list[str]:
    """Evidence from before the first edit."""
    health = run.health
    faulty = [row for row in rows if row.note.get("phase") == "watch"]
    lines = [f"faulty program: {_value(faulty[-1], metric)}"] if faulty else []
    evidence = {
        "its training": health.get("signs"),
        "blamed by Theia": health.get("blamed"),
        "suspected operators": health.get("suspected_operators"),
    }
    return lines + [f"{what}: {words}" for what, words in evidence.items() if words]


def _why(name: str, after: object, rows: Sequence[Trial], metric: Metric) -> list[str]:
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


def _afterwards(rows: Sequence[Trial], patch: Mapping[str, Any], metric: Metric) -> list[str]:
    """How confirming and minimising went."""
    again = [r for r in rows if r.note.get("phase") == "confirm"]
    lines = [f"trained again: {', '.join(_value(r, metric) for r in again)}"] if again else []
    for row in rows:
        if (name := row.note.get("taken_back")) is not None:
            verdict = "needed" if name in patch else "not needed"
            lines.append(f"without {name}: {_value(row, metric)}, so it is {verdict}")
    return lines


def _value(row: Trial, metric: Metric) -> str:
    if row.outcome.search is None:
        return row.outcome.status.value
    return f"{metric.name} {row.outcome.search:.{metric.digits + 1}f}"
