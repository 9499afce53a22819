"""How close one picture is to another: PSNR and SSIM, to the letter of the papers."""

from functools import lru_cache

import torch
from torch import Tensor
from torch.nn.functional import conv2d

from ganbook.metrics.features import check_batch, check_images

#: ITU-R BT.601, as MATLAB's rgb2ycbcr: R, G, B in 0..1 to luma in 16..235.
LUMA = (65.481, 128.553, 24.966)


def luma(images: Tensor) -> Tensor:
    r"""Return the brightness of color images, as MATLAB's ``rgb2ycbcr`` does.

    .. math:: Y = 16 + 65.481\,R + 128.553\,G + 24.966\,B, \qquad R, G, B \in [0, 1]

    Y runs from 16 to 235 on the scale of 0 to 255: on the scale of images here, from
    -0.875 to 0.843. Published PSNR values of super-resolution are of this Y; its
    narrower range alone adds 1.3 dB.

    Args:
        images: ``(N, 3, H, W)`` in [-1, 1]; or ``(N, 1, H, W)``, gray, which is
            returned as it is.

    Returns:
        Y as images ``(N, 1, H, W)`` in [-1, 1].

    Raises:
        ValueError: If ``images`` has another shape, type or range.
    """
    check_images(images)
    if images.shape[1] == 1:
        return images
    if images.shape[1] != 3:
        raise ValueError(
            f"images have shape {tuple(images.shape)}; expected (N, 3, H, W) "
            "or (N, 1, H, W)"
        )
    weights = torch.tensor(LUMA, dtype=images.dtype, device=images.device)
    y = 16 + torch.einsum("nchw,c->nhw", (images + 1) / 2, weights)
    return (y / 127.5 - 1)[:, None]


def psnr(a: Tensor, b: Tensor, *, border: int = 0, luma: bool = False) -> Tensor:
    r"""Peak signal-to-noise ratio of images in decibels.

    .. math:: 10 \log_{10} \frac{255^2}{\frac{1}{n} \sum_i (p_i - q_i)^2}

    of pixels in 0..255: both sides are rounded first, as a file would hold them.

    Args:
        a: Images ``(N, C, H, W)`` in [-1, 1]; values beyond are clamped.
        b: Images of the same shape.
        border: Rows and columns to leave out at each side; by custom the scale.
        luma: Compare :func:`luma`, rounded to whole numbers too.

    Returns:
        One number an image, float64 ``(N,)`` on the CPU; infinite where pixels are
        equal.

    Raises:
        ValueError: If a side is no such batch or holds a NaN, the shapes differ, or
            nothing is left within the border.
    """
    a, b = _pixels(a, b, border, luma)
    error = (a - b).square().mean((1, 2, 3))
    return 10 * torch.log10(255**2 / error)


def ssim(a: Tensor, b: Tensor, *, border: int = 0, luma: bool = False) -> Tensor:
    r"""Structural similarity of images: 1 for equal ones.

    .. math::

        \frac{(2 \mu_a \mu_b + c_1)(2 \sigma_{ab} + c_2)}
        {(\mu_a^2 + \mu_b^2 + c_1)(\sigma_a^2 + \sigma_b^2 + c_2)}, \qquad
        c_1 = (0.01 \cdot 255)^2, \quad c_2 = (0.03 \cdot 255)^2,

    with means, variances and the covariance under a Gaussian window of 11x11 pixels,
    :math:`\sigma = 1.5`, averaged over all places where the window fits, and over
    channels. Pixels are rounded as in :func:`psnr`.

    Args:
        a: Images ``(N, C, H, W)`` in [-1, 1]; values beyond are clamped.
        b: Images of the same shape.
        border: Rows and columns to leave out at each side; by custom the scale.
        luma: Compare :func:`luma`.

    Returns:
        One number an image, float64 ``(N,)`` on the CPU.

    Raises:
        ValueError: If a side is no such batch or holds a NaN, the shapes differ, or
            less than 11x11 pixels are left.

    Source: Wang et al. (2004), equation 13.
    """
    a, b = _pixels(a, b, border, luma)
    if min(a.shape[2:]) < 11:
        raise ValueError(f"{a.shape[2]} x {a.shape[3]} pixels; expected at least 11")
    channels = a.shape[1]
    row = _window().expand(channels, 1, 11, 1)

    def mean(x: Tensor) -> Tensor:
        x = conv2d(x, row, groups=channels)
        return conv2d(x, row.transpose(2, 3), groups=channels)

    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    mean_a, mean_b = mean(a), mean(b)
    variances = mean(a * a) - mean_a**2 + mean(b * b) - mean_b**2
    covariance = mean(a * b) - mean_a * mean_b
    above = (2 * mean_a * mean_b + c1) * (2 * covariance + c2)
    below = (mean_a**2 + mean_b**2 + c1) * (variances + c2)
    return (above / below).mean((1, 2, 3))


@lru_cache(maxsize=1)
def _window() -> Tensor:
    """Return the Gaussian, float64 (11, 1); the window is its outer product."""
    x = torch.arange(-5, 6, dtype=torch.float64)
    window = torch.exp(-(x**2) / (2 * 1.5**2))
    return (window / window.sum())[:, None]


def _pixels(a: Tensor, b: Tensor, border: int, luma: bool) -> tuple[Tensor, Tensor]:
    """Round to 0..255, take the luma, cut the border; float64 on the CPU."""
    for images in (a, b):
        check_batch(images)
    if a.shape != b.shape:
        raise ValueError(
            f"images have shapes {tuple(a.shape)} and {tuple(b.shape)}; "
            "expected one shape (N, C, H, W)"
        )
    if not 0 <= 2 * border < min(a.shape[2:]):
        raise ValueError(
            f"border is {border}; expected 0 to less than half of {min(a.shape[2:])}"
        )
    sides = []
    for images in (a, b):
        # To the CPU first: an accelerator without float64 could not convert.
        images = _rounded(images.detach().cpu().clamp(-1, 1))
        if luma:
            images = _rounded(_luma(images))
        height, width = images.shape[2:]
        images = images[:, :, border : height - border, border : width - border]
        sides.append((images + 1) * 127.5)
    return sides[0], sides[1]


def _rounded(images: Tensor) -> Tensor:
    return ((images.double() + 1) * 127.5).round() / 127.5 - 1


_luma = luma  # where an argument has the name
