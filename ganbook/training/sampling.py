"""Drawing from the latent space and through a generator."""

import torch
from torch import Tensor, nn


def latents(count: int, dim: int, *, seed: int) -> Tensor:
    """Draw latent vectors ``z ~ N(0, I)`` of shape (count, dim), on the CPU.

    The CPU draws them on every machine, so that a seed means the same vectors.
    """
    return torch.randn(count, dim, generator=torch.Generator().manual_seed(seed))


@torch.inference_mode()
def generate(generator: nn.Module, z: Tensor, *, batch_size: int = 1024) -> Tensor:
    """Map latent vectors to images, in evaluation mode.

    Args:
        generator: Maps (N, D) to (N, C, H, W). Its mode is restored.
        z: Latent vectors (N, D), on any device.
        batch_size: Vectors at a time.

    Returns:
        Images (N, C, H, W), float32 on the CPU.
    """
    device = next(generator.parameters()).device
    was_training = generator.training
    generator.eval()
    try:
        parts = [
            generator(part.to(device)).float().cpu() for part in z.split(batch_size)
        ]
    finally:
        generator.train(was_training)
    return torch.cat(parts)
