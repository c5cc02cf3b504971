"""Rebuilds the figures of docs/autotrainer.md.

make autotrainer-evidence                         the small cases, D1 and D6, the published figures
make autotrainer-evidence ARGS=--slow             the authors' two demos as well (minutes)
make autotrainer-evidence OUT=folder ARGS=--docs  rewrites the tables of docs/autotrainer.md

Every run of the tool is a row of OUT/cases.csv; rows that are there are not run again.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import pandas as pd

from experiments.autotrainer_cases import (
    CASES,
    keras_model,
    torch_data,
    torch_model,
    torch_training,
)
from experiments.pages import markdown, replace_marked
from harness.analysis.protocols import ICST23
from harness.analysis.published import load_published
from harness.analysis.published.answers import Answer
from harness.analysis.published.tool_patches import jaccard_table, patch_table
from harness.subjects.registry import load_registry
from harness.techniques.autotrainer import AutoTrainer, ToolData, ToolResult
from harness.training import configure
from harness.training.watched.history import Training
from harness.vocabulary import HarnessError

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "autotrainer.md"
FRAMEWORKS = ("keras", "pytorch")
SEEDS = {"as_run": (0, 1), "as_described": (0,)}
"""Mode -> seeds. What is expected is told of the tool as it was run."""
FAULTS = {
    "D1": ("dying_relu", 0, "unsolved (8 attempts)", "0.525"),
    "D6": ("slow_convergence", 3, "solved by lr (5 or 6 attempts)", "0.5 to 1.0"),
}
"""Faults whose data are generated: expected symptom, epoch, outcome, accuracy as run."""


@dataclass(frozen=True, slots=True)
class Row:
    """One run of the tool on its own."""

    case: str
    framework: str
    mode: str
    seed: int
    symptom: str
    """The first; '' if none."""
    epoch: int
    """Index of the epoch after which the first training ended."""
    status: str
    solution: str
    """Of the answer; '' if the tool hands back the program itself."""
    attempts: int
    before: float | None
    """Validation accuracy of the program where its training ended."""
    accuracy: float | None
    """Of the answer."""
    best: float | None
    """Highest of all attempts."""
    seconds: float


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "autotrainer")
    parser.add_argument("--slow", action="store_true", help="run the authors' demos, too")
    parser.add_argument("--docs", action="store_true", help="rewrite docs/autotrainer.md")
    parser.add_argument("--measure", choices=FRAMEWORKS, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    path = asked.out / "cases.csv"
    try:
        asked.out.mkdir(parents=True, exist_ok=True)
        if asked.measure:
            measure(asked.measure, path, slow=asked.slow)
            return
        for framework in FRAMEWORKS:  # a process each: PyTorch programs train without Keras
            _child(framework, asked)
        tables = tables_of(pd.read_csv(path, keep_default_na=False, na_values=["nan"]))
        for title, frame in tables.items():
            print(f"\n{title}\n\n{frame.to_string(index=False)}")
        if asked.docs:
            text = "\n\n".join(f"**{t}**\n\n{markdown(f)}" for t, f in tables.items())
            replace_marked(PAGE, "evidence", text)
    except HarnessError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)


def _child(framework: str, asked: argparse.Namespace) -> None:
    words = [
        sys.executable,
        "-m",
        "experiments.autotrainer_evidence",
        "--out",
        str(asked.out),
        "--measure",
        framework,
    ]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([*words, *(["--slow"] if asked.slow else [])], env=env, check=False)
    if done.returncode:
        raise HarnessError(f"the {framework} cases ended with exit code {done.returncode}")


def measure(framework: str, path: Path, *, slow: bool) -> None:
    """Run what ``path`` lacks of one framework; a row is written after each run."""
    configure("tensorflow" if framework == "keras" else "pytorch", threads=1)
    columns = [f.name for f in fields(Row)]
    done = pd.read_csv(path) if path.exists() else pd.DataFrame(columns=columns)
    known = set(zip(done.case, done.framework, done["mode"], done.seed, strict=True))
    names = [n for n, c in CASES.items() if slow or not c.slow]
    if framework == "keras":
        names += FAULTS
    else:  # a PyTorch program has no regularisation of its own
        names = [n for n in names if not any(getattr(x, "l1", 0) for x in CASES[n].layers)]
    for name in names:
        for mode, seeds in SEEDS.items():
            for seed in seeds:
                if (name, framework, mode, seed) in known:
                    continue
                result = _repaired(name, framework, mode, seed)
                row = pd.DataFrame([asdict(_row(name, framework, mode, seed, result))])
                row.to_csv(path, mode="a", header=not path.exists(), index=False)
                print(f"{name}, {framework}, {mode}, seed {seed}: {result.status.value}, "
                      f"{result.seconds:.0f} s", flush=True)  # fmt: skip


def _repaired(name: str, framework: str, mode: str, seed: int) -> ToolResult:
    tool = AutoTrainer(mode=mode, seed=seed)
    if name in FAULTS:
        return tool.repair(*_fault(name, seed))
    case = CASES[name]
    if framework == "pytorch":
        return tool.repair(torch_model(case, seed), torch_data(case), torch_training(case))
    import keras

    keras.utils.set_random_seed(seed)
    return tool.repair(keras_model(case, seed), case.data(), case.training)


def _fault(identity: str, seed: int) -> tuple[Any, ToolData, Training]:
    """The faulty program, its data with the search part for validation, and its training."""
    import keras

    fault = load_registry()[identity]
    parts = fault.subject.data(fault.data_seed, "default", 1.0, fault.faulty)
    keras.utils.set_random_seed(seed)
    data = ToolData(parts.x_train, parts.y_train, parts.x_search, parts.y_search)
    return fault.subject.build(fault.faulty), data, Training.of(fault.faulty)


def _row(name: str, framework: str, mode: str, seed: int, result: ToolResult) -> Row:
    first, *tried = result.attempts
    number = result.history.links[-1].number
    answer = next(a for a in result.attempts if a.number == number)
    return Row(
        case=name,
        framework=framework,
        mode=mode,
        seed=seed,
        symptom=first.found.value if first.found else "",
        epoch=(first.seen.epochs if first.seen else 0) - 1,
        status=result.status.value,
        solution=answer.solution,
        attempts=len(tried),
        before=first.accuracy,
        accuracy=result.accuracy,
        best=max((a.accuracy for a in tried if a.accuracy is not None), default=None),
        seconds=round(result.seconds, 1),
    )


def tables_of(rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The tables of the page by title."""
    study = load_published()
    return {
        "Cases, as run": cases_table(rows, "as_run"),
        "Cases, as described": cases_table(rows, "as_described"),
        "Complexity by the package's rule": patch_table(study),
        "Asymmetric Jaccard by the package's rule": jaccard_table(Answer.of(study, ICST23)),
    }


def cases_table(rows: pd.DataFrame, mode: str) -> pd.DataFrame:
    """A line per case and framework: what came, and of the tool as run what was expected."""
    lines = []
    for (name, framework), of in rows[rows["mode"] == mode].groupby(
        ["case", "framework"], sort=False
    ):
        lines.append(
            {
                "case": name,
                "framework": framework,
                **({"expected": _expected(str(name))} if mode == "as_run" else {}),
                "symptom @ epoch": _each(f"{s or 'none'} @ {e}" for s, e in
                                         zip(of.symptom, of.epoch, strict=True)),
                "outcome": _each(
                    f"{status} by {solution or 'none'} ({n})" if status == "solved"
                    else f"{status} ({n})"
                    for status, solution, n in
                    zip(of.status, of.solution, of.attempts, strict=True)),
                "before": _each(f"{v:.3f}" for v in of.before),
                "answer": _each(f"{v:.3f}" for v in of.accuracy),
                "seconds": _each(f"{v:.0f}" for v in of.seconds),
            }
        )  # fmt: skip
    return pd.DataFrame(lines)


def _expected(name: str) -> str:
    if name in FAULTS:
        symptom, epoch, outcome, accuracy = FAULTS[name]
        return f"{symptom} @ {epoch}, {outcome}, {accuracy}"
    case = CASES[name]
    told = [f"{case.symptom or 'none'} @ {case.epoch}", case.outcome, case.accuracy]
    return ", ".join(filter(None, told))


def _each(values: Any) -> str:
    """The values of the seeds; once if they agree."""
    listed = list(values)
    return listed[0] if len(set(listed)) == 1 else " / ".join(listed)


if __name__ == "__main__":
    main()
