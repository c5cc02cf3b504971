"""The optional packages: which extra of this project installs each of them."""

from __future__ import annotations

import importlib.util
import shlex
import sys
from collections.abc import Mapping

from harness.data.shipped import shipped
from harness.vocabulary import HarnessError

EXTRAS: Mapping[str, str] = {
    "torch": "torch",
    "jax": "jax",
    "hebo": "hebo",
    "hpbandster": "bohb",
    "ConfigSpace": "bohb",
    "optuna": "optuna",
    "smac": "smac",
    "mlflow": "mlflow",
    "hydra": "sweep",
}
"""Extra of each optional module."""

OVERRIDDEN = {"hebo", "bohb", "all"}
"""Extras with packages whose metadata is corrected by ``overrides.txt``."""


def command(extras: str) -> str:
    """The shell command that adds ``extras``, separated by commas, to this installation."""
    overrides = ""
    if OVERRIDDEN.intersection(extras.split(",")):
        overrides = f" --overrides {shlex.quote(str(shipped('overrides.txt')))}"
    chosen = shlex.quote(f"dnn-repair-harness[{extras}]" if extras else "dnn-repair-harness")
    return f"uv pip install --python {shlex.quote(sys.executable)}{overrides} {chosen}"


def require(*modules: str) -> None:
    """Check that all ``modules`` are installed; imports none of them.

    Raises:
        HarnessError: If some are not; names them, and the command that adds them.
    """
    lacking = [module for module in modules if importlib.util.find_spec(module) is None]
    if lacking:
        extras = dict.fromkeys(EXTRAS[module] for module in lacking if module in EXTRAS)
        raise HarnessError(
            f"not installed: {', '.join(lacking)}. To add: {command(','.join(extras))}"
        )
