"""The fur of drawn cats: its colors, its hairs, and the patterns on it."""

import math
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from ganbook.data.cat_factors import CAT_FACTORS, CatFactors
from ganbook.data.shapes import Board, ellipse, look_up, smooth, step

if TYPE_CHECKING:
    from ganbook.data.cat_head import Cats

# Of each coat: fur, its light parts, its stripes or points, the nose.
_COLORS = {
    "black": ((0.20, 0.19, 0.21), (0.36, 0.34, 0.36), (0.10, 0.10, 0.11), "slate"),
    "gray": ((0.56, 0.60, 0.66), (0.78, 0.80, 0.83), (0.31, 0.34, 0.40), "slate"),
    "orange": ((0.91, 0.60, 0.29), (0.99, 0.85, 0.65), (0.73, 0.37, 0.12), "pink"),
    "cream": ((0.94, 0.81, 0.63), (0.99, 0.94, 0.86), (0.80, 0.62, 0.43), "pink"),
    "white": ((0.95, 0.94, 0.92), (0.99, 0.98, 0.97), (0.80, 0.78, 0.76), "pink"),
    "brown": ((0.57, 0.43, 0.31), (0.84, 0.73, 0.58), (0.25, 0.17, 0.12), "brick"),
}
_NOSES = {
    "pink": (0.90, 0.58, 0.56),
    "brick": (0.66, 0.36, 0.30),
    "slate": (0.33, 0.31, 0.34),
}
WHITE = (0.97, 0.96, 0.94)
_SEAL, _STEEL = (0.29, 0.20, 0.16), (0.40, 0.42, 0.48)  # points of cream, of gray
_RED, _INK = (0.88, 0.54, 0.24), (0.19, 0.17, 0.18)  # patches of a calico
_PALE, _SMOKE = (0.93, 0.76, 0.55), (0.57, 0.58, 0.64)  # and of a diluted one
STRANDS, RINGS = 120, 9  # of the lattice of hairs, around and outwards


class Colors(NamedTuple):
    """Of each cat, RGB (N, 3)."""

    fur: Tensor
    light: Tensor
    dark: Tensor
    nose: Tensor


class Chance(NamedTuple):
    """What the seed of the fur decides.

    Attributes:
        jitter: Uniform in [-1, 1], (N, 12): place, gaze, and other small things.
        hairs: Lattice (N, 2, rings, strands) in polar coordinates; its ends meet.
        patches: Smooth lattice (N, 3, 33, 33), of deviation about 1.
    """

    jitter: Tensor
    hairs: Tensor
    patches: Tensor


def colors(factors: CatFactors) -> Colors:
    """Look up the colors of cats."""
    rows = [_COLORS[coat] for coat in CAT_FACTORS["coat"]]
    columns = [torch.tensor([row[i] for row in rows]) for i in range(3)]
    noses = torch.tensor([_NOSES[row[3]] for row in rows])
    return Colors(*(table[factors.coat] for table in (*columns, noses)))


def chance(seeds: Tensor) -> Chance:
    """Draw what each seed decides; a cat does not depend on those beside it."""
    numbers = 12 + 2 * RINGS * STRANDS + 3 * 49
    random = torch.Generator()
    drawn = torch.empty(len(seeds), numbers)
    for row, seed in zip(drawn, seeds.tolist(), strict=True):
        row.uniform_(-1, 1, generator=random.manual_seed(seed))
    jitter, hairs, patches = drawn.split([12, 2 * RINGS * STRANDS, 147], dim=1)
    hairs = hairs.reshape(-1, 2, RINGS, STRANDS)
    hairs = torch.cat([hairs, hairs[..., :1]], dim=-1)
    return Chance(jitter, hairs, smooth(patches.reshape(-1, 3, 7, 7) * 1.7, 5))


def hair(board: Board, chance: Chance, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Return hairs that flow away from the nose: two fields in [-1, 1], (N, H, W)."""
    radius = torch.hypot(x, y)
    around = torch.atan2(x, -y) / math.pi  # its seam is under the chin
    # Where a strand is thinner than a pixel, what is left of it is its mean.
    strand = 2 * math.pi * radius / STRANDS
    kept = (strand / board.pixel * 1.5).clamp_(max=1)
    first, second = look_up(chance.hairs, around, 2 * radius - 1)
    return first * kept, second * kept


def plain(cats: "Cats", fur: Tensor) -> Tensor:
    """Fur of one color, somewhat lighter around the mouth."""
    return _toward(fur, cats.colors.light, 0.45 * cats.muzzle)


def tabby(cats: "Cats", fur: Tensor) -> Tensor:
    """Stripes that run from the brows up and over the cheeks; an M on the forehead."""
    x, y, wobble = cats.x, cats.y, cats.patches[0]
    around = torch.atan2(x.abs(), -(y - 0.10))
    radius = torch.hypot(x, y - 0.10)
    wave = (around * 15 + 0.55 * wobble + 0.9 * cats.jitter[2]).cos()
    brow = step(0.18, 0.34, radius) * step(1.15, 0.75, around)
    cheek = step(0.36, 0.48, radius) * step(1.25, 1.5, around) * step(2.3, 2.0, around)
    stripes = step(0.05, 0.6, wave + 0.25 * cats.hairs[0]) * (brow + cheek)
    fur = _toward(fur, cats.colors.light, 0.85 * cats.muzzle)
    fur = _toward(fur, cats.colors.light, 0.55 * cats.around_eyes)
    return _toward(fur, cats.colors.dark, 0.85 * stripes)


def bicolor(cats: "Cats", fur: Tensor) -> Tensor:
    """A white muzzle and a white blaze between the eyes, its edge in tufts."""
    edge = 0.045 * cats.patches[0] + 0.05 * cats.hairs[0]
    wide = 0.05 + 0.03 * cats.jitter[3]
    blaze = (cats.x - 0.05 * cats.patches[1]).abs() - wide
    blaze = blaze - 0.28 * (cats.y + 0.10).clamp(min=0) + 0.10 * (-cats.y - 0.2)
    lower = ellipse(cats.x, cats.y - 0.40, 0.40, 0.27)
    white = cats.board.inside(torch.minimum(blaze, lower) + edge, 0.05)
    return _toward(fur, torch.tensor(WHITE), white)


def points(cats: "Cats", fur: Tensor) -> Tensor:
    """A dark mask, as Siamese cats wear it."""
    pale = torch.where(_is(cats, "gray"), 0.85, 0.35)
    fur = _toward(fur, cats.colors.light, pale[..., None])
    reach = torch.hypot(cats.x, 0.85 * (cats.y - 0.14)) + 0.05 * cats.patches[0]
    mask = 0.95 * step(0.52, 0.16, reach + 0.05 * cats.hairs[0])
    return _toward(fur, _mask(cats), mask)


def calico(cats: "Cats", fur: Tensor) -> Tensor:
    """Patches of red and black on white."""
    cream = _is(cats, "cream")
    red = torch.where(cream, torch.tensor(_PALE), torch.tensor(_RED))
    ink = torch.where(cream, torch.tensor(_SMOKE), torch.tensor(_INK))
    edge = 0.12 * cats.hairs[0]
    high = 0.6 - 1.9 * step(-0.05, 0.35, cats.y)  # the chin stays white
    side = cats.x * cats.jitter[4].sign() * 2.2  # red on one side, black on the other
    fur = _toward(fur, torch.tensor(WHITE), torch.tensor(0.7).expand_as(cats.x))
    reds = cats.patches[0] + side + high + edge
    inks = cats.patches[1] - side + high + edge - 0.1
    fur = _toward(fur, red, step(0.28, 0.42, reds))
    return _toward(fur, ink, step(0.38, 0.52, inks))


def ear_fur(cats: "Cats") -> Tensor:
    """Return the color of ears: (N, 3), or (N, 3, H, W) where patches reach them."""
    fur = cats.colors.fur
    if cats.pattern == "calico":
        return calico(cats, fur[..., None, None].expand_as(cats.board.image))
    if cats.pattern == "points":
        return _mask(cats)
    return fur.lerp(cats.colors.dark, 0.4 if cats.pattern == "tabby" else 0.0)


def _mask(cats: "Cats") -> Tensor:
    """Return the color of points, (N, 3)."""
    gray = _is(cats, "gray")
    return torch.where(gray, torch.tensor(_STEEL), torch.tensor(_SEAL))


def _is(cats: "Cats", coat: str) -> Tensor:
    """Tell which cats wear a coat, (N, 1)."""
    return (cats.factors.coat == CAT_FACTORS["coat"].index(coat))[:, None]


def _toward(fur: Tensor, color: Tensor, alpha: Tensor) -> Tensor:
    """Mix a color, RGB (3,) or (N, 3), into the fur."""
    return fur.lerp(color[..., None, None].expand_as(fur), alpha.unsqueeze(1))


PATTERNS = {
    "plain": plain,
    "tabby": tabby,
    "bicolor": bicolor,
    "points": points,
    "calico": calico,
}
