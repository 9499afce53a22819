"""Where images come from: float32 ``(N, C, H, W)`` in ``[-1, 1]``, whole in memory."""

from ganbook.data.mnist import Digits, mnist
from ganbook.data.pixels import from_pixels, to_pixels
from ganbook.data.rings import Modes, grid, ring

__all__ = ["Digits", "Modes", "from_pixels", "grid", "mnist", "ring", "to_pixels"]
