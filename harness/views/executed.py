"""Notebooks with their outputs: executed on what is stored of a study."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from harness.vocabulary import HarnessError


def execute(path: Path, target: Path, settings: Sequence[str]) -> None:
    """Run a notebook in a process of its own and keep it with its outputs.

    Args:
        settings: Of the study that it shows, ``key=value`` each.

    Raises:
        HarnessError: If a cell fails; says which notebook and why.
    """
    try:
        import nbformat
        from nbclient import NotebookClient
        from nbclient.exceptions import CellExecutionError
        from traitlets.config import Config
    except ImportError as error:
        raise HarnessError(
            f"notebooks need nbclient, nbformat and ipykernel, which come with the extra 'dev': "
            f"{error}"
        ) from None
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    # A relative path of its sockets would be another one for the kernel, which runs elsewhere.
    with tempfile.TemporaryDirectory(prefix="k-") as sockets:
        client = NotebookClient(
            notebook,
            timeout=600,
            record_timing=False,
            resources={"metadata": {"path": str(path.parent.parent)}},
            config=Config({"KernelManager": {"transport": "ipc", "ip": f"{sockets}/k"}}),
        )
        try:
            client.execute(env={**os.environ, "STUDY": "\n".join(settings)})
        except CellExecutionError as error:
            raise HarnessError(
                f"{path.name} cannot be executed: {error.ename}: {error.evalue}"
            ) from None
    target.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, target)  # type: ignore[no-untyped-call]
