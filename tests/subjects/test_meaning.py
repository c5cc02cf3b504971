"""Identity by meaning, in both directions, on real subjects and small programs."""

from __future__ import annotations

import ast
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.subjects import meaning
from harness.subjects.meaning import meaning_of
from harness.subjects.registry import FAULTS, load_registry

SUBJECTS = sorted((FAULTS / "subjects").glob("*.py"))
HELPER = '''"""Helps."""

import numpy as np

SIZE = 3


def samples(n, seed=0):
    """Some numbers."""
    return np.zeros((n, SIZE)) + seed


def unused():
    return 1
'''
PROGRAM = '''"""A subject."""

from harness.subjects import Data, Subject
from helper import samples

N = 4


def load(seed, variant, fraction):
    # the same for all
    return Data(*[samples(N, seed=seed) for _ in range(6)])


def build(c):
    import keras

    return keras.Sequential([keras.layers.Dense(c["units_1"])])


SUBJECT = Subject(
    title="t", metric="mae", labels="real", fixed={"epochs": 1}, load=load, build=build
)
'''


def program(folder: Path, text: str = PROGRAM, helper: str = HELPER, name: str = "mine") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "helper.py").write_text(helper)
    (folder / "patch.py").write_text("import numpy\n\nnumpy.random.seed(1)\n")
    path = folder / f"{name}.py"
    path.write_text(text)
    return path


def copied(path: Path, folder: Path, change: Callable[[str], str], name: str = "") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / (name or path.name)
    target.write_text(change(path.read_text()))
    return target


def reformatted(text: str) -> str:
    """Without comments and blank lines, in the layout and quotes of the standard library."""
    return ast.unparse(ast.parse(text))


@pytest.mark.parametrize("path", SUBJECTS, ids=lambda path: path.stem)
def test_layout_comments_and_place_change_nothing(path: Path, tmp_path: Path) -> None:
    before = meaning_of(path)
    assert meaning_of(copied(path, tmp_path / "a", reformatted)) == before
    assert meaning_of(copied(path, tmp_path / "b", lambda t: f"# new\n\n{t}\n# end\n")) == before
    assert meaning_of(copied(path, tmp_path / "c" / "d", str, name="renamed.py")) == before
    moved = copied(
        path,
        tmp_path / "e",
        lambda t: t.replace("import numpy as np", "import numpy as xx").replace("np.", "xx."),
    )
    assert meaning_of(moved) == before


@pytest.mark.parametrize("path", SUBJECTS, ids=lambda path: path.stem)
def test_every_number_of_a_subject_counts(path: Path, tmp_path: Path) -> None:
    """A dozen of them; a few may stand in what the subject does not reach."""
    before = meaning_of(path)
    tree = ast.parse(path.read_text())
    numbers = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and type(node.value) in (int, float)
    ]
    numbers = numbers[:: max(1, len(numbers) // 12)]
    changed = 0
    for node in numbers:
        value = node.value
        node.value = value + 1
        other = copied(path, tmp_path, lambda _: ast.unparse(tree))
        changed += meaning_of(other) != before
        node.value = value
    assert changed >= 0.8 * len(numbers)
    assert changed >= 3


def test_no_two_registered_subjects_mean_the_same() -> None:
    subjects = load_registry([FAULTS]).subjects
    assert len({s.content for s in subjects.values()}) == len(subjects)


def test_a_fault_s_identity_tells_types_apart() -> None:
    fault = load_registry([FAULTS])["D7"]
    assert fault.content != load_registry([FAULTS])["D1"].content
    assert len(fault.content) == 64


SAME = {
    "docstrings and annotations": (
        PROGRAM.replace('"""A subject."""', '"""Another text."""').replace(
            "def build(c):", "def build(c: dict) -> object:\n    '''Builds.'''"
        ),
        HELPER.replace('"""Some numbers."""', '"""Other words."""'),
    ),
    "a title": (PROGRAM.replace('title="t"', 'title="another"'), HELPER),
    "a helper that is not used": (PROGRAM, HELPER.replace("return 1", "return 2")),
    "a function's name": (
        PROGRAM.replace("build", "make").replace("make=make", "build=make"),
        HELPER,
    ),
    "how a helper is imported": (
        PROGRAM.replace("from helper import samples", "import helper as h").replace(
            "samples(N", "h.samples(N"
        ),
        HELPER,
    ),
    "a constant's name": (PROGRAM.replace("N", "COUNT"), HELPER.replace("SIZE", "WIDTH")),
}


@pytest.mark.parametrize("name", SAME)
def test_what_does_not_count(name: str, tmp_path: Path) -> None:
    before = meaning_of(program(tmp_path / "a"))
    text, helper = SAME[name]
    assert meaning_of(program(tmp_path / "b", text, helper)) == before


OTHER = {
    "a helper imported for what it does": (
        PROGRAM.replace("N = 4", "import patch\n\nN = 4"),
        HELPER,
    ),
    "what a helper imports for what it does": (PROGRAM, f"import patch\n{HELPER}"),
    "an import inside a function": (
        PROGRAM.replace("    import keras\n", "    import keras\n    import patch\n"),
        HELPER,
    ),
    "an alternative import": (
        PROGRAM.replace(
            "from helper import samples",
            "try:\n    from patch import samples\nexcept ImportError:\n"
            "    from helper import samples",
        ),
        HELPER,
    ),
    "a call that is not used": (f"{PROGRAM}\nimport numpy\n_ = numpy.random.seed(0)\n", HELPER),
    "the else of what type checkers read": (
        f"{PROGRAM}\nTYPE_CHECKING = False\nif TYPE_CHECKING:\n    pass\nelse:\n    print(1)\n",
        HELPER,
    ),
    "a constant": (PROGRAM.replace("N = 4", "N = 5"), HELPER),
    "an argument": (PROGRAM.replace("seed=seed", "seed=0"), HELPER),
    "a helper's constant": (PROGRAM, HELPER.replace("SIZE = 3", "SIZE = 4")),
    "a helper's body": (PROGRAM, HELPER.replace("np.zeros", "np.ones")),
    "a helper's default": (PROGRAM, HELPER.replace("seed=0", "seed=1")),
    "a helper's decorator": (
        PROGRAM,
        HELPER.replace("def samples", "from functools import cache\n\n\n@cache\ndef samples"),
    ),
    "another layer": (PROGRAM.replace("layers.Dense", "layers.EinsumDense"), HELPER),
    "another library": (PROGRAM, HELPER.replace("import numpy as np", "import jax.numpy as np")),
    "a side effect": (f"{PROGRAM}\nprint(SUBJECT)\n", HELPER),
    "a helper's side effect": (PROGRAM, f"{HELPER}\nnp.random.seed(0)\n"),
    "another fixed value": (PROGRAM.replace('"epochs": 1', '"epochs": 2'), HELPER),
    "a number that becomes a fraction": (PROGRAM.replace("N = 4", "N = 4.0"), HELPER),
    "a name that is assigned twice": (PROGRAM.replace("N = 4", "N = 4\nN = N + 1"), HELPER),
}


@pytest.mark.parametrize("name", OTHER)
def test_what_counts(name: str, tmp_path: Path) -> None:
    before = meaning_of(program(tmp_path / "a"))
    text, helper = OTHER[name]
    assert meaning_of(program(tmp_path / "b", text, helper)) != before


def test_a_helper_may_move_and_be_renamed(tmp_path: Path) -> None:
    before = meaning_of(program(tmp_path / "a"))
    path = program(
        tmp_path / "b",
        PROGRAM.replace("from helper import samples", "from tools.numbers import samples"),
    )
    (tmp_path / "b" / "tools").mkdir()
    shutil.move(tmp_path / "b" / "helper.py", tmp_path / "b" / "tools" / "numbers.py")
    assert meaning_of(path) == before


def test_helpers_of_helpers_count(tmp_path: Path) -> None:
    helper = HELPER.replace("SIZE = 3", "from deep import SIZE")
    path = program(tmp_path / "a", helper=helper)
    (tmp_path / "a" / "deep.py").write_text("SIZE = 3\n")
    before = meaning_of(path)
    assert before == meaning_of(program(tmp_path / "b"))
    (tmp_path / "a" / "deep.py").write_text("SIZE = 30\n")
    assert meaning_of(path) != before


@pytest.mark.parametrize(
    ("module", "line", "other"),
    [
        ("data/standins.py", "def texts(", "def texts(*, more=1, "),
        ("subjects/semantics.py", "l1=l1, l2=l2", "l1=l2, l2=l1"),
        ("data/sets.py", "topics.astype(np.int64)", "topics.astype(np.int32)"),
    ],
)
def test_the_harness_own_material_counts(
    module: str, line: str, other: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = FAULTS / "subjects" / "reuters_mlp.py"
    before, elsewhere = meaning_of(path), meaning_of(FAULTS / "subjects" / "line.py")
    copy = tmp_path / "harness"
    shutil.copytree(meaning.HARNESS, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(meaning, "HARNESS", copy)
    assert meaning_of(path) == before
    text = (copy / module).read_text()
    assert line in text
    (copy / module).write_text(text.replace(line, other))
    assert meaning_of(path) != before
    assert meaning_of(FAULTS / "subjects" / "line.py") == elsewhere


def test_the_harness_contract_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = meaning_of(FAULTS / "subjects" / "reuters_mlp.py")
    copy = tmp_path / "harness"
    shutil.copytree(meaning.HARNESS, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(meaning, "HARNESS", copy)
    (copy / "subjects" / "subject.py").write_text("class Subject: ...\n")
    (copy / "vocabulary.py").write_text("X = 1\n")
    assert meaning_of(FAULTS / "subjects" / "reuters_mlp.py") == before


def test_a_local_name_hides_a_global_one_in_its_own_function_only(tmp_path: Path) -> None:
    """``N`` is global in ``load``, though an inner function has a local of that name."""
    text = PROGRAM.replace(
        "    # the same for all\n",
        "    def inner():\n        N = 1\n        return N\n\n    inner()\n",
    )
    before = meaning_of(program(tmp_path / "a", text))
    assert meaning_of(program(tmp_path / "b", text.replace("N = 4", "N = 5"))) != before


def test_local_names_and_the_order_of_definitions_do_not_count(tmp_path: Path) -> None:
    text = PROGRAM.replace("    import keras\n", '    import keras\n\n    size = c["units_1"]\n')
    text = text.replace('layers.Dense(c["units_1"])', "layers.Dense(size)")
    before = meaning_of(program(tmp_path / "a", text))
    assert before != meaning_of(program(tmp_path / "b"))
    assert meaning_of(program(tmp_path / "c", text.replace("size", "width"))) == before
    swapped = text.replace("N = 4\n", "").replace("SUBJECT =", "N = 4\n\nSUBJECT =")
    assert meaning_of(program(tmp_path / "d", swapped)) == before


def test_the_moment_of_a_rebinding_counts(tmp_path: Path) -> None:
    early = PROGRAM.replace("N = 4\n", "A = 1\nN = A\nA = 2\n")
    late = PROGRAM.replace("N = 4\n", "A = 1\nA = 2\nN = A\n")
    one, other = (
        meaning_of(program(tmp_path / "a", early)),
        meaning_of(program(tmp_path / "b", late)),
    )
    assert one != other


def test_decorators_and_defaults_are_not_confused(tmp_path: Path) -> None:
    base = PROGRAM.replace("N = 4\n", "N = 4\n\n\ndef d(f):\n    return f\n")
    decorated = base.replace("def build(c):", "@d\ndef build(c):")
    default = base.replace("def build(c):", "def build(c=d):")
    hashes = {
        meaning_of(program(tmp_path / str(n), t)) for n, t in enumerate((base, decorated, default))
    }
    assert len(hashes) == 3
