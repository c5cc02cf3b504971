import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.space.domains import Choice, DearNumber, Domain, Integer, Real

domains = st.one_of(
    st.lists(st.sampled_from(["a", "b", "c", 0, 1, 2]), min_size=1, unique=True).map(
        lambda v: Choice(tuple(v))
    ),
    st.tuples(st.floats(1e-6, 1), st.floats(2, 1e3), st.booleans()).map(lambda t: Real(*t)),
    st.tuples(st.integers(1, 9), st.integers(10, 10_000), st.booleans()).map(lambda t: Integer(*t)),
    st.tuples(st.integers(1, 60), st.integers(121, 10_000)).map(
        lambda t: DearNumber(t[0], 1, t[1])
    ),
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


large = st.tuples(st.integers(1, 300), st.integers(2, 40)).map(
    lambda t: DearNumber(t[0], 1, 2 * t[0] + t[1] * 7)
)
small = st.tuples(st.integers(1, 40), st.integers(0, 900), st.integers(0, 300)).map(
    lambda t: DearNumber(2 * t[0] + 1 + t[1], t[0], 2 * t[0] + 1 + t[1] + t[2], large=False)
)
dear = large | small


@given(dear, st.data())
def test_places_of_a_dear_number_are_shares_of_its_draws(
    domain: DearNumber, data: st.DataObject
) -> None:
    value = data.draw(st.integers(domain.low, domain.high))
    place = domain.place(value)
    assert 0 < place < 1
    assert domain.at(place) == value
    assert (domain.at(0), domain.at(1)) == (domain.low, domain.high)


@given(dear, st.floats(0, 1), st.floats(0, 1))
def test_a_later_place_is_no_smaller_number(domain: DearNumber, one: float, other: float) -> None:
    assert (domain.at(one) <= domain.at(other)) or one > other


@pytest.mark.parametrize(("own", "high"), [(3, 100), (5, 100), (12, 100), (50, 200), (500, 2000)])
def test_a_draw_costs_about_what_the_own_number_does_and_reaches_all(own: int, high: int) -> None:
    rng = np.random.default_rng(0)
    drawn = np.array([DearNumber(own, 1, high).sample(rng) for _ in range(20_000)])
    assert drawn.mean() <= 1.3 * own
    assert np.mean(drawn > 2 * own) > 0.005
    assert drawn.min() == 1
    assert drawn.max() > 0.9 * high


@pytest.mark.parametrize("own", [40, 64, 128, 200, 512])
def test_where_small_numbers_are_dear_they_are_seldom(own: int) -> None:
    rng = np.random.default_rng(0)
    domain = DearNumber(own, 16, 512, large=False)
    drawn = np.array([domain.sample(rng) for _ in range(20_000)])
    assert (own / drawn).mean() <= 1.6
    assert 0.005 < np.mean(drawn < own / 2) < 0.11
    assert (drawn.min(), drawn.max()) == (16, 512)


@pytest.mark.parametrize(
    ("numbers", "large"), [((5, 1, 10), True), ((0, 1, 9), True), ((32, 16, 512), False)]
)
def test_a_dear_number_needs_dear_ones(numbers: tuple[int, int, int], large: bool) -> None:
    with pytest.raises(ValueError, match="not a range"):
        DearNumber(*numbers, large=large)
