"""A subject whose programs do things to their process, and one that would notice."""

from __future__ import annotations

from pathlib import Path

from outside import FAULT, SUBJECT, SUBJECT_IN_PYTORCH

HEAD = """
import builtins, decimal, gc, locale, os, random, resource, signal, stat, subprocess
import sys, threading, time, warnings
import numpy as np

CALLS = []
CHANCE = np.random.default_rng(7)
SETTINGS = {"shift": 0.0}
TABLE = np.zeros(4)

class Kept:
    shift = 0.0

def remembered(more, kept=[]):
    kept.append(more)
    return len(kept)

def beside(seconds):
    pid = os.fork()
    if pid == 0:
        time.sleep(seconds)
        os._exit(0)

def endlessly():
    while True:
        time.sleep(0.01)

def notice():
    '''What the program makes of its process, as a small number.'''
    return (
        0.01 * np.random.random() + 0.01 * random.random()
        + CHANCE.bit_generator.state["state"]["state"] % 97 / 1000
        + SETTINGS["shift"] + float(TABLE.sum()) + Kept.shift
        + 0.01 * len(remembered.__defaults__[0])
        + (os.getcwd() == "/") + ("DEED" in os.environ) + 0.01 * len(CALLS)
        + (np.geterr()["over"] == "ignore") + (sys.getrecursionlimit() == 4321)
        + 0.01 * float(np.random.default_rng(3).random())
    )

def answer_oneself():
    for number in range(3, 64):
        try:
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                os.write(number, b'{"outcome": {"status": "completed"}}\\n')
        except OSError:
            pass

DEEDS = {deeds}
"""

COMMON: dict[str, str] = {
    "cwd": "os.chdir('/')",
    "environment": "os.environ['DEED'] = 'done'",
    "environment of the frameworks": "os.environ['TF_ENABLE_ONEDNN_OPTS'] = '1'",
    "umask": "os.umask(0)",
    "signal handler": "signal.signal(signal.SIGALRM, signal.SIG_IGN)",
    "alarm": "signal.signal(signal.SIGALRM, signal.SIG_DFL); signal.alarm(2)",
    "recursion limit": "sys.setrecursionlimit(4321)",
    "NumPy's generator": "np.random.seed(99); np.random.random(5)",
    "Python's generator": "random.seed(99); random.random()",
    "the module's generator": "CHANCE.random(5)",
    "a list of the module": "CALLS.append(1)",
    "a dictionary of the module": "SETTINGS['shift'] = 0.5",
    "an array of the module": "TABLE[0] = 0.5",
    "a class of the module": "Kept.shift = 0.5",
    "a default argument": "remembered(1)",
    "errors of NumPy": "np.seterr(all='ignore')",
    "warnings": "warnings.simplefilter('error')",
    "path": "sys.path.insert(0, '/nowhere')",
    "np.random.default_rng": "np.random.default_rng = lambda s=None: np.random.Generator("
    "np.random.PCG64(1))",
    "time.perf_counter": "time.perf_counter = lambda: 0.0",
    "sum": "builtins.sum = lambda *_: 0",
    "math": "import math; math.ceil = lambda x: 1",
    "the harness": "import harness.training.judge as j; j.accuracy = lambda *_: 1.0;"
    " j._FUNCTIONS['accuracy'] = j.accuracy",
    "the order of samples": "import harness.training.plain_training as p;"
    " p.epoch_order = lambda s, e, n: np.arange(n, dtype=np.int32)",
    "thread": "threading.Thread(target=endlessly, daemon=True).start()",
    "subprocess": "subprocess.Popen(['sleep', '600'])",
    "subprocess elsewhere": "subprocess.Popen(['sleep', '600'], start_new_session=True)",
    "fork": "beside(600)",
    "output": "os.write(1, b'x' * 5_000_000); sys.stdout.write('y' * 5_000_000); "
    "os.write(2, b'z' * 5_000_000); print('noise' * 100_000, file=sys.stderr)",
    "closed output": "os.close(1); os.close(2)",
    "output elsewhere": "sys.stdout = sys.stderr = open(os.devnull, 'w')",
    "open files": "CALLS.extend(open(os.devnull) for _ in range(300)) or CALLS.clear()",
    "limits": "resource.setrlimit(resource.RLIMIT_NOFILE, (50, 50))",
    "cores": "os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])",
    "gc": "gc.disable()",
    "tracing": "sys.settrace(lambda *_: None)",
    "locale": "locale.setlocale(locale.LC_ALL, 'C')",
    "decimal": "decimal.getcontext().prec = 2",
    "sys.exit": "sys.exit('gone')",
    "SystemExit": "raise SystemExit(0)",
    "KeyboardInterrupt": "raise KeyboardInterrupt",
    "GeneratorExit": "raise GeneratorExit",
    "os._exit": "os._exit(0)",
    "abort": "os.abort()",
    "fork and leave": "beside(600); os._exit(1)",
    "its parent": "os.kill(os.getppid(), 9)",
    "its group": "os.killpg(0, 9)",
    "stop": "os.kill(os.getpid(), signal.SIGSTOP)",
    "deep recursion": "f = lambda n: f(n + 1); f(0)",
    "answers": "answer_oneself()",
    "closed descriptors": "os.closerange(3, 1000)",
}
"""Name -> what ``build`` does before it builds, in either framework."""

KERAS: dict[str, str] = {
    "mixed precision": "import keras; keras.mixed_precision.set_global_policy('mixed_bfloat16')",
    "floatx": "import keras; keras.config.set_floatx('float16')",
    "epsilon": "import keras; keras.config.set_epsilon(0.1)",
    "image data format": "import keras; keras.config.set_image_data_format('channels_first')",
    "registered objects": "import keras; keras.saving.register_keras_serializable()("
    "type('Dense', (keras.layers.Dense,), {}))",
    "custom objects": "import keras; keras.saving.get_custom_objects()['relu'] = lambda x: 0 * x",
    "keras.layers.Dense.call": "import keras; keras.layers.Dense.call = "
    "lambda self, x, training=None: x[:, :1] * 0 + self.kernel[0]",
    "Dense.__call__": "import keras; f = keras.layers.Layer.__call__;"
    " keras.layers.Dense.__call__ = lambda self, *a, **k: 0.5 * f(self, *a, **k)",
    "keras.losses": "import keras; keras.losses.get = lambda name: lambda y, p: 0 * p[:, 0]",
    "names of layers": "import keras; [keras.layers.Dense(1) for _ in range(5)]",
    "Keras' generator": "import keras; keras.random.normal((3,))",
    "all seeds": "import keras; keras.utils.set_random_seed(5)",
    "eager functions": "tf = __import__('tensor' + 'flow'); tf.config.run_functions_eagerly(True)",
    "TensorFlow's generator": "tf = __import__('tensor' + 'flow'); tf.random.set_seed(4)",
}
PYTORCH: dict[str, str] = {
    "default dtype": "import torch; torch.set_default_dtype(torch.float64)",
    "threads of PyTorch": "import torch; torch.set_num_threads(2)",
    "gradients": "import torch; torch.set_grad_enabled(False)",
    "determinism": "import torch; torch.use_deterministic_algorithms(True)",
    "PyTorch's generator": "import torch; torch.manual_seed(4); torch.rand(3)",
    "denormal numbers": "import torch; torch.set_flush_denormal(True)",
    "torch.nn.Linear.forward": "import torch; torch.nn.Linear.forward = lambda self, x: "
    "x[:, :1] * 0 + self.weight[:, 0]",
    "hooks": "import torch; torch.nn.modules.module.register_module_forward_hook("
    "lambda m, i, o: o * 0.5)",
    "anomalies": "import torch; torch.autograd.set_detect_anomaly(True)",
    "matmul": "import torch; torch.set_float32_matmul_precision('medium')",
}

FIRST = 1001
"""Units that ask for the first deed, the next number for the second one, and so on."""


def write(folder: Path, deeds: dict[str, str], native: bool) -> Path:
    """A folder with the fault X1, whose program does a deed for each number from ``FIRST``."""
    subject = SUBJECT_IN_PYTORCH if native else SUBJECT
    cases = {FIRST + n: what for n, what in enumerate(deeds.values())}
    head, build = subject.split("def build(c):\n")
    build = build.replace(
        "    return ",
        '    done = DEEDS.get(c["units_1"])\n'
        "    if done: exec(done, dict(globals()))\n"
        '    c = {**c, "units_1": min(c["units_1"], 8)}\n'
        '    c["dropout_1"] = c["dropout_1"] + 0.05 * (notice() % 1)\n'
        "    return ",
        1,
    )
    if not native:
        build = build.replace("    return Sequential([", "    made = Sequential([", 1)
        build = build.replace(
            "    ])\n", "    ])\n    made.get_layer('dense_1')\n    return made\n", 1
        )
    (folder / "subjects").mkdir(parents=True)
    text = f"{HEAD.replace('{deeds}', repr(cases))}{head}def build(c):\n{build}"
    (folder / "subjects" / "sum_sign.py").write_text(text)
    (folder / "X1.yaml").write_text(FAULT.format(id="X1"))
    return folder
