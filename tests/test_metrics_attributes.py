"""What drawn cats are taken for; and the experiment that trains the classifier."""

import pytest
import torch

from ganbook import data, metrics, weights
from ganbook.data.cat_factors import draw_factors
from ganbook.experiments import cat_attributes as experiment
from ganbook.experiments import load
from ganbook.networks import CatAttributeNet, count_parameters

NAMES = tuple(data.CAT_FACTORS)


@pytest.fixture(scope="module")
def cats():
    """Cats that no experiment has seen."""
    return data.drawn_cats(300, seed=77)


def test_the_network_has_the_parameters_it_says():
    assert count_parameters(CatAttributeNet()) == 294_531
    assert "294,531" in CatAttributeNet.__doc__


def test_the_network_knows_the_factors_that_are_drawn():
    sizes = {name: len(kinds) for name, kinds in data.CAT_FACTORS.items()}
    assert CatAttributeNet().factors == sizes
    answers = CatAttributeNet()(torch.zeros(2, 3, 64, 64))
    assert {name: answers[name].shape for name in NAMES} == {
        name: (2, size) for name, size in sizes.items()
    }
    assert answers["tilt"].shape == answers["pupil"].shape == (2,)
    with pytest.raises(ValueError, match=r"\(2, 1, 64, 64\); expected \(N, 3, H, W\)"):
        CatAttributeNet()(torch.zeros(2, 1, 64, 64))


@pytest.mark.parametrize("size", [32, 64, 96])
def test_drawn_cats_are_told_apart(cats, size):
    factors = cats.factors
    images = data.draw_cats(factors.take(slice(150)), size=size)
    found = metrics.cat_attributes(images)
    for name in NAMES:
        right = getattr(found, name) == getattr(factors, name)[:150]
        assert right.double().mean() > 0.97, name
    assert (found.tilt - factors.tilt[:150]).abs().mean() < 2
    assert (found.pupil - factors.pupil[:150]).abs().mean() < 0.15
    assert found.confidence.median() > 0.95


def test_eyes_are_seen_not_guessed_from_the_coat():
    """Points go with blue eyes in the data; here they do not."""
    factors = draw_factors(120, seed=3)
    full = torch.full_like(factors.coat, data.CAT_FACTORS["coat"].index("cream"))
    points = torch.full_like(full, data.CAT_FACTORS["pattern"].index("points"))
    eyes = torch.arange(120) % 4
    factors = factors._replace(coat=full, pattern=points, eyes=eyes)
    found = metrics.cat_attributes(data.draw_cats(factors))
    assert (found.eyes == eyes).double().mean() > 0.95


def test_shares_add_up(cats):
    found = metrics.cat_attributes(cats.images)
    shares = found.shares()
    assert shares.shape == data.cat_shares().shape
    assert shares.sum().item() == pytest.approx(1)
    kinds = torch.stack([getattr(found, name) for name in NAMES], 1)
    first = (kinds == kinds[0]).all(1).double().mean()
    assert shares[tuple(kinds[0])] == pytest.approx(first.item())
    # Half the total variation between 300 cats and their distribution.
    assert (shares - data.cat_shares()).abs().sum() / 2 < 0.35


def test_batches_do_not_matter(cats):
    few = cats.images[:9]
    whole, parts = (metrics.cat_attributes(few, batch_size=n) for n in (500, 4))
    for a, b in zip(whole, parts, strict=True):
        torch.testing.assert_close(a, b)


def test_noise_is_answered_with_less_confidence(cats):
    random = torch.Generator().manual_seed(0)
    noise = torch.rand(100, 3, 64, 64, generator=random) * 2 - 1
    sure = metrics.cat_attributes(noise).confidence
    assert sure.mean() < metrics.cat_attributes(cats.images[:100]).confidence.mean()


def test_bad_images_are_refused():
    with pytest.raises(ValueError, match="at least one image"):
        metrics.cat_attributes(torch.zeros(0, 3, 64, 64))
    with pytest.raises(ValueError, match=r"in \[-1, 1\], found a value of size 3"):
        metrics.cat_attributes(torch.full((1, 3, 64, 64), 3.0))
    for shape in ((1, 3, 8, 64), (1, 3, 64, 8)):
        with pytest.raises(ValueError, match=r"\(N, 3, H, W\) of at least 16x16"):
            metrics.cat_attributes(torch.zeros(shape))
    with pytest.raises(ValueError, match="batch_size must be at least 1, got 0"):
        metrics.cat_attributes(torch.zeros(1, 3, 64, 64), batch_size=0)


# The experiment


def test_training_cats_have_eyes_and_ears_of_any_kind():
    factors = experiment.any_cats(4000, seed=0)
    assert torch.equal(factors.eyes.bincount() > 900, torch.ones(4, dtype=torch.bool))
    assert torch.equal(factors.ears.bincount() > 1900, torch.ones(2, dtype=torch.bool))
    kinds = torch.zeros(6, 5)
    kinds.index_put_((factors.coat, factors.pattern), torch.ones(()), accumulate=True)
    exists = data.cat_shares().sum((2, 3)) > 0
    assert torch.equal(kinds > 0, exists)
    assert kinds[exists].min() > 150


def test_training_learns_and_repeats_itself():
    factors = draw_factors(120, seed=1)
    images = data.draw_cats(factors, size=16)
    state = torch.get_rng_state()
    one, same = (
        experiment.train(images, factors, seed=3, epochs=2).state_dict()
        for _ in range(2)
    )
    other = experiment.train(images, factors, seed=4, epochs=2).state_dict()
    assert all(torch.equal(one[key], same[key]) for key in one)
    assert not torch.equal(one["head.weight"], other["head.weight"])
    assert torch.equal(torch.get_rng_state(), state)
    trained = experiment.train(images, factors, seed=3, epochs=20)
    with torch.no_grad():
        before = experiment.loss(CatAttributeNet()(images), factors)
        assert experiment.loss(trained(images), factors) < 0.7 * before


def test_spoiled_images_stay_images():
    images = data.drawn_cats(4, size=64).images
    random = torch.Generator().manual_seed(0)
    for _ in range(5):
        spoiled = experiment.spoil(images, random)
        assert spoiled.shape == images.shape and spoiled.abs().max() <= 1
        assert 0.01 < (spoiled - images).abs().mean() < 0.2


def test_the_card_says_what_is_recorded():
    try:
        recording = load("cat-attributes")
    except FileNotFoundError:
        pytest.skip("the experiment is not recorded")
    first = recording.runs[0]
    assert first["seed"] == 0
    card = weights.card("cat_attributes")
    for name in (*NAMES, "all"):
        for where in ("64", "32", "any_64"):
            value = first["metrics"][f"{name}_{where}"]
            assert value > 0.98
            assert f"{100 * value:.2f}" in card
