"""Residual networks for color images of 32, 64 or 128 pixels, small and fast.

Both work at half the resolution of the image and below: the generator's last layer
computes four pixels at once and unfolds them (Shi et al., 2016), the discriminator
begins by folding them. The finest resolution is the most expensive one, and most of
what it would compute is there already in the colors of four neighbors.
"""

from itertools import pairwise
from math import log2, sqrt

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganbook.networks.equalized import (
    EqualConv,
    EqualLinear,
    StyledConv,
    activate,
)
from ganbook.networks.minibatch import MinibatchStd
from ganbook.networks.shapes import check_images, check_latents

SIZES = (32, 64, 128)


class ResidualGenerator(nn.Module):
    r"""Paints an image from a style, from 4x4 pixels up.

    A mapping network turns a latent vector into a style, :math:`w = f(z)`; each
    convolution is modulated by it (:class:`~ganbook.networks.equalized.StyledConv`).
    A block doubles the image and adds two convolutions to a shortcut,

    .. math:: y = \tfrac{1}{\sqrt2} \bigl(U(S x) + B(U(A(x, w)), w)\bigr),

    where U repeats each pixel 2x2 times and S is a 1x1 convolution. A works before
    the doubling, at a quarter of the price.

    Args:
        size: Height and width of the images: 32, 64 or 128.
        width: Maps at n x n pixels: ``width / n``, but at most ``most``.
        most: See ``width``.
        latent_dim: Length of a latent vector, and of a style.

    Raises:
        ValueError: If ``size`` is none of these, or ``width`` leaves no map at half of
            it.

    Source: residual blocks after Miyato et al. (2018), styles after Karras et al.
    (2020, StyleGAN2), both much narrower; first colors after Aitken et al. (2017).
    """

    def __init__(
        self,
        size: int = 64,
        *,
        width: int = 1536,
        most: int = 256,
        latent_dim: int = 128,
    ) -> None:
        super().__init__()
        maps = _maps(size, width, most)
        self.size, self.latent_dim = size, latent_dim
        self.mapping = nn.ModuleList(
            EqualLinear(latent_dim, latent_dim, speed=0.1) for _ in range(2)
        )
        self.canvas = nn.Parameter(torch.randn(1, maps[0], 4, 4))
        self.first = StyledConv(maps[0], maps[0], latent_dim)
        self.blocks = nn.ModuleList(
            UpBlock(inputs, outputs, latent_dim) for inputs, outputs in pairwise(maps)
        )
        # Four pixels of three colors each; no demodulation, as their size matters.
        self.colors = StyledConv(maps[-1], 4 * 3, latent_dim, demodulate=False)
        with torch.no_grad():  # at first nearly gray, the same for all four
            weight = self.colors.convolution.weight
            weight.copy_(weight[::4].repeat_interleave(4, 0) / 10)

    @property
    def stages(self) -> int:
        """How many styles a picture takes, from the coarsest to the colors."""
        return len(self.blocks) + 2

    def style(self, z: Tensor) -> Tensor:
        """Map latent vectors (N, latent_dim) to styles (N, latent_dim).

        Only the direction of ``z`` counts.

        Raises:
            ValueError: If ``z`` has another shape.
        """
        check_latents(z, self.latent_dim)
        w = z * (z.square().mean(1, keepdim=True) + 1e-8).rsqrt()
        for layer in self.mapping:
            w = activate(layer(w))
        return w

    def paint(self, w: Tensor) -> Tensor:
        """Map styles to images (N, 3, size, size) in [-1, 1].

        Args:
            w: One style an image, (N, latent_dim), or one for each stage,
                (N, stages, latent_dim).

        Raises:
            ValueError: If ``w`` has another shape.
        """
        if w.ndim == 2:
            w = w[:, None].expand(-1, self.stages, -1)
        if tuple(w.shape[1:]) != (self.stages, self.latent_dim):
            raise ValueError(
                f"styles have shape {tuple(w.shape)}; expected "
                f"(N, {self.latent_dim}) or (N, {self.stages}, {self.latent_dim})"
            )
        first, *middle, last = w.unbind(1)
        x = activate(self.first(self.canvas.expand(len(w), -1, -1, -1), first))
        for block, stage in zip(self.blocks, middle, strict=True):
            x = block(x, stage)
        return F.pixel_shuffle(self.colors(x, last), 2).tanh()

    def forward(self, z: Tensor) -> Tensor:
        """Map latent vectors (N, latent_dim) to images (N, 3, size, size)."""
        return self.paint(self.style(z))


class UpBlock(nn.Module):
    """Doubles height and width; see :class:`ResidualGenerator`."""

    def __init__(self, inputs: int, outputs: int, style_dim: int) -> None:
        super().__init__()
        self.before = StyledConv(inputs, outputs, style_dim)
        self.after = StyledConv(outputs, outputs, style_dim)
        self.shortcut = EqualConv(inputs, outputs, 1, bias=False)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """Map (N, inputs, H, W) and styles to (N, outputs, 2H, 2W)."""
        y = _double(activate(self.before(x, w)))
        y = activate(self.after(y, w))
        return (y + _double(self.shortcut(x))) / sqrt(2)


class ResidualDiscriminator(nn.Module):
    r"""Looks at an image from half its size down to 4x4, with shortcuts.

    A block is :math:`y = \tfrac{1}{\sqrt2}(S \bar x + B(A(x)))`: B is a convolution
    of stride 2, :math:`\bar x` the mean of 2x2 pixels, S a 1x1 convolution. Before
    the last layers one map says how much the images of a group differ
    (:class:`~ganbook.networks.MinibatchStd`).

    Args:
        size: Height and width of the images: 32, 64 or 128.
        width: Maps at n x n pixels: ``width / n``, but at most ``most``.
        most: See ``width``.

    Raises:
        ValueError: If ``size`` is none of these, or ``width`` leaves no map at half of
            it.

    Source: Karras et al. (2020, StyleGAN2), section 4, much narrower.
    """

    def __init__(self, size: int = 64, *, width: int = 1024, most: int = 256) -> None:
        super().__init__()
        maps = _maps(size, width, most)[::-1]
        self.size = size
        self.first = EqualConv(4 * 3, maps[0])
        self.blocks = nn.Sequential(
            *[DownBlock(inputs, outputs) for inputs, outputs in pairwise(maps)]
        )
        self.spread = MinibatchStd(4)
        self.last = EqualConv(maps[-1] + 1, maps[-1])
        self.dense = EqualLinear(16 * maps[-1], maps[-1])
        self.logit = EqualLinear(maps[-1], 1)

    def forward(self, images: Tensor) -> Tensor:
        """Map images (N, 3, size, size) to logits (N, 1).

        Raises:
            ValueError: If the images have another shape.
        """
        check_images(images, (3, self.size, self.size))
        x = activate(self.first(F.pixel_unshuffle(images, 2)))
        x = activate(self.last(self.spread(self.blocks(x))))
        return self.logit(activate(self.dense(x.flatten(1))))


class DownBlock(nn.Module):
    """Halves height and width; see :class:`ResidualDiscriminator`."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.before = EqualConv(inputs, inputs)
        self.after = EqualConv(inputs, outputs, stride=2)
        self.shortcut = EqualConv(inputs, outputs, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, inputs, H, W) to (N, outputs, H/2, W/2)."""
        y = activate(self.after(activate(self.before(x))))
        return (y + self.shortcut(F.avg_pool2d(x, 2))) / sqrt(2)


def _double(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode="nearest")


def _maps(size: int, width: int, most: int) -> list[int]:
    """Return the numbers of maps at 4, 8, ..., size / 2 pixels."""
    if size not in SIZES:
        raise ValueError(f"size is {size}; expected one of {SIZES}")
    if width < size // 2 or most < 1:
        raise ValueError(
            f"width is {width} and most {most}; expected at least {size // 2} and 1"
        )
    return [min(most, width // 2**k) for k in range(2, int(log2(size)))]
