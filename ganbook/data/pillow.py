"""What Pillow leaves to its callers: one kind of error, and 16 bits."""

from collections.abc import Callable
from typing import TypeVar

import numpy as np
from PIL import Image

T = TypeVar("T")


def decode(name: object, function: Callable[[], T]) -> T:
    """Call Pillow; whatever a broken file makes it raise becomes one error.

    Args:
        name: Of the file, as the error shall call it.
        function: Opens or decodes the file.

    Raises:
        ValueError: If that fails; says why.
    """
    try:
        return function()
    except Exception as error:  # each decoder has its own kinds
        known = isinstance(error, Image.UnidentifiedImageError)
        reason = "not an image" if known else f"damaged ({error})"
        raise ValueError(f"{name}: {reason}") from error


def to_bytes(image: Image.Image) -> Image.Image:
    """Return an image of 16 bits, gray in one mode or another, as one of 8 bits.

    Others are returned as they are.
    """
    if not image.mode.startswith("I"):
        return image
    wide = np.asarray(image).astype(np.int64).clip(0, 65535)
    return Image.fromarray(((wide * 255 + 32767) // 65535).astype(np.uint8))
