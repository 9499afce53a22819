"""All three steps: distances between images that carry the name of their features."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from torch import Tensor

from ganbook.metrics.classifier import lenet
from ganbook.metrics.features import pixels
from ganbook.metrics.frechet import frechet_distance
from ganbook.metrics.inception_v3 import inception
from ganbook.metrics.kernel import kernel_distance
from ganbook.metrics.statistics import Statistics


@dataclass(frozen=True)
class Distance:
    """A distance between sets of images, with what it means nothing without.

    The same two sets of images are far apart in one feature space and close in
    another, and every finite sample is at a distance from its own distribution: two
    halves of the same data differ, the more so the smaller they are.

    Attributes:
        value: The distance.
        features: The name of the feature space.
        n_real: Number of real samples.
        n_fake: Number of generated samples.
        kind: ``"FD"``, Fréchet, or ``"KD"``, kernel.
        error: The standard error, where it is known.
    """

    value: float
    features: str
    n_real: int
    n_fake: int
    kind: str = "FD"
    error: float | None = None

    def __float__(self) -> float:
        """Return the bare value, for arithmetic and plots."""
        return self.value

    def __str__(self) -> str:
        """Return the value with its feature space and sample sizes."""
        shown = f"{self.value:,.1f}" if self.value >= 10 else f"{self.value:.3g}"
        if self.error is not None:
            shown += f" ± {self.error:.2g}"
        sizes = f"{self.n_real:,} real, {self.n_fake:,} fake"
        return f"{self.name} = {shown}  ({sizes})"

    @property
    def name(self) -> str:
        """``FD(lenet)`` and the like; FID and KID are those of Inception alone."""
        if self.features == "inception":
            return {"FD": "FID", "KD": "KID"}[self.kind]
        return f"{self.kind}({self.features})"


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
        ValueError: If images are out of range or of different shapes, statistics are
            known to be of other features, there are fewer than two images on a side,
            or all real images have the same features. (All samples may: that is a
            generator that collapsed.)
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
    name = _name(features)
    for side in (a, b):
        if side.features not in (None, name):
            raise ValueError(
                f"expected statistics of {name} features, got those of {side.features}"
            )
    distance = Distance(frechet_distance(a, b), name, a.count, b.count)
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
    digits, 3.2 to 3.6 between training and test digits; with 1,000, about 20
    for random draws (neighbors in the file differ by more). The card of the weights,
    ``weights.card("lenet")``, has the table.

    Args and errors are those of :func:`fd`.
    """
    return fd(real, fake, features=lenet, batch_size=batch_size)


def fid(
    real: Tensor | Iterable[Tensor] | Statistics,
    fake: Tensor | Iterable[Tensor] | Statistics,
    *,
    batch_size: int = 4096,
) -> Distance:
    """Fréchet Inception distance (Heusel et al. 2017): :func:`fd` by Inception.

    Published values rest on 50,000 samples (or 10,000), on a stated set of real images
    and on their size before Inception's own resizing; see :func:`inception` for the
    weights.

    Args and errors are those of :func:`fd`.
    """
    return fd(real, fake, features=inception, batch_size=batch_size)


def kd(
    real: Tensor,
    fake: Tensor,
    *,
    features: Callable[[Tensor], Tensor] = lenet,
) -> Distance:
    """Kernel distance between images, seen through some features.

    Unbiased, so that its floor is 0 for any number of samples; see
    :func:`kernel_distance`. With :func:`inception` it is the KID.

    Args:
        real: Images ``(N, C, H, W)`` in ``[-1, 1]``.
        fake: Generated images, likewise.
        features: From images (N, C, H, W) to vectors (N, D).

    Returns:
        The distance with its standard error, feature space and sample sizes.

    Raises:
        ValueError: If images are out of range, or there are fewer than two on a side.
    """
    value, error = kernel_distance(features(real), features(fake))
    name = _name(features)
    return Distance(value, name, len(real), len(fake), kind="KD", error=error)


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
    statistics = Statistics(_name(features))
    for batch in images:
        statistics.update(features(batch))
    if not statistics.count:
        raise ValueError("expected images, got none")
    return statistics


def _name(features: Callable) -> str:
    if isinstance(features, partial):
        features = features.func
    return getattr(features, "__name__", type(features).__name__)
