"""How the judges are trained: AdamW, and one cycle of the learning rate."""

from collections.abc import Callable

import torch
from torch import Tensor, nn


def train(
    network: nn.Module,
    count: int,
    loss: Callable[[Tensor], Tensor],
    draws: torch.Generator,
    *,
    epochs: int,
    batch_size: int,
    rate: float,
    decay: float,
) -> None:
    """Train ``network`` in place, and leave it in evaluation mode.

    Args:
        network: What is trained.
        count: Number of images.
        loss: From the indices of a batch to its loss.
        draws: Decides the order of images, anew in each epoch.
        epochs: Passes over the images.
        batch_size: Images in a batch.
        rate: The highest learning rate; it rises to it and falls to almost nothing.
        decay: Weight decay.
    """
    steps = epochs * -(-count // batch_size)
    optimizer = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps)
    for _ in range(epochs):
        for batch in torch.randperm(count, generator=draws).split(batch_size):
            optimizer.zero_grad()
            loss(batch).backward()
            optimizer.step()
            schedule.step()
    network.eval()
