"""Cats that nobody photographed: drawn faces whose every factor is known.

They stand in for photographs where none are to be had, and serve what photographs
cannot: to count which kinds of cats a generator makes, and how often.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from ganbook.data.cat_face import draw
from ganbook.data.cat_factors import CAT_FACTORS, CatFactors, draw_factors

SMALLEST, LARGEST = 16, 1024
_AT_ONCE = 2**15  # pixels: what a core keeps close by


class DrawnCats(NamedTuple):
    """Images float32 ``(N, 3, H, W)`` in ``[-1, 1]`` and what they show."""

    images: Tensor
    factors: CatFactors


def drawn_cats(count: int = 5000, *, size: int = 64, seed: int = 0) -> DrawnCats:
    """Draw cats: their factors at random, then their faces.

    The seed decides which cats, the size how finely they are drawn: the same ones at
    every size. The first cats are the same whatever the count.

    Args:
        count: How many.
        size: Pixels along a side, 16 to 1,024.
        seed: Of the factors.

    Returns:
        The images, in no particular order, and the factors of each; how often each
        combination is to be expected tells :func:`cat_shares`.

    Raises:
        ValueError: If ``count`` is negative or ``size`` out of range.
    """
    factors = draw_factors(count, seed=seed)
    return DrawnCats(draw_cats(factors, size=size), factors)


@torch.no_grad()
def draw_cats(factors: CatFactors, *, size: int = 64) -> Tensor:
    """Draw the cats of given factors: those of a data set, or changed by hand.

    Args:
        factors: As :func:`drawn_cats` returns them; ``factors._replace(eyes=...)``
            gives the same cats other eyes.
        size: Pixels along a side, 16 to 1,024.

    Returns:
        Images float32 ``(N, 3, size, size)`` in ``[-1, 1]``.

    Raises:
        ValueError: If ``size`` is out of range, or a factor is of another length or
            has a value that it cannot have.
    """
    if not SMALLEST <= size <= LARGEST:
        raise ValueError(f"size is {size}; expected {SMALLEST} to {LARGEST} pixels")
    _check(factors)
    images = torch.empty(len(factors.coat), 3, size, size)
    # Cats of one kind are drawn together, and few at a time: fast in a small cache.
    kind = factors.pattern * len(CAT_FACTORS["ears"]) + factors.ears
    for value in kind.unique():
        for part in (kind == value).nonzero()[:, 0].split(max(1, _AT_ONCE // size**2)):
            images[part] = draw(factors.take(part), size)
    return images.mul_(2).sub_(1)


def _check(factors: CatFactors) -> None:
    count = len(factors.coat)
    for name, values in factors._asdict().items():
        shape = (count, 3) if name == "background" else (count,)
        if tuple(values.shape) != shape:
            raise ValueError(
                f"factor {name} has shape {tuple(values.shape)}; expected {shape}"
            )
    for name, kinds in CAT_FACTORS.items():
        values = getattr(factors, name)
        if count and not (0 <= values.min() and values.max() < len(kinds)):
            raise ValueError(
                f"factor {name} has values from {values.min()} to {values.max()}; "
                f"expected 0 to {len(kinds) - 1}: {', '.join(kinds)}"
            )
