r"""Variational inference: a bound of the likelihood that can be climbed.

For any distribution :math:`q_\phi(z \mid x)` of the latent vector,

.. math::

    \log p_\theta(x) \ge \mathrm{ELBO}(x) =
    \mathbb{E}_{q_\phi(z \mid x)}[\log p_\theta(x \mid z)]
    - \operatorname{KL}(q_\phi(z \mid x) \,\Vert\, p(z)),

and the difference is :math:`\operatorname{KL}(q_\phi(z \mid x) \,\Vert\,
p_\theta(z \mid x))`. The prior :math:`p(z)` is standard normal, and
:math:`q_\phi` is normal with mean :math:`m` and variances :math:`v`, independent
coordinates. All in nats, for images (N, C, H, W) in [-1, 1].

A network here is anything with ``latent_dim``, ``encode``, ``decode_logits`` and
``log_scale``, such as :class:`ganbook.networks.VariationalAutoencoder`.

Sources: Kingma and Welling (2014); Rezende, Mohamed and Wierstra (2014).
"""

from math import isfinite, log
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ganbook.likelihoods import Likelihood, normal


def reparameterize(mean: Tensor, log_variance: Tensor, noise: Tensor) -> Tensor:
    r"""Return :math:`z = m + \sqrt{v}\,\varepsilon`, a differentiable draw.

    Args:
        mean: :math:`m`, shape (N, D).
        log_variance: :math:`\log v`, shape (N, D).
        noise: :math:`\varepsilon \sim \mathcal{N}(0, I)`, shape (N, D).

    Raises:
        ValueError: If shapes do not agree, there are no vectors, or a parameter is
            not finite.

    Source: Kingma and Welling (2014), section 2.4.
    """
    _check_posterior(mean, log_variance)
    if noise.shape != mean.shape:
        raise ValueError(
            f"noise has shape {tuple(noise.shape)}; expected {tuple(mean.shape)}, the "
            "posterior's"
        )
    return mean + (log_variance / 2).exp() * noise


def kl_to_prior(mean: Tensor, log_variance: Tensor) -> Tensor:
    r"""KL divergence from the standard normal prior, a number for each coordinate.

    .. math::

        \operatorname{KL}(\mathcal{N}(m, v) \,\Vert\, \mathcal{N}(0, 1))
        = \tfrac12 (m^2 + v - 1 - \log v) \ge 0

    Args:
        mean: :math:`m`, shape (N, D).
        log_variance: :math:`\log v`, shape (N, D).

    Returns:
        Nats, (N, D); sum over D for the divergence of a vector.

    Raises:
        ValueError: As :func:`reparameterize`.

    Source: Kingma and Welling (2014), appendix B.
    """
    _check_posterior(mean, log_variance)
    # expm1: v - 1 keeps its digits where the posterior is nearly the prior.
    return 0.5 * (mean.square() + torch.expm1(log_variance) - log_variance)


class Elbo(NamedTuple):
    r"""The two parts of the bound, for each image.

    Attributes:
        fit: One-draw estimates of :math:`\mathbb{E}_q[\log p_\theta(x \mid z)]`, (N,).
        kl: :math:`\operatorname{KL}(q_\phi(z_j \mid x) \Vert p(z_j))`, exact, (N, D).
    """

    fit: Tensor
    kl: Tensor

    @property
    def value(self) -> Tensor:
        """The bound, (N,): fit minus KL."""
        return self.fit - self.kl.sum(1)


def elbo(
    network: nn.Module,
    images: Tensor,
    random: torch.Generator,
    *,
    likelihood: Likelihood = normal,
) -> Elbo:
    """Estimate the bound with one reparameterized draw for each image.

    Args:
        network: Variational autoencoder.
        images: (N, C, H, W) in [-1, 1].
        random: Source of the noise.
        likelihood: One of :mod:`ganbook.likelihoods`.

    Raises:
        ValueError: If the images are of another shape, none, or not finite.
    """
    mean, log_variance = _encode(network, images)
    noise = _noise(mean.shape, random).to(mean)
    z = reparameterize(mean, log_variance, noise)
    fit = likelihood(images, network.decode_logits(z), network.log_scale)
    return Elbo(fit, kl_to_prior(mean, log_variance))


def loss(
    network: nn.Module,
    images: Tensor,
    random: torch.Generator,
    *,
    beta: float = 1.0,
    free_bits: float = 0.0,
    likelihood: Likelihood = normal,
) -> Tensor:
    r"""What training minimizes, in nats an image: a scalar.

    .. math::

        -\overline{\log p_\theta(x \mid z)} + \beta \sum_{j=1}^{D}
        \max\bigl(\kappa,\; \overline{\operatorname{KL}_j}\bigr)

    Bars are means over the batch. With :math:`\beta = 1` and :math:`\kappa = 0` it is
    the bound with its sign turned; the bound itself is maximized.

    Args:
        network: Variational autoencoder.
        images: (N, C, H, W) in [-1, 1].
        random: Source of the noise.
        beta: Weight of the KL term (Higgins et al., 2017).
        free_bits: :math:`\kappa`, nats that each coordinate may use at no further
            cost (Kingma et al., 2016, appendix C.8).
        likelihood: As in :func:`elbo`.

    Raises:
        ValueError: As :func:`elbo`, or if a weight is negative or not finite.
    """
    for name, weight in (("beta", beta), ("free_bits", free_bits)):
        if not (isfinite(weight) and weight >= 0):
            raise ValueError(f"{name} is {weight}; expected a number of at least 0")
    parts = elbo(network, images, random, likelihood=likelihood)
    return -parts.fit.mean() + beta * parts.kl.mean(0).clamp(min=free_bits).sum()


@torch.no_grad()
def importance_bound(
    network: nn.Module,
    images: Tensor,
    random: torch.Generator,
    *,
    draws: int = 64,
    likelihood: Likelihood = normal,
) -> Tensor:
    r"""A tighter bound of the log-likelihood, from several draws: (N,) nats.

    .. math::

        \log \frac1K \sum_{k=1}^{K}
        \frac{p_\theta(x \mid z_k)\, p(z_k)}{q_\phi(z_k \mid x)},
        \qquad z_k \sim q_\phi(z \mid x)

    Its expectation grows with :math:`K`, from the ELBO at 1 toward
    :math:`\log p_\theta(x)`.

    Args:
        network: Variational autoencoder.
        images: (N, C, H, W) in [-1, 1].
        random: Source of the noise.
        draws: :math:`K`, at least 1.
        likelihood: As in :func:`elbo`.

    Raises:
        ValueError: As :func:`elbo`, or if ``draws`` is below 1.

    Source: Burda, Grosse and Salakhutdinov (2016), theorem 1.
    """
    if draws < 1:
        raise ValueError(f"draws is {draws}; expected at least 1")
    mean, log_variance = _encode(network, images)
    total = torch.full((len(images),), -torch.inf, device=mean.device)
    for _ in range(draws):  # one draw at a time: memory stays that of a batch
        noise = _noise(mean.shape, random).to(mean)
        z = reparameterize(mean, log_variance, noise)
        fit = likelihood(images, network.decode_logits(z), network.log_scale)
        # log p(z) - log q(z|x); both carry the same log(2 pi) / 2 a coordinate
        ratio = 0.5 * (noise.square() + log_variance - z.square()).sum(1)
        total = torch.logaddexp(total, fit + ratio)
    return total - log(draws)


def active_units(mean: Tensor, *, threshold: float = 0.01) -> Tensor:
    r"""Which latent coordinates say something about the image: booleans (D,).

    A coordinate is active if its posterior mean varies from image to image,
    :math:`\operatorname{Var}_x(m_j(x)) > 0.01`.

    Args:
        mean: Posterior means of at least two images, (N, D).
        threshold: Variance above which a coordinate counts.

    Raises:
        ValueError: If the means are not (N, D) with at least two rows, or not finite.

    Source: Burda, Grosse and Salakhutdinov (2016), section 5.2.
    """
    _check_posterior(mean, mean)
    if len(mean) < 2:
        raise ValueError("the means are of 1 image; a variance needs at least 2")
    return mean.var(0) > threshold


def _encode(network: nn.Module, images: Tensor) -> tuple[Tensor, Tensor]:
    """Encode images; bad ones are named before their codes would be blamed."""
    if not torch.isfinite(images).all():
        raise ValueError("an image is not finite; expected values in [-1, 1]")
    return network.encode(images)


def _noise(shape: torch.Size, random: torch.Generator) -> Tensor:
    return torch.randn(shape, generator=random, device=random.device)


def _check_posterior(mean: Tensor, log_variance: Tensor) -> None:
    if mean.ndim != 2 or mean.shape != log_variance.shape or not mean.numel():
        raise ValueError(
            f"means have shape {tuple(mean.shape)} and log variances "
            f"{tuple(log_variance.shape)}; expected one shape (N, D), not empty"
        )
    for name, values in (("mean", mean), ("log variance", log_variance)):
        if not torch.isfinite(values).all():
            raise ValueError(f"a {name} is not finite; expected finite numbers")
