"""AutoTrainer: recognises one of five symptoms of a training, and tries its remedies in order.

>>> from harness.techniques.autotrainer import AutoTrainer
>>> AutoTrainer().repair(model, data, training)          # doctest: +SKIP
ToolResult(status=solved, ...)

Source: Zhang, Zhai, Ma, Shen, *AutoTrainer: An Automatic DNN Training Problem Detection and Repair
System*, ICSE 2021.
"""

from harness.techniques.autotrainer.rules import AS_DESCRIBED, AS_RUN, Rules, rules_of
from harness.techniques.autotrainer.technique import Autotrainer, AutotrainerIcst23
from harness.techniques.autotrainer.tool import Attempt, AutoTrainer, ToolData, ToolResult

__all__ = [
    "AS_DESCRIBED",
    "AS_RUN",
    "Attempt",
    "AutoTrainer",
    "Autotrainer",
    "AutotrainerIcst23",
    "Rules",
    "ToolData",
    "ToolResult",
    "rules_of",
]
