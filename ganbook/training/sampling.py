"""Drawing from the latent space and through a generator."""

import torch
from torch import Tensor, nn

from ganbook.networks.running import device_of, evaluating


def latents(count: int, dim: int, *, seed: int) -> Tensor:
    """Draw latent vectors ``z ~ N(0, I)`` of shape (count, dim), on the CPU.

    The CPU draws them on every machine, so that a seed means the same vectors.
    """
    return torch.randn(count, dim, generator=torch.Generator().manual_seed(seed))


@torch.no_grad()
def generate(generator: nn.Module, z: Tensor, *, batch_size: int = 1024) -> Tensor:
    """Map latent vectors to images, in evaluation mode.

    Args:
        generator: Maps (N, D) to (N, C, H, W). Each of its parts gets back its mode.
        z: Latent vectors (N, D), on any device.
        batch_size: Vectors at a time.

    Returns:
        Images (N, C, H, W), float32 on the CPU.
    """
    device = device_of(generator)
    with evaluating(generator):
        parts = [
            generator(part.to(device)).float().cpu() for part in z.split(batch_size)
        ]
    return torch.cat(parts)


def slerp(start: Tensor, end: Tensor, t: Tensor | float) -> Tensor:
    r"""Walk from one latent vector to another along a great circle.

    .. math::

        \operatorname{slerp}(a, b; t) = \frac{\sin((1 - t)\,\omega)}{\sin\omega}\, a
        + \frac{\sin(t\,\omega)}{\sin\omega}\, b, \qquad
        \cos\omega = \frac{a \cdot b}{\lVert a \rVert \lVert b \rVert}

    In high dimensions normal vectors have nearly equal lengths. A straight line
    between two of them leaves that shell; a great circle stays in it.

    Args:
        start: Where ``t = 0``: latent vectors (..., D).
        end: Where ``t = 1``, of a shape that broadcasts with ``start``.
        t: Share of the way, a number or a tensor that broadcasts (..., 1).

    Raises:
        ValueError: If the vectors differ in length D.

    Source: Shoemake (1985), for latent spaces White (2016).
    """
    if start.shape[-1] != end.shape[-1]:
        raise ValueError(
            f"latent vectors of {start.shape[-1]} and of {end.shape[-1]} numbers"
        )
    cosine = torch.cosine_similarity(start, end, dim=-1)[..., None].clamp(-1, 1)
    omega = cosine.acos()
    sine = omega.sin()
    arc = (((1 - t) * omega).sin() * start + (t * omega).sin() * end) / sine
    # Parallel vectors: the arc is a line, and sin(omega) is 0.
    return torch.where(
        sine.abs() < 1e-6, torch.lerp(start, end, torch.as_tensor(t)), arc
    )
