"""The one way between what networks see and what screens and files hold.

Networks work on float32 in ``[-1, 1]``, the range of ``tanh``; pixels are uint8 in
``0..255``. The two functions are exact inverses on pixels.
"""

import torch
from torch import Tensor

HALF = 127.5  # half the width of 0..255: the scale and the offset of both maps


def to_pixels(images: Tensor) -> Tensor:
    r"""Turn images in ``[-1, 1]`` into pixels.

    .. math:: p = \operatorname{round}(127.5\,(x + 1)), \text{ clamped to } 0..255

    Args:
        images: Floating-point tensor, usually ``(N, C, H, W)``. Values outside
            ``[-1, 1]`` are clamped, as a screen would.

    Returns:
        uint8 tensor of the same shape, on the same device.

    Raises:
        ValueError: If ``images`` is no floating-point tensor or contains NaN.
    """
    if not (isinstance(images, Tensor) and images.is_floating_point()):
        raise ValueError(
            f"expected a floating-point tensor in [-1, 1], got {_kind(images)}"
        )
    if images.isnan().any():
        raise ValueError("images contain NaN: there is no pixel to show for it")
    # float32 first: half precision cannot hold every step of 0..255.
    scaled = images.detach().float() * HALF + HALF
    return scaled.round_().clamp_(0, 255).to(torch.uint8)


def from_pixels(pixels: Tensor) -> Tensor:
    r"""Turn pixels into images in ``[-1, 1]``.

    .. math:: x = p / 127.5 - 1

    Args:
        pixels: uint8 tensor of any shape, usually ``(N, C, H, W)``.

    Returns:
        float32 tensor of the same shape, on the same device.

    Raises:
        ValueError: If ``pixels`` is no uint8 tensor.
    """
    if not (isinstance(pixels, Tensor) and pixels.dtype == torch.uint8):
        raise ValueError(f"expected a uint8 tensor, got {_kind(pixels)}")
    return pixels.float().div_(HALF).sub_(1)  # in place: MNIST is 188 MB here


def _kind(value: object) -> str:
    """Name what came: the dtype of a tensor, the class of anything else."""
    if isinstance(value, Tensor):
        return f"a tensor of {value.dtype}"
    return f"{type(value).__module__}.{type(value).__qualname__}"
