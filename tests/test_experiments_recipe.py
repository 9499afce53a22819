"""The recipe's runs, shortened."""

import pytest
import torch

from ganbook import data, weights
from ganbook.experiments import conv_gan, digits, recipe
from ganbook.networks import ConvDiscriminator, DcganDiscriminator, DcganGenerator


@pytest.fixture
def shipped(monkeypatch):
    """A few steps with the bundled digits; nothing is shipped."""
    images = data.mnist(verbose=False).images[::4].clone()
    for module in (recipe, conv_gan, digits):
        for name in ("all_digits", "digits_of_test"):
            monkeypatch.setattr(module, name, lambda: images, raising=False)
    for name in ("pixels_of_test", "lenet_of_test"):
        getattr(digits, name).cache_clear()
    monkeypatch.setattr(recipe, "LOOKS", (1, 2))
    monkeypatch.setattr(recipe, "SAMPLES", 1000)
    names = []
    monkeypatch.setattr(weights, "save", lambda network, name: names.append(name))
    yield names
    for name in ("pixels_of_test", "lenet_of_test"):
        getattr(digits, name).cache_clear()


@pytest.mark.slow
@pytest.mark.parametrize("change", ["none", "networks of the thesis"])
def test_a_run_is_measured_on_the_way(shipped, change):
    found = recipe.play({"change": change}, 0)
    for steps in (1, 2):
        assert found.metrics[f"fd_pixels_1000_at_{steps}"] > 0
    assert {"fd_lenet_raw", "real_accuracy"} <= found.metrics.keys()
    assert found.images["samples"].ndim == 2
    assert shipped == (["recipe-mnist"] if change == "none" else [])


def test_every_change_sets_up_a_game():
    images = torch.zeros(64, 1, 28, 28)
    for change in recipe.CHANGES.values():
        trainer = recipe.new_trainer(images, seed=0, **recipe.BASE | change)
        networks = recipe.BASE | change
        kind = (
            DcganDiscriminator if networks["networks"] == "dcgan" else ConvDiscriminator
        )
        assert isinstance(trainer.discriminator, kind)
        assert (trainer.regularizer is None) == (networks["r1"] is None)


def test_the_seed_decides_the_weights():
    images = torch.zeros(64, 1, 28, 28)
    first, same, other = (
        next(recipe.new_trainer(images, seed=s).generator.parameters())
        for s in (0, 0, 1)
    )
    assert torch.equal(first, same)
    assert not torch.equal(first, other)


def test_the_shipped_generator_fits():
    generator = weights.load(DcganGenerator(), "recipe-mnist")
    assert generator(torch.zeros(1, 100)).shape == (1, 1, 28, 28)
