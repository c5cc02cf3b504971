"""Names of losses, as Keras writes them."""

from __future__ import annotations

import pytest

from harness.theia.losses import loss_named


@pytest.mark.parametrize(
    ("name", "logits", "expected"),
    [
        ("binary_crossentropy", False, ("bce", "probabilities")),
        ("BinaryCrossentropy", True, ("bce", "logits")),
        ("KLDivergence", False, ("kld", "probabilities")),
        ("MSE", True, ("mse", "values")),
        ("MeanSquaredError", False, ("mse", "values")),
        ("CTC", False, ("ctc", "values")),
        ("my_own", False, ("custom", "values")),
    ],
)
def test_a_loss_by_name_or_class(name: str, logits: bool, expected: tuple[str, str]) -> None:
    assert loss_named(name, logits=logits) == expected
