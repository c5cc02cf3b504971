"""Make every run of a plan that is missing; Hydra's door, for sweeps over settings.

``dnn-repair run`` is the same without Hydra.

python experiments/repair.py plan=laptop budget=20 technique=hebo
python experiments/repair.py -m technique=random,hebo budget=50,20,10
python experiments/repair.py -m hydra/launcher=submitit_slurm chunk=1/3,2/3,3/3
"""

from __future__ import annotations

from common import main

from harness.study.driver import drive_on_screen
from harness.study.spec import StudySpec
from harness.views.terminal import console


def run(spec: StudySpec) -> int:
    """Returns the exit code: 1 if a run failed."""
    return drive_on_screen(spec, console())


if __name__ == "__main__":
    main(run)
