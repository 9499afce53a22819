import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits as cross_entropy

from ganbook import losses

PAIRS = [losses.minimax, losses.non_saturating]
SCORES = [losses.least_squares, losses.hinge, losses.wasserstein]
REAL, FAKE = torch.randn(2, 64, 1, generator=torch.Generator().manual_seed(0)) * 3


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_discriminator_minimizes_cross_entropy(pair, smoothing):
    ours = pair(label_smoothing=smoothing).discriminator(REAL, FAKE)
    on_real = cross_entropy(REAL, torch.full_like(REAL, 1 - smoothing))
    on_fake = cross_entropy(FAKE, torch.zeros_like(FAKE))
    torch.testing.assert_close(ours, on_real + on_fake)


def test_generator_losses_are_the_textbook_forms():
    d = FAKE.double().sigmoid()
    torch.testing.assert_close(
        losses.minimax().generator(FAKE.double()), (1 - d).log().mean()
    )
    torch.testing.assert_close(
        losses.non_saturating().generator(FAKE.double()), -d.log().mean()
    )


def test_only_the_non_saturating_generator_learns_from_a_lost_game():
    def slope(loss):
        logit = torch.tensor([[-20.0]], requires_grad=True)  # D(G(z)) = 2e-9
        loss.generator(logit).backward()
        return logit.grad.item()

    assert abs(slope(losses.minimax())) < 1e-8
    assert slope(losses.non_saturating()) == pytest.approx(-1)


def test_least_squares_are_the_losses_of_labels_0_and_1():
    """Mao et al. (2017), equation 9, on D' = (D + 1) / 2, four times."""
    real, fake = (REAL + 1) / 2, (FAKE + 1) / 2
    loss = losses.least_squares()
    eq9 = (real - 1).square().mean() / 2 + fake.square().mean() / 2
    torch.testing.assert_close(loss.discriminator(REAL, FAKE), 4 * eq9)
    torch.testing.assert_close(loss.generator(FAKE), 4 * (fake - 1).square().mean() / 2)


def test_least_squares_against_the_best_discriminator_are_a_chi_squared_divergence():
    """Mao et al. (2017), equation 8 and theorem 1, for p and q on three points."""
    p = torch.tensor([0.5, 0.3, 0.2], dtype=torch.double)
    q = torch.tensor([0.1, 0.3, 0.6], dtype=torch.double)
    best = (p - q) / (p + q)  # labels 1 and -1
    loss = losses.least_squares(goal=0.0)
    push = torch.stack([loss.generator(score) for score in best])
    twice = 2 * ((p + q) * push).sum()
    pearson = ((2 * q - (p + q)).square() / (p + q)).sum()
    torch.testing.assert_close(twice, pearson)


def test_hinge_is_the_textbook_form():
    zero = torch.zeros(())
    loss = losses.hinge()
    expected = -torch.min(zero, REAL - 1).mean() - torch.min(zero, -FAKE - 1).mean()
    torch.testing.assert_close(loss.discriminator(REAL, FAKE), expected)
    beyond = torch.tensor([[1.0], [7.0]])
    assert loss.discriminator(beyond, -beyond) == 0


def test_wasserstein_critic_and_generator():
    loss = losses.wasserstein()
    torch.testing.assert_close(
        loss.discriminator(REAL, FAKE), FAKE.mean() - REAL.mean()
    )
    torch.testing.assert_close(loss.generator(FAKE), -FAKE.mean())


@pytest.mark.parametrize("pair", SCORES)
def test_scores_tell_right_from_wrong(pair):
    right, wrong = torch.full((2, 1), 0.9), torch.full((2, 1), -0.9)
    loss = pair()
    assert loss.discriminator(right, wrong) < loss.discriminator(wrong, right)
    assert loss.generator(right) < loss.generator(wrong)


@pytest.mark.parametrize("pair", PAIRS + SCORES)
def test_extreme_logits_stay_finite(pair):
    extreme = torch.tensor([[-1e4], [1e4]])
    assert pair().discriminator(extreme, -extreme).isfinite()
    assert pair().generator(extreme).isfinite()


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("smoothing", [-0.1, 1.0, float("nan")])
def test_smoothing_out_of_range(pair, smoothing):
    with pytest.raises(ValueError, match=r"label_smoothing is .*expected 0 <="):
        pair(label_smoothing=smoothing)
