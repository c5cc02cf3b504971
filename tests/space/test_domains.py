import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.space.domains import Choice, Domain, Integer, Real

domains = st.one_of(
    st.lists(st.sampled_from(["a", "b", "c", 0, 1, 2]), min_size=1, unique=True).map(
        lambda v: Choice(tuple(v))
    ),
    st.tuples(st.floats(1e-6, 1), st.floats(2, 1e3), st.booleans()).map(lambda t: Real(*t)),
    st.tuples(st.integers(1, 9), st.integers(10, 10_000), st.booleans()).map(lambda t: Integer(*t)),
)


@given(domains, st.integers(0, 2**32 - 1))
def test_samples_are_inside_and_plain(domain: Domain, seed: int) -> None:
    value = domain.sample(np.random.default_rng(seed))
    assert value in domain
    assert type(value) in (str, int, float)
    assert value == domain.sample(np.random.default_rng(seed))


def test_a_choice_tells_types_apart() -> None:
    assert 1 in Choice((0, 1))
    assert 1.0 not in Choice((0, 1))
    assert True not in Choice((0, 1))


def test_log_uniform_integers_reach_both_ends_about_evenly_per_factor() -> None:
    rng = np.random.default_rng(0)
    drawn = np.array([Integer(1, 100, log=True).sample(rng) for _ in range(4000)])
    assert drawn.min() == 1
    assert drawn.max() == 100
    assert np.mean(drawn <= 10) == pytest.approx(0.57, abs=0.04)  # log(10.5/.5)/log(100.5/.5)


@pytest.mark.parametrize(
    "make",
    [lambda: Choice(()), lambda: Choice((1, 1)), lambda: Real(2, 1), lambda: Integer(0, 5, True)],
)
def test_nonsense_is_refused(make) -> None:
    with pytest.raises(ValueError, match=r"Received|range"):
        make()
