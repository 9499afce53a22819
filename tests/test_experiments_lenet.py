import pytest
import torch

from ganbook import weights
from ganbook.experiments import lenet, load
from ganbook.metrics import classify
from ganbook.networks import LeNet


def stripes(n):
    """Two classes that a line tells apart: bright above, bright below."""
    labels = torch.arange(n) % 2
    images = torch.full((n, 1, 28, 28), -1.0)
    images[labels == 0, :, :14] = 1.0
    images[labels == 1, :, 14:] = 1.0
    return images, labels


def test_training_learns_and_repeats_itself():
    images, labels = stripes(400)
    state = torch.get_rng_state()
    network, again = (lenet.train(images, labels, seed=3, epochs=4) for _ in range(2))
    assert (network(images).argmax(1) == labels).all()
    for name, value in network.state_dict().items():
        assert torch.equal(value, again.state_dict()[name])
    other = lenet.train(images, labels, seed=4, epochs=4)
    assert not torch.equal(other.head.weight, network.head.weight)
    assert torch.equal(torch.get_rng_state(), state)


def test_rounding_keeps_what_the_file_can_hold():
    network = lenet.half_precision(LeNet())
    for value in network.state_dict().values():
        assert value.dtype == torch.float32
        assert torch.equal(value, value.half().float())


def test_the_recorded_accuracy_is_that_of_the_card():
    recording = load("lenet")
    assert [run["seed"] for run in recording.runs] == [0, 1, 2]
    first = recording.runs[0]["metrics"]
    assert first["accuracy"] == pytest.approx(1 - first["errors"] / 10_000)
    card = weights.card("lenet")
    assert f"{100 * first['accuracy']:.2f} %" in card
    assert f"{first['errors']} errors" in card
    assert min(run["metrics"]["accuracy"] for run in recording.runs) > 0.99
    assert classify(torch.zeros(1, 1, 28, 28)).probabilities.shape == (1, 10)
