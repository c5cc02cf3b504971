"""Settings of a campaign; a whole campaign stands in tests/mutation."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cli import main
from harness.cli.mutants import _block, campaign_of
from harness.mutation.mutation_operators import MUTATION_OPERATORS
from harness.vocabulary import HarnessError


def test_by_default_a_campaign_has_all_operators_and_the_tool_s_n() -> None:
    made = campaign_of({"subject": "digits_cnn"})
    assert list(made.operators) == [row.acronym for row in MUTATION_OPERATORS]
    assert (made.n, made.seed, made.data, made.fraction) == (20, 1, "default", 1.0)
    assert made.trained_on == "tensorflow"
    own = campaign_of({"subject": "line", "operators": ["HLR"], "backend": "jax"})
    assert (list(own.operators), own.trained_on) == (["HLR"], "jax")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "name a subject: dnn-repair mutants subject=... Registered: "),
        (["subject=digit_cnn"], "no subject 'digit_cnn'. Did you mean digits_cnn"),
        (["--subject", "line", "operators=[TRD]"], "'TRD' changes the training data"),
        (["subject=line", "n=1"], "n must be 2 or more"),
        (["subject=line", "--n", "many"], "n must be a whole number from 1"),
        (["subject=line", "fraction=all"], "fraction must be a number"),
        (["subject=line", "sead=1"], "no setting 'sead'. Did you mean seed"),
        (["line"], "'line' is no setting"),
    ],
)
def test_bad_input_gets_one_message(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["mutants", *arguments]) == 2
    err = capsys.readouterr().err
    assert message in err and len(err.strip().splitlines()) == 1


def test_a_page_without_a_place_for_the_subject_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("<!-- other -->")
    with pytest.raises(HarnessError, match="no place for line: put <!-- line --> and <!-- end of"):
        _block(page, "line")
