from harness.vocabulary import METRICS, unknown


def test_a_metric_knows_its_direction() -> None:
    accuracy, mae = METRICS["accuracy"], METRICS["mae"]
    assert accuracy.better(0.9, 0.8)
    assert not accuracy.better(0.8, 0.8)
    assert mae.better(0.1, 0.2)
    assert (accuracy.best([0.1, 0.7]), mae.best([0.1, 0.7])) == (0.7, 0.1)
    assert (accuracy.loss(0.7), mae.loss(0.7)) == (-0.7, 0.7)


def test_an_unknown_name_gets_suggestions_and_the_list() -> None:
    message = str(unknown("technique", "hebbo", ["random", "hebo", "bohb"]))
    assert message.startswith("no technique 'hebbo'. Did you mean hebo")
    assert "random, hebo, bohb" in message
