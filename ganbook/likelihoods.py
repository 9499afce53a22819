r"""How probable an image is, given what a decoder returns.

A decoder returns unbounded numbers :math:`a`; the image that it shows is
:math:`\mu = \tanh a`, in [-1, 1]. What it says of *other* images is a choice, made
here. Values are in nats.
"""

from collections.abc import Callable
from math import log, pi, prod

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

#: Maps images, the decoder's output and its log scale to nats, (N,).
Likelihood = Callable[[Tensor, Tensor, Tensor], Tensor]


def normal(images: Tensor, logits: Tensor, log_scale: Tensor) -> Tensor:
    r"""Log density of images under pixels :math:`\mathcal{N}(\tanh a, s^2)`.

    A proper density on all real images. Gray levels are :math:`1/127.5` apart, so
    that it is meaningful as long as :math:`s` is much larger than that.

    Args:
        images: (N, C, H, W) in [-1, 1].
        logits: :math:`a`, of the same shape.
        log_scale: :math:`\log s`, a scalar.

    Returns:
        Nats, (N,).

    Raises:
        ValueError: If shapes do not agree, there are no images, or not finite ones.
    """
    _check_images(images, logits)
    z_scores = (images - logits.tanh()) * (-log_scale).exp()
    constant = prod(images.shape[1:]) * (log_scale + 0.5 * log(2 * pi))
    return -0.5 * z_scores.square().sum((1, 2, 3)) - constant


def bernoulli(
    images: Tensor, logits: Tensor, log_scale: Tensor | None = None
) -> Tensor:
    r"""Bernoulli log probability with gray values in place of the 0 and 1 it is for.

    With :math:`t = (x + 1) / 2` and :math:`p = \sigma(2a) = (1 + \tanh a) / 2`,

    .. math:: \sum_\text{pixels} t \log p + (1 - t) \log(1 - p).

    For black and white images this is a probability; for gray ones it is the usual
    custom, and no density: it does not integrate to one (Loaiza-Ganem and Cunningham,
    2019). Its values cannot be compared with those of :func:`normal`.

    Arguments and result are those of :func:`normal`; ``log_scale`` is not
    used, but every likelihood is called with one.

    Raises:
        ValueError: As :func:`normal`, or if a value is outside [-1, 1].
    """
    _check_images(images, logits)
    if images.abs().max() > 1:
        raise ValueError(
            f"an image holds {images.flatten()[images.abs().argmax()].item():.9g}; "
            "expected values in [-1, 1]"
        )
    share = (images + 1) / 2
    nats = binary_cross_entropy_with_logits(2 * logits, share, reduction="none")
    return -nats.sum((1, 2, 3))


def _check_images(images: Tensor, logits: Tensor) -> None:
    if images.ndim != 4 or not len(images) or logits.shape != images.shape:
        raise ValueError(
            f"images have shape {tuple(images.shape)} and decoded ones "
            f"{tuple(logits.shape)}; expected the same (N, C, H, W) with N >= 1"
        )
    if not torch.isfinite(images).all():
        raise ValueError("an image is not finite; expected values in [-1, 1]")
