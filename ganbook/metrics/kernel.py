"""The kernel distance: an unbiased one, from pairs instead of moments."""

from typing import NamedTuple

import torch
from torch import Tensor

from ganbook.metrics.neighbors import check_features, rows


class KernelDistance(NamedTuple):
    """An estimate of the squared maximum mean discrepancy.

    Attributes:
        value: The estimate; may be below 0, as its mean is 0 for equal distributions.
        error: Its standard error, from the samples themselves.
    """

    value: float
    error: float


def kernel_distance(
    real_features: Tensor,
    fake_features: Tensor,
    *,
    degree: int = 3,
    gamma: float | None = None,
    offset: float = 1.0,
) -> KernelDistance:
    r"""Estimate the squared maximum mean discrepancy without bias.

    With the polynomial kernel :math:`k(x, y) = (\gamma\, x^\top y + c)^p` and
    samples :math:`x_1 \dots x_n`, :math:`y_1 \dots y_m`,

    .. math::

        \widehat{\mathrm{MMD}}^2
            = \frac{1}{n(n-1)} \sum_{i \ne j} k(x_i, x_j)
            + \frac{1}{m(m-1)} \sum_{i \ne j} k(y_i, y_j)
            - \frac{2}{nm} \sum_{i, j} k(x_i, y_j) .

    Its mean is that of the distributions, whatever the sample sizes: this is what the
    Fréchet distance lacks. With :math:`p = 3`, :math:`\gamma = 1/D`, :math:`c = 1` and
    Inception features it is the KID of Bińkowski et al. (2018), section 4, who average
    over subsets of 1,000; here all pairs are used, a block of the matrix at a time.
    The estimate is equation 3 of Gretton et al. (2012).

    The standard error is the first term of the variance of a U-statistic: with
    :math:`g(x_i)` the mean kernel value of :math:`x_i` with the other data less that
    with the samples, and :math:`h(y_j)` likewise, the variance is
    :math:`4 \operatorname{Var} g / n + 4 \operatorname{Var} h / m`. Where the two
    distributions are equal, that term vanishes and the next one decides: the error is
    then too large, by a factor of about :math:`\sqrt2`.

    Args:
        real_features: Features (N, D) of real images, N at least 2.
        fake_features: Features (M, D) of generated images, M at least 2.
        degree: :math:`p`, at least 1; 1 compares means only.
        gamma: :math:`\gamma`, by default 1/D.
        offset: :math:`c`.

    Returns:
        The estimate and its standard error.

    Raises:
        ValueError: If shapes do not fit, values are not finite, or the degree is
            below 1.
    """
    if degree < 1:
        raise ValueError(f"degree is {degree}; expected at least 1")
    x, y = check_features(real_features, fake_features, least=2)
    scale = 1 / x.shape[1] if gamma is None else gamma

    def row_sums(a: Tensor, b: Tensor) -> Tensor:
        return torch.cat(
            [((a[r] @ b.T) * scale + offset).pow_(degree).sum(1) for r in rows(a, b)]
        )

    def within(a: Tensor) -> Tensor:  # mean over all others
        itself = (a.square().sum(1) * scale + offset) ** degree
        return (row_sums(a, a) - itself) / (len(a) - 1)

    of_x, of_y = within(x), within(y)
    x_with_y, y_with_x = row_sums(x, y) / len(y), row_sums(y, x) / len(x)
    value = of_x.mean() + of_y.mean() - 2 * x_with_y.mean()
    variance = 4 * ((of_x - x_with_y).var() / len(x) + (of_y - y_with_x).var() / len(y))
    return KernelDistance(value.item(), variance.sqrt().item())
