import math

import pytest
import torch
from torch import nn

from ganbook import instruments, losses
from ganbook.data import grid, ring
from ganbook.networks import PlaneGenerator
from ganbook.regularizers import gradient_penalty, r1, r2

RANDOM = torch.Generator().manual_seed(0)


def test_ring_and_grid_lie_where_they_should():
    centers, deviation = ring(4, radius=2.0, deviation=0.1)
    expected = torch.tensor([[2.0, 0.0], [0.0, 2.0], [-2.0, 0.0], [0.0, -2.0]])
    torch.testing.assert_close(centers, expected, atol=1e-6, rtol=0)
    assert deviation == 0.1
    assert grid(3).centers.tolist() == [[x, y] for x in (-1, 0, 1) for y in (-1, 0, 1)]
    assert grid(1).centers.tolist() == [[0.0, 0.0]]


@pytest.mark.parametrize("modes", [ring(5, deviation=0.02), grid(3, deviation=0.05)])
def test_modes_are_sampled_equally_with_their_deviation(modes):
    points = modes.sample(60_000, seed=0)
    assert torch.equal(points, modes.sample(60_000, seed=0))
    assert not torch.equal(points, modes.sample(60_000, seed=1))
    nearest = torch.cdist(points, modes.centers).argmin(1)
    shares = torch.bincount(nearest) / len(points)
    torch.testing.assert_close(
        shares, torch.full_like(shares, 1 / len(modes.centers)), atol=0.01, rtol=0
    )
    spread = (points - modes.centers[nearest]).std(0)
    torch.testing.assert_close(
        spread, torch.full((2,), modes.deviation), rtol=0.02, atol=0
    )


def test_bad_arrangements():
    with pytest.raises(ValueError, match="number of modes is 0"):
        ring(0)
    with pytest.raises(ValueError, match="radius is -1"):
        ring(radius=-1)
    with pytest.raises(ValueError, match="deviation is 0"):
        grid(deviation=0)


def test_coverage_counts():
    centers = torch.tensor([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]])
    points = torch.tensor([[0.0, 0.5]] * 29 + [[10.0, 0.0]] + [[5.0, 5.0]] * 30)
    found = instruments.coverage(points, centers, 1.0)
    assert found.modes == 1  # the second holds 1/60, less than a tenth of 1/3
    assert found.good == pytest.approx(0.5)
    torch.testing.assert_close(found.shares, torch.tensor([29 / 60, 1 / 60, 0.0]))
    assert instruments.coverage(points, centers, 1.0, least=0.05).modes == 2


def test_data_cover_themselves():
    modes = grid()
    found = instruments.coverage(modes.sample(50_000, seed=0), modes.centers, 0.15)
    assert found.modes == 25
    assert found.good == pytest.approx(1 - math.exp(-4.5), abs=2e-3)


def test_coverage_of_nothing():
    with pytest.raises(ValueError, match=r"shape \(0, 2\)"):
        instruments.coverage(torch.zeros(0, 2), ring().centers, 0.1)
    with pytest.raises(ValueError, match=r"centers \(8, 2\)"):
        instruments.coverage(torch.zeros(4, 3), ring().centers, 0.1)
    with pytest.raises(ValueError, match=r"centers \(0, 2\)"):
        instruments.coverage(torch.zeros(4, 2), torch.zeros(0, 2), 0.1)


class Number(nn.Module):
    """A player with one weight: G(z) = weight, D(x) = weight * x."""

    def __init__(self, value, *, times_input):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([[value]], dtype=torch.double))
        self.times_input = times_input

    def forward(self, x):
        return x * self.weight if self.times_input else self.weight.expand(len(x), 1)


def test_jacobian_of_the_dirac_gan_with_r1():
    """Mescheder, Geiger and Nowozin (2018): eigenvalues of theta, psi at (0, 0)."""
    g, d = Number(0.0, times_input=False), Number(0.0, times_input=True)
    real = torch.zeros(3, 1, dtype=torch.double)
    gamma = 0.3
    found = instruments.jacobian(
        g, d, losses.non_saturating(), real, real, regularizer=r1(gamma)
    )
    expected = torch.tensor([[0.0, 0.5], [-0.5, -gamma]], dtype=torch.double)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize(
    "penalty",
    [None, r1(), r2(), gradient_penalty(1.0)],
    ids=["none", "r1", "r2", "gradient_penalty"],
)
def test_jacobian_agrees_with_differences_of_the_field(penalty):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        g = PlaneGenerator(2, (3,)).double()
        d = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1)).double()
    real, z = torch.randn(2, 6, 2, dtype=torch.double, generator=RANDOM)

    def of_the_game(instrument):
        torch.manual_seed(0)  # the same points between
        return instrument(g, d, losses.hinge(), real, z, regularizer=penalty)

    def field():
        return torch.cat(of_the_game(instruments.field))

    matrix = of_the_game(instruments.jacobian)
    weights = [*g.parameters(), *d.parameters()]
    assert matrix.shape == (sum(w.numel() for w in weights),) * 2
    column = 0
    for weight in weights:
        first = weight.data.view(-1)
        first[0] += 1e-6
        above = field()
        first[0] -= 2e-6
        below = field()
        first[0] += 1e-6
        torch.testing.assert_close(
            matrix[:, column], (above - below) / 2e-6, rtol=1e-5, atol=1e-7
        )
        column += weight.numel()
