"""Layers that let a discriminator compare the images of a batch with each other."""

from math import prod

import torch
from torch import Tensor, nn

from ganbook.networks.precision import at_least_single


class MinibatchStd(nn.Module):
    r"""Append one feature: how much the images of a batch differ.

    The standard deviation over a group of images of each feature, averaged over all
    features, as one more channel (or one more number) of each image of the group.
    Samples that are all alike give themselves away.

    Args:
        group_size: Images in a group; a batch that it does not divide is one group.

    Raises:
        ValueError: If ``group_size`` is below 2.

    Source: Karras et al. (2018), section 3; groups as in their code.
    """

    def __init__(self, group_size: int = 4) -> None:
        super().__init__()
        if group_size < 2:
            raise ValueError(f"group_size is {group_size}; expected at least 2")
        self.group_size = group_size

    def forward(self, features: Tensor) -> Tensor:
        """Map (N, C, ...) to (N, C + 1, ...)."""
        count = len(features)
        size = self.group_size if count % self.group_size == 0 else count
        # Image n belongs to group n modulo N / size.
        groups = at_least_single(features).unflatten(0, (size, -1))
        variance = groups.var(0, correction=0)
        spread = (variance + 1e-8).sqrt().flatten(1).mean(1)  # (N / size,)
        channel = spread.repeat(size).view(-1, *[1] * (features.ndim - 1))
        channel = channel.to(features.dtype).expand(-1, 1, *features.shape[2:])
        return torch.cat([features, channel], dim=1)


class MinibatchDiscrimination(nn.Module):
    r"""Append, to each image's features, how close the others of the batch are.

    .. math::

        M_i = f_i T \in \mathbb{R}^{B \times C}, \qquad
        o_{i,b} = \sum_{j \ne i} \exp(-\lVert M_{i,b} - M_{j,b} \rVert_1)

    Args:
        features: Length of :math:`f_i`.
        kernels: :math:`B`, the numbers that are appended.
        dimensions: :math:`C`, the length of a row that is compared.

    Raises:
        ValueError: If one of them is below 1.

    Source: Salimans et al. (2016), section 3.2; their sum includes :math:`j = i`,
    which adds 1 and says nothing.
    """

    def __init__(self, features: int, kernels: int = 16, dimensions: int = 4) -> None:
        super().__init__()
        shape = (features, kernels, dimensions)
        if min(shape) < 1:
            raise ValueError(
                f"features, kernels and dimensions are {shape}; expected at least 1"
            )
        self.kernel = nn.Parameter(torch.randn(shape) / prod(shape[::2]) ** 0.5)

    def forward(self, features: Tensor) -> Tensor:
        """Map (N, F) to (N, F + kernels)."""
        rows = torch.einsum("nf,fbc->nbc", features, self.kernel)
        distance = (rows[:, None] - rows).abs().sum(-1)  # (N, N, B)
        closeness = (-distance).exp().sum(1) - 1  # without i itself
        return torch.cat([features, closeness.to(features.dtype)], dim=1)
