"""Networks of diffusion models."""

import math

import pytest
import torch
from torch.distributions import Categorical, MixtureSameFamily, MultivariateNormal

from ganbook import diffusion
from ganbook.networks import (
    DenseDenoiser,
    MixtureDenoiser,
    UNet,
    VelocityDenoiser,
    count_parameters,
)
from ganbook.networks.diffusion import TimeEmbedding

MEANS = torch.tensor([[-1.0, 0.5], [2.0, 0.0], [0.0, -1.0]], dtype=torch.float64)


@pytest.fixture
def draws() -> torch.Generator:
    """The same for each test, whatever others drew."""
    return torch.Generator().manual_seed(0)


def new(network_class, *arguments, **options):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return network_class(*arguments, **options)


def test_time_embedding_tells_all_times_apart() -> None:
    features = TimeEmbedding(32)(torch.arange(1, 1001))
    assert features.shape == (1000, 32)
    distances = torch.cdist(features, features) + 10 * torch.eye(1000)
    assert distances.min() > 0.1
    torch.testing.assert_close(
        features[:, :16] ** 2 + features[:, 16:] ** 2, torch.ones(1000, 16)
    )
    assert features[0, 0].item() == pytest.approx(math.sin(1))


def test_a_network_in_bfloat16_tells_all_times_apart() -> None:
    exact, t = TimeEmbedding(32), torch.arange(1, 1001)
    rounded = TimeEmbedding(32).bfloat16()(t)
    assert rounded.dtype == torch.bfloat16
    torch.testing.assert_close(rounded.float(), exact(t), rtol=0, atol=2**-8)
    network = new(DenseDenoiser).bfloat16()
    assert network(torch.zeros(1000, 2).bfloat16(), t).dtype == torch.bfloat16


def test_a_dense_denoiser_without_hidden_layers_is_linear() -> None:
    assert count_parameters(DenseDenoiser(2, ())) == (2 + 32) * 2 + 2


def test_unet_keeps_the_shape_and_starts_at_zero(draws) -> None:
    network = new(UNet)
    images = torch.randn(3, 1, 28, 28, generator=draws)
    predicted = network(images, torch.tensor([1, 500, 1000]))
    assert predicted.shape == images.shape
    assert not predicted.any()
    assert count_parameters(network) < 300_000
    assert new(UNet, 3, (8, 8, 12))(torch.zeros(2, 3, 8, 16), torch.ones(2)).shape == (
        2,
        3,
        8,
        16,
    )


def test_unet_sees_time_and_every_pixel(draws) -> None:
    network = new(UNet)
    torch.nn.init.normal_(network.leave.weight, generator=draws)
    image = torch.randn(1, 1, 28, 28, generator=draws).requires_grad_()
    early, late = (network(image, torch.tensor([t])) for t in (10, 900))
    assert (early - late).abs().mean() > 1e-3
    (gradient,) = torch.autograd.grad(early[0, 0, 14, 14], image)
    assert gradient.abs().min() > 0  # through the norms, at least
    local = gradient[0, 0, 8:21, 8:21].abs().mean()
    assert local > gradient.abs().mean()


@pytest.mark.parametrize(
    ("network", "shape"), [(UNet, (1, 28, 28)), (DenseDenoiser, (2,))]
)
def test_a_few_steps_lower_the_loss(network, shape) -> None:
    network, loss = new(network), diffusion.noise_prediction(diffusion.cosine())
    batch = torch.ones(16, *shape)
    optimizer = torch.optim.Adam(network.parameters(), 3e-3)
    random = torch.Generator().manual_seed(0)
    losses = []
    for _ in range(30):
        value = loss(network, batch, random)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        losses.append(value.item())
    assert sum(losses[-5:]) < 0.6 * sum(losses[:5])


@pytest.mark.parametrize(
    ("network", "x", "t", "message"),
    [
        (UNet, (2, 1, 28, 28), (3,), r"times \(3,\)"),
        (UNet, (2, 3, 28, 28), (2,), r"expected \(N, 1, H, W\)"),
        (UNet, (2, 1, 30, 28), (2,), "multiples of 4"),
        (UNet, (2, 784), (2,), r"shape \(2, 784\)"),
        (DenseDenoiser, (2, 3), (2,), r"expected \(N, 2\) and \(N,\)"),
        (DenseDenoiser, (2, 2), (), r"times \(\)"),
    ],
)
def test_bad_shapes_are_named(network, x, t, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        new(network)(torch.zeros(x), torch.ones(t))


def test_groups_of_channels_are_not_empty() -> None:
    with pytest.raises(
        ValueError, match=r"widths are \(3, 8, 8\); expected at least 4"
    ):
        UNet(1, (3, 8, 8))


@pytest.mark.parametrize("features", [0, 7, -2])
def test_time_features_are_pairs(features: int) -> None:
    with pytest.raises(ValueError, match=f"features is {features}"):
        TimeEmbedding(features)


# ------------------------------------------------------------- the perfect network


def test_mixture_density_is_that_of_torch(draws) -> None:
    alpha_bar = torch.tensor([1.0, 0.6, 0.01]).double()
    network = MixtureDenoiser(alpha_bar, MEANS, 0.4, weights=[0.2, 0.5, 0.3])
    x = torch.randn(50, 2, generator=draws, dtype=torch.float64)
    for t, left in enumerate(alpha_bar):
        covariance = torch.eye(2).double() * (left * 0.16 + 1 - left)
        law = MixtureSameFamily(
            Categorical(torch.tensor([0.2, 0.5, 0.3]).double()),
            MultivariateNormal(left.sqrt() * MEANS, covariance),
        )
        times = torch.full((50,), t)
        torch.testing.assert_close(
            network.log_density(x, times), law.log_prob(x), rtol=1e-6, atol=1e-6
        )


def test_score_is_the_slope_and_noise_is_the_score(draws) -> None:
    alpha_bar = torch.tensor([1.0, 0.6, 0.01]).double()
    network = MixtureDenoiser(alpha_bar, MEANS, 0.4)
    x = torch.randn(30, 2, generator=draws, dtype=torch.float64).requires_grad_()
    t = torch.randint(0, 3, (30,), generator=draws)
    (slope,) = torch.autograd.grad(network.log_density(x, t).sum(), x)
    torch.testing.assert_close(network.score(x, t), slope)
    expected = -(1 - alpha_bar[t]).sqrt()[:, None] * slope
    torch.testing.assert_close(network(x, t), expected)


@pytest.mark.parametrize("kind", [torch.float32, torch.float64])
def test_early_noise_has_the_digits_of_the_points(draws, kind) -> None:
    """Where 1 - alpha_bar is small, and float32 knows but few of its digits."""
    schedule, weights = diffusion.linear(), torch.full((3,), 1 / 3).double()
    network = MixtureDenoiser(schedule.alpha_bar, MEANS, 0.003, weights=weights)
    t = torch.ones(200).long()
    noise = torch.randn(200, 2, generator=draws).double()
    x = diffusion.add_noise(schedule, MEANS[t], t, noise).to(kind)
    exact, found = network(x.double(), t), network(x, t)
    assert found.dtype == kind
    error = (found - exact).norm(dim=1) / exact.norm(dim=1)
    assert error.median() < 1e-5


def test_no_one_predicts_the_noise_better(draws) -> None:
    """Shrinking or stretching the best answer raises the loss on the same draws."""
    schedule = diffusion.cosine(50)
    best = MixtureDenoiser(schedule.alpha_bar, MEANS, 0.4)
    loss = diffusion.noise_prediction(schedule)
    choice = torch.randint(0, 3, (20_000,), generator=draws)
    data = MEANS[choice] + 0.4 * torch.randn(20_000, 2, generator=draws).double()
    at = [
        loss(
            lambda x, t, s=scale: s * best(x, t), data, torch.Generator().manual_seed(1)
        )
        for scale in (0.95, 1.0, 1.05)
    ]
    assert at[1] < min(at[0], at[2])


@pytest.mark.parametrize(
    ("means", "deviation", "weights", "message"),
    [
        (torch.zeros(2), 0.1, None, r"means have shape \(2,\)"),
        (torch.zeros(0, 2), 0.1, None, r"means have shape \(0, 2\)"),
        (torch.zeros(2, 2), 0.0, None, "deviation is 0.0"),
        (torch.zeros(2, 2), 0.1, [0.5, 0.6], "sum to 1"),
        (torch.zeros(2, 2), 0.1, [1.0, 0.0], "positive"),
        (torch.zeros(2, 2), 0.1, [1.0], "expected 2 positive"),
    ],
)
def test_bad_mixtures_are_named(means, deviation, weights, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MixtureDenoiser(torch.tensor([1.0, 0.5]), means, deviation, weights)


# ------------------------------------------------------------------- through v


def test_velocity_is_read_as_noise(draws) -> None:
    """A network that knows v names the noise, at all times."""
    schedule = diffusion.cosine()
    x_0, noise = (torch.randn(50, 3, generator=draws) for _ in range(2))
    t = torch.randint(1, 1001, (50,), generator=draws)
    signal, scale = schedule.scales(t, x_0)
    network = VelocityDenoiser(
        lambda x, t: signal * noise - scale * x_0, schedule.alpha_bar
    )
    x_t = diffusion.add_noise(schedule, x_0, t, noise)
    torch.testing.assert_close(network(x_t, t), noise)


def test_new_velocity_network_answers_with_what_it_sees(draws) -> None:
    schedule = diffusion.cosine()
    network = VelocityDenoiser(new(UNet), schedule.alpha_bar)
    x = torch.randn(2, 1, 28, 28, generator=draws)
    t = torch.tensor([1, 1000])
    found = network(x, t)
    torch.testing.assert_close(found[1], x[1])
    torch.testing.assert_close(found[0], schedule.beta[1].sqrt().float() * x[0])


def test_weighted_loss_is_the_error_of_the_velocity(draws) -> None:
    schedule = diffusion.linear()
    network = VelocityDenoiser(lambda x, t: 0.3 * x, schedule.alpha_bar)
    loss = diffusion.noise_prediction(schedule, weights=1 / schedule.alpha_bar)
    batch = torch.randn(64, 2, generator=draws)
    random = torch.Generator().manual_seed(3)
    t = torch.randint(1, 1001, (64,), generator=random)
    noise = torch.randn(64, 2, generator=random)
    signal, scale = schedule.scales(t, batch)
    velocity = signal * noise - scale * batch
    expected = (0.3 * (signal * batch + scale * noise) - velocity).square().mean()
    found = loss(network, batch, torch.Generator().manual_seed(3))
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=0)


@pytest.mark.parametrize(
    "alpha_bar",
    [
        torch.ones(1),
        torch.ones(2, 2),
        torch.tensor([1.0, 1.5]),
        torch.tensor([1.0, math.nan]),
    ],
)
def test_bad_shares_of_signal_are_named(alpha_bar: torch.Tensor) -> None:
    with pytest.raises(ValueError, match="alpha_bar has shape"):
        VelocityDenoiser(new(UNet), alpha_bar)
    with pytest.raises(ValueError, match="alpha_bar has shape"):
        MixtureDenoiser(alpha_bar, MEANS, 0.4)


@pytest.mark.parametrize(
    ("times", "message"),
    [
        ([-1, 1, 1], "times are -1 to 1; expected 0 to 2"),
        ([3, 1, 1], "times are 1 to 3; expected 0 to 2"),
        ([1, 2], r"points have shape \(3, 2\) and times \(2,\)"),
    ],
)
def test_times_that_are_none_are_named(times, message: str) -> None:
    alpha_bar, x = torch.tensor([1.0, 0.6, 0.01]), torch.zeros(3, 2)
    for network in (
        VelocityDenoiser(new(DenseDenoiser), alpha_bar),
        MixtureDenoiser(alpha_bar, MEANS, 0.4),
    ):
        with pytest.raises(ValueError, match=message):
            network(x, torch.tensor(times))
