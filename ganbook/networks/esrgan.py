"""The generator of ESRGAN: residual dense blocks in residual blocks, no norm."""

from math import log2

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, leaky_relu

from ganbook.networks.shapes import check_color


class RRDBNet(nn.Module):
    """Enlarges images through residual-in-residual dense blocks.

    ``conv``, ``blocks`` times RRDB, ``conv`` with a skip over them; then for each
    doubling nearest-neighbor enlargement and a convolution (no pixel shuffle: each
    output pixel is made by the same weights, so no checkerboard), and two
    convolutions to the image. All are 3x3 with ``LeakyReLU(0.2)``.

    Args:
        channels: Feature maps.
        blocks: RRDBs; 23 in the paper (16.7 million weights).
        growth: Maps that each convolution of a dense block adds.
        scale: 2, 4 or 8.

    Raises:
        ValueError: If ``scale`` is not 2, 4 or 8, or a count is below 1.

    Source: Wang et al. (2018), section 3.1 and figure 4.
    """

    def __init__(
        self, channels: int = 64, blocks: int = 23, growth: int = 32, scale: int = 4
    ) -> None:
        super().__init__()
        if scale not in (2, 4, 8):
            raise ValueError(f"scale is {scale}; expected 2, 4 or 8")
        if min(channels, blocks, growth) < 1:
            raise ValueError(
                f"channels, blocks, growth are {channels}, {blocks}, {growth}; "
                "expected at least 1"
            )
        self.scale = scale
        self.head = _conv(3, channels)
        self.body = nn.Sequential(
            *(RRDB(channels, growth) for _ in range(blocks)), _conv(channels, channels)
        )
        self.doublings = nn.ModuleList(
            _conv(channels, channels) for _ in range(int(log2(scale)))
        )
        self.last = nn.Sequential(
            _conv(channels, channels), nn.LeakyReLU(0.2), _conv(channels, 3)
        )

    def forward(self, low: Tensor) -> Tensor:
        """Map images (N, 3, H, W) in [-1, 1] to (N, 3, scale H, scale W).

        Raises:
            ValueError: If ``low`` has another shape.
        """
        check_color(low)
        x = self.head(low)
        x = x + self.body(x)
        for conv in self.doublings:
            x = leaky_relu(conv(interpolate(x, scale_factor=2, mode="nearest")), 0.2)
        return self.last(x)


class RRDB(nn.Module):
    """Three dense blocks, ``x + 0.2 f(x)``."""

    def __init__(self, channels: int, growth: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(*(DenseBlock(channels, growth) for _ in range(3)))

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, channels, H, W) to the same shape."""
        return x + 0.2 * self.layers(x)


class DenseBlock(nn.Module):
    """Five convolutions, each of which sees all maps before it; ``x + 0.2 f(x)``."""

    def __init__(self, channels: int, growth: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList(
            _conv(channels + i * growth, growth if i < 4 else channels)
            for i in range(5)
        )
        with torch.no_grad():  # residual scaling alone does not hold 23 blocks
            for conv in self.convs:
                nn.init.kaiming_normal_(conv.weight)
                conv.weight.mul_(0.1)
                conv.bias.zero_()

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, channels, H, W) to the same shape."""
        maps = [x]
        for conv in self.convs[:-1]:
            maps.append(leaky_relu(conv(torch.cat(maps, 1)), 0.2))
        return x + 0.2 * self.convs[-1](torch.cat(maps, 1))


def _conv(maps_in: int, maps: int) -> nn.Conv2d:
    return nn.Conv2d(maps_in, maps, 3, padding=1)
