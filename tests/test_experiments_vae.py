"""Recorded comparisons of variational autoencoders: how they measure."""

import pytest
import torch

from ganbook import likelihoods
from ganbook.experiments.vae import SelfPredictingVae, area_under_curve, bound
from ganbook.experiments.vae_likelihood import edge_energy

DRAWS = torch.Generator().manual_seed(0)


def test_area_under_curve_counts_pairs() -> None:
    usual, strange = torch.tensor([0.0, 1.0, 2.0]), torch.tensor([1.0, 3.0])
    assert area_under_curve(usual, strange) == pytest.approx((1 + 0.5 + 0 + 3) / 6)
    assert area_under_curve(usual, usual) == 0.5
    assert area_under_curve(usual, usual - 9) == 0


@pytest.mark.parametrize(
    "bad", [torch.zeros(0), torch.zeros(2, 2), torch.tensor([torch.nan])]
)
def test_scores_are_checked(bad: torch.Tensor) -> None:
    with pytest.raises(ValueError, match="expected \\(N,\\)"):
        area_under_curve(torch.zeros(3), bad)


def test_context_sees_earlier_pixels_only() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = SelfPredictingVae(4, (16,))
    image = torch.randn(1, 1, 28, 28, generator=DRAWS).requires_grad_()
    row, column = 13, 9
    network.context_logits(image)[0, 0, row, column].backward()
    seen = image.grad[0, 0] != 0
    before = torch.arange(784).view(28, 28) < 28 * row + column
    assert seen.any()
    assert not (seen & ~before).any()
    assert seen[row, column - 1]
    assert seen[row - 1, column + 1]


def test_bound_uses_the_context() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = SelfPredictingVae(4, (16,))
    images = torch.randn(3, 1, 28, 28, generator=DRAWS).sign()
    random = torch.Generator().manual_seed(1)
    fit, kl = bound(network, images, random)
    mean, log_variance = network.encode(images)
    noise = torch.randn(mean.shape, generator=torch.Generator().manual_seed(1))
    z = mean + (log_variance / 2).exp() * noise
    logits = network.decode_logits(z) + network.context_logits(images)
    torch.testing.assert_close(fit, likelihoods.bernoulli(images, logits))
    assert kl.shape == (3, 4)


def test_edge_energy_of_a_step() -> None:
    image = torch.full((1, 1, 4, 6), -1.0)
    image[..., 3:] = 1
    assert edge_energy(image) == 4 * 2**2  # four rows cross from -1 to 1
    assert edge_energy(torch.zeros(2, 1, 5, 5)) == 0
