"""What drawn cats look like, told from their images alone."""

from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor

from ganbook import weights
from ganbook.metrics.features import check_images
from ganbook.networks.attributes import CatAttributeNet


class CatAttributes(NamedTuple):
    """What a classifier takes cats for; the numbers are those of the drawn factors.

    Attributes:
        coat: int64 (N,), as are pattern, eyes and ears: places in the names of
            ``data.CAT_FACTORS``.
        pattern: See there.
        eyes: See there.
        ears: See there.
        tilt: Degrees, clockwise, float32 (N,).
        pupil: How wide the pupils are, from about 0 to about 1, float32 (N,).
        confidence: The probability that the classifier gives to all four discrete
            answers together, float32 (N,). Low where an image is between two kinds
            of cats, or no cat.
    """

    coat: Tensor
    pattern: Tensor
    eyes: Tensor
    ears: Tensor
    tilt: Tensor
    pupil: Tensor
    confidence: Tensor

    def shares(self) -> Tensor:
        """Return how often each combination occurs, of sum 1.

        Returns:
            Shares, float64 (6, 5, 4, 2), on the CPU: not every accelerator has float64.
        """
        sizes = tuple(_network(torch.device("cpu")).factors.values())
        found = torch.zeros(sizes, dtype=torch.float64)
        one = torch.ones(len(self.tilt), dtype=torch.float64) / len(self.tilt)
        kinds = self.coat, self.pattern, self.eyes, self.ears
        return found.index_put_([k.cpu() for k in kinds], one, accumulate=True)


@torch.no_grad()
def cat_attributes(images: Tensor, *, batch_size: int = 500) -> CatAttributes:
    """Tell coat, pattern, eyes, ears, tilt and pupils of drawn cats.

    The network, :class:`ganbook.networks.CatAttributeNet`, was trained on cats of
    :func:`ganbook.data.draw_cats` alone; its card, ``weights.card("cat_attributes")``,
    tells how often it is right. It answers whatever it sees.

    Args:
        images: Floating-point (N, 3, H, W) in [-1, 1], of at least 16x16, on any
            device; made for 64x64.
        batch_size: How many images to take at a time.

    Raises:
        ValueError: If ``images`` has another shape, type or range, or is empty.
    """
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, got {batch_size}")
    check_images(images)
    if not len(images):
        raise ValueError("expected at least one image, got none")
    network = _network(images.device)
    parts = [network(part.float()) for part in images.split(batch_size)]
    answers = {name: torch.cat([p[name] for p in parts]) for name in parts[0]}
    best = {name: answers[name].softmax(1).max(1) for name in network.factors}
    sure = torch.stack([found.values for found in best.values()]).prod(0)
    return CatAttributes(
        **{name: found.indices for name, found in best.items()},
        tilt=answers["tilt"],
        pupil=answers["pupil"],
        confidence=sure,
    )


@cache
def _network(device: torch.device) -> CatAttributeNet:
    return weights.load(CatAttributeNet(), "cat_attributes").to(device)
