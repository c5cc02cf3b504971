"""What the scripts that rewrite documents share: ``key=value`` arguments, one way to fail."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from harness.vocabulary import HarnessError


def main(run: Callable[[list[str]], int]) -> None:
    """Run a script; bad input is one message and exit code 2."""
    try:
        sys.exit(run(sys.argv[1:]))
    except HarnessError as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        sys.exit(2)


def split_own(arguments: Sequence[str], name: str) -> tuple[str | None, list[str]]:
    """The value of ``name=value``, and the other arguments.

    >>> split_own(["budget=10", "part=cifar"], "part")
    ('cifar', ['budget=10'])
    """
    own = [a.partition("=")[2] for a in arguments if a.partition("=")[0] == name]
    return (own[-1] if own else None), [a for a in arguments if a.partition("=")[0] != name]
