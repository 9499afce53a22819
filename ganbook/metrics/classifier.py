"""A small classifier of our own as a judge of digits: its features, its answers."""

from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor

from ganbook import weights
from ganbook.metrics.features import check_images
from ganbook.networks.features import LeNet


class Classes(NamedTuple):
    """What the classifier takes images for.

    Attributes:
        labels: The most probable class of each image, int64 (N,).
        probabilities: Of each class, float32 (N, 10).
    """

    labels: Tensor
    probabilities: Tensor


def lenet(images: Tensor, *, batch_size: int = 1000) -> Tensor:
    """Use the last hidden layer of a classifier of digits as features.

    The network, :class:`ganbook.networks.LeNet`, was trained on the 60,000 training
    digits of MNIST; its card, ``weights.card("lenet")``, tells how, and how well it
    reads. For anything but digits its features mean nothing.

    Args:
        images: Floating-point ``(N, 1, 28, 28)`` in ``[-1, 1]``, on any device.
        batch_size: How many images to take at a time.

    Returns:
        Features float32 ``(N, 84)``, at least 0, on the device of the images.

    Raises:
        ValueError: If ``images`` has another shape, type or range.
    """
    return _apply(images, batch_size, lambda network, part: network.features(part))


def classify(images: Tensor, *, batch_size: int = 1000) -> Classes:
    """Ask the classifier of :func:`lenet` which digits it sees.

    It knows ten answers and no "none of these": noise gets a digit too, often with a
    high probability.

    Args:
        images: Floating-point ``(N, 1, 28, 28)`` in ``[-1, 1]``, on any device.
        batch_size: How many images to take at a time.

    Returns:
        The most probable digits and the probabilities of all ten.

    Raises:
        ValueError: If ``images`` has another shape, type or range.
    """
    logits = _apply(images, batch_size, lambda network, part: network(part))
    return Classes(logits.argmax(1), logits.softmax(1))


@torch.no_grad()
def _apply(images: Tensor, batch_size: int, function) -> Tensor:
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, got {batch_size}")
    check_images(images)
    network = _network(images.device)
    parts = [function(network, part.float()) for part in images.split(batch_size)]
    return torch.cat(parts)


@cache
def _network(device: torch.device) -> LeNet:
    return weights.load(LeNet(), "lenet").to(device)
