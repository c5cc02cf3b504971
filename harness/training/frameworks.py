"""The framework of a program: Keras or native PyTorch. The one place that chooses between them."""

from __future__ import annotations

from typing import Any

from harness.training.programs import Framework
from harness.training.watched.network import Network
from harness.vocabulary import HarnessError


def framework(name: str) -> Framework:
    """The framework of that name, a key of ``harness.subjects.subject.FRAMEWORKS``; imports it."""
    if name == "pytorch":
        from harness.training.torch.torch_programs import NativeTorch

        return NativeTorch()
    from harness.training.keras.keras_programs import Keras

    return Keras()


def network_of(model: Any) -> Network:
    """The network of a built Keras or PyTorch model.

    Raises:
        HarnessError: If the model is no chain of layers with one input and one output, or of
            another framework.
    """
    modules = {base.__module__.split(".")[0] for base in type(model).__mro__}
    if "keras" in modules:
        from harness.training.keras.keras_network import KerasNetwork

        return KerasNetwork(model)
    if "torch" in modules:
        from harness.training.torch.torch_network import TorchNetwork

        return TorchNetwork(model)
    raise HarnessError(
        f"AutoTrainer repairs Keras and PyTorch models. Received: {type(model).__name__}"
    )
