r"""Losses of the adversarial game, as pairs of functions of logits.

A discriminator returns a logit :math:`\ell`; its probability that an image is
real is :math:`D = \sigma(\ell)`. Both logarithms of the game are then softplus
functions, which neither overflow nor round to ``log(0)``:

.. math::

    -\log D = \operatorname{softplus}(-\ell), \qquad
    -\log(1 - D) = \operatorname{softplus}(\ell).

All losses are means over the batch, in nats, and are to be minimized.
"""

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor
from torch.nn.functional import softplus


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
        label_smoothing: See :func:`non_saturating`.

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


def _cross_entropy(smoothing: float) -> Callable[[Tensor, Tensor], Tensor]:
    if not 0 <= smoothing < 1:
        raise ValueError(f"label_smoothing is {smoothing}; expected 0 <= it < 1")

    def loss(real: Tensor, fake: Tensor) -> Tensor:
        # -(1 - s) log D(x) - s log(1 - D(x)), as softplus(l) - softplus(-l) = l
        on_real = softplus(-real) + smoothing * real
        return on_real.mean() + softplus(fake).mean()  # - log(1 - D(G(z)))

    return loss
