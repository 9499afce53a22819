r"""Losses of the adversarial game, as pairs of functions of logits.

A discriminator returns a logit :math:`\ell`; its probability that an image is
real is :math:`D = \sigma(\ell)`. Both logarithms of the game are then softplus
functions, which neither overflow nor round to ``log(0)``:

.. math::

    -\log D = \operatorname{softplus}(-\ell), \qquad
    -\log(1 - D) = \operatorname{softplus}(\ell).

The other pairs read the same output as a score: above 0 for "real". Their losses
are not in nats. All losses are means over the batch and are to be minimized.
"""

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor
from torch.nn.functional import relu, softplus


class Loss(NamedTuple):
    """What each player minimizes.

    Attributes:
        discriminator: Maps ``(real_logits, fake_logits)`` to a scalar.
        generator: Maps ``fake_logits`` to a scalar.
    """

    discriminator: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[[Tensor], Tensor]


def minimax(*, label_smoothing: float = 0.0) -> Loss:
    r"""The zero-sum game: the generator minimizes what the discriminator maximizes.

    .. math::

        V(D, G) = \mathbb{E}_x[\log D(x)] + \mathbb{E}_z[\log(1 - D(G(z)))]

    The discriminator minimizes :math:`-V`, the generator the term of :math:`V`
    that depends on it. Where :math:`D(G(z))` is near 0, as it is for a new
    generator, that term is flat.

    Args:
        label_smoothing: See :func:`non_saturating`. With it, the sum of both losses
            is no longer zero.

    Raises:
        ValueError: If ``label_smoothing`` is outside ``[0, 1)``.

    Source: Goodfellow et al. (2014), equation 1.
    """
    return Loss(
        _cross_entropy(label_smoothing),
        lambda fake: -softplus(fake).mean(),  # log(1 - D(G(z)))
    )


def non_saturating(*, label_smoothing: float = 0.0) -> Loss:
    r"""The game as it is played: the generator maximizes :math:`\log D(G(z))`.

    The discriminator's loss is that of :func:`minimax`. The generator's,
    :math:`-\mathbb{E}_z[\log D(G(z))]`, has the same fixed point and a slope of
    nearly 1 (in the logit) where :math:`D(G(z))` is near 0.

    Args:
        label_smoothing: The discriminator's target for real images is
            ``1 - label_smoothing`` instead of 1 (one-sided: the target for
            generated images stays 0). In ``[0, 1)``.

    Raises:
        ValueError: If ``label_smoothing`` is outside ``[0, 1)``.

    Source: Goodfellow et al. (2014), section 3; smoothing: Salimans et al.
    (2016), section 3.4.
    """
    return Loss(
        _cross_entropy(label_smoothing),
        lambda fake: softplus(-fake).mean(),  # -log D(G(z))
    )


def least_squares(*, goal: float = 1.0) -> Loss:
    r"""The discriminator fits the scores 1 and -1 by least squares.

    .. math::

        L_D = \tfrac12 \mathbb{E}_x[(D(x) - 1)^2]
        + \tfrac12 \mathbb{E}_z[(D(G(z)) + 1)^2], \qquad
        L_G = \tfrac12 \mathbb{E}_z[(D(G(z)) - c)^2]

    A sample far on the right side of the boundary is pulled back to it, where cross
    entropy would let it lie. With ``goal=1`` these are the paper's losses of labels
    0 and 1 (equation 9), four times them, as :math:`D` here is twice theirs minus
    1; with ``goal=0`` those of equation 8, where the generator minimizes a Pearson
    :math:`\chi^2` divergence against the best discriminator.

    Args:
        goal: The score :math:`c` that the generator wants for its samples.

    Source: Mao et al. (2017), equations 8 and 9.
    """
    return Loss(
        lambda real, fake: (
            ((real - 1).square().mean() + (fake + 1).square().mean()) / 2
        ),
        lambda fake: (fake - goal).square().mean() / 2,
    )


def hinge() -> Loss:
    r"""The discriminator wants a margin and no more.

    .. math::

        L_D = \mathbb{E}_x[\max(0, 1 - D(x))]
        + \mathbb{E}_z[\max(0, 1 + D(G(z)))], \qquad
        L_G = -\mathbb{E}_z[D(G(z))]

    Samples beyond the margin teach the discriminator nothing; the generator's slope
    (in the score) is 1 everywhere.

    Source: Lim and Ye (2017), equations 12 and 13; Miyato et al. (2018), equations
    16 and 17.
    """
    return Loss(
        lambda real, fake: relu(1 - real).mean() + relu(1 + fake).mean(),
        lambda fake: -fake.mean(),
    )


def wasserstein() -> Loss:
    r"""The critic estimates a distance between data and samples.

    .. math::

        L_D = \mathbb{E}_z[D(G(z))] - \mathbb{E}_x[D(x)], \qquad
        L_G = -\mathbb{E}_z[D(G(z))]

    Over all functions of Lipschitz constant 1 the least :math:`L_D` is minus the
    Wasserstein-1 distance. Nothing here holds the critic to that constant: play this
    pair with :func:`ganbook.regularizers.gradient_penalty` or
    :func:`ganbook.regularizers.spectral_norm`, or its scores grow without end.

    Source: Arjovsky, Chintala and Bottou (2017), equations 2 and 3.
    """
    return Loss(lambda real, fake: fake.mean() - real.mean(), lambda fake: -fake.mean())


def _cross_entropy(smoothing: float) -> Callable[[Tensor, Tensor], Tensor]:
    if not 0 <= smoothing < 1:
        raise ValueError(f"label_smoothing is {smoothing}; expected 0 <= it < 1")

    def loss(real: Tensor, fake: Tensor) -> Tensor:
        # -(1 - s) log D(x) - s log(1 - D(x)), as softplus(l) - softplus(-l) = l
        on_real = softplus(-real) + smoothing * real
        return on_real.mean() + softplus(fake).mean()  # - log(1 - D(G(z)))

    return loss
