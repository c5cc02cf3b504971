"""Print why each edit is in the patch of one run. Needs neither Ray nor a DL framework.

make explain RUN=results/runs/D1/guided/b10-s1-r01-0123456789ab
"""

from __future__ import annotations

import sys
from pathlib import Path

from harness.analysis.explain import explain
from harness.vocabulary import HarnessError


def main(arguments: list[str]) -> int:
    try:
        if len(arguments) != 1 or not arguments[0]:
            raise HarnessError("which run? make explain RUN=results/runs/D1/guided/b10-s1-r01-...")
        print("\n".join(explain(Path(arguments[0]))))
    except HarnessError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
