"""A drawing board in PyTorch: many pictures at once, of shapes told by distances.

A shape is its signed distance (Quilez): negative inside, positive outside, in units
of half a picture. Coverage of a pixel follows from the distance of its center, so
that edges are smooth at any size, and a picture looks the same at every one. All
tensors are (N, H, W), or broadcast to it.
"""

import torch
from torch import Tensor
from torch.nn.functional import grid_sample, interpolate


class Board:
    """Pictures in the making, one layer over the other.

    Args:
        count: How many pictures.
        size: Pixels along a side.

    Attributes:
        image: RGB in [0, 1], (N, 3, H, W).
        x: Of the centers of the pixels, to the right, from -1 to 1: (1, 1, W).
        y: Downwards: (1, H, 1).
        pixel: The width of one.
    """

    def __init__(self, count: int, size: int) -> None:
        self.pixel = 2.0 / size
        centers = (torch.arange(size) + 0.5) * self.pixel - 1
        self.x, self.y = centers.view(1, 1, -1), centers.view(1, -1, 1)
        self.image = torch.zeros(count, 3, size, size)

    def fill(self, color: Tensor, alpha: Tensor) -> None:
        """Lay a color, RGB (N, 3) or (N, 3, H, W), over what is there."""
        if color.ndim == 2:
            color = color[..., None, None]
        self.image.lerp_(color.expand_as(self.image), alpha.unsqueeze(1))

    def shade(self, factor: Tensor) -> None:
        """Make what is there lighter or darker."""
        self.image.mul_(factor.unsqueeze(1))

    def inside(self, distance: Tensor, soft: float = 0.0) -> Tensor:
        """Return the coverage of a shape; its edge is at least a pixel wide."""
        return (0.5 - distance / max(soft, self.pixel)).clamp_(0, 1)

    def line(self, distance: Tensor, width: float | Tensor) -> Tensor:
        """Return the coverage of a line; one thinner than a pixel grows faint."""
        width = torch.as_tensor(width)
        drawn = width.clamp(min=self.pixel)
        return self.inside(distance.abs() - drawn / 2) * (width / drawn)


def ellipse(x: Tensor, y: Tensor, rx: Tensor | float, ry: Tensor | float) -> Tensor:
    """Return about the distance from an ellipse around the origin."""
    return (torch.hypot(x / rx, y / ry) - 1) * ((rx + ry) / 2)


def lens(
    x: Tensor, y: Tensor, half: float, up: Tensor | float, down: Tensor | float
) -> Tensor:
    """Return the distance from an almond: two arcs that meet at (-half, 0), (half, 0).

    Args:
        x: To the right of its middle.
        y: Below it.
        half: Half its width.
        up: Height of the upper arc.
        down: Height of the lower one.
    """
    r_up, r_down = (half**2 + up**2) / (2 * up), (half**2 + down**2) / (2 * down)
    upper = torch.hypot(x, y - (r_up - up)) - r_up
    lower = torch.hypot(x, y + (r_down - down)) - r_down
    return torch.maximum(upper, lower)


def union(a: Tensor, b: Tensor, blend: float) -> Tensor:
    """Join two shapes; their corner is filled by about a quarter of ``blend``."""
    overlap = (blend - (a - b).abs()).clamp_(min=0)
    return torch.minimum(a, b) - overlap.square_() / (4 * blend)


def common(a: Tensor, b: Tensor, blend: float) -> Tensor:
    """Return where two shapes overlap, with a rounded corner."""
    return -union(-a, -b, blend)


def step(low: float, high: float, x: Tensor) -> Tensor:
    """Rise smoothly from 0 at ``low`` to 1 at ``high`` (which may be the lower one)."""
    t = ((x - low) / (high - low)).clamp_(0, 1)
    return t * t * (3 - 2 * t)


def look_up(lattice: Tensor, u: Tensor, v: Tensor) -> Tensor:
    """Read values between the points of a lattice, linearly.

    Args:
        lattice: (N, C, rows, columns), its corners at -1 and 1.
        u: Across, (N, H, W).
        v: Down, (N, H, W).

    Returns:
        (C, N, H, W), so that the channels can be unpacked.
    """
    places = torch.stack([u, v.expand_as(u)], dim=-1)
    values = grid_sample(
        lattice, places, mode="bilinear", padding_mode="border", align_corners=True
    )
    return values.transpose(0, 1)


def smooth(lattice: Tensor, times: int) -> Tensor:
    """Refine a lattice, so that values read between its points have no kinks."""
    return interpolate(
        lattice, scale_factor=times, mode="bicubic", align_corners=True
    ).contiguous()
