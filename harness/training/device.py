"""Configuration of the framework of a training process, before its import."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.data.extras import require
from harness.subjects.subject import KERAS_BACKENDS
from harness.vocabulary import HarnessError, unknown

BACKENDS = KERAS_BACKENDS
"""Backends of Keras."""

NATIVE = "pytorch"
"""Name of PyTorch without Keras, beside the backends."""

MODULES: Mapping[str, tuple[str, ...]] = {
    "tensorflow": ("keras", "tensorflow"),
    "jax": ("keras", "jax"),
    "torch": ("keras", "torch"),
    NATIVE: ("torch",),
}
"""Modules that each backend needs."""


def configure(backend: str, threads: int = 1) -> None:
    """Choose the backend of this process and its number of threads.

    One thread is the fastest way to train small programs, and makes sums repeatable. oneDNN stays
    off unless ``TF_ENABLE_ONEDNN_OPTS=1`` is set: it rounds differently on different processors,
    but trains large convolutions in half to three quarters of the time.

    Args:
        backend: One of ``BACKENDS``, or ``NATIVE``.

    Raises:
        HarnessError: If there is no such backend, it is not installed, or Keras runs on another
            one already.
    """
    if backend not in (*BACKENDS, NATIVE):
        raise unknown("Keras backend", backend, BACKENDS)
    require(*MODULES[backend])
    loaded = sys.modules.get("keras")
    if loaded is not None:
        if loaded.config.backend() != backend:
            raise HarnessError(
                f"this process runs Keras on {loaded.config.backend()}; a process has one backend, "
                f"and {backend} was asked for"
            )
        return
    os.environ["KERAS_BACKEND"] = backend  # NATIVE is none of Keras', which then cannot be imported
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(threads)
    if backend == "tensorflow":
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
    elif backend == "jax":
        single = "--xla_cpu_multi_thread_eigen=false" if threads == 1 else ""
        os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {single}".strip()
    else:
        import torch

        torch.set_num_threads(threads)


def device() -> str:
    """The backend and the devices of this process, such as ``tensorflow on CPU``."""
    backend = NATIVE
    if os.environ.get("KERAS_BACKEND") != NATIVE:
        import keras

        backend = keras.config.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        kinds = [d.device_type for d in tf.config.list_logical_devices()]
        if os.environ.get("TF_ENABLE_ONEDNN_OPTS") == "1":
            backend = "tensorflow with oneDNN"
    elif backend == "jax":
        import jax

        kinds = [f"{d.platform} {d.device_kind}" for d in jax.devices()]
    else:
        import torch

        gpu = torch.cuda.is_available()
        kinds = [torch.cuda.get_device_name()] if gpu else ["CPU"]
    return f"{backend} on {', '.join(kinds)}"


def memory() -> int:
    """Bytes of memory that this process holds (resident)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def torch_state() -> list[Any]:
    """The states of PyTorch's generators, from which dropout draws."""
    import torch

    return [torch.get_rng_state(), *torch.cuda.get_rng_state_all()]


def restore_torch_state(state: list[Any]) -> None:
    """Return the generators to the states that ``torch_state`` returned."""
    import torch

    torch.set_rng_state(state[0])
    torch.cuda.set_rng_state_all(state[1:])
