import pytest

from harness.mutation.bisection import bisect
from harness.mutation.mutation_operators import Range

EPOCHS = Range("HNE", "epochs", mild=50, aggressive=1, precision=5, whole=True)
RATE = Range("HLR", "learning_rate", mild=0.01, aggressive=0.001, precision=0.0001, whole=False)


@pytest.mark.parametrize("threshold", [1, 2, 7, 25, 26, 49])
def test_it_finds_where_a_monotone_program_begins_to_fail(threshold: int) -> None:
    asked: list[float] = []

    def killed(value: float) -> bool:
        asked.append(value)
        return value <= threshold

    found = bisect(EPOCHS, killed)
    assert found is not None
    mildest, neighbour = found
    assert mildest <= threshold < neighbour
    assert neighbour - mildest <= 5
    assert asked[0] == 1
    assert len(asked) == len(set(asked)) <= 6  # the end, then log2(49 / 5) midpoints
    assert all(isinstance(value, int) for value in asked)


def test_a_range_that_never_kills_ends_after_its_extreme() -> None:
    asked: list[float] = []
    assert bisect(EPOCHS, lambda value: bool(asked.append(value))) is None
    assert asked == [1]


def test_a_range_that_always_kills_ends_beside_the_original() -> None:
    found = bisect(RATE, lambda value: True)
    assert found == (0.0099, 0.01)


def test_values_have_the_digits_of_the_precision() -> None:
    asked: list[float] = []

    def killed(value: float) -> bool:
        asked.append(value)
        return value < 0.0042

    assert bisect(RATE, killed) == (0.0041, 0.0042)
    assert asked[:3] == [0.001, 0.0055, 0.0032]
    assert all(value == round(value, 4) for value in asked)
