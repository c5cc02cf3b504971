"""Bad input of the command ``make mutants``; a whole campaign stands in tests/mutation."""

from __future__ import annotations

from pathlib import Path

import pytest
from common import CONFIGS, campaign, reset_hydra
from hydra import compose, initialize_config_dir

from harness.mutation.harvest import Campaign
from harness.mutation.mutation_operators import MUTATION_OPERATORS
from harness.vocabulary import HarnessError


def composed(*overrides: str) -> Campaign:
    reset_hydra()
    with initialize_config_dir(str(CONFIGS), version_base=None):
        return campaign(compose("mutants", overrides=list(overrides)))


def test_by_default_a_campaign_has_all_operators_and_the_tool_s_n() -> None:
    made = composed("subject=digits_cnn")
    assert list(made.operators) == [row.acronym for row in MUTATION_OPERATORS]
    assert (made.n, made.seed, made.data, made.fraction) == (20, 1, "default", 1.0)
    assert made.trained_on == "tensorflow"
    assert composed("subject=line", "operators=[HLR]", "backend=jax").trained_on == "jax"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "name a subject: make mutants SUBJECT=.* Registered: .*digits_cnn"),
        (["subject=digit_cnn"], "no subject 'digit_cnn'. Did you mean digits_cnn"),
        (["subject=line", "operators=[TRD]"], "'TRD' changes the training data"),
        (["subject=line", "n=1"], "n must be 2 or more"),
        (["subject=line", "n=many"], "n must be a whole number from 1"),
        (["subject=line", "fraction=all"], "fraction must be a number"),
    ],
)
def test_bad_input_gets_one_message(words: list[str], message: str) -> None:
    with pytest.raises(HarnessError, match=message):
        composed(*words)


def test_a_page_without_a_place_for_the_subject_is_refused(tmp_path: Path) -> None:
    from mutants import _block

    page = tmp_path / "page.md"
    page.write_text("<!-- other -->")
    with pytest.raises(HarnessError, match="no place for line: put <!-- line --> and <!-- end of"):
        _block(page, "line")
