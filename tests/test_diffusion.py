"""The mathematics of diffusion: schedules, forward process, loss, samplers."""

import math
from collections.abc import Callable
from functools import partial
from itertools import pairwise

import pytest
import torch
from torch import nn

from ganbook import diffusion
from ganbook.diffusion import Schedule
from ganbook.networks import MixtureDenoiser

SCHEDULES = [diffusion.linear, diffusion.cosine, diffusion.sigmoid]
SHORT = Schedule([0.1, 0.3, 0.2, 0.5])  # betas need not rise


Normals = Callable[..., torch.Tensor]


@pytest.fixture
def normals() -> Normals:
    """A source of normal numbers, the same for each test."""
    draws = torch.Generator().manual_seed(0)
    return lambda *shape: torch.randn(shape, generator=draws, dtype=torch.float64)


def blind(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    return torch.zeros_like(x)


# --------------------------------------------------------------------- schedules


@pytest.mark.parametrize("make", SCHEDULES)
def test_signal_falls_from_one_to_nearly_nothing(make) -> None:
    schedule = make(1000)
    assert schedule.steps == 1000
    assert schedule.alpha_bar.shape == schedule.beta.shape == (1001,)
    assert schedule.alpha_bar[0] == 1
    assert (schedule.alpha_bar.diff() < 0).all()
    assert schedule.alpha_bar[-1] < 1e-4
    torch.testing.assert_close(
        schedule.snr[1:], 1 / (1 / schedule.alpha_bar[1:] - 1), rtol=1e-9, atol=0
    )


def test_linear_is_that_of_the_paper() -> None:
    schedule = diffusion.linear()
    assert schedule.beta[[1, 1000]].tolist() == pytest.approx([1e-4, 0.02])
    # Ho et al. (2020), section 4: the KL divergence from noise is about 1e-5 bits
    # per dimension for data in [-1, 1].
    left = schedule.alpha_bar[-1].item()
    assert left == pytest.approx(4.04e-5, rel=0.01)
    kl = 0.5 * (left * 1.0 - left - math.log1p(-left))  # of a datum at +-1
    assert kl / math.log(2) < 4e-5


def test_cosine_is_that_of_the_paper() -> None:
    schedule = diffusion.cosine(4000)
    u = torch.arange(3900) / 4000
    f = torch.cos((u.double() + 0.008) / 1.008 * math.pi / 2) ** 2
    torch.testing.assert_close(schedule.alpha_bar[:3900], f / f[0])
    assert schedule.beta.max() == pytest.approx(0.999)  # the clipped last step
    assert diffusion.cosine(1).beta[1] == pytest.approx(0.999)


def test_sigmoid_is_symmetric_about_the_middle() -> None:
    alpha_bar = diffusion.sigmoid(100).alpha_bar[:-1]  # the last beta is clipped
    torch.testing.assert_close(
        alpha_bar[1:] + alpha_bar[1:].flip(0), torch.ones(99).double()
    )


def test_linear_reaches_the_same_noise_in_fewer_steps() -> None:
    few, many = (diffusion.linear(steps).alpha_bar[-1].log() for steps in (200, 1000))
    assert few / many == pytest.approx(1, abs=0.06)


def test_times_of_a_walk() -> None:
    assert SHORT.times() == [4, 3, 2, 1, 0]
    assert SHORT.times(1) == [4, 0]
    for steps in (1, 3, 7, 250, 999, 1000):
        times = diffusion.cosine().times(steps)
        assert len(times) == steps + 1
        assert (times[0], times[-1]) == (1000, 0)
        assert all(t > s for t, s in pairwise(times))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Schedule([]), r"betas have shape \(0,\)"),
        (lambda: Schedule([[0.1]]), r"betas have shape \(1, 1\)"),
        (lambda: Schedule([0.1, 0.0]), "beta is 0 at time 2"),
        (lambda: Schedule([0.1, 1.0]), "beta is 1 at time 2"),
        (lambda: Schedule([-0.1, 0.5]), "beta is -0.1 at time 1"),
        (lambda: Schedule([0.1, math.nan]), "beta is nan at time 2"),
        (lambda: Schedule.from_alpha_bar([1.0]), r"alpha_bar has shape \(1,\)"),
        (lambda: Schedule.from_alpha_bar([0.9, 0.5]), "alpha_bar goes from 0.9 to 0.5"),
        (lambda: Schedule.from_alpha_bar([1, -0.1]), "to -0.1; expected"),
        (lambda: Schedule.from_alpha_bar([1, math.nan]), "to nan; expected"),
        (
            lambda: Schedule.from_alpha_bar([1, 0.5, 0.6, 0.1]),
            "not monotone: 0.5 at time 1, then 0.6",
        ),
        (lambda: Schedule.from_alpha_bar([1, 0.5, 0.5]), "not monotone"),
        (lambda: Schedule.from_alpha_bar([1, math.nan, 0.5]), "not monotone"),
        (lambda: diffusion.linear(20), "beta is 1 at time 20"),
        (lambda: diffusion.linear(0), "steps is 0"),
        (lambda: diffusion.cosine(2.5), "steps is 2.5"),
        (lambda: diffusion.cosine(10, offset=-1.0), "offset is -1.0"),
        (lambda: diffusion.sigmoid(10, 3.0, -3.0), "start is 3.0 and end -3.0"),
        (lambda: SHORT.times(5), "steps is 5; expected 1 to 4"),
        (lambda: SHORT.times(0), "steps is 0"),
        (lambda: SHORT.times(True), "steps is True"),
    ],
)
def test_bad_schedules_are_named(make, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


# --------------------------------------------------------------- forward process


def test_closed_form_is_the_iteration(normals: Normals) -> None:
    """Means and covariances of the chain, step by step, against the formula."""
    signal, variance = 1.0, 0.0
    for t in range(1, SHORT.steps + 1):
        beta = SHORT.beta[t].item()
        signal, variance = signal * (1 - beta) ** 0.5, (1 - beta) * variance + beta
        x_0, noise = normals(3, 2), normals(3, 2)
        expected = signal * x_0 + variance**0.5 * noise
        torch.testing.assert_close(
            diffusion.add_noise(SHORT, x_0, t, noise), expected, rtol=1e-12, atol=0
        )


def test_each_datum_has_its_own_time(normals: Normals) -> None:
    x_0, noise = normals(3, 1, 2, 2), normals(3, 1, 2, 2)
    t = torch.tensor([0, 4, 2])
    x_t = diffusion.add_noise(SHORT, x_0, t, noise)
    assert torch.equal(x_t[0], x_0[0])
    for i in range(3):
        one = diffusion.add_noise(SHORT, x_0[i : i + 1], int(t[i]), noise[i : i + 1])
        torch.testing.assert_close(x_t[i : i + 1], one, rtol=0, atol=0)
    torch.testing.assert_close(diffusion.estimate_data(SHORT, x_t, t, noise), x_0)


def test_posterior_is_bayes_rule_on_a_grid() -> None:
    line = torch.linspace(-12, 12, 20_001, dtype=torch.float64)
    x_0, x_t = torch.tensor([[0.7]]).double(), torch.tensor([[-0.4]]).double()
    for t in (2, 3, 4):
        before, beta = SHORT.alpha_bar[t - 1], SHORT.beta[t]
        log_density = -((line - before.sqrt() * 0.7) ** 2) / (2 * (1 - before))
        log_density -= (-0.4 - (1 - beta).sqrt() * line) ** 2 / (2 * beta)
        weights = log_density.softmax(0)
        mean = (weights * line).sum()
        variance = (weights * (line - mean) ** 2).sum()
        found = diffusion.posterior(SHORT, x_t, x_0, t)
        torch.testing.assert_close(found[0].squeeze(), mean)
        torch.testing.assert_close(found[1].squeeze(), variance)


def test_posterior_at_time_one_is_the_datum(normals: Normals) -> None:
    x_0, x_t = normals(2, 3), normals(2, 3)
    mean, variance = diffusion.posterior(SHORT, x_t, x_0, 1)
    torch.testing.assert_close(mean, x_0)
    assert variance.tolist() == [[0.0], [0.0]]


def test_posterior_in_float32_keeps_its_digits(normals: Normals) -> None:
    schedule, x_0, x_t = diffusion.linear(), normals(4, 2), normals(4, 2)
    t = torch.tensor([1, 2, 500, 1000])
    exact = diffusion.posterior(schedule, x_t, x_0, t)
    single = diffusion.posterior(schedule, x_t.float(), x_0.float(), t)
    for a, b in zip(exact, single, strict=True):
        torch.testing.assert_close(b.double(), a, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda normals: diffusion.add_noise(SHORT, normals(0, 2), 1, normals(0, 2)),
            r"\(0, 2",
        ),
        (
            lambda normals: diffusion.add_noise(SHORT, normals(3), 1, normals(3)),
            r"\(3,\)",
        ),
        (
            lambda normals: diffusion.add_noise(SHORT, normals(3, 2), 1, normals(2, 2)),
            r"the noise has shape \(2, 2\); expected \(3, 2\)",
        ),
        (
            lambda normals: diffusion.add_noise(
                SHORT, normals(3, 2) / 0, 1, normals(3, 2)
            ),
            "x_0 is not finite",
        ),
        (
            lambda normals: diffusion.add_noise(
                SHORT, torch.ones(3, 2).long(), 1, normals(3, 2)
            ),
            "torch.int64",
        ),
        (
            lambda normals: diffusion.add_noise(SHORT, normals(3, 2), 5, normals(3, 2)),
            "0 to 4",
        ),
        (
            lambda normals: diffusion.add_noise(
                SHORT, normals(3, 2), -1, normals(3, 2)
            ),
            "0 to 4",
        ),
        (
            lambda normals: diffusion.add_noise(
                SHORT, normals(3, 2), torch.tensor([1, 2]), normals(3, 2)
            ),
            r"times have shape \(2,\) for points \(3, 2\)",
        ),
        (
            lambda normals: diffusion.add_noise(
                SHORT, normals(1, 2), torch.tensor([0.5]), normals(1, 2)
            ),
            "times are torch.float32",
        ),
        (
            lambda normals: diffusion.posterior(SHORT, normals(3, 2), normals(3, 2), 0),
            "1 to 4",
        ),
        (
            lambda normals: diffusion.posterior(SHORT, normals(3, 2), normals(2, 2), 1),
            "x_0 has shape",
        ),
        (
            lambda normals: diffusion.estimate_data(
                SHORT, normals(3, 2), 1, normals(3, 1)
            ),
            "the noise has shape",
        ),
    ],
)
def test_bad_points_are_named(call, message: str, normals: Normals) -> None:
    with pytest.raises(ValueError, match=message):
        call(normals)


# -------------------------------------------------------------------------- loss


def test_loss_is_the_squared_error_of_the_noise(normals: Normals) -> None:
    loss, batch = diffusion.noise_prediction(SHORT), normals(64, 3)
    random = torch.Generator().manual_seed(5)
    t = torch.randint(1, 5, (64,), generator=random)
    noise = torch.randn(64, 3, generator=random).double()
    x_t = diffusion.add_noise(SHORT, batch, t, noise)
    seen = []

    def network(x, times):
        seen.append((x, times))
        return 0.5 * x

    found = loss(network, batch, torch.Generator().manual_seed(5))
    expected = (0.5 * x_t - noise).square().sum(1).mean() / 3
    torch.testing.assert_close(found.double(), expected)
    assert torch.equal(seen[0][0], x_t)
    assert torch.equal(seen[0][1], t)


def test_times_are_uniform_from_one_to_the_last() -> None:
    counts = torch.zeros(5)

    def network(x, times):
        counts.add_(torch.bincount(times, minlength=5))
        return x

    random = torch.Generator().manual_seed(0)
    diffusion.noise_prediction(SHORT)(network, torch.zeros(40_000, 1), random)
    assert counts[0] == 0
    assert (counts[1:] / 10_000 - 1).abs().max() < 0.05  # five standard errors


def test_weights_are_those_of_the_times() -> None:
    weights = torch.tensor([math.inf, 0.0, 1.0, 2.0, 3.0])
    seen = []

    def network(x, times):
        seen.append(times)
        return torch.ones_like(x)

    schedule = Schedule([1e-9] * 4)  # so little noise that 1 is far off at all times
    loss = diffusion.noise_prediction(schedule, weights=weights)
    batch, random = torch.zeros(32, 4), torch.Generator().manual_seed(2)
    found = loss(network, batch, random)
    random.manual_seed(2)
    times = torch.randint(1, 5, (32,), generator=random)
    errors = (1 - torch.randn(32, 4, generator=random)).square().mean(1)
    torch.testing.assert_close(found, (weights[times] * errors).mean())
    assert torch.equal(seen[0], times)


@pytest.mark.parametrize(
    "weights",
    [
        torch.ones(4),
        torch.tensor([1, 1, 1, 1, -1.0]),
        torch.tensor([1, 1, math.nan, 1, 1]),
    ],
)
def test_bad_weights_are_named(weights: torch.Tensor) -> None:
    with pytest.raises(ValueError, match=r"weights have shape .*; expected \(5,\)"):
        diffusion.noise_prediction(SHORT, weights=weights)


def test_loss_of_one_who_says_nothing_is_one(normals: Normals) -> None:
    loss = diffusion.noise_prediction(diffusion.cosine())
    found = loss(blind, normals(4096, 8), torch.Generator().manual_seed(0)).item()
    assert found == pytest.approx(1, abs=5 * (2 / (4096 * 8)) ** 0.5)


@pytest.mark.parametrize(
    ("network", "batch", "message"),
    [
        (blind, torch.zeros(0, 2), "the batch"),
        (blind, torch.zeros(4), "the batch"),
        (blind, torch.full((4, 2), math.inf), "the batch is not finite"),
        (lambda x, t: x[:, :1], torch.zeros(4, 2), r"returned \(4, 1\)"),
    ],
)
def test_bad_batches_are_named(network, batch, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        diffusion.noise_prediction(SHORT)(network, batch, torch.Generator())


# ---------------------------------------------------------------------- samplers


def test_ancestral_steps_are_draws_from_the_posterior() -> None:
    """Every step, noise included, against the posterior with the estimate put in."""
    moments = list(
        diffusion.walk(lambda x, t: 0.3 * x, SHORT, (5, 2), clip=None, seed=9)
    )
    assert [moment.t for moment in moments] == [4, 3, 2, 1, 0]
    random = torch.Generator().manual_seed(9)
    x = torch.randn(5, 2, generator=random)
    for moment in moments:
        torch.testing.assert_close(moment.x, x)
        if moment.t == 0:
            break
        x_0 = diffusion.estimate_data(SHORT, x, moment.t, 0.3 * x)
        mean, variance = diffusion.posterior(SHORT, x, x_0, moment.t)
        fresh = torch.randn(5, 2, generator=random) if moment.t > 1 else 0.0
        x = mean + variance.sqrt() * fresh
    torch.testing.assert_close(moments[-1].x, moments[-1].estimate)


def test_deterministic_walk_keeps_the_noise_it_names() -> None:
    schedule = diffusion.cosine(10)
    moments = list(
        diffusion.walk(
            lambda x, t: 0.5 * x, schedule, (3, 2), eta=0, clip=None, steps=3
        )
    )
    assert [moment.t for moment in moments] == [10, 7, 3, 0]
    for before, after in pairwise(moments):
        expected = diffusion.add_noise(
            schedule, after.estimate, after.t, 0.5 * before.x
        )
        torch.testing.assert_close(after.x, expected)


def test_estimates_stay_in_the_range_of_the_data() -> None:
    network = lambda x, t: -x  # noqa: E731
    draw = partial(diffusion.walk, network, diffusion.cosine(20), (16, 1, 4, 4), seed=1)
    assert all(moment.estimate.abs().max() <= 1 for moment in draw())
    assert max(moment.estimate.abs().max() for moment in draw(clip=None)) > 1
    assert (
        diffusion.sample(network, diffusion.cosine(20), (4, 1, 4, 4)).abs().max() <= 1
    )


def test_a_seed_is_a_sample_whatever_the_batch_size() -> None:
    network, schedule = lambda x, t: 0.1 * x, diffusion.cosine(50)
    draw = partial(diffusion.sample, network, schedule, (10, 2), steps=7)
    assert torch.equal(draw(seed=1), draw(seed=1, batch_size=3))
    assert not torch.equal(draw(seed=1), draw(seed=2))
    assert draw(seed=1).shape == (10, 2)


def test_sampling_leaves_the_network_as_it_was() -> None:
    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.ones(()))
            self.parts = nn.ModuleList([nn.Dropout(), nn.BatchNorm1d(2)])
            self.modes: list[bool] = []

        def forward(self, x, t):
            self.modes += [part.training for part in (self, *self.parts)]
            return self.weight * x

    network = Network()
    network.parts[1].eval()  # its owner keeps it there
    samples = diffusion.sample(network, SHORT, (2, 2), clip=None)
    assert network.modes == [False] * 3 * 4
    assert [m.training for m in (network, *network.parts)] == [True, True, False]
    assert not samples.requires_grad


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"steps": 0}, "steps is 0"),
        ({"steps": 5}, "steps is 5; expected 1 to 4"),
        ({"eta": -0.1}, "eta is -0.1"),
        ({"eta": 1.5}, "eta is 1.5; expected 0 to 1"),
        ({"eta": math.nan}, "eta is nan"),
        ({"clip": 0.0}, "clip is 0.0"),
        ({"batch_size": 0}, "batch_size 0"),
        ({"shape": (0, 2)}, r"shape is \(0, 2\)"),
        ({"shape": (3,)}, r"shape is \(3,\)"),
    ],
)
def test_bad_options_are_named(options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        diffusion.walk(blind, SHORT, **{"shape": (2, 2)} | options)  # before any step


def test_a_network_gone_wrong_is_named() -> None:
    with pytest.raises(ValueError, match="the noise is not finite"):
        diffusion.sample(lambda x, t: x / 0, SHORT, (2, 2))


# ------------------------------------------- the whole, with a perfect network


def mixture(schedule: Schedule) -> MixtureDenoiser:
    means = torch.tensor([[-2.0, 0.0], [2.0, 1.0]])
    return MixtureDenoiser(schedule.alpha_bar, means, 0.3, weights=[0.25, 0.75])


@pytest.mark.parametrize(("steps", "eta"), [(None, 1.0), (100, 0.0), (100, 1.0)])
def test_perfect_noise_prediction_draws_the_data(steps, eta) -> None:
    """4,000 draws: the standard error of a share is 0.007, of a mean 0.005."""
    schedule = diffusion.cosine(400)
    draw = partial(diffusion.sample, mixture(schedule), schedule, (4000, 2), clip=None)
    points = draw(steps=steps, eta=eta, seed=3)
    left = points[:, 0] < 0
    assert left.float().mean().item() == pytest.approx(0.25, abs=0.03)
    for part, mean in ((left, [-2.0, 0.0]), (~left, [2.0, 1.0])):
        found = points[part].mean(0).tolist()
        assert found == pytest.approx(mean, abs=0.04)
        assert points[part].std(0).tolist() == pytest.approx([0.3, 0.3], abs=0.03)
