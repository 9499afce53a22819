"""Third step: the Fréchet distance between two sets of statistics."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from ganbook.metrics.classifier import lenet
from ganbook.metrics.features import pixels
from ganbook.metrics.statistics import Statistics


@dataclass(frozen=True)
class Distance:
    """A Fréchet distance with what it means nothing without.

    The same two sets of images are far apart in one feature space and close in
    another, and every finite sample is at a distance from its own distribution: two
    halves of the same data differ, the more so the smaller they are.

    Attributes:
        value: The distance.
        features: The name of the feature space.
        n_real: Number of real samples.
        n_fake: Number of generated samples.
    """

    value: float
    features: str
    n_real: int
    n_fake: int

    def __float__(self) -> float:
        """Return the bare value, for arithmetic and plots."""
        return self.value

    def __str__(self) -> str:
        """Return the value with its feature space and sample sizes."""
        shown = f"{self.value:,.1f}" if self.value >= 10 else f"{self.value:.3g}"
        sizes = f"{self.n_real:,} real, {self.n_fake:,} fake"
        return f"FD({self.features}) = {shown}  ({sizes})"


def frechet_distance(a: Statistics, b: Statistics) -> float:
    r"""Squared Fréchet distance between the Gaussians with these statistics.

    .. math::

        d^2 = \lVert \mu_a - \mu_b \rVert^2
            + \operatorname{tr}\Sigma_a + \operatorname{tr}\Sigma_b
            - 2 \operatorname{tr}
              \bigl(\Sigma_a^{1/2} \Sigma_b \Sigma_a^{1/2}\bigr)^{1/2}

    The usual code takes ``sqrtm`` of :math:`\Sigma_a \Sigma_b`. That matrix is not
    symmetric, and with fewer samples than dimensions it is singular: it need not have
    a square root at all, rounding moves its eigenvalues into the complex plane, and
    what the iteration returns can be anything. Here each covariance is factored on
    its own, :math:`\Sigma = F F^\top` by symmetric eigenvalues, those that are zero
    but for rounding left out. The trace is then the sum of the singular values of
    :math:`F_a^\top F_b`: their squares are the eigenvalues of the symmetric product
    above, which is never formed, so no digits are lost to squaring them and taking
    the root again. All is real and non-negative by construction, of whatever rank.

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
    overlap = torch.linalg.svdvals(_factor(cov_a).T @ _factor(cov_b)).sum()
    shift = (a.mean - b.mean).square().sum()
    squared = shift + cov_a.trace() + cov_b.trace() - 2 * overlap
    return max(squared.item(), 0.0)  # equal statistics may give -1e-13


def _factor(covariance: Tensor) -> Tensor:
    """Return F ``(D, rank)`` with ``F @ F.T`` the covariance."""
    values, vectors = torch.linalg.eigh(covariance)
    # What lies below this is rounding, the tolerance of a numerical rank.
    noise = values[-1] * len(values) * torch.finfo(values.dtype).eps
    kept = values > noise
    return vectors[:, kept] * values[kept].sqrt()


def fd(
    real: Tensor | Iterable[Tensor] | Statistics,
    fake: Tensor | Iterable[Tensor] | Statistics,
    *,
    features: Callable[[Tensor], Tensor] = lenet,
    batch_size: int = 4096,
) -> Distance:
    """Fréchet distance between images, seen through some features.

    A value has a meaning only beside the floor: the distance of real images from
    other real images, as many on each side.

    Args:
        real: Images ``(N, C, H, W)`` in ``[-1, 1]``, or batches of them, or statistics
            of their features: compute them once (:func:`summarize`) to measure many
            generators against them.
        fake: Generated images, likewise.
        features: From images (N, C, H, W) to vectors (N, D); its name becomes that of
            the distance.
        batch_size: How many images to take at a time.

    Returns:
        The distance with its feature space and sample sizes.

    Raises:
        ValueError: If images are out of range or of different shapes, there are fewer
            than two on a side, or all real images have the same features. (All
            samples may: that is a generator that collapsed.)
    """
    if isinstance(real, Tensor) and isinstance(fake, Tensor):
        if real.shape[1:] != fake.shape[1:]:
            raise ValueError(
                f"expected images of one shape, got real {tuple(real.shape)} "
                f"and fake {tuple(fake.shape)}"
            )
    a, b = (
        side
        if isinstance(side, Statistics)
        else summarize(side, features=features, batch_size=batch_size)
        for side in (real, fake)
    )
    distance = Distance(frechet_distance(a, b), _name(features), a.count, b.count)
    if not a.covariance.any():
        raise ValueError(
            f"the {distance.features} features of all {a.count:,} real images are the "
            "same: no distance can be told by them"
        )
    return distance


def fd_pixels(
    real: Tensor | Statistics, fake: Tensor | Statistics, *, batch_size: int = 4096
) -> Distance:
    """Fréchet distance between images with raw pixels as features.

    This is the number that Deng (2024) calls FID, without an Inception network: it
    sees the mean and the covariance of pixels, and no shapes. Two random sets of
    1,000 real MNIST digits are 12 apart, the first and the second thousand of the
    training file 16.7.

    Args and errors are those of :func:`fd`.
    """
    return fd(real, fake, features=pixels, batch_size=batch_size)


def fd_lenet(
    real: Tensor | Statistics, fake: Tensor | Statistics, *, batch_size: int = 4096
) -> Distance:
    """Fréchet distance between digits with the features of :func:`lenet`.

    Real against real, 10,000 digits on each side: 2.2 to 2.7 within the training
    digits, 3.2 to 3.6 between training and test digits; with 1,000, about 20. The card
    of the weights, ``lenet.md``, has the table.

    Args and errors are those of :func:`fd`.
    """
    return fd(real, fake, features=lenet, batch_size=batch_size)


def summarize(
    images: Tensor | Iterable[Tensor],
    *,
    features: Callable[[Tensor], Tensor] = lenet,
    batch_size: int = 4096,
) -> Statistics:
    """Compute the statistics of images' features, in batches.

    A million samples need the memory of one batch: give a generator expression.

    Args:
        images: Images ``(N, C, H, W)`` in ``[-1, 1]``, or batches of them.
        features: From images (N, C, H, W) to vectors (N, D).
        batch_size: How many images of a tensor to take at a time.

    Raises:
        ValueError: If images are out of range.
    """
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, got {batch_size}")
    if isinstance(images, Tensor):
        images = images.split(batch_size)
    elif hasattr(images, "dtype"):
        raise ValueError(f"expected a tensor or batches, got {images.dtype} values")
    statistics = Statistics()
    for batch in images:
        statistics.update(features(batch))
    if not statistics.count:
        raise ValueError("expected images, got none")
    return statistics


def _name(features: Callable) -> str:
    return getattr(features, "__name__", type(features).__name__)
