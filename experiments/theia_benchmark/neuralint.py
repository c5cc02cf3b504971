"""NeuraLint on the benchmark, from a checkout that the user names; it needs Java.

NeuraLint (Nikanjam et al., TOSEM 31(1), 2021) parses a plain Sequential script, runs graph rules in
GROOVE and leaves a graph whose nodes carry flags f001 to f027. Its table of losses knows long names
only. It works in its own folder, so a copy of the checkout is used and thrown away. Its licence is
not stated: it is run, nothing of it is contained here.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from experiments.theia_benchmark.detect import BUGGY
from experiments.theia_benchmark.programs import Bug, Entry, Version, entries
from harness.theia.program import CONV, Kind, Layer
from harness.vocabulary import HarnessError

FLAGS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("LLM", "activation"): ("f008", "f012", "f017"),
    ("LLM", "loss"): ("f015", "f020"),
    ("CNL", "missing"): ("f009", "f003"),
    ("CNL", "wrong"): ("f009", "f003"),
    ("INF", "decreasing"): ("f023",),
    ("INF", "out_of_range"): ("f023",),
    ("IDS", "never"): ("f002",),
}
"""The strict counting: what our findings are called there."""

KERNEL_SIZE = "f016"

_LOSSES = {
    "bce": "binary_crossentropy",
    "cce": "categorical_crossentropy",
    "sparse_cce": "sparse_categorical_crossentropy",
    "mse": "mean_squared_error",
}
_POOLS = {Kind.MAX_POOL: "Max", Kind.AVG_POOL: "Average"}
_LIMIT = 120


def neuralint_table(checkout: Path) -> pd.DataFrame:
    """Bugs that NeuraLint finds, by post, beside the paper's column; Keras programs only."""
    if not (checkout / "endToEnd.py").is_file():
        raise HarnessError(f"{checkout} is no checkout of NeuraLint: it has no endToEnd.py")
    if shutil.which("java") is None:
        raise HarnessError("NeuraLint runs its graph rules in Java, and there is no java command")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copytree(checkout, Path(folder, "neuralint"))
        for entry in entries():
            if entry.framework == "keras":
                rows.append(_row(entry, copy))
    frame = pd.DataFrame(rows)
    total = frame[["bugs", "run here", "in the paper"]].sum().to_dict()
    return pd.concat([frame, pd.DataFrame([{"post": "all", **total, "flags": ""}])])


def _row(entry: Entry, checkout: Path) -> dict[str, object]:
    versions = {id(v): v for name, v in entry.versions.items() if name in BUGGY}
    flags = [flags_of(version, checkout) for version in versions.values()]
    failed = any(f is None for f in flags)
    seen = {flag for found in flags if found for flag in found}
    return {
        "post": entry.post,
        "bugs": len(entry.bugs),
        "run here": sum(_is_found(bug, seen) for bug in entry.bugs),
        "in the paper": sum(bug.neuralint == "yes" for bug in entry.bugs),
        "flags": " ".join(sorted(seen)) + (" (a version failed)" if failed else ""),
    }


def _is_found(bug: Bug, flags: set[str]) -> bool:
    if "kernel size" in bug.fix:
        return KERNEL_SIZE in flags
    return not flags.isdisjoint(FLAGS.get(bug.found_by[:2], ()))


def flags_of(version: Version, checkout: Path) -> set[str] | None:
    """The flags of one program; None if NeuraLint could not read it."""
    (checkout / "theia_case.py").write_text(script(version))
    graph = checkout / "Keras_graphs" / "theia_caseGrooveOut.gst"
    graph.unlink(missing_ok=True)
    size = version.program.learner.batch_size
    classes = version.program.outputs[0].units
    sizes = [str([size, *version.shape]).replace(" ", ""), f"[{size},{classes}]"]
    words = [sys.executable, "endToEnd.py", "theia_case.py", *sizes, "keras", "theia_result"]
    options = {"cwd": checkout, "env": _environment(), "timeout": _LIMIT}
    try:
        subprocess.run(words, capture_output=True, check=False, **options)
    except subprocess.TimeoutExpired:
        return None
    return read_flags(graph.read_text(errors="replace")) if graph.exists() else None


def _environment() -> dict[str, str]:
    """Java above 11 lacks a package and a method that GROOVE's libraries use.

    ``NEURALINT_ACTIVATION`` names a javax.activation jar (Debian: libactivation-java).
    """
    options = [
        "-Dcom.sun.xml.bind.v2.bytecode.ClassTailor.noOptimize=true",
        "--add-opens=java.base/java.lang=ALL-UNNAMED",
        f"-Djava.util.prefs.userRoot={tempfile.gettempdir()}",
    ]
    if jar := os.environ.get("NEURALINT_ACTIVATION"):
        options.append(f"-Xbootclasspath/a:{jar}")
    return {**os.environ, "JAVA_TOOL_OPTIONS": " ".join(options)}


def read_flags(graph: str) -> set[str]:
    """The fault flags of a GROOVE graph.

    >>> sorted(read_flags("<string>flag:f009</string><string>type:Layer</string>"))
    ['f009']
    """
    return set(re.findall(r"flag:(f\d{3})", graph))


def script(version: Version) -> str:
    """The program as a plain Sequential script, which NeuraLint's parser follows."""
    program, optimiser = version.program, version.optimiser
    lines = [
        "import keras",
        "from keras.models import Sequential",
        "from keras.layers import *",
        "model = Sequential()",
    ]
    for layer in program.layers:
        first = f", input_shape={version.shape}" if layer.index == 1 else ""
        lines.append(f"model.add({_call(layer, first)})")
    lines += [
        f"model.compile(loss='{_LOSSES[program.learner.loss]}', optimizer='{optimiser['name']}')",
        f"model.fit(x, y, epochs={program.learner.epochs}, "
        f"batch_size={program.learner.batch_size})",
    ]
    return "\n".join(lines) + "\n"


def _call(layer: Layer, first: str) -> str:
    fused = f", activation='{layer.activation}'" if layer.activation != "linear" else ""
    dimensions = len(layer.kernel)
    match layer.kind:
        case Kind.DENSE:
            return f"Dense({layer.units}{fused}{first})"
        case kind if kind in CONV:
            shape = f"{layer.kernel}, strides={layer.strides}, padding='{layer.padding}'"
            return f"Conv{dimensions}D({layer.units}, {shape}{fused}{first})"
        case kind if kind in _POOLS:
            shape = f"pool_size={layer.kernel}, strides={layer.strides}"
            return f"{_POOLS[kind]}Pooling{dimensions}D({shape}, padding='{layer.padding}')"
        case Kind.ACTIVATION:
            return f"Activation('{layer.activation}')"
        case Kind.DROPOUT:
            return f"Dropout({layer.rate}{first})"
        case Kind.BATCHNORM:
            return "BatchNormalization()"
        case Kind.FLATTEN:
            return "Flatten()"
    raise ValueError(f"no Keras call for {layer.kind}")
