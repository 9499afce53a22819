"""Third step: the Fréchet distance between two sets of statistics."""

import torch
from torch import Tensor

from ganbook.metrics.statistics import Statistics

#: How much of a distance rounding may decide before a slower way is taken.
DOUBT = 1e-7
#: Columns of a product that are computed at a time.
PANEL = 256


def frechet_distance(a: Statistics, b: Statistics) -> float:
    r"""Squared Fréchet distance between the Gaussians with these statistics.

    .. math::

        d^2 = \lVert \mu_a - \mu_b \rVert^2
            + \operatorname{tr}\Sigma_a + \operatorname{tr}\Sigma_b
            - 2 \operatorname{tr}
              \bigl(\Sigma_a^{1/2} \Sigma_b \Sigma_a^{1/2}\bigr)^{1/2}

    The usual code takes ``sqrtm`` of :math:`\Sigma_a \Sigma_b`. That matrix is not
    symmetric. Where it is singular (fewer samples than dimensions, a constant
    feature), rounding puts it next to matrices without any square root and moves its
    eigenvalues into the complex plane: what the iteration returns can be anything.
    Only the sum of the roots of the eigenvalues is needed, and there are two
    symmetric ways to it:

    - *Fast.* With a Cholesky factor, :math:`\Sigma_a = L L^\top`, they are those of
      :math:`L^\top \Sigma_b L`. Small eigenvalues come out with the rounding of the
      largest one, and the root magnifies it; how much is known afterwards.
    - *Safe,* where that is more than one part in ten million of the distance, or
      there is no Cholesky factor. Each covariance is factored on its own,
      :math:`\Sigma = F F^\top` by symmetric eigenvalues, those that are zero but for
      rounding left out. The sum is then that of the singular values of
      :math:`F_a^\top F_b`: nothing is squared, so no digits are lost to taking the
      root again. All is real and non-negative by construction, of whatever rank.

    Dowson and Landau (1982) give the distance; Heusel et al. (2017) use it on Inception
    features, where it is called FID.

    Args:
        a: Statistics of one sample, dimension D.
        b: Statistics of the other, dimension D.

    Returns:
        The distance, at least 0.

    Raises:
        ValueError: If the dimensions differ or either has fewer than two samples.
    """
    if a.dim != b.dim:
        raise ValueError(f"expected statistics of one dimension, got {a.dim}, {b.dim}")
    cov_a, cov_b = a.covariance, b.covariance
    apart = (a.mean - b.mean).square().sum() + cov_a.trace() + cov_b.trace()
    overlap, doubt = _fast_overlap(cov_a, cov_b)
    if not 2 * doubt < DOUBT * (apart - 2 * overlap):
        overlap = _safe_overlap(cov_a, cov_b)
    return max((apart - 2 * overlap).item(), 0.0)  # equal statistics may give -1e-13


def _fast_overlap(cov_a: Tensor, cov_b: Tensor) -> tuple[Tensor, Tensor]:
    """Return the trace of the root of the product, and what rounding may add to it."""
    lower, failed = torch.linalg.cholesky_ex(cov_a)
    if failed:
        return cov_a.new_tensor(0.0), cov_a.new_tensor(torch.inf)
    values = torch.linalg.eigvalsh(_sandwich(lower, cov_b)).clamp_(min=0)
    rounding = values[-1] * torch.finfo(values.dtype).eps
    # d sqrt(v) = dv / (2 sqrt(v)), but a root is off by sqrt(dv) at most.
    return values.sqrt().sum(), (rounding / (values + rounding).sqrt()).sum()


def _sandwich(lower: Tensor, middle: Tensor) -> Tensor:
    """Return the lower triangle of ``L.T @ M @ L``, and zeros: all that LAPACK reads.

    A panel of columns at a time, leaving out what the zeros of L do not need: a third
    of the multiplications.
    """
    product = torch.zeros_like(middle)
    for start in range(0, len(middle), PANEL):
        rest, panel = slice(start, None), slice(start, start + PANEL)
        product[rest, panel] = lower[rest, rest].T @ (
            middle[rest, rest] @ lower[rest, panel]
        )
    return product


def _safe_overlap(cov_a: Tensor, cov_b: Tensor) -> Tensor:
    """Return the same from factors of each covariance, of whatever rank."""
    return torch.linalg.svdvals(_factor(cov_a).T @ _factor(cov_b)).sum()


def _factor(covariance: Tensor) -> Tensor:
    """Return F ``(D, rank)`` with ``F @ F.T`` the covariance."""
    values, vectors = torch.linalg.eigh(covariance)
    # What lies below this is rounding, the tolerance of a numerical rank.
    noise = values[-1] * len(values) * torch.finfo(values.dtype).eps
    kept = values > noise
    return vectors[:, kept] * values[kept].sqrt()
