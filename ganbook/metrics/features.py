"""First step of a metric: from images to feature vectors."""

from torch import Tensor


def pixels(images: Tensor) -> Tensor:
    """Use the raw pixels, flattened, as features.

    The range stays ``[-1, 1]``, as in Deng (2024), so that distances compare with
    the numbers printed there. In ``[0, 1]`` they would be a quarter of it.

    Args:
        images: Floating-point ``(N, C, H, W)`` in ``[-1, 1]``.

    Returns:
        Features ``(N, C*H*W)``, a view where that is possible.

    Raises:
        ValueError: If ``images`` has another shape, type or range.
    """
    check_images(images)
    return images.flatten(1)


def check_images(images: Tensor) -> None:
    """Refuse what is no batch of images in ``[-1, 1]``.

    Raises:
        ValueError: If ``images`` has another shape, type or range, or holds a NaN.
    """
    worst = check_batch(images)
    if worst > 1.001:
        raise ValueError(f"expected images in [-1, 1], found a value of size {worst:g}")


def check_batch(images: Tensor) -> float:
    """Refuse what is no batch of images; return the size of its largest value.

    It is enough for those who clamp what is beyond ``[-1, 1]``.

    Raises:
        ValueError: If ``images`` has another shape or type, or holds a NaN.
    """
    if not (isinstance(images, Tensor) and images.is_floating_point()):
        kind = getattr(images, "dtype", type(images).__name__)
        raise ValueError(f"expected a floating-point tensor in [-1, 1], got {kind}")
    if images.ndim != 4:
        raise ValueError(
            f"expected images of shape (N, C, H, W), got {tuple(images.shape)}"
        )
    worst = images.detach().abs().max().item() if images.numel() else 0.0
    if worst != worst:
        raise ValueError("expected images in [-1, 1], found NaN")
    return worst
