"""Everything that a study command is given is checked once, with one message each."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.analysis.protocols import CORRECTED, ICST23
from harness.study.spec import StudySpec, make_protocol, make_techniques, results_folder
from harness.techniques.random import Random, RandomIcst23
from harness.vocabulary import HarnessError

BAD = {
    "unknown fault": ("plan.faults=D77", "no fault 'D77'. Did you mean D7"),
    "shell in a fault": ("plan.faults=D1;touch x", "no fault 'D1;touch x'"),
    "no faults": ("plan.faults=[]", "a plan needs at least one fault"),
    "unknown technique": ("plan.techniques=hebbo", "no technique 'hebbo'. Did you mean hebo"),
    "own technique": ("plan.techniques=nobody:Me", "technique 'nobody:Me' cannot be made"),
    "negative budget": ("budget=-5", "budget -5 is not possible"),
    "no budget": ("budget=0", "budget 0 is not possible"),
    "infinite budget": ("budget=inf", "budget inf is not possible"),
    "budget of words": ("budget=lots", "budget 'lots' is not possible"),
    "no repetitions": ("plan.repetitions=0", "repetitions must be a whole number from 1"),
    "repetitions in part": ("plan.repetitions=1.5", "repetitions must be a whole number from 1"),
    "fraction of nothing": ("plan.fraction=0", "fraction must be in"),
    "fraction nan": ("plan.fraction=nan", "fraction must be a number"),
    "fraction of a fault": ("plan.fraction_for={D1: all}", "fraction_for.D1 must be a number"),
    "malformed chunk": ("chunk=two", "chunk must be like 2/8"),
    "no workers": ("workers=0", "workers must be a whole number from 1"),
    "true workers": ("workers=true", "workers must be a whole number from 1"),
    "threads in part": ("threads=1.5", "threads must be a whole number from 1"),
    "seed of words": ("seed=one", "seed must be a whole number from 0"),
    "truth in words": ("mlflow=yes", "mlflow must be true or false"),
    "truth as a number": ("independent=1", "independent must be true or false"),
    "unknown space": ("space=corect", "no search space 'corect'. Did you mean corrected"),
    "unknown clock": ("clock=sun", "no clock 'sun'"),
    "unknown backend": ("backend=theano", "no Keras backend 'theano'"),
    "unknown protocol": ("protocol=icst", "no protocol 'icst'. Did you mean icst23"),
    "unknown choice": ("protocol.alhpa=1", "no choice of protocol corrected 'alhpa'"),
    "choice of another type": ("protocol.holm=maybe", "protocol.holm must be true or false"),
    "choice of no such name": ("protocol.aj=x", "protocol.aj must be as_defined or as_published"),
    "choice out of range": ("protocol.alpha=2", "alpha lies in"),
    "no folder": ("results=", "results must name a folder"),
    "a blank": ("results= ", "results must name a folder"),
    "the root": ("results=/", "results must name a folder other than /"),
    "the root in disguise": ("results=/usr/..", "results must name a folder other than /"),
    "a file": ("results=/etc/passwd", "which is none"),
    "a device": ("results=/dev/null", "which is none"),
    "a zero byte": ("results=a\0b", "results must name a folder"),
    "a long name": (f"results={'x' * 5000}", "results must name a folder"),
    "no such home": ("results=~/../../dev/zero", "results must name a folder"),
    "threads of words": ("threads=abc", "threads must be a whole number from 1 to 10000"),
    "no threads": ("threads=0", "threads must be a whole number from 1"),
    "negative threads": ("threads=-1", "threads must be a whole number from 1"),
    "threads as a power": ("threads=1e3", "threads must be a whole number from 1"),
    "many threads": ("threads=99999999999", "threads must be a whole number from 1 to 10000"),
    "threads of nines": ("threads=" + "9" * 5000, "threads must be a whole number"),
    "many repetitions": ("plan.repetitions=100000000", "repetitions must be a whole number from 1"),
    "many trainings": ("plan.seeds=100000000", "seeds must be a whole number from 1 to 10000"),
    "large seed": ("seed=99999999999999999999", "seed must be a whole number from 0"),
    "negative seed": ("seed=-1", "seed must be a whole number from 0"),
    "huge budget": ("budget=1e300", "budget 1e.300 is not possible"),
    "infinite power": ("budget=1e400", "budget inf is not possible"),
    "underscore": ("budget=1_0", "budget '1_0' is not possible"),
    "digits of elsewhere": ("budget=\u0661", "is not possible"),
    "a fault twice": (
        "plan.fraction_for={D1: 1, D1: 0.5}",
        "plan.fraction_for names a fault twice",
    ),
    "independent no": ("independent=no", "independent must be true or false"),
    "independent empty": ("independent=", "independent must be true or false"),
    "long plan name": (f"plan.name={'x' * 200}", "at most 100 letters"),
    "chunk of nothing": ("chunk=0/2", "chunk 0/2 is not possible"),
    "chunk of elsewhere": ("chunk=\u0661/\u0662", "chunk must be like 2/8"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_values_are_one_message(case: str) -> None:
    override, message = BAD[case]
    with pytest.raises(HarnessError, match=message):
        StudySpec.compose(["plan=smoke", override])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"bugdet": 3}, "no setting 'bugdet'. Did you mean budget"),
        ({"plan": {"reps": 3}}, "no setting of a plan 'reps'"),
        ({"plan": {"faults": None}}, "the plan lacks its faults"),
        ({"plan": "smoke"}, "plan must be a mapping"),
        ({"plan": {"faults": [1]}}, "faults must be a list of names"),
        ({"budget": True}, "budget True is not possible"),
        ({"clock": 3}, "clock must be a text"),
    ],
)
def test_bad_mappings_are_one_message(settings: dict[str, Any], message: str) -> None:
    plan = {"name": "own", "faults": ["D3"], "techniques": ["random"]}
    inner = settings.get("plan", {})
    whole = {**settings, "plan": {**plan, **inner} if isinstance(inner, dict) else inner}
    with pytest.raises(HarnessError, match=message):
        StudySpec.of(whole)


def test_the_smallest_mapping_is_a_study() -> None:
    spec = StudySpec.of({"plan": {"name": "own", "faults": "D3,D6,D3", "techniques": ["random"]}})
    assert list(spec.plan.faults) == ["D3", "D6"]
    assert (spec.plan.budget, spec.plan.repetitions, spec.confirmations) == (20, 10, 3)
    assert spec.protocol == CORRECTED


def test_one_technique_takes_the_place_of_the_plan_s() -> None:
    assert list(StudySpec.compose(["technique=hebo"]).plan.techniques) == ["hebo"]
    assert list(StudySpec.compose(["technique=null"]).plan.techniques) == [
        "random", "hebo", "bohb",
    ]  # fmt: skip


def test_techniques_of_one_s_own_are_classes_in_modules() -> None:
    """They are registered under their names, wherever they lie."""
    found = make_techniques(["harness.techniques.random:RandomIcst23", "random"])
    assert found == {"random_icst23": RandomIcst23(), "random": Random()}


def test_two_techniques_of_one_name_are_refused() -> None:
    other = {"name": "random", "_target_": "harness.techniques.random.Random", "from_faulty": True}
    with pytest.raises(HarnessError, match="two techniques of the plan are called 'random'"):
        make_techniques([other, "random"])


def test_a_fraction_from_outside_holds_for_all_faults() -> None:
    written = StudySpec.compose(["plan=icst23"]).plan
    assert written.fraction_of("D5") == 0.01
    assert StudySpec.compose(["plan=icst23"], {"fraction": 0.5}).plan.fraction_of("D5") == 0.5


def test_a_link_loop_is_no_results_folder(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for name in ("loop", "loop/deeper"):
        with pytest.raises(HarnessError, match="results must name a folder"):
            results_folder(tmp_path / name)


def test_what_is_named_twice_counts_once() -> None:
    named = StudySpec.compose(["plan=smoke", "plan.faults=D6,D6", "plan.techniques=random,random"])
    assert (list(named.plan.faults), list(named.plan.techniques)) == (["D6"], ["random"])
    assert list(replace(named.plan, faults=["D6", "D3", "D6"]).faults) == ["D6", "D3"]


@pytest.mark.parametrize("name", ["it's", "a b", "größe", "a=b", "~x", 'say "x"', "$HOME;x"])
def test_results_folders_have_any_characters(name: str, tmp_path: Path) -> None:
    assert StudySpec.compose([f"results={tmp_path / name}"]).results == tmp_path / name
    assert results_folder(name) == Path.cwd() / name


def test_a_leading_tilde_is_the_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/someone")
    assert results_folder("~/study") == Path("/home/someone/study")


def test_a_choice_of_a_protocol_can_be_changed() -> None:
    changed = StudySpec.compose(["+protocol.alpha=0.01", "protocol.decimals=null"]).protocol
    assert (changed.alpha, changed.decimals) == (0.01, None)
    assert changed.name == "corrected, alpha=0.01, decimals=None"
    assert make_protocol("icst23") == make_protocol(ICST23) == ICST23
    listed = make_protocol({"name": "corrected", "never_falls_back": ["hebo"]})
    assert listed.never_falls_back == ("hebo",)


def test_a_plan_declares_its_family_of_tests() -> None:
    assert StudySpec.compose(["plan=laptop"]).plan.family is None
    narrow = StudySpec.compose(["plan=laptop", "plan.faults=D1", "technique=hebo", "budget=7"]).plan
    assert list(narrow.declared.faults) == ["D1", "D3", "D6", "D7", "G1", "G2"]
    assert list(narrow.declared.techniques) == ["random", "hebo", "bohb"]
    assert (narrow.declared.budget, narrow.declared.family) == (7, None)
    other = StudySpec.compose(["plan=smoke", "plan.family=laptop", "plan.repetitions=2"]).plan
    assert other.declared.name == "laptop" and other.declared.repetitions == 2
    labels = {StudySpec.compose(["plan=smoke", *f]).label for f in ([], ["plan.family=laptop"])}
    assert len(labels) == 2
    with pytest.raises(HarnessError, match="no plan 'lapto'. Did you mean laptop"):
        StudySpec.compose(["plan=smoke", "plan.family=lapto"])


def test_tables_of_a_narrowed_plan_have_a_folder_of_their_own() -> None:
    def named(*overrides: str) -> str:
        return StudySpec.compose(["plan=laptop", *overrides]).label

    assert named() == "laptop-b20-s1"
    assert named("budget=10", "seed=3") == "laptop-b10-s3"
    others = {
        named(o) for o in ("plan.faults=[D1]", "plan.repetitions=3", "clock=wall", "space=icst23")
    }
    assert len(others) == 4
    assert all(o.startswith("laptop-b20-s1-") for o in others)


def test_a_plan_of_another_file_has_its_own_name(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("faults: [D3]\ntechniques: [random]\n")
    assert StudySpec.compose([f"plan={path}"]).label == "mine-b20-s1"
    assert StudySpec.compose([f"plan={path}", "plan.faults=D6"]).label.startswith("mine-b20-s1-")


def test_a_plan_made_in_python_is_taken_as_it_is(tmp_path: Path) -> None:
    plan = replace(StudySpec.compose(["plan=smoke"]).plan, budget=3)
    spec = StudySpec.compose((), {"plan": plan, "results": str(tmp_path), "protocol": ICST23})
    assert (spec.plan, spec.results, spec.protocol) == (plan, tmp_path, ICST23)
    assert spec.label == "smoke-b3-s1"
    with pytest.raises(HarnessError, match="budget belongs to the plan"):
        StudySpec.compose((), {"plan": plan, "budget": 3})
