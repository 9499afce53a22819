"""Noise-contrastive estimation and the energy models it is made for."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.distributions import Normal
from torch.nn.functional import binary_cross_entropy_with_logits

from ganbook import losses, nce
from ganbook.nce import LogDensities
from ganbook.networks import DenseEnergy, PolynomialEnergy, log_partition

Densities = Callable[[int], LogDensities]


@pytest.fixture
def draws() -> torch.Generator:
    """The same for each test, whatever others drew."""
    return torch.Generator().manual_seed(0)


@pytest.fixture
def densities(draws) -> Densities:
    return lambda count: LogDensities(
        *torch.randn(2, count, generator=draws, dtype=torch.float64)
    )


def even(count: int) -> LogDensities:
    return LogDensities(*torch.zeros(2, count))


def test_posterior_is_bayes_rule(densities: Densities) -> None:
    points = densities(50)
    model, noise = (log.exp() for log in points)
    torch.testing.assert_close(
        nce.posterior(points, k=3), model / (model + 3 * noise), rtol=1e-12, atol=0
    )


@pytest.mark.parametrize("k", [1, 5])
def test_loss_is_equation_2_3(k: int, densities: Densities) -> None:
    data, noise = densities(8), densities(8 * k)
    real = nce.posterior(data, k=k).log()
    fake = (1 - nce.posterior(noise, k=k)).log().view(8, k)
    textbook = -(real + fake.sum(1)).mean()
    torch.testing.assert_close(nce.loss(data, noise, k=k), textbook)


def test_loss_with_one_noise_point_is_the_discriminators(densities: Densities) -> None:
    data, noise = densities(16), densities(16)
    real, fake = nce.logits(data), nce.logits(noise)
    ours = nce.loss(data, noise)
    torch.testing.assert_close(ours, losses.minimax().discriminator(real, fake))
    labels = torch.cat([torch.ones_like(real), torch.zeros_like(fake)])
    bce = binary_cross_entropy_with_logits(torch.cat([real, fake]), labels)
    torch.testing.assert_close(ours, 2 * bce)


def test_loss_survives_extreme_densities() -> None:
    far = LogDensities(torch.tensor([-1e6, 1e6]), torch.tensor([1e6, -1e6]))
    assert torch.isfinite(nce.loss(far, far))


def test_gradient_weighs_by_the_posterior(densities: Densities) -> None:
    data, noise = densities(6), densities(12)
    values = [part.model.requires_grad_() for part in (data, noise)]
    on_data, on_noise = torch.autograd.grad(nce.loss(data, noise, k=2), values)
    torch.testing.assert_close(on_data, -(1 - nce.posterior(data, k=2)) / 6)
    torch.testing.assert_close(on_noise, nce.posterior(noise, k=2) / 6)


@pytest.mark.parametrize("k", [0, -1, 1.5, True])
def test_k_must_be_a_whole_number_above_zero(k: object) -> None:
    with pytest.raises(ValueError, match="expected an integer of at least 1"):
        nce.loss(even(2), even(2), k=k)


@pytest.mark.parametrize(
    ("data", "noise", "message"),
    [
        (even(0), even(2), r"at the data have shapes \(0,\)"),
        (even(2), even(0), r"at the noise have shapes \(0,\)"),
        (even(2), even(3), "2 data and 3 noise points came; k = 1 needs 2"),
        (
            LogDensities(torch.zeros(2), torch.zeros(3)),
            even(2),
            r"shapes \(2,\) \(model\) and \(3,\) \(noise\)",
        ),
        (
            LogDensities(torch.zeros(2, 1), torch.zeros(2, 1)),
            even(2),
            r"shapes \(2, 1\)",
        ),
        (
            LogDensities(torch.zeros(2), torch.tensor([0.0, -math.inf])),
            even(2),
            "noise's log density is -inf at one of the data",
        ),
        (
            even(2),
            LogDensities(torch.tensor([math.nan, 0]), torch.zeros(2)),
            "model's log density is nan at one of the noise",
        ),
    ],
)
def test_bad_batches_are_named(data, noise, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        nce.loss(data, noise)


# ---------------------------------------------------------------- energy models


def test_polynomial_energy_is_its_polynomial() -> None:
    model = PolynomialEnergy(4)
    with torch.no_grad():
        model.coefficients.copy_(torch.tensor([0.3, 1.0, -0.2, -0.25]))
        model.log_normalizer.fill_(2.0)
    x = torch.linspace(-2, 2, 9)[:, None]
    t = x[:, 0]
    expected = 0.3 * t + t**2 - 0.2 * t**3 - 0.25 * t**4 - 2
    torch.testing.assert_close(model(x), expected)


def test_dense_energy_is_finite_everywhere_and_confined() -> None:
    torch.manual_seed(0)
    model = DenseEnergy(2, (16,), radius=2.0)
    far = 1e3 * torch.eye(2)
    assert (model(far) < -1e4).all()
    torch.testing.assert_close(model(far) + model.log_normalizer, -model.energy(far))


def test_log_partition_of_normal_densities() -> None:
    for dimension in (1, 2):
        model = DenseEnergy(dimension, (4,), radius=1.5)
        torch.nn.init.zeros_(model.layers[-1].weight)  # the bowl alone
        found = log_partition(model, dimension=dimension, half_width=12)
        expected = dimension * math.log(1.5 * math.sqrt(2 * math.pi))
        assert found == pytest.approx(expected, abs=1e-6)
    assert log_partition(PolynomialEnergy(2)) == pytest.approx(
        0.5 * math.log(2 * math.pi), abs=1e-6
    )


def test_log_partition_has_the_digits_of_the_model() -> None:
    """Nodes of float32 would cost a model of float64 its own; no weights, no device."""

    class Bowl(nn.Module):
        def energy(self, x: torch.Tensor) -> torch.Tensor:
            return x.square().sum(1) / 2

    expected = 0.5 * math.log(2 * math.pi)
    assert log_partition(Bowl()) == pytest.approx(expected, abs=1e-6)
    found = log_partition(PolynomialEnergy(2).double(), half_width=9)
    assert found == pytest.approx(expected, abs=1e-13)


def test_nce_learns_the_normalizer(draws) -> None:
    """2,000 data, k = 10: the standard error of zeta is below 0.02; three allowed."""
    model, noise = PolynomialEnergy(2), Normal(0.0, 2.0)
    x = torch.randn(2000, 1, generator=draws)
    y = 2 * torch.randn(20000, 1, generator=draws)
    solver = torch.optim.LBFGS(model.parameters(), max_iter=50)

    def closure() -> torch.Tensor:
        solver.zero_grad()
        parts = [LogDensities(model(t), noise.log_prob(t)[:, 0]) for t in (x, y)]
        loss = nce.loss(*parts, k=10)
        loss.backward()
        return loss

    solver.step(closure)
    assert model.log_normalizer.item() == pytest.approx(log_partition(model), abs=0.06)


@pytest.mark.parametrize("degree", [0, 3, -2])
def test_degree_must_be_even(degree: int) -> None:
    with pytest.raises(ValueError, match=f"degree is {degree}"):
        PolynomialEnergy(degree)


@pytest.mark.parametrize("radius", [0.0, -1.0, math.nan, math.inf])
def test_radius_must_be_positive(radius: float) -> None:
    with pytest.raises(ValueError, match="radius is"):
        DenseEnergy(radius=radius)


@pytest.mark.parametrize(
    ("points", "message"),
    [
        (torch.zeros(3), r"shape \(3,\); expected \(N, 2\)"),
        (torch.zeros(3, 1), r"shape \(3, 1\)"),
        (torch.zeros(0, 2), r"shape \(0, 2\)"),
        (torch.tensor([[0.0, math.nan]]), "not finite"),
    ],
)
def test_bad_points_are_named(points: torch.Tensor, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        DenseEnergy()(points)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dimension": 3}, "dimension is 3"),
        ({"points": 2}, "points is 2"),
        ({"half_width": -1.0}, "half_width -1.0"),
    ],
)
def test_bad_grids_are_named(options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        log_partition(PolynomialEnergy(2), **options)


def test_a_network_gone_wrong_is_named() -> None:
    model = DenseEnergy(1, (4,))
    torch.nn.init.constant_(model.layers[-1].weight, math.nan)
    with pytest.raises(ValueError, match="an energy on the grid is NaN"):
        log_partition(model)
