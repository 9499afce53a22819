"""What metrics on pairs of points share: checks, and distances block by block."""

from collections.abc import Iterator

from torch import Tensor

#: Entries of a matrix of pairs that are in memory at a time: 8 MB of float64.
BLOCK = 1 << 20


def check_features(*samples: Tensor, least: int = 1) -> tuple[Tensor, ...]:
    """Return samples of features in double precision, after looking at them.

    Args:
        *samples: Each (N, D), with one D.
        least: How many points each must have.

    Raises:
        ValueError: If shapes do not fit, or a value is not finite.
    """
    for points in samples:
        if not isinstance(points, Tensor):
            raise ValueError(f"expected a tensor, got {type(points).__name__}")
        if points.ndim != 2 or 0 in points.shape:
            raise ValueError(
                f"expected features of shape (N, D), got {tuple(points.shape)}"
            )
        if len(points) < least:
            raise ValueError(f"expected at least {least} points, got {len(points)}")
        if not points.isfinite().all():
            raise ValueError("features contain NaN or infinity")
    if len({points.shape[1] for points in samples}) > 1:
        found = ", ".join(str(points.shape[1]) for points in samples)
        raise ValueError(f"expected features of one dimension, got {found}")
    # To the CPU first: an accelerator without float64 could not convert.
    return tuple(points.detach().cpu().double() for points in samples)


def centered(*samples: Tensor) -> tuple[Tensor, ...]:
    """Move all samples so that the first has mean 0.

    Squared distances are differences of squared norms: those should be small.
    """
    center = samples[0].mean(0)
    return tuple(points - center for points in samples)


def rows(a: Tensor, b: Tensor) -> Iterator[slice]:
    """Cut ``a`` so that a block of its pairs with all of ``b`` fits into memory."""
    height = max(1, BLOCK // len(b))
    for start in range(0, len(a), height):
        yield slice(start, min(start + height, len(a)))


def squared_distances(a: Tensor, b: Tensor) -> Iterator[tuple[slice, Tensor]]:
    """Yield squared distances of all pairs, as rows of ``a`` and blocks (n, M)."""
    norms = b.square().sum(1)
    for part in rows(a, b):
        of_part = a[part].square().sum(1)[:, None]
        squared = (a[part] @ b.T).mul_(-2).add_(norms).add_(of_part)
        yield part, squared.clamp_(min=0)
