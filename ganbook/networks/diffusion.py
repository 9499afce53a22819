r"""Networks of diffusion models: given noisy data and their times, name the noise.

Times are the whole numbers 1 to T, shape (N,). Each network embeds them as waves of
many lengths, so that it can tell 7 from 8 and early from late.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import log

import torch
from torch import Tensor, nn

from ganbook.networks.precision import at_least_single
from ganbook.networks.shapes import check_timed


class TimeEmbedding(nn.Module):
    r"""Sines and cosines of the time.

    .. math:: \bigl( \sin(\omega_i t), \cos(\omega_i t) \bigr)_i, \qquad
        \omega_i = 10000^{-2i/d}, \quad i = 0, \dots, d/2 - 1

    Args:
        features: d, an even number.

    Raises:
        ValueError: If ``features`` is not a positive even number.

    Source: Vaswani et al. (2017), section 3.5; for times Ho et al. (2020).
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        if features < 2 or features % 2:
            raise ValueError(f"features is {features}; expected an even number >= 2")
        # Of these whole numbers bfloat16 loses nothing up to 256. Frequencies and
        # angles it would round until neighboring times were one.
        places = torch.arange(features // 2, dtype=torch.float32)
        self.register_buffer("places", places, persistent=False)

    def forward(self, t: Tensor) -> Tensor:
        """Map times (N,) to features (N, d)."""
        exponents = at_least_single(self.places) / len(self.places)
        angles = t[:, None] * torch.exp(-log(10_000) * exponents)
        waves = torch.cat([angles.sin(), angles.cos()], dim=1)
        return waves.to(self.places.dtype)


class DenseDenoiser(nn.Module):
    """Predicts the noise in points of few dimensions.

    Point and time come in together; each hidden layer is ``Linear -> SiLU``.

    Args:
        dimension: Coordinates D of a point.
        widths: Units of the hidden layers.
        time_features: Length of the embedding of the time.
    """

    def __init__(
        self,
        dimension: int = 2,
        widths: Sequence[int] = (128, 128, 128),
        time_features: int = 32,
    ) -> None:
        super().__init__()
        self.dimension = dimension
        self.time = TimeEmbedding(time_features)
        layers: list[nn.Module] = []
        sizes = [dimension + time_features, *widths]
        for fan_in, fan_out in pairwise(sizes):
            layers += [nn.Linear(fan_in, fan_out), nn.SiLU()]
        self.layers = nn.Sequential(*layers, nn.Linear(sizes[-1], dimension))

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        """Map points (N, D) at times (N,) to the noise in them, (N, D).

        Raises:
            ValueError: If the points or the times have another shape.
        """
        check_timed(x, t, (self.dimension,))
        return self.layers(torch.cat([x, self.time(t)], dim=1))


class ResidualBlock(nn.Module):
    """Adds to images what two convolutions make of them and of the time.

    Each convolution comes after ``GroupNorm -> SiLU``; between the two, every channel
    is shifted by a number that depends on the time.
    """

    def __init__(self, channels_in: int, channels: int, time_features: int) -> None:
        super().__init__()
        self.before = _normalize(channels_in)
        self.first = nn.Conv2d(channels_in, channels, 3, padding=1)
        self.shift = nn.Linear(time_features, channels)
        self.between = _normalize(channels)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        self.shortcut = (
            nn.Conv2d(channels_in, channels, 1)
            if channels_in != channels
            else nn.Identity()
        )

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        """Map (N, C_in, H, W) and time features (N, F) to (N, C, H, W)."""
        h = self.first(self.before(x)) + self.shift(time)[:, :, None, None]
        return self.shortcut(x) + self.second(self.between(h))


class UNet(nn.Module):
    """Predicts the noise in images: down to a quarter of the side, and up again.

    At each size a residual block; on the way up, what was there on the way down is
    laid beside what comes from below, so that detail need not pass through the middle.

    Args:
        channels: C of an image.
        widths: Channels at the full size, the half and the quarter, at least 4 each.
        time_features: Length of what the blocks are told about the time.

    The last layer starts at zero: a new network predicts no noise.

    Raises:
        ValueError: If a width is below 4: there would be no group to normalize.

    Source: Ronneberger et al. (2015); for diffusion Ho et al. (2020), without their
    attention and at a fiftieth of their size.
    """

    def __init__(
        self,
        channels: int = 1,
        widths: tuple[int, int, int] = (16, 32, 64),
        time_features: int = 128,
    ) -> None:
        super().__init__()
        if min(widths) < 4:
            raise ValueError(f"widths are {tuple(widths)}; expected at least 4 each")
        self.channels = channels
        full, half, quarter = widths
        self.time = nn.Sequential(
            TimeEmbedding(64),
            nn.Linear(64, time_features),
            nn.SiLU(),
            nn.Linear(time_features, time_features),
            nn.SiLU(),
        )

        def block(channels_in: int, channels_out: int) -> ResidualBlock:
            return ResidualBlock(channels_in, channels_out, time_features)

        self.enter = nn.Conv2d(channels, full, 3, padding=1)
        self.down_full = block(full, full)
        self.to_half = nn.Conv2d(full, half, 3, stride=2, padding=1)
        self.down_half = block(half, half)
        self.to_quarter = nn.Conv2d(half, quarter, 3, stride=2, padding=1)
        self.middle = block(quarter, quarter)
        self.from_quarter = nn.ConvTranspose2d(quarter, half, 2, stride=2)
        self.up_half = block(2 * half, half)
        self.from_half = nn.ConvTranspose2d(half, full, 2, stride=2)
        self.up_full = block(2 * full, full)
        self.leave = nn.Conv2d(full, channels, 3, padding=1)
        self.last = _normalize(full)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        """Map images (N, C, H, W) at times (N,) to the noise in them, (N, C, H, W).

        Raises:
            ValueError: If images or times have another shape, or a side is not a
                multiple of 4.
        """
        side_ok = x.ndim == 4 and not (x.shape[2] % 4 or x.shape[3] % 4)
        if not side_ok or x.shape[1] != self.channels or t.shape != x.shape[:1]:
            raise ValueError(
                f"images have shape {tuple(x.shape)} and times {tuple(t.shape)}; "
                f"expected (N, {self.channels}, H, W) and (N,), H and W multiples of 4"
            )
        time = self.time(t)
        full = self.down_full(self.enter(x), time)  # H x W
        half = self.down_half(self.to_half(full), time)  # H/2 x W/2
        h = self.middle(self.to_quarter(half), time)  # H/4 x W/4
        h = self.up_half(torch.cat([self.from_quarter(h), half], dim=1), time)
        h = self.up_full(torch.cat([self.from_half(h), full], dim=1), time)
        return self.leave(self.last(h))


def _normalize(channels: int) -> nn.Sequential:
    """Groups of at least four channels, eight groups at most."""
    groups = max(g for g in range(1, 9) if channels % g == 0 and channels // g >= 4)
    return nn.Sequential(nn.GroupNorm(groups, channels), nn.SiLU())
