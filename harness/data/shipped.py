"""The project's own data: inside the package in a wheel, beside it in a checkout."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from harness.vocabulary import HarnessError, unknown

PACKAGE = Path(__file__).resolve().parents[1]
"""The folder of the package ``harness``."""

IN_CHECKOUT: Mapping[str, str] = {
    "faults": "faults",
    "configs": "configs",
    "published": "results/published/icst23",
    "overrides.txt": "overrides.txt",
}
"""What is shipped, by name, and its place in a checkout."""


def shipped(name: str, package: Path = PACKAGE) -> Path:
    """The folder or file ``name`` of ``IN_CHECKOUT``.

    Args:
        package: Folder of the package. A wheel has ``_shipped/<name>`` in it; a checkout has none.

    Raises:
        HarnessError: If there is no such name, or neither place has it.
    """
    if name not in IN_CHECKOUT:
        raise unknown("shipped data", name, IN_CHECKOUT)
    places = (package / "_shipped" / name, package.parent / IN_CHECKOUT[name])
    for path in places:
        if path.exists():
            return path
    raise HarnessError(
        f"the package lacks its {name}. Looked for {' and '.join(map(str, places))}. "
        "Install it again from a wheel, or from a complete checkout"
    )
