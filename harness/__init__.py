"""Which repair technique finds a patch for a DNN program that learns badly, and how good is it?

``harness.run`` makes the runs of a plan, ``harness.load`` reads those that are stored; both return
a :class:`harness.api.Study`. The other functions are ``published``, ``compare``, ``faults``,
``localise``, ``benchmark``, ``published_tables`` and ``columns``. Importing the package loads
neither a deep-learning framework nor pandas: each function imports what it needs.
"""

from typing import Any

from harness.vocabulary import VERSION as __version__
from harness.vocabulary import HarnessError

_API = (
    "Study",
    "benchmark",
    "columns",
    "compare",
    "faults",
    "load",
    "localise",
    "published",
    "published_tables",
    "run",
)
"""What ``harness.api`` offers here."""

__all__ = ["HarnessError", "__version__", *_API]


def __getattr__(name: str) -> Any:
    if name not in _API:
        raise AttributeError(f"module 'harness' has no attribute '{name}'")
    import harness.api

    found = globals()[name] = getattr(harness.api, name)
    return found


def __dir__() -> list[str]:
    return sorted([*globals(), *_API])
