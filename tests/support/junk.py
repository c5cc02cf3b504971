"""Values of every kind, for tests that throw them at the harness."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

NUMBERS = st.one_of(
    st.integers(),
    st.floats(),
    st.sampled_from([0, -1, 1, 2**31, 2**63, 10**400, 0.0, -0.0, 1e-320, 1e308]),
)
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, st.text(max_size=8))
PLAIN = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)
"""JSON values, and numbers that JSON lacks."""

ODD: list[Any] = [
    b"bytes", np.int64(3), np.float32("nan"), np.array([1.0]), np.array(2), np.str_("adam"),
    object(), object, len, {1}, (1, 2), 1j, range(3), ..., NotImplemented, Exception("x"), {1: 2},
    np.bool_(True),
]  # fmt: skip
ANYTHING = st.one_of(PLAIN, st.sampled_from(ODD))


def mostly(
    valid: st.SearchStrategy[Any], other: st.SearchStrategy[Any] = ANYTHING
) -> st.SearchStrategy[Any]:
    """``valid`` nine times out of ten, else ``other``."""
    return st.integers(0, 9).flatmap(lambda number: other if number == 7 else valid)
