"""Convolutional networks for MNIST, after the listings of Deng (2024).

Keras and PyTorch differ in three defaults, all mapped here. Padding ``"same"`` at
stride 2 puts the odd row of zeros below and to the right of an image
(:class:`SameConv2d`); batch normalization's momentum is the share of the old
statistics there and of the new ones here; weights start from Glorot's uniform
distribution, biases from zero.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganbook.networks.precision import at_least_single
from ganbook.networks.shapes import check_images, check_latents


class SameConv2d(nn.Conv2d):
    r"""A convolution padded as Keras pads with ``padding="same"``.

    The output has :math:`\lceil H / s \rceil` rows for a stride of s. The zeros
    needed, :math:`p = \max((\lceil H/s \rceil - 1)s + k - H,\ 0)`, go half above,
    half below; an odd one goes below (columns alike, the odd one to the right).
    PyTorch's ``padding=1`` would put the single row of k = 3, s = 2 above instead.

    Where the output is one pixel, the part of the kernel that lies outside the image
    meets nothing but zeros. The rest is then a dense layer, and computed as one,
    which is many times faster.

    Args:
        in_channels: C of the input.
        out_channels: C of the output.
        kernel_size: k, rows and columns.
        stride: s, rows and columns.
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, stride: int = 1
    ) -> None:
        super().__init__(in_channels, out_channels, kernel_size, stride)

    def forward(self, images: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, C', ceil(H / s), ceil(W / s))."""
        height, width = images.shape[2:]
        top, bottom = self._zeros(height)
        left, right = self._zeros(width)
        if max(height, width) <= self.stride[0]:  # one pixel remains
            size = self.kernel_size[0]  # a smaller kernel sees the upper left corner
            corner = images[:, :, :size, :size]
            seen = self.weight[:, :, top : top + height, left : left + width]
            flat = F.linear(corner.flatten(1), seen.flatten(1), self.bias)
            return flat[:, :, None, None]
        if (top, left) == (bottom, right):
            return F.conv2d(images, self.weight, self.bias, self.stride, (top, left))
        padded = F.pad(images, (left, right, top, bottom))
        return F.conv2d(padded, self.weight, self.bias, self.stride)

    def _zeros(self, size: int) -> tuple[int, int]:
        kernel, stride = self.kernel_size[0], self.stride[0]
        zeros = max((-(-size // stride) - 1) * stride + kernel - size, 0)
        return zeros // 2, zeros - zeros // 2


class ThinConv2d(SameConv2d):
    r"""A convolution to one channel, as a matrix product and a sum.

    Each pixel sends what it contributes to its :math:`k^2` neighbors,
    :math:`W^\top x \in \mathbb{R}^{k^2}`, and each neighbor adds up what arrives.
    It is the same function as :class:`SameConv2d` at stride 1. Convolution kernels
    of CPU libraries work on blocks of output channels; with one channel most of a
    block is idle, a matrix product is not.

    Args:
        in_channels: C of the input.
        kernel_size: k, odd.

    Raises:
        ValueError: If the kernel is even: its center would lie between pixels.
    """

    def __init__(self, in_channels: int, kernel_size: int) -> None:
        if kernel_size % 2 == 0:
            raise ValueError(f"kernel_size is {kernel_size}; expected an odd number")
        super().__init__(in_channels, 1, kernel_size)

    def forward(self, images: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, 1, H, W)."""
        size = self.kernel_size[0]
        # A pixel lies at p in its neighbor's window if the neighbor lies at -p in its.
        sent = self.weight.flip(2, 3).reshape(self.in_channels, size * size)
        pixels = images.flatten(2).transpose(1, 2)  # (N, HW, C)
        shares = (pixels @ sent).transpose(1, 2)  # (N, k k, HW)
        # bfloat16 sums of 49 terms would lose digits.
        shares = at_least_single(shares)
        return F.fold(shares, images.shape[2:], size, padding=size // 2) + self.bias


class ConvGenerator(nn.Module):
    """Maps latent vectors to 28x28 images: a dense layer, then two doublings.

    ``z`` becomes 128 maps of 7x7; transposed convolutions of kernel 4 and stride 2
    make them 14x14 (128 maps) and 28x28 (64 maps); a 7x7 convolution and tanh make
    the image. Each layer but the last is followed by ``LeakyReLU(0.2) ->
    BatchNorm``.

    Args:
        latent_dim: Length of a latent vector ``z``.
        extra_layers: 3x3 convolutions of 128 maps before the first doubling: 0 for
            listing A.2 of Deng (2024), 1, 2, 3 for A.6, A.7, A.8.

    Raises:
        ValueError: If ``extra_layers`` is negative.
    """

    def __init__(self, latent_dim: int = 100, extra_layers: int = 0) -> None:
        super().__init__()
        if extra_layers < 0:
            raise ValueError(f"extra_layers is {extra_layers}; expected 0 or more")
        self.latent_dim = latent_dim
        extra = [_activated(SameConv2d(128, 128, 3), 128) for _ in range(extra_layers)]
        self.layers = nn.Sequential(
            nn.Linear(latent_dim, 128 * 7 * 7),
            nn.LeakyReLU(0.2),
            nn.Unflatten(1, (128, 7, 7)),
            _batch_norm(128),
            *extra,
            _activated(nn.ConvTranspose2d(128, 128, 4, 2, 1), 128),  # 14x14
            _activated(nn.ConvTranspose2d(128, 64, 4, 2, 1), 64),  # 28x28
            ThinConv2d(64, 7),
            nn.Tanh(),
        )
        self.apply(_start_as_keras)

    def forward(self, z: Tensor) -> Tensor:
        """Map ``z`` of shape (N, latent_dim) to images (N, 1, 28, 28) in [-1, 1].

        Raises:
            ValueError: If ``z`` has another shape.
        """
        check_latents(z, self.latent_dim)
        return self.layers(z)


class ConvDiscriminator(nn.Module):
    """Maps 28x28 images to one logit each by halving them.

    Each hidden layer is a 3x3 convolution of stride 2 followed by
    ``LeakyReLU(0.2) -> Dropout``; the last is ``Linear`` alone.

    Args:
        widths: Maps of the convolutions: ``(64, 128)`` for listing A.2 of Deng
            (2024); A.9 adds 256, A.10 ``256, 512, 1024``, A.11 2048 to those.
        dropout: Share of values that are set to zero in training.

    Raises:
        ValueError: If there is no convolution.
    """

    def __init__(
        self, widths: Sequence[int] = (64, 128), dropout: float = 0.25
    ) -> None:
        super().__init__()
        if not widths:
            raise ValueError("widths is empty; expected the maps of each convolution")
        layers: list[nn.Module] = []
        size = 28
        for maps_in, maps_out in zip([1, *widths], widths, strict=False):
            layers += [SameConv2d(maps_in, maps_out, 3, stride=2), nn.LeakyReLU(0.2)]
            if dropout:
                layers.append(nn.Dropout(dropout))
            size = -(-size // 2)
        self.layers = nn.Sequential(
            *layers, nn.Flatten(), nn.Linear(widths[-1] * size * size, 1)
        )
        self.apply(_start_as_keras)

    def forward(self, images: Tensor) -> Tensor:
        """Map images (N, 1, 28, 28) to logits (N, 1).

        Raises:
            ValueError: If the images have another shape.
        """
        check_images(images, (1, 28, 28))
        return self.layers(images)


def _activated(layer: nn.Module, maps: int) -> nn.Sequential:
    return nn.Sequential(layer, nn.LeakyReLU(0.2), _batch_norm(maps))


def _batch_norm(maps: int) -> nn.BatchNorm2d:
    # Keras' momentum 0.8 keeps 0.8 of the old; its epsilon is 1e-3.
    return nn.BatchNorm2d(maps, eps=1e-3, momentum=0.2)


@torch.no_grad()
def _start_as_keras(layer: nn.Module) -> None:
    if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
        nn.init.xavier_uniform_(layer.weight)
        nn.init.zeros_(layer.bias)
