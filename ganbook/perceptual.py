"""Losses that compare pictures by more than their pixels, and how much each counts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss, softplus

from ganbook.losses import Loss
from ganbook.networks.running import device_of

#: From images (N, 3, H, W) to feature maps by name.
Features = Callable[[Tensor], Mapping[str, Tensor]]


def content_loss(features: Features) -> Callable[[Tensor, Tensor], Tensor]:
    r"""Compare enlarged images with photographs by the features of a network.

    .. math::

        \frac{1}{|L|} \sum_{l \in L}
        \frac{\lVert \phi_l(G(y)) - \phi_l(x) \rVert^2}{\lVert \phi_l(x) \rVert^2}

    The paper's loss (equation 5) is the mean square of one layer of VGG19, brought
    to the size of a pixel loss by a constant (dividing features by 12.75). Ours is
    relative to the features' own size, layer by layer, so that it needs no constant
    and no layer outweighs the others: 0 for equal features, 1 for features of size
    0. (A mean square below :math:`10^{-12}` counts as that.)

    Args:
        features: From images (N, 3, H, W) in [-1, 1] to feature maps by name, as
            :class:`ganbook.networks.ImageNetFeatures`. A module is moved to where the
            images are.

    Returns:
        A function of (enlarged, photographs) to a scalar.
    """

    def loss(enlarged: Tensor, photographs: Tensor) -> Tensor:
        if isinstance(features, nn.Module) and device_of(features) != enlarged.device:
            features.to(enlarged.device)
        with torch.no_grad():
            goal = features(photographs.detach())
        found = features(enlarged)
        parts = [
            mse_loss(found[name].float(), goal[name].float())
            / goal[name].float().square().mean().clamp(min=1e-12)
            for name in goal
        ]
        return torch.stack(parts).mean()

    return loss


class PairedLoss(NamedTuple):
    """What each player minimizes, where both see real and fake logits.

    Attributes:
        discriminator: Maps ``(real_logits, fake_logits)`` to a scalar.
        generator: Maps ``(real_logits, fake_logits)`` to a scalar.
    """

    discriminator: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[[Tensor, Tensor], Tensor]


def relativistic() -> PairedLoss:
    r"""The relativistic average game: is this more real than those?

    With logits :math:`\ell` and :math:`D(a, b) = \sigma(\ell(a) - \mathbb{E}\,
    \ell(b))`, real :math:`x` and generated :math:`\hat x`,

    .. math::

        L_D &= -\mathbb{E}[\log D(x, \hat x)] - \mathbb{E}[\log(1 - D(\hat x, x))] \\
        L_G &= -\mathbb{E}[\log(1 - D(x, \hat x))] - \mathbb{E}[\log D(\hat x, x)]

    The generator's loss depends on the real images too: it gains as much by making
    them look less real than the average of its own.

    Source: Jolicoeur-Martineau (2019), section 4; equations 1 and 2 of Wang et al.
    (2018), as printed; their code takes half of both.
    """

    def game(winner: Tensor, loser: Tensor) -> Tensor:
        above, below = winner - loser.mean(), loser - winner.mean()
        return softplus(-above).mean() + softplus(below).mean()

    return PairedLoss(game, lambda real, fake: game(fake, real))


def paired(loss: Loss) -> PairedLoss:
    """Let a loss whose generator reads fake logits alone stand beside the others."""
    return PairedLoss(loss.discriminator, lambda _, fake: loss.generator(fake))


@dataclass(frozen=True)
class Objective:
    """How much each of the three counts in the generator's loss.

    The stages of the paper: ``Objective(pixel=1)``, ``Objective(pixel=0,
    content=1)``, ``Objective(pixel=0, content=1, adversarial=1e-3)``.

    Attributes:
        pixel: Of the mean absolute error. (The paper takes squares; Zhao et al.,
            2017, and all after them absolute values.)
        content: Of :func:`content_loss`.
        adversarial: Of the game's loss.

    Raises:
        ValueError: If a weight is negative or not finite, or all are 0.
    """

    pixel: float = 1.0
    content: float = 0.0
    adversarial: float = 0.0

    def __post_init__(self) -> None:
        weights = (self.pixel, self.content, self.adversarial)
        finite = all(isfinite(weight) for weight in weights)
        if not finite or min(weights) < 0 or not any(weights):
            raise ValueError(
                f"weights are {weights}; expected finite ones, none negative, one not 0"
            )
