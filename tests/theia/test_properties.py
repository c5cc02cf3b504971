"""What holds for any program: nothing crashes, names do not matter, a suggestion helps."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.theia.findings import apply
from harness.theia.program import TASKS, DataFacts, Kind, Layer, Learner, Program
from harness.theia.rules import judge
from harness.theia.thresholds import PROFILES

ACTIVATIONS = ("linear", "relu", "tanh", "sigmoid", "softmax", "log_softmax", "custom")
LOSSES = ("bce", "cce", "sparse_cce", "mse", "mae", "huber", "hinge", "nll", "kld", "custom")
FORMS = ("probabilities", "logits", "log_probabilities", "values")

sizes = st.integers(1, 600)
values = st.floats(-1e4, 1e4, allow_nan=False)
ranges = st.none() | st.tuples(values, values).map(lambda r: (min(r), max(r)))
scales = st.none() | st.tuples(st.floats(-10, 10).filter(lambda f: abs(f) > 1e-3), values)


@st.composite
def layers(draw: st.DrawFn) -> tuple[Layer, ...]:
    """Any graph: each layer takes the one before, or another; merges take two."""
    found: list[Layer] = []
    for index in range(1, draw(st.integers(0, 14)) + 1):
        kind = draw(st.sampled_from(Kind))
        earlier = st.integers(0, index - 1)
        taken = [draw(st.just(index - 1) | earlier)]
        taken += [draw(earlier)] if kind is Kind.MERGE else []
        weighted = kind is Kind.DENSE or kind.startswith("conv")
        dimensions = int(kind[4]) if kind.startswith("conv") else 2
        found.append(
            Layer(
                index=index,
                name=f"layer_{index}",
                kind=kind,
                units=draw(sizes) if weighted else None,
                kernel=(draw(st.integers(1, 5)),) * dimensions if weighted else (),
                strides=(draw(st.integers(1, 2)),) * dimensions if weighted else (),
                activation=draw(st.sampled_from(ACTIVATIONS))
                if weighted or kind is Kind.ACTIVATION
                else "linear",
                in_features=draw(st.none() | sizes) if kind is Kind.DENSE else None,
                inputs=tuple(dict.fromkeys(taken)),
                scale=draw(scales) if kind is Kind.SCALING else None,
            )
        )
    return tuple(found)


programs = st.builds(
    Program,
    layers(),
    st.builds(
        Learner,
        loss=st.sampled_from(LOSSES),
        expects=st.sampled_from(FORMS),
        convention=st.sampled_from(("probabilities", "logits")),
        learning_rate=st.none() | st.floats(0, 10),
        batch_size=st.none() | st.integers(1, 5000),
    ),
    st.builds(
        DataFacts,
        kind=st.sampled_from(("color_image", "gray_image", "tabular", "other")),
        samples=st.none() | st.integers(1, 100_000),
        train_range=ranges,
        test_range=ranges,
        standardised=st.booleans(),
        labels=st.sampled_from(("one_hot", "multi_hot", "binary", "classes", "real", "unknown")),
    ),
    st.sampled_from(TASKS),
    framework=st.sampled_from(("keras", "pytorch")),
)


@settings(max_examples=300, deadline=None)
@given(programs, st.sampled_from(PROFILES))
def test_a_suggestion_applied_silences_its_finding(program: Program, profile: str) -> None:
    """Also that no program crashes a rule."""
    for finding in judge(program, profile):
        changed = apply(program, finding.edits)
        assert finding.identity not in [f.identity for f in judge(changed, profile)]


@settings(max_examples=100, deadline=None)
@given(programs, st.sampled_from(PROFILES))
def test_names_of_layers_change_nothing(program: Program, profile: str) -> None:
    renamed = replace(
        program, layers=tuple(replace(x, name=f"x{9 * x.index}") for x in program.layers)
    )
    before, after = judge(program, profile), judge(renamed, profile)
    assert [(f.rule, f.layer, f.problem) for f in before] == [
        (f.rule, f.layer, f.problem) for f in after
    ]


@settings(max_examples=100, deadline=None)
@given(programs)
def test_what_the_paper_s_table_reports_is_never_advice(program: Program) -> None:
    assert all(f.severity == "bug" for f in judge(program, "paper"))
