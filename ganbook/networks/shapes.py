"""What every network asks of its input, asked in one place."""

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


def check_images(images: Tensor, image_shape: tuple[int, ...]) -> None:
    """Expect images (N, C, H, W), or points (N, D), of one shape.

    Raises:
        ValueError: If ``images`` have another shape.
    """
    if tuple(images.shape[1:]) != tuple(image_shape):
        expected = ", ".join(map(str, image_shape))
        raise ValueError(
            f"images have shape {tuple(images.shape)}; expected (N, {expected})"
        )
