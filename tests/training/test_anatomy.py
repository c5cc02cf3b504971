"""What a program's parts amount to."""

from harness.training.anatomy import Anatomy, Part

DENSE = Part(kind="dense", macs=20, weights=22, variables=2, inputs=10, outputs=2)


def anatomy(*parts: Part, optimiser: str = "adam") -> Anatomy:
    return Anatomy(parts=parts, loss="hinge", optimiser=optimiser, inputs=10)


def test_amounts_of_a_step_do_not_depend_on_samples() -> None:
    assert anatomy(DENSE, DENSE).per_step() == {
        "step": 1,
        "loss of hinge": 1,
        "dense layer": 2,
        "dense weight": 44,
        "variable of adam": 4,
        "weight of adam": 44,
    }


def test_amounts_of_a_sample() -> None:
    convolution = Part(kind="convolution", macs=600, outputs=40, channels=4)
    pooling = Part(kind="pooling", inputs=40, outputs=10)
    assert anatomy(convolution, pooling, DENSE).per_sample() == {
        "sample": 1,
        "input": 10,
        "convolution MAC": 600,
        "convolution patch": 150,
        "convolution output": 40,
        "pooling input": 40,
        "pooling output": 10,
        "dense MAC": 20,
        "dense output": 2,
    }


def test_activations_cost_by_what_they_compute() -> None:
    def sorts(name: str) -> set[str]:
        part = Part(kind="activation", outputs=3, activation=name)
        return set(anatomy(part).per_sample()) - {"sample", "input", "activation output"}

    assert sorts("linear") == set()
    assert sorts("relu") == sorts("LeakyReLU") == sorts("leaky_relu") == {"cheap activation"}
    assert sorts("Hardsigmoid") == sorts("hard_sigmoid") == {"cheap activation"}
    assert sorts("tanh") == sorts("my_own") == {"dear activation"}
    assert sorts("softmax") == sorts("LogSoftmax") == {"softmax"}


def test_an_activation_has_one_name_in_every_framework() -> None:
    def named(activation: str) -> set[str]:
        part = Part(kind="activation", outputs=3, activation=activation)
        return {name for name in anatomy(part).per_step() if name.startswith("activation of")}

    assert named("leaky_relu") == named("LeakyReLU") == {"activation of leakyrelu"}
    assert named("linear") == set()


def test_each_optimiser_has_amounts_of_its_own() -> None:
    assert "weight of sgd" in anatomy(DENSE, optimiser="sgd").per_step()


def test_a_recurrent_layer_is_called_at_each_time_step() -> None:
    assert anatomy(Part(kind="recurrent", times=7)).per_step()["recurrent layer"] == 7
