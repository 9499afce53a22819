r"""Data in the plane whose modes can be counted: rings and grids of Gaussians.

Points of shape (N, 2) play the part of images: what a generator leaves out is seen
at once, and counted without a classifier. The arrangements are those of Metz et al.
(2017) and Srivastava et al. (2017), scaled to [-1, 1].
"""

from math import pi
from typing import NamedTuple

import torch
from torch import Tensor


class Modes(NamedTuple):
    """Equal parts of round Gaussians.

    Attributes:
        centers: Their means, float32 (K, 2).
        deviation: The standard deviation of each, in either coordinate.
    """

    centers: Tensor
    deviation: float

    def sample(self, count: int, *, seed: int) -> Tensor:
        """Draw points (count, 2), float32, each from a mode chosen at random."""
        random = torch.Generator().manual_seed(seed)
        chosen = torch.randint(len(self.centers), (count,), generator=random)
        noise = torch.randn(count, 2, generator=random)
        return self.centers[chosen] + self.deviation * noise


def ring(modes: int = 8, *, radius: float = 1.0, deviation: float = 0.05) -> Modes:
    """Place Gaussians evenly on a circle, the first on the right.

    Args:
        modes: How many.
        radius: Of the circle.
        deviation: Of each Gaussian.

    Raises:
        ValueError: If there is no mode, or a length is not positive.
    """
    _check(modes, radius=radius, deviation=deviation)
    angles = torch.arange(modes) * (2 * pi / modes)
    centers = radius * torch.stack([angles.cos(), angles.sin()], dim=1)
    return Modes(centers, deviation)


def grid(side: int = 5, *, width: float = 2.0, deviation: float = 0.05) -> Modes:
    """Place Gaussians on a square grid around the origin, row by row.

    Args:
        side: How many in a row and in a column; ``side ** 2`` in all.
        width: Distance between the centers of the first and the last column.
        deviation: Of each Gaussian.

    Raises:
        ValueError: If there is no mode, or a length is not positive.
    """
    _check(side, width=width, deviation=deviation)
    places = torch.linspace(-width / 2, width / 2, side) if side > 1 else torch.zeros(1)
    return Modes(torch.cartesian_prod(places, places), deviation)


def _check(modes: int, **lengths: float) -> None:
    if modes < 1:
        raise ValueError(f"the number of modes is {modes}; expected at least 1")
    for name, length in lengths.items():
        if not length > 0:
            raise ValueError(f"{name} is {length}; expected more than 0")
