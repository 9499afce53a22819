"""Pictures compared by the features of a classifier of photographs."""

from functools import cache

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from ganbook.metrics.features import check_batch, check_images
from ganbook.networks.imagenet import imagenet_features


@torch.no_grad()
def imagenet(images: Tensor, *, batch_size: int = 64) -> Tensor:
    """Use the last pooled layer of EfficientNet-Lite0 as features.

    A Fréchet distance with them is ``FD(imagenet)``; it is no FID, and its values
    compare with none.

    Args:
        images: Floating-point ``(N, 3, H, W)`` in ``[-1, 1]``, at least 32x32.
        batch_size: How many images to take at a time.

    Returns:
        Features float32 ``(N, 1280)``, on the device of the images.

    Raises:
        ValueError: If ``images`` has another shape, type or range.
    """
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, got {batch_size}")
    check_images(images)
    network = imagenet_features(images.device)
    return torch.cat([network.pooled(p.float()) for p in images.split(batch_size)])


@torch.no_grad()
def perceptual_distance(a: Tensor, b: Tensor) -> Tensor:
    r"""Compare pictures as LPIPS does, by the features of EfficientNet-Lite0.

    .. math::

        d = \frac{1}{|L|} \sum_{l \in L} \frac{1}{H_l W_l} \sum_{h, w}
        \lVert \hat\phi_l(a)_{hw} - \hat\phi_l(b)_{hw} \rVert^2

    with feature vectors brought to length 1 at each position. LPIPS weights the
    channels so that distances agree with people's judgments; here all weights are 1
    and nothing is calibrated: an order of closeness, between 0 and 4, not LPIPS.

    Args:
        a: Images ``(N, 3, H, W)`` in [-1, 1]; values beyond are clamped.
        b: Images of the same shape.

    Returns:
        One number an image, float32 ``(N,)``; 0 for equal images.

    Raises:
        ValueError: If a side is no such batch or holds a NaN, or the shapes differ.

    Source: after Zhang et al. (2018), equation 1.
    """
    _check_pair(a, b)
    network = imagenet_features(a.device)
    ours, theirs = (network(x.float().clamp(-1, 1)) for x in (a, b))
    parts = [
        (normalize(ours[stage]) - normalize(theirs[stage])).square().sum(1).mean((1, 2))
        for stage in ours
    ]
    return torch.stack(parts).mean(0)


@torch.no_grad()
def lpips(a: Tensor, b: Tensor) -> Tensor:
    """Measure LPIPS proper, with the package of its authors.

    Args:
        a: Images ``(N, 3, H, W)`` in [-1, 1]; values beyond are clamped.
        b: Images of the same shape.

    Returns:
        One number an image ``(N,)``, of version 0.1 with AlexNet.

    Raises:
        ValueError: If a side is no such batch or holds a NaN, or the shapes differ.
        ImportError: If the package ``lpips`` is missing.
        OSError: If AlexNet's weights are not there and cannot be downloaded.
    """
    _check_pair(a, b)
    return _alexnet(a.device)(a.clamp(-1, 1), b.clamp(-1, 1)).flatten()


def _check_pair(a: Tensor, b: Tensor) -> None:
    for images in (a, b):
        check_batch(images)
    if a.shape != b.shape:
        raise ValueError(f"images have shapes {tuple(a.shape)} and {tuple(b.shape)}")


@cache
def _alexnet(device: torch.device) -> nn.Module:
    """Return the one copy of LPIPS's network on a device."""
    try:
        from lpips import LPIPS
    except ImportError as error:
        raise ImportError(
            "LPIPS needs its package and torchvision's AlexNet (pip install lpips); "
            "metrics.perceptual_distance needs neither"
        ) from error
    return LPIPS(net="alex", verbose=False).to(device)
