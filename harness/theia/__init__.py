"""Theia: where is the structural bug of a DNN program, before it trains?

A Keras or PyTorch program becomes one meta-model (``program``); twelve rules (``rules``) read it.
Importing this package loads neither framework.

    dnn-repair localise train.py              # a script, up to where it trains
    theia.check(model, loss, optimizer, loader, task)
    model.fit(..., callbacks=[theia.TheiaCallback(task="multiclass", stop=True)])

Source: Manke et al., Leveraging Data Characteristics for Bug Localization in Deep Learning
Programs, TOSEM.
"""

from typing import Any

__all__ = ["TheiaCallback", "check"]


def __getattr__(name: str) -> Any:
    if name == "check":
        from harness.theia.live import check

        return check
    if name == "TheiaCallback":
        from harness.theia.callback import TheiaCallback

        return TheiaCallback
    raise AttributeError(f"module 'harness.theia' has no attribute '{name}'")
