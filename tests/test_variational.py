"""Variational autoencoders: the bound, its parts, and the network."""

import math
from functools import partial

import pytest
import torch
from torch.distributions import Bernoulli, MultivariateNormal, Normal, kl_divergence

from ganbook import likelihoods, variational
from ganbook.networks import VariationalAutoencoder, count_parameters
from ganbook.training import Minimizer

IMAGES = torch.rand(6, 1, 4, 4, generator=torch.Generator().manual_seed(9)) * 2 - 1


def small(latent_dim: int = 3) -> VariationalAutoencoder:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return VariationalAutoencoder(latent_dim, (16,), image_shape=(1, 4, 4))


def random(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


# ---------------------------------------------------------------- parts of the bound


def test_kl_is_that_of_torch() -> None:
    mean, log_variance = 2 * torch.randn(2, 5, 3, generator=random())
    posterior = Normal(mean, (log_variance / 2).exp())
    torch.testing.assert_close(
        variational.kl_to_prior(mean, log_variance),
        kl_divergence(posterior, Normal(0.0, 1.0)),
    )


def test_kl_of_the_prior_is_zero_and_nearly_zero_nearby() -> None:
    mean, near = torch.zeros(1, 1), torch.full((1, 1), 1e-3)
    assert variational.kl_to_prior(mean, mean).item() == 0
    found = variational.kl_to_prior(mean, near).item()
    assert found == pytest.approx(1e-6 / 4, rel=1e-3)  # t²/4; v - 1 - t cancels


def test_reparameterized_draws_have_the_posteriors_moments_and_slopes() -> None:
    mean = torch.tensor([[1.0, -2.0]], requires_grad=True)
    log_variance = torch.tensor([[0.0, 1.0]], requires_grad=True)
    noise = torch.randn(100_000, 2, generator=random())
    many = (parameter.expand(100_000, 2) for parameter in (mean, log_variance))
    z = variational.reparameterize(*many, noise)
    torch.testing.assert_close(z.mean(0), mean[0], atol=0.03, rtol=0)
    torch.testing.assert_close(z.var(0), log_variance[0].exp(), atol=0.05, rtol=0)
    # E[z²] = m² + v, with slopes 2m in the mean and v in the log variance
    slopes = torch.autograd.grad(z.square().mean(0).sum(), (mean, log_variance))
    torch.testing.assert_close(slopes[0], 2 * mean, atol=0.05, rtol=0)
    torch.testing.assert_close(slopes[1], log_variance.exp(), atol=0.05, rtol=0)


def test_normal_likelihood_is_that_of_torch() -> None:
    logits = torch.randn(6, 1, 4, 4, generator=random())
    scale = torch.tensor(0.3)
    expected = Normal(logits.tanh(), scale).log_prob(IMAGES).sum((1, 2, 3))
    torch.testing.assert_close(
        likelihoods.normal(IMAGES, logits, scale.log()), expected
    )


def test_bernoulli_likelihood_is_that_of_torch_on_black_and_white() -> None:
    logits, images = torch.randn(6, 1, 4, 4, generator=random()), IMAGES.sign()
    share = (1 + logits.tanh()) / 2
    expected = Bernoulli(probs=share).log_prob((images + 1) / 2).sum((1, 2, 3))
    torch.testing.assert_close(likelihoods.bernoulli(images, logits), expected)


# ---------------------------------------------------------------- the bound


class LinearDecoder(torch.nn.Module):
    """x = W z + s noise, its posterior known: the tanh of the likelihood undone."""

    def __init__(self) -> None:
        super().__init__()
        self.latent_dim = 2
        one, other = 0.1 * torch.randn(2, 16, generator=random(3)).double()
        self.weight = torch.stack([one, one + other], 1)  # so that z1, z2 correlate
        self.log_scale = torch.tensor(math.log(0.2)).double()
        precision = torch.eye(2) + self.weight.T @ self.weight / 0.2**2
        self.posterior_covariance = precision.inverse()

    def encode(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        mean = images.flatten(1) @ self.weight @ self.posterior_covariance / 0.2**2
        # the best independent coordinates: the precisions of the exact posterior
        variances = 1 / self.posterior_covariance.inverse().diag()
        return mean, variances.log().expand_as(mean)

    def decode_logits(self, z: torch.Tensor) -> torch.Tensor:
        return (z @ self.weight.T).atanh().unflatten(1, (1, 4, 4))


@pytest.fixture(scope="module")
def linear() -> tuple[LinearDecoder, torch.Tensor, torch.Tensor]:
    """A model whose exact log-likelihood is known, images from it, and that."""
    model = LinearDecoder()
    z = 0.5 * torch.randn(40, 2, generator=random(1)).double()
    noise = 0.2 * torch.randn(40, 16, generator=random(2)).double()
    x = z @ model.weight.T + noise
    covariance = model.weight @ model.weight.T + 0.04 * torch.eye(16)
    exact = MultivariateNormal(torch.zeros(16).double(), covariance).log_prob(x)
    return model, x.unflatten(1, (1, 4, 4)), exact


def test_gap_of_the_bound_is_the_divergence_of_the_posteriors(linear) -> None:
    model, images, exact = linear
    draws, source = 2_000, random()
    values = [variational.elbo(model, images, source).value for _ in range(draws)]
    mean, log_variance = model.encode(images[:1])
    ours = MultivariateNormal(mean[0], log_variance[0].exp().diag())
    truth = MultivariateNormal(mean[0], model.posterior_covariance)
    gap = (exact - torch.stack(values).mean(0)).mean()
    expected = kl_divergence(ours, truth)
    assert expected > 0.1  # there is a gap to find
    error = torch.stack(values).std() / math.sqrt(draws * len(images))
    assert abs(gap - expected) < 4 * error


def test_more_draws_close_the_gap(linear) -> None:
    model, images, exact = linear
    one, many = (
        variational.importance_bound(model, images, random(4), draws=k).mean()
        for k in (1, 500)
    )
    assert one < many
    torch.testing.assert_close(many, exact.mean(), atol=0.02, rtol=0)


def test_loss_is_the_bound_with_its_sign_turned() -> None:
    network = small()
    loss = variational.loss(network, IMAGES, random(5))
    parts = variational.elbo(network, IMAGES, random(5))
    torch.testing.assert_close(loss, -parts.value.mean())
    assert parts.fit.shape == (6,)
    assert parts.kl.shape == (6, 3)


def test_beta_weighs_and_free_bits_forgive() -> None:
    network = small()
    fit, kl = variational.elbo(network, IMAGES, random(5))
    heavy = variational.loss(network, IMAGES, random(5), beta=3)
    torch.testing.assert_close(heavy, -fit.mean() + 3 * kl.mean(0).sum())
    free = kl.mean(0).median().item()  # some coordinates above it, some not
    forgiven = variational.loss(network, IMAGES, random(5), free_bits=free)
    expected = sum(max(free, value.item()) for value in kl.mean(0))
    assert forgiven.item() == pytest.approx(expected - fit.mean().item(), rel=1e-5)


def test_noise_comes_from_the_generator_alone() -> None:
    network = small()
    first, again, other = (
        variational.loss(network, IMAGES, random(seed)).item() for seed in (1, 1, 2)
    )
    assert first == again != other


def test_active_units() -> None:
    mean = torch.randn(1000, 3, generator=random()) * torch.tensor([1.0, 0.05, 0.2])
    assert variational.active_units(mean).tolist() == [True, False, True]
    assert (
        variational.active_units(mean, threshold=0.5).tolist() == [True] + [False] * 2
    )


def test_training_raises_the_bound() -> None:
    network, images = small(), IMAGES.repeat(11, 1, 1, 1)
    before = variational.loss(network, images, random())
    for likelihood in (likelihoods.normal, likelihoods.bernoulli):
        loss = partial(variational.loss, likelihood=likelihood)
        trained = Minimizer(small(), loss, images, learning_rate=1e-2)
        losses = [step.loss for step in trained.steps(60)]
        assert losses[-1] < losses[0] - 1
    normal = Minimizer(small(), variational.loss, images, learning_rate=1e-2)
    for _ in normal.steps(60):
        pass
    assert variational.loss(normal.network, images, random()) < before - 1
    assert normal.network.log_scale < network.log_scale  # the scale is learned


# ---------------------------------------------------------------- the network


def test_defaults_have_a_million_parameters() -> None:
    network = VariationalAutoencoder()
    assert count_parameters(network) == 1_079_601
    assert f"{count_parameters(network):,}" in VariationalAutoencoder.__doc__


def test_shapes_and_ranges() -> None:
    network = VariationalAutoencoder(5, (8,), (7, 9), (3, 4, 5))
    mean, log_variance = network.encode(torch.zeros(2, 3, 4, 5))
    assert mean.shape == log_variance.shape == (2, 5)
    z = 100 * torch.randn(2, 5, generator=random())
    images = network.decode(z)
    assert images.shape == (2, 3, 4, 5)
    assert images.abs().max() <= 1
    assert torch.equal(network(z), images)
    assert [m.out_features for m in network.decoder[::2]] == [7, 9, 60]
    assert [m.out_features for m in network.encoder[1::2]] == [8, 10]


def test_the_network_keeps_double_precision() -> None:
    network, images = small().double(), IMAGES[:2].double().requires_grad_()

    def both_ends(images: torch.Tensor) -> torch.Tensor:
        return network.decode_logits(network.encode(images)[0])

    assert torch.autograd.gradcheck(both_ends, images)


@pytest.mark.parametrize(
    "options",
    [
        {"latent_dim": 0},
        {"widths": (16, 0)},
        {"decoder_widths": (-1,)},
        {"scale": 0.0},
        {"scale": math.nan},
    ],
)
def test_sizes_and_scale_are_positive(options: dict) -> None:
    with pytest.raises(ValueError, match=r"expected (a )?positive"):
        VariationalAutoencoder(**options)


@pytest.mark.parametrize("shape", [(5, 2), (3,), (5, 3, 1)])
def test_wrong_latent(shape: tuple) -> None:
    with pytest.raises(ValueError, match=r"expected \(N, 3\)"):
        small().decode(torch.zeros(shape))


@pytest.mark.parametrize("shape", [(5, 16), (0, 1, 4, 4), (5, 1, 4, 5)])
def test_wrong_images(shape: tuple) -> None:
    with pytest.raises(ValueError, match=r"expected \(N, 1, 4, 4\) with N >= 1"):
        small().encode(torch.zeros(shape))


# ---------------------------------------------------------------- bad input


def test_bad_posteriors_are_named() -> None:
    good, bad = torch.zeros(2, 3), torch.full((2, 3), math.nan)
    for mean, log_variance, message in [
        (good, torch.zeros(2, 4), r"means have shape \(2, 3\) and log variances \(2"),
        (torch.zeros(3), torch.zeros(3), "not empty"),
        (torch.zeros(0, 3), torch.zeros(0, 3), "not empty"),
        (bad, good, "a mean is not finite"),
        (good, bad, "a log variance is not finite"),
    ]:
        with pytest.raises(ValueError, match=message):
            variational.kl_to_prior(mean, log_variance)
    with pytest.raises(
        ValueError, match=r"noise has shape \(3, 2\); expected \(2, 3\)"
    ):
        variational.reparameterize(good, good, torch.zeros(3, 2))
    with pytest.raises(ValueError, match="of 1 image"):
        variational.active_units(good[:1])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"beta": -1.0}, "beta is -1.0"),
        ({"beta": math.inf}, "beta is inf"),
        ({"free_bits": -0.1}, "free_bits is -0.1"),
        ({"free_bits": math.nan}, "free_bits is nan"),
    ],
)
def test_weights_are_finite_and_not_negative(options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        variational.loss(small(), IMAGES, random(), **options)


def test_draws_must_be_at_least_one() -> None:
    with pytest.raises(ValueError, match="draws is 0"):
        variational.importance_bound(small(), IMAGES, random(), draws=0)


@pytest.mark.parametrize("name", ["normal", "bernoulli"])
def test_bad_images_are_named(name: str) -> None:
    likelihood, scale = getattr(likelihoods, name), torch.tensor(0.0)
    for images, logits, message in [
        (torch.zeros(2, 1, 4, 4), torch.zeros(3, 1, 4, 4), r"decoded ones \(3, 1"),
        (torch.zeros(0, 1, 4, 4), torch.zeros(0, 1, 4, 4), "N >= 1"),
        (torch.zeros(2, 16), torch.zeros(2, 16), r"shape \(2, 16\)"),
        (torch.full((1, 1, 2, 2), math.nan), torch.zeros(1, 1, 2, 2), "not finite"),
    ]:
        with pytest.raises(ValueError, match=message):
            likelihood(images, logits, scale)
    for value in ("-1.5", "1.00000012"):
        beyond = torch.full((1, 1, 2, 2), float(value))
        if name == "bernoulli":  # a normal density has no border
            with pytest.raises(ValueError, match=f"an image holds {value}"):
                likelihood(beyond, torch.zeros(1, 1, 2, 2), scale)


@pytest.mark.parametrize("bound", [variational.elbo, variational.importance_bound])
def test_bad_images_are_not_blamed_on_the_encoder(bound) -> None:
    with pytest.raises(ValueError, match="an image is not finite"):
        bound(small(), IMAGES / 0, random())
