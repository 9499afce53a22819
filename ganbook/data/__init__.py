"""Where images come from: float32 ``(N, C, H, W)`` in ``[-1, 1]``, whole in memory."""

from ganbook.data.mnist import Digits, mnist
from ganbook.data.pixels import from_pixels, to_pixels

__all__ = ["Digits", "from_pixels", "mnist", "to_pixels"]
