import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits as cross_entropy

from ganbook import losses

PAIRS = [losses.minimax, losses.non_saturating]
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


@pytest.mark.parametrize("pair", PAIRS)
def test_extreme_logits_stay_finite(pair):
    extreme = torch.tensor([[-1e4], [1e4]])
    assert pair().discriminator(extreme, -extreme).isfinite()
    assert pair().generator(extreme).isfinite()


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("smoothing", [-0.1, 1.0, float("nan")])
def test_smoothing_out_of_range(pair, smoothing):
    with pytest.raises(ValueError, match=r"label_smoothing is .*expected 0 <="):
        pair(label_smoothing=smoothing)
