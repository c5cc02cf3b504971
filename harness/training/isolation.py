"""Whether a program has changed its training process: then the next program gets another one.

The rule is that a training gives what it would give in a fresh process, bit by bit. Generators are
seeded for each training. Everything else that a program may change is compared after it with what
it was before the first one: settings of the process and of the frameworks, functions of libraries,
the variables of the programs' own modules, and the data.
"""

from __future__ import annotations

import decimal
import gc
import locale
import os
import resource
import signal
import sys
import threading
import time
import types
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from itertools import chain
from operator import itemgetter
from typing import Any

import numpy as np

from harness.subjects.arrays import Data
from harness.training.program_state import ForeignModules, foreign_state, tokens, uses_tensorflow
from harness.training.request import Request

OPEN_FILES = 64
"""Open files that programs may leave behind before their process is replaced."""

EXACTLY = """
    builtins time random math cmath os posix posixpath sys io functools itertools operator copy json
    pickle threading signal warnings contextlib statistics datetime collections types gc inspect
    dataclasses abc enum weakref socket select subprocess tempfile shutil pathlib glob
    numpy numpy.random numpy.random.mtrand numpy.random._generator numpy.linalg numpy.fft
    numpy._core.fromnumeric numpy._core.numeric numpy._core.multiarray numpy._core._methods
    keras keras.layers keras.ops keras.losses keras.optimizers keras.initializers keras.activations
    keras.random keras.models keras.utils keras.backend keras.config keras.regularizers
    keras.constraints keras.src.utils.naming keras.src.saving.object_registration
    tensorflow tensorflow._api.v2.math tensorflow._api.v2.nn tensorflow._api.v2.random
    tensorflow._api.v2.linalg tensorflow.python.eager.backprop
    torch torch.nn torch.nn.functional torch.nn.init torch.optim torch.random torch._tensor
    torch.autograd torch.autograd.grad_mode torch.linalg
    jax jax.numpy jax.lax jax.nn jax.random
    sklearn.datasets sklearn.model_selection sklearn.preprocessing
"""
UNDER = (
    "harness.",
    "keras.src.activations",
    "keras.src.backend",
    "keras.src.initializers",
    "keras.src.layers",
    "keras.src.losses",
    "keras.src.models",
    "keras.src.ops.operation",
    "keras.src.optimizers",
    "keras.src.random",
    "keras.src.regularizers",
    "torch.nn.modules.",
    "torch.optim.",
)
"""Modules whose functions and classes are compared, and packages all of whose modules are."""

_Watched = tuple[str, Mapping[str, Any], Callable[[Mapping[str, Any]], Any], Any, set[str] | None]
"""Name, namespace, what takes its functions, these functions, and all names of a class."""

_LIBRARIES_SET = ("KMP_INIT_AT_FORK", "KMP_DUPLICATE_LIB_OK", "TF2_BEHAVIOR")
"""Variables of the environment that libraries set when they are imported."""


class Traces:
    """What programs leave behind in their process, against its state before any has run."""

    def __init__(self) -> None:
        self._watched = list(_watched())
        self._folders: object = None
        self._noted: dict[str, Any] = {}
        self._foreign = ForeignModules()
        self._foreign.new()
        self._tensorflow = False
        self._names: Any = None
        self._data: tuple[object, list[Any]] = None, tokens(None)

    def begin(self, request: Request) -> None:
        """Prepare for a training; the registry of its folders is loaded.

        Modules of subjects run when they are imported, in every process alike: what they change
        then is no change.
        """
        if self._folders != request.folders:
            self._folders = request.folders
            self._foreign.new()
            self._tensorflow = uses_tensorflow(self._foreign.names)
            self._noted = self._state()
        self._names = None
        if request.history is None and "keras" in sys.modules:
            self._names = _name_counters(None)

    def loaded(self, data: Data) -> None:
        """Note data that no program has seen; they are not to change."""
        self._data = _changeable(data), tokens(_changeable(data))

    def changed(self) -> list[str]:
        """What the programs since the first :meth:`begin` have changed; empty if nothing."""
        self._foreign.forget(self._foreign.new())  # the next training imports them anew
        if self._names is not None:
            _name_counters(self._names)
        now = self._state()
        found = [name for name, value in now.items() if value != self._noted.get(name)]
        found += _patched(self._watched)
        if self._tensorflow:
            found.append("TensorFlow's own generators")
        if tokens(self._data[0]) != self._data[1]:
            found.append("data")
        return found

    def _state(self) -> dict[str, Any]:
        state: dict[str, Any] = {"warnings": _warnings()}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the questions that follow
            state |= chain(_process(), _python(), _numpy(), _keras(), _torch(), _jax())
            state["modules of programs"] = foreign_state(self._foreign.names)
        return state


def _changeable(data: Data) -> list[Any]:
    """The arrays of data that a program could change in place, wherever it got hold of them."""
    parts = [getattr(data, field.name) for field in fields(data)]
    arrays = [a for part in parts for a in (part if isinstance(part, tuple) else (part,))]
    torch: Any = sys.modules.get("torch")
    return [
        a
        for a in arrays
        if isinstance(a, np.ndarray)
        or (torch is not None and isinstance(a, torch.Tensor) and a.device.type == "cpu")
    ]


def _warnings() -> list[Any]:
    return [(kind, str(m), c, str(mod), n) for kind, m, c, mod, n in warnings.filters]


def _process() -> Iterator[tuple[str, Any]]:
    yield "working folder", _or_error(os.getcwd)
    yield "environment", {k: v for k, v in os.environ.items() if k not in _LIBRARIES_SET}
    mask = os.umask(0o77)
    os.umask(mask)
    yield "umask", mask
    yield "signal handlers", [signal.getsignal(s) for s in signal.valid_signals()]
    yield "blocked signals", signal.pthread_sigmask(signal.SIG_BLOCK, [])
    yield "timers", [signal.getitimer(t) != (0.0, 0.0) for t in (0, 1, 2)]
    kinds = [getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_")]
    yield "limits of resources", [resource.getrlimit(kind) for kind in kinds]
    yield "cores", os.sched_getaffinity(0)
    yield "priority", os.getpriority(os.PRIO_PROCESS, 0)
    yield "threads", set(sys._current_frames())
    yield "child processes", _children()
    yield "open files", _many_open()
    yield "standard streams", [_stream(number) for number in (0, 1, 2)]


_open_at_first: list[int] = []


def _many_open() -> bool:
    """Whether programs have left many files open."""
    count = len(os.listdir("/proc/self/fd"))
    if not _open_at_first:
        _open_at_first.append(count)
    return count > _open_at_first[0] + OPEN_FILES


def _children() -> bool:
    """Whether there are child processes, ended ones included."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def _stream(number: int) -> Any:
    return _or_error(lambda: os.fstat(number).st_rdev)


def _or_error(ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except OSError as error:
        return error.errno


def _python() -> Iterator[tuple[str, Any]]:
    yield "recursion limit", sys.getrecursionlimit()
    yield "thread switching", sys.getswitchinterval()
    yield "garbage collection", (gc.isenabled(), gc.get_threshold(), len(gc.callbacks))
    yield "module search", ([*sys.path], [*map(id, sys.meta_path)], [*map(id, sys.path_hooks)])
    yield "tracing", (sys.gettrace(), sys.getprofile(), threading.gettrace())
    yield "hooks", [id(x) for x in (sys.excepthook, sys.displayhook, sys.unraisablehook)]
    yield "output", [id(stream) for stream in (sys.stdin, sys.stdout, sys.stderr)]
    yield "locale", locale.setlocale(locale.LC_ALL)
    yield "time zone", (time.tzname, time.timezone)
    yield "decimal context", repr(decimal.getcontext().copy())


def _numpy() -> Iterator[tuple[str, Any]]:
    yield "NumPy's errors", (np.geterr(), np.geterrcall(), np.getbufsize())
    yield "NumPy's printing", repr(np.get_printoptions())
    least = np.array([5e-324, 1e-310])
    yield "denormal numbers", (least * np.array([1.0, 1.0])).tobytes()


def _keras() -> Iterator[tuple[str, Any]]:
    if "keras" not in sys.modules:
        return
    from keras.src.backend import config
    from keras.src.backend.common import global_state
    from keras.src.dtype_policies.dtype_policy import dtype_policy
    from keras.src.saving import object_registration as registered

    yield "Keras' settings", [v for k, v in vars(config).items() if k[:1] == "_" and _simple(v)]
    kept = {**vars(global_state.GLOBAL_STATE_TRACKER), **vars(global_state.GLOBAL_SETTINGS_TRACKER)}
    reset = ("object_name_uids", "global_seed_generator", "dtype_policy", "tracking_on")
    yield (
        "Keras' global state",
        {k: _flat(v) for k, v in kept.items() if k not in reset and _flat(v)},
    )
    yield "Keras' types of numbers", dtype_policy().get_config()
    yield "Keras' tracking", global_state.get_global_attribute("tracking_on", True)
    objects = (registered.GLOBAL_CUSTOM_OBJECTS, registered.GLOBAL_CUSTOM_NAMES)
    yield "registered Keras objects", [[*map(id, chain(*each.items()))] for each in objects]
    if config._BACKEND == "tensorflow":
        yield from _tensorflow()


_TENSORFLOW = """
    config.functions_run_eagerly config.experimental.tensor_float_32_execution_enabled
    config.experimental.is_op_determinism_enabled config.optimizer.get_jit
    config.optimizer.get_experimental_options executing_eagerly
"""
"""Settings of TensorFlow; those that are functions are called."""


def _tensorflow() -> Iterator[tuple[str, Any]]:
    import tensorflow as tf
    from tensorflow.python.eager import context

    current = context.context()
    own = {k: v for k, v in vars(current).items() if _simple(v) and k != "_initialized"}
    yield "TensorFlow's context", own
    yield "TensorFlow's settings", [_setting(tf, name) for name in _TENSORFLOW.split()]
    local = getattr(current, "_thread_local_data", None)
    yield (
        "TensorFlow's scopes",
        [_setting(local, name) for name in ("device_name", "scope_name", "op_callbacks")],
    )


_TORCH = """
    get_default_dtype get_default_device get_num_threads is_grad_enabled is_inference_mode_enabled
    are_deterministic_algorithms_enabled is_deterministic_algorithms_warn_only_enabled
    is_anomaly_enabled is_autocast_enabled get_float32_matmul_precision
    get_deterministic_debug_mode utils.deterministic.fill_uninitialized_memory
    backends.cudnn.enabled backends.cudnn.benchmark backends.cudnn.deterministic
    backends.cudnn.allow_tf32 backends.cuda.matmul.allow_tf32 backends.mkldnn.enabled
    backends.opt_einsum.enabled _C._get_nnpack_enabled
    _C._len_torch_function_stack _C._len_torch_dispatch_stack
"""
"""Settings of PyTorch; those that are functions are called."""


def _torch() -> Iterator[tuple[str, Any]]:
    torch: Any = sys.modules.get("torch")
    if torch is None or not hasattr(torch, "backends"):
        return
    yield "PyTorch's settings", [_setting(torch, name) for name in _TORCH.split()]
    hooks = vars(torch.nn.modules.module)
    yield "PyTorch's hooks", {k: _flat(v) for k, v in hooks.items() if k.startswith("_global_")}
    yield "PyTorch's denormal numbers", (torch.tensor([1e-42]) * 1.0).item()


def _setting(module: Any, dotted: str) -> Any:
    """A setting of a framework, or None where its version has none of that name."""
    value = module
    for name in dotted.split("."):
        value = getattr(value, name, None)
    if isinstance(value, (types.FunctionType, types.BuiltinFunctionType)):
        try:
            value = value()
        except (TypeError, RuntimeError):
            return None
    return value if _simple(value) else repr(value)


def _jax() -> Iterator[tuple[str, Any]]:
    jax: Any = sys.modules.get("jax")
    if jax is not None:
        yield "JAX's settings", {k: _flat(v) for k, v in jax.config.values.items()}


def _simple(value: object) -> bool:
    return value is None or isinstance(value, (bool, int, float, str))


def _flat(value: Any) -> Any:
    """What is compared of a value: itself, the number of its entries, or which object it is."""
    if _simple(value):
        return value
    return len(value) if isinstance(value, (list, dict, set, tuple)) else id(value)


def _name_counters(counters: Any) -> Any:
    """Set the counters by which Keras names layers; return those of before."""
    from keras.src.backend.common import global_state

    before = global_state.get_global_attribute("object_name_uids")
    global_state.set_global_attribute("object_name_uids", counters)
    global_state.set_global_attribute("global_seed_generator", None)
    return before


_FUNCTIONS = (
    type,
    types.ModuleType,
    staticmethod,
    classmethod,
    property,
    types.GetSetDescriptorType,
    types.MemberDescriptorType,
)


def _watched() -> Iterator[_Watched]:
    exactly = frozenset(EXACTLY.split())
    for name, module in [*sys.modules.items()]:
        if not isinstance(module, types.ModuleType):
            continue
        if name not in exactly and not name.startswith(UNDER):
            continue
        yield from _namespace(name, vars(module), None)
        for value in [*vars(module).values()]:
            if isinstance(value, type) and value.__module__ == name:
                own = value.__dict__
                yield from _namespace(f"{name}.{value.__name__}", own, set(own))


def _namespace(name: str, own: Mapping[str, Any], all_names: set[str] | None) -> Iterator[_Watched]:
    keys = [k for k, v in [*own.items()] if _is_function(v)]
    if len(keys) > 1:
        take = itemgetter(*keys)
        yield name, own, take, take(own), all_names


def _is_function(value: object) -> bool:
    return callable(value) or isinstance(value, _FUNCTIONS)


def _patched(watched: list[_Watched]) -> list[str]:
    """Names of the namespaces whose functions are not what they were."""
    found = []
    for name, own, take, functions, all_names in watched:
        try:
            same = take(own) == functions
        except KeyError:
            same = False
        if same and all_names is not None and len(own) != len(all_names):
            # A class has notes of its own kind, such as annotations, that appear when asked for.
            same = not any(_is_function(own[new]) for new in own.keys() - all_names)
        if not same:
            found.append(f"functions of {name}")
    return found
