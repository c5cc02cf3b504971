"""Execute the notebooks on what is stored of a study.

make notebooks BUDGET=20
"""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from scripts import main
from traitlets.config import Config

from harness.study.spec import StudySpec
from harness.vocabulary import HarnessError

ROOT = Path(__file__).resolve().parents[1]


def run(arguments: list[str]) -> int:
    spec = StudySpec.compose(arguments)
    folder = spec.results / "notebooks" / spec.label
    settings = [a for a in arguments if not a.startswith("results=")]
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        execute(path, folder / path.name, [*settings, f"results={spec.results}"])
        print(f"executed: {folder / path.name}")
    return 0


def execute(path: Path, target: Path, settings: list[str]) -> None:
    """Run a notebook in a process of its own and keep it with its outputs.

    Args:
        settings: Of the study that it shows, ``key=value`` each.

    Raises:
        HarnessError: If a cell fails; says which and why.
    """
    notebook = nbformat.read(path, as_version=4)
    environment = {**os.environ, "STUDY": "\n".join(settings)}
    client = NotebookClient(
        notebook,
        timeout=600,
        resources={"metadata": {"path": str(ROOT)}},
        config=Config({"KernelManager": {"transport": "ipc"}}),
    )
    try:
        client.execute(env=environment)
    except CellExecutionError as error:
        raise HarnessError(
            f"{path.name} cannot be executed: {error.ename}: {error.evalue}"
        ) from None
    target.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, target)


if __name__ == "__main__":
    main(run)
