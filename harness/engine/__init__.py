"""The only place that imports Ray: searches on Ray Tune, training workers, cells on cores.

Ray Tune itself is imported by ``harness.engine.search`` alone: only what searches pays for it.
"""

import os

# Read by Ray when it is imported: no anonymous statistics, no result files of Tune's own, no change
# of the thread count or the visible GPUs behind our back, and no training that yields to whatever
# else the machine does (Ray's own niceness is 15): it is timed.
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("TUNE_DISABLE_AUTO_CALLBACK_LOGGERS", "1")
os.environ.setdefault("TUNE_MAX_PENDING_TRIALS_PG", "1")
os.environ.setdefault("TUNE_GLOBAL_CHECKPOINT_S", "100000")
os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")
os.environ.setdefault("RAY_worker_niceness", "0")
os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
os.environ.setdefault("RAY_TRAIN_ENABLE_V2_MIGRATION_WARNINGS", "0")
# What a program prints is kept nowhere: of each process' output Ray keeps the last megabyte.
os.environ.setdefault("RAY_ROTATION_MAX_BYTES", "500000")
os.environ.setdefault("RAY_ROTATION_BACKUP_COUNT", "1")
os.environ.setdefault("PYTHONWARNINGS", "ignore::FutureWarning")

from harness.engine.keeper import Kept, KeptLog
from harness.engine.pool import Pool, Workers, opened_pool
from harness.engine.repair import repair
from harness.engine.workers import RemoteTrain, Replay, Worker

__all__ = [
    "Kept",
    "KeptLog",
    "Pool",
    "RemoteTrain",
    "Replay",
    "Worker",
    "Workers",
    "opened_pool",
    "repair",
]
