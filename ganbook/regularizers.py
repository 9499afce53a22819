r"""What keeps a discriminator in bounds: penalties of its slope, and spectral norms.

A penalty is a term that the discriminator's loss gains: a function of
``(discriminator, real, fake)``, which a :class:`~ganbook.training.Trainer` takes as
its ``regularizer``. The slopes are those of the logit in the image,
:math:`\nabla_x D(x)`; training through them needs second derivatives.

A penalty depends on the weights that made its images, too. Where a generator is not
to learn from it, detach ``fake``, as the trainer does.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations
from torch.nn.utils.parametrize import is_parametrized

#: Maps ``(discriminator, real, fake)`` to a scalar to be added to its loss.
Regularizer = Callable[[Callable[[Tensor], Tensor], Tensor, Tensor], Tensor]

_LAYERS = (
    nn.Linear,
    nn.Conv1d,
    nn.Conv2d,
    nn.Conv3d,
    nn.ConvTranspose1d,
    nn.ConvTranspose2d,
    nn.ConvTranspose3d,
)


def slopes(discriminator: Callable[[Tensor], Tensor], images: Tensor) -> Tensor:
    r"""Return :math:`\lVert\nabla_x D(x)\rVert_2` at each image, shape (N,).

    The result can be differentiated again, in the discriminator's weights and in
    those that made the images, if they are not detached. Where the discriminator
    looks at a batch as a whole, the slope of one image is that of the sum of all
    logits.

    Args:
        discriminator: Maps images to logits (N, 1) or (N,).
        images: Images (N, C, H, W), or points (N, D).
    """
    # Unlike a square root, a norm has a derivative where the discriminator is flat.
    return _gradients(discriminator, images).norm(dim=1)


def _squared_slopes(
    discriminator: Callable[[Tensor], Tensor], images: Tensor
) -> Tensor:
    return _gradients(discriminator, images).square().sum(1)


def _gradients(discriminator: Callable[[Tensor], Tensor], images: Tensor) -> Tensor:
    with torch.enable_grad():
        if not images.requires_grad:  # else the slopes follow what made the images
            images = images.clone().requires_grad_()
        logits = discriminator(images)
        (slope,) = torch.autograd.grad(logits.sum(), images, create_graph=True)
    return slope.flatten(1)


def gradient_penalty(weight: float = 10.0, *, target: float = 1.0) -> Regularizer:
    r"""Penalize slopes other than 1 between real and generated images.

    .. math::

        \lambda\, \mathbb{E}_{\hat x}
        [(\lVert\nabla_{\hat x} D(\hat x)\rVert_2 - 1)^2], \qquad
        \hat x = \epsilon x + (1 - \epsilon) G(z), \quad \epsilon \sim U[0, 1]

    The mixing weights come from PyTorch's global random state, of which a trainer
    keeps its own.

    Args:
        weight: :math:`\lambda`.
        target: The slope that costs nothing.

    Raises:
        ValueError: If ``weight`` or ``target`` is negative.

    Source: Gulrajani et al. (2017), equation 3.
    """
    _check("weight", weight)
    _check("target", target)

    def penalty(
        discriminator: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor
    ) -> Tensor:
        share = torch.rand(len(real), *[1] * (real.ndim - 1)).to(real)
        between = torch.lerp(fake, real, share)
        # The root has no derivative at 0, where a new network's dead units may be.
        norm = (_squared_slopes(discriminator, between) + 1e-12).sqrt()
        return weight * (norm - target).square().mean()

    return penalty


def r1(gamma: float = 1.0) -> Regularizer:
    r"""Penalize slopes at real images.

    .. math:: \tfrac{\gamma}{2}\, \mathbb{E}_x[\lVert\nabla_x D(x)\rVert_2^2]

    Args:
        gamma: Strength of the penalty.

    Raises:
        ValueError: If ``gamma`` is negative.

    Source: Mescheder, Geiger and Nowozin (2018), equation 9.
    """
    _check("gamma", gamma)
    return lambda discriminator, real, fake: (
        gamma / 2 * _squared_slopes(discriminator, real).mean()
    )


def r2(gamma: float = 1.0) -> Regularizer:
    r"""Penalize slopes at generated images: :func:`r1` on the other side.

    .. math:: \tfrac{\gamma}{2}\, \mathbb{E}_z[\lVert\nabla_x D(G(z))\rVert_2^2]

    Args:
        gamma: Strength of the penalty.

    Raises:
        ValueError: If ``gamma`` is negative.

    Source: Mescheder, Geiger and Nowozin (2018), equation 10.
    """
    _check("gamma", gamma)
    return lambda discriminator, real, fake: (
        gamma / 2 * _squared_slopes(discriminator, fake).mean()
    )


def _check(name: str, value: float) -> None:
    if not value >= 0:
        raise ValueError(f"{name} is {value}; expected at least 0")


def spectral_norm(network: nn.Module, *, iterations: int = 1) -> nn.Module:
    r"""Divide the weights of each layer by their largest singular value, in place.

    .. math:: \bar W = W / \sigma(W)

    A layer then stretches no vector; with activations that do not either, the
    network's slope is at most 1. The singular value of a convolution is that of its
    kernel, flattened to (C_out, C_in * k * k), which bounds the slope only up to a
    factor. It is tracked by power iteration, a few rounds each forward pass in
    training mode.

    Args:
        network: Whose linear and convolutional layers are normalized. Their weights
            stay the same parameters, under other names in its ``state_dict``.
        iterations: Rounds of power iteration in each forward pass.

    Returns:
        The same network.

    Raises:
        ValueError: If it has no such layer, or one whose weight is normalized
            already.

    Source: Miyato et al. (2018), section 2.1.
    """
    layers = [layer for layer in network.modules() if isinstance(layer, _LAYERS)]
    if not layers:
        raise ValueError(
            f"{type(network).__name__} has no linear or convolutional layer"
        )
    for layer in layers:
        if is_parametrized(layer, "weight"):
            raise ValueError(f"the weight of {layer} is normalized already")
    for layer in layers:
        parametrizations.spectral_norm(layer, n_power_iterations=iterations)
    return network
