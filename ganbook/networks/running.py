"""Running a network that belongs to someone else: where it is, and without a trace."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain

import torch
from torch import nn


@contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """Put a network into evaluation mode for the duration of a block.

    Afterwards each of its parts is in the mode that it was in. ``train()`` would put
    all of them into training mode, also one that its owner keeps out of it.
    """
    training = [part for part in network.modules() if part.training]
    network.eval()
    try:
        yield
    finally:
        for part in training:
            part.training = True


def device_of(network: nn.Module) -> torch.device:
    """Return the device of a network's weights; the CPU if it has none."""
    tensors = chain(network.parameters(), network.buffers())
    return next(tensors, torch.empty(0, device="cpu")).device
