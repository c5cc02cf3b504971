import json
from pathlib import Path

import numpy as np
import pytest
from outside import FAULT, write_faults

from harness.subjects.arrays import Data
from harness.subjects.registry import FAULTS, Registry, load_registry
from harness.vocabulary import HarnessError


def test_the_project_s_own_faults(registry: Registry) -> None:
    assert {"D1", "D3", "D6", "D7", "G1", "G2"} <= set(registry)
    assert registry["D1"].ground_truth == {"activation_3": ("softmax", "sigmoid")}
    assert [o.name for o in registry["D7"].operators] == ["learning_rate"]
    assert len(registry["D1"].hyperparameters) == 15  # as the study counts
    assert len(registry["D3"].hyperparameters) == 13
    assert registry["D6"].kind == "real"
    assert registry["G1"].kind == "mutant"


def test_ids_are_in_natural_order(tmp_path: Path) -> None:
    folder = write_faults(tmp_path / "f", "X10", "X2", "X1")
    assert [i for i in load_registry([folder])] == ["X1", "X2", "X10"]


def test_an_unknown_fault_gets_suggestions(registry: Registry) -> None:
    with pytest.raises(HarnessError, match=r"no fault 'D11'\. Did you mean D1.*make faults"):
        registry["D11"]


def test_identity_follows_content(tmp_path: Path) -> None:
    folder = write_faults(tmp_path / "f", "X1", "X2")
    one = load_registry([folder])
    assert one["X1"].content == one["X2"].content  # same subject, same values
    assert one["X1"].data_seed != one["X2"].data_seed
    other = write_faults(tmp_path / "g", "X1")
    text = (other / "X1.yaml").read_text().replace("0.00001", "0.0001")
    (other / "X1.yaml").write_text(text)
    assert load_registry([other])["X1"].content != one["X1"].content
    changed = write_faults(tmp_path / "h", "X1")
    module = changed / "subjects" / "sum_sign.py"
    module.write_text(module.read_text() + "\n# a comment\n")
    assert load_registry([changed])["X1"].content == one["X1"].content
    other = write_faults(tmp_path / "i", "X1") / "subjects" / "sum_sign.py"
    other.write_text(other.read_text().replace("default_rng(seed)", "default_rng(seed + 1)"))
    assert load_registry([tmp_path / "i"])["X1"].content != one["X1"].content


GOOD = FAULT.format(id="X1")

BAD = {
    "not yaml": ("id: [", r"X1\.yaml:1: not readable as YAML"),
    "a list": ("- 1", "a fault file is a mapping; found list"),
    "unknown key": (GOOD + "fix: 3\n", r"X1\.yaml:\d+: no key 'fix'"),
    "missing key": (GOOD.replace("title:", "# title:"), "the key 'title' is missing"),
    "other id": (GOOD.replace("id: X1", "id: X2"), r":2: id 'X2' does not match the file's name"),
    "unknown subject": (
        GOOD.replace("sum_sign", "sum_sing"),
        r":3: no subject 'sum_sing'. Did you mean sum_sign",
    ),
    "unknown hyperparameter": (
        GOOD.replace("learning_rate:", "lerning_rate:"),
        r":5: no hyperparameter of sum_sign 'lerning_rate'. Did you mean learning_rate",
    ),
    "own value": (
        GOOD.replace("0.00001", "0.05"),
        ":5: contradiction: 'learning_rate: 0.05' is the subject's own value",
    ),
    "wrong type": (
        GOOD.replace("{learning_rate: 0.00001}", "{epochs: many}"),
        r":5: 'epochs' is 'many' \(str\); the subject's own value is 4 \(int\)",
    ),
    "nothing wrong": (GOOD.replace("{learning_rate: 0.00001}", "{}"), "at least one value"),
    "no origin": (GOOD.replace("{tool", "# {tool"), "'origin' is a mapping"),
    "empty": ("", r"X1\.yaml:1: a fault file is a mapping; found NoneType"),
    "key twice": (GOOD + "title: another\n", r":8: .*the key 'title' stands in line 4 already"),
    "value twice": (
        GOOD.replace("{learning_rate: 0.00001}", "{epochs: 1, epochs: 2}"),
        ":5: .*the key 'epochs' stands in line 5 already",
    ),
    "anchors": (GOOD.replace("test", "&a test"), ":7: .*anchors and aliases"),
    "list of subjects": (
        GOOD.replace("sum_sign", "[sum_sign]"),
        r":3: 'subject' is a text. Received: list \['sum_sign'\]",
    ),
    "list of ids": (GOOD.replace("id: X1", "id: [X1]"), ":2: 'id' is a text"),
    "number as id": (GOOD.replace("id: X1", "id: 1"), "'id' is a text. Received: int 1"),
    "date as title": (GOOD.replace("a learning rate far too small", "2024-01-01"), ":4: .*a date"),
    "truth as title": (GOOD.replace("a learning rate far too small", "yes"), ":4: 'title' is a"),
    "no title": (GOOD.replace("a learning rate far too small", ""), "Received: nothing"),
    "blank title": (GOOD.replace("a learning rate far too small", '" "'), "that can be read"),
    "colours in a title": (
        GOOD.replace("a learning rate far too small", r'"\x1b[31mred"'),
        ":4: 'title' is a text that can be read",
    ),
    "list as faulty": (GOOD.replace("{learning_rate: 0.00001}", "[epochs]"), ":5: 'faulty' names"),
    "null as faulty": (GOOD.replace("{learning_rate: 0.00001}", ""), ":5: 'faulty' names"),
    "null as value": (GOOD.replace("0.00001", "~"), r":5: 'learning_rate' is None \(NoneType\)"),
    "list as value": (GOOD.replace("0.00001", "[0.1]"), r"'learning_rate' is \[0.1\] \(list\)"),
    "text as rate": (GOOD.replace("0.00001", "1e-5"), "takes 1e-5 for a text: write it as 1.0e-5"),
    "rate of 0": (GOOD.replace("0.00001", "0"), "'learning_rate' is 0. Expected: a finite number"),
    "negative rate": (GOOD.replace("0.00001", "-1.0"), "'learning_rate' is -1.0. Expected"),
    "rate nan": (GOOD.replace("0.00001", ".nan"), ":5: 'learning_rate' is nan. Expected"),
    "rate inf": (GOOD.replace("0.00001", ".inf"), ":5: 'learning_rate' is inf. Expected"),
    "rate beyond all": (GOOD.replace("0.00001", "1" * 90), ":5: 'learning_rate' is 1+\\.\\.\\. "),
    "negative epochs": (GOOD.replace("learning_rate: 0.00001", "epochs: -3"), "'epochs' is -3"),
    "no batch": (GOOD.replace("learning_rate: 0.00001", "batch_size: 0"), "'batch_size' is 0"),
    "no units": (GOOD.replace("learning_rate: 0.00001", "units_1: 0"), "'units_1' is 0"),
    "half an epoch": (GOOD.replace("learning_rate: 0.00001", "epochs: 0.5"), "'epochs' is 0.5"),
    "dropout of 2": (GOOD.replace("learning_rate: 0.00001", "dropout_1: 2"), "a share in"),
    "misspelt activation": (
        GOOD.replace("learning_rate: 0.00001", "activation_1: sigmiod"),
        ":5: no activation 'sigmiod'. Did you mean sigmoid",
    ),
    "optimiser in capitals": (
        GOOD.replace("learning_rate: 0.00001", "optimiser: SGD"),
        ":5: no optimiser 'SGD'. Did you mean sgd",
    ),
    "abbreviated loss": (
        GOOD.replace("learning_rate: 0.00001", "loss: mse"),
        ":5: no loss 'mse'. Did you mean mean_squared_error",
    ),
    "American initialiser": (
        GOOD.replace("learning_rate: 0.00001", "kernel_initializer_1: zeros"),
        "no hyperparameter of sum_sign 'kernel_initializer_1'. Did you mean kernel_initialiser_1",
    ),
    "origin of lists": (GOOD.replace("tool: DeepCrime", "tool: [a]"), ":6: 'tool' is a text"),
    "origin of nan": (GOOD.replace("tool: DeepCrime", "p: .nan"), ":6: 'p' is a text or a number"),
    "published nan": (GOOD + "published: {faulty: .nan}\n", ":8: 'faulty' is a number"),
    "deviations of numbers": (GOOD + "deviations: [3]\n", ":8: 'deviations' is a text"),
    "deprecated truth": (GOOD + "deprecated: true\n", ":8: 'deprecated' is a text"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_fault_file_is_named_with_its_line(case: str, tmp_path: Path) -> None:
    text, message = BAD[case]
    folder = write_faults(tmp_path / "f")
    (folder / "X1.yaml").write_text(text)
    with pytest.raises(HarnessError, match=message):
        load_registry([folder])


@pytest.mark.parametrize(
    "name", ["../X1", "a/b", "", ".", "..", "a b", "-X", "X\n1", "x" * 61, "é", "X1.", "$(id)", "~"]
)
def test_an_id_names_a_folder_on_any_system(name: str, tmp_path: Path) -> None:
    folder = write_faults(tmp_path / "f")
    (folder / "X1.yaml").write_text(GOOD.replace("id: X1", f"id: {json.dumps(name)}"))
    with pytest.raises(HarnessError, match=r"X1\.yaml:2: (the id .* has other|'id' is a text)"):
        load_registry([folder])


def test_an_infinite_distance_is_an_origin(tmp_path: Path) -> None:
    """Cohen's d of a mutant whose trainings all end alike."""
    folder = write_faults(tmp_path / "f")
    (folder / "X1.yaml").write_text(
        GOOD.replace("tool: DeepCrime", "d: .inf, seed: 4611686018427387904")
    )
    assert load_registry([folder])["X1"].origin["d"] == float("inf")


def test_ids_differ_in_more_than_case(tmp_path: Path) -> None:
    folder = write_faults(tmp_path / "f", "X1")
    (folder / "x1.yaml").write_text(FAULT.format(id="x1"))
    with pytest.raises(HarnessError, match="x1.yaml: fault 'X1' exists in .*upper and lower case"):
        load_registry([folder])


def test_all_files_that_cannot_be_loaded_are_named_at_once(tmp_path: Path) -> None:
    one, other = (write_faults(tmp_path / name, f"X{name}") for name in "12")
    for module in (other / "subjects").iterdir():
        module.unlink()
    for number in range(9):
        (one / f"Y{number}.yaml").write_text("id: [")
    with pytest.raises(HarnessError, match=r"9 files .*\(1\) .*Y0.*\(5\) .*Y4.*; and 4 more$"):
        load_registry([one, other])
    (other / "subjects" / "bad.py").write_text("import sys; sys.exit(0)")
    with pytest.raises(HarnessError, match=r"^\S+bad\.py:1: .*SystemExit: 0$"):
        load_registry([one, other])


def test_a_module_s_own_object_cannot_change_the_registry(tmp_path: Path) -> None:
    module = write_faults(tmp_path / "f", "X1") / "subjects" / "sum_sign.py"
    module.write_text(module.read_text() + "PACKAGE = SUBJECT\n")
    registry = load_registry([tmp_path / "f"])
    assert {"sum_sign", "sum_sign_package"} < set(registry.subjects)
    fault = registry["X1"]
    fault.faulty["epochs"] = 99
    assert fault.faulty["epochs"] == 4


def test_python_in_yaml_is_never_run(tmp_path: Path) -> None:
    folder = write_faults(tmp_path / "f")
    (folder / "X1.yaml").write_text(f"id: !!python/object/apply:os.mkdir [{tmp_path}/made]\n")
    with pytest.raises(HarnessError, match="not readable as YAML"):
        load_registry([folder])
    assert not (tmp_path / "made").exists()


def test_one_id_twice_is_refused(tmp_path: Path) -> None:
    folder = write_faults(tmp_path / "f", "X1")
    (folder / "more").mkdir()
    (folder / "more" / "X1.yaml").write_text(GOOD)
    with pytest.raises(HarnessError, match="fault 'X1' exists in"):
        load_registry([folder])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import nonsense_of_nobody", r"bad\.py:1: the subject cannot be imported: ModuleNotFound"),
        ("x = 1", "defines SUBJECT"),
        ("def f(:", r"bad\.py:1: the subject cannot be imported: SyntaxError"),
    ],
)
def test_a_bad_subject_is_named(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "subjects").mkdir()
    (tmp_path / "subjects" / "bad.py").write_text(text)
    with pytest.raises(HarnessError, match=message):
        load_registry([tmp_path])


def test_a_subject_lacks_nothing(tmp_path: Path) -> None:
    folder = write_faults(tmp_path / "f")
    module = folder / "subjects" / "sum_sign.py"
    module.write_text(module.read_text().replace('"batch_size": 32, ', ""))
    with pytest.raises(HarnessError, match="configuration lacks batch_size"):
        load_registry([folder])


def test_a_subject_names_a_known_framework(tmp_path: Path) -> None:
    folder = write_faults(tmp_path / "f")
    module = folder / "subjects" / "sum_sign_torch.py"
    module.write_text(module.read_text().replace('"pytorch"', '"torch"'))
    with pytest.raises(HarnessError, match="no framework 'torch'. Did you mean pytorch"):
        load_registry([folder])


def test_samples_are_shuffled_and_cut_into_three_parts() -> None:
    x = np.arange(10)
    whole, half = (Data.shuffled(x, 2 * x, 3, f, train=6, search=1) for f in (1.0, 0.5))
    parts = [whole.x_train, whole.x_search, whole.x_holdout]
    assert [len(p) for p in parts] == [6, 1, 3]
    assert sorted(np.concatenate(parts)) == list(x)
    assert np.array_equal(half.x_train, whole.x_train[:3])
    assert np.array_equal(half.x_holdout, whole.x_holdout)
    assert np.array_equal(whole.y_holdout, 2 * whole.x_holdout)


def test_faults_path_adds_folders(with_own_faults: Path) -> None:
    assert {"D1", "X1"} <= set(load_registry())


def test_a_faults_path_that_is_no_folder_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAULTS_PATH", "/nowhere/at/all")
    with pytest.raises(HarnessError, match="FAULTS_PATH names /nowhere/at/all"):
        load_registry()


def test_every_fault_has_a_source() -> None:
    assert all(f.source and f.title for f in load_registry([FAULTS]).values())


def test_an_import_of_an_earlier_version_is_told_where_the_name_is_now(tmp_path: Path) -> None:
    module = write_faults(tmp_path / "f", "X1") / "subjects" / "sum_sign.py"
    text = module.read_text()
    assert "from harness.subjects import Data, Subject" in text
    module.write_text(text.replace("from harness.subjects import", "from harness.registry import"))
    with pytest.raises(HarnessError, match=r"is now harness.subjects \(Data, Subject\)"):
        load_registry([tmp_path / "f"])
