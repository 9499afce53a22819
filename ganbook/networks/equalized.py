r"""Layers whose weights all start from N(0, 1) and are scaled as they are used.

A weight starts at :math:`w = c\,v` with :math:`v \sim N(0, 1)` and
:math:`c = 1 / \sqrt{\text{inputs}}`, LeCun's scale; the :math:`\sqrt 2` by which He's
is larger stands in :func:`activate`. These layers store :math:`v` and multiply by
:math:`c` in the forward pass. Adam's steps have nearly the same size for every
weight, whatever its gradient, so that all layers then learn at the same *relative*
speed, which is where the name comes from.

Source: Karras et al. (2018), section 4.1.
"""

from math import sqrt

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganbook.networks.precision import at_least_single

#: After it, LeakyReLU(0.2) keeps the variance of a normal input nearly as it was.
GAIN = sqrt(2)


def activate(features: Tensor) -> Tensor:
    """Apply LeakyReLU of slope 0.2, scaled to keep the size of its input."""
    return F.leaky_relu(features, 0.2) * GAIN


class EqualLinear(nn.Module):
    r"""A dense layer :math:`y = c\,V x + b` with :math:`c = 1/\sqrt{\text{inputs}}`.

    Args:
        inputs: Numbers in.
        outputs: Numbers out.
        bias: Where each bias starts.
        speed: How fast it learns, relative to other layers. Weights are stored
            divided by it and used multiplied, which slows Adam by that factor.
    """

    def __init__(
        self, inputs: int, outputs: int, *, bias: float = 0.0, speed: float = 1.0
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / speed)
        self.bias = nn.Parameter(torch.full((outputs,), bias / speed))
        self.scale, self.speed = speed / sqrt(inputs), speed

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, inputs) to (N, outputs)."""
        return F.linear(x, self.weight * self.scale, self.bias * self.speed)


class EqualConv(nn.Module):
    """A convolution of stride 1, or of stride 2 with half as many pixels out.

    Args:
        inputs: Maps in.
        outputs: Maps out.
        kernel_size: Odd; zeros are padded as far as it reaches.
        stride: 1 or 2.
        bias: Whether each output map has one.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel_size: int = 3,
        *,
        stride: int = 1,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, *[kernel_size] * 2))
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None
        self.scale = 1 / sqrt(inputs * kernel_size**2)
        self.stride, self.padding = stride, kernel_size // 2

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, inputs, H, W) to (N, outputs, H / stride, W / stride)."""
        # Maps side by side in memory, which is faster on a CPU. The parameters stay
        # as they are: a fused Adam mixes up weights and moments of other layouts.
        weight = (self.weight * self.scale).contiguous(
            memory_format=torch.channels_last
        )
        return F.conv2d(x, weight, self.bias, self.stride, self.padding)


class StyledConv(nn.Module):
    r"""A convolution that a style vector modulates.

    A style :math:`w` gives each input map a factor, :math:`s = A w + 1`. With
    demodulation each output map is divided by the size that this leads to for inputs
    of variance 1:

    .. math::

        y_j = d_j \sum_i W_{ji} * (s_i x_i) + b_j, \qquad
        d_j = \Bigl(\sum_{i,k} (s_i W_{jik})^2 + \epsilon\Bigr)^{-1/2}

    The source scales the kernels, a kernel for each image; scaling the maps before
    and after is the same function and one ordinary convolution.

    Args:
        inputs: Maps in.
        outputs: Maps out.
        style_dim: Length of a style vector.
        demodulate: Whether outputs are brought back to their size.

    Source: Karras et al. (2020, StyleGAN2), equations 1 to 3.
    """

    def __init__(
        self, inputs: int, outputs: int, style_dim: int, *, demodulate: bool = True
    ) -> None:
        super().__init__()
        self.convolution = EqualConv(inputs, outputs, bias=False)
        self.style = EqualLinear(style_dim, inputs, bias=1.0)
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.demodulate = demodulate

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """Map (N, inputs, H, W) and styles (N, style_dim) to (N, outputs, H, W)."""
        factors = self.style(w)
        y = self.convolution(x * factors[:, :, None, None].to(x.dtype))
        if self.demodulate:
            weight = at_least_single(self.convolution.weight) * self.convolution.scale
            # Autocast rounds this product to bfloat16, as it does y itself.
            power = at_least_single(factors).square() @ weight.square().sum((2, 3)).T
            y = y * (power + 1e-8).rsqrt()[:, :, None, None].to(y.dtype)
        return y + self.bias[:, None, None].to(y.dtype)
