"""Shares of GPUs as Ray hands them out. Ray counts GPUs that it is told of; none is needed."""

from __future__ import annotations

import subprocess
import sys

import pytest

SHARES = """
import os, ray
from harness.engine import Pool
from harness.vocabulary import HarnessError
ray.init(address="local", num_cpus=1, num_gpus=2, include_dashboard=False, log_to_driver=False)
with Pool(None, "pytorch", per_gpu=2) as pool:
    workers = pool._workers.values()
    see = lambda _: os.environ["CUDA_VISIBLE_DEVICES"]
    print(sorted(ray.get(w._actor.__ray_call__.remote(see)) for w in workers))
try:
    Pool(5, "pytorch", per_gpu=2)
except HarnessError as error:
    print(error)
"""


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_runs_on_a_gpu_share_it_and_see_no_other() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SHARES], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    seen, refused = done.stdout.splitlines()
    assert seen == "['0', '0', '1', '1']"
    assert refused.startswith("5 workers were asked for, but there is room for 4 on the GPUs")
