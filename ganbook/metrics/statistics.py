"""Second step of a metric: mean and covariance of features, in one pass."""

from typing import Self

import torch
from torch import Tensor


class Statistics:
    r"""Mean and covariance of a stream of feature vectors, in double precision.

    Holds the count :math:`n`, the mean :math:`\mu` and the scatter matrix
    :math:`M = \sum_i (x_i - \mu)(x_i - \mu)^\top`. Two of them join exactly
    (Chan, Golub and LeVeque 1983): with :math:`\delta = \mu_b - \mu_a`,

    .. math::

        \mu = \mu_a + \tfrac{n_b}{n}\,\delta, \qquad
        M = M_a + M_b + \tfrac{n_a n_b}{n}\,\delta\delta^\top .

    Nothing large is ever subtracted from something as large, which is how
    :math:`\overline{x x^\top} - \mu\mu^\top` loses its digits.

    Batches may come in any size and order and from any device; the sums are kept on
    the CPU, because not every accelerator has float64.

    Args:
        features: The name of the feature space, where it is known.

    Example:
        >>> real = Statistics().update(torch.randn(64, 8)).update(torch.randn(32, 8))
        >>> real.count, real.covariance.shape
        (96, torch.Size([8, 8]))
    """

    def __init__(self, features: str | None = None) -> None:
        """Begin with nothing; the first batch decides the dimension."""
        self.features = features
        self.count = 0
        self._mean = torch.empty(0, dtype=torch.float64)
        self._scatter = torch.empty(0, 0, dtype=torch.float64)

    def __repr__(self) -> str:
        """Return count and dimension; the matrices are too large to show."""
        return f"Statistics(count={self.count:,}, dim={self.dim})"

    @property
    def dim(self) -> int:
        """The length D of a feature vector; 0 before the first batch."""
        return len(self._mean)

    @property
    def mean(self) -> Tensor:
        """The mean, float64 ``(D,)``.

        Raises:
            ValueError: If there is no sample yet.
        """
        self._need(1, "mean")
        return self._mean

    @property
    def covariance(self) -> Tensor:
        """The unbiased covariance ``M / (n - 1)``, float64 ``(D, D)``.

        Raises:
            ValueError: If there are fewer than two samples.
        """
        self._need(2, "covariance")
        return self._scatter / (self.count - 1)

    def update(self, features: Tensor) -> Self:
        """Take in a batch.

        Args:
            features: Real tensor ``(N, D)``, N at least 1.

        Returns:
            The object itself.

        Raises:
            ValueError: If the shape is another, or a value is not finite.
        """
        if not isinstance(features, Tensor):
            raise ValueError(f"expected a tensor, got {type(features).__name__}")
        if features.ndim != 2 or 0 in features.shape:
            raise ValueError(
                f"expected features of shape (N, D), got {tuple(features.shape)}"
            )
        # To the CPU first: an accelerator without float64 could not convert.
        features = features.detach().cpu().double()
        if bad := features.isfinite().logical_not().any(1).sum().item():
            raise ValueError(
                f"{bad} of {len(features)} feature vectors contain NaN or infinity"
            )
        batch = Statistics()
        batch.count = len(features)
        batch._mean = features.mean(0)
        centered = features - batch._mean
        batch._scatter = centered.T @ centered
        return self.merge(batch)

    def merge(self, other: Self) -> Self:
        """Take in what another object has seen; the other one stays as it is.

        Returns:
            The object itself.

        Raises:
            ValueError: If the dimensions differ, or the names of the features do.
        """
        if self.count and other.count and self.dim != other.dim:
            raise ValueError(
                f"expected features of dimension {self.dim}, got {other.dim}"
            )
        if self.features and other.features and self.features != other.features:
            raise ValueError(f"expected {self.features} features, got {other.features}")
        self.features = self.features or other.features
        if not other.count:
            return self
        if not self.count:
            self.count, self._mean, self._scatter = (
                other.count,
                other._mean,
                other._scatter,
            )
            return self
        count = self.count + other.count
        delta = other._mean - self._mean
        weight = self.count * other.count / count
        self._scatter = self._scatter + other._scatter
        self._scatter.addr_(delta, delta, alpha=weight)
        self._mean = self._mean + delta * (other.count / count)
        self.count = count
        return self

    def _need(self, least: int, what: str) -> None:
        if self.count < least:
            raise ValueError(
                f"the {what} needs at least {least} samples, got {self.count}"
            )
