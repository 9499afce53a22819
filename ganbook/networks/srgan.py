"""SRResNet and the discriminator of SRGAN, after figure 4 of Ledig et al. (2017)."""

from math import log2

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from ganbook.networks.precision import at_least_single
from ganbook.networks.shapes import check_color, check_images


class SRResNet(nn.Module):
    """Enlarges images: features on the small grid, pixel shuffle, an image.

    ``conv 9x9 -> PReLU``, ``blocks`` residual blocks (``conv 3x3 -> BN -> PReLU ->
    conv 3x3 -> BN``, added to what came in), ``conv 3x3 -> BN`` and a skip over all
    of them; then for each doubling ``conv 3x3 to 4 x channels -> pixel shuffle ->
    PReLU``, and ``conv 9x9`` to the image. As it is by default it is the published
    network: 1.55 million weights at scale 4.

    The options make a network that learns several times faster on a processor
    without losing quality: no batch normalization (as Lim et al., 2017, and Wang et
    al., 2018, do), a *direct* tail (one convolution on the small grid makes all
    ``3 x scale^2`` numbers of a pixel's square, as in Shi et al., 2016), and a skip
    from the input, enlarged, to the output, so that the network adds only what
    bicubic interpolation lacks.

    Args:
        channels: Feature maps.
        blocks: Residual blocks.
        scale: 2, 4 or 8.
        batch_norm: Normalize, as published.
        direct: Take the direct tail, and 3x3 for the first convolution.
        bicubic_skip: Add the enlarged input to the output (with PyTorch's cubic, of
            a = -3/4: what it does differently from others is learned).

    Raises:
        ValueError: If ``scale`` is not 2, 4 or 8, or a count is below 1.

    Source: Ledig et al. (2017), figure 4. They end without ``tanh`` too; values may
    leave [-1, 1] a little, and are clamped where pixels are made of them.
    """

    def __init__(
        self,
        channels: int = 64,
        blocks: int = 16,
        scale: int = 4,
        *,
        batch_norm: bool = True,
        direct: bool = False,
        bicubic_skip: bool = False,
    ) -> None:
        super().__init__()
        if scale not in (2, 4, 8):
            raise ValueError(f"scale is {scale}; expected 2, 4 or 8")
        if min(channels, blocks) < 1:
            raise ValueError(
                f"channels, blocks are {channels}, {blocks}; expected at least 1"
            )
        self.scale, self.bicubic_skip = scale, bicubic_skip
        kernel = 3 if direct else 9
        self.head = nn.Sequential(_conv(3, channels, kernel), nn.PReLU())
        self.body = nn.Sequential(
            *(ResidualBlock(channels, batch_norm=batch_norm) for _ in range(blocks)),
            _conv(channels, channels, 3, bias=not batch_norm),
            *([nn.BatchNorm2d(channels)] if batch_norm else []),
        )
        if direct:
            tail = [_conv(channels, 3 * scale**2, 3), nn.PixelShuffle(scale)]
        else:
            doublings = [_doubling(channels) for _ in range(int(log2(scale)))]
            tail = [*doublings, _conv(channels, 3, kernel)]
        self.tail = nn.Sequential(*tail)
        if not batch_norm:
            self.apply(_start_small)
        if bicubic_skip:  # begin as bicubic interpolation
            last = next(m for m in reversed(tail) if isinstance(m, nn.Conv2d))
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)

    def forward(self, low: Tensor) -> Tensor:
        """Map images (N, 3, H, W) in [-1, 1] to (N, 3, scale H, scale W).

        Raises:
            ValueError: If ``low`` has another shape.
        """
        check_color(low)
        x = self.head(low)
        x = self.tail(x + self.body(x))
        if not self.bicubic_skip:
            return x
        low = at_least_single(low)
        return x + interpolate(
            low, scale_factor=self.scale, mode="bicubic", align_corners=False
        )


class ResidualBlock(nn.Module):
    """``x + BN(conv(PReLU(BN(conv(x)))))``, the norms optional."""

    def __init__(self, channels: int, *, batch_norm: bool = True) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            _conv(channels, channels, 3, bias=not batch_norm),
            *([nn.BatchNorm2d(channels)] if batch_norm else []),
            nn.PReLU(),
            _conv(channels, channels, 3, bias=not batch_norm),
            *([nn.BatchNorm2d(channels)] if batch_norm else []),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, channels, H, W) to the same shape."""
        return x + self.layers(x)


class SRDiscriminator(nn.Module):
    """Tells photographs from enlarged ones: eight 3x3 convolutions, two dense layers.

    ``width`` maps, doubled after every halving up to eight times as many (64, 128,
    256, 512); strides alternate 1, 2; ``LeakyReLU(0.2)``, batch normalization after
    all but the first; then 1,024 units and one logit. Figure 4 ends in a sigmoid;
    ours is in the loss.

    Args:
        size: Rows and columns of its images: a multiple of 16; 96 in the paper.
        width: Maps of the first convolution.
        batch_norm: Normalize, as published.

    Raises:
        ValueError: If ``size`` is no positive multiple of 16.

    Source: Ledig et al. (2017), figure 4.
    """

    def __init__(
        self, size: int = 96, width: int = 64, *, batch_norm: bool = True
    ) -> None:
        super().__init__()
        if size < 16 or size % 16:
            raise ValueError(f"size is {size}; expected a positive multiple of 16")
        self.size = size
        layers: list[nn.Module] = []
        maps_in = 3
        for doubling in range(4):
            maps = width * 2**doubling
            for stride in (1, 2):
                norm = batch_norm and bool(layers)
                layers.append(
                    nn.Conv2d(maps_in, maps, 3, stride, padding=1, bias=not norm)
                )
                if norm:
                    layers.append(nn.BatchNorm2d(maps))
                layers.append(nn.LeakyReLU(0.2))
                maps_in = maps
        self.layers = nn.Sequential(
            *layers,
            nn.Flatten(),
            nn.Linear(maps_in * (size // 16) ** 2, 16 * width),
            nn.LeakyReLU(0.2),
            nn.Linear(16 * width, 1),
        )

    def forward(self, images: Tensor) -> Tensor:
        """Map images (N, 3, size, size) in [-1, 1] to logits (N, 1).

        Raises:
            ValueError: If ``images`` has another shape.
        """
        check_images(images, (3, self.size, self.size))
        return self.layers(images)


def _conv(maps_in: int, maps: int, kernel: int, *, bias: bool = True) -> nn.Conv2d:
    return nn.Conv2d(maps_in, maps, kernel, padding=kernel // 2, bias=bias)


def _doubling(channels: int) -> nn.Sequential:
    return nn.Sequential(
        _conv(channels, 4 * channels, 3), nn.PixelShuffle(2), nn.PReLU()
    )


@torch.no_grad()
def _start_small(module: nn.Module) -> None:
    """Begin each residual block near the identity: nothing else holds its scale."""
    if isinstance(module, ResidualBlock):
        module.layers[-1].weight.mul_(0.1)
