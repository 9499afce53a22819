"""What a drawn cat is made of, and how often: a joint distribution in closed form.

Four factors are discrete: coat, pattern, eyes and ears. They hang together as they do
in cats, roughly: P(coat) P(pattern | coat) P(eyes | coat, pattern) P(ears | coat).
Siamese points go with blue eyes, always; calico patches with a white coat, or, once
in seven hundred cats, with a cream one; two eyes of different colors with a plain
white coat alone. So it can be counted which of them a generator drops.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

#: The values of each discrete factor, in the order of their numbers.
CAT_FACTORS = {
    "coat": ("black", "gray", "orange", "cream", "white", "brown"),
    "pattern": ("plain", "tabby", "bicolor", "points", "calico"),
    "eyes": ("amber", "green", "blue", "odd"),
    "ears": ("upright", "folded"),
}
STEEPEST = 20.0  # degrees that a head tilts at most
NARROWEST, WIDEST = 0.92, 1.10  # widths of a head

_COATS = {
    "black": 0.20,
    "gray": 0.18,
    "orange": 0.20,
    "cream": 0.14,
    "white": 0.12,
    "brown": 0.16,
}
_PATTERNS = {  # of each coat
    "black": {"plain": 0.55, "bicolor": 0.45},
    "gray": {"plain": 0.35, "tabby": 0.35, "bicolor": 0.25, "points": 0.05},
    "orange": {"plain": 0.15, "tabby": 0.60, "bicolor": 0.25},
    "cream": {
        "plain": 0.25,
        "tabby": 0.24,
        "bicolor": 0.10,
        "points": 0.40,
        "calico": 0.01,
    },
    "white": {"plain": 0.50, "calico": 0.50},
    "brown": {"plain": 0.20, "tabby": 0.65, "bicolor": 0.15},
}
_EYES = {"amber": 0.45, "green": 0.45, "blue": 0.10}
_EYES_OF = {  # where they differ
    "points": {"blue": 1.0},
    "plain white": {"amber": 0.25, "green": 0.20, "blue": 0.40, "odd": 0.15},
    "black": {"amber": 0.55, "green": 0.45},
}
_FOLDED = {  # share of folded ears
    "black": 0.10,
    "gray": 0.30,
    "orange": 0.10,
    "cream": 0.15,
    "white": 0.15,
    "brown": 0.10,
}


class CatFactors(NamedTuple):
    """Everything that decides how cats look; all tensors of the same length N.

    Attributes:
        coat: Main color of the fur, int64: a place in ``CAT_FACTORS["coat"]``.
        pattern: What is drawn on it, int64.
        eyes: Color of the eyes, int64.
        ears: Shape of the ears, int64.
        pupil: How wide the pupils are, from 0 (slits) to 1 (round), uniform.
        tilt: Degrees that the head leans, clockwise, from -20 to 20; triangular.
        width: Of the head, relative to the usual one, 0.92 to 1.10, uniform.
        background: Its color, RGB in [0, 1], (N, 3).
        fur: Seed of everything else, int64: hairs, patches, place and gaze.
    """

    coat: Tensor
    pattern: Tensor
    eyes: Tensor
    ears: Tensor
    pupil: Tensor
    tilt: Tensor
    width: Tensor
    background: Tensor
    fur: Tensor

    def take(self, index: Tensor | slice) -> "CatFactors":
        """Return the factors of some of the cats."""
        return CatFactors(*(values[index] for values in self))


def cat_shares() -> Tensor:
    """Return how often each combination occurs: the distribution, not a sample.

    Returns:
        Probabilities float64 (6, 5, 4, 2) over coat, pattern, eyes and ears, of sum
        1; most of the 240 combinations never occur.
    """
    names = CAT_FACTORS
    shares = torch.zeros([len(values) for values in names.values()]).double()
    for i, coat in enumerate(names["coat"]):
        ears = torch.tensor([1 - _FOLDED[coat], _FOLDED[coat]]).double()
        for pattern, of_coat in _PATTERNS[coat].items():
            eyes = torch.tensor(
                [_eyes(coat, pattern).get(name, 0.0) for name in names["eyes"]]
            ).double()
            j = names["pattern"].index(pattern)
            shares[i, j] = _COATS[coat] * of_coat * eyes[:, None] * ears
    return shares / shares.sum()


def _eyes(coat: str, pattern: str) -> dict[str, float]:
    for kind in (pattern, f"{pattern} {coat}", coat):
        if kind in _EYES_OF:
            return _EYES_OF[kind]
    return _EYES


def draw_factors(count: int, *, seed: int) -> CatFactors:
    """Draw the factors of cats; the first of them do not depend on how many follow.

    Args:
        count: How many cats.
        seed: Decides them all.

    Raises:
        ValueError: If ``count`` is negative.
    """
    if count < 0:
        raise ValueError(f"count is {count}; expected at least 0")
    random = torch.Generator().manual_seed(seed)
    u = torch.rand(count, 8, generator=random, dtype=torch.float64)
    shares = cat_shares()
    ends = shares.flatten().cumsum(0)
    # A share of 0 has no room between two ends: it is never met.
    cells = torch.searchsorted(ends, u[:, 0] * ends[-1], right=True)
    discrete = torch.unravel_index(cells.clamp(max=shares.numel() - 1), shares.shape)
    pupil, lean, more, width, hue, light = u[:, 1:7].float().T
    return CatFactors(
        *discrete,
        pupil=pupil,
        tilt=STEEPEST * (lean + more - 1),
        width=NARROWEST + (WIDEST - NARROWEST) * width,
        background=_pastel(hue, light),
        fur=(u[:, 7] * 2**31).long(),
    )


def _pastel(hue: Tensor, light: Tensor) -> Tensor:
    """Return quiet colors, (N, 3), of any hue."""
    turns = hue[:, None] + torch.tensor([0.0, 1 / 3, 2 / 3])
    level = 0.42 + 0.40 * light[:, None]
    return level + 0.10 * (2 * math.pi * turns).cos()
