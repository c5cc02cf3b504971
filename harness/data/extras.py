"""The optional packages: which extra of this project installs each of them."""

from __future__ import annotations

import importlib.util
import shlex
from collections.abc import Mapping

from harness.data.shipped import shipped
from harness.vocabulary import HarnessError

EXTRAS: Mapping[str, str] = {
    "torch": "torch",
    "jax": "jax",
    "hebo": "hebo",
    "hpbandster": "bohb",
    "ConfigSpace": "bohb",
    "mlflow": "mlflow",
    "hydra": "sweep",
}
"""Extra of each optional module."""

OVERRIDDEN = {"hebo", "bohb", "all"}
"""Extras with packages whose metadata is corrected by ``overrides.txt``."""


def command(extras: str) -> str:
    """The shell command that adds ``extras``, separated by commas, to this installation.

    >>> command("jax")
    "uv pip install 'dnn-repair-harness[jax]'"
    """
    overrides = ""
    if OVERRIDDEN.intersection(extras.split(",")):
        overrides = f"--overrides {shlex.quote(str(shipped('overrides.txt')))} "
    return f"uv pip install {overrides}'dnn-repair-harness[{extras}]'"


def require(*modules: str) -> None:
    """Check that all ``modules`` are installed; imports none of them.

    Raises:
        HarnessError: If some are not; names the extras that have them, and the command.
    """
    lacking = [module for module in modules if importlib.util.find_spec(module) is None]
    if not lacking:
        return
    extras = ",".join(dict.fromkeys(EXTRAS[module] for module in lacking if module in EXTRAS))
    how = f": {command(extras)}" if extras else ""
    raise HarnessError(f"not installed: {', '.join(lacking)}{how}")
