"""Trains one configuration of one subject and judges it, without Ray.

``keras`` and ``torch`` hold what is particular to a framework, ``watched`` the trainings that are
checked for symptoms.

>>> from harness.subjects.registry import load_registry
>>> from harness.training import Request, Trainer, configure
>>> configure("tensorflow", threads=1)                              # doctest: +SKIP
>>> fault = load_registry()["D7"]
>>> Trainer().train(Request.of(fault, fault.fixed, seed=1)).status  # doctest: +SKIP
<TrialStatus.COMPLETED: 'completed'>
"""

from harness.training.device import configure, device, memory
from harness.training.request import Request
from harness.training.seeds import training_seed
from harness.training.trainer import Trainer

__all__ = ["Request", "Trainer", "configure", "device", "memory", "training_seed"]
