"""What several families of networks ask of their input."""

from collections.abc import Sequence

from torch import Tensor


def check_latents(z: Tensor, latent_dim: int) -> None:
    """Expect latent vectors (N, latent_dim).

    Raises:
        ValueError: If ``z`` has another shape.
    """
    if z.ndim != 2 or z.shape[1] != latent_dim:
        raise ValueError(
            f"latent vectors have shape {tuple(z.shape)}; expected (N, {latent_dim})"
        )


def check_images(images: Tensor, image_shape: Sequence[int]) -> None:
    """Expect images (N, C, H, W), or points (N, D), of one shape.

    Raises:
        ValueError: If ``images`` have another shape.
    """
    if tuple(images.shape[1:]) != tuple(image_shape):
        expected = ", ".join(map(str, image_shape))
        raise ValueError(
            f"images have shape {tuple(images.shape)}; expected (N, {expected})"
        )


def check_color(images: Tensor) -> None:
    """Expect images (N, 3, H, W) of any size.

    Raises:
        ValueError: If ``images`` have another shape.
    """
    if images.ndim != 4 or images.shape[1] != 3:
        raise ValueError(
            f"images have shape {tuple(images.shape)}; expected (N, 3, H, W)"
        )


def check_timed(x: Tensor, t: Tensor, shape: Sequence[int]) -> None:
    """Expect points (N, *shape) and a time for each of them, (N,).

    Raises:
        ValueError: If one of the two has another shape.
    """
    if tuple(x.shape[1:]) != tuple(shape) or t.shape != x.shape[:1]:
        raise ValueError(
            f"points have shape {tuple(x.shape)} and times {tuple(t.shape)}; "
            f"expected (N, {', '.join(map(str, shape))}) and (N,)"
        )
