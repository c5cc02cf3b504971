"""Execute the notebooks on what is stored of a study.

make notebooks BUDGET=20
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import nbformat
from common import CONFIGS, label, main, plan, store
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from omegaconf import DictConfig
from traitlets.config import Config

from harness.vocabulary import HarnessError

ROOT = CONFIGS.parent


def run(cfg: DictConfig) -> int:
    folder = store(cfg).root / "notebooks" / label(cfg, plan(cfg))
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        execute(path, folder / path.name, sys.argv[1:])
        print(f"executed: {folder / path.name}")
    return 0


def execute(path: Path, target: Path, words: list[str]) -> None:
    """Run a notebook in a process of its own and keep it with its outputs.

    Args:
        words: Settings of the study that it shows, as on the command line.

    Raises:
        HarnessError: If a cell fails; says which and why.
    """
    notebook = nbformat.read(path, as_version=4)
    told = {**os.environ, "STUDY": "\n".join(words)}
    client = NotebookClient(
        notebook,
        timeout=600,
        resources={"metadata": {"path": str(ROOT)}},
        config=Config({"KernelManager": {"transport": "ipc"}}),
    )
    try:
        client.execute(env=told)
    except CellExecutionError as error:
        raise HarnessError(
            f"{path.name} cannot be executed: {error.ename}: {error.evalue}"
        ) from None
    target.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, target)


if __name__ == "__main__":
    main(run, "report")
