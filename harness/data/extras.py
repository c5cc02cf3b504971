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

OVERRIDDEN = ("hebo", "bohb", "all")
"""Extras whose packages ask for versions that are corrected by ``overrides.txt``."""


def command(extra: str) -> str:
    """The shell command that adds ``extra`` to this installation.

    >>> command("jax")
    "uv pip install 'dnn-repair-harness[jax]'"
    """
    overrides = ""
    if extra in OVERRIDDEN:
        overrides = f"--overrides {shlex.quote(str(shipped('overrides.txt')))} "
    return f"uv pip install {overrides}'dnn-repair-harness[{extra}]'"


def missing(*modules: str) -> HarnessError | None:
    """What to say of the first of ``modules`` that is not installed; None if all are."""
    for module in modules:
        if importlib.util.find_spec(module) is None:
            extra = EXTRAS[module]
            return HarnessError(
                f"{module} is not installed. It comes with the extra '{extra}': {command(extra)}"
            )
    return None


def require(*modules: str) -> None:
    """Raises HarnessError for the first of ``modules`` that is not installed."""
    if (error := missing(*modules)) is not None:
        raise error
