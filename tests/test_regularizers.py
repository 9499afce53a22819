import pytest
import torch
from torch import nn

from ganbook import regularizers

RANDOM = torch.Generator().manual_seed(0)
REAL, FAKE = torch.randn(2, 16, 3, dtype=torch.double, generator=RANDOM)
IMAGES = torch.randn(8, 2, 6, 6, generator=RANDOM)


class Quadratic(nn.Module):
    """D(x) = x'Ax / 2, whose slope is Ax for a symmetric A."""

    def __init__(self):
        super().__init__()
        matrix = torch.randn(3, 3, dtype=torch.double, generator=RANDOM)
        self.matrix = nn.Parameter(matrix + matrix.T)

    def forward(self, x):
        return (x @ self.matrix * x).sum(1, keepdim=True) / 2


def mlp(seed=0, width=7):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Sequential(
            nn.Linear(3, width), nn.Tanh(), nn.Linear(width, 1)
        ).double()


def test_slopes_in_closed_form():
    d = Quadratic()
    torch.testing.assert_close(
        regularizers.slopes(d, REAL), (REAL @ d.matrix).norm(dim=1)
    )
    assert not REAL.requires_grad
    with torch.inference_mode():  # whose tensors ask for no gradients
        copy = REAL.clone()
    assert torch.equal(regularizers.slopes(d, copy), regularizers.slopes(d, REAL))


@pytest.mark.parametrize(("name", "points"), [("r1", REAL), ("r2", FAKE)])
def test_r1_and_r2_in_closed_form(name, points):
    d = Quadratic()
    penalty = getattr(regularizers, name)(gamma=3.0)(d, REAL, FAKE)
    expected = 1.5 * (points @ d.matrix).square().sum(1).mean()
    torch.testing.assert_close(penalty, expected)
    (ours,) = torch.autograd.grad(penalty, d.matrix)
    # d/dA of mean |Ax|^2, entries taken as independent: x (Ax)' + its transpose
    with torch.no_grad():
        outer = torch.einsum("ni,nj->nij", points, points @ d.matrix).mean(0)
    torch.testing.assert_close(ours, 1.5 * (outer + outer.T))


def test_gradient_penalty_lies_between_and_wants_slope_one():
    d, seen = Quadratic(), []

    def spy(x):
        seen.append(x.detach())
        return d(x)

    torch.manual_seed(3)
    penalty = regularizers.gradient_penalty(5.0)(spy, REAL, FAKE)
    (between,) = seen
    share = (between - FAKE) / (REAL - FAKE)
    torch.testing.assert_close(share, share[:, :1].expand_as(share))
    assert 0 <= share.min() < 0.3 and 0.7 < share.max() <= 1
    norms = (between @ d.matrix).norm(dim=1)
    torch.testing.assert_close(penalty, 5 * (norms - 1).square().mean())


@pytest.mark.parametrize(
    "penalty",
    [
        regularizers.r1(2.0),
        regularizers.r2(2.0),
        regularizers.gradient_penalty(2.0),
        regularizers.gradient_penalty(2.0, target=0.0),
    ],
)
def test_second_derivatives_agree_with_differences(penalty):
    d = mlp()

    def value(weight):
        torch.manual_seed(0)  # the same points between
        with torch.no_grad():
            d[0].weight.copy_(weight)
        return penalty(d, REAL, FAKE)

    weight = d[0].weight.detach().clone()
    (ours,) = torch.autograd.grad(value(weight), d[0].weight)
    for place in ((0, 0), (3, 2)):
        step = torch.zeros_like(weight)
        step[place] = 1e-5
        slope = (value(weight + step) - value(weight - step)) / 2e-5
        assert ours[place].item() == pytest.approx(slope.item(), rel=1e-6)


def mean_slope(discriminator, real, fake):
    return regularizers.slopes(discriminator, fake).mean()


@pytest.mark.parametrize("penalty", [mean_slope, regularizers.gradient_penalty()])
def test_a_flat_critic_has_a_finite_gradient(penalty):
    d = mlp()
    nn.init.zeros_(d[2].weight)
    penalty(d, REAL, FAKE).backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in d.parameters())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: regularizers.r1(-1), "gamma is -1"),
        (lambda: regularizers.r2(float("nan")), "gamma is nan"),
        (lambda: regularizers.gradient_penalty(-2), "weight is -2"),
        (lambda: regularizers.gradient_penalty(target=-1), "target is -1"),
        (lambda: regularizers.spectral_norm(nn.Tanh()), "Tanh has no linear"),
        (
            lambda: regularizers.spectral_norm(regularizers.spectral_norm(mlp())),
            "is normalized already",
        ),
    ],
)
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_spectral_norm_leaves_no_slope_above_one():
    d = mlp(width=64)
    with torch.no_grad():
        d[0].weight.mul_(5)
    steep = regularizers.slopes(d, REAL).max()
    assert regularizers.spectral_norm(d, iterations=20) is d
    for _ in range(20):
        d(REAL)
    for layer in (d[0], d[2]):
        largest = torch.linalg.svdvals(layer.weight).max()
        assert largest.item() == pytest.approx(1, abs=1e-3)
    assert steep > 1 > regularizers.slopes(d, REAL).max() - 1e-3
