"""Bicubic resizing as MATLAB's ``imresize`` does it: two matrix products."""

from fractions import Fraction
from functools import lru_cache
from math import ceil

import torch
from torch import Tensor


def bicubic(images: Tensor, scale: float | Fraction) -> Tensor:
    r"""Resize images with the cubic kernel, antialiased where they shrink.

    Row :math:`i` of the result has its center at
    :math:`u_i = (i + \tfrac12)/s - \tfrac12` of the rows of the image, and is their
    average with the weights

    .. math::

        w_{ij} \propto k\bigl(\min(s, 1)\,(u_i - j)\bigr), \qquad
        k(x) = \begin{cases}
        \tfrac32 |x|^3 - \tfrac52 |x|^2 + 1 & |x| \le 1 \\
        -\tfrac12 |x|^3 + \tfrac52 |x|^2 - 4|x| + 2 & 1 < |x| \le 2
        \end{cases}

    made to add up to 1; columns alike. To shrink by :math:`s < 1`, the kernel widens
    by :math:`1/s`, so that no detail too fine for the small image folds into it as
    a false pattern. Beyond the border the image is mirrored. PyTorch's own
    ``interpolate`` takes another cubic (:math:`a = -\tfrac34`) where it enlarges.

    The map is linear: the whole of it is :math:`W_{rows}\, X\, W_{columns}^\top`.

    Args:
        images: Images (N, C, H, W), floating point, of any range. The result may
            leave that range a little: the kernel has negative lobes.
        scale: :math:`s`, positive: 1/4 shrinks to a quarter of the width. A float is
            taken for the simplest fraction beside it.

    Returns:
        Images (N, C, ceil(s H), ceil(s W)) of the same type and on the same device.

    Raises:
        ValueError: If ``images`` has another shape or type, or ``scale`` is not
            positive.

    Source: Keys (1981), equation 15; border and widening as MATLAB documents them.
    """
    if images.ndim != 4 or not images.is_floating_point() or not images.numel():
        raise ValueError(
            f"images are {images.dtype} of shape {tuple(images.shape)}; "
            "expected floating point (N, C, H, W), none of them 0"
        )
    if not 0 < scale < float("inf"):
        raise ValueError(f"scale is {scale}; expected a positive number")
    ratio = Fraction(scale).limit_denominator(1000)
    if not ratio:
        raise ValueError(f"scale is {scale}; expected at least 1/1000")
    rows, columns = (
        _weights(size, ratio).to(images.device, images.dtype)
        for size in images.shape[2:]
    )
    return rows @ images @ columns.T


@lru_cache(maxsize=64)
def _weights(size: int, scale: Fraction) -> Tensor:
    """Return the matrix (ceil(scale * size), size) that resizes a column."""
    resized = ceil(size * scale)
    shrink = min(float(scale), 1.0)
    reach = ceil(2 / shrink) + 1
    matrix = torch.zeros(resized, size, dtype=torch.float64)
    centers = (torch.arange(resized, dtype=torch.float64) + 0.5) / float(scale) - 0.5
    nearest = centers.floor().long()
    for offset in range(-reach, reach + 1):
        place = nearest + offset
        weight = _cubic(shrink * (centers - place))
        # The image and its mirror image, over and over.
        place = place.remainder(2 * size)
        place = torch.where(place < size, place, 2 * size - 1 - place)
        matrix[torch.arange(resized), place] += weight
    return matrix / matrix.sum(1, keepdim=True)


def _cubic(x: Tensor) -> Tensor:
    x = x.abs()
    near = 1.5 * x**3 - 2.5 * x**2 + 1
    far = -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    return torch.where(x <= 1, near, torch.where(x <= 2, far, torch.zeros_like(x)))
