r"""Noise-contrastive estimation: a density, learned by telling data from noise.

A model gives an *unnormalized* log density with a learned constant,
:math:`\log p_\theta(x)`. Each datum is mixed with :math:`k` draws from a noise
distribution :math:`p_n` whose density is known. By Bayes' rule the logit of "this
point is a datum" is

.. math::

    \ell(x) = \log p_\theta(x) - \log p_n(x) - \log k, \qquad
    P(y = 1 \mid x) = \sigma(\ell(x)) = \frac{p_\theta(x)}{p_\theta(x) + k\,p_n(x)}.

Source: Gutmann and Hyvärinen (2010); (2012), section 2.
"""

from math import log
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import softplus


class LogDensities(NamedTuple):
    r"""What both distributions say of the same points.

    Attributes:
        model: :math:`\log p_\theta` at the points, shape (N,), finite.
        noise: :math:`\log p_n` at the same points, shape (N,), finite.
    """

    model: Tensor
    noise: Tensor


def logits(points: LogDensities, *, k: int = 1) -> Tensor:
    r"""Return :math:`\ell = \log p_\theta - \log p_n - \log k`, shape (N,).

    Args:
        points: Log densities at N points, in nats.
        k: Noise points for each datum.

    Raises:
        ValueError: If ``k`` is not an integer of at least 1, or the log densities
            are empty, not of one shape (N,), or not finite.
    """
    return _checked(points, "points", k)


def posterior(points: LogDensities, *, k: int = 1) -> Tensor:
    r"""Return :math:`P(y = 1 \mid x)` in [0, 1], shape (N,): equation 2.1.

    Args:
        points: Log densities at N points, in nats.
        k: Noise points for each datum.

    Raises:
        ValueError: As :func:`logits`.
    """
    return logits(points, k=k).sigmoid()


def loss(data: LogDensities, noise: LogDensities, *, k: int = 1) -> Tensor:
    r"""The objective with its sign turned, per datum: a scalar to minimize, in nats.

    .. math::

        -\frac{1}{N} \sum_{i=1}^{N} \Bigl[ \log P(y = 1 \mid x_i)
        + \sum_{j=1}^{k} \log P(y = 0 \mid \tilde{x}_{ij}) \Bigr]

    Both logarithms are softplus functions of the logit and cannot overflow.

    Args:
        data: Log densities at the N data, each of shape (N,).
        noise: Log densities at the kN noise points, each of shape (kN,).
        k: Noise points for each datum.

    Raises:
        ValueError: If ``k`` is not an integer of at least 1, a batch is empty, shapes
            do not agree, there are not exactly kN noise points, or a value is not
            finite.

    Source: Gutmann and Hyvärinen (2012), section 2.2; equation 2.3 of Deng (2024),
    divided by -N.
    """
    on_data, on_noise = _checked(data, "data", k), _checked(noise, "noise", k)
    if len(on_noise) != k * len(on_data):
        raise ValueError(
            f"{len(on_data)} data and {len(on_noise)} noise points came; "
            f"k = {k} needs {k * len(on_data)} noise points"
        )
    return softplus(-on_data).mean() + k * softplus(on_noise).mean()


def _checked(points: LogDensities, name: str, k: int) -> Tensor:
    if isinstance(k, bool) or not isinstance(k, int) or k < 1:
        raise ValueError(f"k is {k!r}; expected an integer of at least 1")
    model, noise = points
    if model.ndim != 1 or model.shape != noise.shape or not len(model):
        raise ValueError(
            f"log densities at the {name} have shapes {tuple(model.shape)} (model) "
            f"and {tuple(noise.shape)} (noise); expected one shape (N,) with N >= 1"
        )
    for whose, values in (("model", model), ("noise", noise)):
        finite = torch.isfinite(values)
        if not finite.all():
            raise ValueError(
                f"the {whose}'s log density is {values[~finite][0].item()} at one of "
                f"the {name}; expected finite values (the noise must be able to "
                "produce every point that the data can)"
            )
    return model - noise - log(k)
